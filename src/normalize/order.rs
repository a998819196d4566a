//! The order rows of a query get their fates in: by key, the newest of a key first. The last columns make it one order
//! whatever the threads.

use std::cmp::Ordering;

use arrow::array::{
    Array, AsArray, FixedSizeBinaryArray, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::{cast, concat, interleave};
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType};
use rayon::prelude::*;

use super::layout;
use super::records::the_column;
use crate::extract::landing::{FILE, ROW};
use crate::pipeline::RunError;

/// Every row as the index of its batch and its row there, in order.
pub(super) fn in_order(batches: &[RecordBatch]) -> Result<Vec<(usize, usize)>, RunError> {
    let columns = batches.iter().map(Columns::of).collect::<Result<Vec<_>, _>>()?;
    let shared = shared_prefix(columns.iter().flat_map(|columns| columns.key.iter().flatten()));
    let mut rows = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (batch, columns) in columns.iter().enumerate() {
        for row in 0..columns.key.len() {
            rows.push(Row { start: start_of(columns.key(row), shared), batch, row });
        }
    }
    rows.par_sort_by(|a, b| {
        a.start.cmp(&b.start).then_with(|| match (columns.get(a.batch), columns.get(b.batch)) {
            (Some(in_a), Some(in_b)) => in_a.compare(a.row, in_b, b.row),
            _ => Ordering::Equal,
        })
    });
    Ok(rows.into_iter().map(|row| (row.batch, row.row)).collect())
}

/// A row and the start of its key behind what all keys share: most comparisons look no further.
struct Row {
    start: u64,
    batch: usize,
    row: usize,
}

/// Eight bytes of a key as a number that is ordered as they are.
fn start_of(key: Option<&str>, shared: usize) -> u64 {
    let bytes = key.and_then(|key| key.as_bytes().get(shared..)).unwrap_or_default();
    let mut start = [0; 8];
    start.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(start)
}

/// How many bytes all keys begin with alike.
fn shared_prefix<'a>(mut keys: impl Iterator<Item = &'a str>) -> usize {
    let Some(first) = keys.next() else { return 0 };
    keys.fold(first.len(), |shared, key| {
        first.bytes().take(shared).zip(key.bytes()).take_while(|(a, b)| a == b).count()
    })
}

/// The columns that order rows.
struct Columns<'a> {
    key: StringArray,
    updated: &'a TimestampMicrosecondArray,
    hash: &'a FixedSizeBinaryArray,
    file: &'a Int32Array,
    row: &'a Int64Array,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, RunError> {
        Ok(Self {
            key: cast(the_column(batch, layout::SOURCE_KEY)?, &DataType::Utf8)?.as_string::<i32>().clone(),
            updated: the_column(batch, layout::UPDATED_AT)?.as_primitive::<TimestampMicrosecondType>(),
            hash: the_column(batch, layout::RECORD_HASH)?.as_fixed_size_binary(),
            file: the_column(batch, FILE)?.as_primitive::<Int32Type>(),
            row: the_column(batch, ROW)?.as_primitive::<Int64Type>(),
        })
    }

    fn key(&self, row: usize) -> Option<&str> {
        self.key.is_valid(row).then(|| self.key.value(row))
    }

    fn compare(&self, row: usize, other: &Self, other_row: usize) -> Ordering {
        let updated = |columns: &Self, row: usize| columns.updated.is_valid(row).then(|| columns.updated.value(row));
        let file = |columns: &Self, row: usize| columns.file.is_valid(row).then(|| columns.file.value(row));
        let number = |columns: &Self, row: usize| columns.row.is_valid(row).then(|| columns.row.value(row));
        self.key(row)
            .cmp(&other.key(other_row))
            // The newest first, those without a time last.
            .then_with(|| updated(other, other_row).cmp(&updated(self, row)))
            .then_with(|| self.hash.value(row).cmp(other.hash.value(other_row)))
            .then_with(|| file(self, row).cmp(&file(other, other_row)))
            .then_with(|| number(self, row).cmp(&number(other, other_row)))
    }
}

/// The given rows as one batch.
pub(super) fn gather(batches: &[RecordBatch], rows: &[(usize, usize)]) -> Result<RecordBatch, RunError> {
    let Some(first) = batches.first() else {
        return Err(RunError::Internal("no batch to take rows from".to_owned()));
    };
    let runs = runs(rows);
    let mut columns = Vec::with_capacity(first.num_columns());
    for index in 0..first.num_columns() {
        // Sources often deliver in the order of their keys: then rows are copied in long pieces.
        columns.push(if runs.len() * 8 <= rows.len() {
            let pieces: Vec<_> = runs
                .iter()
                .filter_map(|(batch, row, count)| Some(batches.get(*batch)?.column(index).slice(*row, *count)))
                .collect();
            concat(&pieces.iter().map(|piece| piece.as_ref()).collect::<Vec<_>>())?
        } else {
            let arrays: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(index).as_ref()).collect();
            interleave(&arrays, rows)?
        });
    }
    Ok(RecordBatch::try_new(first.schema(), columns)?)
}

/// Rows that follow each other in one batch: the batch, the first row and how many.
fn runs(rows: &[(usize, usize)]) -> Vec<(usize, usize, usize)> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    for (batch, row) in rows {
        match runs.last_mut() {
            Some((of, start, count)) if of == batch && *start + *count == *row => *count += 1,
            _ => runs.push((*batch, *row, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_key_orders_as_the_key_does() {
        let mut keys = ["c-10", "c-1", "c-", "c-2", "c-é", "c-100000000", "c-1000000001"];
        let shared = shared_prefix(keys.iter().copied());
        assert_eq!(shared, 2);
        keys.sort();
        assert!(keys.windows(2).all(|pair| start_of(Some(pair[0]), shared) <= start_of(Some(pair[1]), shared)));
        assert_eq!(start_of(None, shared), 0);
    }

    #[test]
    fn rows_in_a_row_are_one_run() {
        assert_eq!(runs(&[(0, 3), (0, 4), (1, 5), (1, 4), (1, 5)]), [(0, 3, 2), (1, 5, 1), (1, 4, 2)]);
    }
}
