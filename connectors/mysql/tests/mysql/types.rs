//! Every type with null, least and greatest value; windows over each type that has an order.

use arrow::datatypes::DataType;
use goldsmith_source::conformance::collect;
use goldsmith_source::contract::Mark;
use goldsmith_source::{ErrorKind, ReadRequest, Window};
use serde_json::json;

use crate::server::Server;
use crate::{cells, open, read, request, shared, with};

/// SQL type, Arrow type, least and greatest value in SQL, and as Arrow prints them.
const TYPES: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("boolean", "Boolean", "0", "1", "false", "true"),
    ("tinyint", "Int8", "-128", "127", "-128", "127"),
    ("tinyint unsigned", "UInt8", "0", "255", "0", "255"),
    ("tinyint(1) unsigned", "UInt8", "0", "255", "0", "255"),
    ("smallint", "Int16", "-32768", "32767", "-32768", "32767"),
    ("smallint unsigned", "UInt16", "0", "65535", "0", "65535"),
    ("mediumint", "Int32", "-8388608", "8388607", "-8388608", "8388607"),
    ("mediumint unsigned", "UInt32", "0", "16777215", "0", "16777215"),
    ("int", "Int32", "-2147483648", "2147483647", "-2147483648", "2147483647"),
    ("int(5) unsigned zerofill", "UInt32", "0", "4294967295", "0", "4294967295"),
    ("bigint", "Int64", "-9223372036854775808", "9223372036854775807", "-9223372036854775808", "9223372036854775807"),
    ("bigint unsigned", "UInt64", "0", "18446744073709551615", "0", "18446744073709551615"),
    ("year", "Int16", "1901", "2155", "1901", "2155"),
    ("bit(1)", "Boolean", "b'0'", "b'1'", "false", "true"),
    ("bit(9)", "UInt64", "b'0'", "b'100000001'", "0", "257"),
    ("bit(64)", "UInt64", "0", "18446744073709551615", "0", "18446744073709551615"),
    ("float", "Float32", "-3.40282e38", "0.1", "-3.40282e38", "0.1"),
    ("double", "Float64", "-1.7976931348623157e308", "0.1", "-1.7976931348623157e308", "0.1"),
    ("decimal(10,2)", "Decimal128(10, 2)", "-99999999.99", "99999999.99", "-99999999.99", "99999999.99"),
    ("decimal(4,1) unsigned", "Decimal128(4, 1)", "0", "100.5", "0.0", "100.5"),
    (
        "decimal(38,0)",
        "Decimal128(38, 0)",
        "-99999999999999999999999999999999999999",
        "99999999999999999999999999999999999999",
        "-99999999999999999999999999999999999999",
        "99999999999999999999999999999999999999",
    ),
    (
        "decimal(38,38)",
        "Decimal128(38, 38)",
        "-1e-38",
        "0.5",
        "-0.00000000000000000000000000000000000001",
        "0.50000000000000000000000000000000000000",
    ),
    ("decimal(65,30)", "Utf8", "-1", "1.5", "-1.000000000000000000000000000000", "1.500000000000000000000000000000"),
    ("text", "Utf8", "''", "'\u{10ffff}'", "", "\u{10ffff}"),
    ("varchar(3) character set latin1", "Utf8", "''", "'äöü'", "", "äöü"),
    ("char(3) character set utf8mb3", "Utf8", "'a '", "'äöü'", "a", "äöü"),
    ("longtext collate utf8mb4_bin", "Utf8", "'a '", "'äöü'", "a ", "äöü"),
    ("enum('', 'b', 'ä') character set latin1", "Utf8", "''", "'ä'", "", "ä"),
    ("set('b', 'ä')", "Utf8", "''", "'b,ä'", "", "b,ä"),
    ("json", "Utf8", "'null'", "'{\"b\":  1, \"a\": \"ä\"}'", "null", "{\"b\":  1, \"a\": \"ä\"}"),
    (
        "uuid",
        "Utf8",
        "'00000000-0000-0000-0000-000000000000'",
        "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
    ),
    ("inet6", "Utf8", "'::'", "'ffff::1'", "::", "ffff::1"),
    ("binary(2)", "Binary", "''", "x'00ff'", "0000", "00ff"),
    ("varbinary(2)", "Binary", "''", "x'00ff'", "", "00ff"),
    ("tinyblob", "Binary", "''", "x'00ff'", "", "00ff"),
    ("longblob", "Binary", "''", "x'00ff'", "", "00ff"),
    ("date", "Date32", "'0000-01-01'", "'9999-12-31'", "0000-01-01", "9999-12-31"),
    ("time", "Time64(µs)", "'00:00:00'", "'23:59:59'", "00:00:00", "23:59:59"),
    ("time(6)", "Time64(µs)", "'00:00:00.000001'", "'23:59:59.999999'", "00:00:00.000001", "23:59:59.999999"),
    (
        "datetime",
        "Timestamp(µs)",
        "'0000-01-01 00:00:00'",
        "'9999-12-31 23:59:59'",
        "0000-01-01T00:00:00",
        "9999-12-31T23:59:59",
    ),
    (
        "datetime(6)",
        "Timestamp(µs)",
        "'1969-12-31 23:59:59.999999'",
        "'9999-12-31 23:59:59.999999'",
        "1969-12-31T23:59:59.999999",
        "9999-12-31T23:59:59.999999",
    ),
    (
        "timestamp null",
        "Timestamp(µs, \"UTC\")",
        "'1970-01-01 09:00:01'",
        "'2024-02-29 12:00:00'",
        "1970-01-01T00:00:01Z",
        "2024-02-29T03:00:00Z",
    ),
    (
        "timestamp(6) null",
        "Timestamp(µs, \"UTC\")",
        "'1970-01-01 09:00:01.5'",
        "'2024-02-29 12:00:00.000001'",
        "1970-01-01T00:00:01.500Z",
        "2024-02-29T03:00:00.000001Z",
    ),
    (
        "point",
        "Binary",
        "point(0, 0)",
        "point(1, 0)",
        "00000000010100000000000000000000000000000000000000",
        "000000000101000000000000000000f03f0000000000000000",
    ),
];

