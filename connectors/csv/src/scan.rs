//! One record out of a buffer: where its fields are, and whether its quotes close. Pure, and without copying.
//!
//! The rules are those of RFC 4180 as the csv crate reads them, which is the oracle of the tests. Our own code,
//! because a quote that never closes must be noticed after a bounded distance, the row's bytes kept as found,
//! and reading resumed on the line after it.

use std::borrow::Cow;
use std::ops::Range;

/// Most bytes of a quoted field; beyond, its quote counts as never closed.
pub(crate) const MAX_QUOTED_BYTES: usize = 1 << 20;
/// Most lines of a quoted field; beyond, its quote counts as never closed.
pub(crate) const MAX_QUOTED_LINES: u64 = 10_000;

/// The characters with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: Option<u8>,
    pub(crate) escape: Option<u8>,
    pub(crate) comment: Option<u8>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its bytes in the record, without the enclosing quotes.
    pub(crate) range: Range<usize>,
    pub(crate) form: Form,
}

/// What is to be done to a field's bytes to get its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing.
    Plain,
    /// Doubled or escaped quotes are to be resolved.
    Escaped,
    /// Text follows the closing quote: the range includes the quotes, and the value is both parts joined.
    Trailing,
}

/// What starts at the start of the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scan {
    /// A record: its bytes end at `end`, the next line starts at `next`.
    Record { end: usize, next: usize, lines: u64, terminated: bool },
    /// A record with a quote that is never closed. It counts as ending with the line in which the quote opens.
    Unclosed { end: usize, next: usize, lines: u64, last_line: bool },
    /// An empty line or a comment.
    Skip { next: usize },
    /// The buffer ends before the record does.
    NeedMore,
}

/// Looks at the record `bytes` starts with; its fields replace `fields`. `at_end` says that nothing follows.
pub(crate) fn scan(bytes: &[u8], at_end: bool, dialect: Dialect, fields: &mut Vec<Field>) -> Scan {
    fields.clear();
    match bytes.first() {
        None => return Scan::NeedMore,
        Some(b'\r' | b'\n') => {
            return after_line_end(bytes, 0, at_end).map_or(Scan::NeedMore, |next| Scan::Skip { next });
        }
        first if first == dialect.comment.as_ref() && dialect.comment.is_some() => {
            return match line_end(bytes, 0) {
                Some(end) => after_line_end(bytes, end, at_end).map_or(Scan::NeedMore, |next| Scan::Skip { next }),
                None if at_end => Scan::Skip { next: bytes.len() },
                None => Scan::NeedMore,
            };
        }
        Some(_) => {}
    }
    let mut at = 0;
    let mut lines = 0;
    loop {
        let start = at;
        let mut form = Form::Plain;
        let mut range = None;
        if dialect.quote.is_some() && bytes.get(start) == dialect.quote.as_ref() {
            match closing_quote(bytes, start, at_end, dialect) {
                Closing::Found { close, escaped, lines: inside } => {
                    lines += inside;
                    at = close + 1;
                    range = Some(start + 1..close);
                    form = if escaped { Form::Escaped } else { Form::Plain };
                }
                Closing::NeedMore => return Scan::NeedMore,
                Closing::Never => {
                    let end = line_end(bytes, start).unwrap_or(bytes.len());
                    let next = after_line_end(bytes, end, true).unwrap_or(end);
                    return Scan::Unclosed {
                        end,
                        next,
                        lines: lines + 1,
                        last_line: next == bytes.len() && end == next,
                    };
                }
            }
        }
        let stop = find(bytes, at, [dialect.delimiter, b'\n', b'\r']);
        let end = stop.unwrap_or(bytes.len());
        if stop.is_none() && !at_end {
            return Scan::NeedMore;
        }
        let range = match range {
            Some(range) if end == at => range,
            Some(_) => {
                form = Form::Trailing;
                start..end
            }
            None => start..end,
        };
        fields.push(Field { range, form });
        match bytes.get(end) {
            None => return Scan::Record { end, next: end, lines: lines + 1, terminated: false },
            Some(&byte) if byte == dialect.delimiter => at = end + 1,
            Some(_) => {
                return match after_line_end(bytes, end, at_end) {
                    Some(next) => Scan::Record { end, next, lines: lines + 1, terminated: true },
                    None => Scan::NeedMore,
                };
            }
        }
    }
}

