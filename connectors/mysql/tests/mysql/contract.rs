//! The conformance battery, names, and what is a table.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt8Array,
};
use arrow::datatypes::{Field, Schema};
use connector_mysql::Mysql;
use goldsmith_source::ReadRequest;
use goldsmith_source::conformance::{ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use serde_json::{Value, json};

use crate::server::PASSWORD;
use crate::{cells, open, read, shared, with};

fn nullable(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

const CUSTOMERS: &str = "SET sql_mode = 'ALLOW_INVALID_DATES'; SET time_zone = '+02:00'; \
     CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(20) CHARACTER SET latin1, spent decimal(10,2), \
     member boolean, photo blob, born date, seen timestamp(6) NULL, level enum('gold', 'silver'), n tinyint unsigned); \
     INSERT INTO customers VALUES \
     (11, '', 99999999.99, false, '', '0000-00-00', '0000-00-00', 'silver', 255), \
     (9, 'it''s \\\\ me', 1, 2, x'ff00', NULL, NULL, NULL, NULL), \
     (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), \
     (7, 'joe', NULL, NULL, NULL, '2024-02-30', NULL, NULL, NULL), \
     (2, 'Zoë', -10.5, true, x'ff00', '1990-02-01', '2024-02-29 12:00:00.000001', 'gold', 0);";

fn expected() -> RecordBatch {
    let moment = 1_709_200_800_000_001;
    let spent = Decimal128Array::from(vec![Some(-1050), None, Some(9_999_999_999)]);
    nullable(vec![
        ("id", Arc::new(Int64Array::from(vec![2, 3, 11]))),
        ("name", Arc::new(StringArray::from(vec![Some("Zoë"), None, Some("")]))),
        ("spent", Arc::new(spent.with_precision_and_scale(10, 2).unwrap())),
        ("member", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("photo", Arc::new(BinaryArray::from(vec![Some(&b"\xff\x00"[..]), None, Some(b"")]))),
        ("born", Arc::new(Date32Array::from(vec![Some(7_336), None, None]))),
        ("seen", Arc::new(TimestampMicrosecondArray::from(vec![Some(moment), None, None]).with_timezone("UTC"))),
        ("level", Arc::new(StringArray::from(vec![Some("gold"), None, Some("silver")]))),
        ("n", Arc::new(UInt8Array::from(vec![Some(0), None, Some(255)]))),
    ])
}

fn check(table: &str, options: Value, raws: [&str; 2]) {
    let reject = |row, rule: &str, raw: &str| ExpectedReject {
        file: table.to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.as_bytes().to_vec(),
    };
    let fixture = Fixture {
        connector: &Mysql,
        options: options.clone(),
        base_dir: PathBuf::new(),
        table: Some(table.to_owned()),
        expected: expected(),
        rejected: vec![reject(3, "invalid_date", raws[0]), reject(4, "not_a_boolean", raws[1])],
        files: vec![ExpectedFile { name: table.to_owned(), rows: 5, path: None }],
        missing: Some(with(options, json!({"port": 1}))),
        canaries: vec![PASSWORD.to_owned(), "admin".to_owned()],
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn keeps_the_contract() {
    let Some(server) = shared() else { return };
    server.database("contract", CUSTOMERS);
    let raws = [
        "('7','joe',NULL,NULL,NULL,'2024-02-30',NULL,NULL,NULL)",
        "('9','it\\'s \\\\ me','1.00','2',0xFF00,NULL,NULL,NULL,NULL)",
    ];
    check("customers", server.options("contract"), raws);
    let query = json!({"query": "SELECT * FROM customers ORDER BY id + 0"});
    check("query", with(server.options("contract"), query), raws);
}

#[test]
fn tables_views_and_sequences_are_told_apart() {
    let Some(server) = shared() else { return };
    server.database(
        "names",
        "CREATE TABLE a (i int); INSERT INTO a VALUES (1); CREATE TABLE A (i int); INSERT INTO A VALUES (2); \
         CREATE VIEW v AS SELECT i + 10 AS i FROM a; CREATE SEQUENCE s; \
         CREATE TABLE p (i int) PARTITION BY RANGE (i) (PARTITION p1 VALUES LESS THAN (10), PARTITION p2 VALUES LESS THAN (20)); \
         INSERT INTO p VALUES (15), (5); CREATE TABLE m (i int) ENGINE=MyISAM; INSERT INTO m VALUES (4); \
         CREATE TABLE h (i int) WITH SYSTEM VERSIONING; INSERT INTO h VALUES (6); UPDATE h SET i = 7;",
    );
    let options = server.options("names");
    assert_eq!(open(&options).tables().unwrap(), ["A", "a", "h", "m", "p", "v"]);
    assert_eq!(open(&options).views().unwrap(), ["v"]);
    let cases: [(&str, &[&str]); 6] =
        [("A", &["2"]), ("a", &["1"]), ("h", &["7"]), ("m", &["4"]), ("p", &["5", "15"]), ("v", &["11"])];
    for (table, expected) in cases {
        assert_eq!(cells(&read(&options, table), "i"), expected, "{table}");
    }
}

#[test]
fn a_query_is_a_table_of_its_own() {
    let Some(server) = shared() else { return };
    server.database("asked", "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c');");
    let sql = "SELECT id * 2 AS twice, name, ':x ?' AS x FROM t ORDER BY id DESC -- all\n;";
    let source = open(&with(server.options("asked"), json!({"query": sql})));
    assert_eq!(source.tables().unwrap(), ["query", "t"]);
    let request = ReadRequest { columns: Some(vec!["twice".to_owned()]), limit: Some(2), ..ReadRequest::default() };
    let collected = collect(&*source, &request).unwrap();
    assert_eq!(cells(&collected, "twice"), ["6", "4"]);
    assert_eq!(collected.chunks[0].batch.num_columns(), 1);
    assert_eq!(cells(&collect(&*source, &ReadRequest::default()).unwrap(), "twice"), ["6", "4", "2"], "no limit stays");
    let own = "WITH x AS (SELECT * FROM t) SELECT * FROM x ORDER BY id DESC LIMIT 3";
    let source = open(&with(server.options("asked"), json!({"query": own})));
    let request = ReadRequest { limit: Some(1), ..ReadRequest::default() };
    assert_eq!(cells(&collect(&*source, &request).unwrap(), "name"), ["c"]);
    let source = open(&with(server.options("asked"), json!({"query": "SELECT 1 AS one"})));
    let limited = ReadRequest { limit: Some(2), ..ReadRequest::default() };
    assert_eq!(cells(&collect(&*source, &limited).unwrap(), "one"), ["1"]);
    let whole = collect(&*source, &crate::request("t")).unwrap();
    assert_eq!(cells(&whole, "name"), ["a", "b", "c"], "the limit of the query is not that of the session");
}

#[test]
fn hostile_names_are_names() {
    let Some(server) = shared() else { return };
    server.database(
        "hostile",
        "CREATE TABLE `cust``omers; DROP TABLE x --` (`a ``b` text, `select` int, `:x ?` boolean, \
         `'; DROP TABLE x; -- \"\\\\` int, `query` int, `CASE` date, PRIMARY KEY (`select`, `:x ?`)); \
         INSERT INTO `cust``omers; DROP TABLE x --` VALUES ('b', 2, 1, 3, 4, NULL), \
         ('a', 1, 1, 3, 4, '2024-02-29'), ('bad', 1, 7, 3, 4, NULL)",
    );
    let collected = read(&server.options("hostile"), "cust`omers; DROP TABLE x --");
    assert_eq!(cells(&collected, "a `b"), ["a", "b"]);
    assert_eq!(cells(&collected, "CASE"), ["2024-02-29", "-"]);
    assert_eq!(collected.rejected[0].raw, b"('bad','1','7','3','4',NULL)");
    assert_eq!(collected.rejected[0].column.as_deref(), Some(":x ?"));
}

#[test]
fn rows_come_by_key_whichever_columns_are_read() {
    let Some(server) = shared() else { return };
    server.database(
        "ordered",
        "CREATE TABLE prim (b int, a int, c int, INDEX (c), PRIMARY KEY (a)); \
         CREATE TABLE uniq (n int, u int NOT NULL, v int NOT NULL, c int, UNIQUE (n), UNIQUE z (u, v), INDEX (c)); \
         CREATE TABLE none (a int, c int, filler char(200), INDEX (c)); \
         INSERT INTO prim VALUES (1, 3, 1), (2, 1, 3), (3, 2, 2); \
         INSERT INTO uniq VALUES (1, 2, 2, 3), (2, 2, 1, 2), (3, 1, 9, 1); \
         INSERT INTO none (a, c) VALUES (1, 3), (2, 1), (3, 2); ANALYZE TABLE prim, uniq, none;",
    );
    let source = open(&server.options("ordered"));
    assert_eq!(source.row_estimate(Some("prim")), Some(3));
    for (table, expected) in [("prim", ["3", "2", "1"]), ("uniq", ["1", "2", "3"]), ("none", ["3", "1", "2"])] {
        for columns in [None, Some(vec!["c".to_owned()])] {
            let request = ReadRequest { table: Some(table.to_owned()), columns, ..ReadRequest::default() };
            assert_eq!(cells(&collect(&*source, &request).unwrap(), "c"), expected, "{table}");
        }
    }
}
