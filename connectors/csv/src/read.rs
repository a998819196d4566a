//! Headers to a schema, records to batches.

use std::path::PathBuf;
use std::str;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use goldsmith_source::builders::{Bytes, Nulls};
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::files::InputFile;
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request};

use crate::config::{CsvConfig, Layout, twice};
use crate::records::{MAX_RECORD_BYTES, Record, Records, State};
use crate::scan::{self, Form, MAX_QUOTED_BYTES, MAX_QUOTED_LINES};

pub(crate) struct CsvSource {
    config: CsvConfig,
    layout: Layout,
    base_dir: PathBuf,
    tables: Vec<String>,
}

impl CsvSource {
    pub(crate) fn new(config: CsvConfig, layout: Layout, context: &OpenContext) -> Self {
        Self { config, layout, base_dir: context.base_dir.clone(), tables: vec![context.source_name.clone()] }
    }

    fn files(&self) -> Result<Vec<InputFile>, SourceError> {
        self.config.path.files(&self.base_dir)
    }

    /// The columns of all files: those of the first, then those only later ones have.
    fn union(&self, files: &[InputFile]) -> Result<SchemaRef, SourceError> {
        let mut names: Vec<String> = Vec::new();
        for file in files {
            let mut records = Records::open(file, &self.config, &self.layout)?;
            for name in header(&mut records, file, &self.config)?.names {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let fields: Vec<Field> = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        Ok(Arc::new(Schema::new(fields)))
    }

    fn read_file(
        &self,
        file: &InputFile,
        schema: &SchemaRef,
        batch_rows: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let mut records = Records::open(file, &self.config, &self.layout)?;
        let header = header(&mut records, file, &self.config)?;
        let nulls = NullValues::new(&self.config.null_values);
        let mut batch = Batch::new(file, schema, &header.names, &nulls, batch_rows);
        let mut next = match header.first_row {
            Some(record) => Some(record),
            None => records.next()?,
        };
        let mut row = 0;
        while let Some(record) = next {
            row += 1;
            match batch.push(row, &record, &records, &header.names) {
                Ok(()) if batch.is_full() => batch.flush(sink)?,
                Ok(()) => {}
                Err(fault) => sink.reject(fault.rejected(file, row, &record, &records, &header.names))?,
            }
            next = records.next()?;
        }
        batch.flush(sink)?;
        sink.file_done(records.finish()?.into_file_read(file, row))
    }
}

impl Source for CsvSource {
    fn locator(&self) -> String {
        self.config.path.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.tables.clone())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        request::table(table, &self.tables, &self.locator())?;
        self.union(&self.files()?)
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        request::table(request.table.as_deref(), &self.tables, &self.locator())?;
        let files = self.files()?;
        let all = self.union(&files)?;
        let positions = request::projection(request.columns.as_deref(), &all, &self.locator())?;
        let schema = Arc::new(all.project(&positions).map_err(internal)?);
        files.iter().try_for_each(|file| self.read_file(file, &schema, request.batch_rows.max(1), sink))
    }
}

struct Header {
    names: Vec<String>,
    /// The first record, where it was read to count the columns and is data.
    first_row: Option<Record>,
}

fn header(records: &mut Records<'_>, file: &InputFile, config: &CsvConfig) -> Result<Header, SourceError> {
    let corrupt = |message: String| SourceError::corrupt(&*file.name, message);
    let first = match (&config.columns, config.header) {
        (Some(names), false) => return Ok(Header { names: names.clone(), first_row: None }),
        _ => records.next()?,
    };
    let Some(first) = first else {
        let advice = if config.header { "has no header: it is empty" } else { "is empty; name its columns" };
        return Err(corrupt(format!("{advice}; deliver it again, or set header: false and columns: [...]")));
    };
    let line = first.line;
    if matches!(first.state, State::UnclosedQuote | State::TornInQuotes | State::TooLong) {
        let message = format!("the header in line {line} has no end; check its quotes, or set quote: none");
        return Err(corrupt(message));
    }
    if !config.header {
        let names = (1..=records.fields.len()).map(|number| format!("column_{number}")).collect();
        return Ok(Header { names, first_row: Some(first) });
    }
    let Ok(text) = str::from_utf8(records.bytes(&first)) else {
        let encoding = config.encoding.name();
        return Err(corrupt(format!("the header in line {line} is not valid {encoding}; set encoding of the source")));
    };
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t']).to_ascii_lowercase();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        let message = "looks like an HTML page, not like CSV; open it in a browser: it may ask for a login, or say what \
                       is wrong with the path";
        return Err(corrupt(message.to_owned()));
    }
    if text.contains('\0') {
        return Err(corrupt(format!("the header in line {line} holds NUL bytes; try encoding: utf-16le or utf-16be")));
    }
    let written = records.fields.iter().map(|field| scan::value(text, field, records.dialect).unwrap_or_default());
    let names: Vec<String> = written
        .enumerate()
        .map(|(at, name)| match name.trim() {
            "" => format!("column_{}", at + 1),
            name => name.to_owned(),
        })
        .collect();
    let names = match &config.columns {
        Some(given) if given.len() == names.len() => given.clone(),
        Some(given) => {
            let message = format!("has {} columns, but option columns names {}", names.len(), given.len());
            return Err(corrupt(message));
        }
        None => names,
    };
    match twice(&names) {
        Some(name) => {
            Err(corrupt(format!("the header names column \"{name}\" twice; set columns: [...] of the source")))
        }
        None => Ok(Header { names, first_row: None }),
    }
}

