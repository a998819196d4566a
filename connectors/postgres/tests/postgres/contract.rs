//! The conformance battery, names, and what is a table.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use connector_postgres::Postgres;
use goldsmith_source::ReadRequest;
use goldsmith_source::conformance::{ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use serde_json::json;

use crate::server::PASSWORD;
use crate::{cells, open, read, shared, with};

fn nullable(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

const CUSTOMERS: &str = "CREATE DOMAIN email AS text; CREATE TYPE level AS ENUM ('gold', 'silver'); \
     CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(20), spent numeric(10,2), member boolean, photo bytea, \
     born date, seen timestamptz, phones text[], mail email, level level); \
     INSERT INTO customers VALUES \
     (7, 'Zoë', -10.5, true, '\\xff00', '1990-02-01', '2024-02-29 12:00:00.000001+02', '{a,NULL,\"b c\"}', 'z@x', 'gold'), \
     (2, 'nobody', 'NaN', NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
     (9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
     (3, 'joe', 1, NULL, NULL, NULL, NULL, '{{a},{b}}', NULL, NULL), \
     (11, '', 99999999.99, false, '', 'infinity', '-infinity', '{}', '', 'silver');";

#[test]
fn keeps_the_contract() {
    let Some(server) = shared() else { return };
    server.database("contract", CUSTOMERS);
    let moment = 1_709_200_800_000_001;
    let mut phones = ListBuilder::new(StringBuilder::new());
    phones.append_value([Some("a"), None, Some("b c")]);
    phones.append_null();
    phones.append_value(Vec::<Option<&str>>::new());
    let expected = nullable(vec![
        ("id", Arc::new(Int64Array::from(vec![7, 9, 11]))),
        ("name", Arc::new(StringArray::from(vec![Some("Zoë"), None, Some("")]))),
        (
            "spent",
            Arc::new(
                Decimal128Array::from(vec![Some(-1050), None, Some(9_999_999_999)])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        ("member", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("photo", Arc::new(BinaryArray::from(vec![Some(&b"\xff\x00"[..]), None, Some(b"")]))),
        ("born", Arc::new(Date32Array::from(vec![Some(7_336), None, None]))),
        ("seen", Arc::new(TimestampMicrosecondArray::from(vec![Some(moment), None, None]).with_timezone("UTC"))),
        ("phones", Arc::new(phones.finish())),
        ("mail", Arc::new(StringArray::from(vec![Some("z@x"), None, Some("")]))),
        ("level", Arc::new(StringArray::from(vec![Some("gold"), None, Some("silver")]))),
    ]);
    let reject = |row, rule: &str, raw: &[u8]| ExpectedReject {
        file: "customers".to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.to_vec(),
    };
    let fixture = Fixture {
        connector: &Postgres,
        options: server.options("contract"),
        base_dir: PathBuf::new(),
        table: Some("customers".to_owned()),
        expected,
        rejected: vec![
            reject(2, "not_a_number", b"(2,nobody,NaN,,,,,,,)"),
            reject(4, "nested_array", b"(3,joe,1.00,,,,,\"{{a},{b}}\",,)"),
        ],
        files: vec![ExpectedFile { name: "customers".to_owned(), rows: 5, path: None }],
        missing: Some(with(server.options("contract"), json!({"port": 1}))),
        canaries: vec![PASSWORD.to_owned(), "admin".to_owned()],
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn tables_views_partitions_and_schemas_are_named() {
    let Some(server) = shared() else { return };
    server.database(
        "names",
        "CREATE SCHEMA crm; CREATE TABLE a (i int); INSERT INTO a VALUES (1); CREATE TABLE crm.a (i int); \
         INSERT INTO crm.a VALUES (2); CREATE TABLE \"crm.a\" (i int); INSERT INTO \"crm.a\" VALUES (3); \
         CREATE VIEW v AS SELECT i + 10 AS i FROM a; CREATE MATERIALIZED VIEW m AS SELECT i + 20 AS i FROM a; \
         CREATE TABLE p (i int) PARTITION BY RANGE (i); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); \
         CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20); INSERT INTO p VALUES (15), (5); \
         CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw; \
         CREATE FOREIGN TABLE f (i int) SERVER files OPTIONS (program 'echo 7'); CREATE TABLE heir () INHERITS (a); \
         INSERT INTO heir VALUES (4);",
    );
    let options = server.options("names");
    let tables = open(&options).tables().unwrap();
    assert_eq!(tables, ["\"crm.a\"", "a", "crm.a", "f", "heir", "m", "p", "v"]);
    assert_eq!(open(&options).views().unwrap(), ["heir", "m", "v"], "whose rows come with other tables too");
    let cases: [(&str, &[&str]); 8] = [
        ("\"crm.a\"", &["3"]),
        ("a", &["1", "4"]),
        ("crm.a", &["2"]),
        ("f", &["7"]),
        ("heir", &["4"]),
        ("m", &["21"]),
        ("p", &["5", "15"]),
        ("v", &["11", "14"]),
    ];
    for (table, expected) in cases {
        assert_eq!(cells(&read(&options, table), "i"), expected, "{table}");
    }
    let crm = with(options, json!({"schema": "crm"}));
    assert_eq!(open(&crm).tables().unwrap(), ["a"]);
    assert_eq!(cells(&read(&crm, "a"), "i"), ["2"]);
}

#[test]
fn a_query_is_a_table_of_its_own() {
    let Some(server) = shared() else { return };
    server.database("asked", "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');");
    let sql = "WITH x AS (SELECT * FROM t) SELECT id * 2 AS twice, name FROM x ORDER BY id DESC; -- all of them";
    let options = with(server.options("asked"), json!({"query": sql}));
    let source =
        open(&with(options, json!({"query": "SELECT id * 2 AS twice, name FROM t ORDER BY id DESC -- all\n;"})));
    assert_eq!(source.tables().unwrap(), ["query", "t"]);
    let request = ReadRequest { columns: Some(vec!["twice".to_owned()]), limit: Some(2), ..ReadRequest::default() };
    let collected = collect(&*source, &request).unwrap();
    assert_eq!(cells(&collected, "twice"), ["6", "4"]);
    assert_eq!(collected.chunks[0].batch.num_columns(), 1);
}

#[test]
fn hostile_names_are_names() {
    let Some(server) = shared() else { return };
    server.database(
        "hostile",
        "CREATE TABLE \"cust\"\"omers; DROP TABLE x --\" (\"a \"\"b\" text, ctid2 int, \"select\" int, \"$1\" numeric(3,1), \
         \"'; DROP TABLE x; --\" text[], \"query\" int, \"ROW\" date); INSERT INTO \"cust\"\"omers; DROP TABLE x --\" VALUES \
         ('first', 1, 2, 'NaN', '{}', 3, NULL), ('second', 1, 2, 1.5, '{x}', 3, '2024-02-29');",
    );
    let collected = read(&server.options("hostile"), "cust\"omers; DROP TABLE x --");
    assert_eq!(cells(&collected, "a \"b"), ["second"]);
    assert_eq!(cells(&collected, "ROW"), ["2024-02-29"]);
    assert_eq!(collected.rejected[0].raw, b"(first,1,2,NaN,{},3,)");
    assert_eq!(collected.rejected[0].column.as_deref(), Some("$1"));
}

#[test]
fn text_of_no_encoding_is_looked_at() {
    let Some(server) = shared() else { return };
    server.run("postgres", "CREATE DATABASE ascii ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    server.run(
        "ascii",
        "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, E'M\\xfcller'), (2, E'Zo\\xc3\\xab');",
    );
    let source = open(&server.options("ascii"));
    for columns in [None, Some(vec!["id".to_owned()])] {
        let collected = collect(&*source, &ReadRequest { columns, ..ReadRequest::default() }).unwrap();
        assert_eq!(cells(&collected, "id"), ["2"]);
        let rejected = &collected.rejected[0];
        assert_eq!((rejected.row, rejected.rule, &*rejected.raw), (1, "invalid_encoding", &b"(1,M\xfcller)"[..]));
    }
    assert_eq!(cells(&read(&server.options("ascii"), "t"), "name"), ["Zoë"]);
}
