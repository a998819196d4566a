//! What type a column has, found from its cells, and how cells become an Arrow array.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, TimeUnit};
use calamine::{DataRef, ExcelDateTime};
use chrono::{NaiveDate, NaiveDateTime, Timelike};

/// Integers up to here are exact in a cell, which holds a double.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// The serial number of the day after 9999-12-31.
const END_OF_TIME: f64 = 2_958_466.0;
/// Days from 0001-01-01 to 1970-01-01, as chrono counts them.
const UNIX_DAY: i32 = 719_163;

/// A cell's value with its meaning settled.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    /// Nothing, or the error of a formula (`#N/A`).
    Null,
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date(NaiveDate),
    Moment(NaiveDateTime),
    /// A time of day or a duration, which Excel stores alike.
    Time(String),
    Text(&'a str),
}

impl<'a> Value<'a> {
    pub(crate) fn of(cell: &'a DataRef<'_>) -> Self {
        match cell {
            DataRef::Empty | DataRef::Error(_) => Self::Null,
            DataRef::Int(value) => Self::Integer(*value),
            DataRef::Float(value) => number(*value),
            DataRef::Bool(value) => Self::Boolean(*value),
            DataRef::String(text) => Self::Text(text),
            DataRef::SharedString(text) => Self::Text(text),
            DataRef::DurationIso(text) => Self::Text(text),
            DataRef::DateTimeIso(text) => iso(text),
            DataRef::DateTime(value) => serial(*value),
        }
    }

    /// The value as text, the same for equal values.
    pub(crate) fn render(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Integer(value) => value.to_string(),
            Self::Float(value) if value.abs() >= 1e16 => format!("{value:e}"),
            Self::Float(value) => value.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Moment(moment) => moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            Self::Time(text) => text.clone(),
            Self::Text(text) => (*text).to_owned(),
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number within 2^53")]
fn number<'a>(value: f64) -> Value<'a> {
    if value.abs() <= EXACT && value.fract() == 0.0 { Value::Integer(value as i64) } else { Value::Float(value) }
}

fn iso(text: &str) -> Value<'_> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Value::Date(date);
    }
    match text.trim_end_matches('Z').parse::<NaiveDateTime>() {
        Ok(moment) => Value::Moment(moment),
        Err(_) => Value::Text(text),
    }
}

