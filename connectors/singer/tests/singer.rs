//! The conformance battery against a tap made of a shell script, faults of taps, and a real tap.
//!
//! The real tap is tap-rest-api-msdk, built with the Singer SDK. Install it where PATH finds it, or name its path in
//! `TAP_REST_API_MSDK`:
//!
//! ```text
//! python3 -m venv taps && taps/bin/pip install tap-rest-api-msdk
//! TAP_REST_API_MSDK=$PWD/taps/bin/tap-rest-api-msdk cargo test -p connector-singer
//! ```
//!
//! Without it that test says so and passes; with `REQUIRE_SERVERS=1` it fails.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    RecordBatch, RecordBatchOptions, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use connector_singer::Singer;
use goldsmith_source::conformance::{Collected, ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::{Connector as _, ErrorKind, OpenContext, ReadRequest, Source, SourceError};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the program `tap`, which notes its arguments and files, and writes `catalog` or `messages`.
fn folder(messages: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$@\" >> calls\ncp \"$2\" seen-config.json\n\
                  stat -c %a \"$2\" > mode; echo \"$2\" > config-path\n\
                  if [ \"$3\" = --discover ]; then cat catalog; exit 0; fi\n\
                  if [ -n \"$4\" ]; then cp \"$4\" seen-catalog.json; fi\ncat messages\n";
    std::fs::write(folder.path().join("tap"), script).unwrap();
    std::fs::set_permissions(folder.path().join("tap"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(folder.path().join("messages"), messages).unwrap();
    let catalog = json!({ "streams": [
        { "stream": "orders", "tap_stream_id": "orders", "schema": { "properties": { "id": { "type": "integer" } } } },
        { "stream": "contacts", "tap_stream_id": "contacts", "schema": { "properties": { "old": { "type": "integer" } } } },
    ] });
    std::fs::write(folder.path().join("catalog"), catalog.to_string()).unwrap();
    folder
}

fn open(folder: &Path, options: &Value) -> Result<Box<dyn Source>, SourceError> {
    let context = OpenContext { source_name: "crm".to_owned(), base_dir: folder.to_owned() };
    Singer.open(options, &context)
}

fn read(folder: &Path, table: &str) -> Result<Collected, SourceError> {
    let request = ReadRequest { table: Some(table.to_owned()), ..ReadRequest::default() };
    collect(&*open(folder, &json!({ "program": "./tap" }))?, &request)
}

fn nullable(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let rows = columns.first().map(|(_, array)| array.len());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let options = RecordBatchOptions::new().with_row_count(rows);
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

const MESSAGES: &str = r#"{"type":"STATE","value":{}}
{"type":"SCHEMA","stream":"contacts","key_properties":["id"],"schema":{"properties":{"id":{"type":"integer"},"name":{"type":["null","string"]},"spent":{"type":["null","number"],"multipleOf":0.01},"score":{"type":"number"},"vip":{"type":"boolean"},"at":{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}]},"born":{"type":"string","format":"date"},"address":{"type":"object"}}}}
{"type":"ACTIVATE_VERSION","stream":"contacts","version":1}
{"type":"RECORD","stream":"contacts","version":2,"record":{"id":7,"name":"Zoë","spent":12.1,"score":1,"vip":true,"at":"2024-02-01T13:05:00+01:00","born":"1990-02-01","address":{"city":"Graz"},"extra":1},"time_extracted":"2026-01-01T00:00:00Z"}
{"type":"RECORD","stream":"contacts","version":2,"record":{"id":"eight","name":"Mallory"}}

{"type":"RECORD","stream":"contacts","version":1,"record":{"id":5,"name":"Outdated"}}
{"type":"RECORD","stream":"contacts","version":2,"record":[1,2]}
{"type":"RECORD","stream":"contacts","record":{"id":9,"name":null}}
{"type":"RECORD","stream":"contacts","version":2,"record":{"id":11,"spent":7,"score":0.5,"vip":false,"at":"9999-12-31T00:00:00Z","address":null}}
{"type":"ACTIVATE_VERSION","stream":"contacts","version":2}
{"type":"STATE","value":{"bookmarks":{}}}
"#;

#[test]
fn keeps_the_contract() {
    let folder = folder(MESSAGES);
    std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    let at = TimestampMicrosecondArray::from(vec![Some(1_706_789_100_000_000), None, Some(253_402_214_400_000_000)]);
    let spent = Decimal128Array::from(vec![Some(1_210), None, Some(700)]).with_precision_and_scale(38, 2).unwrap();
    let expected = nullable(vec![
        ("id", Arc::new(Int64Array::from(vec![7, 9, 11]))),
        ("name", Arc::new(StringArray::from(vec![Some("Zoë"), None, None]))),
        ("spent", Arc::new(spent)),
        ("score", Arc::new(Float64Array::from(vec![Some(1.0), None, Some(0.5)]))),
        ("vip", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("at", Arc::new(at.with_timezone("UTC"))),
        ("born", Arc::new(Date32Array::from(vec![Some(7_336), None, None]))),
        ("address", Arc::new(StringArray::from(vec![Some(r#"{"city":"Graz"}"#), None, None]))),
    ]);
    let line = |number: usize| MESSAGES.lines().nth(number - 1).unwrap().as_bytes().to_vec();
    let rejected = |row, rule: &str, number| ExpectedReject {
        file: "contacts".to_owned(),
        row,
        rule: rule.to_owned(),
        raw: line(number),
    };
    let fixture = Fixture {
        connector: &Singer,
        options: json!({ "program": "./tap", "config": { "token": { "file": "token" }, "list": [{ "k": "hunter2" }] } }),
        base_dir: folder.path().to_owned(),
        table: Some("contacts".to_owned()),
        expected,
        rejected: vec![
            rejected(2, "wrong_type", 5),
            rejected(3, "replaced_version", 7),
            rejected(4, "not_an_object", 8),
        ],
        files: vec![ExpectedFile { name: "contacts".to_owned(), rows: 6, path: None }],
        missing: Some(json!({ "program": "./nothing" })),
        canaries: vec!["s3cret".to_owned(), "hunter2".to_owned()],
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn the_tap_is_run_once_for_all_tables_and_gets_its_secrets_in_a_file_that_is_gone_after() {
    let folder = folder(MESSAGES);
    std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    let config =
        json!({ "token": { "file": "token" }, "deep": [{ "token": { "file": "token" } }], "env": { "env": 1 } });
    let source = open(folder.path(), &json!({ "program": "./tap", "config": config })).unwrap();
    assert!(!folder.path().join("calls").exists(), "opening touches nothing");
    assert_eq!(source.tables().unwrap(), ["orders", "contacts"]);
    for table in ["orders", "contacts"] {
        source.schema(Some(table)).unwrap();
        collect(&*source, &ReadRequest { table: Some(table.to_owned()), ..ReadRequest::default() }).unwrap();
    }
    let note = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let calls = note("calls");
    let calls: Vec<Vec<&str>> = calls.lines().map(|line| line.split(' ').collect()).collect();
    assert_eq!(
        calls.iter().map(|call| (call[0], call[2])).collect::<Vec<_>>(),
        [("--config", "--discover"), ("--config", "--catalog")]
    );
    let seen: Value = serde_json::from_str(&note("seen-config.json")).unwrap();
    assert_eq!(seen, json!({ "token": "s3cret", "deep": [{ "token": "s3cret" }], "env": { "env": 1 } }));
    assert_eq!(note("mode").trim(), "600");
    let path = PathBuf::from(note("config-path").trim());
    assert!(!path.exists() && !path.parent().unwrap().exists(), "{}", path.display());
}

#[test]
fn the_files_are_gone_after_a_failure_too() {
    let folder = folder("noise\n");
    assert_eq!(read(folder.path(), "contacts").unwrap_err().kind, ErrorKind::Corrupt);
    std::fs::write(folder.path().join("catalog"), "noise").unwrap();
    assert_eq!(read(folder.path(), "contacts").unwrap_err().kind, ErrorKind::Corrupt);
    let path = std::fs::read_to_string(folder.path().join("config-path")).unwrap();
    assert!(!Path::new(path.trim()).exists());
}

#[test]
fn streams_are_selected() {
    let folder = folder(MESSAGES);
    let source = open(folder.path(), &json!({ "program": "./tap", "streams": ["contacts"] })).unwrap();
    assert_eq!(source.tables().unwrap(), ["contacts"]);
    let seen: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("seen-catalog.json")).unwrap()).unwrap();
    assert_eq!((&seen["streams"][0]["selected"], &seen["streams"][1]["selected"]), (&json!(false), &json!(true)));

    let old = open(folder.path(), &json!({ "program": "./tap", "selection": "properties" })).unwrap();
    old.tables().unwrap();
    let untold = open(folder.path(), &json!({ "program": "./tap", "selection": "none" })).unwrap();
    assert_eq!(untold.tables().unwrap(), ["contacts"], "only what came");
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    let last: Vec<&str> = calls.lines().skip(3).map(|call| call.split(' ').nth(2).unwrap_or_default()).collect();
    assert_eq!(last, ["--properties", ""]);

    for selection in ["catalog", "none"] {
        let options = json!({ "program": "./tap", "streams": ["contact"], "selection": selection });
        let error = open(folder.path(), &options).unwrap().tables().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Config, "{error}");
        assert!(error.to_string().ends_with("\"contact\". Did you mean \"contacts\"?"), "{error}");
    }
}

#[test]
fn a_stream_without_messages_is_a_table_without_rows() {
    let folder = folder(MESSAGES);
    let source = open(folder.path(), &json!({ "program": "./tap" })).unwrap();
    let schema = source.schema(Some("orders")).unwrap();
    assert_eq!((schema.field(0).name().as_str(), schema.field(0).data_type()), ("id", &DataType::Int64));
    assert_eq!(read(folder.path(), "orders").unwrap().files[0].rows, 0);
}

#[test]
fn a_schema_that_comes_again_widens_the_columns() {
    let folder = folder(
        r#"{"type":"SCHEMA","stream":"contacts","schema":{"properties":{"id":{"type":"integer"},"n":{"type":"integer"}}}}
{"type":"RECORD","stream":"contacts","record":{"id":1,"n":2}}
{"type":"SCHEMA","stream":"contacts","schema":{"properties":{"id":{"type":"string"},"n":{"type":"number"},"new":{"type":"string"}}}}
{"type":"RECORD","stream":"contacts","record":{"id":"a","n":0.5,"new":"x"}}
"#,
    );
    let collected = read(folder.path(), "contacts").unwrap();
    let batch = &collected.chunks[0].batch;
    assert_eq!(batch.column(0).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["1", "a"]);
    assert_eq!(batch.column(1).as_primitive::<Float64Type>().values().to_vec(), [2.0, 0.5]);
    assert_eq!(batch.column(2).as_string::<i32>().iter().collect::<Vec<_>>(), [None, Some("x")]);
}

#[test]
fn the_state_is_passed_on() {
    let folder = folder(MESSAGES);
    let options = json!({ "program": "./tap", "state": "state.json", "selection": "none" });
    let error = open(folder.path(), &options).unwrap().tables().unwrap_err();
    assert_eq!((error.kind, error.place.as_deref()), (ErrorKind::Unavailable, Some("state.json")));
    let state = folder.path().join("state.json");
    std::fs::write(&state, "{}").unwrap();
    open(folder.path(), &options).unwrap().tables().unwrap();
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    assert!(calls.trim_end().ends_with(&format!("--state {}", state.display())), "{calls}");
}

#[test]
fn a_catalog_without_end_is_none() {
    let folder = folder("");
    let script = "#!/bin/sh\nif [ \"$3\" = --discover ]; then exec cat /dev/zero; fi\n";
    std::fs::write(folder.path().join("tap"), script).unwrap();
    let error = open(folder.path(), &json!({ "program": "./tap" })).unwrap().tables().unwrap_err();
    assert_eq!(
        (error.kind, error.to_string()),
        (
            ErrorKind::Corrupt,
            "./tap: writes more than 64 MiB with --discover, which is no catalog; set selection: none where it knows no --discover"
                .to_owned()
        )
    );
}

#[test]
fn output_that_is_none_of_singer_ends_the_read() {
    let schema = "{\"type\":\"SCHEMA\",\"stream\":\"contacts\",\"schema\":{}}\n";
    let cases = [
        (
            "INFO: Li bought 3\n",
            "line 2 of its output is no Singer message; set log: and see whether it prints other things to stdout",
        ),
        ("{\"type\":\"RECORD\",\"stre", "line 2 of its output has no end, so it is cut short; run again"),
        (
            "{\"type\":\"RECORD\",\"stream\":\"orders\",\"record\":{}}\n",
            "line 2 of its output is a record before the schema of its stream; ask the author of the tap",
        ),
        (
            "{\"type\":\"BATCH\",\"stream\":\"contacts\"}\n",
            "line 2 of its output refers to a file of records (BATCH); remove batch_config from the tap's config",
        ),
        (
            "{\"type\":\"OTHER\"}\n",
            "line 2 of its output is a message of a type that is not understood; ask the author of the tap",
        ),
        (
            "{\"type\":\"SCHEMA\",\"stream\":\"contacts\",\"schema\":5}\n",
            "line 2 of its output is a SCHEMA message whose schema is no object; ask the author of the tap",
        ),
        ("{\"type\":\"RECORD\",\"record\":{}}\n", "line 2 of its output names no stream; ask the author of the tap"),
    ];
    for (line, expected) in cases {
        let folder = folder(&format!("{schema}{line}"));
        let error = read(folder.path(), "contacts").unwrap_err();
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Corrupt, format!("./tap: {expected}")));
    }
}

#[test]
fn a_real_tap_is_read() {
    let Some(tap) = installed("TAP_REST_API_MSDK", "tap-rest-api-msdk") else {
        let message =
            "NOT TESTED: tap-rest-api-msdk is not installed; see the head of connectors/singer/tests/singer.rs";
        assert!(std::env::var_os("REQUIRE_SERVERS").is_none(), "{message}");
        // Loud even where the test harness captures output.
        let _ = writeln!(std::io::stderr(), "{message}");
        return;
    };
    let people = r#"[{"id":1,"name":"Zoë","spent":12.5,"address":{"city":"Graz"},"tags":["a","b"]},
                     {"id":2,"name":null,"spent":3,"address":{"city":"Wien"},"tags":[]}]"#;
    let port = serve(people);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    let stream =
        |name: &str| json!({ "name": name, "path": "/people", "primary_keys": ["id"], "records_path": "$[*]" });
    let options = json!({
        "program": tap, "log": "tap.log", "streams": ["people"], "timeout_seconds": 120,
        "config": {
            "api_url": format!("http://127.0.0.1:{port}"), "streams": [stream("people"), stream("other")],
            "auth_method": "bearer_token", "bearer_token": { "file": "token" },
        },
    });
    let source = open(folder.path(), &options).unwrap();
    let log = || std::fs::read_to_string(folder.path().join("tap.log")).unwrap_or_default();
    assert_eq!(source.tables().unwrap_or_else(|error| panic!("{error}\n{}", log())), ["people"]);
    let collected = collect(&*source, &ReadRequest::default()).unwrap();
    assert!(collected.rejected.is_empty(), "{:?}", collected.rejected);
    let batch = &collected.chunks[0].batch;
    let text =
        |name: &str| -> Vec<Option<&str>> { batch.column_by_name(name).unwrap().as_string::<i32>().iter().collect() };
    assert_eq!(batch.column_by_name("id").unwrap().as_primitive::<Int64Type>().values().to_vec(), [1, 2]);
    assert_eq!(batch.column_by_name("spent").unwrap().as_primitive::<Float64Type>().values().to_vec(), [12.5, 3.0]);
    assert_eq!(text("name"), [Some("Zoë"), None]);
    assert_eq!(text("address_city"), [Some("Graz"), Some("Wien")]);
}

/// The path in the variable, or what PATH finds.
fn installed(variable: &str, program: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = || std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    named.or_else(found)
}

/// Answers every request that bears the token with `body`, as long as the test runs.
fn serve(body: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read > 0) {
                request.push(byte[0]);
            }
            let allowed = String::from_utf8_lossy(&request).contains("Bearer s3cret");
            let (status, body) = if allowed { ("200 OK", body) } else { ("401 Unauthorized", "") };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        }
    });
    port
}
