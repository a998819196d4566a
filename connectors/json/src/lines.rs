//! One object a line.

use std::str;

use goldsmith_source::SourceError;
use goldsmith_source::contract::MAX_RAW_BYTES;

use crate::rows::{Found, Input, MAX_ROW_BYTES, Take};
use goldsmith_json_rows::{Node, parse};

/// Takes every line that is not blank. Gives how many there were.
pub(crate) fn each_row(input: &mut Input<'_>, take: &mut Take<'_>) -> Result<u64, SourceError> {
    let (mut row, mut line) = (0, 0);
    loop {
        line += 1;
        let Some(end) = line_end(input)? else { return Ok(row) };
        match end {
            End::Line(length) | End::File(length) => {
                let bytes = input.rest().get(..length).unwrap_or_default();
                if !bytes.trim_ascii().is_empty() {
                    row += 1;
                    take_line(input, bytes, row, line, matches!(end, End::File(_)), take)?;
                }
                // Beyond the line end too; at the end of the file there is none to pass.
                input.advance(length + 1);
            }
            End::TooLong => {
                row += 1;
                let raw = input.rest().get(..MAX_RAW_BYTES).unwrap_or_default();
                let message = format!("(line {line}): is longer than {} MiB", MAX_ROW_BYTES >> 20);
                take(Found::Rejected(input.rejected(row, "row_too_long", message, raw)))?;
                pass_over_line(input)?;
            }
        }
    }
}

enum End {
    /// A line end follows after so many bytes.
    Line(usize),
    /// The file ends after so many bytes.
    File(usize),
    TooLong,
}

/// Where the line ends that is next; `None` at the end of the file.
fn line_end(input: &mut Input<'_>) -> Result<Option<End>, SourceError> {
    let mut seen = 0;
    loop {
        let rest = input.rest();
        let found = rest.get(seen..).and_then(|new| new.iter().position(|&byte| byte == b'\n'));
        let length = found.map_or(rest.len(), |at| seen + at);
        if length > MAX_ROW_BYTES {
            return Ok(Some(End::TooLong));
        }
        if found.is_some() {
            return Ok(Some(End::Line(length)));
        }
        seen = length;
        if input.at_end {
            return Ok((seen > 0).then_some(End::File(seen)));
        }
        input.fill(seen * 2 + 1)?;
    }
}

fn pass_over_line(input: &mut Input<'_>) -> Result<(), SourceError> {
    loop {
        let rest = input.rest();
        if let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
            input.advance(at + 1);
            return Ok(());
        }
        let length = rest.len();
        input.advance(length);
        if input.at_end {
            return Ok(());
        }
        input.fill(1)?;
    }
}

fn take_line(
    input: &Input<'_>,
    bytes: &[u8],
    row: u64,
    line: u64,
    is_last: bool,
    take: &mut Take<'_>,
) -> Result<(), SourceError> {
    let raw = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let mut reject = |rule: &'static str, fault: String| {
        take(Found::Rejected(input.rejected(row, rule, format!("(line {line}{fault}"), raw)))
    };
    let Ok(text) = str::from_utf8(raw) else {
        return if is_last {
            reject("torn_row", "): the file ends inside it; it may be cut short".to_owned())
        } else {
            reject("invalid_encoding", "): holds bytes that are invalid in the declared encoding".to_owned())
        };
    };
    match parse(text) {
        Ok(Node::Object(object)) => take(Found::Row { row, object: &object, bytes: bytes.len() }),
        Ok(_) => reject("not_an_object", "): is no object".to_owned()),
        Err(_) if is_last => reject("torn_row", "): the file ends inside it; it may be cut short".to_owned()),
        Err(error) => {
            let column = text.get(..error.at).unwrap_or_default().chars().count() + 1;
            reject("invalid_json", format!(", column {column}): {}", error.fault))
        }
    }
}