/// A number shown as a date, a time or a duration. What no calendar has (30 February 1900, years beyond 9999) stays a
/// number.
fn serial<'a>(value: ExcelDateTime) -> Value<'a> {
    let days = value.as_f64();
    let (year, month, day, hour, minute, second, milli) = value.to_ymd_hms_milli();
    if value.is_duration() || (days > 0.0 && days < 1.0) {
        return duration(days);
    }
    let date =
        NaiveDate::from_ymd_opt(year.into(), month.into(), day.into()).filter(|_| (0.0..END_OF_TIME).contains(&days));
    let moment = date.and_then(|date| date.and_hms_milli_opt(hour.into(), minute.into(), second.into(), milli.into()));
    match moment {
        None => number(days),
        Some(moment) if moment.num_seconds_from_midnight() == 0 && moment.nanosecond() == 0 => {
            Value::Date(moment.date())
        }
        Some(moment) => Value::Moment(moment),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of at most 2^32 days")]
fn duration<'a>(days: f64) -> Value<'a> {
    if days.abs() > f64::from(u32::MAX) {
        return number(days);
    }
    let millis = (days * 86_400_000.0).round() as i64;
    let (sign, rest) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
    let (hours, minutes, seconds, milli) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
    let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
    Value::Time(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"))
}

/// The kinds of values seen in one column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kinds {
    integer: bool,
    float: bool,
    boolean: bool,
    date: bool,
    moment: bool,
    text: bool,
}

impl Kinds {
    pub(crate) fn see(&mut self, value: &Value<'_>) {
        match value {
            Value::Null => {}
            Value::Integer(_) => self.integer = true,
            Value::Float(_) => self.float = true,
            Value::Boolean(_) => self.boolean = true,
            Value::Date(_) => self.date = true,
            Value::Moment(_) => self.moment = true,
            Value::Time(_) | Value::Text(_) => self.text = true,
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.integer |= other.integer;
        self.float |= other.float;
        self.boolean |= other.boolean;
        self.date |= other.date;
        self.moment |= other.moment;
        self.text |= other.text;
    }

    /// The type that holds all the values seen as what they are; text where there is none such.
    pub(crate) fn data_type(self) -> DataType {
        let number = self.integer || self.float;
        let time = self.date || self.moment;
        match (number, self.boolean, time, self.text) {
            (true, false, false, false) if !self.float => DataType::Int64,
            (true, false, false, false) => DataType::Float64,
            (false, true, false, false) => DataType::Boolean,
            (false, false, true, false) if !self.moment => DataType::Date32,
            (false, false, true, false) => DataType::Timestamp(TimeUnit::Microsecond, None),
            _ => DataType::Utf8,
        }
    }
}

/// Collects one column of a batch.
pub(crate) enum Builder {
    Int64(Int64Builder),
    Float64(Float64Builder),
    Boolean(BooleanBuilder),
    Date32(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Utf8(StringBuilder),
}

impl Builder {
    pub(crate) fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Date32 => Self::Date32(Date32Builder::new()),
            DataType::Timestamp(..) => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            _ => Self::Utf8(StringBuilder::new()),
        }
    }

    /// Appends `value`, and tells whether it was of the column's type; what is not becomes null.
    #[expect(clippy::cast_precision_loss, reason = "a cell holds a double, so its whole numbers are exact")]
    pub(crate) fn append(&mut self, value: &Value<'_>) -> bool {
        let start_of = |date: &NaiveDate| date.and_time(chrono::NaiveTime::MIN);
        match (self, value) {
            (Self::Int64(builder), Value::Integer(value)) => builder.append_value(*value),
            (Self::Float64(builder), Value::Integer(value)) => builder.append_value(*value as f64),
            (Self::Float64(builder), Value::Float(value)) => builder.append_value(*value),
            (Self::Boolean(builder), Value::Boolean(value)) => builder.append_value(*value),
            (Self::Date32(builder), Value::Date(date)) => builder.append_value(days(*date)),
            (Self::Timestamp(builder), Value::Date(date)) => {
                builder.append_value(start_of(date).and_utc().timestamp_micros())
            }
            (Self::Timestamp(builder), Value::Moment(moment)) => {
                builder.append_value(moment.and_utc().timestamp_micros())
            }
            (Self::Utf8(builder), Value::Text(text)) => builder.append_value(text),
            (Self::Utf8(builder), value) => builder.append_option(value.render()),
            (this, value) => {
                match this {
                    Self::Int64(builder) => builder.append_null(),
                    Self::Float64(builder) => builder.append_null(),
                    Self::Boolean(builder) => builder.append_null(),
                    Self::Date32(builder) => builder.append_null(),
                    Self::Timestamp(builder) => builder.append_null(),
                    Self::Utf8(builder) => builder.append_null(),
                }
                return *value == Value::Null;
            }
        }
        true
    }

    /// The array of what was appended; the builder starts anew.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Date32(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Utf8(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Days since 1970-01-01.
fn days(date: NaiveDate) -> i32 {
    use chrono::Datelike;
    date.num_days_from_ce() - UNIX_DAY
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn serial_numbers_become_what_a_person_sees() {
        let shown = |days: f64, kind, is_1904| serial(ExcelDateTime::new(days, kind, is_1904)).render().unwrap();
        let cases = [
            (45_943.0, DateTime, false, "2025-10-13"),
            (45_943.5, DateTime, false, "2025-10-13T12:00:00"),
            (45_943.541, DateTime, false, "2025-10-13T12:59:02.400"),
            (1.0, DateTime, false, "1900-01-01"),
            (59.0, DateTime, false, "1900-02-28"),
            (60.0, DateTime, false, "60"),
            (61.0, DateTime, false, "1900-03-01"),
            (0.0, DateTime, true, "1904-01-01"),
            (0.25, DateTime, false, "06:00:00"),
            (1.5, TimeDelta, false, "36:00:00"),
            (-0.5, TimeDelta, false, "-12:00:00"),
            (-3.0, DateTime, false, "-3"),
            (2_958_465.0, DateTime, false, "9999-12-31"),
            (2_958_466.0, DateTime, false, "2958466"),
        ];
        for (days, kind, is_1904, expected) in cases {
            assert_eq!(shown(days, kind, is_1904), expected, "{days}");
        }
    }

    #[test]
    fn numbers_read_as_people_write_them() {
        let shown = |value: f64| number(value).render().unwrap();
        assert_eq!(shown(447_911_123_456.0), "447911123456");
        assert_eq!(shown(-0.0), "0");
        assert_eq!(shown(0.1), "0.1");
        assert_eq!(shown(1e21), "1e21");
    }

    #[test]
    fn all_cells_together_decide_the_type() {
        let type_of = |cells: &[DataRef<'_>]| {
            let mut kinds = Kinds::default();
            cells.iter().for_each(|cell| kinds.see(&Value::of(cell)));
            kinds.data_type()
        };
        let date = DataRef::DateTime(ExcelDateTime::new(45_943.0, DateTime, false));
        let noon = DataRef::DateTime(ExcelDateTime::new(45_943.5, DateTime, false));
        let error = DataRef::Error(calamine::CellErrorType::NA);
        let moment = DataType::Timestamp(TimeUnit::Microsecond, None);
        assert_eq!(type_of(&[DataRef::Float(1.0), DataRef::Empty, error]), DataType::Int64);
        assert_eq!(type_of(&[DataRef::Float(1.0), DataRef::Float(1.5)]), DataType::Float64);
        assert_eq!(type_of(&[DataRef::Bool(true)]), DataType::Boolean);
        assert_eq!(type_of(std::slice::from_ref(&date)), DataType::Date32);
        assert_eq!(type_of(&[date.clone(), noon]), moment);
        assert_eq!(type_of(&[date, DataRef::Float(1.0)]), DataType::Utf8);
        assert_eq!(type_of(&[DataRef::Bool(true), DataRef::Float(1.0)]), DataType::Utf8);
        assert_eq!(type_of(&[DataRef::SharedString("0044")]), DataType::Utf8);
        assert_eq!(type_of(&[]), DataType::Utf8);
    }
}
