//! Opening one file: refusing what is no file, decompressing, hashing the bytes on disk while they pass by.

use std::fs::File;
use std::io::{self, BufRead, Read};

use super::compression::{Compression, Decoder, Decompression};
use super::paths::InputFile;
use crate::{ErrorKind, FileRead, SourceError};

const BUFFER: usize = 128 * 1024;

/// A file opened for one pass from start to end, decompressed. Its read errors carry a [`SourceError`] that
/// [`read_error`] takes out again.
pub struct FileReader {
    decoder: Decoder,
}

/// What was on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Bytes on disk.
    pub bytes: u64,
    /// BLAKE3 of those bytes, in hex.
    pub checksum: String,
}

impl Digest {
    /// The report of a file that was read to its end.
    #[must_use]
    pub fn into_file_read(self, file: &InputFile, rows: u64) -> FileRead {
        FileRead { file: file.name.clone(), bytes: self.bytes, checksum: Some(self.checksum), rows }
    }
}

/// Opens `file` for reading through.
///
/// # Errors
/// [`ErrorKind::Unavailable`] where it is missing; [`ErrorKind::Config`] where it may not be read or is no
/// regular file; [`ErrorKind::Corrupt`] where its name promises a compression its bytes do not have.
pub fn open(file: &InputFile, compression: Compression, limits: &Decompression) -> Result<FileReader, SourceError> {
    let hashed = Hashed::new(open_seekable(file)?);
    Decoder::new(file, hashed, compression, limits).map(|decoder| FileReader { decoder })
}

/// Opens `file` for formats that jump about in it. Nothing is hashed: see [`digest`].
///
/// # Errors
/// As for [`open`].
pub fn open_seekable(file: &InputFile) -> Result<File, SourceError> {
    // Asked before opening, because opening a named pipe waits for its writer.
    let kind = std::fs::metadata(&file.path).map_err(|error| open_error(file, error))?.file_type();
    if !kind.is_file() {
        let kind = if kind.is_dir() { "a folder" } else { special(kind) };
        let message = format!("is {kind}, not a file; name a file, or a pattern such as \"folder/*\"");
        return Err(SourceError::config(message).at(&*file.name));
    }
    File::open(&file.path).map_err(|error| open_error(file, error))
}

/// Bytes and checksum of `file`, by reading it through.
///
/// # Errors
/// As for [`open`].
pub fn digest(file: &InputFile) -> Result<Digest, SourceError> {
    Hashed::new(open_seekable(file)?).finish().map_err(|error| read_error(file, error))
}

/// The whole (decompressed) content, for formats that need it in memory. `limits` bounds it.
///
/// # Errors
/// As for [`open`], and [`ErrorKind::Corrupt`] where it is cut short or over the limits.
pub fn read_whole(
    file: &InputFile,
    compression: Compression,
    limits: &Decompression,
) -> Result<(Vec<u8>, Digest), SourceError> {
    let mut reader = open(file, compression, limits)?;
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|error| read_error(file, error))?;
    Ok((content, reader.finish(file)?))
}

/// The error behind a failed read: the [`SourceError`] it carries, or a new one that names the file.
#[must_use]
pub fn read_error(file: &InputFile, error: io::Error) -> SourceError {
    match error.downcast::<SourceError>() {
        Ok(carried) => carried,
        Err(error) => SourceError::unavailable(&*file.name, "could not be read to its end; try again").because(error),
    }
}

impl FileReader {
    /// Reads what is left and tells what was on disk.
    ///
    /// # Errors
    /// As for reading: what is left may be broken.
    pub fn finish(mut self, file: &InputFile) -> Result<Digest, SourceError> {
        io::copy(&mut self.decoder, &mut io::sink())
            .and_then(|_| self.decoder.into_hashed()?.finish())
            .map_err(|error| read_error(file, error))
    }
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer)
    }
}

/// A buffered file that hashes what it reads.
pub(super) struct Hashed {
    file: File,
    hasher: blake3::Hasher,
    bytes: u64,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Hashed {
    fn new(file: File) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { file, hasher: blake3::Hasher::new(), bytes: 0, buffer, start: 0, end: 0 }
    }

    /// Bytes read from disk so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next `n` bytes (fewer at the end of the file) without taking them.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        while self.end - self.start < n.min(self.buffer.len()) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.load(self.end)? == 0 {
                break;
            }
        }
        Ok(self.buffer.get(self.start..self.end.min(self.start + n)).unwrap_or_default())
    }

    fn load(&mut self, at: usize) -> io::Result<usize> {
        let Some(room) = self.buffer.get_mut(at..) else {
            return Ok(0);
        };
        let read = loop {
            match self.file.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.hasher.update(room.get(..read).unwrap_or_default());
        self.bytes += read as u64;
        self.end = at + read;
        Ok(read)
    }

    fn finish(mut self) -> io::Result<Digest> {
        loop {
            self.start = 0;
            if self.load(0)? == 0 {
                let checksum = self.hasher.finalize().to_hex().to_string();
                return Ok(Digest { bytes: self.bytes, checksum });
            }
        }
    }
}

impl Read for Hashed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut available = self.fill_buf()?;
        let read = available.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Hashed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.load(0)?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
    }
}

fn open_error(file: &InputFile, error: io::Error) -> SourceError {
    let (kind, message) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            (ErrorKind::Unavailable, "there is no such file; check the path, or whether its system delivers later")
        }
        io::ErrorKind::PermissionDenied => {
            (ErrorKind::Config, "may not be read; grant read permission to the user who runs this")
        }
        _ => (ErrorKind::Unavailable, "could not be opened"),
    };
    SourceError::new(kind, message).at(&*file.name).because(error)
}

#[cfg(unix)]
fn special(kind: std::fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt as _;
    if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_: std::fs::FileType) -> &'static str {
    "no regular file"
}
