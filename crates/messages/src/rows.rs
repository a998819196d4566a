//! Messages to batches and rejected rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use goldsmith_json_rows::{Node, Object, Table, parse};
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::{Chunk, ErrorKind, RejectedRow, Sink, SourceError};

use crate::message::Message;
use crate::shape::{EmptyMessages, Shape};

/// The rows gathered for the next chunk.
pub struct Rows<'a, M> {
    shape: &'a Shape,
    table: Table<'a>,
    columns: Vec<Source>,
    schema: SchemaRef,
    /// What rows are said to come from.
    file: Arc<str>,
    batch_rows: usize,
    taken: Vec<M>,
    deleted: Vec<bool>,
    bytes: usize,
}

/// Where the values of a wanted column are.
enum Source {
    Place(usize),
    Deleted,
    /// In the table of members, at this position.
    Member(usize),
}

/// Why a message is no row.
struct Fault {
    rule: &'static str,
    column: Option<String>,
    what: String,
}

impl<'a, M: Message> Rows<'a, M> {
    /// `wanted` are positions in [`Shape::schema`].
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] where a position is not in the schema.
    pub fn new(shape: &'a Shape, wanted: &[usize], file: Arc<str>, batch_rows: usize) -> Result<Self, SourceError> {
        let places = M::columns().len();
        let before = places + usize::from(shape.empty == EmptyMessages::Delete);
        let (mut columns, mut members) = (Vec::new(), Vec::new());
        for at in wanted {
            columns.push(match at {
                at if *at < places => Source::Place(*at),
                at if *at < before => Source::Deleted,
                at => {
                    members.push(at - before);
                    Source::Member(members.len() - 1)
                }
            });
        }
        let schema = shape.schema::<M>().project(wanted).map_err(|error| internal(&file).because(error))?;
        Ok(Self {
            shape,
            table: Table::new(&shape.members, &members),
            columns,
            schema: Arc::new(schema),
            file,
            batch_rows: batch_rows.max(1),
            taken: Vec::new(),
            deleted: Vec::new(),
            bytes: 0,
        })
    }

    /// Takes a message, and hands a batch to `sink` where it is full, and the message where it is no row.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn push(&mut self, message: M, sink: &mut dyn Sink) -> Result<(), SourceError> {
        match self.row(&message) {
            Ok(None) => self.deleted.push(true),
            Ok(Some(())) => self.deleted.push(false),
            Err(Some(fault)) => return sink.reject(self.rejected(&message, fault)),
            Err(None) => return Err(internal(&self.file)),
        }
        self.bytes += message.payload().len() + size_of::<M>();
        self.taken.push(message);
        if self.taken.len() >= self.batch_rows || self.bytes >= MAX_BATCH_BYTES { self.flush(sink) } else { Ok(()) }
    }

    /// Hands on what there is.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let members = self.table.finish().map_err(|error| internal(&self.file).because(error))?;
        let deleted: ArrayRef = Arc::new(BooleanArray::from(std::mem::take(&mut self.deleted)));
        let array = |source: &Source| match source {
            Source::Place(at) => M::values(*at, &self.taken),
            Source::Deleted => Arc::clone(&deleted),
            Source::Member(at) => Arc::clone(members.column(*at)),
        };
        let arrays = self.columns.iter().map(array).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.taken.len()));
        let built = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options);
        let batch = built.map_err(|error| internal(&self.file).because(error))?;
        let rows = self.taken.drain(..).map(|message| message.row()).collect();
        self.bytes = 0;
        sink.chunk(Chunk { file: Arc::clone(&self.file), rows, batch })
    }

    /// Puts a message's content into the columns; none where it stands for a deletion. Without a fault to tell, it is
    /// this program's.
    fn row(&mut self, message: &M) -> Result<Option<()>, Option<Fault>> {
        let payload = message.payload();
        if payload.is_empty() {
            return match self.shape.empty {
                EmptyMessages::Delete => self.append(&[]).map(|()| None),
                EmptyMessages::Reject => Err(Some(Fault::new(
                    "empty_message",
                    "is empty, which often stands for a deletion; write \"empty_messages: delete\" where it does",
                ))),
            };
        }
        let text = std::str::from_utf8(payload)
            .map_err(|_| Some(Fault::new("invalid_encoding", "is not text in UTF-8, so it is no JSON object")))?;
        let node = parse(text).map_err(|error| {
            Some(Fault::new("invalid_json", format!("is not JSON (byte {}: {})", error.at, error.fault)))
        })?;
        let Node::Object(object) = node else {
            return Err(Some(Fault::new("not_an_object", "is JSON, but no object")));
        };
        if let Some((name, _)) = self.shape.members.misfit(&object) {
            let way_out = match self.shape.is_sampled {
                true => {
                    "the sample that the columns were found by had others; raise \"sample\", or declare \"columns\""
                }
                false => "correct \"columns\", or the message",
            };
            let what = format!("column \"{name}\" has a value of another type; {way_out}");
            return Err(Some(Fault { rule: "wrong_type", column: Some(name.to_owned()), what }));
        }
        self.append(&object).map(Some)
    }

    fn append(&mut self, object: &Object<'_>) -> Result<(), Option<Fault>> {
        self.table.push(object).map_err(|_| None)
    }

    fn rejected(&self, message: &M, fault: Fault) -> RejectedRow {
        RejectedRow {
            file: Arc::clone(&self.file),
            row: message.row(),
            byte_offset: None,
            column: fault.column,
            rule: fault.rule,
            message: format!("{}, {}: {}", self.file, message.place(), fault.what),
            raw: RejectedRow::cut(message.payload()),
        }
    }
}

impl Fault {
    fn new(rule: &'static str, what: impl Into<String>) -> Self {
        Self { rule, column: None, what: what.into() }
    }
}

fn internal(file: &str) -> SourceError {
    SourceError::new(ErrorKind::Internal, "the messages do not fit the columns found for them").at(file)
}
