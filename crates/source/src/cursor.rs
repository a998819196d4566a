//! Cursor columns: columns that grow with every change of a row, by which an incremental read knows what is new.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Int64Array, StringArray, UInt64Array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, Int64Type, UInt64Type};
use arrow::error::ArrowError;
use arrow::util::display::FormatOptions;

use crate::SourceError;

/// The rows of an incremental read: those whose `column` is null, or at least `from` and less than `until`.
///
/// The left edge belongs to the window, so that rows with the same value as the last one seen are read again rather
/// than lost; a row without a value could be new, so it is always read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub column: String,
    pub from: Option<Mark>,
    pub until: Option<Mark>,
}

/// A value of a cursor column: whole numbers in decimal, dates and timestamps in ISO 8601 (with `Z` where the type
/// has a zone), other types as they are written. It is a value of a record's bookkeeping and may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub text: String,
    /// The column's type in [`crate::Source::schema`].
    pub data_type: DataType,
}

/// A value of a cursor column, in the order the column grows. Values of one column are all of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CursorValue {
    /// Whole numbers; dates and timestamps in the unit of their type since 1970; decimals without their point.
    Number(i128),
    /// Text, compared byte by byte.
    Text(Box<str>),
}

/// The values of one batch of a cursor column.
#[derive(Debug, Clone)]
pub struct CursorColumn(Values);

#[derive(Debug, Clone)]
enum Values {
    Small(Int64Array),
    Unsigned(UInt64Array),
    Decimal(Decimal128Array),
    Text(StringArray),
}

/// Whether columns of this type can be cursors: whole numbers, decimals, dates, timestamps and text.
///
/// Floats are not (two changes can round to one value), nor is what does not grow.
#[must_use]
pub fn can_be_cursor(data_type: &DataType) -> bool {
    use DataType::{Date32, Date64, Decimal128, LargeUtf8, Timestamp, Utf8, Utf8View};
    data_type.is_integer()
        || matches!(data_type, Decimal128(..) | Date32 | Date64 | Timestamp(..) | Utf8 | LargeUtf8 | Utf8View)
}

impl CursorColumn {
    /// # Errors
    /// [`crate::ErrorKind::Config`] for a type that [cannot be a cursor](can_be_cursor).
    pub fn new(array: &ArrayRef) -> Result<Self, SourceError> {
        let values = match array.data_type() {
            DataType::UInt64 => Values::Unsigned(array.as_primitive::<UInt64Type>().clone()),
            DataType::Decimal128(..) => Values::Decimal(array.as_primitive::<Decimal128Type>().clone()),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Values::Text(cast(array, &DataType::Utf8).map_err(internal)?.as_string::<i32>().clone())
            }
            known if can_be_cursor(known) => {
                Values::Small(cast(array, &DataType::Int64).map_err(internal)?.as_primitive::<Int64Type>().clone())
            }
            other => return Err(not_a_cursor(other)),
        };
        Ok(Self(values))
    }

    /// The value of a row; `None` where it is null or there is no such row.
    #[must_use]
    pub fn value(&self, row: usize) -> Option<CursorValue> {
        fn number<T: Into<i128>>(
            values: &dyn Array,
            row: usize,
            value: impl FnOnce(usize) -> T,
        ) -> Option<CursorValue> {
            (row < values.len() && values.is_valid(row)).then(|| CursorValue::Number(value(row).into()))
        }
        match &self.0 {
            Values::Small(values) => number(values, row, |row| values.value(row)),
            Values::Unsigned(values) => number(values, row, |row| values.value(row)),
            Values::Decimal(values) => number(values, row, |row| values.value(row)),
            Values::Text(values) => {
                (row < values.len() && values.is_valid(row)).then(|| CursorValue::Text(values.value(row).into()))
            }
        }
    }
}

impl CursorValue {
    /// The value of a column of `data_type` as connectors are told it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] for a type that [cannot be a cursor](can_be_cursor) or a value outside of it.
    pub fn mark(&self, data_type: &DataType) -> Result<Mark, SourceError> {
        let text = match self {
            Self::Text(text) => text.to_string(),
            Self::Number(number) => written(*number, data_type)?,
        };
        Ok(Mark { text, data_type: data_type.clone() })
    }
}

impl Mark {
    /// Reads a mark a person wrote.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] where the text is no value of the type.
    pub fn parse(text: &str, data_type: &DataType) -> Result<Self, SourceError> {
        let mark = Self { text: text.to_owned(), data_type: data_type.clone() };
        mark.value()?.mark(data_type)
    }

