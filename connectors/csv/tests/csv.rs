//! The battery, and files as they should not be.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use connector_csv::Csv;
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
    let context = OpenContext { source_name: "crm".to_owned(), base_dir: folder.path().to_owned() };
    Csv.open(options, &context)
}

/// All that is read, a line for each row: its number and values (`∅` for null), or `!`, its number, offset,
/// rule, column, message and raw bytes; or the kind and text of the error.
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
    let mut text: String = schema.fields().iter().map(|field| field.name().as_str()).collect::<Vec<_>>().join("|");
    for chunk in &collected.chunks {
        for (at, row) in chunk.rows.iter().enumerate() {
            let value = |column: &ArrayRef| {
                let column = column.as_string::<i32>();
                if column.is_null(at) { "∅".to_owned() } else { column.value(at).to_owned() }
            };
            let values: Vec<String> = chunk.batch.columns().iter().map(value).collect();
            write!(text, "\n{row} {}", values.join("|")).unwrap();
        }
    }
    for row in &collected.rejected {
        let (offset, column) = (row.byte_offset, row.column.as_deref().unwrap_or("-"));
        let offset = offset.map_or("-".to_owned(), |offset| offset.to_string());
        write!(text, "\n! @{offset} {} {column} {} <{}>", row.rule, row.message, row.raw.escape_ascii()).unwrap();
    }
    text
}

fn check(content: &[u8], options: Value, expected: &str) {
    let mut options = options;
    options["path"] = json!("a.csv");
    assert_eq!(read(&[("a.csv", content)], &options), expected, "{}", content.escape_ascii());
}

#[test]
fn keeps_the_contract() {
    let folder = folder(&[
        ("a-1.csv", b"id,name,city\n1,Ada,Paris\n2,\"Smith, J\"\n3,,Rome\n4,Zo\xc3\xab \"Z\",\"Sa\"\"o\nPaulo\"\n"),
        ("a-2.csv", b"city,id,name\r\nOslo,5,\xff\r\nBern,6,Lin\r\n,7,Bo"),
    ]);
    let schema =
        Arc::new(Schema::new(["id", "name", "city"].map(|name| Field::new(name, DataType::Utf8, true)).to_vec()));
    let column = |values: [Option<&str>; 5]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let expected = RecordBatch::try_new(
        schema,
        vec![
            column([Some("1"), Some("3"), Some("4"), Some("6"), Some("7")]),
            column([Some("Ada"), None, Some("Zoë \"Z\""), Some("Lin"), Some("Bo")]),
            column([Some("Paris"), Some("Rome"), Some("Sa\"o\nPaulo"), Some("Bern"), None]),
        ],
    )
    .unwrap();
    let reject = |file: &str, row, rule: &str, raw: &[u8]| ExpectedReject {
        file: file.to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.to_vec(),
    };
    let file = |name: &str, rows| ExpectedFile { name: name.to_owned(), rows, path: Some(folder.path().join(name)) };
    let fixture = Fixture {
        connector: &Csv,
        options: json!({"path": "a-*.csv"}),
        base_dir: folder.path().to_owned(),
        table: None,
        expected,
        rejected: vec![
            reject("a-1.csv", 2, "wrong_field_count", b"2,\"Smith, J\""),
            reject("a-2.csv", 1, "invalid_encoding", b"Oslo,5,\xff"),
        ],
        files: vec![file("a-1.csv", 4), file("a-2.csv", 3)],
        missing: Some(json!({"path": "no.csv"})),
        canaries: vec![],
    };
    let violations = check_source(&fixture).err().unwrap_or_default();
    assert_eq!(violations, []);
}

