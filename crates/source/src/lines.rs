//! Lines out of a stream of bytes, of bounded length: what formats of one record a line share.

use std::io::{self, BufRead, BufReader, Read};

use crate::contract::MAX_RAW_BYTES;

/// Most bytes of a line. A longer one is handed out as [`End::TooLong`], so that a file without line ends does not
/// fill the memory.
pub const MAX_LINE_BYTES: usize = 16 << 20;
const BUFFER: usize = 128 << 10;

/// A stream of bytes, taken line by line. Lines end with LF or CRLF.
pub struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
    /// Bytes taken so far.
    taken: u64,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// From 1.
    pub number: u64,
    /// Bytes of the stream before it.
    pub offset: u64,
    /// Without line end; of a line that is too long its first 64 KiB.
    pub bytes: &'a [u8],
    pub end: End,
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    LineEnd,
    /// The stream ends without a line end: the line may be cut short.
    Stream,
    TooLong,
}

impl<R: Read> Lines<R> {
    pub fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(BUFFER, input), line: Vec::new(), number: 0, taken: 0 }
    }

    /// The next line, the empty ones included; `None` at the end of the stream.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let offset = self.taken;
        let mut end = End::Stream;
        let mut too_long = false;
        loop {
            let rest = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if rest.is_empty() {
                break;
            }
            let found = rest.iter().position(|&byte| byte == b'\n');
            let piece = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
            if !too_long {
                self.line.extend_from_slice(piece);
                if self.line.len() > MAX_LINE_BYTES {
                    too_long = true;
                    self.line.truncate(MAX_RAW_BYTES);
                }
            }
            let amount = piece.len() + usize::from(found.is_some());
            self.input.consume(amount);
            self.taken += amount as u64;
            if found.is_some() {
                end = End::LineEnd;
                break;
            }
        }
        if self.taken == offset {
            return Ok(None);
        }
        self.number += 1;
        let bytes = match end {
            _ if too_long => &*self.line,
            End::LineEnd => self.line.strip_suffix(b"\r").unwrap_or(&self.line),
            End::Stream | End::TooLong => &*self.line,
        };
        let end = if too_long { End::TooLong } else { end };
        Ok(Some(Line { number: self.number, offset, bytes, end }))
    }

    /// The stream, for what is left to do with it. What was read ahead of the last line is lost.
    #[must_use]
    pub fn into_inner(self) -> R {
        self.input.into_inner()
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &R {
        self.input.get_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, u64, Vec<u8>, End)> {
        let mut lines = Lines::new(text);
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().expect("memory can be read") {
            found.push((line.number, line.offset, line.bytes.to_vec(), line.end));
        }
        found
    }

    #[test]
    fn lines_have_numbers_offsets_and_ends() {
        let expected = vec![
            (1, 0, b"a".to_vec(), End::LineEnd),
            (2, 3, Vec::new(), End::LineEnd),
            (3, 4, b"b\rc".to_vec(), End::LineEnd),
            (4, 8, b"d\r".to_vec(), End::Stream),
        ];
        assert_eq!(lines(b"a\r\n\nb\rc\nd\r"), expected);
        assert_eq!(lines(b""), Vec::new());
        assert_eq!(lines(b"\n"), [(1, 0, Vec::new(), End::LineEnd)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut text = vec![b'x'; MAX_LINE_BYTES + 1];
        text.extend(b"\nnext\n");
        let found = lines(&text);
        let shown: Vec<_> =
            found.iter().map(|(number, offset, bytes, end)| (*number, *offset, bytes.len(), *end)).collect();
        let after = MAX_LINE_BYTES as u64 + 2;
        assert_eq!(shown, [(1, 0, MAX_RAW_BYTES, End::TooLong), (2, after, 4, End::LineEnd)]);
    }
}
