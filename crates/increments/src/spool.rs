//! Rows that were read and wait on disk until the read has ended: only then is it known which of them are the newest.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, UInt64Type};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use goldsmith_source::{Chunk, SourceError};

use crate::internal;
use crate::state::create_private;

/// The column with the number of a row in its file.
const ROW: &str = "\u{1f}row";

/// An Arrow file that is gone with its value.
pub struct Spool {
    path: PathBuf,
    schema: SchemaRef,
    writer: FileWriter<BufWriter<File>>,
    /// The file of each batch.
    files: Vec<Arc<str>>,
}

impl Spool {
    /// # Errors
    /// Where the file cannot be created.
    pub fn create(path: &Path, schema: &SchemaRef) -> Result<Self, SourceError> {
        let fields: Fields =
            schema.fields().iter().cloned().chain([Arc::new(Field::new(ROW, DataType::UInt64, false))]).collect();
        let spooled = Arc::new(Schema::new(fields));
        let file = BufWriter::with_capacity(1 << 20, create_private(path)?);
        let writer = FileWriter::try_new(file, &spooled).map_err(|error| unwritten(path, error))?;
        Ok(Self { path: path.to_owned(), schema: spooled, writer, files: Vec::new() })
    }

    /// # Errors
    /// A full disk.
    pub fn write(&mut self, chunk: &Chunk) -> Result<(), SourceError> {
        let mut columns: Vec<ArrayRef> = chunk.batch.columns().to_vec();
        columns.push(Arc::new(UInt64Array::from(chunk.rows.clone())));
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(internal)?;
        self.files.push(chunk.file.clone());
        self.writer.write(&batch).map_err(|error| unwritten(&self.path, error))
    }

    /// Hands on the chunks in the order they were written, and removes the file.
    ///
    /// # Errors
    /// A file that cannot be read back; what `each` finds wrong.
    pub fn drain(mut self, mut each: impl FnMut(Chunk) -> Result<(), SourceError>) -> Result<(), SourceError> {
        self.writer.finish().map_err(|error| unwritten(&self.path, error))?;
        let unread = |error: ArrowError| {
            SourceError::unavailable(self.path.display().to_string(), "what was read could not be read back; try again")
                .because(error)
        };
        let file = File::open(&self.path).map_err(|error| unread(error.into()))?;
        let batches = FileReader::try_new(BufReader::new(file), None).map_err(unread)?;
        let columns = self.schema.fields().len().saturating_sub(1);
        for (batch, file) in batches.zip(&self.files) {
            let batch = batch.map_err(unread)?;
            let rows = batch.column(columns).as_primitive::<UInt64Type>().values().to_vec();
            let batch = batch.project(&(0..columns).collect::<Vec<_>>()).map_err(unread)?;
            each(Chunk { file: file.clone(), rows, batch })?;
        }
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // It lies in the run's own directory, which goes at the end in any case.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn unwritten(path: &Path, error: ArrowError) -> SourceError {
    SourceError::unavailable(path.display().to_string(), "could not be written; is the disk full?").because(error)
}
