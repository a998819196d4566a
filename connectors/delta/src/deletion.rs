//! Deletion vectors: which rows of a data file are deleted.

use std::io::{Read, Seek, SeekFrom};

use goldsmith_source::SourceError;
use goldsmith_source::files::{InputFile, open_seekable};
use roaring::{RoaringBitmap, RoaringTreemap};

use crate::action::DeletionVector;
use crate::storage::Storage;

/// Starts a bitmap in the form the protocol describes.
const MAGIC: [u8; 4] = 1_681_511_377_u32.to_le_bytes();
/// Starts one in an older form, which the protocol's example of an inline bitmap has.
const MAGIC_OLD: [u8; 4] = 1_681_511_376_u32.to_be_bytes();
/// Starts a file of bitmaps in the one form there is.
const FILE_VERSION: u8 = 1;
/// Bytes of a bitmap: one for a billion rows of which every second is deleted takes an eighth of it.
const MAX_BYTES: u64 = 1 << 30;
/// The characters of Z85, in order of the digits they stand for.
const Z85: &[u8; 85] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
/// Characters of a UUID in Z85.
const UUID_CHARS: usize = 20;

/// The rows `vector` says are deleted of the data file called `file`, which has `rows` rows; counted from 0.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Corrupt`] where there is no such bitmap or it does not fit the file, and where the
/// file it lies in is missing.
pub(crate) fn deleted(
    vector: &DeletionVector,
    file: &str,
    rows: u64,
    storage: &Storage,
) -> Result<RoaringTreemap, SourceError> {
    let (bytes, place) = match vector.storage_type.as_str() {
        "i" => {
            let bytes = z85(&vector.path_or_inline_dv).ok_or_else(|| corrupt(file, "is not in Z85"))?;
            // Z85 has four bytes to a group; what the last one is filled up with is cut off.
            let length = usize::try_from(vector.size_in_bytes).ok();
            let bytes = length.and_then(|length| bytes.get(..length)).ok_or_else(|| corrupt(file, "is cut short"))?;
            (bytes.to_vec(), file.to_owned())
        }
        "u" => {
            let path = path(&vector.path_or_inline_dv).ok_or_else(|| corrupt(file, "is named by what is no UUID"))?;
            from_file(&path, vector, storage)?
        }
        "p" => from_file(&vector.path_or_inline_dv, vector, storage)?,
        _ => return Err(corrupt(file, "is kept in a way that is not known")),
    };
    let bitmap = match (bytes.strip_prefix(&MAGIC), bytes.strip_prefix(&MAGIC_OLD)) {
        (Some(bitmap), _) => RoaringTreemap::deserialize_from(bitmap),
        (None, Some(bitmap)) => in_old_form(bitmap),
        (None, None) => return Err(corrupt(&place, "has a form that is not known")),
    };
    let bitmap = bitmap.map_err(|error| corrupt(&place, "is no bitmap").because(error))?;
    if bitmap.len() != vector.cardinality {
        return Err(corrupt(&place, "deletes another number of rows than its log says"));
    }
    if bitmap.max().is_some_and(|last| last >= rows) {
        return Err(corrupt(&place, &format!("deletes rows that {file} does not have")));
    }
    Ok(bitmap)
}

/// The number of bitmaps, then the length of each before it; the first is of the rows below 2^32.
fn in_old_form(mut bytes: &[u8]) -> std::io::Result<RoaringTreemap> {
    let mut number = [0; 4];
    bytes.read_exact(&mut number)?;
    let mut bitmaps = Vec::new();
    for high in 0..u32::from_be_bytes(number) {
        bytes.read_exact(&mut number)?;
        bitmaps.push((high, RoaringBitmap::deserialize_from(&mut bytes)?));
    }
    Ok(RoaringTreemap::from_bitmaps(bitmaps))
}

fn corrupt(place: &str, what: &str) -> SourceError {
    let message = format!(
        "the list of its deleted rows (deletion vector) {what}; restore it, or read an earlier version with the option \
         version"
    );
    SourceError::corrupt(place, message)
}

