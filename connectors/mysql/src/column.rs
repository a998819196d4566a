//! One column of a batch: values in, an Arrow array out.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder, UInt8Builder, UInt16Builder, UInt32Builder, UInt64Builder,
};
use arrow::datatypes::DataType;
use mysql_async::Value;

use crate::types::Wire;
use crate::value::{bits, date, decimal, moment, time, whole};

/// A value is not what its type says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

pub(crate) struct Column {
    wire: Wire,
    cells: Cells,
}

enum Cells {
    Bool(BooleanBuilder),
    Int8(Int8Builder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    UInt8(UInt8Builder),
    UInt16(UInt16Builder),
    UInt32(UInt32Builder),
    UInt64(UInt64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal(Decimal128Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
    Text(StringBuilder),
    Bytes(BinaryBuilder),
}

/// Does the same with each kind of builder.
macro_rules! each {
    ($cells:expr, $builder:ident => $done:expr) => {
        match $cells {
            Cells::Bool($builder) => $done,
            Cells::Int8($builder) => $done,
            Cells::Int16($builder) => $done,
            Cells::Int32($builder) => $done,
            Cells::Int64($builder) => $done,
            Cells::UInt8($builder) => $done,
            Cells::UInt16($builder) => $done,
            Cells::UInt32($builder) => $done,
            Cells::UInt64($builder) => $done,
            Cells::Float32($builder) => $done,
            Cells::Float64($builder) => $done,
            Cells::Decimal($builder) => $done,
            Cells::Date($builder) => $done,
            Cells::Time($builder) => $done,
            Cells::Moment($builder) => $done,
            Cells::Text($builder) => $done,
            Cells::Bytes($builder) => $done,
        }
    };
}

impl Column {
    pub(crate) fn new(data_type: &DataType, wire: Wire, rows: usize) -> Self {
        let cells = match data_type {
            DataType::Boolean => Cells::Bool(BooleanBuilder::with_capacity(rows)),
            DataType::Int8 => Cells::Int8(Int8Builder::with_capacity(rows)),
            DataType::Int16 => Cells::Int16(Int16Builder::with_capacity(rows)),
            DataType::Int32 => Cells::Int32(Int32Builder::with_capacity(rows)),
            DataType::Int64 => Cells::Int64(Int64Builder::with_capacity(rows)),
            DataType::UInt8 => Cells::UInt8(UInt8Builder::with_capacity(rows)),
            DataType::UInt16 => Cells::UInt16(UInt16Builder::with_capacity(rows)),
            DataType::UInt32 => Cells::UInt32(UInt32Builder::with_capacity(rows)),
            DataType::UInt64 => Cells::UInt64(UInt64Builder::with_capacity(rows)),
            DataType::Float32 => Cells::Float32(Float32Builder::with_capacity(rows)),
            DataType::Float64 => Cells::Float64(Float64Builder::with_capacity(rows)),
            DataType::Decimal128(..) => {
                Cells::Decimal(Decimal128Builder::with_capacity(rows).with_data_type(data_type.clone()))
            }
            DataType::Date32 => Cells::Date(Date32Builder::with_capacity(rows)),
            DataType::Time64(_) => Cells::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            DataType::Timestamp(..) => {
                Cells::Moment(TimestampMicrosecondBuilder::with_capacity(rows).with_data_type(data_type.clone()))
            }
            DataType::Binary => Cells::Bytes(BinaryBuilder::with_capacity(rows, rows * 8)),
            _ => Cells::Text(StringBuilder::with_capacity(rows, rows * 8)),
        };
        Self { wire, cells }
    }

    /// Appends a value. Values that Arrow has no place for were kept out; the zero date is null.
    pub(crate) fn append(&mut self, value: &Value) -> Result<(), Malformed> {
        if *value == Value::NULL {
            each!(&mut self.cells, cells => cells.append_null());
            return Ok(());
        }
        match &mut self.cells {
            Cells::Bool(cells) => match self.wire {
                Wire::Bits => cells.append_value(bits(value).ok_or(Malformed)? != 0),
                _ => cells.append_value(whole(value).ok_or(Malformed)? != 0),
            },
            Cells::Int8(cells) => cells.append_value(number(value)?),
            Cells::Int16(cells) => cells.append_value(number(value)?),
            Cells::Int32(cells) => cells.append_value(number(value)?),
            Cells::Int64(cells) => cells.append_value(number(value)?),
            Cells::UInt8(cells) => cells.append_value(number(value)?),
            Cells::UInt16(cells) => cells.append_value(number(value)?),
            Cells::UInt32(cells) => cells.append_value(number(value)?),
            Cells::UInt64(cells) => match self.wire {
                Wire::Bits => cells.append_value(bits(value).ok_or(Malformed)?),
                _ => cells.append_value(number(value)?),
            },
            Cells::Float32(cells) => match value {
                Value::Float(number) => cells.append_value(*number),
                _ => return Err(Malformed),
            },
            Cells::Float64(cells) => match value {
                Value::Float(number) => cells.append_value(f64::from(*number)),
                Value::Double(number) => cells.append_value(*number),
                _ => return Err(Malformed),
            },
            Cells::Decimal(cells) => match self.wire {
                Wire::Decimal(precision, scale) => {
                    cells.append_value(decimal(value, precision, scale).ok_or(Malformed)?);
                }
                _ => return Err(Malformed),
            },
            Cells::Date(cells) => cells.append_option(date(value).ok_or(Malformed)?),
            Cells::Time(cells) => cells.append_value(time(value).ok_or(Malformed)?),
            Cells::Moment(cells) => cells.append_option(moment(value).ok_or(Malformed)?),
            Cells::Text(cells) => cells.append_value(std::str::from_utf8(bytes(value)?).map_err(|_| Malformed)?),
            Cells::Bytes(cells) => cells.append_value(bytes(value)?),
        }
        Ok(())
    }

    /// What was gathered.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        each!(&mut self.cells, cells => Arc::new(cells.finish()))
    }
}

fn number<T: TryFrom<i128>>(value: &Value) -> Result<T, Malformed> {
    whole(value).and_then(|number| T::try_from(number).ok()).ok_or(Malformed)
}

fn bytes(value: &Value) -> Result<&[u8], Malformed> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(Malformed),
    }
}
