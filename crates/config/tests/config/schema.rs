//! The published JSON Schema.

use goldsmith_config::json_schema;
use goldsmith_config::model::sources::RESERVED_SOURCE_KEYS;
use serde_json::{Map, Value};

use crate::connectors;

/// Calls `visit` with every schema that has properties, and where it is.
fn objects(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Map<String, Value>)) {
    match schema {
        Value::Object(object) => {
            if object.get("properties").is_some_and(Value::is_object) {
                visit(path, object);
            }
            for (key, inner) in object {
                objects(inner, &format!("{path}/{key}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, &format!("{path}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_key_has_a_description_and_maps_are_closed() {
    let schema = json_schema(&connectors());
    let mut seen = 0;
    objects(&schema, "#", &mut |path, object| {
        for (name, property) in object["properties"].as_object().unwrap() {
            let description = property.get("description").and_then(Value::as_str).unwrap_or_default();
            assert!(!description.is_empty(), "{path}/{name} has no description");
            seen += 1;
        }
        assert!(object.get("additionalProperties").is_some(), "{path} takes any key");
    });
    assert!(seen > 80, "{seen}");
}

#[test]
fn every_reference_leads_somewhere() {
    let schema = json_schema(&connectors());
    let text = schema.to_string();
    let mut references = 0;
    for target in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let pointer = target.strip_prefix('#').unwrap();
        assert!(schema.pointer(pointer).is_some(), "{target}");
        references += 1;
    }
    assert!(references > 20, "{references}");
    assert!(!text.contains("\"null\""), "an optional key is left out, never empty");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn options_depend_on_the_connector() {
    let schema = json_schema(&connectors());
    let csv = &schema["$defs"]["source.csv"];
    assert_eq!(csv["properties"]["connector"]["const"], "csv");
    assert_eq!(csv["properties"]["encoding"]["$ref"], "#/$defs/csv.Encoding");
    assert_eq!(csv["required"], serde_json::json!(["connector", "records", "path"]));
    assert_eq!(csv["additionalProperties"], false);
    assert!(schema["$defs"]["source.sqlite"]["properties"].get("encoding").is_none());
    assert_eq!(schema["$defs"]["Source"]["oneOf"].as_array().unwrap().len(), 3);
}

#[test]
fn reserved_keys_are_those_of_the_schema() {
    let schema = json_schema(&[]);
    let keys: Vec<&String> = schema["$defs"]["Source"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, RESERVED_SOURCE_KEYS.iter().collect::<Vec<_>>());
}

#[test]
fn the_same_every_time() {
    assert_eq!(json_schema(&connectors()).to_string(), json_schema(&connectors()).to_string());
}
