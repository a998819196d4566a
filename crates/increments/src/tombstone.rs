//! Tombstones: what a column says of whether its row is gone.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use goldsmith_source::SourceError;

use crate::internal;

/// For each row whether it is gone: true, a number other than zero, a date or time at all, or text that says so. A row
/// without a value is not gone. An error is the first row whose text says neither.
pub(crate) fn gone(array: &ArrayRef, column: &str) -> Result<Result<Vec<bool>, usize>, SourceError> {
    let rows = 0..array.len();
    Ok(Ok(match array.data_type() {
        DataType::Null => vec![false; array.len()],
        DataType::Boolean => {
            let values = array.as_boolean();
            rows.map(|row| values.is_valid(row) && values.value(row)).collect()
        }
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => rows.map(|row| array.is_valid(row)).collect(),
        known if known.is_numeric() => {
            let values = cast(array, &DataType::Float64).map_err(internal)?;
            let values = values.as_primitive::<Float64Type>();
            rows.map(|row| values.is_valid(row) && values.value(row) != 0.0).collect()
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let values = cast(array, &DataType::Utf8).map_err(internal)?;
            let values = values.as_string::<i32>();
            let mut gone = Vec::with_capacity(values.len());
            for (row, text) in values.iter().enumerate() {
                match text.map_or(Some(false), said) {
                    Some(says) => gone.push(says),
                    None => return Ok(Err(row)),
                }
            }
            gone
        }
        other => {
            return Err(SourceError::config(format!(
                "column \"{column}\" is of type {other}, which cannot say that a row is gone; choose one of yes and no, of numbers or of times"
            )));
        }
    }))
}

fn said(text: &str) -> Option<bool> {
    let text = text.trim();
    let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_time = text.len() >= 10 && text.bytes().take(10).all(|byte| byte.is_ascii_digit() || byte == b'-');
    let digits = || text.bytes().filter(u8::is_ascii_digit);
    // A time of nothing but zeros is how MySQL and those that copy from it write that there is none.
    let is_zero = digits().all(|digit| digit == b'0');
    if is(&["", "0", "false", "f", "no", "n"]) || (is_time && is_zero && digits().count() >= 8) {
        Some(false)
    } else if (is_time && !is_zero) || is(&["1", "true", "t", "yes", "y"]) {
        Some(true)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{BooleanArray, Date32Array, Float64Array, Int32Array, ListArray, StringArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn of(array: impl Array + 'static) -> Result<Result<Vec<bool>, usize>, SourceError> {
        gone(&(Arc::new(array) as ArrayRef), "x")
    }

    #[test]
    fn every_kind_of_column_has_its_way_to_say_it() {
        assert_eq!(of(BooleanArray::from(vec![Some(true), Some(false), None])).unwrap(), Ok(vec![true, false, false]));
        assert_eq!(of(Int32Array::from(vec![Some(-1), Some(0), None])).unwrap(), Ok(vec![true, false, false]));
        assert_eq!(of(Float64Array::from(vec![Some(0.5), Some(0.0), None])).unwrap(), Ok(vec![true, false, false]));
        assert_eq!(of(Date32Array::from(vec![Some(0), None])).unwrap(), Ok(vec![true, false]));
        let text = vec![Some("Yes"), Some(" N "), Some(""), Some("2026-01-01 10:00"), None];
        assert_eq!(of(StringArray::from(text)).unwrap(), Ok(vec![true, false, false, true, false]));
    }

    #[test]
    fn a_time_of_zeros_is_none() {
        let text = vec!["0000-00-00", "0000-00-00 00:00:00", "0000000000", "0001-01-01", "1767225600"];
        assert_eq!(of(StringArray::from(text)).unwrap(), Ok(vec![false, false, false, true, true]));
    }

    #[test]
    fn what_says_neither_is_not_guessed() {
        assert_eq!(of(StringArray::from(vec!["----------"])).unwrap(), Err(0));
        assert_eq!(of(StringArray::from(vec!["no", "active"])).unwrap(), Err(1));
        let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]);
        assert!(of(list).unwrap_err().message.contains("cannot say that a row is gone"));
    }
}
