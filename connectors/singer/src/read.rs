//! One run of the tap for all schemas and rows. The first pass over its output finds the streams, each read takes the
//! records of one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{Field, Schema, SchemaRef};
use goldsmith_source::lines::{Line, Lines};
use goldsmith_source::program::Output;
use goldsmith_source::rows::Rows;
use goldsmith_source::{
    ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request,
};
use serde_json::Value;

use crate::column::{Builder, Cell, Kind};
use crate::config::SingerConfig;
use crate::message::{Message, parse};
use crate::tap::{TapRun, run};

pub(crate) struct SingerSource {
    config: SingerConfig,
    base_dir: PathBuf,
    /// What the tap wrote, so that all schemas and tables share one run.
    ran: Mutex<Option<Arc<Ran>>>,
}

struct Ran {
    output: Output,
    /// In the order of the catalog, then of first appearance.
    streams: Vec<Stream>,
}

struct Stream {
    name: String,
    columns: Vec<(String, Kind)>,
    /// Whether a SCHEMA message came; until then the columns are those discovered.
    announced: bool,
    /// The version that counts in the end, where the tap says one.
    version: Option<i64>,
}

impl SingerSource {
    pub(crate) fn new(config: SingerConfig, context: &OpenContext) -> Self {
        Self { config, base_dir: context.base_dir.clone(), ran: Mutex::new(None) }
    }

    fn ran(&self) -> Result<Arc<Ran>, SourceError> {
        let mut ran = self.ran.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ran) = &*ran {
            return Ok(Arc::clone(ran));
        }
        let TapRun { output, selected } = run(&self.config, &self.base_dir)?;
        let mut streams: Vec<Stream> = Vec::new();
        for discovered in selected {
            let columns = columns(&discovered.schema);
            streams.push(Stream { name: discovered.name, columns, announced: false, version: None });
        }
        self.find_streams(&output, &mut streams)?;
        if let Some(wanted) = &self.config.streams {
            let names: Vec<String> = streams.iter().map(|stream| stream.name.clone()).collect();
            for stream in wanted {
                request::table(Some(stream), &names, &self.config.program)?;
            }
            streams.retain(|stream| wanted.contains(&stream.name));
        }
        let new = Arc::new(Ran { output, streams });
        *ran = Some(Arc::clone(&new));
        Ok(new)
    }

    /// The first pass: the streams and their columns.
    fn find_streams(&self, output: &Output, streams: &mut Vec<Stream>) -> Result<(), SourceError> {
        let place = &self.config.program;
        each_message(output, place, |line, message| {
            match message {
                Message::Schema { stream, schema } => match streams.iter_mut().find(|known| known.name == stream) {
                    Some(known) => known.announce(columns(&schema)),
                    None => {
                        let columns = columns(&schema);
                        streams.push(Stream { name: stream, columns, announced: true, version: None });
                    }
                },
                Message::Record { stream, .. } => {
                    if !streams.iter().any(|known| known.announced && known.name == stream) {
                        let number = line.number;
                        let message = format!(
                            "line {number} of its output is a record before the schema of its stream; ask the author of the tap"
                        );
                        return Err(SourceError::corrupt(place, message));
                    }
                }
                Message::ActivateVersion { stream, version } => {
                    if let Some(known) = streams.iter_mut().find(|known| known.name == stream) {
                        known.version = Some(version);
                    }
                }
                Message::State => {}
            }
            Ok(())
        })
    }
}

impl Stream {
    /// A schema may come again, and differ: the columns are those of all, wide enough for each.
    fn announce(&mut self, columns: Vec<(String, Kind)>) {
        if !self.announced {
            self.announced = true;
            self.columns = columns;
            return;
        }
        for (name, kind) in columns {
            match self.columns.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = known.and(kind),
                None => self.columns.push((name, kind)),
            }
        }
    }

    fn schema(&self) -> SchemaRef {
        let field = |(name, kind): &(String, Kind)| Field::new(name, kind.data_type(), true);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }
}

fn columns(schema: &Value) -> Vec<(String, Kind)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, property)| (name.clone(), Kind::of(property, schema))).collect()
}

impl Ran {
    fn stream(&self, requested: Option<&str>, place: &str) -> Result<&Stream, SourceError> {
        let names: Vec<String> = self.streams.iter().map(|stream| stream.name.clone()).collect();
        let name = request::table(requested, &names, place)?;
        let found = self.streams.iter().find(|stream| stream.name == name);
        found.ok_or_else(|| SourceError::new(ErrorKind::Internal, "a table vanished from its own list").at(place))
    }
}

