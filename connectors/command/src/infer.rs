//! The types of all rows, widened until every value fits.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields};
use serde_json::{Map, Value};

/// Above this an `i64` is not exactly a float.
const EXACT_IN_FLOAT: u64 = 1 << 53;
/// Most different members of a nested object; beyond, it is a map with data for names, and kept as JSON text.
const MAX_MEMBERS: usize = 1_000;

/// What the values of one place have in common.
#[derive(Debug, Clone, Default)]
pub(crate) enum Kind {
    /// Only nulls so far.
    #[default]
    Unknown,
    Bool,
    /// `wide`: some value is not exactly a float.
    Int {
        wide: bool,
    },
    Float,
    /// Strings, or values of kinds that nothing narrower holds.
    Text,
    List(Box<Kind>),
    Struct(Members),
}

/// The members of an object in the order of first appearance.
#[derive(Debug, Clone, Default)]
pub(crate) struct Members {
    kinds: Vec<(String, Kind)>,
    positions: HashMap<String, usize>,
}

impl Members {
    /// Widens the members so that those of `object` fit.
    pub(crate) fn widen(&mut self, object: &Map<String, Value>) {
        for (name, value) in object {
            let position = self.positions.get(name).copied().unwrap_or_else(|| {
                self.positions.insert(name.clone(), self.kinds.len());
                self.kinds.push((name.clone(), Kind::Unknown));
                self.kinds.len() - 1
            });
            if let Some((_, kind)) = self.kinds.get_mut(position) {
                kind.widen(value);
            }
        }
    }

    /// Those of a schema that was declared: only text takes values of another kind.
    pub(crate) fn declared(fields: &Fields) -> Self {
        let mut members = Self::default();
        for field in fields {
            members.positions.insert(field.name().clone(), members.kinds.len());
            let kind = if *field.data_type() == DataType::Utf8 { Kind::Text } else { Kind::Unknown };
            members.kinds.push((field.name().clone(), kind));
        }
        members
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(crate) fn fields(&self) -> Fields {
        self.kinds.iter().map(|(name, kind)| Arc::new(Field::new(name, kind.data_type(), true))).collect()
    }

    /// Turns objects and lists in text columns to JSON text. Tells whether there were any.
    pub(crate) fn render(&self, object: &mut Map<String, Value>) -> bool {
        let mut changed = false;
        for (name, value) in object {
            let kind = self.positions.get(name).and_then(|at| self.kinds.get(*at));
            changed |= kind.is_some_and(|(_, kind)| kind.render(value));
        }
        changed
    }
}

impl Kind {
    fn widen(&mut self, value: &Value) {
        match (&mut *self, value) {
            (_, Value::Null) | (Self::Text, _) | (Self::Bool, Value::Bool(_)) => {}
            (Self::Unknown, Value::Bool(_)) => *self = Self::Bool,
            (_, Value::Number(number)) => *self = self.with(number),
            (Self::List(kind), Value::Array(items)) => items.iter().for_each(|item| kind.widen(item)),
            (Self::Unknown, Value::Array(items)) => {
                let mut kind = Self::Unknown;
                items.iter().for_each(|item| kind.widen(item));
                *self = Self::List(Box::new(kind));
            }
            (Self::Struct(members), Value::Object(object)) => {
                members.widen(object);
                self.narrow_maps();
            }
            (Self::Unknown, Value::Object(object)) => {
                let mut members = Members::default();
                members.widen(object);
                *self = Self::Struct(members);
                self.narrow_maps();
            }
            _ => *self = Self::Text,
        }
    }

    fn narrow_maps(&mut self) {
        if matches!(self, Self::Struct(members) if members.len() > MAX_MEMBERS) {
            *self = Self::Text;
        }
    }

    /// The kind that holds what this one holds and `number`, without loss.
    fn with(&self, number: &serde_json::Number) -> Self {
        // A whole number beyond 64 bits was read as a float, so every float out of that range is kept as it is written.
        let found = match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Self::Int { wide: value.unsigned_abs() > EXACT_IN_FLOAT },
            (None, Some(value)) if value.abs() < i64::MAX as f64 => Self::Float,
            _ => Self::Text,
        };
        match (self, found) {
            (Self::Unknown, found) => found,
            (Self::Int { wide: a }, Self::Int { wide: b }) => Self::Int { wide: *a || b },
            (Self::Float, Self::Float | Self::Int { wide: false }) | (Self::Int { wide: false }, Self::Float) => {
                Self::Float
            }
            _ => Self::Text,
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int { .. } => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::List(kind) => DataType::List(Arc::new(Field::new_list_field(kind.data_type(), true))),
            Self::Struct(members) if members.len() > 0 => DataType::Struct(members.fields()),
            // A struct without members cannot be stored in Parquet.
            Self::Unknown | Self::Text | Self::Struct(_) => DataType::Utf8,
        }
    }

    fn render(&self, value: &mut Value) -> bool {
        match (self, &mut *value) {
            (Self::List(kind), Value::Array(items)) => {
                items.iter_mut().fold(false, |any, item| kind.render(item) | any)
            }
            (Self::Struct(members), Value::Object(object)) if members.len() > 0 => members.render(object),
            (Self::Text | Self::Struct(_), Value::Array(_) | Value::Object(_)) => {
                *value = Value::String(value.to_string());
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &[&str], expected: &str) {
        let mut members = Members::default();
        for row in rows {
            let Ok(Value::Object(object)) = serde_json::from_str(row) else { panic!("{row}") };
            members.widen(&object);
        }
        let found: Vec<String> =
            members.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect();
        assert_eq!(found.join("; "), expected);
    }

    #[test]
    fn widens_only_as_far_as_needed() {
        check(&[r#"{"a":1}"#, r#"{"a":null}"#, r#"{"b":true}"#], "a: Int64; b: Boolean");
        check(&[r#"{"a":1}"#, r#"{"a":1.5}"#, r#"{"a":2}"#], "a: Float64");
        check(&[r#"{"a":9007199254740993}"#, r#"{"a":1.5}"#], "a: Utf8");
        check(&[r#"{"a":9223372036854775808}"#], "a: Utf8");
        check(&[r#"{"a":123456789012345678901234}"#], "a: Utf8");
        check(&[r#"{"a":1}"#, r#"{"a":"x"}"#], "a: Utf8");
        check(&[r#"{"a":true}"#, r#"{"a":1}"#], "a: Utf8");
        check(&[r#"{"a":{"b":1}}"#, r#"{"a":"x"}"#], "a: Utf8");
        check(&[r#"{"a":null}"#, r#"{"b":{}}"#], "a: Utf8; b: Utf8");
        check(&[r#"{"a":[]}"#, r#"{"a":[null,1,2.5]}"#], "a: List(Float64)");
    }
}
