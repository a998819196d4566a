//! Arrays that take no more memory than they need.
//!
//! Builders double what they hold, so that a third of it is empty when they end. Records are held for the whole run.

use std::sync::Arc;

use arrow::array::{ArrayData, ArrayRef, RecordBatch, make_array};
use arrow::buffer::Buffer;
use arrow::error::ArrowError;

use crate::pipeline::RunError;

/// The batch with every array as large as its values are.
///
/// # Errors
/// None that a caller can meet.
pub(super) fn exact(batch: &RecordBatch) -> Result<RecordBatch, RunError> {
    let columns = batch.columns().iter().map(exact_array).collect::<Result<_, ArrowError>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

pub(super) fn exact_array(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let data = array.to_data();
    Ok(if is_exact(&data) { Arc::clone(array) } else { make_array(exact_data(&data)?) })
}

fn exact_data(data: &ArrayData) -> Result<ArrayData, ArrowError> {
    let buffers = data.buffers().iter().map(exact_buffer).collect();
    let children = data.child_data().iter().map(exact_data).collect::<Result<_, _>>()?;
    data.clone().into_builder().buffers(buffers).child_data(children).build()
}

fn is_exact(data: &ArrayData) -> bool {
    data.buffers().iter().all(|buffer| !is_wasteful(buffer)) && data.child_data().iter().all(is_exact)
}

fn exact_buffer(buffer: &Buffer) -> Buffer {
    if is_wasteful(buffer) { Buffer::from(buffer.as_slice()) } else { buffer.clone() }
}

/// Whether more than an eighth of what a buffer holds is empty; small ones do not matter.
fn is_wasteful(buffer: &Buffer) -> bool {
    buffer.capacity() > 1024 && buffer.capacity() - buffer.len() > buffer.capacity() / 8
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanBuilder, ListBuilder, StringBuilder, StructArray};
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn values_stay_and_memory_goes() {
        let mut lists = ListBuilder::new(StringBuilder::with_capacity(100, 1 << 20));
        for row in 0..5000 {
            for value in 0..row % 4 {
                lists.values().append_option((value != 2).then(|| format!("{row}-{value}")));
            }
            lists.append(row % 5 != 0);
        }
        let lists: ArrayRef = Arc::new(lists.finish());
        let field = Arc::new(Field::new("lists", lists.data_type().clone(), true));
        let parts: ArrayRef = Arc::new(StructArray::from(vec![(field, Arc::clone(&lists))]));
        let sliced = lists.slice(7, 900);
        let mut flags = BooleanBuilder::with_capacity(1 << 16);
        (0..9000).for_each(|row| flags.append_option((row % 7 != 0).then_some(row % 3 == 0)));
        let flags: ArrayRef = Arc::new(flags.finish());
        let flags = flags.slice(13, 8000);
        assert_eq!(&exact_array(&flags).unwrap(), &flags, "nulls keep their place");
        for array in [lists, parts, sliced] {
            let exact = exact_array(&array).unwrap();
            assert_eq!(&exact, &array);
            assert!(exact.get_array_memory_size() * 2 < array.get_array_memory_size());
            assert!(is_exact(&exact.to_data()));
        }
    }
}
