//! The conformance battery, and files that are odd or cut.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Decimal128Array, RecordBatch, StringArray};
use arrow::datatypes::{Decimal128Type, Field, Schema};
use connector_fixed_width::FixedWidth;
use goldsmith_source::conformance::{Collected, ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::{Connector as _, ErrorKind, OpenContext, ReadRequest, Source, SourceError};
use serde_json::{Value, json};

fn open(folder: &Path, options: &Value) -> Result<Box<dyn Source>, SourceError> {
    let context = OpenContext { source_name: "host".to_owned(), base_dir: folder.to_owned() };
    FixedWidth.open(options, &context)
}

fn read(content: &[u8], more: Value) -> Result<Collected, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), content).unwrap();
    let mut options =
        json!({ "path": "a.txt", "columns": [{ "name": "a", "length": 2 }, { "name": "b", "length": 3 }] });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    collect(&*open(folder.path(), &options)?, &ReadRequest::default())
}

fn values(collected: &Collected, column: &str) -> Vec<Option<String>> {
    let batch = &collected.chunks[0].batch;
    batch.column_by_name(column).unwrap().as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    // ISO 8859-1: ë and ü are one byte each.
    let first =
        b"HEADER 20240201\r\n000007Zo\xeb       XX00012345\r\n\r\n000008short\r\n000009J\xfcrgen    XX    500-rest\r\n";
    let second = b"second file\n000011Li        XX          \n000012Mallory   XXabcdefgh\n000013torn";
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(second).unwrap();
    std::fs::write(folder.path().join("1.txt"), first).unwrap();
    std::fs::write(folder.path().join("2.txt.gz"), gzip.finish().unwrap()).unwrap();
    let balance = Decimal128Array::from(vec![Some(12_345), Some(-500), None]).with_precision_and_scale(38, 2).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("balance", Arc::new(balance)),
        ("id", Arc::new(StringArray::from(vec!["000007", "000009", "000011"]))),
        ("name", Arc::new(StringArray::from(vec!["Zoë", "Jürgen", "Li"]))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let rejected = |file: &str, row, rule: &str, raw: &[u8]| ExpectedReject {
        file: file.to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.to_vec(),
    };
    let fixture = Fixture {
        connector: &FixedWidth,
        options: json!({
            "path": "*.txt*", "encoding": "iso-8859-1", "skip_lines": 1,
            "columns": [
                { "name": "balance", "start": 19, "length": 8, "decimals": 2 },
                { "name": "id", "start": 1, "length": 6 },
                { "name": "name", "length": 10 },
            ],
        }),
        base_dir: folder.path().to_owned(),
        table: None,
        expected: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap(),
        rejected: vec![
            rejected("1.txt", 2, "short_line", b"000008short"),
            rejected("2.txt.gz", 2, "wrong_type", b"000012Mallory   XXabcdefgh"),
            rejected("2.txt.gz", 3, "torn_row", b"000013torn"),
        ],
        files: vec![
            ExpectedFile { name: "1.txt".to_owned(), rows: 3, path: Some(folder.path().join("1.txt")) },
            ExpectedFile { name: "2.txt.gz".to_owned(), rows: 3, path: Some(folder.path().join("2.txt.gz")) },
        ],
        missing: Some(json!({ "path": "nowhere.txt", "columns": [{ "name": "a", "length": 1 }] })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn places_count_characters() {
    let collected = read("日本abc\nÄÖxyzrest\n".as_bytes(), json!({})).unwrap();
    assert_eq!(values(&collected, "a"), some(&["日本", "ÄÖ"]));
    assert_eq!(values(&collected, "b"), some(&["abc", "xyz"]));
}

#[test]
fn short_lines_may_be_padded() {
    let collected = read(b"1\n12\n123\n12345\n", json!({ "short_lines": "pad" })).unwrap();
    assert_eq!(values(&collected, "a"), some(&["1", "12", "12", "12"]));
    assert_eq!(values(&collected, "b"), [None, None, Some("3".to_owned()), Some("345".to_owned())]);
    assert_eq!(read(b"1\n12\n123\n12345", json!({})).unwrap().rejected.len(), 3);
    let message = &read(b"1\n", json!({})).unwrap().rejected[0].message;
    assert_eq!(message, "row 1 (line 1): has 1 characters where its columns need 5");
}

#[test]
fn blanks_and_null_values_are_as_said() {
    let content = b" 1 b \nNA   \n";
    assert_eq!(values(&read(content, json!({})).unwrap(), "b"), [Some("b".to_owned()), None]);
    let kept = read(content, json!({ "trim": false, "null_values": ["NA"] })).unwrap();
    assert_eq!(values(&kept, "a"), [Some(" 1".to_owned()), None]);
    assert_eq!(values(&kept, "b"), some(&[" b ", "   "]));
}

#[test]
fn numbers_are_exact() {
    let columns = json!([{ "name": "n", "length": 20, "decimals": 3 }]);
    let collected = read(b"12345678901234567890\n                  7-\n", json!({ "columns": columns })).unwrap();
    let numbers = collected.chunks[0].batch.column(0).as_primitive::<Decimal128Type>();
    assert_eq!(
        (numbers.value_as_string(0).as_str(), numbers.value_as_string(1).as_str()),
        ("12345678901234567.890", "-0.007")
    );
}

#[test]
fn malformed_bytes_reject_their_row_only() {
    let collected = read(b"1\xffabc\n12abc\n", json!({})).unwrap();
    assert_eq!(collected.rejected.iter().map(|row| (row.row, row.rule)).collect::<Vec<_>>(), [(1, "invalid_encoding")]);
    assert_eq!(collected.rejected[0].raw, b"1\xffabc");
    assert_eq!(collected.rows().len(), 1);
}

#[test]
fn wrong_options_are_refused_with_the_way_out() {
    let cases = [
        (json!([]), "option \"columns\" is empty; name the columns with their lengths"),
        (
            json!([{ "name": "a", "length": 1 }, { "name": "a", "length": 1 }]),
            "option \"columns\" names \"a\" twice; rename one",
        ),
        (json!([{ "name": "a", "length": 1, "decimals": 39 }]), "column \"a\": decimals is more than 38; lower it"),
    ];
    for (columns, expected) in cases {
        let error = read(b"", json!({ "columns": columns })).unwrap_err();
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Config, format!("source \"host\": {expected}")));
    }
    let error = read(b"", json!({ "columns": [{ "name": "a", "length": 0 }] })).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config, "{error}");
}
