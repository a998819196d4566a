//! One column of a batch: values in their binary form in, an Arrow array out, and nothing allocated for a value.
//!
//! A row's values are only found first, and those of many rows appended column by column, so that the type is asked once
//! for many values.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int16Array,
    Int32Array, Int64Array, ListArray, StringArray, Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use goldsmith_source::builders::{Bytes, Nulls};

use crate::numeric::decimal;
use crate::types::Wire;

/// 1970-01-01 to 2000-01-01, from where PostgreSQL counts.
const DAYS: i32 = 10_957;
const MICROSECONDS: i64 = 946_684_800_000_000;

/// A value is not in the form its type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Where a value stands among the bytes that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    /// Negative where the value is null.
    length: i32,
}

impl Span {
    /// The value that begins at `at` with its length; `at` comes to stand behind it.
    #[inline]
    pub(crate) fn next(bytes: &[u8], at: &mut usize) -> Result<Self, Malformed> {
        let head = bytes.get(*at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Malformed)?;
        let (start, length) = (*at + head.len(), i32::from_be_bytes(*head));
        *at = start + usize::try_from(length).unwrap_or_default();
        if *at > bytes.len() {
            return Err(Malformed);
        }
        Ok(Self { start: u32::try_from(start).map_err(|_| Malformed)?, length })
    }

    /// The value, and all that follows it; `None` for null.
    #[inline]
    fn with_rest(self, bytes: &[u8]) -> Option<(&[u8], usize)> {
        Some((bytes.get(self.start as usize..)?, usize::try_from(self.length).ok()?))
    }

    /// The value; `None` for null.
    #[inline]
    pub(crate) fn value(self, bytes: &[u8]) -> Option<&[u8]> {
        let (from, length) = self.with_rest(bytes)?;
        from.get(..length)
    }
}

pub(crate) struct Column {
    data_type: DataType,
    nulls: Nulls,
    cells: Cells,
}

enum Cells {
    Bool(Vec<bool>),
    Int2(Vec<i16>),
    Int4(Vec<i32>),
    Int8(Vec<i64>),
    Oid(Vec<i64>),
    Float4(Vec<f32>),
    Float8(Vec<f64>),
    Numeric(Vec<i128>, u8),
    Date(Vec<i32>),
    Time(Vec<i64>),
    Timestamp(Vec<i64>),
    Text(Bytes),
    Uuid(Bytes),
    Jsonb(Bytes),
    Bytes(Bytes),
    List(Vec<i32>, Box<Column>),
}

fn offsets(ends: Vec<i32>) -> OffsetBuffer<i32> {
    OffsetBuffer::new(ScalarBuffer::from(ends))
}

fn taken<T>(values: &mut Vec<T>) -> Vec<T> {
    let next = Vec::with_capacity(values.len());
    std::mem::replace(values, next)
}

/// What a column has so far, and what is to be appended.
struct Cursor<'a, S> {
    nulls: &'a mut Nulls,
    bytes: &'a [u8],
    spans: S,
}

