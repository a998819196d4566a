//! What type a column has, found from the values it holds, and how its values become an Arrow array.
//!
//! SQLite types values, not columns: a column declared INTEGER may hold text in one row of a million. So the
//! values decide, and the declaration only where there are none and for BOOLEAN, which SQLite stores as 0 and 1.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::DataType;
use rusqlite::types::ValueRef;

/// Integers up to here are exact as [`f64`].
const EXACT_F64: u64 = 1 << 53;

/// The kinds of values seen in one column.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Kinds {
    integer: bool,
    /// An integer other than 0 and 1.
    wide: bool,
    /// An integer that would lose digits as a float.
    huge: bool,
    real: bool,
    text: bool,
    blob: bool,
    /// Text that is not UTF-8.
    unreadable_text: bool,
    unreadable_blob: bool,
}

impl Kinds {
    pub(crate) fn see(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => {}
            ValueRef::Integer(value) => {
                self.integer = true;
                self.wide |= !(0..=1).contains(&value);
                self.huge |= value.unsigned_abs() > EXACT_F64;
            }
            ValueRef::Real(_) => self.real = true,
            ValueRef::Text(bytes) => {
                self.text = true;
                self.unreadable_text |= std::str::from_utf8(bytes).is_err();
            }
            ValueRef::Blob(bytes) => {
                self.blob = true;
                self.unreadable_blob |= std::str::from_utf8(bytes).is_err();
            }
        }
    }

    /// Whether a row will be rejected for what this column holds: it becomes text and some of it is none.
    pub(crate) fn rejects(self, data_type: &DataType) -> bool {
        *data_type == DataType::Utf8 && (self.unreadable_text || self.unreadable_blob)
    }

    /// The narrowest type that holds all the values seen; the declared one where there were none.
    pub(crate) fn data_type(self, declared: &str) -> DataType {
        let declared = declared.to_ascii_uppercase();
        let boolean = declared.contains("BOOL");
        match (self.integer, self.real, self.text, self.blob) {
            (false, false, false, false) => declared_type(&declared, boolean),
            (true, false, false, false) if boolean && !self.wide => DataType::Boolean,
            (true, false, false, false) => DataType::Int64,
            (false, true, false, false) => DataType::Float64,
            (true, true, false, false) if !self.huge => DataType::Float64,
            (false, false, false, true) => DataType::Binary,
            _ => DataType::Utf8,
        }
    }
}

/// SQLite's affinity rules (<https://www.sqlite.org/datatype3.html>, 3.1), except that a date is text: that is how
/// most programs store one.
fn declared_type(declared: &str, boolean: bool) -> DataType {
    let has = |part: &str| declared.contains(part);
    if boolean {
        DataType::Boolean
    } else if has("INT") {
        DataType::Int64
    } else if has("CHAR") || has("CLOB") || has("TEXT") || has("DATE") || has("TIME") || declared.is_empty() {
        DataType::Utf8
    } else if has("BLOB") {
        DataType::Binary
    } else {
        DataType::Float64
    }
}

/// Collects one column of a batch.
pub(crate) enum Builder {
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
}

impl Builder {
    pub(crate) fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            _ => Self::Utf8(StringBuilder::new()),
        }
    }

    /// Whether `value` can be appended, without appending it: a row is appended whole or not at all.
    pub(crate) fn fits(&self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (_, ValueRef::Null)
            | (Self::Boolean(_), ValueRef::Integer(0 | 1))
            | (Self::Int64(_), ValueRef::Integer(_))
            | (Self::Float64(_), ValueRef::Integer(_) | ValueRef::Real(_))
            | (Self::Binary(_), ValueRef::Blob(_))
            | (Self::Utf8(_), ValueRef::Integer(_) | ValueRef::Real(_)) => true,
            (Self::Utf8(_), ValueRef::Text(bytes) | ValueRef::Blob(bytes)) if std::str::from_utf8(bytes).is_ok() => {
                true
            }
            _ => false,
        }
    }

    /// Appends a value that [`Self::fits`]; another becomes null.
    #[expect(clippy::cast_precision_loss, reason = "integers beyond 2^53 make the column Utf8, see `Kinds`")]
    pub(crate) fn append(&mut self, value: ValueRef<'_>) {
        match (self, value) {
            (Self::Boolean(builder), ValueRef::Integer(value)) => builder.append_value(value != 0),
            (Self::Int64(builder), ValueRef::Integer(value)) => builder.append_value(value),
            (Self::Float64(builder), ValueRef::Integer(value)) => builder.append_value(value as f64),
            (Self::Float64(builder), ValueRef::Real(value)) => builder.append_value(value),
            (Self::Binary(builder), ValueRef::Blob(value)) => builder.append_value(value),
            (Self::Utf8(builder), ValueRef::Integer(value)) => builder.append_value(value.to_string()),
            (Self::Utf8(builder), ValueRef::Real(value)) => builder.append_value(format!("{value:?}")),
            (Self::Utf8(builder), ValueRef::Text(value) | ValueRef::Blob(value)) => {
                builder.append_option(std::str::from_utf8(value).ok());
            }
            (Self::Boolean(builder), _) => builder.append_null(),
            (Self::Int64(builder), _) => builder.append_null(),
            (Self::Float64(builder), _) => builder.append_null(),
            (Self::Binary(builder), _) => builder.append_null(),
            (Self::Utf8(builder), _) => builder.append_null(),
        }
    }

    /// The array of what was appended; the builder starts anew.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Utf8(builder) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_of(declared: &str, values: &[ValueRef<'_>]) -> DataType {
        let mut kinds = Kinds::default();
        values.iter().for_each(|value| kinds.see(*value));
        kinds.data_type(declared)
    }

    #[test]
    fn values_decide_and_the_declaration_fills_in() {
        use ValueRef::{Blob, Integer, Null, Real, Text};
        let huge = i64::MAX;
        let cases: [(&str, &[ValueRef<'_>], DataType); 16] = [
            ("INTEGER", &[Null, Integer(7)], DataType::Int64),
            ("INTEGER", &[Integer(7), Text(b"x")], DataType::Utf8),
            ("DECIMAL(10,2)", &[Integer(10), Real(1.5)], DataType::Float64),
            ("DECIMAL(10,2)", &[Integer(huge), Real(1.5)], DataType::Utf8),
            ("TEXT", &[Real(1.5)], DataType::Float64),
            ("BOOLEAN", &[Integer(0), Integer(1)], DataType::Boolean),
            ("BOOLEAN", &[Integer(0), Integer(2)], DataType::Int64),
            ("INTEGER", &[Integer(0), Integer(1)], DataType::Int64),
            ("BLOB", &[Blob(b"\xff")], DataType::Binary),
            ("BLOB", &[Blob(b"a"), Integer(1)], DataType::Utf8),
            ("DATE", &[], DataType::Utf8),
            ("BOOL", &[Null], DataType::Boolean),
            ("BIGINT", &[], DataType::Int64),
            ("BLOB", &[], DataType::Binary),
            ("NUMERIC", &[], DataType::Float64),
            ("", &[], DataType::Utf8),
        ];
        for (declared, values, expected) in cases {
            assert_eq!(type_of(declared, values), expected, "{declared} {values:?}");
        }
    }
}
