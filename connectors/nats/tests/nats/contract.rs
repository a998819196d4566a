//! The conformance battery, columns, and what is a table.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{Field, Schema};
use connector_nats::Nats;
use goldsmith_source::ReadRequest;
use goldsmith_source::conformance::{ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use serde_json::json;

use crate::{cells, named, open, publish, read, request, shared, stream, with};

const MESSAGES: [(&str, &str); 6] = [
    ("contract.new", r#"{"id":1,"name":"Zoë"}"#),
    ("contract.new", "{\"id\":2,"),
    ("contract.new", r#"{"id":3,"name":null}"#),
    ("contract.new", "[4,\"list\"]"),
    ("contract.new", ""),
    ("contract.changed", r#"{"id":6,"name":"joe"}"#),
];

#[test]
fn keeps_the_contract() {
    let Some(server) = shared() else { return };
    stream(server, named("contract"), &MESSAGES);
    let options = with(server.options(), json!({"stream": "contract"}));
    // The server gave the times.
    let times = collect(&*open(&options), &request("contract")).unwrap();
    let times: Vec<_> = times.chunks.iter().map(|chunk| chunk.batch.column_by_name("_time").unwrap().clone()).collect();
    let times = arrow::compute::concat(&times.iter().map(|times| &**times).collect::<Vec<_>>()).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("_subject", Arc::new(StringArray::from(vec!["contract.new", "contract.new", "contract.changed"]))),
        ("_sequence", Arc::new(UInt64Array::from(vec![1, 3, 6]))),
        ("_time", times),
        ("id", Arc::new(Int64Array::from(vec![1, 3, 6]))),
        ("name", Arc::new(StringArray::from(vec![Some("Zoë"), None, Some("joe")]))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let reject = |row, rule: &str, raw: &str| ExpectedReject {
        file: "contract".to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.as_bytes().to_vec(),
    };
    let fixture = Fixture {
        connector: &Nats,
        options: options.clone(),
        base_dir: PathBuf::new(),
        table: Some("contract".to_owned()),
        expected: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap(),
        rejected: vec![
            reject(2, "invalid_json", "{\"id\":2,"),
            reject(4, "not_an_object", "[4,\"list\"]"),
            reject(5, "empty_message", ""),
        ],
        files: vec![ExpectedFile { name: "contract".to_owned(), rows: 6, path: None }],
        missing: Some(with(options, json!({"servers": ["127.0.0.1:1"]}))),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn streams_are_tables_and_a_subject_is_a_part_of_one() {
    let Some(server) = shared() else { return };
    stream(
        server,
        named("parts"),
        &[("parts.de.a", r#"{"n":1}"#), ("parts.us.a", r#"{"n":2}"#), ("parts.de.b", r#"{"n":3}"#)],
    );
    stream(server, named("OBJ_parts"), &[]);
    stream(server, named("parts2"), &[]);
    let tables = open(&server.options()).tables().unwrap();
    assert!(tables.is_sorted() && tables.contains(&"parts".to_owned()) && tables.contains(&"parts2".to_owned()));
    assert!(!tables.contains(&"OBJ_parts".to_owned()));
    let only = with(server.options(), json!({"stream": "parts", "subject": "parts.de.>"}));
    let source = open(&only);
    assert_eq!(source.tables().unwrap(), ["parts"]);
    let found = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(
        (cells(&found, "n"), cells(&found, "_sequence")),
        (vec!["1".into(), "3".into()], vec!["1".into(), "3".into()])
    );
    let none = with(server.options(), json!({"stream": "parts", "subject": "parts.fr.>"}));
    assert_eq!(read(&none, &request("parts")).unwrap().rows().len(), 0);
    let empty = read(&server.options(), &request("parts2")).unwrap();
    assert_eq!((empty.rows().len(), empty.files[0].rows), (0, 0));
    assert_eq!(open(&server.options()).row_estimate(Some("parts")), Some(3));
    let limited = ReadRequest { limit: Some(2), batch_rows: 1, ..request("parts") };
    assert_eq!(cells(&read(&server.options(), &limited).unwrap(), "n"), ["1", "2"]);
}

#[test]
fn columns_are_found_by_a_sample_or_declared() {
    let Some(server) = shared() else { return };
    let messages = [
        r#"{"id":1,"home":{"zip":"1"},"tags":[],"_time":"x"}"#,
        r#"{"id":"two","late":true}"#,
        r#"{"id":3,"home":{"zip":"3","floor":2},"middle":1}"#,
        r#"{"id":4,"since":"2024-02-29"}"#,
    ];
    stream(server, named("columns"), &messages.map(|text| ("columns.x", text)));
    // The first and the last.
    let sampled = with(server.options(), json!({"sample": 2}));
    let found = read(&sampled, &request("columns")).unwrap();
    let schema = found.chunks[0].batch.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["_subject", "_sequence", "_time", "id", "home", "tags", "since"]);
    assert_eq!(cells(&found, "id"), ["1", "3", "4"]);
    assert_eq!(cells(&found, "home"), ["{zip: 1}", "{zip: 3}", "-"]);
    assert_eq!((found.rejected[0].rule, found.rejected[0].row), ("wrong_type", 2));
    assert_eq!(
        found.rejected[0].message,
        "columns, sequence 2: column \"id\" has a value of another type; the sample that the columns were found by had \
         others; raise \"sample\", or declare \"columns\""
    );
    let whole = read(&server.options(), &request("columns")).unwrap();
    assert_eq!(cells(&whole, "id"), ["1", "two", "3", "4"]);
    assert_eq!(cells(&whole, "late"), ["-", "true", "-", "-"]);
    let columns = json!({"stream": "columns", "columns": {"since": "date", "id": "integer"}});
    let declared = read(&with(server.options(), columns), &request("columns")).unwrap();
    assert_eq!(
        (cells(&declared, "id"), cells(&declared, "since")),
        (vec!["1".into(), "3".into(), "4".into()], vec!["-".into(), "-".into(), "2024-02-29".into()])
    );
    assert!(declared.rejected[0].message.ends_with("correct \"columns\", or the message"));
}

#[test]
fn empty_messages_are_deletions_where_it_is_said() {
    let Some(server) = shared() else { return };
    stream(server, named("deleted"), &[("deleted.a", r#"{"n":1}"#), ("deleted.b", r#"{"n":2}"#), ("deleted.a", "")]);
    let options = with(server.options(), json!({"empty_messages": "delete"}));
    let found = read(&options, &request("deleted")).unwrap();
    assert_eq!(cells(&found, "_deleted"), ["false", "false", "true"]);
    assert_eq!(cells(&found, "n"), ["1", "2", "-"]);
    assert_eq!(cells(&found, "_subject"), ["deleted.a", "deleted.b", "deleted.a"]);
}

#[test]
fn the_columns_of_a_stream_stay_those_first_told() {
    let Some(server) = shared() else { return };
    stream(server, named("stays"), &[("stays.x", r#"{"n":1}"#)]);
    let source = open(&server.options());
    let schema = source.schema(Some("stays")).unwrap();
    publish(server, &[("stays.x", r#"{"n":"two","more":1}"#)]);
    let found = collect(&*source, &request("stays")).unwrap();
    assert_eq!(found.chunks[0].batch.schema(), schema);
    assert_eq!((cells(&found, "n"), found.rejected[0].rule), (vec!["1".into()], "wrong_type"));
}
