//! What a tap discovered, and the selection made in it.

use goldsmith_source::{SourceError, request};
use serde_json::{Map, Value, json};

/// A stream of the catalog.
pub(crate) struct Discovered {
    /// The name its messages have.
    pub(crate) name: String,
    pub(crate) schema: Value,
}

/// Marks `wanted` streams (all for `None`) and all their properties as selected, every other stream as not. Gives the
/// selected ones in the order of the catalog.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Config`] for an unknown stream, naming the nearest; Corrupt for what is no catalog.
pub(crate) fn select(
    catalog: &mut Value,
    wanted: Option<&[String]>,
    place: &str,
) -> Result<Vec<Discovered>, SourceError> {
    let broken =
        || SourceError::corrupt(place, "what it writes for --discover is no Singer catalog; set selection: none");
    let streams = catalog.get_mut("streams").and_then(Value::as_array_mut).ok_or_else(broken)?;
    let names: Vec<String> = streams.iter().filter_map(name).map(str::to_owned).collect();
    if names.len() != streams.len() {
        return Err(broken());
    }
    for stream in wanted.unwrap_or_default() {
        if !names.contains(stream) {
            let message = format!("the tap has no stream \"{stream}\"{}", request::suggestion(stream, &names));
            return Err(SourceError::config(message).at(place));
        }
    }
    let mut selected = Vec::new();
    for (stream, name) in streams.iter_mut().zip(names) {
        let is_selected = wanted.is_none_or(|wanted| wanted.contains(&name));
        mark(stream.as_object_mut().ok_or_else(broken)?, is_selected);
        if is_selected {
            let schema = stream.get("schema").cloned().unwrap_or_default();
            selected.push(Discovered { name, schema });
        }
    }
    Ok(selected)
}

fn name(stream: &Value) -> Option<&str> {
    stream.get("stream").or_else(|| stream.get("tap_stream_id")).and_then(Value::as_str)
}

/// Taps of all ages look at different places: the metadata, the stream, its schema.
fn mark(stream: &mut Map<String, Value>, selected: bool) {
    stream.insert("selected".to_owned(), selected.into());
    let mut properties = Vec::new();
    if let Some(schema) = stream.get_mut("schema").and_then(Value::as_object_mut) {
        schema.insert("selected".to_owned(), selected.into());
        if let Some(found) = schema.get("properties").and_then(Value::as_object) {
            properties = found.keys().cloned().collect();
        }
    }
    let method_known = stream.contains_key("replication_method");
    let metadata = stream.entry("metadata").or_insert_with(|| json!([]));
    if !metadata.is_array() {
        *metadata = json!([]);
    }
    let Some(metadata) = metadata.as_array_mut() else { return };
    if let Some(whole) = entry(metadata, &json!([])) {
        whole.insert("selected".to_owned(), selected.into());
        let known = ["replication-method", "forced-replication-method"].iter().any(|key| whole.contains_key(*key));
        if !method_known && !known {
            whole.insert("replication-method".to_owned(), "FULL_TABLE".into());
        }
    }
    if selected {
        for property in properties {
            if let Some(property) = entry(metadata, &json!(["properties", property]))
                && property.get("inclusion").and_then(Value::as_str) != Some("unsupported")
            {
                property.insert("selected".to_owned(), true.into());
            }
        }
    }
}

/// The metadata of `breadcrumb`, made where there is none; `None` where it is something else.
fn entry<'m>(metadata: &'m mut Vec<Value>, breadcrumb: &Value) -> Option<&'m mut Map<String, Value>> {
    let known = metadata.iter().position(|entry| entry.get("breadcrumb") == Some(breadcrumb));
    let at = known.unwrap_or_else(|| {
        metadata.push(json!({ "breadcrumb": breadcrumb }));
        metadata.len() - 1
    });
    let entry = metadata.get_mut(at)?.as_object_mut()?;
    entry.entry("metadata").or_insert_with(|| json!({})).as_object_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_of_all_ages_find_the_selection() {
        let mut catalog = json!({ "streams": [
            { "stream": "people", "schema": { "properties": { "id": {}, "photo": {} } }, "metadata": [
                { "breadcrumb": [], "metadata": { "selected": false, "replication-method": "INCREMENTAL" } },
                { "breadcrumb": ["properties", "photo"], "metadata": { "inclusion": "unsupported" } },
            ] },
            { "tap_stream_id": "orders", "schema": {} },
        ] });
        let wanted = ["people".to_owned()];
        let selected = select(&mut catalog, Some(&wanted), "tap").expect("there is such a stream");
        assert_eq!(selected.iter().map(|stream| stream.name.as_str()).collect::<Vec<_>>(), ["people"]);
        let expected = json!({ "streams": [
            { "stream": "people", "schema": { "properties": { "id": {}, "photo": {} }, "selected": true }, "metadata": [
                { "breadcrumb": [], "metadata": { "selected": true, "replication-method": "INCREMENTAL" } },
                { "breadcrumb": ["properties", "photo"], "metadata": { "inclusion": "unsupported" } },
                { "breadcrumb": ["properties", "id"], "metadata": { "selected": true } },
            ], "selected": true },
            { "tap_stream_id": "orders", "schema": { "selected": false }, "selected": false, "metadata": [
                { "breadcrumb": [], "metadata": { "selected": false, "replication-method": "FULL_TABLE" } },
            ] },
        ] });
        assert_eq!(catalog, expected);
    }

    #[test]
    fn what_is_no_catalog_is_refused() {
        for catalog in [json!(null), json!({}), json!({ "streams": [{}] }), json!({ "streams": [1] })] {
            let error = select(&mut catalog.clone(), None, "tap").map(|_| ()).expect_err("refused");
            assert_eq!(error.kind, goldsmith_source::ErrorKind::Corrupt, "{catalog}");
        }
    }
}
