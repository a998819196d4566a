//! The rows of one file, whichever way they lie in it.

use std::io::Read as _;
use std::str;
use std::sync::Arc;

use goldsmith_json_rows::{Object, parse};
use goldsmith_source::files::{self, Digest, InputFile, TextReader};
use goldsmith_source::{RejectedRow, SourceError};

use crate::config::{Format, JsonConfig};
use crate::{document, lines};

/// Most bytes of a row. A longer line is rejected, a longer element of a document breaks it.
pub(crate) const MAX_ROW_BYTES: usize = 16 << 20;
const FILL: usize = 1 << 20;
const SAMPLE: usize = 64 << 10;

/// What a file has at one place.
pub(crate) enum Found<'a> {
    Row { row: u64, object: &'a Object<'a>, bytes: usize },
    Rejected(RejectedRow),
}

/// Takes what is found.
pub(crate) type Take<'t> = dyn FnMut(Found<'_>) -> Result<(), SourceError> + 't;

/// Reads `file` through. Gives how many rows it has, rejected ones included.
pub(crate) fn each_row(
    file: &InputFile,
    config: &JsonConfig,
    members: &[String],
    take: &mut Take<'_>,
) -> Result<(u64, Digest), SourceError> {
    let reader = files::open(file, config.compression, &config.decompression)?;
    let text = files::text(file, reader, config.encoding)?;
    let mut input = Input { file, text, buffer: Vec::new(), start: 0, at_end: false, before: 0 };
    input.fill(SAMPLE)?;
    let is_document = match config.format {
        Format::Lines => false,
        Format::Document => true,
        Format::Auto => config.rows_at.is_some() || looks_like_document(input.rest()),
    };
    let rows =
        if is_document { document::each_row(&mut input, members, take)? } else { lines::each_row(&mut input, take)? };
    Ok((rows, input.text.finish(file)?))
}

/// Whether the first line opens a list, or an object that the next line continues.
fn looks_like_document(sample: &[u8]) -> bool {
    let mut lines = sample.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else { return false };
    if first.first() == Some(&b'[') {
        return true;
    }
    let complete = str::from_utf8(first).is_ok_and(|first| parse(first).is_ok());
    let continued = lines.next().is_some_and(|second| second.first() != Some(&b'{'));
    first.first() == Some(&b'{') && !complete && continued && (first == b"{" || !first.ends_with(b"}"))
}

/// A file's text in a buffer of bounded size.
pub(crate) struct Input<'f> {
    pub(crate) file: &'f InputFile,
    text: TextReader,
    buffer: Vec<u8>,
    start: usize,
    pub(crate) at_end: bool,
    /// Position in the text of the first byte of the buffer.
    before: u64,
}

impl Input<'_> {
    /// What is there and not taken.
    pub(crate) fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Takes the next `amount` bytes.
    pub(crate) fn advance(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.buffer.len());
    }

    /// Offset in the file of the next byte, where text and file have the same bytes.
    pub(crate) fn offset(&self) -> Option<u64> {
        self.text.offset(self.before + self.start as u64)
    }

    /// Reads more, until at least `wanted` bytes are there or the file ends.
    pub(crate) fn fill(&mut self, wanted: usize) -> Result<(), SourceError> {
        self.buffer.drain(..self.start);
        self.before += self.start as u64;
        self.start = 0;
        while !self.at_end && self.buffer.len() < wanted {
            let filled = self.buffer.len();
            self.buffer.resize(filled + FILL.max(wanted - filled), 0);
            let free = self.buffer.get_mut(filled..).unwrap_or_default();
            let mut read = 0;
            while read < free.len() && !self.at_end {
                match self.text.read(free.get_mut(read..).unwrap_or_default()) {
                    Ok(amount) => {
                        self.at_end = amount == 0;
                        read += amount;
                    }
                    Err(error) => return Err(files::read_error(self.file, error)),
                }
            }
            self.buffer.truncate(filled + read);
        }
        Ok(())
    }

    /// A rejected row that starts at the next byte and has the text `raw`.
    pub(crate) fn rejected(&self, row: u64, rule: &'static str, message: String, raw: &[u8]) -> RejectedRow {
        RejectedRow {
            file: Arc::clone(&self.file.name),
            row,
            byte_offset: self.offset(),
            column: None,
            rule,
            message: format!("row {row} {message}"),
            raw: RejectedRow::cut(&self.text.original(raw)),
        }
    }
}
