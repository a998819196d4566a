//! The contacts of a file, one after the other: lines unfolded and gathered between BEGIN and END.

use std::io;

use goldsmith_source::contract::MAX_RAW_BYTES;
use goldsmith_source::files::TextReader;
use goldsmith_source::lines::{End, Lines, MAX_LINE_BYTES};

use crate::property::{Fault, Property, Transfer, name, parse, transfer};

/// What a file holds at one place.
#[derive(Debug)]
pub(crate) struct Card {
    /// The line it starts in, from 1, and the position of its first byte in the text.
    pub(crate) line: u64,
    pub(crate) offset: u64,
    /// Its first 64 KiB.
    pub(crate) raw: Vec<u8>,
    pub(crate) content: Result<Vec<Property>, Broken>,
}

/// Why something is no contact; with the line, where one is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Another contact begins before its END.
    Unclosed,
    /// The file ends before its END.
    Torn,
    TooLong,
    NoProperty(u64),
    Encoding(u64),
    /// Text outside of any contact.
    Outside,
}

/// A file, card by card.
pub(crate) struct Cards {
    lines: Lines<TextReader>,
    /// A BEGIN that was read before the card it starts.
    begin: Option<Start>,
    plain_charset: bool,
}

#[derive(Debug, Clone)]
struct Start {
    line: u64,
    offset: u64,
    raw: Vec<u8>,
}

/// A card in the making.
struct Gathering {
    card: Card,
    properties: Vec<Property>,
    /// The line being unfolded, and where it starts.
    open: Vec<u8>,
    open_line: u64,
    transfer: Transfer,
    bytes: usize,
    broken: Option<Broken>,
    /// Cards inside this one, as version 2.1 has for an AGENT; passed over.
    inner: u32,
}

impl Cards {
    pub(crate) fn new(text: TextReader) -> Self {
        // Text that was transcoded as a whole is UTF-8 now, whatever a contact says of itself.
        let plain_charset = text.offset(0).is_some();
        Self { lines: Lines::new(text), begin: None, plain_charset }
    }

    pub(crate) fn text(&self) -> &TextReader {
        self.lines.stream()
    }

    pub(crate) fn into_text(self) -> TextReader {
        self.lines.into_inner()
    }

    /// The next contact, or text that is none.
    pub(crate) fn next_card(&mut self) -> io::Result<Option<Card>> {
        if let Some(start) = self.begin.take() {
            return self.gather(start).map(Some);
        }
        let mut outside: Option<Start> = None;
        while let Some(line) = self.lines.next_line()? {
            let start = || Start { line: line.number, offset: line.offset, raw: line.bytes.to_vec() };
            if is(line.bytes, b"BEGIN:VCARD") {
                let start = start();
                match outside {
                    None => return self.gather(start).map(Some),
                    Some(_) => self.begin = Some(start),
                }
                break;
            }
            match &mut outside {
                _ if line.bytes.trim_ascii().is_empty() => {}
                Some(outside) => push_raw(&mut outside.raw, line.bytes),
                None => outside = Some(start()),
            }
        }
        let card = |Start { line, offset, raw }| Card { line, offset, raw, content: Err(Broken::Outside) };
        Ok(outside.map(card))
    }

    /// Everything up to the END that belongs to the BEGIN in `start`.
    fn gather(&mut self, start: Start) -> io::Result<Card> {
        let Start { line, offset, raw } = start;
        let mut gathering = Gathering {
            card: Card { line, offset, raw, content: Ok(Vec::new()) },
            properties: Vec::new(),
            open: Vec::new(),
            open_line: line,
            transfer: Transfer::Plain,
            bytes: 0,
            broken: None,
            inner: 0,
        };
        while let Some(line) = self.lines.next_line()? {
            if is(line.bytes, b"BEGIN:VCARD") && gathering.inner == 0 && !gathering.is_agent() {
                self.begin = Some(Start { line: line.number, offset: line.offset, raw: line.bytes.to_vec() });
                return Ok(gathering.finish(Some(Broken::Unclosed), self.plain_charset));
            }
            push_raw(&mut gathering.card.raw, line.bytes);
            if gathering.take(line.bytes, line.number, line.end, self.plain_charset) {
                return Ok(gathering.finish(None, self.plain_charset));
            }
        }
        Ok(gathering.finish(Some(Broken::Torn), self.plain_charset))
    }
}

impl Gathering {
    /// Takes a line. True where it ends the card.
    fn take(&mut self, line: &[u8], number: u64, end: End, plain_charset: bool) -> bool {
        self.bytes += line.len();
        if end == End::TooLong || self.bytes > MAX_LINE_BYTES {
            self.broken.get_or_insert(Broken::TooLong);
        }
        if self.broken == Some(Broken::TooLong) {
            self.open.clear();
            return is(line, b"END:VCARD");
        }
        let soft_break = self.transfer == Transfer::QuotedPrintable && self.open.ends_with(b"=");
        if soft_break {
            self.open.pop();
            self.open.extend_from_slice(line);
            return false;
        }
        if let [b' ' | b'\t', folded @ ..] = line
            && !self.open.is_empty()
        {
            self.open.extend_from_slice(folded);
            return false;
        }
        // Old writers break pictures without the blank that marks a folded line.
        if self.transfer == Transfer::Base64 && !line.is_empty() && !line.contains(&b':') {
            self.open.extend_from_slice(line);
            return false;
        }
        let agent = self.is_agent();
        self.close(plain_charset);
        if is(line, b"BEGIN:VCARD") && (agent || self.inner > 0) {
            self.inner += 1;
        } else if is(line, b"END:VCARD") {
            if self.inner == 0 {
                return true;
            }
            self.inner -= 1;
        } else if self.inner == 0 && !line.trim_ascii().is_empty() {
            self.open = line.to_vec();
            self.open_line = number;
            self.transfer = transfer(line);
        }
        false
    }

    /// Whether a card inside this one may follow.
    fn is_agent(&self) -> bool {
        self.open.ends_with(b":") && name(&self.open).as_deref() == Some("AGENT")
    }

    /// Reads the line that was unfolded.
    fn close(&mut self, plain_charset: bool) {
        let line = std::mem::take(&mut self.open);
        self.transfer = Transfer::Plain;
        let is_picture = name(&line).is_some_and(|name| matches!(name.as_str(), "PHOTO" | "LOGO" | "SOUND" | "KEY"));
        if line.is_empty() || is_picture {
            return;
        }
        match parse(&line, plain_charset) {
            Ok(property) => self.properties.push(property),
            Err(Fault::NoColon) => {
                self.broken.get_or_insert(Broken::NoProperty(self.open_line));
            }
            Err(Fault::Encoding) => {
                self.broken.get_or_insert(Broken::Encoding(self.open_line));
            }
        }
    }

    fn finish(mut self, fault: Option<Broken>, plain_charset: bool) -> Card {
        self.close(plain_charset);
        // That the end is missing explains whatever else is wrong.
        self.card.content = match fault.or(self.broken) {
            Some(broken) => Err(broken),
            None => Ok(self.properties),
        };
        self.card
    }
}

fn is(line: &[u8], wanted: &[u8]) -> bool {
    line.trim_ascii_end().eq_ignore_ascii_case(wanted)
}

fn push_raw(raw: &mut Vec<u8>, line: &[u8]) {
    if raw.len() < MAX_RAW_BYTES {
        raw.push(b'\n');
        raw.extend_from_slice(line);
    }
}
