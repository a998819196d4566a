//! Lines to rows, rows to batches.

use std::path::PathBuf;
use std::str;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::files::{self, InputFile, TextReader};
use goldsmith_source::lines::{End, Line, Lines, MAX_LINE_BYTES};
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request};

use crate::config::{FixedWidthConfig, Slot};
use crate::row::{Builder, Cell, Fault, cut};

pub(crate) struct FixedWidthSource {
    config: FixedWidthConfig,
    slots: Vec<Slot>,
    schema: SchemaRef,
    base_dir: PathBuf,
    /// The one table, named after the source.
    tables: Vec<String>,
}

impl FixedWidthSource {
    pub(crate) fn new(config: FixedWidthConfig, slots: Vec<Slot>, schema: SchemaRef, context: &OpenContext) -> Self {
        let tables = vec![context.source_name.clone()];
        Self { config, slots, schema, base_dir: context.base_dir.clone(), tables }
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
        let mut batch = Batch::new(self, file, wanted)?;
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
            if batch.rows.len() >= batch_rows || batch.bytes >= MAX_BATCH_BYTES {
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
        self.config.path.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.tables.clone())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        request::table(table, &self.tables, &self.locator())?;
        self.config.path.files(&self.base_dir)?;
        Ok(Arc::clone(&self.schema))
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        request::table(request.table.as_deref(), &self.tables, &self.locator())?;
        let files = self.config.path.files(&self.base_dir)?;
        let wanted = request::projection(request.columns.as_deref(), &self.schema, &self.locator())?;
        files.iter().try_for_each(|file| self.read_file(file, &wanted, request.batch_rows.max(1), sink))
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
    file: &'a InputFile,
    schema: SchemaRef,
    wanted: &'a [usize],
    builders: Vec<Builder>,
    rows: Vec<u64>,
    bytes: usize,
}

impl<'a> Batch<'a> {
    fn new(source: &FixedWidthSource, file: &'a InputFile, wanted: &'a [usize]) -> Result<Self, SourceError> {
        let schema = Arc::new(source.schema.project(wanted).map_err(internal)?);
        let builders = wanted.iter().filter_map(|at| source.slots.get(*at)).map(Builder::new).collect();
        Ok(Self { file, schema, wanted, builders, rows: Vec::new(), bytes: 0 })
    }

    fn append(&mut self, row: u64, cells: &[Cell<'_>], bytes: usize) {
        for (builder, at) in self.builders.iter_mut().zip(self.wanted) {
            builder.append(cells.get(*at).copied().unwrap_or(Cell::Null));
        }
        self.rows.push(row);
        self.bytes += bytes;
    }

    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let arrays: Result<Vec<_>, _> = self.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = arrays
            .and_then(|arrays| RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options))
            .map_err(internal)?;
        sink.chunk(Chunk { file: Arc::clone(&self.file.name), rows, batch })
    }
}

fn internal(error: arrow::error::ArrowError) -> SourceError {
    let message = "the fixed_width connector built a batch that does not fit its schema";
    SourceError::new(ErrorKind::Internal, message).because(error)
}