#[test]
fn every_type_has_its_place() {
    let Some(server) = shared() else { return };
    let mut columns = vec!["c int auto_increment primary key".to_owned()];
    let mut values = [vec!["1"], vec!["3"]];
    for (at, (declared, _, least, greatest, ..)) in TYPES.iter().enumerate() {
        columns.push(format!("c{at} {declared}"));
        values[0].push(least);
        values[1].push(greatest);
    }
    let [least, greatest] = values.map(|values| values.join(", "));
    let nulls = vec!["NULL"; TYPES.len()].join(", ");
    server.database(
        "types",
        &format!(
            "SET time_zone = '+09:00'; CREATE TABLE t ({}); INSERT INTO t VALUES ({least}), (2, {nulls}), ({greatest});",
            columns.join(", ")
        ),
    );
    let query = with(server.options("types"), json!({"query": "SELECT * FROM t ORDER BY c"}));
    for (options, table) in [(server.options("types"), "t"), (query, "query")] {
        let schema = open(&options).schema(Some(table)).unwrap();
        let collected = read(&options, table);
        assert_eq!(collected.rejected.len(), 0, "{:?}", collected.rejected);
        for (at, (declared, data_type, _, _, least, greatest)) in TYPES.iter().enumerate() {
            assert_eq!(schema.field(at + 1).data_type().to_string(), *data_type, "{declared}");
            assert_eq!(cells(&collected, &format!("c{at}")), [*least, "-", *greatest], "{declared}");
        }
    }
    let plain = with(server.options("types"), json!({"tinyint1_as_boolean": false}));
    assert_eq!(cells(&read(&plain, "t"), "c0"), ["0", "-", "1"]);
}

