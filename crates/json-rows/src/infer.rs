//! The types of all rows, widened until every value fits.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::parse::{Node, Object};

/// Most different columns of a table, beyond which a connector refuses it: names are data.
pub const MAX_COLUMNS: usize = 10_000;
/// Most different members of one nested object; beyond, it is a map with data for names, and kept as JSON text.
pub const MAX_MEMBERS: usize = 1_000;
/// Above this an `i64` is not exactly a float.
const EXACT_IN_FLOAT: u64 = 1 << 53;

/// What values of one place have in common.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Kind {
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
    /// Days, in text. Never inferred.
    Date,
    /// Moments, in text. Never inferred.
    Timestamp,
    List(Box<Kind>),
    Struct(Members),
}

/// The members of an object in the order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Members {
    pub(crate) kinds: Vec<(String, Kind)>,
    pub(crate) positions: HashMap<String, usize>,
    /// Whether they are columns declared, so that other members of a row do not count.
    pub(crate) is_declared: bool,
}

impl Members {
    /// Where member `name` is. Rows mostly have the same members in the same order, so `guess` is tried first.
    #[must_use]
    pub fn position(&self, name: &str, guess: usize) -> Option<usize> {
        match self.kinds.get(guess) {
            Some((known, _)) if known == name => Some(guess),
            _ => self.positions.get(name).copied(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Each member's name and kind.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Kind)> {
        self.kinds.iter().map(|(name, kind)| (name.as_str(), kind))
    }

    /// Widens the members so that those of an object fit.
    pub fn widen(&mut self, object: &Object<'_>) {
        for (guess, (name, value)) in object.iter().enumerate() {
            let position = self.position(name, guess).unwrap_or_else(|| {
                self.kinds.push((name.clone().into_owned(), Kind::Unknown));
                self.positions.insert(name.clone().into_owned(), self.kinds.len() - 1);
                self.kinds.len() - 1
            });
            if let Some((_, kind)) = self.kinds.get_mut(position) {
                kind.widen(value);
            }
        }
    }

    /// The members as nullable Arrow fields.
    #[must_use]
    pub fn fields(&self) -> Fields {
        self.iter().map(|(name, kind)| Arc::new(Field::new(name, kind.data_type(), true))).collect()
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.kinds == other.kinds
    }
}

impl Kind {
    /// Widens the kind so that `node` fits.
    pub fn widen(&mut self, node: &Node<'_>) {
        match (&mut *self, node) {
            (_, Node::Null) | (Self::Text, _) | (Self::Bool, Node::Bool(_)) => {}
            (_, Node::Number(digits)) => *self = number(self, digits),
            (Self::Unknown, Node::Bool(_)) => *self = Self::Bool,
            (Self::List(kind), Node::List(items)) => items.iter().for_each(|item| kind.widen(item)),
            (Self::Unknown, Node::List(items)) => {
                let mut kind = Self::Unknown;
                items.iter().for_each(|item| kind.widen(item));
                *self = Self::List(Box::new(kind));
            }
            (Self::Unknown, Node::Object(object)) => {
                let mut members = Members::default();
                members.widen(object);
                *self = Self::Struct(members);
                self.narrow_maps();
            }
            (Self::Struct(members), Node::Object(object)) => {
                members.widen(object);
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

    /// The Arrow type that holds it.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int { .. } => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::List(kind) => DataType::List(Arc::new(Field::new_list_field(kind.data_type(), true))),
            Self::Struct(members) if !members.is_empty() => DataType::Struct(members.fields()),
            // A struct without members cannot be stored in Parquet.
            Self::Unknown | Self::Text | Self::Struct(_) => DataType::Utf8,
        }
    }
}

/// The kind that holds what `kind` holds and this number without loss.
fn number(kind: &Kind, digits: &str) -> Kind {
    let found = match digits.parse::<i64>() {
        Ok(value) => Kind::Int { wide: value.unsigned_abs() > EXACT_IN_FLOAT },
        Err(_) if digits.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) => Kind::Text,
        Err(_) if digits.parse::<f64>().is_ok_and(f64::is_finite) => Kind::Float,
        Err(_) => Kind::Text,
    };
    match (kind, found) {
        (Kind::Unknown, found) => found,
        (Kind::Int { wide: a }, Kind::Int { wide: b }) => Kind::Int { wide: *a || b },
        (Kind::Float, Kind::Float)
        | (Kind::Float, Kind::Int { wide: false })
        | (Kind::Int { wide: false }, Kind::Float) => Kind::Float,
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn check(rows: &[&str], expected: &str) {
        let mut members = Members::default();
        for row in rows {
            let Node::Object(object) = parse(row).unwrap() else { panic!("{row}") };
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
        check(&[r#"{"a":9223372036854775807}"#], "a: Int64");
        check(&[r#"{"a":9223372036854775808}"#], "a: Utf8");
        check(&[r#"{"a":1e999}"#], "a: Utf8");
        check(&[r#"{"a":1}"#, r#"{"a":"x"}"#], "a: Utf8");
        check(&[r#"{"a":true}"#, r#"{"a":1}"#], "a: Utf8");
        check(&[r#"{"a":{"b":1}}"#, r#"{"a":"x"}"#], "a: Utf8");
        check(&[r#"{"a":[1]}"#, r#"{"a":1}"#], "a: Utf8");
        check(&[r#"{"a":null}"#, r#"{"b":{}}"#], "a: Utf8; b: Utf8");
        check(&[r#"{"a":[]}"#], "a: List(Utf8)");
        check(&[r#"{"a":[]}"#, r#"{"a":[null,1,2.5]}"#], "a: List(Float64)");
    }

    #[test]
    fn an_object_with_data_for_names_is_text() {
        let wide: Vec<String> = (0..=MAX_MEMBERS).map(|at| format!("\"k{at}\":1")).collect();
        check(&[&format!("{{\"a\":{{{}}}}}", wide.join(","))], "a: Utf8");
    }
}
