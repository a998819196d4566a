//! Partition values: text in the log, values of the table.

use arrow::array::{Array as _, ArrayRef, StringArray, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use goldsmith_source::SourceError;

use crate::shape::cast;

/// `written` as a value of `data_type`, in an array of one. Nothing and an empty text are null. `column` and `file`
/// name it in errors.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Corrupt`] where it is no such value.
pub(crate) fn value(
    written: Option<&str>,
    data_type: &DataType,
    column: &str,
    file: &str,
) -> Result<ArrayRef, SourceError> {
    let Some(written) = written.filter(|text| !text.is_empty()) else { return Ok(new_null_array(data_type, 1)) };
    let text = StringArray::from(vec![written]);
    let array = cast(&text, data_type).ok().filter(|array| array.null_count() == 0);
    array.ok_or_else(|| {
        let message = format!(
            "its log gives column \"{column}\" a value for this file that is no {data_type}; correct the writer, or read \
             an earlier version with the option version"
        );
        SourceError::corrupt(file, message)
    })
}

/// The one value of `value`, `rows` times.
pub(crate) fn repeated(value: &ArrayRef, rows: usize) -> Result<ArrayRef, arrow::error::ArrowError> {
    take(value, &UInt32Array::from(vec![0; rows]), None)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::AsArray as _;
    use arrow::datatypes::{TimeUnit, TimestampMicrosecondType};
    use arrow::util::display::array_value_to_string;

    use super::*;

    #[test]
    fn values_are_read_by_their_type() {
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let local = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (written, data_type, expected) in [
            ("a b", DataType::Utf8, "a b"),
            ("-7", DataType::Int8, "-7"),
            ("1.5", DataType::Decimal128(6, 2), "1.50"),
            ("2024-02-29", DataType::Date32, "2024-02-29"),
            ("true", DataType::Boolean, "true"),
            ("2024-02-29 13:05:00", timestamp.clone(), "2024-02-29T13:05:00Z"),
            ("2024-02-29 13:05:00.123456", timestamp.clone(), "2024-02-29T13:05:00.123456Z"),
            ("2024-02-29T13:05:00.123456Z", timestamp, "2024-02-29T13:05:00.123456Z"),
            ("2024-02-29 13:05:00", local, "2024-02-29T13:05:00"),
            ("", DataType::Utf8, ""),
        ] {
            let array = value(Some(written), &data_type, "c", "f").unwrap();
            assert_eq!(array.data_type(), &data_type);
            let mut repeated = repeated(&array, 3).unwrap();
            // What shows the value knows UTC as an offset only.
            if let Some(at) = repeated.as_primitive_opt::<TimestampMicrosecondType>()
                && at.timezone().is_some()
            {
                repeated = Arc::new(at.clone().with_timezone("+00:00"));
            }
            assert_eq!(array_value_to_string(&repeated, 2).unwrap(), expected);
        }
        assert!(value(Some(""), &DataType::Utf8, "c", "f").unwrap().is_null(0));
        assert!(value(None, &DataType::Int64, "c", "f").unwrap().is_null(0));
    }

    #[test]
    fn what_is_no_value_is_refused_and_not_repeated() {
        for (written, data_type) in
            [("secret", DataType::Int64), ("300", DataType::Int8), ("2024-13-01", DataType::Date32)]
        {
            let error = value(Some(written), &data_type, "c", "f").unwrap_err().to_string();
            assert!(error.starts_with("f: its log gives column \"c\" a value for this file that is no"), "{error}");
            assert!(!error.contains(written), "{error}");
        }
    }
}
