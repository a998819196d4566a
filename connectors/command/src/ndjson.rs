//! One JSON object a line: lines to rows, rows to batches.

use std::str;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::json::ReaderBuilder;
use goldsmith_source::columns::conform;
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::lines::{End, Line, Lines, MAX_LINE_BYTES};
use goldsmith_source::program::Output;
use goldsmith_source::{Chunk, ErrorKind, RejectedRow, Sink, SourceError};
use serde_json::{Map, Value};

use crate::infer::Members;
use crate::read::Ran;

/// Most different columns of a source.
const MAX_COLUMNS: usize = 10_000;

/// The kinds of all rows.
pub(crate) fn infer(output: &Output, place: &str) -> Result<Members, SourceError> {
    let mut members = Members::default();
    each_row(output, place, |_, found| {
        if let Ok((object, _)) = found {
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

/// Pushes every row, and tells how many there were.
pub(crate) fn read(
    ran: &Ran,
    schema: &SchemaRef,
    table: &Arc<str>,
    place: &str,
    batch_rows: usize,
    sink: &mut dyn Sink,
) -> Result<u64, SourceError> {
    let mut batch = Batch { ran, schema, table, place, rows: Vec::new(), bytes: 0 };
    let count = each_row(&ran.output, place, |at, found| match found {
        Err(fault) => {
            // Rows gathered may be rejected too, and rejected rows come in order.
            if ran.declared {
                batch.push(sink)?;
            }
            sink.reject(fault.rejected(table, at))
        }
        Ok((mut object, bytes)) => {
            let json = if ran.members.render(&mut object) {
                Value::Object(object).to_string().into_bytes()
            } else {
                bytes.to_vec()
            };
            batch.bytes += json.len();
            batch.rows.push(Pending { at: (at.row, at.line.number, at.line.offset), raw: bytes.to_vec(), json });
            if batch.rows.len() >= batch_rows || batch.bytes >= MAX_BATCH_BYTES {
                batch.push(sink)?;
            }
            Ok(())
        }
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
    what: String,
}

impl Fault {
    fn rejected(self, table: &Arc<str>, at: &At<'_>) -> RejectedRow {
        RejectedRow {
            file: Arc::clone(table),
            row: at.row,
            byte_offset: Some(at.line.offset),
            column: None,
            rule: self.rule,
            message: format!("row {} (line {}): {}", at.row, at.line.number, self.what),
            raw: RejectedRow::cut(at.line.bytes),
        }
    }
}

type Found<'a> = Result<(Map<String, Value>, &'a [u8]), Fault>;

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
        let found = parse(&line);
        if found.is_err() && line.end == End::Stream {
            let number = line.number;
            let message =
                format!("its output ends inside line {number}, so it is cut short; run again, or mend the program");
            return Err(SourceError::corrupt(place, message));
        }
        take(&At { row, line }, found.map(|object| (object, line.bytes)))?;
    }
    Ok(row)
}

fn parse(line: &Line<'_>) -> Result<Map<String, Value>, Fault> {
    let fault = |rule, what: &str| Fault { rule, what: what.to_owned() };
    if line.end == End::TooLong {
        return Err(Fault { rule: "row_too_long", what: format!("is longer than {} MiB", MAX_LINE_BYTES >> 20) });
    }
    let text = str::from_utf8(line.bytes).map_err(|_| fault("invalid_encoding", "is not UTF-8"))?;
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(fault("not_an_object", "is no object")),
        Err(error) => {
            Err(Fault { rule: "invalid_json", what: format!("is no JSON from column {} on", error.column()) })
        }
    }
}

/// The rows gathered for the next chunk.
struct Batch<'a> {
    ran: &'a Ran,
    schema: &'a SchemaRef,
    table: &'a Arc<str>,
    place: &'a str,
    rows: Vec<Pending>,
    bytes: usize,
}

struct Pending {
    /// Row, line and offset.
    at: (u64, u64, u64),
    raw: Vec<u8>,
    /// The row as the decoder takes it.
    json: Vec<u8>,
}

impl Batch<'_> {
    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let mut rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        // A row has one fate, whichever columns are asked for, so a declared schema is held against all of it.
        if self.ran.declared && !decodes(&rows, &self.ran.schema) {
            let (good, bad): (Vec<_>, Vec<_>) =
                rows.into_iter().partition(|row| decodes(std::slice::from_ref(row), &self.ran.schema));
            for row in bad {
                sink.reject(self.misfit(row))?;
            }
            rows = good;
            if rows.is_empty() {
                return Ok(());
            }
        }
        let batch = decode(&rows, self.schema).ok_or_else(|| internal(self.place))?;
        let rows = rows.into_iter().map(|row| row.at.0).collect();
        sink.chunk(Chunk { file: Arc::clone(self.table), rows, batch })
    }

    /// A row that does not fit the schema, with the first column at fault.
    fn misfit(&self, pending: Pending) -> RejectedRow {
        let (row, line, offset) = pending.at;
        let alone = |at: usize| self.ran.schema.project(&[at]).ok().map(Arc::new);
        let pending = [pending];
        let at_fault = (0..self.ran.schema.fields().len())
            .find(|at| alone(*at).is_some_and(|schema| !decodes(&pending, &schema)))
            .and_then(|at| self.ran.schema.fields().get(at));
        let [pending] = pending;
        let what = match at_fault {
            Some(field) => format!("column \"{}\" does not hold {}", field.name(), field.data_type()),
            None => "does not fit the declared columns".to_owned(),
        };
        RejectedRow {
            file: Arc::clone(self.table),
            row,
            byte_offset: Some(offset),
            column: at_fault.map(|field| field.name().clone()),
            rule: "wrong_type",
            message: format!("row {row} (line {line}): {what}"),
            raw: RejectedRow::cut(&pending.raw),
        }
    }
}

fn decodes(rows: &[Pending], schema: &SchemaRef) -> bool {
    decode(rows, schema).is_some()
}

/// The rows as a batch, where they fit. What the decoder says of a misfit is dropped: it repeats the value.
fn decode(rows: &[Pending], schema: &SchemaRef) -> Option<RecordBatch> {
    if schema.fields().is_empty() {
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        return RecordBatch::try_new_with_options(Arc::clone(schema), Vec::new(), &options).ok();
    }
    let builder = ReaderBuilder::new(by_offset(schema)).with_coerce_primitive(true).with_batch_size(rows.len() + 1);
    let mut decoder = builder.build_decoder().ok()?;
    for row in rows {
        let taken = decoder.decode(&row.json).ok()? + decoder.decode(b"\n").ok()?;
        if taken != row.json.len() + 1 {
            return None;
        }
    }
    let batch = decoder.flush().ok()?.filter(|batch| batch.num_rows() == rows.len())?;
    conform(&batch, schema).ok()
}

/// `schema` with UTC as an offset: Arrow reads no other zone out of text unless it has the table of all zones.
pub(crate) fn by_offset(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| match field.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            Field::new(field.name(), DataType::Timestamp(*unit, Some("+00:00".into())), true)
        }
        _ => (**field).clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

pub(crate) fn unreadable(place: &str, error: std::io::Error) -> SourceError {
    SourceError::unavailable(place, "its output could not be read back from its temporary file; run again")
        .because(error)
}

pub(crate) fn internal(place: &str) -> SourceError {
    SourceError::new(ErrorKind::Internal, "the command connector built a batch that does not fit its schema").at(place)
}