    /// Its place in the order the column grows.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] where the text is no value of the type.
    pub fn value(&self) -> Result<CursorValue, SourceError> {
        if !can_be_cursor(&self.data_type) {
            return Err(not_a_cursor(&self.data_type));
        }
        // Text is compared as it is, blanks at its ends among it.
        if matches!(self.data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
            return Ok(CursorValue::Text(self.text.as_str().into()));
        }
        let text: ArrayRef = Arc::new(StringArray::from(vec![self.text.trim()]));
        let options = CastOptions { safe: false, format_options: FormatOptions::default() };
        let unreadable = || {
            SourceError::config(format!(
                "`{}` is no value of a cursor of type {}; write whole numbers as 42, dates as 2026-01-31 and times as 2026-01-31T10:00:00Z",
                self.text, self.data_type
            ))
        };
        let typed = cast_with_options(&text, &in_utc(&self.data_type), &options).map_err(|_| unreadable())?;
        CursorColumn::new(&typed)?.value(0).ok_or_else(unreadable)
    }
}

/// A time with a zone is a moment, and the zone a matter of display: marks are written and read in UTC.
fn in_utc(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
        other => other.clone(),
    }
}

/// A number of a column as text.
fn written(number: i128, data_type: &DataType) -> Result<String, SourceError> {
    let outside = || SourceError::config(format!("a cursor value is outside of the range of its type {data_type}"));
    let array: ArrayRef = match data_type {
        DataType::UInt64 => Arc::new(UInt64Array::from(vec![u64::try_from(number).map_err(|_| outside())?])),
        DataType::Decimal128(precision, scale) => {
            let array = Decimal128Array::from(vec![number]).with_precision_and_scale(*precision, *scale);
            Arc::new(array.map_err(|_| outside())?)
        }
        known if can_be_cursor(known) => {
            let array: ArrayRef = Arc::new(Int64Array::from(vec![i64::try_from(number).map_err(|_| outside())?]));
            cast(&array, &in_utc(data_type)).map_err(internal)?
        }
        other => return Err(not_a_cursor(other)),
    };
    let text = cast(&array, &DataType::Utf8).map_err(internal)?;
    let text = text.as_string::<i32>();
    if text.is_valid(0) { Ok(text.value(0).to_owned()) } else { Err(outside()) }
}

fn not_a_cursor(data_type: &DataType) -> SourceError {
    SourceError::config(format!(
        "a column of type {data_type} cannot be a cursor; choose one of whole numbers, dates, times or text that grows with every change"
    ))
}

fn internal(error: ArrowError) -> SourceError {
    SourceError::new(crate::ErrorKind::Internal, "a cursor column could not be converted").because(error)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, Float64Array, Int32Array, TimestampMicrosecondArray, TimestampSecondArray};
    use arrow::datatypes::TimeUnit;

    use super::*;

    fn columns() -> Vec<(ArrayRef, &'static str)> {
        let micros = 1_767_225_600_000_000 + 1_500;
        vec![
            (Arc::new(Int32Array::from(vec![-7])), "-7"),
            (Arc::new(UInt64Array::from(vec![u64::MAX])), "18446744073709551615"),
            (Arc::new(Decimal128Array::from(vec![12_345]).with_precision_and_scale(38, 2).unwrap()), "123.45"),
            (Arc::new(Date32Array::from(vec![20_454])), "2026-01-01"),
            (Arc::new(TimestampSecondArray::from(vec![1_767_225_600])), "2026-01-01T00:00:00"),
            (Arc::new(TimestampMicrosecondArray::from(vec![micros])), "2026-01-01T00:00:00.001500"),
            (
                Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("Europe/Berlin")),
                "2026-01-01T00:00:00.001500Z",
            ),
            (Arc::new(StringArray::from(vec!["2026-01-01 00:00"])), "2026-01-01 00:00"),
            (Arc::new(StringArray::from(vec![" A7  "])), " A7  "),
        ]
    }

    #[test]
    fn marks_are_written_and_read_back() {
        for (array, expected) in columns() {
            let value = CursorColumn::new(&array).unwrap().value(0).unwrap();
            let mark = value.mark(array.data_type()).unwrap();
            assert_eq!(mark.text, expected);
            assert_eq!(mark.value().unwrap(), value, "{expected}");
            assert_eq!(Mark::parse(expected, array.data_type()).unwrap(), mark);
        }
    }

    #[test]
    fn order_is_that_of_the_column() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("B"), Some("a"), Some("ä"), None]));
        let column = CursorColumn::new(&text).unwrap();
        let values: Vec<_> = (0..4).map(|row| column.value(row)).collect();
        assert!(values[3] < values[0] && values[0] < values[1] && values[1] < values[2]);
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![-2, 10, 9]));
        let column = CursorColumn::new(&numbers).unwrap();
        assert!(column.value(0) < column.value(2) && column.value(2) < column.value(1));
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
        assert_eq!(
            CursorColumn::new(&floats).unwrap_err().message,
            "a column of type Float64 cannot be a cursor; choose one of whole numbers, dates, times or text that grows with every change"
        );
        let day = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(Mark::parse("2026-02-03", &day).unwrap().text, "2026-02-03T00:00:00");
        let error = Mark::parse("yesterday", &day).unwrap_err();
        assert!(error.message.starts_with("`yesterday` is no value of a cursor of type Timestamp"), "{error}");
        assert_eq!(Mark::parse("1.5", &DataType::Int64).unwrap_err().kind, crate::ErrorKind::Config);
    }
}
