//! One JSON value that holds the rows, element by element. What is broken outside a row breaks the document.

use std::str;

use goldsmith_source::SourceError;

use crate::rows::{Found, Input, MAX_ROW_BYTES, Take};
use goldsmith_json_rows::{MAX_DEPTH, Node, parse};

/// Takes every element of the list at `members`, or the one object there. Gives how many there were.
pub(crate) fn each_row(input: &mut Input<'_>, members: &[String], take: &mut Take<'_>) -> Result<u64, SourceError> {
    let mut walk = Walk { input, line: 1, column: 1, open: 0, rows: 0, path: "$".to_owned() };
    walk.descend(members, take)?;
    match walk.next_byte()? {
        None => Ok(walk.rows),
        Some(_) => Err(walk.broken("something follows the document; for one object a line set format: lines")),
    }
}

struct Walk<'i, 'f> {
    input: &'i mut Input<'f>,
    /// Of the next byte, from 1; columns count characters.
    line: u64,
    column: u64,
    /// Objects and lists around the next byte.
    open: usize,
    rows: u64,
    path: String,
}

impl Walk<'_, '_> {
    fn descend(&mut self, members: &[String], take: &mut Take<'_>) -> Result<(), SourceError> {
        let Some((wanted, inner)) = members.split_first() else { return self.take_rows(take) };
        if self.next_byte()? != Some(b'{') {
            return Err(self.broken(&format!("{} is no object; check rows_at", self.path)));
        }
        let mut found = false;
        self.each_member(|walk, name| {
            if name != wanted {
                return walk.skip(0);
            }
            if found {
                return Err(walk.broken(&format!("{} has the member \"{wanted}\" twice", walk.path)));
            }
            found = true;
            let outer = walk.path.len();
            walk.path.push('.');
            walk.path.push_str(wanted);
            walk.descend(inner, take)?;
            walk.path.truncate(outer);
            Ok(())
        })?;
        if found {
            return Ok(());
        }
        let message = format!("{} has no member \"{wanted}\"; check rows_at", self.path);
        Err(SourceError::corrupt(&*self.input.file.name, message))
    }

    fn take_rows(&mut self, take: &mut Take<'_>) -> Result<(), SourceError> {
        match self.next_byte()? {
            Some(b'[') => self.each_element(|walk| walk.take_row(take)),
            Some(b'{') => self.take_row(take),
            Some(b'n') => self.skip(0),
            None if self.path == "$" => Err(self.broken_at(0, "the file is empty")),
            None => Err(self.cut_short()),
            Some(_) => Err(self.broken(&format!("{} is no list of rows; check rows_at", self.path))),
        }
    }

