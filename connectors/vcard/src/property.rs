//! One property of a contact: `item1.TEL;TYPE=WORK,VOICE;PREF=1:+43 316 12345`, unfolded.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

/// A property, decoded, with its escapes still in the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Property {
    /// What ties a property to its label, as in `item1.TEL` and `item1.X-ABLabel`.
    pub(crate) group: Option<String>,
    /// In upper case.
    pub(crate) name: String,
    /// In lower case, in the order written: those of TYPE, and the bare ones of version 2.1.
    pub(crate) types: Vec<String>,
    pub(crate) preferred: bool,
    pub(crate) value: String,
}

/// Why a line is no property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    NoColon,
    /// The value holds bytes its encoding does not have, or names an encoding that there is not.
    Encoding,
}

/// How the value of a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    Plain,
    QuotedPrintable,
    Base64,
}

/// The part of a line before the colon that ends it, where there is one; colons in quotes do not count.
fn head(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut quoted = false;
    let at = line.iter().position(|&byte| {
        quoted ^= byte == b'"';
        byte == b':' && !quoted
    });
    // A quote that is never closed is a letter of the value.
    let at = at.or_else(|| line.iter().position(|&byte| byte == b':'))?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

/// How the value of the line that starts so is written.
pub(crate) fn transfer(line: &[u8]) -> Transfer {
    let Some((head, _)) = head(line) else { return Transfer::Plain };
    let head = head.to_ascii_uppercase();
    let has = |word: &[u8]| head.split(|byte| matches!(byte, b';' | b'=')).any(|part| part == word);
    if has(b"QUOTED-PRINTABLE") {
        Transfer::QuotedPrintable
    } else if has(b"BASE64") || has(b"B") {
        Transfer::Base64
    } else {
        Transfer::Plain
    }
}

/// The name a line starts with, in upper case and without group.
pub(crate) fn name(line: &[u8]) -> Option<String> {
    let (head, _) = head(line)?;
    let name = head.split(|&byte| byte == b';').next()?;
    let name = name.rsplit(|&byte| byte == b'.').next()?;
    Some(String::from_utf8_lossy(name).trim().to_ascii_uppercase())
}

/// Reads an unfolded line. `plain_charset` says whether a CHARSET also counts for values that are not quoted-printable:
/// not in a file that was transcoded as a whole.
pub(crate) fn parse(line: &[u8], plain_charset: bool) -> Result<Property, Fault> {
    let (head, value) = head(line).ok_or(Fault::NoColon)?;
    let head = std::str::from_utf8(head).map_err(|_| Fault::Encoding)?;
    let mut parts = split(head, ';').into_iter();
    let name = parts.next().unwrap_or_default().trim();
    let (group, name) = match name.rsplit_once('.') {
        Some((group, name)) => (Some(group.to_ascii_lowercase()), name),
        None => (None, name),
    };
    let mut property =
        Property { group, name: name.to_ascii_uppercase(), types: Vec::new(), preferred: false, value: String::new() };
    let (mut quoted_printable, mut charset) = (false, None);
    for part in parts {
        let (key, written) = part.split_once('=').unwrap_or(("TYPE", part));
        let written = written.trim().trim_matches('"');
        match key.trim().to_ascii_uppercase().as_str() {
            "TYPE" => {
                for kind in written.split(',').map(|kind| kind.trim().trim_matches('"').to_ascii_lowercase()) {
                    match kind.as_str() {
                        "quoted-printable" => quoted_printable = true,
                        "pref" => property.preferred = true,
                        "" | "8bit" | "7bit" | "base64" => {}
                        _ if property.types.contains(&kind) => {}
                        _ => property.types.push(kind),
                    }
                }
            }
            "ENCODING" => quoted_printable |= written.eq_ignore_ascii_case("QUOTED-PRINTABLE"),
            "CHARSET" => charset = Some(Encoding::for_label(written.as_bytes()).ok_or(Fault::Encoding)?),
            "PREF" => property.preferred = true,
            _ => {}
        }
    }
    let bytes = if quoted_printable { Cow::Owned(quoted(value)) } else { Cow::Borrowed(value) };
    let charset = charset.filter(|_| quoted_printable || plain_charset).unwrap_or(UTF_8);
    let text = charset.decode_without_bom_handling_and_without_replacement(&bytes).ok_or(Fault::Encoding)?;
    property.value = text.trim().to_owned();
    Ok(property)
}

/// Quoted-printable to bytes; what is none of its escapes stays as it is.
fn quoted(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'=', [high, low, after @ ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((byte, after));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The parts of `text` between separators that are neither escaped nor in quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        quoted ^= letter == '"';
        if letter == separator && !quoted {
            parts.push(text.get(start..at).unwrap_or_default());
            start = at + letter.len_utf8();
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// The parts of a value between separators that are not escaped, each without its escapes.
pub(crate) fn parts(value: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        if letter == separator {
            parts.push(String::new());
            continue;
        }
        let Some(part) = parts.last_mut() else { continue };
        if letter != '\\' {
            part.push(letter);
            continue;
        }
        match letters.next() {
            Some('n' | 'N') => part.push('\n'),
            Some(escaped @ (',' | ';' | ':' | '\\' | '"')) => part.push(escaped),
            // Version 2.1 has no escapes but that of the semicolon, so a backslash may be one.
            Some(other) => part.extend(['\\', other]),
            None => part.push('\\'),
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// A whole value without its escapes.
pub(crate) fn text(value: &str) -> String {
    parts(value, '\0').concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[u8]) -> (String, Vec<String>, bool, String) {
        let property = parse(line, true).expect("a property");
        (property.name, property.types, property.preferred, property.value)
    }

    fn expected(name: &str, types: &[&str], preferred: bool, value: &str) -> (String, Vec<String>, bool, String) {
        (name.to_owned(), types.iter().map(|kind| (*kind).to_owned()).collect(), preferred, value.to_owned())
    }

    #[test]
    fn parameters_of_all_versions() {
        let cases: [(&[u8], _); 9] = [
            (b"tel;HOME;VOICE;PREF:1", expected("TEL", &["home", "voice"], true, "1")),
            (b"item1.TEL;type=WORK;type=pref:1", expected("TEL", &["work"], true, "1")),
            (b"TEL;TYPE=\"work,voice\";VALUE=uri;PREF=1:tel:+1", expected("TEL", &["work", "voice"], true, "tel:+1")),
            (b"ADR;LABEL=\"a;b:c\";TYPE=home:;;x", expected("ADR", &["home"], false, ";;x")),
            (b"N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J", expected("N", &[], false, "Müller;J")),
            (b"N;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FCller=4", expected("N", &[], false, "Müller=4")),
            (b"FN;CHARSET=ISO-8859-1:M\xfcller", expected("FN", &[], false, "Müller")),
            (b"NOTE:a \"quote: b", expected("NOTE", &[], false, "a \"quote: b")),
            (b"NOTE;X=\"open:b", expected("NOTE", &[], false, "b")),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line), expected, "{}", String::from_utf8_lossy(line));
        }
        assert_eq!(parse(b"no property", true), Err(Fault::NoColon));
        for line in [&b"FN:M\xfcller"[..], b"FN;CHARSET=NONE:a", b"FN;CHARSET=UTF-8;QUOTED-PRINTABLE:=FC"] {
            assert_eq!(parse(line, true), Err(Fault::Encoding));
        }
        assert_eq!(parse("FN;CHARSET=ISO-8859-1:Müller".as_bytes(), false).expect("a property").value, "Müller");
    }

    #[test]
    fn escapes_are_taken_away_after_the_split() {
        assert_eq!(parts("a\\;b;c\\,d;\\\\;e\\nf;C:\\x", ';'), ["a;b", "c,d", "\\", "e\nf", "C:\\x"]);
        assert_eq!(text("a;b\\, c\\"), "a;b, c\\");
    }
}