#[test]
fn line_ends_quotes_and_blank_lines() {
    let expected = "a|b\n1 1|x\n2 2|y";
    for end in ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n"] {
        check(["a,b", "1,x", "2,y", ""].join(end).as_bytes(), json!({}), expected);
        check(["a,b", "1,x", "2,y"].join(end).as_bytes(), json!({}), expected);
    }
    check(b"a,b\n\"1\n,\"\"2\"\"\",\"\"\n", json!({}), "a|b\n1 1\n,\"2\"|∅");
    check(b"a,b\nx\"y,\"1\"2\n", json!({}), "a|b\n1 x\"y|12");
    check(b"a,b\n1,\"say \\\"hi\\\"\"\n", json!({"escape": "\\"}), "a|b\n1 1|say \"hi\"");
    check(b"a,b\n'1,2',\"x\n", json!({"quote": "'"}), "a|b\n1 1,2|\"x");
    check(b"a,b\n\"1,2\"\n", json!({"quote": "none"}), "a|b\n1 \"1|2\"");
    check(b"a\tb\n1,5\t2\n", json!({}), "a|b\n1 1,5|2");
    check(b"a,b;c\n1;2\n", json!({"delimiter": ";"}), "a,b|c\n1 1|2");
    check(b"a\n1,2\n", json!({"delimiter": "tab"}), "a\n1 1,2");
    check(b"#x\na,b\n#y\n1,#2\n", json!({"comment": "#"}), "a|b\n1 1|#2");
    check(b"junk \"\n\na,b\n1,2\n", json!({"skip_rows": 2}), "a|b\n1 1|2");
    check(b"a,b\nNULL,n/a\n", json!({"null_values": ["NULL", "n/a"]}), "a|b\n1 ∅|∅");
    check(b"a,b\nx\0y,\0\n", json!({}), "a|b\n1 x\0y|\0");
}

#[test]
fn headers() {
    check(b"a,,  b \n1,2,3\n", json!({}), "a|column_2|b\n1 1|2|3");
    check(b"1,x\n2,y\n", json!({"header": false}), "column_1|column_2\n1 1|x\n2 2|y");
    check(b"1,x\n2,y\n", json!({"header": false, "columns": ["id", "n"]}), "id|n\n1 1|x\n2 2|y");
    check(b"a,b\n2,y\n", json!({"columns": ["id", "n"]}), "id|n\n1 2|y");
    check(b"a,b\n", json!({}), "a|b");
    check(b"a,b", json!({}), "a|b");
    check(b"", json!({"header": false, "columns": ["id"]}), "id");
    let errors: &[(&[u8], Value, &str)] = &[
        (b"", json!({}), "has no header: it is empty; deliver it again, or set header: false and columns: [...]"),
        (b"\n\n", json!({}), "has no header: it is empty; deliver it again, or set header: false and columns: [...]"),
        (
            b"",
            json!({"header": false}),
            "is empty; name its columns; deliver it again, or set header: false and columns: [...]",
        ),
        (
            b"<!DOCTYPE html>\n<html><head>\n",
            json!({}),
            "looks like an HTML page, not like CSV; open it in a browser: it may ask for a login, or say what is wrong with the path",
        ),
        (b"a,b,a\n", json!({}), "the header names column \"a\" twice; set columns: [...] of the source"),
        (b"a,column_1,\n", json!({}), "PASS"),
        (b"a,b\n", json!({"columns": ["x"]}), "has 2 columns, but option columns names 1"),
        (b"a,\"b\n1,2\n", json!({}), "the header in line 1 has no end; check its quotes, or set quote: none"),
        (b"a,\xe9\n", json!({}), "the header in line 1 is not valid utf-8; set encoding of the source"),
        (b"a\0,\0b\0\n\0", json!({}), "the header in line 1 holds NUL bytes; try encoding: utf-16le or utf-16be"),
    ];
    for (content, options, expected) in errors {
        let expected = match *expected {
            "PASS" => "a|column_1|column_3".to_owned(),
            message => format!("Corrupt a.csv: {message}"),
        };
        check(content, options.clone(), &expected);
    }
}

