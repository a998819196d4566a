//! What a MySQL type is in Arrow, and which of its values Arrow has no place for.

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Value};

use crate::value::{date, moment, time, whole};

/// The character set of what is no text.
const BINARY: u16 = 63;

/// What becomes of one column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mapping {
    pub(crate) data_type: DataType,
    pub(crate) wire: Wire,
    pub(crate) order: Order,
}

/// What a value is when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// A number that says yes or no.
    Flag,
    /// Bits, in bytes from the highest.
    Bits,
    Whole,
    Real,
    /// Decimal digits; this many of them and this many decimal places are kept.
    Decimal(u8, u8),
    Text,
    Bytes,
    Date,
    Time,
    /// Date and time; a day that is none cannot be stored in UTC.
    Moment {
        utc: bool,
    },
}

/// How an incremental read can follow a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    None,
    Number,
    /// By bytes, whatever the collation.
    Bytes,
    Date,
    /// With date and time.
    Moment,
}

/// The mapping of a column as the server describes it.
pub(crate) fn mapping(column: &Column, tinyint1_as_boolean: bool) -> Mapping {
    let flags = column.flags();
    let unsigned = flags.contains(ColumnFlags::UNSIGNED_FLAG);
    let number = |signed, not| map(if unsigned { not } else { signed }, Wire::Whole, Order::Number);
    match column.column_type() {
        ColumnType::MYSQL_TYPE_TINY if tinyint1_as_boolean && !unsigned && column.column_length() == 1 => {
            map(DataType::Boolean, Wire::Flag, Order::None)
        }
        ColumnType::MYSQL_TYPE_TINY => number(DataType::Int8, DataType::UInt8),
        ColumnType::MYSQL_TYPE_YEAR => map(DataType::Int16, Wire::Whole, Order::Number),
        ColumnType::MYSQL_TYPE_SHORT => number(DataType::Int16, DataType::UInt16),
        ColumnType::MYSQL_TYPE_INT24 | ColumnType::MYSQL_TYPE_LONG => number(DataType::Int32, DataType::UInt32),
        ColumnType::MYSQL_TYPE_LONGLONG => number(DataType::Int64, DataType::UInt64),
        ColumnType::MYSQL_TYPE_FLOAT => map(DataType::Float32, Wire::Real, Order::None),
        ColumnType::MYSQL_TYPE_DOUBLE => map(DataType::Float64, Wire::Real, Order::None),
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => decimal(column, unsigned),
        ColumnType::MYSQL_TYPE_BIT if column.column_length() == 1 => map(DataType::Boolean, Wire::Bits, Order::None),
        ColumnType::MYSQL_TYPE_BIT => map(DataType::UInt64, Wire::Bits, Order::Number),
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => map(DataType::Date32, Wire::Date, Order::Date),
        ColumnType::MYSQL_TYPE_TIME => map(DataType::Time64(TimeUnit::Microsecond), Wire::Time, Order::None),
        ColumnType::MYSQL_TYPE_DATETIME | ColumnType::MYSQL_TYPE_DATETIME2 => {
            map(DataType::Timestamp(TimeUnit::Microsecond, None), Wire::Moment { utc: false }, Order::Moment)
        }
        ColumnType::MYSQL_TYPE_TIMESTAMP | ColumnType::MYSQL_TYPE_TIMESTAMP2 => {
            let zone = Some("UTC".into());
            map(DataType::Timestamp(TimeUnit::Microsecond, zone), Wire::Moment { utc: true }, Order::Moment)
        }
        ColumnType::MYSQL_TYPE_JSON | ColumnType::MYSQL_TYPE_NULL => map(DataType::Utf8, Wire::Text, Order::None),
        ColumnType::MYSQL_TYPE_GEOMETRY | ColumnType::MYSQL_TYPE_VECTOR => {
            map(DataType::Binary, Wire::Bytes, Order::None)
        }
        _ if column.character_set() == BINARY && !flags.intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG) => {
            map(DataType::Binary, Wire::Bytes, Order::None)
        }
        _ => map(DataType::Utf8, Wire::Text, Order::Bytes),
    }
}

fn map(data_type: DataType, wire: Wire, order: Order) -> Mapping {
    Mapping { data_type, wire, order }
}

/// The server tells the places, and the characters that the longest number has with its sign and point.
fn decimal(column: &Column, unsigned: bool) -> Mapping {
    let scale = column.decimals();
    let other = u32::from(scale > 0) + u32::from(!unsigned);
    let precision = column.column_length().checked_sub(other).and_then(|digits| u8::try_from(digits).ok());
    match precision.filter(|digits| (1..=DECIMAL128_MAX_PRECISION).contains(digits) && scale <= *digits) {
        Some(digits) => {
            map(DataType::Decimal128(digits, scale.cast_signed()), Wire::Decimal(digits, scale), Order::Number)
        }
        None => map(DataType::Utf8, Wire::Text, Order::None),
    }
}

impl Wire {
    /// The condition under which the SQL expression `value` is something Arrow has no place for.
    pub(crate) fn misfit(self, value: &str) -> Option<String> {
        match self {
            Self::Flag => Some(format!("{value} NOT IN (0, 1)")),
            Self::Time => Some(format!("({value} < TIME'00:00:00' OR {value} >= TIME'24:00:00')")),
            // A month or day of zero, or a day the month does not have, but not the zero date, which is null.
            Self::Date | Self::Moment { utc: false } => Some(format!(
                "((MONTH({value}) = 0 OR DAY({value}) = 0 OR (DAY({value}) > 28 AND \
                 (LAST_DAY({value}) IS NULL OR DAY({value}) > DAY(LAST_DAY({value}))))) AND {value} <> 0)"
            )),
            _ => None,
        }
    }

    /// Whether Arrow has a place for the value.
    pub(crate) fn fits(self, value: &Value) -> bool {
        if *value == Value::NULL {
            return true;
        }
        match self {
            Self::Flag => whole(value).is_some_and(|number| matches!(number, 0 | 1)),
            Self::Time => time(value).is_some(),
            Self::Date => date(value).is_some(),
            Self::Moment { .. } => moment(value).is_some(),
            _ => true,
        }
    }

    /// The name of the reason for which a row with a value that does not fit is rejected, and a sentence about it.
    pub(crate) fn fault(self) -> (&'static str, &'static str) {
        match self {
            Self::Flag => (
                "not_a_boolean",
                "the number is neither 0 nor 1; write \"tinyint1_as_boolean: false\" if the column is a number",
            ),
            Self::Time => ("time_out_of_range", "the time is negative or 24:00 and more, which no clock shows"),
            _ => ("invalid_date", "the day is not one of the calendar"),
        }
    }
}