impl<S: Iterator<Item = Span>> Cursor<'_, S> {
    /// Appends values of `N` bytes each. `read` gives `None` for what is null in Arrow though not to the server.
    #[inline]
    fn numbers<const N: usize, T: Default>(
        self,
        values: &mut Vec<T>,
        read: impl Fn([u8; N]) -> Result<Option<T>, Malformed>,
    ) -> Result<(), Malformed> {
        self.values(values, |value| read(value.try_into().map_err(|_| Malformed)?))
    }

    #[inline]
    fn values<T: Default>(
        self,
        values: &mut Vec<T>,
        read: impl Fn(&[u8]) -> Result<Option<T>, Malformed>,
    ) -> Result<(), Malformed> {
        for span in self.spans {
            let value = span.value(self.bytes).map(&read).transpose()?.flatten();
            if value.is_none() {
                self.nulls.push(values.len());
            }
            values.push(value.unwrap_or_default());
        }
        Ok(())
    }

    #[inline]
    fn texts(self, texts: &mut Bytes, push: impl Fn(&mut Bytes, &[u8], usize) -> Option<()>) -> Result<(), Malformed> {
        for span in self.spans {
            let pushed = match span.with_rest(self.bytes) {
                Some((from, length)) => push(texts, from, length),
                None => {
                    self.nulls.push(texts.len());
                    texts.end()
                }
            };
            pushed.ok_or(Malformed)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn lists(self, ends: &mut Vec<i32>, element: &mut Column) -> Result<(), Malformed> {
        for span in self.spans {
            match span.value(self.bytes) {
                Some(value) => append_elements(value, element)?,
                None => self.nulls.push(ends.len() - 1),
            }
            ends.push(i32::try_from(element.len()).map_err(|_| Malformed)?);
        }
        Ok(())
    }
}

/// A day or a moment counted from 2000; infinite ones are null.
macro_rules! since_1970 {
    ($integer:ty, $epoch:expr) => {
        |value| match <$integer>::from_be_bytes(value) {
            <$integer>::MIN | <$integer>::MAX => Ok(None),
            since_2000 => since_2000.checked_add($epoch).map(Some).ok_or(Malformed),
        }
    };
}

impl Column {
    pub(crate) fn new(data_type: &DataType, wire: &Wire, rows: usize) -> Self {
        let bytes = || Bytes::with_capacity(rows, rows * 8);
        let cells = match wire {
            Wire::Bool => Cells::Bool(Vec::with_capacity(rows)),
            Wire::Int2 => Cells::Int2(Vec::with_capacity(rows)),
            Wire::Int4 => Cells::Int4(Vec::with_capacity(rows)),
            Wire::Int8 => Cells::Int8(Vec::with_capacity(rows)),
            Wire::Oid => Cells::Oid(Vec::with_capacity(rows)),
            Wire::Float4 => Cells::Float4(Vec::with_capacity(rows)),
            Wire::Float8 => Cells::Float8(Vec::with_capacity(rows)),
            Wire::Numeric(scale) => Cells::Numeric(Vec::with_capacity(rows), *scale),
            Wire::Date => Cells::Date(Vec::with_capacity(rows)),
            Wire::Time => Cells::Time(Vec::with_capacity(rows)),
            Wire::Timestamp => Cells::Timestamp(Vec::with_capacity(rows)),
            Wire::Text => Cells::Text(bytes()),
            Wire::Uuid => Cells::Uuid(bytes()),
            Wire::Jsonb => Cells::Jsonb(bytes()),
            Wire::Bytes => Cells::Bytes(bytes()),
            Wire::List(element) => {
                let inner = match data_type {
                    DataType::List(field) => field.data_type(),
                    other => other,
                };
                Cells::List(vec![0], Box::new(Self::new(inner, element, rows)))
            }
        };
        Self { data_type: data_type.clone(), nulls: Nulls::default(), cells }
    }

    /// Appends the values that stand in `bytes`. Those that Arrow has no place for were kept out by the statement.
    pub(crate) fn append(&mut self, bytes: &[u8], spans: impl Iterator<Item = Span>) -> Result<(), Malformed> {
        let new = Cursor { nulls: &mut self.nulls, bytes, spans };
        match &mut self.cells {
            Cells::Bool(values) => new.numbers(values, |value| Ok(Some(value != [0]))),
            Cells::Int2(values) => new.numbers(values, |value| Ok(Some(i16::from_be_bytes(value)))),
            Cells::Int4(values) => new.numbers(values, |value| Ok(Some(i32::from_be_bytes(value)))),
            Cells::Int8(values) | Cells::Time(values) => {
                new.numbers(values, |value| Ok(Some(i64::from_be_bytes(value))))
            }
            Cells::Oid(values) => new.numbers(values, |value| Ok(Some(u32::from_be_bytes(value).into()))),
            Cells::Float4(values) => new.numbers(values, |value| Ok(Some(f32::from_be_bytes(value)))),
            Cells::Float8(values) => new.numbers(values, |value| Ok(Some(f64::from_be_bytes(value)))),
            Cells::Numeric(values, scale) => {
                new.values(values, |value| decimal(value, *scale).map(Some).ok_or(Malformed))
            }
            Cells::Date(values) => new.numbers(values, since_1970!(i32, DAYS)),
            Cells::Timestamp(values) => new.numbers(values, since_1970!(i64, MICROSECONDS)),
            Cells::Text(texts) | Cells::Bytes(texts) => new.texts(texts, Bytes::push_start),
            Cells::Uuid(texts) => {
                new.texts(texts, |texts, from, length| texts.push(&hyphenated(from.get(..length)?.try_into().ok()?)))
            }
            Cells::Jsonb(texts) => new.texts(texts, |texts, from, length| {
                let (version, text) = from.get(..length)?.split_first()?;
                if *version == 1 { texts.push(text) } else { None }
            }),
            Cells::List(ends, element) => new.lists(ends, element),
        }
    }

    /// How many values there are, nulls included.
    fn len(&self) -> usize {
        match &self.cells {
            Cells::Bool(values) => values.len(),
            Cells::Int2(values) => values.len(),
            Cells::Int4(values) | Cells::Date(values) => values.len(),
            Cells::Int8(values) | Cells::Oid(values) | Cells::Time(values) | Cells::Timestamp(values) => values.len(),
            Cells::Float4(values) => values.len(),
            Cells::Float8(values) => values.len(),
            Cells::Numeric(values, _) => values.len(),
            Cells::Text(bytes) | Cells::Uuid(bytes) | Cells::Jsonb(bytes) | Cells::Bytes(bytes) => bytes.len(),
            Cells::List(ends, _) => ends.len() - 1,
        }
    }

    /// The array of what was appended; the column starts anew.
    ///
    /// # Errors
    /// Where text is not UTF-8.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.nulls.finish(self.len());
        Ok(match &mut self.cells {
            Cells::Bool(values) => Arc::new(BooleanArray::new(taken(values).into(), nulls)),
            Cells::Int2(values) => Arc::new(Int16Array::try_new(taken(values).into(), nulls)?),
            Cells::Int4(values) => Arc::new(Int32Array::try_new(taken(values).into(), nulls)?),
            Cells::Int8(values) | Cells::Oid(values) => Arc::new(Int64Array::try_new(taken(values).into(), nulls)?),
            Cells::Float4(values) => Arc::new(Float32Array::try_new(taken(values).into(), nulls)?),
            Cells::Float8(values) => Arc::new(Float64Array::try_new(taken(values).into(), nulls)?),
            Cells::Numeric(values, _) => {
                let array = Decimal128Array::try_new(taken(values).into(), nulls)?;
                Arc::new(array.with_data_type(self.data_type.clone()))
            }
            Cells::Date(values) => Arc::new(Date32Array::try_new(taken(values).into(), nulls)?),
            Cells::Time(values) => Arc::new(Time64MicrosecondArray::try_new(taken(values).into(), nulls)?),
            Cells::Timestamp(values) => {
                let array = TimestampMicrosecondArray::try_new(taken(values).into(), nulls)?;
                match &self.data_type {
                    DataType::Timestamp(_, Some(zone)) => Arc::new(array.with_timezone(Arc::clone(zone))),
                    _ => Arc::new(array),
                }
            }
            Cells::Text(bytes) | Cells::Uuid(bytes) | Cells::Jsonb(bytes) => {
                let (offsets, values) = bytes.finish();
                Arc::new(StringArray::try_new(offsets, values, nulls)?)
            }
            Cells::Bytes(bytes) => {
                let (offsets, values) = bytes.finish();
                Arc::new(BinaryArray::try_new(offsets, values, nulls)?)
            }
            Cells::List(ends, element) => {
                let elements = element.finish()?;
                let field = arrow::datatypes::Field::new_list_field(elements.data_type().clone(), true);
                let ends = std::mem::replace(ends, vec![0]);
                Arc::new(ListArray::try_new(Arc::new(field), offsets(ends), elements, nulls)?)
            }
        })
    }
}

