//! JSON Schema to column types, values to cells, cells to Arrow arrays.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use goldsmith_json_rows::time;
use serde_json::Value;

const PRECISION: u8 = 38;
/// Finer steps than this leave too few digits before the point; such numbers are floats.
const MAX_SCALE: i8 = 18;
/// Above this a float is not exactly one whole number.
const EXACT_IN_FLOAT: f64 = 9_007_199_254_740_992.0;
/// References followed inside a schema.
const MAX_REFERENCES: usize = 8;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Integer,
    Float,
    /// Exact, with so many digits after the point.
    Decimal(i8),
    Timestamp,
    Date,
    /// Strings as they are, everything else as JSON.
    Text,
}

/// A value on its way into a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Decimal(i128),
    /// Microseconds since 1970 in UTC.
    Timestamp(i64),
    /// Days since 1970.
    Date(i32),
    Text(String),
}

impl Kind {
    /// The type of the values that `schema` (of one property) allows, beside null. `root` is what references are
    /// looked up in.
    pub(crate) fn of(schema: &Value, root: &Value) -> Self {
        let mut kinds = Vec::new();
        collect(schema, root, MAX_REFERENCES, &mut kinds);
        let mut kinds = kinds.into_iter();
        let first = kinds.next();
        kinds.fold(first, |one, other| one.map(|one| one.and(other))).unwrap_or(Self::Text)
    }

    /// The type that holds the values of both.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Integer | Self::Float | Self::Decimal(_), Self::Integer | Self::Float | Self::Decimal(_)) => {
                Self::Float
            }
            _ => Self::Text,
        }
    }

    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Decimal(scale) => DataType::Decimal128(PRECISION, scale),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Text => DataType::Utf8,
        }
    }

    /// `value` as a cell; `None` where it does not fit. Whether null is allowed is a question of quality, not of type.
    pub(crate) fn cell(self, value: &Value) -> Option<Cell> {
        match (self, value) {
            (_, Value::Null) => Some(Cell::Null),
            (Self::Bool, Value::Bool(value)) => Some(Cell::Bool(*value)),
            (Self::Integer, Value::Number(number)) => match (number.as_i64(), number.as_f64()) {
                (Some(value), _) => Some(Cell::Integer(value)),
                // 5.0 is a whole number in JSON Schema.
                (None, Some(value)) if value.fract() == 0.0 && value.abs() <= EXACT_IN_FLOAT => {
                    Some(Cell::Integer(value as i64))
                }
                _ => None,
            },
            // A whole number with more digits than a float has would be another one.
            (Self::Float, Value::Number(number)) if number.is_f64() => number.as_f64().map(Cell::Float),
            (Self::Float, Value::Number(number)) => {
                number.as_f64().filter(|value| value.abs() <= EXACT_IN_FLOAT).map(Cell::Float)
            }
            (Self::Decimal(scale), Value::Number(number)) => decimal(number, scale).map(Cell::Decimal),
            (Self::Timestamp, Value::String(text)) => time::timestamp(text).map(Cell::Timestamp),
            (Self::Date, Value::String(text)) => time::date(text).map(Cell::Date),
            (Self::Text, Value::String(text)) => Some(Cell::Text(text.clone())),
            (Self::Text, other) => Some(Cell::Text(other.to_string())),
            _ => None,
        }
    }
}

