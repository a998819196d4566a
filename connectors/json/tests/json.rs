//! The battery, and files as they should not be.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::json::{ArrayWriter, ReaderBuilder};
use connector_json::Json;
use goldsmith_source::conformance::{ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::{Connector, OpenContext, ReadRequest, Source, SourceError};
use serde_json::{Value, json};
use tempfile::TempDir;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn open(folder: &TempDir, options: &Value) -> Result<Box<dyn Source>, SourceError> {
    let context = OpenContext { source_name: "support".to_owned(), base_dir: folder.path().to_owned() };
    Json.open(options, &context)
}

/// All that is read: the schema, then each row as JSON after its number, then rejected rows; or the error.
fn read(files: &[(&str, &[u8])], options: &Value) -> String {
    let folder = folder(files);
    let outcome = open(&folder, options).and_then(|source| {
        let schema = source.schema(None)?;
        Ok((schema, collect(&*source, &ReadRequest::default())?))
    });
    let (schema, collected) = match outcome {
        Ok(read) => read,
        Err(error) => return format!("{:?} {error}", error.kind),
    };
    let fields = schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type()));
    let mut text = fields.collect::<Vec<_>>().join("; ");
    for chunk in &collected.chunks {
        for (at, row) in chunk.rows.iter().enumerate() {
            let mut writer = ArrayWriter::new(Vec::new());
            writer.write(&chunk.batch.slice(at, 1)).unwrap();
            writer.finish().unwrap();
            let json = String::from_utf8(writer.into_inner()).unwrap();
            write!(text, "\n{row} {}", &json[1..json.len() - 1]).unwrap();
        }
    }
    for row in &collected.rejected {
        let offset = row.byte_offset.map_or("-".to_owned(), |offset| offset.to_string());
        write!(text, "\n! @{offset} {} {} <{}>", row.rule, row.message, row.raw.escape_ascii()).unwrap();
    }
    text
}

fn check(content: &[u8], options: Value, expected: &str) {
    let mut options = options;
    options["path"] = json!("a.json");
    assert_eq!(read(&[("a.json", content)], &options), expected, "{}", content.escape_ascii());
}

fn fixture_rows() -> RecordBatch {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let emails = DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true)));
    let phone = Fields::from(vec![text("kind"), Field::new("number", DataType::Int64, true)]);
    let phones = DataType::List(Arc::new(Field::new_list_field(DataType::Struct(phone), true)));
    let contact = Fields::from(vec![Field::new("emails", emails, true), Field::new("phones", phones, true)]);
    let schema = Arc::new(Schema::new(vec![
        text("id"),
        Field::new("contact", DataType::Struct(contact), true),
        Field::new("score", DataType::Float64, true),
        Field::new("active", DataType::Boolean, true),
        text("note"),
    ]));
    let rows = concat!(
        r#"{"id":"1","contact":{"emails":["a@x.org","b@x.org"],"phones":[]},"score":1,"active":true}"#,
        r#"{"id":"x2","contact":{"emails":[],"phones":[{"kind":"m","number":441},{"number":7}]},"score":2.5}"#,
        r#"{"id":null,"contact":null,"active":false,"note":null}"#,
        r#"{"id":"4","contact":{"emails":null}}"#,
    );
    let mut decoder = ReaderBuilder::new(schema).build_decoder().unwrap();
    decoder.decode(rows.as_bytes()).unwrap();
    decoder.flush().unwrap().unwrap()
}

fn fixture(folder: &TempDir, name: &str, options: Value, rejected: Vec<ExpectedReject>, rows: u64) {
    let fixture = Fixture {
        connector: &Json,
        options,
        base_dir: folder.path().to_owned(),
        table: None,
        expected: fixture_rows(),
        rejected,
        files: vec![ExpectedFile { name: name.to_owned(), rows, path: Some(folder.path().join(name)) }],
        missing: Some(json!({"path": "no.json"})),
        canaries: vec![],
    };
    assert_eq!(check_source(&fixture).err().unwrap_or_default(), []);
}

const ROWS: [&str; 4] = [
    r#"{"id":1,"contact":{"emails":["a@x.org","b@x.org"],"phones":[]},"score":1,"active":true}"#,
    r#"{"score":2.5,"id":"x2","contact":{"phones":[{"kind":"m","number":441},{"number":7}],"emails":[]}}"#,
    r#"{"id":null,"contact":null,"active":false,"note":null}"#,
    r#"{"id":9,"id":4,"contact":{"emails":null}}"#,
];

