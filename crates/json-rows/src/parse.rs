//! JSON text to a tree that borrows from it.
//!
//! Our own parser and not serde_json's, because numbers are kept as written: a 20-digit account number must not
//! pass through a float. serde_json is the oracle of the tests.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Deepest nesting that is read.
pub const MAX_DEPTH: usize = 128;

/// The members of an object, in the order of the text; a name may come twice, and then the last counts.
pub type Object<'a> = [(Cow<'a, str>, Node<'a>)];

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<'a> {
    Null,
    Bool(bool),
    /// The digits as written.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// See [`Object`].
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// What is wrong, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    pub at: usize,
    pub fault: &'static str,
}

impl Node<'_> {
    /// The member `name` of an object.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl ParseError {
    /// Whether `text`, which gave this error, could be the start of a JSON value: it was cut.
    #[must_use]
    pub fn is_cut(&self, text: &str) -> bool {
        let rest = text.get(self.at..).unwrap_or_default();
        rest.trim_ascii_end().is_empty() || ["true", "false", "null"].iter().any(|word| word.starts_with(rest))
    }
}

/// The value `text` consists of, white space around it aside.
///
/// # Errors
/// Where it is no JSON (RFC 8259), or nested deeper than [`MAX_DEPTH`].
pub fn parse(text: &str) -> Result<Node<'_>, ParseError> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0 };
    let node = parser.value(0)?;
    parser.space();
    if parser.at < text.len() { Err(parser.error("something follows the value")) } else { Ok(node) }
}

