//! Checks a workbook that is a ZIP archive before anything is taken out of it.
//!
//! The spreadsheet library stops at the end of what it looks for, so it does not see a checksum that is wrong, and
//! it trusts counts and sizes it reads. So every entry is read through here once: what is damaged, or made to fill
//! the memory, is refused whole and never read in part.

use std::fs::File;
use std::io::{BufReader, Read};

use goldsmith_source::SourceError;
use goldsmith_source::files::InputFile;
use zip::ZipArchive;

use crate::workbook::{Format, corrupt};

/// Bytes an archive may hold decompressed. A sheet of a million rows and 50 columns has about 3 GiB.
const MAX_BYTES: u64 = 8 << 30;
/// Bytes of the parts that are kept in memory: shared texts, and all of .xlsb and .ods.
const MAX_IN_MEMORY: u64 = 1 << 30;
/// Bytes out for each byte in, looked at beyond [`RATIO_FROM`] bytes. Sheets have 5 to 50.
const MAX_RATIO: u64 = 500;
const RATIO_FROM: u64 = 64 << 20;
const MAX_ENTRIES: usize = 10_000;

/// Reads every entry through and tells what kind of workbook it is.
pub(crate) fn check(input: &InputFile, file: File) -> Result<Format, SourceError> {
    let broken =
        |error: zip::result::ZipError| corrupt(input, &format!("its archive is damaged: {error}")).because(error);
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let format = format(&archive);
    if archive.len() > MAX_ENTRIES {
        return Err(bomb(input, &format!("it has {} parts", archive.len())));
    }
    // A part whose name is damaged in the directory would only be missing: styles gone, dates would read as numbers.
    archive.validate_header_consistency().map_err(broken)?;
    let (mut total, mut in_memory) = (0_u64, 0_u64);
    let mut buffer = vec![0; 64 << 10];
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        let (packed, promised) = (entry.compressed_size(), entry.size());
        let mut start = Vec::new();
        let mut size = 0_u64;
        loop {
            // The checksum is compared when the entry ends.
            let read = entry
                .read(&mut buffer)
                .map_err(|error| corrupt(input, &format!("its part {name} is damaged: {error}")).because(error))?;
            if read == 0 {
                break;
            }
            let room = 4096_usize.saturating_sub(start.len());
            start.extend(buffer.iter().take(read.min(room)));
            size += read as u64;
            if size > RATIO_FROM && size / packed.max(1) > MAX_RATIO || total + size > MAX_BYTES {
                return Err(bomb(input, &format!("its part {name} grows out of all proportion")));
            }
        }
        if size != promised {
            return Err(corrupt(input, &format!("its part {name} has {size} bytes and promises {promised}")));
        }
        total += size;
        if format != Format::Xlsx || name.ends_with("sharedStrings.xml") {
            in_memory += size;
        }
        if in_memory > MAX_IN_MEMORY {
            return Err(bomb(input, &format!("it needs more than {} MiB of memory at once", MAX_IN_MEMORY >> 20)));
        }
        check_start(input, &name, &String::from_utf8_lossy(&start), size)?;
    }
    Ok(format)
}

fn format(archive: &ZipArchive<BufReader<File>>) -> Format {
    if archive.index_for_name("xl/workbook.bin").is_some() {
        Format::Xlsb
    } else if archive.index_for_name("mimetype").is_some() {
        Format::Ods
    } else {
        Format::Xlsx
    }
}

/// Looks at the first bytes of a part for what no spreadsheet program writes.
fn check_start(input: &InputFile, name: &str, start: &str, size: u64) -> Result<(), SourceError> {
    if name.ends_with(".xml") && start.contains("<!DOCTYPE") {
        return Err(bomb(input, &format!("its part {name} declares a document type")));
    }
    // The library reserves memory for as many texts as are promised; each takes `<si/>` at least.
    let promised = start.split("uniqueCount=\"").nth(1).and_then(|rest| rest.split('"').next());
    if name.ends_with("sharedStrings.xml") && promised.is_some_and(|n| n.parse::<u64>().is_ok_and(|n| n > size / 5)) {
        return Err(bomb(input, &format!("its part {name} promises more texts than it has bytes for")));
    }
    Ok(())
}

fn bomb(input: &InputFile, fault: &str) -> SourceError {
    SourceError::corrupt(
        &*input.name,
        format!("is not a workbook any spreadsheet program writes ({fault}); save it again, or export it as CSV"),
    )
}