/// The value of `field` in the text of its record; `None` where the range does not fit the text.
pub(crate) fn value<'a>(record: &'a str, field: &Field, dialect: Dialect) -> Option<Cow<'a, str>> {
    let text = record.get(field.range.clone())?;
    Some(match (field.form, dialect.quote) {
        (Form::Plain, _) | (_, None) => Cow::Borrowed(text),
        (Form::Escaped, Some(quote)) => Cow::Owned(resolve(text, true, quote, dialect.escape)),
        (Form::Trailing, Some(quote)) => {
            Cow::Owned(resolve(text.get(1..).unwrap_or_default(), true, quote, dialect.escape))
        }
    })
}

/// Resolves quotes in text that starts inside quotes. A single quote closes; what follows it is taken as it is.
fn resolve(text: &str, mut inside: bool, quote: u8, escape: Option<u8>) -> String {
    let (quote, escape) = (char::from(quote), escape.map(char::from));
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if inside && escape == Some(c) {
            value.extend(chars.next());
        } else if inside && c == quote {
            if chars.next_if_eq(&quote).is_some() {
                value.push(quote);
            } else {
                inside = false;
            }
        } else {
            value.push(c);
        }
    }
    value
}

enum Closing {
    Found { close: usize, escaped: bool, lines: u64 },
    NeedMore,
    Never,
}

fn closing_quote(bytes: &[u8], open: usize, at_end: bool, dialect: Dialect) -> Closing {
    let mut at = open + 1;
    let mut escaped = false;
    let mut lines = 0;
    loop {
        let quote = dialect.quote.unwrap_or(b'\n');
        let stop = find(bytes, at, [quote, dialect.escape.unwrap_or(quote), b'\n', b'\r']);
        let stop = stop.unwrap_or(bytes.len());
        if stop - open > MAX_QUOTED_BYTES || lines > MAX_QUOTED_LINES {
            return Closing::Never;
        }
        let (here, next) = (bytes.get(stop).copied(), bytes.get(stop + 1).copied());
        if here.is_none() || next.is_none() {
            if !at_end {
                return Closing::NeedMore;
            }
            if here.is_none() || here != dialect.quote {
                return Closing::Never;
            }
        }
        at = stop + 1;
        if here == dialect.escape {
            escaped = true;
            at += 1;
        } else if here == dialect.quote {
            if next != dialect.quote {
                return Closing::Found { close: stop, escaped, lines };
            }
            escaped = true;
            at += 1;
        } else if here == Some(b'\n') || next != Some(b'\n') {
            lines += 1;
        }
    }
}

fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    find(bytes, from, [b'\n', b'\r'])
}

