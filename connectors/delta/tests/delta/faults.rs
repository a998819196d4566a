//! Logs and files that are broken, hostile or ask for more than is known.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use goldsmith_source::ErrorKind;
use serde_json::json;

use crate::made::{Made, add, batch, field, id_and_name, people};

/// A table with a good file, and what reading gives after `spoil`.
fn spoiled(spoil: impl FnOnce(&mut Made)) -> (ErrorKind, String) {
    let mut made = Made::plain();
    let file = made.file("a.parquet", &people(&[1, 2, 3]));
    made.commit(&[file]);
    spoil(&mut made);
    let error = made.refused();
    (error.kind, error.to_string())
}

const COMMIT: &str = "00000000000000000001.json";

#[test]
fn a_damaged_commit_is_named_with_its_line() {
    for (content, expected) in [
        ("{\"commitInfo\":{}}\n{\"add\":{\"path\":\"a.par", "line 2 is cut short"),
        (
            "{\"commitInfo\":{}}\n{\"add\":{\"path\":7}}\n",
            "line 2 holds an action that lacks a field or has one of the wrong type (column 16)",
        ),
        ("{\"add\":{\"path\":\"a\",\"size\":-1}}", "line 1 holds an action that lacks a field"),
        ("\n{\"add\" \"secret\"}\n", "line 2 is no JSON (column 8)"),
        ("", "it is empty, as after a write that was cut short"),
    ] {
        let (kind, error) = spoiled(|made| std::fs::write(made.log(COMMIT), content).unwrap());
        assert_eq!(kind, ErrorKind::Corrupt, "{error}");
        let start = format!("t/_delta_log/{COMMIT}: is a broken part of a Delta log: {expected}");
        assert!(error.starts_with(&start), "{error}");
        assert!(!error.contains("secret"));
    }
}

#[test]
fn a_log_that_is_not_whole_is_corrupt() {
    let (kind, error) = spoiled(|made| {
        made.commit(&[json!({"commitInfo": {}})]);
        std::fs::remove_file(made.log(COMMIT)).unwrap();
    });
    assert_eq!(kind, ErrorKind::Corrupt);
    assert!(
        error.starts_with(&format!("t: version 2 cannot be put together: {COMMIT} is missing in _delta_log;")),
        "{error}"
    );
    for (gone, expected) in [("protocol", "protocol"), ("metaData", "metadata")] {
        let (kind, error) = spoiled(|made| {
            let path = made.log("00000000000000000000.json");
            let text = std::fs::read_to_string(&path).unwrap();
            let kept: Vec<&str> = text.lines().filter(|line| !line.contains(&format!("{{\"{gone}\""))).collect();
            std::fs::write(path, kept.join("\n")).unwrap();
        });
        assert_eq!(kind, ErrorKind::Corrupt);
        assert!(error.starts_with(&format!("t: its log has no {expected}, so it is not whole")), "{error}");
    }
}

#[test]
fn a_checkpoint_that_is_none_is_corrupt() {
    for content in [&b""[..], b"PAR1PAR1", &[0xff; 64]] {
        let name = "00000000000000000001.checkpoint.parquet";
        let (kind, error) = spoiled(|made| std::fs::write(made.log(name), content).unwrap());
        assert_eq!(kind, ErrorKind::Corrupt);
        assert!(error.starts_with(&format!("t/_delta_log/{name}: is a broken Parquet file (")), "{error}");
    }
}

/// Every byte of a checkpoint turned over, one at a time: each ends in rows or in an error.
#[test]
fn no_flipped_byte_of_a_checkpoint_ends_the_program() {
    let mut made = Made::plain();
    let file = made.file("a.parquet", &people(&[1]));
    made.commit(&[file]);
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a.parquet"]));
    let path = made.log("00000000000000000001.checkpoint.parquet");
    crate::made::parquet(&path, &batch(vec![("other", texts)]));
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        std::fs::write(&path, bytes).unwrap();
        // Without metadata the good one is refused as well.
        assert!(made.refused().to_string().starts_with('t'));
    }
}

#[test]
fn a_data_file_that_is_another_is_corrupt() {
    let (kind, error) = spoiled(|made| crate::made::parquet(&made.path("a.parquet"), &people(&[1])));
    assert_eq!(kind, ErrorKind::Corrupt);
    assert!(error.starts_with("t/a.parquet: has ") && error.contains(" bytes and the table's log says "), "{error}");
    let (kind, error) = spoiled(|made| {
        let path = made.path("a.parquet");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(40);
        std::fs::write(path, bytes).unwrap();
    });
    assert_eq!(kind, ErrorKind::Corrupt);
    assert!(error.starts_with("t/a.parquet: is a broken Parquet file ("), "{error}");
    let (kind, error) = spoiled(|made| std::fs::remove_file(made.path("a.parquet")).unwrap());
    assert_eq!(kind, ErrorKind::Unavailable);
    assert!(error.starts_with("t/a.parquet: is part of this version of the table, and is not there"), "{error}");
}

#[test]
fn a_path_out_of_the_table_is_not_read() {
    for path in
        ["../secret.parquet", "%2e%2e/secret.parquet", "/etc/passwd", "file:///etc/passwd", "s3://bucket/a.parquet"]
    {
        let (kind, error) = spoiled(|made| {
            crate::made::parquet(&made.folder.path().join("secret.parquet"), &people(&[9]));
            made.commit(&[add(path, 1)]);
        });
        assert_eq!(kind, ErrorKind::Corrupt, "{error}");
        assert!(
            error.starts_with("t: its log names a data file outside of the table, which is not read; read the"),
            "{error}"
        );
    }
    // The table's own files may be named by their whole path.
    let mut made = Made::plain();
    let mut file = made.file("a b.parquet", &people(&[1]));
    let root = made.path("").canonicalize().unwrap();
    file["add"]["path"] = json!(format!("file://{}/a%20b.parquet", root.display()));
    made.commit(&[file]);
    assert_eq!(made.read(), [("1".to_owned(), 1)]);
}

#[test]
fn a_table_that_asks_for_more_is_refused_before_a_row() {
    let made = |feature: &str, fields| {
        let protocol = json!({"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [feature], "writerFeatures": [feature]});
        let error = Made::new(&protocol, &fields, &[], &json!({})).refused();
        assert_eq!(error.kind, ErrorKind::Config);
        error.to_string()
    };
    let error = made("catalogManaged", id_and_name());
    assert!(
        error.starts_with("t: uses the feature catalogManaged, which cannot be read; its commits are kept by"),
        "{error}"
    );
    let error = made("variantType", json!([field("id", "long"), field("v", "variant")]));
    assert!(
        error.starts_with("t: column \"v\" has a type that is not known; copy the table into one without"),
        "{error}"
    );
}

#[test]
fn a_partition_value_of_another_type_is_not_repeated() {
    let fields = json!([field("id", "long"), field("born", "date")]);
    let mut made = Made::new(&json!({"minReaderVersion": 1, "minWriterVersion": 2}), &fields, &["born"], &json!({}));
    let mut file = made.file("a.parquet", &people(&[1]));
    file["add"]["partitionValues"] = json!({"born": "hunter2"});
    made.commit(&[file]);
    let error = made.refused();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    let start = "t/a.parquet: its log gives column \"born\" a value for this file that is no Date32;";
    assert!(error.to_string().starts_with(start), "{error}");
}