impl Source for SingerSource {
    /// The tap without arguments and configuration.
    fn locator(&self) -> String {
        self.config.program.clone()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.ran()?.streams.iter().map(|stream| stream.name.clone()).collect())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        Ok(self.ran()?.stream(table, &self.locator())?.schema())
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let place = self.locator();
        let ran = self.ran()?;
        let stream = ran.stream(request.table.as_deref(), &place)?;
        let wanted = request::projection(request.columns.as_deref(), &stream.schema(), &place)?;
        let mut batch = Batch::new(stream, &wanted, &place, request.batch_rows)?;
        let mut number = 0;
        each_message(&ran.output, &place, |line, message| {
            let Message::Record { stream: name, record, version } = message else { return Ok(()) };
            if name != stream.name {
                return Ok(());
            }
            number += 1;
            match cells(stream, &record, version) {
                Ok(cells) => batch.append(number, &cells, line.bytes.len()),
                Err(fault) => return sink.reject(fault.rejected(stream, number, line)),
            }
            if batch.rows.are_enough() {
                batch.push(sink)?;
            }
            Ok(())
        })?;
        batch.push(sink)?;
        // A tap stamps its messages with the time, so a checksum would say nothing about the records.
        sink.file_done(FileRead {
            file: stream.name.as_str().into(),
            bytes: ran.output.bytes(),
            checksum: None,
            rows: number,
        })
    }
}

fn each_message(
    output: &Output,
    place: &str,
    mut take: impl FnMut(&Line<'_>, Message) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let mut lines = Lines::new(output.reader());
    loop {
        let line = lines.next_line().map_err(|error| {
            let message = "its output could not be read back from its temporary file; run again";
            SourceError::unavailable(place, message).because(error)
        })?;
        match line {
            None => return Ok(()),
            Some(line) if line.bytes.trim_ascii().is_empty() => {}
            Some(line) => take(&line, parse(&line, place)?)?,
        }
    }
}

/// Why a record is no row.
struct Fault {
    rule: &'static str,
    column: Option<String>,
    what: String,
}

impl Fault {
    fn rejected(self, stream: &Stream, row: u64, line: &Line<'_>) -> RejectedRow {
        RejectedRow {
            file: stream.name.as_str().into(),
            row,
            byte_offset: Some(line.offset),
            column: self.column,
            rule: self.rule,
            message: format!("row {row} (line {}): {}", line.number, self.what),
            raw: RejectedRow::cut(line.bytes),
        }
    }
}

/// A record's values by column. All of them are looked at, so that a record has one fate whichever are asked for.
fn cells(stream: &Stream, record: &Value, version: Option<i64>) -> Result<Vec<Cell>, Fault> {
    if let (Some(active), Some(version)) = (stream.version, version)
        && active != version
    {
        let what = "was replaced by what was activated later".to_owned();
        return Err(Fault { rule: "replaced_version", column: None, what });
    }
    let Value::Object(record) = record else {
        return Err(Fault { rule: "not_an_object", column: None, what: "is no object".to_owned() });
    };
    let cell = |(name, kind): &(String, Kind)| match record.get(name) {
        None => Ok(Cell::Null),
        Some(value) => kind.cell(value).ok_or_else(|| Fault {
            rule: "wrong_type",
            column: Some(name.clone()),
            what: format!("column \"{name}\" does not hold what its schema says"),
        }),
    };
    stream.columns.iter().map(cell).collect()
}

/// The rows gathered for the next chunk.
struct Batch<'a> {
    wanted: &'a [usize],
    builders: Vec<Builder>,
    rows: Rows,
}

impl<'a> Batch<'a> {
    fn new(stream: &Stream, wanted: &'a [usize], place: &str, batch_rows: usize) -> Result<Self, SourceError> {
        let schema = stream.schema().project(wanted).map(Arc::new).map_err(|error| {
            SourceError::new(ErrorKind::Internal, "the projection does not fit the schema").at(place).because(error)
        })?;
        let builders =
            wanted.iter().filter_map(|at| stream.columns.get(*at)).map(|(_, kind)| Builder::new(*kind)).collect();
        Ok(Self { wanted, builders, rows: Rows::new(stream.name.as_str().into(), schema, batch_rows) })
    }

    fn append(&mut self, row: u64, cells: &[Cell], bytes: usize) {
        for (builder, at) in self.builders.iter_mut().zip(self.wanted) {
            builder.append(cells.get(*at).unwrap_or(&Cell::Null));
        }
        self.rows.add(row, bytes);
    }

    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.rows.push(|| self.builders.iter_mut().map(Builder::finish).collect(), sink)
    }
}
