//! Writing a file and its checksum at once, so that it is not read back.

use std::io::{self, Write};

use super::Digest;

/// Hashes what it passes on.
pub struct HashingWriter<W> {
    inner: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    /// What it wrote to, and what it wrote.
    pub fn finish(self) -> (W, Digest) {
        (self.inner, Digest { bytes: self.bytes, checksum: self.hasher.finalize().to_hex().to_string() })
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
