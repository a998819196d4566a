//! A sink that keeps everything, for tests.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;

use crate::{Chunk, FileRead, ReadRequest, RejectedRow, Sink, Source, SourceError};

/// All a source pushed, in order within each kind.
#[derive(Debug, Default)]
pub struct Collected {
    pub chunks: Vec<Chunk>,
    pub rejected: Vec<RejectedRow>,
    pub files: Vec<FileRead>,
    /// Files something was pushed for after they had been reported as read.
    pub after_done: Vec<String>,
}

/// Reads everything.
///
/// # Errors
/// The source's own.
pub fn collect(source: &dyn Source, request: &ReadRequest) -> Result<Collected, SourceError> {
    let mut collected = Collected::default();
    source.read(request, &mut collected)?;
    Ok(collected)
}

impl Collected {
    /// All good rows as one batch; empty where no chunk came.
    ///
    /// # Errors
    /// Where the chunks differ in schema.
    pub fn batch(&self, schema: &SchemaRef) -> Result<RecordBatch, arrow::error::ArrowError> {
        concat_batches(schema, self.chunks.iter().map(|chunk| &chunk.batch))
    }

    /// File and number of every good row.
    #[must_use]
    pub fn rows(&self) -> Vec<(String, u64)> {
        self.chunks.iter().flat_map(|chunk| chunk.rows.iter().map(|&row| (chunk.file.to_string(), row))).collect()
    }

    fn note(&mut self, file: &str) {
        if self.files.iter().any(|done| &*done.file == file) {
            self.after_done.push(file.to_owned());
        }
    }
}

impl Sink for Collected {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        self.note(&chunk.file);
        self.chunks.push(chunk);
        Ok(())
    }

    fn reject(&mut self, row: RejectedRow) -> Result<(), SourceError> {
        self.note(&row.file);
        self.rejected.push(row);
        Ok(())
    }

    fn file_done(&mut self, file: FileRead) -> Result<(), SourceError> {
        self.note(&file.file);
        self.files.push(file);
        Ok(())
    }
}