/// An array: dimensions, whether there are nulls, the type, length and lower bound of each dimension, elements.
fn append_elements(mut value: &[u8], column: &mut Column) -> Result<(), Malformed> {
    let mut word = || -> Result<i32, Malformed> {
        let (head, rest) = value.split_first_chunk::<4>().ok_or(Malformed)?;
        value = rest;
        Ok(i32::from_be_bytes(*head))
    };
    let (dimensions, _, _) = (word()?, word()?, word()?);
    let count = match dimensions {
        0 => return Ok(()),
        1 => word()?,
        _ => return Err(Malformed),
    };
    word()?;
    let mut at = 0;
    for _ in 0..count {
        let span = Span::next(value, &mut at)?;
        column.append(value, std::iter::once(span))?;
    }
    Ok(())
}

/// The usual form of a UUID: 8-4-4-4-12 hexadecimal digits.
fn hyphenated(value: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble & 15)).copied().unwrap_or_default();
    let mut text = [b'-'; 36];
    let mut cells = text.iter_mut().enumerate().filter(|(at, _)| ![8, 13, 18, 23].contains(at));
    for byte in value {
        for nibble in [byte >> 4, byte] {
            if let Some((_, cell)) = cells.next() {
                *cell = digit(nibble);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_values_are_malformed() {
        let mut column = Column::new(&DataType::Int32, &Wire::Int4, 1);
        let (bytes, mut at) = (&[0, 0, 0, 3, 0, 0, 1][..], 0);
        let span = Span::next(bytes, &mut at).unwrap();
        assert_eq!((span.value(bytes), at), (Some(&[0, 0, 1][..]), 7));
        assert_eq!(column.append(bytes, std::iter::once(span)), Err(Malformed));
        assert_eq!(Span::next(&[0, 0, 0, 2, 7], &mut 0), Err(Malformed));
        assert_eq!(Span::next(&[0, 0], &mut 0), Err(Malformed));
    }

    #[test]
    fn a_uuid_has_its_hyphens() {
        let text = hyphenated(0x0123_4567_89ab_cdef_0011_2233_4455_6677_u128.to_be_bytes());
        assert_eq!(text, *b"01234567-89ab-cdef-0011-223344556677");
    }
}
