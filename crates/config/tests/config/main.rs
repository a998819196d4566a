//! Pipeline files from the outside: the one of the documentation loads, wrong ones say what is wrong, hostile ones end.

mod files;
mod hostile;
mod right;
mod schema;
mod wrong;

use goldsmith_config::{ConnectorSchema, LoadOptions, Loaded, Mistakes, load_text};
use serde_json::json;

/// Three connectors as the real ones are made: options, a nested choice, secrets by reference.
fn connectors() -> Vec<ConnectorSchema> {
    let connector = |name: &str, about: &str, options: serde_json::Value| ConnectorSchema {
        name: name.to_owned(),
        about: about.to_owned(),
        options: options.try_into().unwrap(),
    };
    let text = |description: &str| json!({ "type": "string", "description": description });
    let secret = json!({
        "oneOf": [
            {
                "type": "object",
                "properties": { "env": { "type": "string", "description": "Variable." } },
                "required": ["env"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "properties": { "file": { "type": "string", "description": "File." } },
                "required": ["file"],
                "additionalProperties": false,
            },
        ],
    });
    vec![
        connector(
            "csv",
            "Text files of rows.",
            json!({
                "type": "object",
                "properties": {
                    "path": text("The file."),
                    "encoding": { "$ref": "#/$defs/Encoding", "description": "Its encoding." },
                    "delimiter": { "type": ["string", "null"], "pattern": "^.$", "description": "One character." },
                    "password": {
                        "type": "object",
                        "description": "Where it is kept.",
                        "properties": { "env": text("Variable."), "file": text("File.") },
                        "additionalProperties": false,
                    },
                    "skip_rows": { "type": "integer", "minimum": 0, "description": "Lines before the header." },
                },
                "required": ["path"],
                "additionalProperties": false,
                "$defs": { "Encoding": { "oneOf": [
                    { "type": "string", "const": "utf-8", "description": "UTF-8." },
                    { "type": "string", "const": "iso-8859-1", "description": "Latin-1." },
                ] } },
            }),
        ),
        connector(
            "sqlite",
            "A database file.",
            json!({ "type": "object", "properties": { "path": text("The file.") }, "required": ["path"] }),
        ),
        connector(
            "rest",
            "A service of JSON over HTTP.",
            json!({
                "type": "object",
                "properties": {
                    "base_url": text("Where it is."),
                    "timeout": { "type": ["number", "null"], "description": "Seconds." },
                    "auth": {
                        "description": "How to log in.",
                        "anyOf": [{ "$ref": "#/$defs/Auth" }, { "type": "null" }],
                    },
                    "resource": { "$ref": "#/$defs/Resource", "description": "What to read." },
                },
                "required": ["base_url", "resource"],
                "$defs": {
                    "Auth": { "oneOf": [
                        {
                            "type": "object",
                            "properties": { "bearer": { "$ref": "#/$defs/Secret", "description": "A token." } },
                            "required": ["bearer"],
                            "additionalProperties": false,
                        },
                        {
                            "type": "object",
                            "properties": { "basic": { "$ref": "#/$defs/Secret", "description": "A password." } },
                            "required": ["basic"],
                            "additionalProperties": false,
                        },
                    ] },
                    "Secret": secret,
                    "Resource": {
                        "type": "object",
                        "properties": {
                            "path": text("Path."),
                            "records": text("JSONPath of the rows."),
                            "paginate": {
                                "type": "object",
                                "description": "How pages follow.",
                                "additionalProperties": { "type": "string" },
                            },
                            "incremental": text("Parameter."),
                        },
                        "required": ["path"],
                        "additionalProperties": false,
                    },
                },
            }),
        ),
    ]
}

/// Loads `text` as `pipeline.yaml`, with `SUPPORT_URL` and `TOKEN` in the environment.
fn load(text: &str) -> Result<Loaded, Mistakes> {
    let process_env = |name: &str| match name {
        "SUPPORT_URL" => Some("https://support.example".to_owned()),
        "TOKEN" => Some("hunter2".to_owned()),
        "NUMBER" => Some("12345".to_owned()),
        _ => None,
    };
    let options = LoadOptions {
        env: None,
        vars: text
            .contains("GIVEN")
            .then(|| ("GIVEN".to_owned(), "from-command-line".to_owned()))
            .into_iter()
            .collect(),
        connectors: &connectors(),
        process_env: &process_env,
    };
    load_text(text, "pipeline.yaml".as_ref(), &options)
}

/// The smallest pipeline, with `record` below its one record, `source` below its one source and `rest` at the end.
fn small(source: &str, record: &str, rest: &str) -> String {
    let record = if record.contains("fields:") {
        record.to_owned()
    } else {
        format!("        fields:\n          full_name: name\n{record}")
    };
    format!(
        "version: 1\nname: small\npublish:\n  to: out\nsources:\n  crm:\n    connector: csv\n    path: a.csv\n{source}    \
         records:\n      - entity: person\n        key: id\n{record}{rest}"
    )
}

/// `line:column message` of each mistake.
fn said(text: &str) -> Vec<String> {
    match load(text) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes
            .list
            .iter()
            .map(|mistake| {
                let place = mistake.place.as_ref().unwrap();
                format!("{}:{} {}", place.line, place.column, mistake.message)
            })
            .collect(),
    }
}