/// What a file writes where it has no value.
struct NullValues {
    /// Whether nothing at all is one of them.
    empty: bool,
    others: Vec<String>,
}

impl NullValues {
    fn new(written: &[String]) -> Self {
        let others = written.iter().filter(|null| !null.is_empty()).cloned().collect();
        Self { empty: written.iter().any(String::is_empty), others }
    }

    fn hold(&self, value: &[u8]) -> bool {
        if value.is_empty() { self.empty } else { self.others.iter().any(|null| null.as_bytes() == value) }
    }
}

/// The values of one column.
struct Column {
    values: Bytes,
    nulls: Nulls,
}

impl Column {
    fn new() -> Self {
        Self { values: Bytes::with_capacity(0, 0), nulls: Nulls::default() }
    }

    /// Appends the first `length` bytes of `from`; `None` where there is no room.
    #[inline]
    fn push(&mut self, from: &[u8], length: usize, nulls: &NullValues) -> Option<()> {
        if nulls.hold(from.get(..length)?) {
            self.nulls.push(self.values.len());
            self.values.end()
        } else {
            self.values.push_start(from, length)
        }
    }

    fn finish(&mut self) -> Result<StringArray, ArrowError> {
        let nulls = self.nulls.finish(self.values.len());
        let (offsets, values) = self.values.finish();
        StringArray::try_new(offsets, values, nulls)
    }
}

/// Rows on their way into a batch.
struct Batch<'a> {
    file: &'a InputFile,
    schema: &'a SchemaRef,
    /// For each column wanted its position in the file, if the file has it, and the values so far.
    columns: Vec<Option<(usize, Column)>>,
    nulls: &'a NullValues,
    rows: Vec<u64>,
    bytes: usize,
    batch_rows: usize,
}

impl<'a> Batch<'a> {
    fn new(
        file: &'a InputFile,
        schema: &'a SchemaRef,
        names: &[String],
        nulls: &'a NullValues,
        batch_rows: usize,
    ) -> Self {
        let position = |field: &Arc<Field>| names.iter().position(|name| name == field.name());
        let columns = schema.fields().iter().map(|field| position(field).map(|at| (at, Column::new()))).collect();
        Self { file, schema, columns, nulls, rows: Vec::new(), bytes: 0, batch_rows }
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.batch_rows || self.bytes >= MAX_BATCH_BYTES
    }