#[test]
fn keeps_the_contract_line_by_line() {
    let [a, b, c, d] = ROWS;
    let broken = r#"{"id":5,"surname":"Lovelace""#;
    let folder = folder(&[("a.ndjson", format!("{a}\n\n{broken}\r\n{b}\n[1]\n{c}\r\n{d}\n{{\"id\"").as_bytes())]);
    let reject = |row, rule: &str, raw: &str| ExpectedReject {
        file: "a.ndjson".to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.as_bytes().to_vec(),
    };
    let rejected =
        vec![reject(2, "invalid_json", broken), reject(4, "not_an_object", "[1]"), reject(7, "torn_row", "{\"id\"")];
    fixture(&folder, "a.ndjson", json!({"path": "*.ndjson"}), rejected, 7);
}

#[test]
fn keeps_the_contract_in_a_document() {
    let [a, b, c, d] = ROWS;
    let document = format!(
        "{{\n \"meta\": {{\"items\": [1, {{\"x\": \"]}}\"}}]}},\n \"data\": {{\"items\": [\n{a},\n{b} ,\"text\",{c},{d}\n]}},\n \"next\": null}}\n"
    );
    let folder = folder(&[("a.json", document.as_bytes())]);
    let rejected = vec![ExpectedReject {
        file: "a.json".to_owned(),
        row: 3,
        rule: "not_an_object".to_owned(),
        raw: b"\"text\"".to_vec(),
    }];
    fixture(&folder, "a.json", json!({"path": "a.json", "rows_at": "$.data.items"}), rejected, 5);
}

