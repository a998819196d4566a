//! Declared encodings to UTF-8, as a stream. A malformed sequence does not stop the file: it stays visible, so
//! that the row it is in can be rejected, and the row's original bytes can be had back.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_8, UTF_16BE, UTF_16LE};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::paths::InputFile;
use super::reader::{Digest, FileReader, read_error};
use crate::SourceError;

/// Never part of UTF-8: it starts the three bytes that stand for one malformed byte of another encoding.
const MALFORMED: u8 = 0xff;
const INPUT: usize = 64 * 1024;
/// More than any malformed sequence and what may follow it before it is known as such.
const TAIL: usize = 16;

/// The character encoding of a text file, by one of the names the WHATWG Encoding Standard lists (`utf-8`,
/// `utf-16`, `iso-8859-1`, `windows-1252`, `shift_jis` …). As there, `iso-8859-1` means `windows-1252`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// The text of a file as UTF-8, without byte-order mark. UTF-8 input passes unchanged and unchecked; bytes that
/// are malformed in another encoding turn into sequences that are not valid UTF-8 either, so one check per row
/// finds both.
pub struct TextReader {
    reader: FileReader,
    encoding: Encoding,
    /// Bytes looked at for the byte-order mark and not passed on yet.
    start: Vec<u8>,
    transcoder: Option<Transcoder>,
    bom_bytes: u64,
}

/// Wraps `reader` so that it gives UTF-8.
///
/// # Errors
/// [`crate::ErrorKind::Config`] where the byte-order mark contradicts the declared encoding, and read errors.
pub fn text(file: &InputFile, mut reader: FileReader, encoding: Encoding) -> Result<TextReader, SourceError> {
    let mut start = Vec::with_capacity(3);
    (&mut reader).take(3).read_to_end(&mut start).map_err(|error| read_error(file, error))?;
    let mut actual = encoding.0;
    let mut bom_bytes = 0;
    if let Some((marked, length)) = encoding_rs::Encoding::for_bom(&start) {
        if marked != actual && !(is_utf_16(marked) && is_utf_16(actual)) {
            let message = format!(
                "starts with the byte-order mark of {} but is declared as {}; set encoding: {}",
                marked.name().to_lowercase(),
                encoding.name(),
                if is_utf_16(marked) { "utf-16" } else { "utf-8" },
            );
            return Err(SourceError::config(message).at(&*file.name));
        }
        // `utf-16` alone does not say which half comes first; the mark does.
        actual = marked;
        bom_bytes = length as u64;
        start.drain(..length);
    }
    let transcoder = (actual != UTF_8).then(|| Transcoder::new(actual));
    Ok(TextReader { reader, encoding: Encoding(actual), start, transcoder, bom_bytes })
}

impl TextReader {
    /// The offset in the decompressed file of the byte at `position` of the text. `None` where the text was
    /// transcoded, because lengths differ then.
    #[must_use]
    pub fn offset(&self, position: u64) -> Option<u64> {
        self.transcoder.is_none().then_some(position + self.bom_bytes)
    }

    /// The bytes of the file that gave `text`.
    #[must_use]
    pub fn original<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        match self.transcoder {
            None => Cow::Borrowed(text),
            Some(_) => Cow::Owned(self.encoding.encode(text)),
        }
    }

    /// Reads what is left and tells what was on disk.
    ///
    /// # Errors
    /// As for reading.
    pub fn finish(self, file: &InputFile) -> Result<Digest, SourceError> {
        self.reader.finish(file)
    }
}

impl Read for TextReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(transcoder) = &mut self.transcoder {
            return transcoder.read(&mut self.start, &mut self.reader, out);
        }
        if self.start.is_empty() {
            return self.reader.read(out);
        }
        let amount = self.start.len().min(out.len());
        let taken: Vec<u8> = self.start.drain(..amount).collect();
        for (to, from) in out.iter_mut().zip(taken) {
            *to = from;
        }
        Ok(amount)
    }
}

struct Transcoder {
    decoder: Decoder,
    input: Vec<u8>,
    /// Where in `input` the bytes not decoded yet start. Some decoded ones are kept before it, to name those
    /// that turn out malformed.
    next: usize,
    at_end: bool,
    output: Vec<u8>,
    taken: usize,
}