/// The types of all alternatives of `schema`.
fn collect(schema: &Value, root: &Value, references: usize, kinds: &mut Vec<Kind>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let found = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return match found.filter(|_| references > 0) {
            Some(found) => collect(found, root, references - 1, kinds),
            None => kinds.push(Kind::Text),
        };
    }
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key).and_then(Value::as_array));
    if let Some(alternatives) = alternatives
        && references > 0
    {
        return alternatives.iter().for_each(|alternative| collect(alternative, root, references - 1, kinds));
    }
    let kind = |name: &str| match name {
        "null" => None,
        "boolean" => Some(Kind::Bool),
        "integer" => Some(Kind::Integer),
        "number" => Some(schema.get("multipleOf").and_then(scale).map_or(Kind::Float, Kind::Decimal)),
        "string" => Some(match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => Kind::Timestamp,
            Some("date") => Kind::Date,
            _ => Kind::Text,
        }),
        _ => Some(Kind::Text),
    };
    match schema.get("type") {
        Some(Value::String(name)) => kinds.extend(kind(name)),
        Some(Value::Array(names)) => kinds.extend(names.iter().filter_map(Value::as_str).filter_map(kind)),
        _ => kinds.push(Kind::Text),
    }
}

/// The digits after the point of a step such as 0.01.
fn scale(step: &Value) -> Option<i8> {
    let written = format!("{:e}", step.as_f64()?);
    let exponent: i8 = written.strip_prefix("1e")?.parse().ok()?;
    let scale = exponent.checked_neg()?;
    (0..=MAX_SCALE).contains(&scale).then_some(scale)
}

/// `number` in steps of the scale, where it is a multiple of them.
fn decimal(number: &serde_json::Number, scale: i8) -> Option<i128> {
    // Display of a float is the shortest text that means it, without exponent: the digits as they were written.
    let written = match number.as_i64() {
        Some(whole) => whole.to_string(),
        None => number.as_f64()?.to_string(),
    };
    let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
    let fraction = fraction.trim_end_matches('0');
    let missing = usize::try_from(scale).ok()?.checked_sub(fraction.len())?;
    let digits = format!("{whole}{fraction}{}", "0".repeat(missing));
    let value: i128 = digits.parse().ok()?;
    (value.unsigned_abs() < 10_u128.pow(u32::from(PRECISION))).then_some(value)
}

/// The values of one column of a batch in the making.
pub(crate) enum Builder {
    Bool(BooleanBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Decimal(Decimal128Builder, i8),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Text(StringBuilder),
}

impl Builder {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Integer => Self::Integer(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Decimal(scale) => Self::Decimal(Decimal128Builder::new(), scale),
            Kind::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            Kind::Date => Self::Date(Date32Builder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
        }
    }

