//! Lines to rows, rows to batches.

use std::str;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use goldsmith_source::files::{self, FileTable, InputFile, TextReader};
use goldsmith_source::lines::{End, Line, Lines, MAX_LINE_BYTES};
use goldsmith_source::rows::Rows;
use goldsmith_source::{ErrorKind, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request};

use crate::config::{FixedWidthConfig, Slot};
use crate::row::{Builder, Cell, Fault, cut};

pub(crate) struct FixedWidthSource {
    config: FixedWidthConfig,
    slots: Vec<Slot>,
    schema: SchemaRef,
    table: FileTable,
}

impl FixedWidthSource {
    pub(crate) fn new(config: FixedWidthConfig, slots: Vec<Slot>, schema: SchemaRef, context: &OpenContext) -> Self {
        let table = FileTable::new(config.path.clone(), context);
        Self { config, slots, schema, table }
    }

    fn read_file(
        &self,
        file: &InputFile,
        wanted: &[usize],
        batch_rows: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let reader = files::open(file, self.config.compression, &self.config.decompression)?;
        let mut lines = Lines::new(files::text(file, reader, self.config.encoding)?);
        let mut batch = Batch::new(self, file, wanted, batch_rows)?;
        let mut row = 0;
        while let Some(line) = lines.next_line().map_err(|error| files::read_error(file, error))? {
            if line.number <= self.config.skip_lines || line.bytes.trim_ascii().is_empty() {
                continue;
            }
            row += 1;
            match self.cells(&line) {
                Ok(cells) => batch.append(row, &cells, line.bytes.len()),
                Err(fault) => {
                    let place = (line.number, line.offset, line.bytes.to_vec());
                    sink.reject(fault.rejected(file, row, &place, lines.stream()))?;
                    continue;
                }
            }
            if batch.rows.are_enough() {
                batch.push(sink)?;
            }
        }
        batch.push(sink)?;
        sink.file_done(lines.into_inner().finish(file)?.into_file_read(file, row))
    }

    fn cells<'l>(&self, line: &Line<'l>) -> Result<Vec<Cell<'l>>, Rejection> {
        if line.end == End::TooLong {
            let what = format!("is longer than {} MiB", MAX_LINE_BYTES >> 20);
            return Err(Rejection { rule: "row_too_long", column: None, what });
        }
        let Ok(text) = str::from_utf8(line.bytes) else {
            let what = "holds bytes that are invalid in the declared encoding".to_owned();
            return Err(Rejection { rule: "invalid_encoding", column: None, what });
        };
        cut(text, &self.slots, &self.config).map_err(|fault| match fault {
            Fault::Short(_) if line.end == End::Stream => {
                let what = "the file ends inside it; it may be cut short".to_owned();
                Rejection { rule: "torn_row", column: None, what }
            }
            Fault::Short(length) => {
                let end = self.slots.iter().map(|slot| slot.end).max().unwrap_or_default();
                let what = format!("has {length} characters where its columns need {end}");
                Rejection { rule: "short_line", column: None, what }
            }
            Fault::NoNumber(at) => {
                let column = self.slots.get(at).map(|slot| slot.name.clone());
                let what = format!("column \"{}\" holds no number", column.as_deref().unwrap_or_default());
                Rejection { rule: "wrong_type", column, what }
            }
        })
    }
}

impl Source for FixedWidthSource {
    fn locator(&self) -> String {
        self.table.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.table.names())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.table.files(table)?;
        Ok(Arc::clone(&self.schema))
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let files = self.table.files(request.table.as_deref())?;
        let wanted = request::projection(request.columns.as_deref(), &self.schema, &self.locator())?;
        files.iter().try_for_each(|file| self.read_file(file, &wanted, request.batch_rows, sink))
    }
}

/// Why a line is rejected.
struct Rejection {
    rule: &'static str,
    column: Option<String>,
    what: String,
}

impl Rejection {
    /// The rejected row; `place` is the line's number, its position in the text and its text.
    fn rejected(self, file: &InputFile, row: u64, place: &(u64, u64, Vec<u8>), text: &TextReader) -> RejectedRow {
        let (line, position, bytes) = place;
        RejectedRow {
            file: Arc::clone(&file.name),
            row,
            byte_offset: text.offset(*position),
            column: self.column,
            rule: self.rule,
            message: format!("row {row} (line {line}): {}", self.what),
            raw: RejectedRow::cut(&text.original(bytes)),
        }
    }
}

/// The rows gathered for the next chunk.
struct Batch<'a> {
    wanted: &'a [usize],
    builders: Vec<Builder>,
    rows: Rows,
}

impl<'a> Batch<'a> {
    fn new(
        source: &FixedWidthSource,
        file: &InputFile,
        wanted: &'a [usize],
        batch_rows: usize,
    ) -> Result<Self, SourceError> {
        let schema = source.schema.project(wanted).map(Arc::new).map_err(|error| {
            SourceError::new(ErrorKind::Internal, "the projection does not fit the schema").because(error)
        })?;
        let builders = wanted.iter().filter_map(|at| source.slots.get(*at)).map(Builder::new).collect();
        Ok(Self { wanted, builders, rows: Rows::new(Arc::clone(&file.name), schema, batch_rows) })
    }

    fn append(&mut self, row: u64, cells: &[Cell<'_>], bytes: usize) {
        for (builder, at) in self.builders.iter_mut().zip(self.wanted) {
            builder.append(cells.get(*at).copied().unwrap_or(Cell::Null));
        }
        self.rows.add(row, bytes);
    }

    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.rows.push(|| self.builders.iter_mut().map(Builder::finish).collect(), sink)
    }
}
