//! The reference, made from the code, so that it cannot say anything else. `docs/reference/` holds these pages; a
//! test compares them.

use std::fmt::Write;

use arrow::datatypes::Field;
use goldsmith_config::attributes::CATALOGUE;

use goldsmith_source::Connector;
use serde_json::Value;

use crate::normalize::functions::catalogue;
use crate::publish::table::MEANING;
use crate::publish::tables;
use crate::registry;

/// What fields can be mapped to.
#[must_use]
pub fn attributes() -> String {
    let mut page = String::from(
        "# Attributes\n\nWhat a field of a pipeline file can be mapped to. Lists hold several values; their parts can be mapped one by one.\n\n| attribute | of | meaning | parts |\n|---|---|---|---|\n",
    );
    for attribute in CATALOGUE {
        let entities: Vec<&str> = attribute.entities.iter().map(|entity| entity.as_str()).collect();
        let parts: Vec<String> = attribute.parts.iter().map(|part| format!("`{}`", part.name)).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            attribute.name,
            entities.join(", "),
            attribute.description,
            parts.join(" ")
        );
    }
    page.push_str("\nOther attributes are declared under `attributes:` with a type; each becomes a golden column.\n");
    page
}

/// goldsmith's own SQL functions.
#[must_use]
pub fn functions() -> String {
    let mut page = String::from(
        "# SQL functions\n\nUsable in pipeline files and in `goldsmith query`, beside those of DataFusion. Every example is run by a test.\n",
    );
    for function in catalogue() {
        let _ = write!(
            page,
            "\n## `{}({})`\n\n{}\n\n```sql\nSELECT {}\n-- {}\n```\n",
            function.name, function.arguments, function.about, function.example, function.result
        );
    }
    page
}

/// The systems that can be read.
#[must_use]
pub fn connectors() -> String {
    let mut page = String::from(
        "# Connectors\n\nWhat `connector:` can name. The options are in the JSON Schema (`goldsmith schema`) and in each connector's README.\n",
    );
    for entry in registry::CONNECTORS {
        page.push('\n');
        page += &connector(entry);
    }
    page
}

/// One system that can be read: an example and its options.
#[must_use]
pub fn connector(connector: &dyn Connector) -> String {
    let mut page = format!(
        "## `{}`\n\n{}\n\n{}.\n\n```text\n{}\n```\n\n| option | value | meaning |\n|---|---|---|\n",
        connector.name(),
        connector.about(),
        proof(connector),
        connector.example().trim()
    );
    let schema = connector.options_schema();
    let schema = schema.as_value();
    for (name, property) in properties(schema) {
        page += &row(schema, name, property, required(schema, name));
    }
    page
}

/// The keys of a pipeline file, section by section.
#[must_use]
pub fn pipeline() -> String {
    let mut page = String::from(
        "# The pipeline file\n\nEvery key, with its place in the file: `NAME` stands for a name of one's own, `[]` for each item of a list. What may stand under `fields:`, and its parts, is in [attributes.md](attributes.md). Editors check files with the JSON Schema of the same (`goldsmith schema`). `${NAME}` anywhere stands for a variable.\n",
    );
    let schema = goldsmith_config::json_schema(&registry::schemas());
    let mut told = Vec::new();
    section(&schema, "", &schema, &mut told, &mut page);
    page
}

/// The section of what stands at a place, and those of what stands below it; nothing where it holds no keys.
fn section<'s>(schema: &'s Value, place: &str, at: &'s Value, told: &mut Vec<&'s Value>, page: &mut String) {
    let mut objects = Vec::new();
    objects_of(schema, place, at, &mut objects);
    // What is the same at several places is told at the first.
    objects.retain(|(_, object)| !told.iter().any(|before| std::ptr::eq(*before, *object)));
    told.extend(objects.iter().map(|(_, object)| *object));
    let Some((place, first)) = objects.first() else { return };
    // Sources differ in the options of their connectors only.
    let of_source = place == "sources.NAME";
    let kept = |name: &str| !of_source || goldsmith_config::model::sources::RESERVED_SOURCE_KEYS.contains(&name);
    let heading = if place.is_empty() { "The whole file".to_owned() } else { format!("`{place}`") };
    let about = if of_source {
        "One system to read: the keys every source has. Beside them stand the options of its [connector](connectors.md)."
    } else if objects.len() == 1 {
        text(first, "description")
    } else {
        text(at, "description")
    };
    let _ =
        write!(page, "\n## {heading}\n\n{}\n\n| key | value | meaning |\n|---|---|---|\n", about.replace('\n', " "));
    let alternatives = if of_source { objects.get(..1).unwrap_or_default() } else { &objects };
    let known: Vec<(&String, &Value, bool)> = alternatives
        .iter()
        .flat_map(|(_, object)| properties(object).map(|(name, property)| (name, property, required(object, name))))
        .filter(|(name, ..)| kept(name))
        .collect();
    for (name, property, required) in &known {
        if of_source && *name == "connector" {
            *page += "| `connector` | text; required | What reads it; [each](connectors.md) with an example. |\n";
            continue;
        }
        *page += &row(schema, name, property, *required && alternatives.len() == 1);
    }
    let place = place.clone();
    for (name, property, _) in known {
        let below = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        section(schema, &below, property, told, page);
    }
}