impl Transcoder {
    fn new(encoding: &'static encoding_rs::Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self { decoder, input: Vec::new(), next: 0, at_end: false, output: Vec::new(), taken: 0 }
    }

    fn read(&mut self, start: &mut Vec<u8>, reader: &mut FileReader, out: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.output.len() {
            self.output.clear();
            self.taken = 0;
            if self.at_end {
                return Ok(0);
            }
            self.load(start, reader)?;
            self.decode();
        }
        let mut left = self.output.get(self.taken..).unwrap_or_default();
        let read = left.read(out)?;
        self.taken += read;
        Ok(read)
    }

    fn load(&mut self, start: &mut Vec<u8>, reader: &mut FileReader) -> io::Result<()> {
        self.input.drain(..self.input.len().saturating_sub(TAIL));
        self.next = self.input.len();
        self.input.append(start);
        let before = self.input.len();
        reader.take(INPUT as u64).read_to_end(&mut self.input)?;
        self.at_end = self.input.len() == before;
        Ok(())
    }

    fn decode(&mut self) {
        loop {
            let input = self.input.get(self.next..).unwrap_or_default();
            let room = self.decoder.max_utf8_buffer_length_without_replacement(input.len()).unwrap_or(input.len() * 4);
            let filled = self.output.len();
            self.output.resize(filled + room + 16, 0);
            let free = self.output.get_mut(filled..).unwrap_or_default();
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(input, free, self.at_end);
            self.output.truncate(filled + written);
            self.next += read;
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let end = self.next.saturating_sub(usize::from(after));
                    let from = end.saturating_sub(usize::from(length));
                    for &byte in self.input.get(from..end).unwrap_or_default() {
                        self.output.extend([MALFORMED, 0x80 | (byte >> 4), 0x80 | (byte & 0x0f)]);
                    }
                }
            }
        }
    }
}

impl Encoding {
    /// UTF-8.
    pub const UTF_8: Self = Self(UTF_8);

    /// The encoding of that name.
    #[must_use]
    pub fn named(label: &str) -> Option<Self> {
        encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).map(Self)
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> String {
        self.0.name().to_lowercase()
    }

    /// The bytes that gave `text`: valid text encoded again, and each malformed byte from its three.
    fn encode(self, text: &[u8]) -> Vec<u8> {
        let mut original = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.iter().position(|&byte| byte == MALFORMED) {
            let (valid, marked) = rest.split_at(at);
            self.encode_valid(valid, &mut original);
            rest = match marked {
                [_, high, low, after @ ..] => {
                    original.push((high & 0x0f) << 4 | low & 0x0f);
                    after
                }
                _ => &[],
            };
        }
        self.encode_valid(rest, &mut original);
        original
    }

    fn encode_valid(self, text: &[u8], original: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(text);
        // The encoder of the standard writes UTF-8 where UTF-16 is asked for.
        if self.0 == UTF_16BE {
            original.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        } else if self.0 == UTF_16LE {
            original.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        } else {
            original.extend_from_slice(&self.0.encode(&text).0);
        }
    }
}

fn is_utf_16(encoding: &'static encoding_rs::Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

impl Default for Encoding {
    fn default() -> Self {
        Self::UTF_8
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoding({})", self.name())
    }
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EncodingVisitor;
        impl Visitor<'_> for EncodingVisitor {
            type Value = Encoding;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a character encoding")
            }

            fn visit_str<E: de::Error>(self, label: &str) -> Result<Encoding, E> {
                Encoding::named(label).ok_or_else(|| E::unknown_variant(label, COMMON))
            }
        }
        deserializer.deserialize_str(EncodingVisitor)
    }
}

/// Names offered for a wrong one. Every label of the standard is understood.
const COMMON: &[&str] = &[
    "utf-8",
    "utf-16",
    "utf-16le",
    "utf-16be",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "macintosh",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gbk",
    "gb18030",
    "big5",
];

impl JsonSchema for Encoding {
    fn schema_name() -> Cow<'static, str> {
        "Encoding".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A character encoding by its WHATWG name; iso-8859-1 means windows-1252, as on the web.",
            "type": "string",
            "examples": COMMON
        })
    }
}