/// The bytes of the bitmap and the name of the file they are in.
fn from_file(path: &str, vector: &DeletionVector, storage: &Storage) -> Result<(Vec<u8>, String), SourceError> {
    let held = storage.data_file(path)?;
    let name = held.file.name.to_string();
    if vector.size_in_bytes > MAX_BYTES {
        return Err(corrupt(&name, "is larger than one can be"));
    }
    let bytes = range(&held.file, vector.offset.unwrap_or_default(), vector.size_in_bytes)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => corrupt(&name, "is cut short"),
            _ => goldsmith_source::files::read_error(&held.file, error),
        })?
        .ok_or_else(|| corrupt(&name, "is damaged: its checksum is another"))?;
    Ok((bytes, name))
}

/// `size` bytes of a bitmap that starts at `offset`: before it its size, after it its checksum. `None` where these do
/// not fit.
fn range(file: &InputFile, offset: u64, size: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut opened = open_seekable(file).map_err(std::io::Error::other)?;
    let mut version = [0];
    opened.read_exact(&mut version)?;
    // Older writers count the offset from the first byte of the file, whose version is before the first bitmap.
    opened.seek(SeekFrom::Start(offset.max(1)))?;
    let mut number = [0; 4];
    opened.read_exact(&mut number)?;
    if version != [FILE_VERSION] || u64::from(u32::from_be_bytes(number)) != size {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    if (&mut opened).take(size).read_to_end(&mut bytes)? as u64 != size {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    opened.read_exact(&mut number)?;
    Ok((crc32fast::hash(&bytes) == u32::from_be_bytes(number)).then_some(bytes))
}

/// `ab^-aqEH.-t@S}K{vb[*k^` is `ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin`.
fn path(written: &str) -> Option<String> {
    let at = written.len().checked_sub(UUID_CHARS)?;
    let (prefix, uuid) = (written.get(..at)?, z85(written.get(at..)?)?);
    let mut text = String::new();
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    Some(format!("{folder}deletion_vector_{text}.bin"))
}

/// Five characters for four bytes, the first digit the largest.
fn z85(text: &str) -> Option<Vec<u8>> {
    let groups = text.as_bytes().chunks_exact(5);
    if !groups.remainder().is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4);
    for group in groups {
        let mut digits = group.iter().map(|byte| Z85.iter().position(|known| known == byte));
        let number = digits.try_fold(0_u64, |number, digit| Some(number * 85 + digit? as u64))?;
        bytes.extend_from_slice(&u32::try_from(number).ok()?.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the protocol's text.
    #[test]
    fn examples_of_the_protocol_are_understood() {
        assert_eq!(
            path("ab^-aqEH.-t@S}K{vb[*k^").as_deref(),
            Some("ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin")
        );
        let vector = DeletionVector {
            storage_type: "i".to_owned(),
            path_or_inline_dv: "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L".to_owned(),
            offset: None,
            size_in_bytes: 40,
            cardinality: 6,
        };
        let storage = Storage::Here { name: "t".to_owned(), path: "/nowhere".into() };
        let rows = deleted(&vector, "f", 30, &storage).unwrap();
        assert_eq!(rows.iter().collect::<Vec<_>>(), [3, 4, 7, 11, 18, 29]);
        let error = deleted(&vector, "f", 29, &storage).unwrap_err().to_string();
        assert!(error.contains("deletes rows that f does not have"), "{error}");
        for (damaged, what) in [
            (DeletionVector { cardinality: 7, ..vector.clone() }, "another number of rows"),
            (DeletionVector { size_in_bytes: 41, ..vector.clone() }, "is cut short"),
            (DeletionVector { size_in_bytes: 30, ..vector.clone() }, "is no bitmap"),
            (DeletionVector { path_or_inline_dv: "\"".repeat(50), ..vector.clone() }, "is not in Z85"),
            (DeletionVector { path_or_inline_dv: "0".repeat(50), ..vector.clone() }, "has a form that is not known"),
            (DeletionVector { storage_type: "x".to_owned(), ..vector.clone() }, "in a way that is not known"),
        ] {
            let error = deleted(&damaged, "f", 30, &storage).unwrap_err().to_string();
            assert!(error.contains(what), "{what}: {error}");
        }
    }
}
