//! One hash over the raw values of a record, whatever their types: BLAKE3 over Arrow's row format.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryBuilder, FixedSizeBinaryBuilder};
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};

/// The hash of every row. `unordered` marks the columns that are child rows, whose order means nothing.
///
/// # Errors
/// Where a column has a type that has no row format.
pub fn record_hash(columns: &[ArrayRef], unordered: &[bool], rows: usize) -> Result<ArrayRef, ArrowError> {
    let mut hashed = Vec::with_capacity(columns.len());
    for (column, unordered) in columns.iter().zip(unordered) {
        hashed.push(if *unordered { sorted_elements(column)? } else { Arc::clone(column) });
    }
    let fields = hashed.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    let converter = RowConverter::new(fields)?;
    let encoded = converter.convert_columns(&hashed)?;
    let mut hashes = FixedSizeBinaryBuilder::with_capacity(rows, 32);
    for row in encoded.iter() {
        hashes.append_value(blake3::hash(row.as_ref()).as_bytes())?;
    }
    Ok(Arc::new(hashes.finish()))
}

/// The elements of each list in row format, sorted and put together: one binary value a record.
fn sorted_elements(lists: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let list = lists.as_list::<i32>();
    let converter = RowConverter::new(vec![SortField::new(list.values().data_type().clone())])?;
    let elements = converter.convert_columns(std::slice::from_ref(list.values()))?;
    let mut out = BinaryBuilder::new();
    for window in list.value_offsets().windows(2) {
        let [start, end] = window else { continue };
        let range = usize::try_from(*start).unwrap_or(0)..usize::try_from(*end).unwrap_or(0);
        let mut sorted: Vec<_> = range.map(|element| elements.row(element)).collect();
        sorted.sort();
        let mut bytes = Vec::new();
        for element in sorted {
            let element = element.as_ref();
            bytes.extend_from_slice(&(element.len() as u64).to_le_bytes());
            bytes.extend_from_slice(element);
        }
        out.append_value(&bytes);
    }
    Ok(Arc::new(out.finish()))
}
