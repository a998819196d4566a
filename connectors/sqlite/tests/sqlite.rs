//! The conformance battery, and databases that are odd, hostile or broken.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions,
    StringArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use connector_sqlite::Sqlite;
use goldsmith_source::conformance::{Collected, ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::{Connector, ErrorKind, Mark, OpenContext, ReadRequest, Source, SourceError, Window};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with `shop.db`, made by `sql`.
fn shop(sql: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join("shop.db")).unwrap().execute_batch(sql).unwrap();
    folder
}

fn open(folder: &Path, options: &Value) -> Result<Box<dyn Source>, SourceError> {
    let context = OpenContext { source_name: "shop".to_owned(), base_dir: folder.to_owned() };
    Sqlite.open(options, &context)
}

fn read(folder: &Path, table: Option<&str>) -> Result<Collected, SourceError> {
    let request = ReadRequest { table: table.map(str::to_owned), ..ReadRequest::default() };
    collect(&*open(folder, &json!({ "path": "shop.db" }))?, &request)
}

fn query(folder: &Path, sql: &str) -> Result<Collected, SourceError> {
    collect(&*open(folder, &json!({ "path": "shop.db", "query": sql }))?, &ReadRequest::default())
}

fn nullable(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let rows = columns.first().map(|(_, array)| array.len());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let options = RecordBatchOptions::new().with_row_count(rows);
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

const CUSTOMERS: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, spent DECIMAL(10,2), member BOOLEAN, \
     photo BLOB, phone TEXT, born DATE); \
     INSERT INTO customers VALUES (7, 'Zoë', 10, 1, x'ff00', '0044', '1990-02-01'), (2, CAST(x'4dfc' AS TEXT), 1.5, 0, \
     NULL, NULL, NULL), (9, NULL, NULL, NULL, NULL, 447911123456, 'unknown'), (11, 'Li', 2.25, 0, x'', 1.0, NULL); \
     CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE VIEW adults AS SELECT id FROM customers;";