    fn push(&mut self, row: u64, record: &Record, records: &Records<'_>, names: &[String]) -> Result<(), Fault> {
        let count = records.fields.len();
        match record.state {
            State::Complete | State::LastWithoutLineEnd if count == names.len() => {}
            State::LastWithoutLineEnd if count < names.len() => return Err(Fault::Torn),
            State::Complete | State::LastWithoutLineEnd => return Err(Fault::FieldCount),
            State::UnclosedQuote => return Err(Fault::UnclosedQuote),
            State::TornInQuotes => return Err(Fault::Torn),
            State::TooLong => return Err(Fault::TooLong),
        }
        let bytes = records.bytes(record);
        // One check for the record: fields end at ASCII characters, so each of them is valid where the whole is.
        let text = str::from_utf8(bytes).map_err(|error| Fault::Encoding(error.valid_up_to()))?;
        let from = records.bytes_from(record);
        for (position, column) in self.columns.iter_mut().flatten() {
            let Some(field) = records.fields.get(*position) else { continue };
            let pushed = match field.form {
                Form::Plain => {
                    column.push(from.get(field.range.start..).unwrap_or_default(), field.range.len(), self.nulls)
                }
                Form::Escaped | Form::Trailing => {
                    let value = scan::value(text, field, records.dialect).unwrap_or_default();
                    column.push(value.as_bytes(), value.len(), self.nulls)
                }
            };
            pushed.ok_or(Fault::TooLong)?;
        }
        self.rows.push(row);
        self.bytes += bytes.len();
        Ok(())
    }

    fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let finish = |column: &mut Option<(usize, Column)>| match column {
            Some((_, column)) => column.finish(),
            None => Ok(StringArray::new_null(rows.len())),
        };
        let arrays = self.columns.iter_mut().map(|column| finish(column).map(|array| Arc::new(array) as ArrayRef));
        let arrays = arrays.collect::<Result<_, _>>().map_err(internal)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(self.schema), arrays, &options).map_err(internal)?;
        sink.chunk(Chunk { file: Arc::clone(&self.file.name), rows, batch })
    }
}

/// Why a record is no row.
enum Fault {
    FieldCount,
    Torn,
    UnclosedQuote,
    TooLong,
    /// Valid up to that byte.
    Encoding(usize),
}

impl Fault {
    fn rejected(
        self,
        file: &InputFile,
        row: u64,
        record: &Record,
        records: &Records<'_>,
        names: &[String],
    ) -> RejectedRow {
        let (found, wanted) = (records.fields.len(), names.len());
        let mut column = None;
        let (rule, fault) = match self {
            Self::FieldCount => ("wrong_field_count", format!("{found} fields where the header has {wanted}")),
            Self::Torn if record.state == State::TornInQuotes => {
                ("torn_row", "the file ends inside a quoted field; it may be cut short".to_owned())
            }
            Self::Torn => {
                let message = format!("the file ends after {found} of {wanted} fields; it may be cut short");
                ("torn_row", message)
            }
            Self::UnclosedQuote => {
                let message = format!(
                    "a quote opens that is not closed within {MAX_QUOTED_LINES} lines, {} KiB or the file",
                    MAX_QUOTED_BYTES >> 10
                );
                ("unclosed_quote", message)
            }
            Self::TooLong => ("row_too_long", format!("is longer than {} MiB", MAX_RECORD_BYTES >> 20)),
            Self::Encoding(at) => {
                let position = records.fields.iter().position(|field| at <= field.range.end);
                column = position.and_then(|position| names.get(position)).cloned();
                let place = column.as_ref().map(|name| format!("column \"{name}\": ")).unwrap_or_default();
                ("invalid_encoding", format!("{place}holds bytes that are invalid in the declared encoding"))
            }
        };
        RejectedRow {
            file: Arc::clone(&file.name),
            row,
            byte_offset: record.offset,
            column,
            rule,
            message: format!("row {row} (line {}): {fault}", record.line),
            raw: RejectedRow::cut(&records.original(record)),
        }
    }
}

fn internal(error: ArrowError) -> SourceError {
    SourceError::new(ErrorKind::Internal, "the csv connector built a batch that does not fit its schema").because(error)
}