#[test]
fn the_settings_of_the_server_change_nothing() {
    let settings = [
        "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE,STRICT_ALL_TABLES",
        "--default-time-zone=+09:00",
        "--init-connect=SET NAMES latin1",
    ];
    let Some(server) = Server::start("", &settings) else { return };
    server.database(
        "settings",
        "CREATE TABLE t (id int PRIMARY KEY, `a\"b` char(3), at timestamp); CREATE USER reader IDENTIFIED BY 'hunter2-canary'; \
         GRANT SELECT ON t TO reader; SET sql_mode = ''; SET time_zone = '+00:00'; \
         INSERT INTO t VALUES (1, 'ä\\\\', '2024-02-29 12:00:00'), (2, 'y', '0000-00-00');",
    );
    server.run("mysql", "SET GLOBAL sql_select_limit = 1");
    let collected = read(&with(server.options("settings"), json!({"user": "reader"})), "t");
    assert_eq!(cells(&collected, "a\"b"), ["ä\\", "y"]);
    assert_eq!(cells(&collected, "at"), ["2024-02-29T12:00:00Z", "-"]);
}

#[test]
fn the_zero_date_is_null_and_what_has_no_place_is_rejected() {
    let Some(server) = shared() else { return };
    server.database(
        "misfits",
        "SET sql_mode = 'ALLOW_INVALID_DATES'; \
         CREATE TABLE t (id int PRIMARY KEY, d date, t time(6), s datetime(6), z timestamp NULL, b boolean); \
         INSERT INTO t VALUES (1, '0000-00-00', NULL, '0000-00-00', '0000-00-00', NULL); INSERT INTO t (id, t) VALUES (2, '24:00'); \
         INSERT INTO t (id, t) VALUES (3, '-00:00:00.000001'); INSERT INTO t (id, s) VALUES (4, '2024-00-10'); \
         INSERT INTO t (id, s) VALUES (5, '2023-02-29 12:00'); INSERT INTO t (id, d) VALUES (6, '2024-04-31'); \
         INSERT INTO t (id, d) VALUES (7, '0000-00-01'); INSERT INTO t (id, d) VALUES (8, '2024-02-29'); \
         INSERT INTO t (id, b) VALUES (9, -1); INSERT INTO t (id, d) VALUES (10, '2024-05-00')",
    );
    let query = with(server.options("misfits"), json!({"query": "SELECT * FROM t ORDER BY id"}));
    for (options, table) in [(server.options("misfits"), "t"), (query, "query")] {
        let collected = read(&options, table);
        assert_eq!(cells(&collected, "id"), ["1", "8"]);
        assert_eq!(["d", "s", "z"].map(|column| cells(&collected, column).remove(0)), ["-", "-", "-"]);
        let found: Vec<(u64, &str, &str)> =
            collected.rejected.iter().map(|row| (row.row, row.column.as_deref().unwrap(), row.rule)).collect();
        let expected = [
            (2, "t", "time_out_of_range"),
            (3, "t", "time_out_of_range"),
            (4, "s", "invalid_date"),
            (5, "s", "invalid_date"),
            (6, "d", "invalid_date"),
            (7, "d", "invalid_date"),
            (9, "b", "not_a_boolean"),
            (10, "d", "invalid_date"),
        ];
        assert_eq!(found, expected, "{table}");
        assert_eq!(
            collected.rejected[2].message,
            format!("table \"{table}\", row 4, column \"s\": the day is not one of the calendar")
        );
    }
}