#[test]
fn rows_that_cannot_be_read_are_rejected_with_their_bytes() {
    check(
        b"a,b\n1,x,y\n2\n3,z\n",
        json!({}),
        "a|b\n3 3|z\
         \n! @4 wrong_field_count - row 1 (line 2): 3 fields where the header has 2 <1,x,y>\
         \n! @10 wrong_field_count - row 2 (line 3): 1 fields where the header has 2 <2>",
    );
    check(
        b"\xef\xbb\xbfa,b\r\n1,\"\xff\"\r\n2,ok\r\n",
        json!({}),
        "a|b\n2 2|ok\
         \n! @8 invalid_encoding b row 1 (line 2): column \"b\": holds bytes that are invalid in the declared encoding <1,\\\"\\xff\\\">",
    );
    check(
        b"a,b\n1,x\n2",
        json!({}),
        "a|b\n1 1|x\n! @8 torn_row - row 2 (line 3): the file ends after 1 of 2 fields; it may be cut short <2>",
    );
    check(
        b"a,b\n1,x\n2,\"y",
        json!({}),
        "a|b\n1 1|x\
         \n! @8 torn_row - row 2 (line 3): the file ends inside a quoted field; it may be cut short <2,\\\"y>",
    );
    check(
        b"a,b\n1,x\n2,y,z",
        json!({}),
        "a|b\n1 1|x\n! @8 wrong_field_count - row 2 (line 3): 3 fields where the header has 2 <2,y,z>",
    );
}

#[test]
fn an_unclosed_quote_takes_only_its_own_row() {
    let message = "a quote opens that is not closed within 10000 lines, 1024 KiB or the file";
    let expected = format!("a|b\n1 1|x\n3 3|z\n4 4|u\n! @8 unclosed_quote - row 2 (line 3): {message} <2,\\\"y>");
    check(b"a,b\n1,x\n2,\"y\n3,z\n4,u\n", json!({}), &expected);
    // Far from the end of the file the bound finds it: by lines, and by bytes.
    for filler in ["k,v\n".repeat(30_000), format!("k,{}\n", "v".repeat(50_000)).repeat(40)] {
        let text = format!("a,b\n1,\"x\n{filler}2,y\n");
        let rows = filler.lines().count() + 2;
        let folder = folder(&[("a.csv", text.as_bytes())]);
        let source = open(&folder, &json!({"path": "a.csv"})).unwrap();
        let collected = collect(&*source, &ReadRequest::default()).unwrap();
        assert_eq!(collected.files[0].rows, rows as u64);
        assert_eq!(collected.rejected.len(), 1);
        assert_eq!(collected.rejected[0].raw, b"1,\"x");
        assert_eq!(collected.rows().len(), rows - 1);
    }
    // A long quoted field below the bound is a value.
    let note = "line\n".repeat(9_000);
    let folder = folder(&[("a.csv", format!("a,b\n1,\"{note}\"\n2,y\n").as_bytes())]);
    let source = open(&folder, &json!({"path": "a.csv"})).unwrap();
    let collected = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(collected.chunks[0].batch.column(1).as_string::<i32>().value(0), note);
    assert_eq!(collected.chunks[0].rows, [1, 2]);
}

#[test]
fn a_row_without_end_does_not_fill_the_memory() {
    // Just over the limit, so that its end is in the buffer, and so far over it that it is not.
    for size in [(16 << 20) - 1, 40 << 20] {
        row_without_end(size);
    }
}

fn row_without_end(size: usize) {
    let mut text = b"a,b\n1,x\n2,".to_vec();
    text.resize(text.len() + size, b'y');
    text.extend_from_slice(b"\n3,z\n");
    let folder = folder(&[("a.csv", &text)]);
    let source = open(&folder, &json!({"path": "a.csv"})).unwrap();
    let collected = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(collected.rows(), [("a.csv".to_owned(), 1), ("a.csv".to_owned(), 3)]);
    let row = &collected.rejected[0];
    assert_eq!((row.rule, row.row, row.byte_offset, row.raw.len()), ("row_too_long", 2, Some(8), 64 << 10));
    assert_eq!(row.message, "row 2 (line 3): is longer than 16 MiB");
    assert!(row.raw.starts_with(b"2,yyy"));
}