/// Where from `from` on the first of the bytes `wanted` is. Made for fields, which are short.
#[inline]
fn find<const N: usize>(bytes: &[u8], from: usize, wanted: [u8; N]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let mut at = from;
    // Eight bytes at a time: the lowest high bit is set in the first byte that does not differ from a wanted one.
    while let Some(eight) = bytes.get(at..)?.first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let mut found = 0;
        for byte in wanted {
            let difference = word ^ ONES.wrapping_mul(u64::from(byte));
            found |= difference.wrapping_sub(ONES) & !difference;
        }
        found &= HIGHS;
        if found != 0 {
            return Some(at + (found.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    bytes.get(at..)?.iter().position(|byte| wanted.contains(byte)).map(|more| at + more)
}

/// Where the line after the line end at `end` starts; `None` where it takes the next byte to tell CR from CRLF.
fn after_line_end(bytes: &[u8], end: usize, at_end: bool) -> Option<usize> {
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'\r'), Some(b'\n')) => Some(end + 2),
        (Some(b'\r'), None) if !at_end => None,
        (Some(_), _) => Some(end + 1),
        (None, _) => Some(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect { delimiter: b',', quote: Some(b'"'), escape: None, comment: None };

    fn rows(text: &str, dialect: Dialect) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let (mut at, mut fields) = (0, Vec::new());
        while at < text.len() {
            match scan(&text.as_bytes()[at..], true, dialect, &mut fields) {
                Scan::Record { end, next, .. } => {
                    let record = &text[at..at + end];
                    rows.push(fields.iter().map(|f| value(record, f, dialect).unwrap().into_owned()).collect());
                    at += next;
                }
                Scan::Skip { next } | Scan::Unclosed { next, .. } => at += next,
                Scan::NeedMore => panic!("more needed at the end"),
            }
        }
        rows
    }

    fn oracle(text: &str, escape: Option<u8>) -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64)
            .escape(escape)
            .from_reader(text.as_bytes());
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    /// Every byte before and behind a wanted one, at every place of the eight and beyond.
    #[test]
    fn the_first_wanted_byte_is_found() {
        for (other, length) in (0..=255_u8).flat_map(|other| (0..20).map(move |length| (other, length))) {
            if !b",\n\r".contains(&other) {
                let mut text = vec![other; length];
                assert_eq!(find(&text, 0, [b',', b'\n', b'\r']), None, "{other} {length}");
                for wanted in *b",\n\r" {
                    text.extend([wanted, b'-', b',', other, wanted.wrapping_add(1)]);
                    assert_eq!(find(&text, 0, [b',', b'\n', b'\r']), Some(length), "{other} {length} {wanted}");
                    text.truncate(length);
                }
            }
        }
    }

    /// All texts of up to five characters out of the six that matter whose quotes close.
    #[test]
    fn reads_as_the_csv_crate_does() {
        let mut compared = 0;
        for length in 1..=5_u32 {
            for code in 0..6_u32.pow(length) {
                let text: String = (0..length)
                    .map(|at| ['a', ',', '"', '\n', '\r', 'é'][(code / 6_u32.pow(at) % 6) as usize])
                    .collect();
                let (mut at, mut fields, mut closes) = (0, Vec::new(), true);
                while at < text.len() {
                    at += match scan(&text.as_bytes()[at..], true, DIALECT, &mut fields) {
                        Scan::Record { next, .. } | Scan::Skip { next } => next,
                        Scan::Unclosed { next, .. } => {
                            closes = false;
                            next
                        }
                        Scan::NeedMore => panic!("more needed at the end of {text:?}"),
                    };
                }
                if closes {
                    assert_eq!(rows(&text, DIALECT), oracle(&text, None), "{text:?}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 5_000, "{compared}");
    }

    #[test]
    fn an_escape_takes_the_meaning_away() {
        let dialect = Dialect { escape: Some(b'\\'), ..DIALECT };
        let text = "a,\"say \\\"hi\\\", ok\",c\n\"\\\\\",2,3\n";
        assert_eq!(rows(text, dialect), [["a", "say \"hi\", ok", "c"], ["\\", "2", "3"]]);
    }

    /// A buffer cut anywhere asks for more or gives the same record: it never gives another.
    #[test]
    fn a_cut_buffer_asks_for_more() {
        let text = b"a,\"b\"\"\r\n\",c\r\nnext";
        let mut whole = Vec::new();
        let expected = scan(text, false, DIALECT, &mut whole);
        assert_eq!(expected, Scan::Record { end: 11, next: 13, lines: 2, terminated: true });
        for cut in 0..text.len() {
            let mut fields = Vec::new();
            let found = scan(&text[..cut], false, DIALECT, &mut fields);
            assert!(found == Scan::NeedMore || found == expected && fields == whole, "{cut}: {found:?}");
        }
    }

    #[test]
    fn a_quote_that_never_closes_ends_with_its_line() {
        let mut fields = Vec::new();
        let text = format!("a,\"b\nc,d\n{}", "e,f\n".repeat(20_000));
        let found = scan(text.as_bytes(), false, DIALECT, &mut fields);
        assert_eq!(found, Scan::Unclosed { end: 4, next: 5, lines: 1, last_line: false });
        let found = scan(b"a,\"b", true, DIALECT, &mut fields);
        assert_eq!(found, Scan::Unclosed { end: 4, next: 4, lines: 1, last_line: true });
    }
}
