//! The rows gathered for the next chunk.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::contract::MAX_BATCH_BYTES;
use crate::{Chunk, ErrorKind, Sink, SourceError};

/// The numbers and the size of the rows a connector has put into its builders, until they are a chunk.
pub struct Rows {
    file: Arc<str>,
    schema: SchemaRef,
    most: usize,
    numbers: Vec<u64>,
    bytes: usize,
}

impl Rows {
    /// `file` and `schema` are those of the chunks, `most` the rows one may have.
    #[must_use]
    pub fn new(file: Arc<str>, schema: SchemaRef, most: usize) -> Self {
        Self { file, schema, most: most.max(1), numbers: Vec::new(), bytes: 0 }
    }

    /// Notes a row of about `bytes` bytes.
    pub fn add(&mut self, number: u64, bytes: usize) {
        self.numbers.push(number);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Whether it is time to [push](Self::push).
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.numbers.len() >= self.most || self.bytes >= MAX_BATCH_BYTES
    }

    /// Pushes the rows, whose columns `finish` gives, unless there are none.
    ///
    /// # Errors
    /// The sink's own; [`ErrorKind::Internal`] for columns that do not fit the schema.
    pub fn push(
        &mut self,
        finish: impl FnOnce() -> Result<Vec<ArrayRef>, ArrowError>,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.numbers);
        self.bytes = 0;
        // The count makes a batch without columns a batch.
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let batch = finish()
            .and_then(|arrays| RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options))
            .map_err(|error| {
                let message = "the rows read do not fit the schema found for them";
                SourceError::new(ErrorKind::Internal, message).at(&*self.file).because(error)
            })?;
        sink.chunk(Chunk { file: Arc::clone(&self.file), rows, batch })
    }
}

/// The numbers of the `good` rows of a batch, which follow the first `before` rows of their table and have others among
/// them that were rejected: these stand at ascending offsets in the batch, counted from 0.
#[must_use]
pub fn good_numbers(before: u64, good: usize, rejected: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let mut rejected = rejected.into_iter().peekable();
    let mut numbers = Vec::with_capacity(good);
    let mut offset = 0;
    while numbers.len() < good {
        if rejected.next_if_eq(&offset).is_none() {
            numbers.push(before + offset + 1);
        }
        offset += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::good_numbers;

    #[test]
    fn rejected_rows_take_a_number_too() {
        assert_eq!(good_numbers(10, 3, []), [11, 12, 13]);
        assert_eq!(good_numbers(0, 3, [0, 2]), [2, 4, 5]);
        assert_eq!(good_numbers(0, 1, [1, 2]), [1]);
        assert!(good_numbers(0, 0, [0]).is_empty());
    }
}