#[test]
fn encodings() {
    let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    check(
        b"a,b\n1,Zo\xeb\n2\n",
        json!({"encoding": "latin1"}),
        "a|b\n1 1|Zoë\n! @- wrong_field_count - row 2 (line 3): 1 fields where the header has 2 <2>",
    );
    check(
        b"a,b\n\xeb\n",
        json!({"encoding": "iso-8859-1"}),
        "a|b\n! @- wrong_field_count - row 1 (line 2): 1 fields where the header has 2 <\\xeb>",
    );
    check(&utf_16("\u{feff}a;b\r\nZoë;李\r\n"), json!({"encoding": "utf-16"}), "a|b\n1 Zoë|李");
    check(
        b"a,b\n\x8e\x52,\x93\x63\n1,\x81\n",
        json!({"encoding": "shift_jis"}),
        "a|b\n1 山|田\n! @- invalid_encoding b row 2 (line 3): column \"b\": holds bytes that are invalid in the declared encoding <1,\\x81>",
    );
    check(
        b"\xff\xfea\0",
        json!({}),
        "Config a.csv: starts with the byte-order mark of utf-16le but is declared as utf-8; set encoding: utf-16",
    );
}

#[test]
fn several_files_make_one_table() {
    let files: &[(&str, &[u8])] = &[("b.csv", b"id;tel\n3;x\n"), ("a.csv", b"id,name\n1,Ada\n2,Lin\n")];
    assert_eq!(read(files, &json!({"path": "*.csv"})), "id|name|tel\n1 1|Ada|∅\n2 2|Lin|∅\n1 3|∅|x");
    assert_eq!(read(files, &json!({"path": ["b.csv", "a.csv"]})), "id|tel|name\n1 3|x|∅\n1 1|∅|Ada\n2 2|∅|Lin");
}

#[test]
fn no_columns_still_counts_rows() {
    let folder = folder(&[("a.csv", b"a,b\n1,2\n3,4\n")]);
    let source = open(&folder, &json!({"path": "a.csv"})).unwrap();
    let request = ReadRequest { columns: Some(vec![]), ..ReadRequest::default() };
    let collected = collect(&*source, &request).unwrap();
    assert_eq!((collected.chunks[0].batch.num_rows(), collected.chunks[0].batch.num_columns()), (2, 0));
}

#[test]
fn a_cut_gzip_is_an_error_wherever_it_is_cut() {
    let rows: String = (0..500).map(|n| format!("{n},name {}\n", n * 7919 % 1000)).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(format!("id,name\n{rows}").as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    for cut in [0, 1, 2, 9, 10, 11, 50, whole.len() / 2, whole.len() - 9, whole.len() - 8, whole.len() - 1] {
        assert_eq!(
            read(&[("a.csv.gz", &whole[..cut])], &json!({"path": "a.csv.gz"})),
            "Corrupt a.csv.gz: is cut short: its gzip data has no end; deliver it again",
            "{cut}"
        );
    }
    assert_eq!(read(&[("a.csv.gz", &whole)], &json!({"path": "a.csv.gz"})).lines().count(), 501);
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let cases = [
        (
            json!({"delimiter": ";;"}),
            "option \"delimiter\" must be one ASCII character that is no letter, digit or line end",
        ),
        (json!({"quote": "é"}), "option \"quote\" must be one ASCII character that is no letter, digit or line end"),
        (
            json!({"delimiter": "\""}),
            "delimiter, quote, escape and comment must be different characters; change one of them",
        ),
        (json!({"columns": []}), "option \"columns\" is empty; name the columns or leave it out"),
        (json!({"columns": ["a", "a"]}), "option \"columns\" names \"a\" twice; rename one"),
        (
            json!({"encoding": "utf-88"}),
            "option \"encoding\" of connector csv: unknown value \"utf-88\". Did you mean \"utf-8\"?",
        ),
        (
            json!({"compression": "gz"}),
            "option \"compression\" of connector csv: unknown value \"gz\". Valid are: auto, none, gzip, zstd",
        ),
        (
            json!({"decompression": {"max_rato": 1}}),
            "option \"decompression\" of connector csv: unknown option \"max_rato\". Did you mean \"max_ratio\"?",
        ),
        (json!({"path": []}), "option \"path\" of connector csv: the list of paths is empty; name at least one file"),
    ];
    for (mut options, expected) in cases {
        if options.get("path").is_none() {
            options["path"] = json!("a.csv");
        }
        assert_eq!(read(&[("a.csv", b"a\n")], &options), format!("Config source \"crm\": {expected}"));
    }
}
