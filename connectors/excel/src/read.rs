//! Reading: the second pass over the cells, and what is remembered of the first.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use calamine::DataRef;
use goldsmith_source::files::{Digest, InputFile, digest};
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, Sink, Source, SourceError, request};

use crate::column::{Builder, Value};
use crate::config::ExcelOptions;
use crate::layout::{Layout, Table, layout};
use crate::workbook::open;

/// Rows of a batch at most: a cell holds up to 32,767 characters, and a column of a batch less than 2 GiB.
const MAX_BATCH_ROWS: usize = 16_384;

pub(crate) struct ExcelSource {
    options: ExcelOptions,
    base_dir: PathBuf,
    /// The layout found last, and the content it was found in.
    known: Mutex<Option<Loaded>>,
}

/// The files as they are now, and what they hold.
#[derive(Clone)]
struct Loaded {
    files: Vec<(InputFile, Digest)>,
    layout: Arc<Layout>,
}

impl ExcelSource {
    pub(crate) fn new(options: ExcelOptions, context: &OpenContext) -> Self {
        Self { options, base_dir: context.base_dir.clone(), known: Mutex::new(None) }
    }

    /// Finding the types takes a pass over all cells, so it is done once for the same bytes.
    fn load(&self) -> Result<Loaded, SourceError> {
        let inputs = self.options.path.files(&self.base_dir)?;
        let files =
            inputs.iter().map(|input| Ok((input.clone(), digest(input)?))).collect::<Result<Vec<_>, SourceError>>()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = known.as_ref().filter(|loaded| loaded.files == files) {
            return Ok(loaded.clone());
        }
        let loaded = Loaded { files, layout: Arc::new(layout(&inputs, &self.options)?) };
        *known = Some(loaded.clone());
        Ok(loaded)
    }

    fn place(&self) -> String {
        self.options.path.locator()
    }
}

impl Loaded {
    fn names(&self) -> Vec<String> {
        self.layout.tables.iter().map(|table| table.name.clone()).collect()
    }

    fn table(&self, requested: Option<&str>, place: &str) -> Result<&Table, SourceError> {
        let names = self.names();
        let name = request::table(requested, &names, place)?;
        let found = self.layout.tables.iter().find(|table| table.name == name);
        found.ok_or_else(|| SourceError::new(ErrorKind::Internal, "a table vanished from its own list").at(place))
    }
}

impl Source for ExcelSource {
    fn locator(&self) -> String {
        self.place()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        self.load().map(|loaded| loaded.names())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.load()?.table(table, &self.place()).map(|table| table.schema.clone())
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let loaded = self.load()?;
        let table = loaded.table(request.table.as_deref(), &self.place())?;
        let wanted = request::projection(request.columns.as_deref(), &table.schema, &self.place())?;
        let batch_rows = request.batch_rows.clamp(1, MAX_BATCH_ROWS);
        for (at, (input, digest)) in loaded.files.iter().enumerate() {
            let Some(format) = loaded.layout.formats.get(at) else { continue };
            let parts: Vec<_> = table.parts.iter().filter(|part| part.file == at).collect();
            if parts.is_empty() {
                continue;
            }
            let mut workbook = open(input, *format)?;
            let mut batch = Batch::new(input, table, &wanted)?;
            for part in parts {
                let columns: Vec<Option<u32>> =
                    wanted.iter().map(|column| part.columns.get(*column).copied().flatten()).collect();
                workbook.rows(&part.sheet, |number, cells| {
                    if number > part.above {
                        batch.append(cells, &columns)?;
                        if batch.rows.len() >= batch_rows {
                            batch.push(sink)?;
                        }
                    }
                    Ok(())
                })?;
            }
            batch.push(sink)?;
            sink.file_done(digest.clone().into_file_read(input, batch.number))?;
        }
        Ok(())
    }

    fn row_estimate(&self, table: Option<&str>) -> Option<u64> {
        let loaded = self.load().ok()?;
        let table = loaded.table(table, "").ok()?;
        Some(table.parts.iter().map(|part| part.rows).sum())
    }
}

/// The rows gathered for the next chunk of one file.
struct Batch<'a> {
    input: &'a InputFile,
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: Vec<u64>,
    /// The number of the last row.
    number: u64,
}

impl<'a> Batch<'a> {
    fn new(input: &'a InputFile, table: &Table, wanted: &[usize]) -> Result<Self, SourceError> {
        let schema = table.schema.project(wanted).map(Arc::new).map_err(|error| {
            SourceError::new(ErrorKind::Internal, "the projection does not fit the schema").because(error)
        })?;
        let builders = schema.fields().iter().map(|field| Builder::new(field.data_type())).collect();
        Ok(Self { input, schema, builders, rows: Vec::new(), number: 0 })
    }

    fn append(&mut self, cells: &[(u32, DataRef<'_>)], columns: &[Option<u32>]) -> Result<(), SourceError> {
        self.number += 1;
        self.rows.push(self.number);
        for (builder, column) in self.builders.iter_mut().zip(columns) {
            let at = column.and_then(|column| cells.binary_search_by_key(&column, |(column, _)| *column).ok());
            let value = at.and_then(|at| cells.get(at)).map_or(Value::Null, |(_, cell)| Value::of(cell));
            if !builder.append(&value) {
                let message = "changed while it was read; run again when nobody writes to it";
                return Err(SourceError::unavailable(&*self.input.name, message));
            }
        }
        Ok(())
    }

    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options).map_err(|error| {
            let message = "columns of different lengths were built";
            SourceError::new(ErrorKind::Internal, message).at(&*self.input.name).because(error)
        })?;
        sink.chunk(Chunk { file: self.input.name.clone(), rows, batch })
    }
}