    fn take_row(&mut self, take: &mut Take<'_>) -> Result<(), SourceError> {
        let length = self.value_length()?;
        if length > MAX_ROW_BYTES {
            return Err(self.too_long());
        }
        self.rows += 1;
        let (row, line) = (self.rows, self.line);
        let bytes = self.input.rest().get(..length).unwrap_or_default();
        let mut reject = |rule: &'static str, fault: &str| {
            take(Found::Rejected(self.input.rejected(row, rule, format!("(line {line}): {fault}"), bytes)))
        };
        match str::from_utf8(bytes).map(parse) {
            Err(_) => reject("invalid_encoding", "holds bytes that are invalid in the declared encoding")?,
            Ok(Ok(Node::Object(object))) => take(Found::Row { row, object: &object, bytes: length })?,
            Ok(Ok(_)) => reject("not_an_object", "is no object")?,
            Ok(Err(error)) => return Err(self.broken_at(error.at, error.fault)),
        }
        self.advance(length);
        Ok(())
    }

    /// Calls `each` at the value of every member of the object that is next; it takes the value.
    fn each_member(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        self.enter();
        if self.next_byte()? == Some(b'}') {
            self.leave();
            return Ok(());
        }
        loop {
            if self.next_byte()? != Some(b'"') {
                return Err(self.broken("a member name in quotes is expected"));
            }
            let length = self.value_length()?;
            let name = match self.parsed(length)? {
                Node::Text(name) => name.into_owned(),
                _ => return Err(self.broken("a member name in quotes is expected")),
            };
            self.advance(length);
            if self.next_byte()? != Some(b':') {
                return Err(self.broken("a colon is expected"));
            }
            self.advance(1);
            self.next_byte()?;
            each(self, &name)?;
            match self.next_byte()? {
                Some(b',') => self.advance(1),
                Some(b'}') => {
                    self.leave();
                    return Ok(());
                }
                _ => return Err(self.broken("a comma or the end of the object is expected")),
            }
        }
    }

    /// Calls `each` at every element of the list that is next; it takes the element.
    fn each_element(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), SourceError>) -> Result<(), SourceError> {
        self.enter();
        if self.next_byte()? == Some(b']') {
            self.leave();
            return Ok(());
        }
        loop {
            self.next_byte()?;
            each(self)?;
            match self.next_byte()? {
                Some(b',') => self.advance(1),
                Some(b']') => {
                    self.leave();
                    return Ok(());
                }
                _ => return Err(self.broken("a comma or the end of the list is expected")),
            }
        }
    }

    /// Takes a value that holds no rows, of any size.
    fn skip(&mut self, depth: usize) -> Result<(), SourceError> {
        match self.next_byte()? {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => Err(self.broken("nested deeper than 128")),
            Some(b'{') => self.each_member(|walk, _| walk.skip(depth + 1)),
            Some(b'[') => self.each_element(|walk| walk.skip(depth + 1)),
            _ => {
                let length = self.value_length()?;
                self.parsed(length)?;
                self.advance(length);
                Ok(())
            }
        }
    }

    fn parsed(&self, length: usize) -> Result<Node<'_>, SourceError> {
        let bytes = self.input.rest().get(..length).unwrap_or_default();
        let text = str::from_utf8(bytes).map_err(|error| {
            self.broken_at(error.valid_up_to(), "bytes that are invalid in the declared encoding stand here")
        })?;
        parse(text).map_err(|error| self.broken_at(error.at, error.fault))
    }

    /// How many bytes the value has that is next, by its brackets and quotes alone.
    fn value_length(&mut self) -> Result<usize, SourceError> {
        if matches!(self.next_byte()?, Some(b',' | b':' | b'}' | b']')) {
            return Err(self.broken("a value is expected"));
        }
        let (mut at, mut depth, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
        loop {
            let rest = self.input.rest();
            while let Some(&byte) = rest.get(at) {
                if in_string {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' if depth == 0 => return Ok(at + 1),
                        b'"' => in_string = false,
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' if depth == 0 && at > 0 => return Ok(at),
                        b'"' => in_string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth <= 1 => return Ok(at + depth),
                        b'}' | b']' => depth -= 1,
                        b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return Ok(at),
                        _ => {}
                    }
                }
                at += 1;
            }
            if self.input.at_end {
                let bare_word = self.open == 0 && depth == 0 && !in_string && at > 0;
                return if bare_word { Ok(at) } else { Err(self.cut_short()) };
            }
            if at > MAX_ROW_BYTES {
                return Err(self.too_long());
            }
            self.input.fill(at * 2 + 1)?;
        }
    }

    /// The next byte after white space.
    fn next_byte(&mut self) -> Result<Option<u8>, SourceError> {
        loop {
            let rest = self.input.rest();
            let space = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
            let next = rest.get(space).copied();
            self.advance(space);
            if next.is_some() || self.input.at_end {
                return Ok(next);
            }
            self.input.fill(1)?;
        }
    }

    fn enter(&mut self) {
        self.open += 1;
        self.advance(1);
    }

    fn leave(&mut self) {
        self.open -= 1;
        self.advance(1);
    }

    fn advance(&mut self, amount: usize) {
        (self.line, self.column) = self.place(amount);
        self.input.advance(amount);
    }

    /// Line and column of the byte `ahead` of the next.
    fn place(&self, ahead: usize) -> (u64, u64) {
        let passed = self.input.rest().get(..ahead).unwrap_or_default();
        let lines = count(passed, |byte| byte == b'\n');
        let last = passed.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        // Bytes that continue a character do not start a column.
        let characters = count(last, |byte| byte & 0xc0 != 0x80);
        (self.line + lines, if lines > 0 { 1 + characters } else { self.column + characters })
    }

    fn broken(&self, fault: &str) -> SourceError {
        if self.input.at_end && self.input.rest().is_empty() {
            return self.cut_short();
        }
        self.broken_at(0, fault)
    }

    fn broken_at(&self, ahead: usize, fault: &str) -> SourceError {
        let (line, column) = self.place(ahead);
        let message = format!("is no valid JSON document: line {line}, column {column}: {fault}");
        SourceError::corrupt(&*self.input.file.name, message)
    }

    fn too_long(&self) -> SourceError {
        self.broken_at(0, &format!("a value is longer than {} MiB", MAX_ROW_BYTES >> 20))
    }

    fn cut_short(&self) -> SourceError {
        let (line, column) = self.place(self.input.rest().len());
        let message =
            format!("is cut short: the document has no end in line {line}, column {column}; deliver it again");
        SourceError::corrupt(&*self.input.file.name, message)
    }
}

/// How many bytes are such. Counting in bytes lets the compiler look at many at once: every row passes here.
fn count(bytes: &[u8], such: impl Fn(u8) -> bool) -> u64 {
    let few = |chunk: &[u8]| chunk.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(u8::from(such(byte))));
    bytes.chunks(255).map(|chunk| u64::from(few(chunk))).sum()
}
