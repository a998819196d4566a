//! Where each record lies among the batches of its columns.

/// For each record the index of its batch and its row there.
#[derive(Debug, Clone, Default)]
pub struct Places(Vec<(u32, u32)>);

impl Places {
    /// The next records are the rows of this batch.
    pub fn push_batch(&mut self, batch: usize, rows: usize) {
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        self.0.extend((0..rows).map(|row| (number(batch), number(row))));
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The batch of a record and its row there.
    #[must_use]
    pub fn get(&self, record: usize) -> Option<(usize, usize)> {
        self.0.get(record).map(|(batch, row)| (*batch as usize, *row as usize))
    }

    /// The batch and row of every record.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.range(0..self.0.len())
    }

    /// The batch and row of records that follow each other.
    pub fn range(&self, records: std::ops::Range<usize>) -> impl Iterator<Item = (usize, usize)> + '_ {
        let places = self.0.get(records).unwrap_or_default();
        places.iter().map(|(batch, row)| (*batch as usize, *row as usize))
    }
}
