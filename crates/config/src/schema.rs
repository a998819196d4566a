//! The published JSON Schema of a pipeline file (draft 2020-12): the model's, with each connector's options in place.
//!
//! Beside the standard's keywords it uses three of its own, which editors ignore: `secret` (only references are
//! accepted), `hint` (how to mend a wrong number), and names in `format` that [`crate::model::values`] parses.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::model::{Pipeline, sources::CommonKeys};

/// A connector and what it takes.
#[derive(Debug, Clone)]
pub struct ConnectorSchema {
    /// The name in `connector:`.
    pub name: String,
    /// One sentence: what it reads.
    pub about: String,
    /// The JSON Schema of its options: an object with plain `properties` and none of
    /// [`crate::model::sources::RESERVED_SOURCE_KEYS`] among them. `"secret": true` on a property marks an option that
    /// takes only a reference (`env:` or `file:`).
    pub options: Schema,
}

/// The JSON Schema of a pipeline file. Without connectors, any connector with any options is accepted.
pub fn json_schema(connectors: &[ConnectorSchema]) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut common = CommonKeys::json_schema(&mut generator).to_value();
    let mut root = object(generator.into_root_schema_for::<Pipeline>().to_value());
    let mut definitions = root.shift_remove("$defs").map(object).unwrap_or_default();
    let source = if connectors.is_empty() {
        remove(&mut common, "additionalProperties");
        common
    } else {
        let properties = remove(&mut common, "properties").map(object).unwrap_or_default();
        let required = remove(&mut common, "required").map(array).unwrap_or_default();
        let mut branches = Vec::new();
        for connector in connectors {
            let name = format!("source.{}", connector.name);
            branches.push(json!({ "$ref": format!("#/$defs/{name}") }));
            let merged = source_schema(connector, &properties, &required, &mut definitions);
            definitions.insert(name, merged);
        }
        json!({
            "description": "One system to read: the keys every source has, and the options of its connector.",
            "oneOf": branches,
        })
    };
    definitions.insert("Source".to_owned(), source);
    root.insert("title".to_owned(), json!("A goldsmith pipeline"));
    root.insert("$defs".to_owned(), Value::Object(definitions));
    let mut root = Value::Object(root);
    without_null(&mut root);
    describe_variants(&mut root);
    root
}

/// One connector's sources: the common keys and its options, nothing else.
fn source_schema(
    connector: &ConnectorSchema,
    common: &Map<String, Value>,
    common_required: &[Value],
    definitions: &mut Map<String, Value>,
) -> Value {
    let mut options = connector.options.clone().to_value();
    let prefix = format!("{}.", connector.name);
    rename_references(&mut options, &prefix);
    if let Some(inner) = remove(&mut options, "$defs") {
        definitions.extend(object(inner).into_iter().map(|(name, definition)| (format!("{prefix}{name}"), definition)));
    }
    let mut properties = common.clone();
    properties.insert("connector".to_owned(), json!({ "const": connector.name, "description": connector.about }));
    let own = remove(&mut options, "properties").map(object).unwrap_or_default();
    // The common key wins: a connector that breaks the rule about names loses its option, not the pipeline its meaning.
    for (name, option) in own {
        properties.entry(name).or_insert(option);
    }
    let mut required = common_required.to_vec();
    required.extend(remove(&mut options, "required").map(array).unwrap_or_default());
    let mut merged = object(options);
    for meta in ["$schema", "title"] {
        merged.shift_remove(meta);
    }
    merged.insert("type".to_owned(), json!("object"));
    merged.insert("description".to_owned(), json!(connector.about));
    merged.insert("properties".to_owned(), Value::Object(properties));
    merged.insert("required".to_owned(), Value::Array(required));
    merged.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(merged)
}

fn remove(value: &mut Value, key: &str) -> Option<Value> {
    value.as_object_mut()?.shift_remove(key)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

fn array(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn rename_references(value: &mut Value, prefix: &str) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                match inner {
                    Value::String(target) if key == "$ref" => {
                        if let Some(name) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/$defs/{prefix}{name}");
                        }
                    }
                    _ => rename_references(inner, prefix),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_references(item, prefix)),
        _ => {}
    }
}

/// An optional key is left out, never empty: `Option` means no null in a file, where it is a value forgotten.
fn without_null(value: &mut Value) {
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    match value {
        Value::Object(object) => {
            if object.get("default").is_some_and(Value::is_null) {
                object.shift_remove("default");
            }
            if let Some(Value::Array(kinds)) = object.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [kind] = kinds.as_slice() {
                    let kind = kind.clone();
                    object.insert("type".to_owned(), kind);
                }
            }
            if let Some(Value::Array(values)) = object.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            let mut only = None;
            if let Some(Value::Array(branches)) = object.get_mut("anyOf") {
                branches.retain(|branch| !is_null(branch));
                if branches.len() == 1 {
                    only = branches.pop();
                }
            }
            if let Some(Value::Object(only)) = only {
                object.shift_remove("anyOf");
                for (key, inner) in only {
                    object.entry(key).or_insert(inner);
                }
            }
            object.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// A variant that is a map of one key carries its description on the map; editors show that of the key.
fn describe_variants(value: &mut Value) {
    if let Some(branches) = value.get_mut("oneOf").and_then(Value::as_array_mut) {
        for branch in branches {
            let description = branch.get("description").cloned();
            let properties = branch.get_mut("properties").and_then(Value::as_object_mut);
            if let (Some(description), Some(properties)) = (description, properties)
                && properties.len() == 1
            {
                for property in properties.values_mut().filter_map(Value::as_object_mut) {
                    property.entry("description").or_insert_with(|| description.clone());
                }
            }
        }
    }
    match value {
        Value::Object(object) => object.values_mut().for_each(describe_variants),
        Value::Array(items) => items.iter_mut().for_each(describe_variants),
        _ => {}
    }
}
