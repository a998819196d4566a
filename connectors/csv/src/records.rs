//! The records of one file, one after the other, with line and offset, out of a buffer of bounded size.

use std::io::Read as _;
use std::ops::Range;

use goldsmith_source::SourceError;
use goldsmith_source::files::{self, Digest, InputFile, TextReader};

use crate::config::{CsvConfig, Layout};
use crate::detect;
use crate::scan::{Dialect, Field, Scan, scan};

/// Most bytes of a record. A longer one is rejected, so that a file without line ends does not fill the memory.
pub(crate) const MAX_RECORD_BYTES: usize = 16 << 20;
const FILL: usize = 1 << 20;
const SAMPLE: usize = 64 << 10;

pub(crate) struct Records<'a> {
    file: &'a InputFile,
    text: TextReader,
    pub(crate) dialect: Dialect,
    buffer: Vec<u8>,
    start: usize,
    at_end: bool,
    /// Position in the text of the first byte of the buffer.
    before: u64,
    /// Number of the line at `start`.
    line: u64,
    /// The fields of the record last returned, relative to it.
    pub(crate) fields: Vec<Field>,
}

/// A record, by its place in the buffer.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    range: Range<usize>,
    pub(crate) line: u64,
    pub(crate) offset: Option<u64>,
    pub(crate) state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Ends with a line end.
    Complete,
    /// Ends with the file.
    LastWithoutLineEnd,
    /// A quote opens in its last line that never closes.
    UnclosedQuote,
    /// As above, in the last line of the file.
    TornInQuotes,
    /// Longer than a record may be. Perhaps only its start is there.
    TooLong,
}

impl<'a> Records<'a> {
    /// Opens `file`, passes over the rows to skip and finds the delimiter.
    pub(crate) fn open(file: &'a InputFile, config: &CsvConfig, layout: &Layout) -> Result<Self, SourceError> {
        let reader = files::open(file, config.compression, &config.decompression)?;
        let text = files::text(file, reader, config.encoding)?;
        let mut records = Self {
            file,
            text,
            dialect: layout.dialect,
            buffer: Vec::new(),
            start: 0,
            at_end: false,
            before: 0,
            line: 1,
            fields: Vec::new(),
        };
        for _ in 0..config.skip_rows {
            records.skip_line()?;
        }
        if layout.detect {
            records.fill(SAMPLE)?;
            records.dialect.delimiter = detect::delimiter(records.rest(), records.at_end, layout.dialect);
        }
        Ok(records)
    }

    /// The next record; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, SourceError> {
        loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            let (length, next, lines, state) = match scan(rest, self.at_end, self.dialect, &mut self.fields) {
                Scan::Record { end, next, lines, .. } if end > MAX_RECORD_BYTES => {
                    self.fields.clear();
                    (end, next, lines, State::TooLong)
                }
                Scan::Record { end, next, lines, terminated } => {
                    let state = if terminated { State::Complete } else { State::LastWithoutLineEnd };
                    (end, next, lines, state)
                }
                Scan::Unclosed { end, next, lines, last_line } => {
                    let state = if last_line { State::TornInQuotes } else { State::UnclosedQuote };
                    (end, next, lines, state)
                }
                Scan::Skip { next } => {
                    self.start += next;
                    self.line += 1;
                    continue;
                }
                Scan::NeedMore if self.at_end => return Ok(None),
                Scan::NeedMore if rest.len() > MAX_RECORD_BYTES => return self.too_long().map(Some),
                Scan::NeedMore => {
                    // Doubling keeps the cost of scanning a long record again in proportion to its length.
                    self.fill(rest.len() * 2)?;
                    continue;
                }
            };
            let record = Record {
                range: self.start..self.start + length,
                line: self.line,
                offset: self.text.offset(self.before + self.start as u64),
                state,
            };
            self.start += next;
            self.line += lines;
            return Ok(Some(record));
        }
    }

    /// The bytes of a record as UTF-8 is to be checked in them. Valid until the next record is asked for.
    pub(crate) fn bytes(&self, record: &Record) -> &[u8] {
        self.buffer.get(record.range.clone()).unwrap_or_default()
    }

    /// The bytes of a record and of all behind it that was read.
    pub(crate) fn bytes_from(&self, record: &Record) -> &[u8] {
        self.buffer.get(record.range.start..).unwrap_or_default()
    }

    /// The bytes of a record as the file has them.
    pub(crate) fn original(&self, record: &Record) -> std::borrow::Cow<'_, [u8]> {
        self.text.original(self.bytes(record))
    }

    pub(crate) fn finish(self) -> Result<Digest, SourceError> {
        self.text.finish(self.file)
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Reads until at least `wanted` bytes (and some more) are there, or the file ends.
    fn fill(&mut self, wanted: usize) -> Result<(), SourceError> {
        self.buffer.drain(..self.start);
        self.before += self.start as u64;
        self.start = 0;
        while !self.at_end && self.buffer.len() < wanted.max(1) {
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

    /// Keeps the start of a record that is too long and passes over the rest of its line.
    fn too_long(&mut self) -> Result<Record, SourceError> {
        let line = self.line;
        let offset = self.text.offset(self.before + self.start as u64);
        let kept: Vec<u8> = self.rest().iter().take(goldsmith_source::contract::MAX_RAW_BYTES).copied().collect();
        self.fields.clear();
        self.skip_line()?;
        // The kept start is put in front of what follows, so that it can be asked for as any record.
        let length = kept.len();
        self.buffer.splice(..self.start, kept);
        self.before = (self.before + self.start as u64).saturating_sub(length as u64);
        self.start = length;
        Ok(Record { range: 0..length, line, offset, state: State::TooLong })
    }

    fn skip_line(&mut self) -> Result<(), SourceError> {
        loop {
            let end = self.rest().iter().position(|&byte| byte == b'\n' || byte == b'\r');
            if let Some(end) = end.map(|end| self.start + end)
                && (self.at_end || end + 1 < self.buffer.len())
            {
                let pair = self.buffer.get(end..end + 2) == Some(b"\r\n");
                self.start = end + if pair { 2 } else { 1 };
                self.line += 1;
                return Ok(());
            }
            if self.at_end {
                self.start = self.buffer.len();
                return Ok(());
            }
            if end.is_none() {
                self.start = self.buffer.len();
            }
            let left = self.buffer.len() - self.start;
            self.fill(left + 1)?;
        }
    }
}