    /// Appends a cell that [`Kind::cell`] made for the kind of this column; another one is null.
    pub(crate) fn append(&mut self, cell: &Cell) {
        match (self, cell) {
            (Self::Bool(values), Cell::Bool(value)) => values.append_value(*value),
            (Self::Bool(values), _) => values.append_null(),
            (Self::Integer(values), Cell::Integer(value)) => values.append_value(*value),
            (Self::Integer(values), _) => values.append_null(),
            (Self::Float(values), Cell::Float(value)) => values.append_value(*value),
            (Self::Float(values), _) => values.append_null(),
            (Self::Decimal(values, _), Cell::Decimal(value)) => values.append_value(*value),
            (Self::Decimal(values, _), _) => values.append_null(),
            (Self::Timestamp(values), Cell::Timestamp(value)) => values.append_value(*value),
            (Self::Timestamp(values), _) => values.append_null(),
            (Self::Date(values), Cell::Date(value)) => values.append_value(*value),
            (Self::Date(values), _) => values.append_null(),
            (Self::Text(values), Cell::Text(value)) => values.append_value(value),
            (Self::Text(values), _) => values.append_null(),
        }
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Bool(values) => Arc::new(values.finish()),
            Self::Integer(values) => Arc::new(values.finish()),
            Self::Float(values) => Arc::new(values.finish()),
            Self::Decimal(values, scale) => Arc::new(values.finish().with_precision_and_scale(PRECISION, *scale)?),
            Self::Timestamp(values) => Arc::new(values.finish().with_timezone("UTC")),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_type_is_understood() {
        let root = json!({ "definitions": { "day": { "type": ["null", "string"], "format": "date" } } });
        let cases = [
            (json!({ "type": "integer" }), Kind::Integer),
            (json!({ "type": ["null", "integer"] }), Kind::Integer),
            (json!({ "type": ["integer", "number", "null"] }), Kind::Float),
            (json!({ "type": ["integer", "string"] }), Kind::Text),
            (json!({ "type": "number", "multipleOf": 0.01 }), Kind::Decimal(2)),
            (json!({ "type": "number", "multipleOf": 1e-5 }), Kind::Decimal(5)),
            (json!({ "type": "number", "multipleOf": 1 }), Kind::Decimal(0)),
            (json!({ "type": "number", "multipleOf": 0.05 }), Kind::Float),
            (json!({ "type": "number", "multipleOf": 1e-38 }), Kind::Float),
            (json!({ "type": ["null", "string"], "format": "date-time" }), Kind::Timestamp),
            (json!({ "type": "string", "format": "email" }), Kind::Text),
            (json!({ "anyOf": [{ "type": "null" }, { "type": "string", "format": "date-time" }] }), Kind::Timestamp),
            (
                json!({ "anyOf": [{ "type": "string", "format": "date-time" }, { "type": ["string", "null"] }] }),
                Kind::Text,
            ),
            (json!({ "oneOf": [{ "type": "boolean" }, { "type": "null" }] }), Kind::Bool),
            (json!({ "$ref": "#/definitions/day" }), Kind::Date),
            (json!({ "$ref": "#/definitions/gone" }), Kind::Text),
            (json!({ "type": ["null", "object"], "properties": {} }), Kind::Text),
            (json!({ "type": "null" }), Kind::Text),
            (json!({}), Kind::Text),
        ];
        for (schema, expected) in cases {
            assert_eq!(Kind::of(&schema, &root), expected, "{schema}");
        }
        let endless = json!({ "a": { "$ref": "#/a" } });
        assert_eq!(Kind::of(&json!({ "$ref": "#/a" }), &endless), Kind::Text);
    }

    #[test]
    fn values_fit_or_do_not() {
        let cases = [
            (Kind::Integer, json!(5), Some(Cell::Integer(5))),
            (Kind::Integer, json!(5.0), Some(Cell::Integer(5))),
            (Kind::Integer, json!(5.5), None),
            (Kind::Integer, json!("5"), None),
            (Kind::Integer, json!(18_446_744_073_709_551_615_u64), None),
            (Kind::Float, json!(3), Some(Cell::Float(3.0))),
            (Kind::Decimal(2), json!(12.1), Some(Cell::Decimal(1_210))),
            (Kind::Decimal(2), json!(-0.07), Some(Cell::Decimal(-7))),
            (Kind::Decimal(2), json!(7), Some(Cell::Decimal(700))),
            (Kind::Decimal(2), json!(0.001), None),
            (Kind::Decimal(2), json!(1e300), None),
            (Kind::Bool, json!("true"), None),
            (Kind::Timestamp, json!("1970-01-01T01:00:00.5+01:00"), Some(Cell::Timestamp(500_000))),
            (Kind::Timestamp, json!("1970-01-01T00:00:01"), Some(Cell::Timestamp(1_000_000))),
            (Kind::Timestamp, json!("9999-12-31T00:00:00Z"), Some(Cell::Timestamp(253_402_214_400_000_000))),
            (Kind::Timestamp, json!("soon"), None),
            (Kind::Timestamp, json!(0), None),
            (Kind::Date, json!("1969-12-31"), Some(Cell::Date(-1))),
            (Kind::Date, json!("1970-01-02T00:00:00Z"), Some(Cell::Date(1))),
            (Kind::Date, json!("1970-01-02T13:00:00Z"), None),
            (Kind::Text, json!({ "a": [1] }), Some(Cell::Text("{\"a\":[1]}".to_owned()))),
            (Kind::Text, json!(null), Some(Cell::Null)),
        ];
        for (kind, value, expected) in cases {
            assert_eq!(kind.cell(&value), expected, "{kind:?} {value}");
        }
    }
}
