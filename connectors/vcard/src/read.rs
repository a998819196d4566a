//! Cards to rows, rows to batches.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::files::{self, InputFile, TextReader};
use goldsmith_source::lines::MAX_LINE_BYTES;
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request};

use crate::cards::{Broken, Card, Cards};
use crate::columns::{Columns, schema};
use crate::config::VCardConfig;
use crate::contact::Contact;

pub(crate) struct VCardSource {
    config: VCardConfig,
    schema: SchemaRef,
    base_dir: PathBuf,
    /// The one table, named after the source.
    tables: Vec<String>,
}

impl VCardSource {
    pub(crate) fn new(config: VCardConfig, context: &OpenContext) -> Self {
        let tables = vec![context.source_name.clone()];
        Self { config, schema: Arc::new(schema()), base_dir: context.base_dir.clone(), tables }
    }

    fn read_file(
        &self,
        file: &InputFile,
        wanted: &[usize],
        batch_rows: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let reader = files::open(file, self.config.compression, &self.config.decompression)?;
        let mut cards = Cards::new(files::text(file, reader, self.config.encoding)?);
        let mut batch =
            Batch { file, schema: &self.schema, wanted, columns: Columns::new(), rows: Vec::new(), bytes: 0 };
        let mut row = 0;
        while let Some(card) = cards.next_card().map_err(|error| files::read_error(file, error))? {
            row += 1;
            match &card.content {
                Ok(properties) => {
                    batch.columns.append(&Contact::new(properties));
                    batch.rows.push(row);
                    batch.bytes += properties.iter().map(|property| property.value.len()).sum::<usize>();
                }
                // Where the first thing is no contact, nothing in the file has to be.
                Err(Broken::Outside) if row == 1 => {
                    let message = "does not begin as a vCard file does; check the path, or set encoding";
                    return Err(SourceError::corrupt(&*file.name, message));
                }
                Err(broken) => sink.reject(rejected(*broken, &card, file, row, cards.text()))?,
            }
            if batch.rows.len() >= batch_rows || batch.bytes >= MAX_BATCH_BYTES {
                batch.push(sink)?;
            }
        }
        batch.push(sink)?;
        sink.file_done(cards.into_text().finish(file)?.into_file_read(file, row))
    }
}

impl Source for VCardSource {
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

fn rejected(broken: Broken, card: &Card, file: &InputFile, row: u64, text: &TextReader) -> RejectedRow {
    let (rule, what) = match broken {
        Broken::Unclosed => ("unclosed_card", "another one starts before its last line".to_owned()),
        Broken::Torn => ("torn_row", "the file stops inside it; it may be cut short".to_owned()),
        Broken::TooLong => ("row_too_long", format!("is longer than {} MiB", MAX_LINE_BYTES >> 20)),
        Broken::NoProperty(line) => ("invalid_property", format!("line {line} has no colon, so it is no property")),
        Broken::Encoding(line) => {
            ("invalid_encoding", format!("line {line} holds bytes that its character set does not have"))
        }
        Broken::Outside => ("not_a_card", "stands between two contacts".to_owned()),
    };
    RejectedRow {
        file: Arc::clone(&file.name),
        row,
        byte_offset: text.offset(card.offset),
        column: None,
        rule,
        message: format!("row {row} (line {}): {what}", card.line),
        raw: RejectedRow::cut(&text.original(&card.raw)),
    }
}

/// The rows gathered for the next chunk.
struct Batch<'a> {
    file: &'a InputFile,
    schema: &'a SchemaRef,
    wanted: &'a [usize],
    columns: Columns,
    rows: Vec<u64>,
    bytes: usize,
}

impl Batch<'_> {
    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = self
            .columns
            .finish()
            .and_then(|arrays| RecordBatch::try_new_with_options(Arc::clone(self.schema), arrays, &options))
            .and_then(|batch| batch.project(self.wanted))
            .map_err(|error| {
                let message = "the vcard connector built a batch that does not fit its schema";
                SourceError::new(ErrorKind::Internal, message).because(error)
            })?;
        sink.chunk(Chunk { file: Arc::clone(&self.file.name), rows, batch })
    }
}
