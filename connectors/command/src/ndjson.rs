//! One JSON object a line: lines to rows, rows to batches.

use std::borrow::Cow;
use std::str;
use std::sync::Arc;

use goldsmith_json_rows::{MAX_COLUMNS, Members, Node, Table, parse};
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::lines::{End, Line, Lines, MAX_LINE_BYTES};
use goldsmith_source::program::Output;
use goldsmith_source::{Chunk, RejectedRow, Sink, SourceError};

use crate::read::{Ran, internal, unreadable};

/// The kinds of all rows.
pub(crate) fn infer(output: &Output, place: &str) -> Result<Members, SourceError> {
    let mut members = Members::default();
    each_row(output, place, |_, found| {
        if let Ok(object) = found {
            members.widen(&object);
        }
        if members.len() > MAX_COLUMNS {
            let message = format!("its rows have more than {MAX_COLUMNS} different members; are names data?");
            return Err(SourceError::corrupt(place, message));
        }
        Ok(())
    })?;
    Ok(members)
}

/// Pushes every row, with the columns at the positions `wanted`, and tells how many there were.
pub(crate) fn read(
    ran: &Ran,
    wanted: &[usize],
    table: &Arc<str>,
    place: &str,
    batch_rows: usize,
    sink: &mut dyn Sink,
) -> Result<u64, SourceError> {
    let columns = Table::new(&ran.members, wanted);
    let mut batch = Batch { ran, columns, table, place, rows: Vec::new(), bytes: 0 };
    let count = each_row(&ran.output, place, |at, found| match batch.append(at, found)? {
        Some(rejected) => sink.reject(rejected),
        None if batch.rows.len() >= batch_rows || batch.bytes >= MAX_BATCH_BYTES => batch.push(sink),
        None => Ok(()),
    })?;
    batch.push(sink)?;
    Ok(count)
}

/// A row and its place.
struct At<'a> {
    row: u64,
    line: Line<'a>,
}

/// Why a line is no row.
struct Fault {
    rule: &'static str,
    column: Option<String>,
    what: String,
}

impl Fault {
    fn new(rule: &'static str, what: impl Into<String>) -> Self {
        Self { rule, column: None, what: what.into() }
    }

    fn rejected(self, table: &Arc<str>, at: &At<'_>) -> RejectedRow {
        RejectedRow {
            file: Arc::clone(table),
            row: at.row,
            byte_offset: Some(at.line.offset),
            column: self.column,
            rule: self.rule,
            message: format!("row {} (line {}): {}", at.row, at.line.number, self.what),
            raw: RejectedRow::cut(at.line.bytes),
        }
    }
}

/// A row's members, or why it is none.
type Found<'a> = Result<Vec<(Cow<'a, str>, Node<'a>)>, Fault>;

fn each_row(
    output: &Output,
    place: &str,
    mut take: impl FnMut(&At<'_>, Found<'_>) -> Result<(), SourceError>,
) -> Result<u64, SourceError> {
    let mut lines = Lines::new(output.reader());
    let mut row = 0;
    while let Some(line) = lines.next_line().map_err(|error| unreadable(place, error))? {
        if line.bytes.trim_ascii().is_empty() {
            continue;
        }
        row += 1;
        let found = object(&line);
        if found.is_err() && line.end == End::Stream {
            let number = line.number;
            let message =
                format!("its output ends inside line {number}, so it is cut short; run again, or mend the program");
            return Err(SourceError::corrupt(place, message));
        }
        take(&At { row, line }, found)?;
    }
    Ok(row)
}

fn object<'a>(line: &Line<'a>) -> Found<'a> {
    if line.end == End::TooLong {
        return Err(Fault::new("row_too_long", format!("is longer than {} MiB", MAX_LINE_BYTES >> 20)));
    }
    let text = str::from_utf8(line.bytes).map_err(|_| Fault::new("invalid_encoding", "is not UTF-8"))?;
    match parse(text) {
        Ok(Node::Object(members)) => Ok(members),
        Ok(_) => Err(Fault::new("not_an_object", "is no object")),
        Err(error) => {
            let column = text.get(..error.at).unwrap_or_default().chars().count() + 1;
            Err(Fault::new("invalid_json", format!("is no JSON from column {column} on: {}", error.fault)))
        }
    }
}

/// The rows gathered for the next chunk.
struct Batch<'a> {
    ran: &'a Ran,
    columns: Table<'a>,
    table: &'a Arc<str>,
    place: &'a str,
    rows: Vec<u64>,
    bytes: usize,
}

impl Batch<'_> {
    /// Adds a row, or gives it back as rejected.
    fn append(&mut self, at: &At<'_>, found: Found<'_>) -> Result<Option<RejectedRow>, SourceError> {
        let object = match found {
            Ok(object) => object,
            Err(fault) => return Ok(Some(fault.rejected(self.table, at))),
        };
        if self.ran.declared
            && let Some((name, _)) = self.ran.members.misfit(&object)
        {
            return Ok(Some(self.misfit(name).rejected(self.table, at)));
        }
        self.columns.push(&object).map_err(|_| internal(self.place))?;
        self.rows.push(at.row);
        self.bytes += at.line.bytes.len();
        Ok(None)
    }

    fn misfit(&self, name: &str) -> Fault {
        let held = self.ran.schema.field_with_name(name).map(|field| field.data_type().to_string()).unwrap_or_default();
        let what = format!("column \"{name}\" does not hold {held}");
        Fault { rule: "wrong_type", column: Some(name.to_owned()), what }
    }

    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let batch = self.columns.finish().map_err(|error| internal(self.place).because(error))?;
        sink.chunk(Chunk { file: Arc::clone(self.table), rows: std::mem::take(&mut self.rows), batch })
    }
}