#[test]
fn types_hold_every_value() {
    check(
        b"{\"a\":1}\n{\"a\":2.5,\"b\":[]}\n",
        json!({}),
        "a: Float64; b: List(Utf8)\n1 {\"a\":1.0}\n2 {\"a\":2.5,\"b\":[]}",
    );
    check(
        b"{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":{\"b\": [1, null],\"b\":1.10}}\n{\"a\":[true,\"\\u00e9\\n\"]}\n",
        json!({}),
        "a: Utf8\n1 {\"a\":\"1\"}\n2 {\"a\":\"x\"}\n3 {\"a\":\"{\\\"b\\\":1.10}\"}\n4 {\"a\":\"[true,\\\"é\\\\n\\\"]\"}",
    );
    check(
        b"{\"a\":12345678901234567890123}\n{\"a\":7}\n",
        json!({}),
        "a: Utf8\n1 {\"a\":\"12345678901234567890123\"}\n2 {\"a\":\"7\"}",
    );
    check(b"{\"a\":null}\n{\"b\":{}}\n", json!({}), "a: Utf8; b: Utf8\n1 {}\n2 {\"b\":\"{}\"}");
    check(b"{\"a\":1,\"a\":2}\n", json!({}), "a: Int64\n1 {\"a\":2}");
    check(b"{\"t\":\"2024-02-30T00:00:00Z\"}\n", json!({}), "t: Utf8\n1 {\"t\":\"2024-02-30T00:00:00Z\"}");
    check(b"", json!({}), "");
    check(b"\n \n", json!({}), "");
}

#[test]
fn formats_are_told_apart() {
    let one = "a: Int64\n1 {\"a\":1}";
    check(b"{\"a\":1}", json!({}), one);
    check(b"\xef\xbb\xbf{\"a\":1}\r\n", json!({}), one);
    check(b" [ {\"a\":1} ] ", json!({}), one);
    check(b"{\n  \"a\": 1\n}\n", json!({}), one);
    check(b"{\"a\":\n1}\n", json!({}), one);
    check(b"{\"d\":[{\"a\":1}]}", json!({"rows_at": "$.d"}), one);
    check(b"{\"d\":null}", json!({"rows_at": "$.d"}), "");
    check(b"[]", json!({}), "");
    // A broken first line does not make a document of lines.
    check(
        b"{\"a\":\n{\"a\":1}\n",
        json!({}),
        "a: Int64\n2 {\"a\":1}\n! @0 invalid_json row 1 (line 1, column 6): the text ends where a value is expected <{\\\"a\\\":>",
    );
    check(
        b"{\"a\":1}\n[1]\n",
        json!({"format": "document"}),
        "Corrupt a.json: is no valid JSON document: line 2, column 1: something follows the document; for one object a line set format: lines",
    );
}

#[test]
fn bad_lines_are_rejected_with_place_and_bytes() {
    check(
        "{\"n\":\"é\",x}\n{\"n\":\"ok\"}\n{\"n\":\"\u{1}\"}\n7\n".as_bytes(),
        json!({}),
        "n: Utf8\n2 {\"n\":\"ok\"}\
         \n! @0 invalid_json row 1 (line 1, column 10): a member name in quotes is expected <{\\\"n\\\":\\\"\\xc3\\xa9\\\",x}>\
         \n! @24 invalid_json row 3 (line 3, column 7): a control character stands in a string <{\\\"n\\\":\\\"\\x01\\\"}>\
         \n! @34 not_an_object row 4 (line 4): is no object <7>",
    );
    check(
        b"{\"n\":\"\xff\"}\n{\"n\":1}{\"n\":2}\n{\"n\":3}\n{\"n\":\"to",
        json!({"format": "lines"}),
        "n: Int64\n3 {\"n\":3}\
         \n! @0 invalid_encoding row 1 (line 1): holds bytes that are invalid in the declared encoding <{\\\"n\\\":\\\"\\xff\\\"}>\
         \n! @10 invalid_json row 2 (line 2, column 8): something follows the value <{\\\"n\\\":1}{\\\"n\\\":2}>\
         \n! @33 torn_row row 4 (line 4): the file ends inside it; it may be cut short <{\\\"n\\\":\\\"to>",
    );
    let deep = format!("{{\"a\":{}}}\n{{\"a\":1}}\n", "[".repeat(100_000));
    let folder = folder(&[("a.json", deep.as_bytes())]);
    let collected = collect(&*open(&folder, &json!({"path": "a.json"})).unwrap(), &ReadRequest::default()).unwrap();
    assert_eq!(collected.rejected[0].message, "row 1 (line 1, column 133): nested deeper than 128");
    assert_eq!((collected.rejected[0].raw.len(), collected.rows().len()), (64 << 10, 1));
}

#[test]
fn a_broken_document_is_refused_as_a_whole() {
    let place = "is no valid JSON document: line";
    let cut = |line, column| {
        format!("is cut short: the document has no end in line {line}, column {column}; deliver it again")
    };
    let cases: [(&[u8], Value, String); 11] = [
        (b"[{\"a\":1},\n{\"a\":x}]", json!({}), format!("{place} 2, column 6: a value is expected")),
        (
            b"[{\"a\":1} {\"a\":2}]",
            json!({}),
            format!("{place} 1, column 10: a comma or the end of the list is expected"),
        ),
        (b"[{\"a\":1},]", json!({}), format!("{place} 1, column 10: a value is expected")),
        (b"[,]", json!({}), format!("{place} 1, column 2: a value is expected")),
        (
            b"[{\"a\":1}]]",
            json!({}),
            format!("{place} 1, column 10: something follows the document; for one object a line set format: lines"),
        ),
        (b"[{\"a\":1},\n{\"a\"", json!({}), cut(2, 5)),
        (b"[{\"a\":1}", json!({}), cut(1, 9)),
        (b"[", json!({}), cut(1, 2)),
        (b"", json!({"format": "document"}), format!("{place} 1, column 1: the file is empty")),
        (b"7", json!({"format": "document"}), format!("{place} 1, column 1: $ is no list of rows; check rows_at")),
        (b"{\"d\":[]}", json!({"rows_at": "$.e"}), "$ has no member \"e\"; check rows_at".to_owned()),
    ];
    for (content, options, expected) in cases {
        check(content, options, &format!("Corrupt a.json: {expected}"));
    }
    for (content, expected) in [
        (r#"{"d":{"x":1}}"#, "$.d.x is no list of rows; check rows_at"),
        (r#"{"d":1}"#, "$.d is no object; check rows_at"),
        (r#"{"d":{"x":[]},"d":{"x":[]}}"#, "$ has the member \"d\" twice"),
    ] {
        let found = read(&[("a.json", content.as_bytes())], &json!({"path": "a.json", "rows_at": "$.d.x"}));
        assert!(found.starts_with("Corrupt a.json: is no valid JSON document") && found.ends_with(expected), "{found}");
    }
}

/// Cut anywhere, a document is an error that says so, and nothing else.
#[test]
fn a_cut_document_is_noticed_wherever_it_is_cut() {
    let document = "{\"data\": [{\"a\": \"x]\\\"\"}, {\"a\": null}],\n \"n\": -1.5e3}";
    for cut in 1..document.len() {
        let options = json!({"path": "a.json", "rows_at": "$.data"});
        let found = read(&[("a.json", &document.as_bytes()[..cut])], &options);
        assert!(found.starts_with("Corrupt a.json: is cut short: the document has no end in line"), "{cut}: {found}");
    }
}

#[test]
fn several_files_make_one_table() {
    let files: &[(&str, &[u8])] = &[("b.json", b"[{\"b\":true,\"a\":1.5}]"), ("a.json", b"{\"a\":1}\n")];
    assert_eq!(
        read(files, &json!({"path": "*.json"})),
        "a: Float64; b: Boolean\n1 {\"a\":1.0}\n1 {\"a\":1.5,\"b\":true}"
    );
}

#[test]
fn a_changed_file_is_looked_at_again() {
    let folder = folder(&[("a.json", b"{\"a\":1}\n")]);
    let source = open(&folder, &json!({"path": "a.json"})).unwrap();
    assert_eq!(source.schema(None).unwrap().fields().len(), 1);
    std::fs::write(folder.path().join("a.json"), "{\"a\":\"x\",\"b\":2}\n").unwrap();
    let collected = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(collected.chunks[0].batch.schema().fields().len(), 2);
}

#[test]
fn names_that_are_data_do_not_become_columns_without_end() {
    let rows: String = (0..10_001).map(|n| format!("{{\"k{n}\":1}}\n")).collect();
    let found = read(&[("a.json", rows.as_bytes())], &json!({"path": "a.json"}));
    assert_eq!(found, "Corrupt a.json: its rows have more than 10000 different members; are names data?");
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    // Just over the limit, so that its end is in the buffer, and so far over it that it is not.
    for size in [(16 << 20) - 1, 40 << 20] {
        line_without_end(size);
    }
}

fn line_without_end(size: usize) {
    let mut text = b"{\"a\":\"".to_vec();
    text.resize(size, b'y');
    text.extend_from_slice(b"\"}\n{\"a\":\"z\"}\n");
    let folder = folder(&[("a.json", &text)]);
    let source = open(&folder, &json!({"path": "a.json", "format": "lines"})).unwrap();
    let collected = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(collected.rows(), [("a.json".to_owned(), 2)]);
    assert_eq!(collected.rejected[0].message, "row 1 (line 1): is longer than 16 MiB");
}

#[test]
fn a_cut_gzip_is_an_error_wherever_it_is_cut() {
    let rows: String = (0..500).map(|n| format!("{{\"id\":{n},\"name\":\"{}\"}}\n", n * 7919 % 1000)).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(rows.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    for cut in [0, 1, 2, 9, 10, 50, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        assert_eq!(
            read(&[("a.ndjson.gz", &whole[..cut])], &json!({"path": "a.ndjson.gz"})),
            "Corrupt a.ndjson.gz: is cut short: its gzip data has no end; deliver it again",
            "{cut}"
        );
    }
    assert_eq!(read(&[("a.ndjson.gz", &whole)], &json!({"path": "a.ndjson.gz"})).lines().count(), 501);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let wrong_path = "option \"rows_at\" must be $ or a path of member names such as $.data.items";
    let cases = [
        (json!({"rows_at": "data"}), wrong_path),
        (json!({"rows_at": "$..a"}), wrong_path),
        (json!({"rows_at": "$.a[0]"}), wrong_path),
        (
            json!({"rows_at": "$.a", "format": "lines"}),
            "option \"rows_at\" needs a document; remove it, or set format: document",
        ),
        (
            json!({"format": "line"}),
            "option \"format\" of connector json: unknown value \"line\". Did you mean \"lines\"?",
        ),
    ];
    for (options, expected) in cases {
        check(b"{}", options, &format!("Config source \"support\": {expected}"));
    }
}

#[test]
fn a_row_of_a_document_that_is_too_long_breaks_it() {
    for size in [(16 << 20) - 1, 40 << 20] {
        let text = format!("[{{}},\n {{\"a\":\"{}\"}}]", "y".repeat(size));
        let found = read(&[("a.json", text.as_bytes())], &json!({"path": "a.json"}));
        let expected = "Corrupt a.json: is no valid JSON document: line 2, column 2: a value is longer than 16 MiB";
        assert_eq!(found, expected);
    }
}