#[test]
fn windows_are_read_with_their_left_edge_and_nulls() {
    let Some(server) = shared() else { return };
    server.database(
        "windows",
        "SET sql_mode = ''; SET time_zone = '+00:00'; \
         CREATE TABLE t (id int PRIMARY KEY, big bigint unsigned, n decimal(5,2), d date, s datetime(6), z timestamp NULL, \
         name varchar(9) CHARACTER SET latin1, y year, j double, INDEX (big)); \
         INSERT INTO t SELECT seq, 18446744073709551600 + seq, seq + 0.5, DATE'2024-01-01' + INTERVAL seq DAY, \
         TIMESTAMP'2024-01-01 00:00:00' + INTERVAL seq DAY, TIMESTAMP'2024-01-01 00:00:00' + INTERVAL seq DAY, \
         ELT(seq, 'a', 'a ', 'A', 'ä', 'a\\t'), 2000 + seq, 1 FROM seq_1_to_5; \
         INSERT INTO t (id, d, z) VALUES (6, '0000-00-00', '0000-00-00');",
    );
    let source = open(&with(server.options("windows"), json!({"query": "SELECT * FROM t ORDER BY id DESC"})));
    let schema = source.schema(None).unwrap();
    let window = |table: &str, column: &str, from: Option<&str>, until: Option<&str>| {
        let mark = |text: &str| Mark {
            text: text.to_owned(),
            data_type: schema.field_with_name(column).unwrap().data_type().clone(),
        };
        let window = Window { column: column.to_owned(), from: from.map(mark), until: until.map(mark) };
        let request = ReadRequest { columns: Some(vec!["id".to_owned()]), window: Some(window), ..request(table) };
        collect(&*source, &request).map(|collected| cells(&collected, "id"))
    };
    assert!(source.obeys_windows());
    let cases = [
        ("big", Some("18446744073709551602"), Some("18446744073709551604"), "2 3 6"),
        ("big", Some("18446744073709551602"), None, "2 3 4 5 6"),
        ("big", None, Some("18446744073709551602"), "1 6"),
        ("big", None, None, "1 2 3 4 5 6"),
        ("n", Some("2.50"), Some("3.51"), "2 3 6"),
        ("y", Some("2002"), Some("2004"), "2 3 6"),
        ("d", Some("2024-01-03"), Some("2024-01-05"), "2 3 6"),
        ("s", Some("2024-01-03T00:00:00"), Some("2024-01-03T00:00:00.000001"), "2 6"),
        ("z", Some("2024-01-03T00:00:00Z"), Some("2024-01-05T00:00:00.000Z"), "2 3 6"),
        ("name", Some("a"), None, "1 2 4 5 6"),
        ("name", Some("a\t"), Some("a "), "5 6"),
        ("name", None, Some("a"), "3 6"),
        ("name", Some("ä"), Some("ä!"), "4 6"),
        ("name", Some("\\' OR true -- "), Some("a"), "6"),
    ];
    for (column, from, until, expected) in cases {
        assert_eq!(window("t", column, from, until).unwrap().join(" "), expected, "{column} {from:?} {until:?}");
        let mut asked = window("query", column, from, until).unwrap();
        asked.reverse();
        assert_eq!(asked.join(" "), expected, "query: {column} {from:?} {until:?}");
    }
    let place = format!("mysql://127.0.0.1:{}/windows, table \"t\"", server.port);
    let refusals = [
        (
            window("t", "j", Some("1"), None),
            "column \"j\" has no order that an incremental read can follow; choose a whole number, a decimal, a date, a \
             time stamp or a text",
        ),
        (
            window("t", "big", Some("1 OR 1"), None),
            "the mark of column \"big\" is not a value of its type; start with a full read",
        ),
        (
            window("t", "d", Some("2024-02-30"), None),
            "the mark of column \"d\" is not a value of its type; start with a full read",
        ),
    ];
    for (outcome, expected) in refusals {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Config, format!("{place}: {expected}")));
    }
    let last = Window { column: "id".to_owned(), from: None, until: Some(Mark::parse("5", &DataType::Int32).unwrap()) };
    let few = ReadRequest { window: Some(last), limit: Some(2), ..request("query") };
    assert_eq!(cells(&collect(&*source, &few).unwrap(), "id"), ["4", "3"], "the limit counts what is read");
}
