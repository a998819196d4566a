//! The types of nodes: which ones a schema takes, which one a node has, what both are called in messages.

use serde_json::{Map, Value};

use crate::yaml::{Kind, Node, Scalar};

pub(crate) fn kinds(schema: &Value) -> Vec<&str> {
    match (schema.get("type"), schema.get("const")) {
        (Some(Value::String(kind)), _) => vec![kind],
        (Some(Value::Array(kinds)), _) => kinds.iter().filter_map(Value::as_str).collect(),
        (None, Some(Value::String(_))) => vec!["string"],
        _ => Vec::new(),
    }
}

pub(crate) fn node_is(node: &Node, kind: &str) -> bool {
    match (&node.kind, kind) {
        (Kind::Map(_), "object") | (Kind::List(_), "array") => true,
        (Kind::Scalar(scalar), kind) => match (scalar.resolve(), kind) {
            // What a variable fills in is text wherever text is wanted.
            (_, "string") if scalar.written.is_some() || scalar.unfilled => true,
            (Value::String(_), "string")
            | (Value::Bool(_), "boolean")
            | (Value::Null, "null")
            | (Value::Number(_), "number") => true,
            (Value::Number(number), "integer") => !number.is_f64(),
            _ => scalar.unfilled,
        },
        _ => false,
    }
}

pub(crate) fn kind_name(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a map",
        other => other,
    }
}

pub(crate) fn type_of(node: &Node) -> &'static str {
    match &node.kind {
        Kind::Map(_) => "a map",
        Kind::List(_) => "a list",
        Kind::Scalar(scalar) => match scalar.resolve() {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            _ => "text",
        },
    }
}

/// The scalar's value; a variable's where only text is wanted is text, whatever it looks like.
pub(crate) fn coerced(scalar: &Scalar, rules: &Map<String, Value>) -> Value {
    let value = scalar.resolve();
    let kinds: Vec<&str> = match rules.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let natural = match &value {
        Value::Number(number) => kinds.contains(&"number") || (kinds.contains(&"integer") && !number.is_f64()),
        Value::Bool(_) => kinds.contains(&"boolean"),
        _ => false,
    };
    if scalar.written.is_some() && kinds.contains(&"string") && !natural {
        Value::String(scalar.text.clone())
    } else {
        value
    }
}

/// The value of what no schema speaks of.
pub(crate) fn plain_value(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.resolve(),
        Kind::List(items) => items.iter().map(plain_value).collect(),
        Kind::Map(entries) => entries.iter().map(|entry| (entry.key.clone(), plain_value(&entry.value))).collect(),
    }
}
