//! Cards to rows, rows to batches.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use goldsmith_source::files::{self, FileTable, InputFile, TextReader};
use goldsmith_source::lines::MAX_LINE_BYTES;
use goldsmith_source::rows::Rows;
use goldsmith_source::{ErrorKind, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request};

use crate::cards::{Broken, Card, Cards};
use crate::columns::{Columns, schema};
use crate::config::VCardConfig;
use crate::contact::Contact;

pub(crate) struct VCardSource {
    config: VCardConfig,
    schema: SchemaRef,
    table: FileTable,
}

impl VCardSource {
    pub(crate) fn new(config: VCardConfig, context: &OpenContext) -> Self {
        let table = FileTable::new(config.path.clone(), context);
        Self { config, schema: Arc::new(schema()), table }
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
        let schema = self.schema.project(wanted).map(Arc::new).map_err(|error| {
            SourceError::new(ErrorKind::Internal, "the projection does not fit the schema").because(error)
        })?;
        let mut columns = Columns::new();
        let mut rows = Rows::new(Arc::clone(&file.name), schema, batch_rows);
        let finish = |columns: &mut Columns| {
            let all = columns.finish()?;
            Ok(wanted.iter().filter_map(|at| all.get(*at).cloned()).collect::<Vec<ArrayRef>>())
        };
        let mut row = 0;
        while let Some(card) = cards.next_card().map_err(|error| files::read_error(file, error))? {
            row += 1;
            match &card.content {
                Ok(properties) => {
                    columns.append(&Contact::new(properties));
                    rows.add(row, properties.iter().map(|property| property.value.len()).sum());
                }
                // Where the first thing is no contact, nothing in the file has to be.
                Err(Broken::Outside) if row == 1 => {
                    let message = "does not begin as a vCard file does; check the path, or set encoding";
                    return Err(SourceError::corrupt(&*file.name, message));
                }
                Err(broken) => sink.reject(rejected(*broken, &card, file, row, cards.text()))?,
            }
            if rows.are_enough() {
                rows.push(|| finish(&mut columns), sink)?;
            }
        }
        rows.push(|| finish(&mut columns), sink)?;
        sink.file_done(cards.into_text().finish(file)?.into_file_read(file, row))
    }
}

impl Source for VCardSource {
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
