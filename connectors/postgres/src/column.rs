//! One column of a batch: values in their binary form in, an Arrow array out, and nothing allocated for a value.

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

/// Bytes of the length before a value.
const LENGTH: usize = 4;

/// A value is not in the form its type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

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

fn fixed<const N: usize>(value: &[u8]) -> Result<[u8; N], Malformed> {
    value.try_into().map_err(|_| Malformed)
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

    /// Takes a value off `rest`, or null, and appends it.
    #[inline]
    pub(crate) fn append(&mut self, rest: &mut &[u8]) -> Result<(), Malformed> {
        let from = rest.get(LENGTH..).unwrap_or_default();
        let Some(value) = field(rest)? else {
            return self.append_null();
        };
        // Values that Arrow has no place for were kept out by the statement; infinite times are null.
        let mut known = true;
        match &mut self.cells {
            Cells::Bool(values) => values.push(fixed::<1>(value)? != [0]),
            Cells::Int2(values) => values.push(i16::from_be_bytes(fixed(value)?)),
            Cells::Int4(values) => values.push(i32::from_be_bytes(fixed(value)?)),
            Cells::Int8(values) => values.push(i64::from_be_bytes(fixed(value)?)),
            Cells::Oid(values) => values.push(i64::from(u32::from_be_bytes(fixed(value)?))),
            Cells::Float4(values) => values.push(f32::from_be_bytes(fixed(value)?)),
            Cells::Float8(values) => values.push(f64::from_be_bytes(fixed(value)?)),
            Cells::Numeric(values, scale) => values.push(decimal(value, *scale).ok_or(Malformed)?),
            Cells::Date(values) => {
                let days = i32::from_be_bytes(fixed(value)?);
                known = days != i32::MAX && days != i32::MIN;
                values.push(if known { days.checked_add(DAYS).ok_or(Malformed)? } else { 0 });
            }
            Cells::Time(values) => values.push(i64::from_be_bytes(fixed(value)?)),
            Cells::Timestamp(values) => {
                let moment = i64::from_be_bytes(fixed(value)?);
                known = moment != i64::MAX && moment != i64::MIN;
                values.push(if known { moment.checked_add(MICROSECONDS).ok_or(Malformed)? } else { 0 });
            }
            Cells::Text(bytes) | Cells::Bytes(bytes) => bytes.push_start(from, value.len()).ok_or(Malformed)?,
            Cells::Uuid(bytes) => bytes.push(&hyphenated(fixed(value)?)).ok_or(Malformed)?,
            Cells::Jsonb(bytes) => match value {
                [1, text @ ..] => bytes.push(text).ok_or(Malformed)?,
                _ => return Err(Malformed),
            },
            Cells::List(ends, element) => {
                append_elements(value, element)?;
                ends.push(i32::try_from(element.len()).map_err(|_| Malformed)?);
            }
        }
        if !known {
            self.nulls.push(self.len() - 1);
        }
        Ok(())
    }

    #[cold]
    fn append_null(&mut self) -> Result<(), Malformed> {
        match &mut self.cells {
            Cells::Bool(values) => values.push(false),
            Cells::Int2(values) => values.push(0),
            Cells::Int4(values) | Cells::Date(values) => values.push(0),
            Cells::Int8(values) | Cells::Oid(values) | Cells::Time(values) | Cells::Timestamp(values) => values.push(0),
            Cells::Float4(values) => values.push(0.0),
            Cells::Float8(values) => values.push(0.0),
            Cells::Numeric(values, _) => values.push(0),
            Cells::Text(bytes) | Cells::Uuid(bytes) | Cells::Jsonb(bytes) | Cells::Bytes(bytes) => {
                bytes.end().ok_or(Malformed)?;
            }
            Cells::List(ends, _) => ends.push(ends.last().copied().unwrap_or_default()),
        }
        self.nulls.push(self.len() - 1);
        Ok(())
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
#[inline(never)]
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
    for _ in 0..count {
        column.append(&mut value)?;
    }
    Ok(())
}

/// Takes a length and as many bytes off `rest`; `None` for null.
pub(crate) fn field<'a>(rest: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
    let (head, tail) = rest.split_first_chunk::<LENGTH>().ok_or(Malformed)?;
    let length = i32::from_be_bytes(*head);
    let (value, tail) = match usize::try_from(length) {
        Ok(length) => tail.split_at_checked(length).map(|(value, tail)| (Some(value), tail)).ok_or(Malformed)?,
        Err(_) => (None, tail),
    };
    *rest = tail;
    Ok(value)
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
        assert_eq!(column.append(&mut &[0, 0, 0, 3, 0, 0, 1][..]), Err(Malformed));
        assert_eq!(field(&mut &[0, 0, 0, 2, 7][..]), Err(Malformed));
        assert_eq!(field(&mut &[0, 0][..]), Err(Malformed));
    }

    #[test]
    fn a_uuid_has_its_hyphens() {
        let text = hyphenated(0x0123_4567_89ab_cdef_0011_2233_4455_6677_u128.to_be_bytes());
        assert_eq!(text, *b"01234567-89ab-cdef-0011-223344556677");
    }
}
