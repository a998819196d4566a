//! gzip and zstd as a stream: members read whole, cut files and rubbish after the end noticed, bombs stopped.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::paths::InputFile;
use super::reader::Hashed;
use crate::SourceError;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Below this many bytes of output the ratio is not looked at: small files of one repeated row compress well.
const RATIO_FROM: u64 = 256 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Told from the first bytes of each file. A file named `.gz` or `.zst` that is not compressed so is refused.
    #[default]
    Auto,
    /// Not compressed, whatever the name says.
    None,
    /// gzip; several members are read as one file.
    Gzip,
    /// Zstandard; several frames are read as one file.
    Zstd,
}

/// What a compressed file may grow to, against files made to fill the disk or the memory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Decompression {
    /// Most bytes a file may decompress to (default 1 TiB).
    pub max_bytes: u64,
    /// Most bytes out for each byte in, looked at beyond 256 MiB of output (default 250; customer data has 3 to 50).
    pub max_ratio: u64,
}

impl Default for Decompression {
    fn default() -> Self {
        Self { max_bytes: 1 << 40, max_ratio: 250 }
    }
}

/// The decompressing stage of a file's reader.
pub(super) struct Decoder {
    name: std::sync::Arc<str>,
    stage: Stage,
    limits: Decompression,
    produced: u64,
}

enum Stage {
    Plain(Hashed),
    Gzip(Box<GzDecoder<Hashed>>),
    Zstd(Box<zstd::Decoder<'static, Hashed>>),
    /// The end of the compressed data was seen.
    Done(Hashed),
    /// A read failed between two members; nothing more comes.
    Failed,
}

impl Decoder {
    pub(super) fn new(
        file: &InputFile,
        mut hashed: Hashed,
        declared: Compression,
        limits: &Decompression,
    ) -> Result<Self, SourceError> {
        let read_error = |error| super::reader::read_error(file, error);
        let found = match hashed.peek(ZSTD_MAGIC.len()).map_err(read_error)? {
            start if start.starts_with(GZIP_MAGIC) => Compression::Gzip,
            start if start.starts_with(ZSTD_MAGIC) => Compression::Zstd,
            _ => Compression::None,
        };
        let named = match file.path.extension().and_then(|ending| ending.to_str()) {
            Some(ending) if ending.eq_ignore_ascii_case("gz") => Compression::Gzip,
            Some(ending) if ending.eq_ignore_ascii_case("zst") => Compression::Zstd,
            _ => Compression::None,
        };
        let expected = if declared == Compression::Auto { named } else { declared };
        let chosen = match (declared, expected) {
            (Compression::None, _) => Compression::None,
            (Compression::Auto, Compression::None) => found,
            _ => expected,
        };
        if chosen != Compression::None && found != chosen {
            let (format, magic) = if chosen == Compression::Gzip { ("gzip", GZIP_MAGIC) } else { ("zstd", ZSTD_MAGIC) };
            let start = hashed.peek(magic.len()).map_err(read_error)?;
            return Err(if magic.starts_with(start) {
                cut_short(&file.name, format)
            } else {
                let message = format!(
                    "should be {format} by its {} but is not; deliver it again, or set compression: none",
                    if declared == Compression::Auto { "name" } else { "declared compression" },
                );
                SourceError::corrupt(&*file.name, message)
            });
        }
        let stage = match chosen {
            Compression::Auto | Compression::None => Stage::Plain(hashed),
            Compression::Gzip => Stage::Gzip(Box::new(GzDecoder::new(hashed))),
            Compression::Zstd => {
                let decoder = zstd::Decoder::with_buffer(hashed).map_err(read_error)?;
                Stage::Zstd(Box::new(decoder))
            }
        };
        Ok(Self { name: file.name.clone(), stage, limits: limits.clone(), produced: 0 })
    }

    pub(super) fn into_hashed(self) -> io::Result<Hashed> {
        match self.stage {
            Stage::Plain(hashed) | Stage::Done(hashed) => Ok(hashed),
            Stage::Gzip(gzip) => Ok(gzip.into_inner()),
            Stage::Zstd(zstd) => Ok(zstd.finish()),
            Stage::Failed => Err(io::Error::other("an earlier read failed")),
        }
    }

    /// After the end of a gzip member: the next one, padding, or rubbish.
    fn after_member(&mut self) -> io::Result<()> {
        let Stage::Gzip(gzip) = std::mem::replace(&mut self.stage, Stage::Failed) else {
            return Ok(());
        };
        let mut hashed = gzip.into_inner();
        let start = hashed.peek(GZIP_MAGIC.len())?;
        if !start.is_empty() && GZIP_MAGIC.starts_with(start) {
            self.stage = Stage::Gzip(Box::new(GzDecoder::new(hashed)));
            return Ok(());
        }
        let padded = only_zeros(&mut hashed)?;
        self.stage = Stage::Done(hashed);
        if !padded {
            let message = "has other bytes after the end of its gzip data; deliver it again".to_owned();
            return Err(carried(SourceError::corrupt(&*self.name, message)));
        }
        Ok(())
    }

    fn broken(&self, format: &str, error: io::Error) -> io::Error {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return carried(cut_short(&self.name, format));
        }
        if error.raw_os_error().is_some() {
            return error;
        }
        let message = format!("holds broken {format} data; deliver it again");
        carried(SourceError::corrupt(&*self.name, message).because(error))
    }

    fn check_limits(&self, bytes_in: u64) -> io::Result<()> {
        let Decompression { max_bytes, max_ratio } = self.limits;
        let (limit, option) = if self.produced > max_bytes {
            (format!("{max_bytes} bytes"), "max_bytes")
        } else if self.produced > RATIO_FROM && self.produced / bytes_in.max(1) >= max_ratio {
            (format!("{max_ratio} times its size"), "max_ratio")
        } else {
            return Ok(());
        };
        let message = format!(
            "decompresses to more than {limit}; if it is meant to, raise decompression: {option} of the source"
        );
        Err(carried(SourceError::corrupt(&*self.name, message)))
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let (result, format) = match &mut self.stage {
                Stage::Plain(hashed) => return hashed.read(buffer),
                Stage::Gzip(gzip) => (gzip.read(buffer), "gzip"),
                Stage::Zstd(zstd) => (zstd.read(buffer), "zstd"),
                Stage::Done(_) | Stage::Failed => return Ok(0),
            };
            let read = result.map_err(|error| self.broken(format, error))?;
            if read > 0 {
                self.produced += read as u64;
                let bytes_in = match &self.stage {
                    Stage::Gzip(gzip) => gzip.get_ref().bytes(),
                    Stage::Zstd(zstd) => zstd.get_ref().bytes(),
                    Stage::Plain(_) | Stage::Done(_) | Stage::Failed => 0,
                };
                self.check_limits(bytes_in)?;
                return Ok(read);
            }
            if matches!(self.stage, Stage::Zstd(_)) {
                return Ok(0);
            }
            self.after_member()?;
        }
    }
}

/// Whether nothing but zeros is left: tapes and block devices pad so, and gzip itself lets it pass.
fn only_zeros(hashed: &mut Hashed) -> io::Result<bool> {
    loop {
        let left = hashed.fill_buf()?;
        if left.is_empty() {
            return Ok(true);
        }
        if left.iter().any(|&byte| byte != 0) {
            return Ok(false);
        }
        let amount = left.len();
        hashed.consume(amount);
    }
}

fn cut_short(name: &str, format: &str) -> SourceError {
    SourceError::corrupt(name, format!("is cut short: its {format} data has no end; deliver it again"))
}

fn carried(error: SourceError) -> io::Error {
    io::Error::other(error)
}
