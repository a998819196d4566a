//! Arrays that take no more memory than they need.
//!
//! Builders double what they hold, so that a third of it is empty when they end. Records are held for the whole run.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayData, ArrayRef, BufferSpec, RecordBatch, layout, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer};
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
    if let Some(buffers) = zeroes(data) {
        let nulls = NullBuffer::new(BooleanBuffer::new(ZEROES.clone(), 0, data.len()));
        let empty = ArrayData::builder(data.data_type().clone()).len(data.len());
        return empty.nulls(Some(nulls)).buffers(buffers).build();
    }
    let buffers = data.buffers().iter().map(exact_buffer).collect();
    let children = data.child_data().iter().map(exact_data).collect::<Result<_, _>>()?;
    data.clone().into_builder().buffers(buffers).child_data(children).build()
}

fn is_exact(data: &ArrayData) -> bool {
    if zeroes(data).is_some() {
        return data.nulls().is_some_and(|nulls| is_zeroes(nulls.buffer()));
    }
    data.buffers().iter().all(|buffer| !is_wasteful(buffer)) && data.child_data().iter().all(is_exact)
}

/// What arrays of nothing but nulls share: a source lacks half of the attributes that others have, and every part of an
/// address has a column.
static ZEROES: LazyLock<Buffer> = LazyLock::new(|| MutableBuffer::from_len_zeroed(1 << 20).into());

fn is_zeroes(buffer: &Buffer) -> bool {
    buffer.data_ptr() == ZEROES.data_ptr()
}

/// The buffers of an array that holds nothing but nulls; none where it holds values, or lists or parts.
fn zeroes(data: &ArrayData) -> Option<Vec<Buffer>> {
    if data.is_empty() || data.null_count() < data.len() || !data.child_data().is_empty() {
        return None;
    }
    if data.len().div_ceil(8) > ZEROES.len() {
        return None;
    }
    let buffer_of = |spec: &BufferSpec| {
        let bytes = match spec {
            // Offsets are one more than values.
            BufferSpec::FixedWidth { byte_width, .. } => (data.len() + 1) * byte_width,
            BufferSpec::BitMap => data.len().div_ceil(8),
            BufferSpec::VariableWidth => 0,
            BufferSpec::AlwaysNull => return None,
        };
        (bytes <= ZEROES.len()).then(|| ZEROES.slice_with_length(0, bytes))
    };
    layout(data.data_type()).buffers.iter().map(buffer_of).collect()
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
    use arrow::array::{
        Array, AsArray, BooleanBuilder, ListBuilder, StringArray, StringBuilder, StructArray, new_null_array,
    };
    use arrow::datatypes::{DataType, Field};

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

    #[test]
    fn arrays_of_nulls_share_their_memory() {
        for data_type in [DataType::Utf8, DataType::Date32, DataType::Boolean, DataType::FixedSizeBinary(32)] {
            let nulls = new_null_array(&data_type, 5000);
            let exact = exact_array(&nulls).unwrap();
            assert_eq!(&exact, &nulls);
            assert!(exact.to_data().nulls().is_some_and(|nulls| is_zeroes(nulls.buffer())));
            assert!(exact.to_data().buffers().iter().all(|buffer| buffer.is_empty() || is_zeroes(buffer)));
            assert!(is_exact(&exact.to_data()));
        }
        // As a part of the elements of lists, beside one with values.
        let parts = [("value", true), ("type", false)].map(|(name, is_there)| {
            let texts: StringArray = (0..900).map(|row| is_there.then(|| format!("v{row}"))).collect();
            (Arc::new(Field::new(name, DataType::Utf8, true)), Arc::new(texts) as ArrayRef)
        });
        let parts: ArrayRef = Arc::new(StructArray::from(parts.to_vec()));
        let exact = exact_array(&parts).unwrap();
        assert_eq!(&exact, &parts);
        let [value, kind] = exact.as_struct().columns() else { panic!("two parts") };
        assert!(kind.to_data().nulls().is_some_and(|nulls| is_zeroes(nulls.buffer())));
        assert!(value.to_data().buffers().iter().all(|buffer| !is_zeroes(buffer)));
        // More than is shared.
        let many = new_null_array(&DataType::Utf8, 300_000);
        assert_eq!(&exact_array(&many).unwrap(), &many);
        assert!(zeroes(&many.to_data()).is_none());
    }
}