/// Writes `node` as JSON without white space.
pub fn render(node: &Node<'_>, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Bool(true) => out.push_str("true"),
        Node::Bool(false) => out.push_str("false"),
        Node::Number(digits) => out.push_str(digits),
        Node::Text(text) => quote(text, out),
        Node::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                render(item, out);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            // The last of several members of one name is the one that counts.
            let last = |at: usize, name: &str| !members.iter().skip(at + 1).any(|(other, _)| other == name);
            let kept = members.iter().enumerate().filter(|(at, (name, _))| last(*at, name));
            for (number, (_, (name, value))) in kept.enumerate() {
                if number > 0 {
                    out.push(',');
                }
                quote(name, out);
                out.push(':');
                render(value, out);
            }
            out.push('}');
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn error(&self, fault: &'static str) -> ParseError {
        ParseError { at: self.at, fault }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node<'a>, ParseError> {
        self.space();
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(self.error("nested deeper than 128")),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Node::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Node::Number),
            Some(b't') => self.word("true", Node::Bool(true)),
            Some(b'f') => self.word("false", Node::Bool(false)),
            Some(b'n') => self.word("null", Node::Null),
            Some(_) => Err(self.error("a value is expected")),
            None => Err(self.error("the text ends where a value is expected")),
        }
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<Node<'a>, ParseError> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(node)
        } else {
            Err(self.error("a value is expected"))
        }
    }

    fn object(&mut self, depth: usize) -> Result<Node<'a>, ParseError> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Node::Object(members));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a member name in quotes is expected"));
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.error("a colon is expected"));
            }
            self.at += 1;
            members.push((name, self.value(depth + 1)?));
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Node::Object(members));
                }
                _ => return Err(self.error("a comma or the end of the object is expected")),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Node<'a>, ParseError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Node::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Node::List(items));
                }
                _ => return Err(self.error("a comma or the end of the list is expected")),
            }
        }
    }

    fn number(&mut self) -> Result<&'a str, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(self.error("a number may not start with 0"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.error("a digit is expected"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// The string whose opening quote is next.
    fn string(&mut self) -> Result<Cow<'a, str>, ParseError> {
        self.at += 1;
        let mut owned: Option<String> = None;
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let plain = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            self.at = start + plain.unwrap_or(rest.len());
            let text = self.text.get(start..self.at).unwrap_or_default();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(text),
                        Some(owned) => Cow::Owned(owned + text),
                    });
                }
                Some(b'\\') => {
                    let owned = owned.get_or_insert_default();
                    owned.push_str(text);
                    owned.push(self.escape()?);
                }
                Some(_) => return Err(self.error("a control character stands in a string")),
                None => return Err(self.error("the text ends inside a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            Some(_) => return Err(self.error("there is no such escape")),
            None => return Err(self.error("the text ends inside a string")),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode_escape(&mut self) -> Result<char, ParseError> {
        let first = self.code_unit()?;
        let code = match first {
            0xd800..=0xdbff if self.bytes.get(self.at..self.at + 2) == Some(b"\\u") => {
                self.at += 1;
                match self.code_unit()? {
                    second @ 0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => return Err(self.error("half of a surrogate pair stands alone")),
                }
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.error("half of a surrogate pair stands alone"))
    }

    /// The four hexadecimal digits after the `u` that is next.
    fn code_unit(&mut self) -> Result<u32, ParseError> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.error("four hexadecimal digits are expected"))?;
            self.at += 1;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn value(node: &Node<'_>) -> Value {
        match node {
            Node::Null => Value::Null,
            Node::Bool(b) => Value::Bool(*b),
            Node::Number(digits) => serde_json::from_str(digits).unwrap(),
            Node::Text(text) => Value::String(text.clone().into_owned()),
            Node::List(items) => items.iter().map(value).collect(),
            Node::Object(members) => {
                members.iter().map(|(name, node)| (name.clone().into_owned(), value(node))).collect()
            }
        }
    }

    fn check(text: &str) {
        let oracle: Result<Value, _> = serde_json::from_str(text);
        match (parse(text), oracle) {
            (Ok(node), Ok(wanted)) => {
                assert_eq!(value(&node), wanted, "{text}");
                let mut rendered = String::new();
                render(&node, &mut rendered);
                assert_eq!(serde_json::from_str::<Value>(&rendered).unwrap(), wanted, "{text}");
            }
            (Err(_), Err(_)) => {}
            // Only digits are kept here; whether they fit a float is asked when types are inferred.
            (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
            (ours, theirs) => panic!("{text}: {ours:?}, {theirs:?}"),
        }
    }

    /// Every text of up to five tokens is accepted or refused as by serde_json, with the same value.
    #[test]
    fn reads_as_serde_json_does() {
        let tokens = ["{", "}", "[", "]", ":", ",", "\"a\"", "1", "-0.5e3", "null", " "];
        let count = tokens.len();
        for length in 1..=5_u32 {
            for code in 0..count.pow(length) {
                let text: String = (0..length).map(|at| tokens[code / count.pow(at) % count]).collect();
                check(&text);
            }
        }
    }

    #[test]
    fn reads_strings_and_numbers_as_serde_json_does() {
        let cases = [
            r#""\u00e9\ud83d\ude00\n\/\b\f""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00""#,
            r#""\x""#,
            r#""\u12""#,
            "\"a\tb\"",
            "\"é😀\"",
            "\"",
            "\"\\",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1E-2",
            "-0",
            "+1",
            "NaN",
            "Infinity",
            "tru",
            "truex",
            "nullnull",
            "{\"a\":1,}",
            "[1,]",
            "{\"a\":1,\"a\":2}",
            "{'a':1}",
            "\u{feff}1",
            "",
            " ",
            "//x",
            "\"\u{0}\"",
            "\"\u{7f}\"",
            "123456789012345678901234567890",
            "{\"\":{}}",
        ];
        for text in cases {
            check(text);
        }
    }

    #[test]
    fn a_cut_text_is_told_from_a_wrong_one() {
        let whole = r#"{"a":[1.5e3,"x\n\u00e9"],"b":true,"c":null}"#;
        for cut in 1..whole.len() {
            let text = &whole[..cut];
            assert!(parse(text).unwrap_err().is_cut(text), "{text}");
        }
        for text in ["nope", "{\"a\": nope}", "[1,]", "<html>", "{\"a\" 1}", "1 2", "[trux"] {
            assert!(!parse(text).unwrap_err().is_cut(text), "{text}");
        }
    }

    #[test]
    fn members_are_found_by_name_and_the_last_of_several_counts() {
        let node = parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(node.get("a"), Some(&Node::Number("3")));
        assert_eq!(node.get("c"), None);
        assert_eq!(Node::Null.get("a"), None);
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(parse(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_ok());
        let error = parse(&"[".repeat(1_000_000)).unwrap_err();
        assert_eq!(error, ParseError { at: 128, fault: "nested deeper than 128" });
    }
}