#[test]
fn keeps_the_contract() {
    let folder = shop(CUSTOMERS);
    let expected = nullable(vec![
        ("id", Arc::new(Int64Array::from(vec![7, 9, 11]))),
        ("name", Arc::new(StringArray::from(vec![Some("Zoë"), None, Some("Li")]))),
        ("spent", Arc::new(Float64Array::from(vec![Some(10.0), None, Some(2.25)]))),
        ("member", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("photo", Arc::new(BinaryArray::from(vec![Some(&b"\xff\x00"[..]), None, Some(b"")]))),
        ("phone", Arc::new(StringArray::from(vec![Some("0044"), Some("447911123456"), Some("1.0")]))),
        ("born", Arc::new(StringArray::from(vec![Some("1990-02-01"), Some("unknown"), None]))),
    ]);
    let rejected = ExpectedReject {
        file: "customers".to_owned(),
        row: 1,
        rule: "invalid_encoding".to_owned(),
        raw: b"2\tM\xfc\t1.5\t0\t\t\t".to_vec(),
    };
    let fixture = Fixture {
        connector: &Sqlite,
        options: json!({ "path": "shop.db" }),
        base_dir: folder.path().to_owned(),
        table: Some("customers".to_owned()),
        expected,
        rejected: vec![rejected],
        files: vec![ExpectedFile { name: "customers".to_owned(), rows: 4, path: Some(folder.path().join("shop.db")) }],
        missing: Some(json!({ "path": "nowhere.db" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let tables = open(folder.path(), &json!({ "path": "shop.db" })).unwrap().tables().unwrap();
    assert_eq!(tables, ["adults", "customers", "orders"]);
    assert!(!folder.path().join("nowhere.db").exists());
}

#[test]
fn windows_compare_what_is_stored_not_what_is_declared() {
    // Declared DATE is numeric to SQLite, and NOCASE its own idea of order.
    let folder = shop(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, day DATE, name TEXT COLLATE NOCASE, mixed, amount REAL); \
         INSERT INTO t VALUES (1, '2024-01-01', 'b', 9, 1.5), (2, '2024', 'C', '10', 2.5), (3, NULL, 'a', NULL, 3.5), \
         (4, '2025-01-01', 'D', 100, 4.5);",
    );
    let source = open(folder.path(), &json!({ "path": "shop.db" })).unwrap();
    let ids = |column: &str, from: Option<&str>, until: Option<&str>, limit: Option<u64>| {
        let data_type = if column == "id" { DataType::Int64 } else { DataType::Utf8 };
        let mark = |text: Option<&str>| text.map(|text| Mark { text: text.to_owned(), data_type: data_type.clone() });
        let window = Window { column: column.to_owned(), from: mark(from), until: mark(until) };
        let columns = Some(vec!["id".to_owned()]);
        let request = ReadRequest { columns, window: Some(window), limit, ..ReadRequest::default() };
        collect(&*source, &request).map(|found| {
            let ids = found.chunks.iter().flat_map(|chunk| chunk.batch.column(0).as_primitive::<Int64Type>().values());
            ids.copied().collect::<Vec<i64>>()
        })
    };
    assert_eq!(ids("day", Some("2024"), None, None).unwrap(), [1, 2, 3, 4]);
    assert_eq!(ids("day", Some("2024-01-01"), Some("2025-01-01"), None).unwrap(), [1, 3], "2024 is before its days");
    assert_eq!(ids("name", Some("D"), None, None).unwrap(), [1, 3, 4], "byte by byte");
    assert_eq!(ids("mixed", Some("10"), Some("11"), None).unwrap(), [2, 3, 4], "as text: 10, 100, 9");
    assert_eq!(ids("id", Some("2"), Some("4"), None).unwrap(), [2, 3]);
    assert_eq!(ids("id", Some("2"), None, Some(2)).unwrap(), [2, 3], "the limit counts the rows of the window");
    let error = ids("amount", None, None, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "shop.db, table \"t\": column \"amount\" holds Float64, which cannot be a cursor; choose a column of whole \
         numbers or text that grows with every change"
    );
    let error = ids("dya", None, None, None).unwrap_err();
    assert!(error.to_string().contains("no column \"dya\". Did you mean \"day\"?"), "{error}");
}

#[test]
fn a_limit_ends_the_read() {
    let folder = shop(CUSTOMERS);
    let request = ReadRequest { table: Some("customers".to_owned()), limit: Some(2), ..ReadRequest::default() };
    let found = collect(&*open(folder.path(), &json!({ "path": "shop.db" })).unwrap(), &request).unwrap();
    assert_eq!((found.rejected.len(), found.rows().len(), found.files[0].rows), (1, 1, 2));
}

#[test]
fn a_query_is_a_table_of_its_own() {
    let folder = shop(CUSTOMERS);
    let options =
        json!({ "path": "shop.db", "query": "SELECT id * 2 AS twice, phone FROM customers ORDER BY id DESC;" });
    let source = open(folder.path(), &options).unwrap();
    assert_eq!(source.tables().unwrap(), ["query", "adults", "customers", "orders"]);
    assert_eq!(source.views().unwrap(), ["adults"]);
    let request = ReadRequest { columns: Some(vec!["twice".to_owned()]), ..ReadRequest::default() };
    let collected = collect(&*source, &request).unwrap();
    let twice: Vec<i64> = collected.chunks[0].batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    assert_eq!(twice, [22, 18, 14, 4]);
    assert_eq!(collected.chunks[0].batch.num_columns(), 1);
}

#[test]
fn wrong_queries_are_refused_with_the_mend() {
    let folder = shop(CUSTOMERS);
    let cases = [
        ("SELEC 1", "is not valid at character 1: near \"SELEC\": syntax error; correct the SQL"),
        ("SELECT nme FROM customers", "is not valid at character 8: no such column: nme; correct the SQL"),
        (
            "SELECT \"nme\" FROM customers",
            "is not valid at character 8: no such column: \"nme\" - should this be a string literal in single-quotes?; \
             correct the SQL",
        ),
        ("SELECT 1 FROM generate", "is not valid: no such table: generate; correct the SQL"),
        ("DELETE FROM customers", "is not a SELECT; a source is only read"),
        ("SELECT 1; SELECT 2", "has several statements; write one SELECT"),
        ("SELECT ?1", "has a parameter (? or :name); write its value"),
        ("SELECT id, id FROM orders", "gives two columns the name \"id\"; name one with AS"),
    ];
    for (sql, expected) in cases {
        let error = query(folder.path(), sql).unwrap_err();
        assert_eq!(
            (error.kind, error.to_string()),
            (ErrorKind::Config, format!("shop.db, option \"query\": {expected}")),
            "{sql}"
        );
    }
    let error = open(folder.path(), &json!({ "path": "shop.db", "query": " " })).map(|_| ()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "source \"shop\": option \"query\" of connector sqlite is empty; write a SELECT or remove it"
    );
}

#[test]
fn hostile_names_are_names() {
    let folder = shop(
        "CREATE TABLE \"cust\"\"omers; DROP TABLE x --\" (\"a \"\"b\" TEXT, \"rowid\" TEXT, \"select\" INT);\
         INSERT INTO \"cust\"\"omers; DROP TABLE x --\" VALUES ('first', 'z', 1), ('second', 'a', 2);",
    );
    let collected = read(folder.path(), Some("cust\"omers; DROP TABLE x --")).unwrap();
    let batch = &collected.chunks[0].batch;
    let names: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["a \"b", "rowid", "select"]);
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "first", "in the order of the real rowid");
}

#[test]
fn rows_without_rowid_come_by_primary_key() {
    let folder = shop(
        "CREATE TABLE t (b INT, a INT, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO t VALUES (2, 1), (1, 2), (1, 1);",
    );
    let collected = read(folder.path(), Some("t")).unwrap();
    let batch = &collected.chunks[0].batch;
    let pairs: Vec<(i64, i64)> = (0..3)
        .map(|row| {
            let value = |column: usize| batch.column(column).as_primitive::<Int64Type>().value(row);
            (value(1), value(0))
        })
        .collect();
    assert_eq!(pairs, [(1, 1), (1, 2), (2, 1)]);
}

#[test]
fn an_empty_table_has_its_declared_types() {
    let folder = shop("CREATE TABLE t (a INTEGER, b VARCHAR(3), c REAL, d BLOB, e BOOLEAN, f TIMESTAMP, g);");
    let source = open(folder.path(), &json!({ "path": "shop.db" })).unwrap();
    let types: Vec<DataType> =
        source.schema(None).unwrap().fields().iter().map(|field| field.data_type().clone()).collect();
    use DataType::{Binary, Boolean, Float64, Int64, Utf8};
    assert_eq!(types, [Int64, Utf8, Float64, Binary, Boolean, Utf8, Utf8]);
    assert_eq!(read(folder.path(), None).unwrap().files[0].rows, 0);
}

#[test]
fn what_the_write_ahead_log_holds_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Connection::open(folder.path().join("shop.db")).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);")
        .unwrap();
    let collected = read(folder.path(), None).unwrap();
    assert_eq!(collected.rows().len(), 2);
    assert_eq!(collected.files[0].checksum, None, "the file alone does not say what was read");
}