/// The objects with keys of their own that may stand at a place, or in the lists and maps there, each with its place.
fn objects_of<'s>(schema: &'s Value, place: &str, at: &'s Value, found: &mut Vec<(String, &'s Value)>) {
    if let Some(named) = named(schema, at) {
        return objects_of(schema, place, named, found);
    }
    if properties(at).next().is_some() {
        found.push((place.to_owned(), at));
    }
    for choice in ["oneOf", "anyOf", "allOf"].iter().flat_map(|key| list(at, key)) {
        objects_of(schema, place, choice, found);
    }
    if let Some(items) = at.get("items") {
        objects_of(schema, &format!("{place}[]"), items, found);
    }
    if let Some(values) = at.get("additionalProperties").filter(|values| values.is_object()) {
        objects_of(schema, &format!("{place}.NAME"), values, found);
    }
}

/// What a reference of a schema points to.
fn named<'s>(schema: &'s Value, at: &Value) -> Option<&'s Value> {
    let name = text(at, "$ref").strip_prefix("#/$defs/")?;
    schema.get("$defs")?.get(name)
}

fn properties(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn required(object: &Value, name: &str) -> bool {
    list(object, "required").iter().any(|required| required.as_str() == Some(name))
}

/// A row of a table of keys.
fn row(schema: &Value, name: &str, property: &Value, required: bool) -> String {
    let meaning = format!("{}{}", text(property, "description"), words(schema, property)).replace('\n', " ");
    let mut value = values(schema, property);
    match property.get("default") {
        _ if required => value += "; required",
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.is_empty() => {}
        Some(default) => {
            let _ =
                write!(value, "; `{}` by default", default.as_str().map_or_else(|| default.to_string(), str::to_owned));
        }
    }
    format!("| `{name}` | {} | {} |\n", value.replace('|', "\\|"), meaning.replace('|', "\\|"))
}

/// What each word that a key can be means.
fn words(schema: &Value, property: &Value) -> String {
    let mut told = String::new();
    let property = named(schema, property).unwrap_or(property);
    for choice in ["oneOf", "anyOf"].iter().flat_map(|key| list(property, key)) {
        match choice.get("const").and_then(Value::as_str) {
            Some(word) => {
                let _ = write!(told, " `{word}`: {}", text(choice, "description"));
            }
            None => told += &words(schema, choice),
        }
    }
    told
}

/// What an option can be: its words where there are a few, else the kind of value, in the words of YAML.
fn values(schema: &Value, property: &Value) -> String {
    if let Some(named) = named(schema, property) {
        return values(schema, named);
    }
    if let Some(word) = property.get("const") {
        return word.as_str().map_or_else(|| word.to_string(), |word| format!("`{word}`"));
    }
    let choices: Vec<&Value> = ["oneOf", "anyOf", "allOf"].iter().flat_map(|key| list(property, key)).collect();
    if !choices.is_empty() {
        let mut told: Vec<String> = Vec::new();
        for choice in choices {
            let value = values(schema, choice);
            if !value.is_empty() && !told.contains(&value) {
                told.push(value);
            }
        }
        return told.join(", ");
    }
    if !list(property, "enum").is_empty() {
        let words = list(property, "enum").iter().filter_map(Value::as_str).map(|word| format!("`{word}`"));
        return words.collect::<Vec<_>>().join(", ");
    }
    let types = match property.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let told = types.into_iter().filter_map(|name| match name {
        "string" => Some("text".to_owned()),
        "integer" | "number" => Some("number".to_owned()),
        "boolean" => Some("`true` or `false`".to_owned()),
        "array" => {
            let items = property.get("items").map(|items| values(schema, items)).unwrap_or_default();
            Some(if items.is_empty() { "list".to_owned() } else { format!("list of: {items}") })
        }
        "object" => {
            let keys = property.get("properties").and_then(Value::as_object).into_iter().flatten();
            let keys: Vec<String> = keys.map(|(key, _)| format!("`{key}`")).collect();
            Some(if keys.is_empty() { "map".to_owned() } else { format!("map with {}", keys.join(", ")) })
        }
        _ => None,
    });
    told.collect::<Vec<_>>().join(", ")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What the connector's tests read.
#[must_use]
pub fn proof(connector: &dyn Connector) -> String {
    connector.proven_by().map_or_else(
        || "unproven: its tests do not run against the real system".to_owned(),
        |proof| format!("proven by tests against {proof}"),
    )
}

/// The published tables and their columns.
#[must_use]
pub fn tables() -> String {
    let mut page = String::from(
        "# Published tables\n\nAlways at `OUT/versions/<number>/<table>/part-*.parquet`. Every column carries its meaning in the Parquet field metadata, under `description`.\n",
    );
    for (name, about, fields) in table_list() {
        let _ = write!(page, "\n## `{name}`\n\n{about}\n\n| column | type | meaning |\n|---|---|---|\n");
        for field in fields {
            let _ = writeln!(
                page,
                "| `{}` | {}{} | {} |",
                field.name(),
                type_name(&field),
                if field.is_nullable() { ", nullable" } else { "" },
                field.metadata().get(MEANING).map_or("", String::as_str)
            );
        }
    }
    page
}

fn type_name(field: &Field) -> String {
    use arrow::datatypes::DataType;
    match field.data_type() {
        DataType::List(item) => match item.data_type() {
            DataType::Struct(parts) => format!(
                "list of struct({})",
                parts.iter().map(|part| part.name().as_str()).collect::<Vec<_>>().join(", ")
            ),
            other => format!("list of {other}"),
        },
        DataType::Timestamp(_, _) => "timestamp (UTC)".to_owned(),
        other => other.to_string(),
    }
}

/// Every table: its name, what it is, its columns. Columns of attributes depend on the pipeline.
fn table_list() -> Vec<(&'static str, &'static str, Vec<Field>)> {
    vec![
        (
            tables::golden_profiles::NAME,
            "One row a customer. The attributes a pipeline declares follow those below.",
            tables::golden_profiles::standard_fields(),
        ),
        (
            tables::golden_identifiers::NAME,
            "Every e-mail, phone and other identifier of every customer.",
            tables::golden_identifiers::fields(),
        ),
        (
            tables::golden_addresses::NAME,
            "The addresses of every customer, the current one first.",
            tables::golden_addresses::fields(),
        ),
        (
            tables::consents::NAME,
            "For every customer, purpose and channel the consent that holds.",
            tables::consents::fields(),
        ),
        (tables::cross_reference::NAME, "Which record belongs to which customer.", tables::cross_reference::fields()),
        (
            tables::attribute_provenance::NAME,
            "For every golden value where it came from, and what else the records said.",
            tables::attribute_provenance::fields(),
        ),
        (
            tables::source_records::NAME,
            "Every record that was matched. For each mapped attribute `a` a column `a` (normalised) and `a_raw` (as the source has it), or one list with `raw` and `valid` in its elements.",
            tables::source_records::fixed_fields(),
        ),
        (
            tables::match_pairs::NAME,
            "The compared pairs and what became of them; of the improbable ones a sample.",
            tables::match_pairs::fields(),
        ),
        (tables::match_patterns::NAME, "The evidence behind the pairs.", tables::match_patterns::fields()),
        (
            tables::match_blocks::NAME,
            "What each blocking rule did, and its largest blocks.",
            tables::match_blocks::fields(),
        ),
        (
            tables::cluster_edges_cut::NAME,
            "Pairs good enough to match that were kept apart, each with its reason.",
            tables::cluster_edges_cut::fields(),
        ),
        (
            tables::id_redirects::NAME,
            "Golden ids that are no more, and what stands for them.",
            tables::id_redirects::fields(),
        ),
        (
            tables::quarantine::NAME,
            "Every row that could not become a record or a part of one.",
            tables::quarantine::fields(),
        ),
        (
            tables::record_ledger::NAME,
            "The one fate of every row of a main table (`from:` of a record type, or the source's only table) and of every row of a query that stands for one; a row that two record types take has a line for each. What a query leaves out of the tables it reads is the query's doing and has no line; child rows have none either, because they become parts of their parent's record. Those of them that are bad are in `quarantine` all the same, and `run_manifest` counts them as `quarantined_beside`.",
            tables::record_ledger::fields(),
        ),
        (tables::quality_metrics::NAME, "Data quality by source and attribute.", tables::quality_metrics::fields()),
        (
            tables::coverage_matrix::NAME,
            "What each source covers, in records and in customers.",
            tables::coverage_matrix::fields(),
        ),
        (tables::source_overlap::NAME, "Which sets of sources share customers.", tables::source_overlap::fields()),
        (tables::run_manifest::NAME, "The run and what each source contributed.", tables::run_manifest::fields()),
    ]
}
