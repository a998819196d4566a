//! Two passes over a file: the first looks whether it is whole, the second decodes the stream in it.

use std::io::{BufReader, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use goldsmith_source::columns::{conform, union};
use goldsmith_source::files::{self, Digest, FileReader, FileTable, InputFile};
use goldsmith_source::ipc::{Fault, Form, check};
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, Sink, Source, SourceError, request};

use crate::config::ArrowConfig;

const BUFFER: usize = 128 << 10;

pub(crate) struct ArrowSource {
    config: ArrowConfig,
    table: FileTable,
}

/// A file that is whole.
struct Checked {
    input: InputFile,
    form: Form,
    digest: Digest,
}

impl ArrowSource {
    pub(crate) fn new(config: ArrowConfig, context: &OpenContext) -> Self {
        let table = FileTable::new(config.path.clone(), context);
        Self { config, table }
    }

    fn open(&self, input: &InputFile) -> Result<FileReader, SourceError> {
        files::open(input, self.config.compression, &self.config.decompression)
    }

    fn check(&self, input: InputFile) -> Result<Checked, SourceError> {
        let mut reader = self.open(&input)?;
        let form = match check(BufReader::with_capacity(BUFFER, &mut reader)) {
            Ok(form) => form,
            Err(Fault::Io(error)) => return Err(files::read_error(&input, error)),
            Err(Fault::CutShort) => return Err(corrupt(&input, "it is cut short")),
            Err(Fault::Broken(fault)) => return Err(corrupt(&input, fault)),
        };
        let digest = reader.finish(&input)?;
        Ok(Checked { input, form, digest })
    }

    /// The decoder, with the schema read. It finds the same messages in a file as in a stream.
    fn decoder(&self, checked: &Checked) -> Result<StreamReader<BufReader<FileReader>>, SourceError> {
        let mut reader = self.open(&checked.input)?;
        if let Form::File { start } = checked.form {
            std::io::copy(&mut (&mut reader).take(start), &mut std::io::sink())
                .map_err(|error| files::read_error(&checked.input, error))?;
        }
        guarded(&checked.input, || StreamReader::try_new(BufReader::with_capacity(BUFFER, reader), None))
    }

    /// All files, each found whole, and the schema they share.
    fn all(&self, table: Option<&str>) -> Result<(Vec<Checked>, SchemaRef), SourceError> {
        let inputs = self.table.files(table)?;
        let checked = inputs.into_iter().map(|input| self.check(input)).collect::<Result<Vec<_>, _>>()?;
        let mut schemas: Vec<(&str, SchemaRef)> = Vec::new();
        for checked in &checked {
            schemas.push((&*checked.input.name, self.decoder(checked)?.schema()));
        }
        let schema: Schema = union(schemas.iter().map(|(name, schema)| (*name, &**schema)))?;
        Ok((checked, Arc::new(schema)))
    }

    fn read_file(
        &self,
        checked: Checked,
        wanted: &SchemaRef,
        batch_rows: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let mut decoder = self.decoder(&checked)?;
        let mut count = 0;
        while let Some(batch) = guarded(&checked.input, || decoder.next().transpose())? {
            let batch = guarded(&checked.input, || conform(&batch, wanted))?;
            let mut start = 0;
            while start < batch.num_rows() {
                let piece = batch.slice(start, batch_rows.min(batch.num_rows() - start));
                start += piece.num_rows();
                let rows: Vec<u64> = (count + 1..).take(piece.num_rows()).collect();
                count += rows.len() as u64;
                sink.chunk(Chunk { file: Arc::clone(&checked.input.name), rows, batch: piece })?;
            }
        }
        sink.file_done(checked.digest.into_file_read(&checked.input, count))
    }
}

impl Source for ArrowSource {
    fn locator(&self) -> String {
        self.table.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.table.names())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.all(table).map(|(_, schema)| schema)
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let (files, schema) = self.all(request.table.as_deref())?;
        let wanted = request::projection(request.columns.as_deref(), &schema, &self.locator())?;
        let wanted = schema.project(&wanted).map(Arc::new).map_err(|error| {
            SourceError::new(ErrorKind::Internal, "the projection does not fit the schema").because(error)
        })?;
        files.into_iter().try_for_each(|checked| self.read_file(checked, &wanted, request.batch_rows.max(1), sink))
    }
}

/// Runs the decoder. Bytes it did not expect can make it panic; that is a fault of the file, so it ends the read of
/// the file and not the program.
fn guarded<T>(input: &InputFile, decode: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, SourceError> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result.map_err(|error| corrupt(input, "a message cannot be decoded").because(error)),
        Err(_) => Err(corrupt(input, "its bytes make no sense to the decoder")),
    }
}

fn corrupt(input: &InputFile, fault: &str) -> SourceError {
    let message = format!("is no whole Arrow IPC file or stream: {fault}; ask its owner for a complete copy");
    SourceError::corrupt(&*input.name, message)
}