#[test]
fn a_locked_database_is_worth_another_try() {
    let folder = shop("CREATE TABLE t (a);");
    let writer = Connection::open(folder.path().join("shop.db")).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE; INSERT INTO t VALUES (1);").unwrap();
    let error = read(folder.path(), None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        "shop.db: is locked by another program (waited 5 s); run again later, or read a copy made with `.backup`"
    );
}

type Damage = fn(&mut Vec<u8>);

/// What becomes of a database of some pages after `damage`.
fn damaged(damage: impl FnOnce(&mut Vec<u8>)) -> SourceError {
    let folder = shop(
        "CREATE TABLE t (a TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) \
         INSERT INTO t SELECT 'customer number ' || i FROM n;",
    );
    let path = folder.path().join("shop.db");
    let mut bytes = std::fs::read(&path).unwrap();
    damage(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    read(folder.path(), None).unwrap_err()
}

#[test]
fn broken_databases_are_corrupt_and_named() {
    let damaged_by: [(&str, Damage); 4] = [
        ("cut in half", |bytes| bytes.truncate(bytes.len() / 2)),
        ("cut by one byte", |bytes| bytes.truncate(bytes.len() - 1)),
        ("a page of noise", |bytes| bytes.iter_mut().skip(3 * 4096).take(64).for_each(|byte| *byte = 0xa7)),
        ("the head of the schema gone", |bytes| bytes.iter_mut().skip(100).take(40).for_each(|byte| *byte = 0)),
    ];
    for (name, damage) in damaged_by {
        let error = damaged(damage);
        assert_eq!(error.kind, ErrorKind::Corrupt, "{name}: {error}");
        assert!(error.to_string().starts_with("shop.db: the database is damaged ("), "{name}: {error}");
    }
    let cases: [(Damage, &str); 2] = [
        (
            |bytes| *bytes = b"id,name\n1,Li\n".repeat(100),
            "shop.db: is not a SQLite database, or is encrypted; check the path, or ask its owner for a plain copy",
        ),
        (Vec::clear, "shop.db: is empty, not a SQLite database; ask its owner for a complete copy"),
    ];
    for (damage, expected) in cases {
        let error = damaged(damage);
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Corrupt, expected.to_owned()));
    }
}

#[test]
fn a_view_of_a_table_that_is_gone_is_named() {
    let folder = shop("CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t; INSERT INTO t VALUES (1); DROP TABLE t;");
    let error = read(folder.path(), Some("v")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert_eq!(
        error.to_string(),
        "shop.db, table \"v\": SQLite cannot read it (no such table: main.t); ask its owner to mend the table or view, or \
         use `query`"
    );
}
