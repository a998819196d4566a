//! Every type with null, least and greatest value; windows over each type that has an order.

use goldsmith_source::conformance::collect;
use goldsmith_source::contract::Mark;
use goldsmith_source::{ErrorKind, ReadRequest, Window};
use serde_json::json;

use crate::{cells, open, read, request, shared, with};

/// SQL type, Arrow type, least and greatest value as PostgreSQL writes them, and as Arrow prints them.
const TYPES: &[(&str, &str, &str, &str, &str, &str)] = &[
    ("boolean", "Boolean", "false", "true", "false", "true"),
    ("smallint", "Int16", "-32768", "32767", "-32768", "32767"),
    ("integer", "Int32", "-2147483648", "2147483647", "-2147483648", "2147483647"),
    ("bigint", "Int64", "-9223372036854775808", "9223372036854775807", "-9223372036854775808", "9223372036854775807"),
    ("oid", "Int64", "0", "4294967295", "0", "4294967295"),
    ("real", "Float32", "-3.4028235e38", "NaN", "-3.4028235e38", "NaN"),
    ("double precision", "Float64", "-1.7976931348623157e308", "Infinity", "-1.7976931348623157e308", "inf"),
    ("numeric(10,2)", "Decimal128(10, 2)", "-99999999.99", "99999999.99", "-99999999.99", "99999999.99"),
    (
        "numeric(38,0)",
        "Decimal128(38, 0)",
        "-99999999999999999999999999999999999999",
        "99999999999999999999999999999999999999",
        "-99999999999999999999999999999999999999",
        "99999999999999999999999999999999999999",
    ),
    (
        "numeric(38,38)",
        "Decimal128(38, 38)",
        "-0.00000000000000000000000000000000000001",
        "0.99999999999999999999999999999999999999",
        "-0.00000000000000000000000000000000000001",
        "0.99999999999999999999999999999999999999",
    ),
    ("numeric(4,1)", "Decimal128(4, 1)", "0", "100.5", "0.0", "100.5"),
    ("numeric", "Utf8", "-1e3", "1.50", "-1000", "1.50"),
    ("numeric(50,2)", "Utf8", "-1", "1.50", "-1.00", "1.50"),
    ("text", "Utf8", "", "\u{10ffff}", "", "\u{10ffff}"),
    ("varchar(3)", "Utf8", "", "äöü", "", "äöü"),
    ("char(3)", "Utf8", "a", "äöü", "a", "äöü"),
    ("name", "Utf8", "", "x", "", "x"),
    ("\"char\"", "Utf8", "a", "z", "a", "z"),
    ("citext", "Utf8", "Ab", "Zz", "Ab", "Zz"),
    ("bytea", "Binary", "", "\\x00ff", "", "00ff"),
    ("date", "Date32", "4713-01-01 BC", "5874897-12-31", "-4712-01-01", "5874897"),
    ("time", "Time64(µs)", "00:00:00", "23:59:59.999999", "00:00:00", "23:59:59.999999"),
    ("timetz", "Utf8", "00:00:00+15:59", "24:00:00-15:59", "00:00:00+15:59", "24:00:00-15:59"),
    (
        "timestamp",
        "Timestamp(µs)",
        "4713-01-01 00:00:00 BC",
        "9999-12-31 23:59:59.999999",
        "-4712-01-01T00:00:00",
        "9999-12-31T23:59:59.999999",
    ),
    (
        "timestamptz",
        "Timestamp(µs, \"UTC\")",
        "1969-12-31 23:59:59.999999+00",
        "2024-02-29 12:00+05:30",
        "1969-12-31T23:59:59.999999Z",
        "2024-02-29T06:30:00Z",
    ),
    ("interval", "Utf8", "-178000000 years", "1 year 2 mons 3 days 04:05:06.789", "P-178000000Y", "P1Y2M3DT4H5M6.789S"),
    (
        "uuid",
        "Utf8",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-fffffffffffe",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-fffffffffffe",
    ),
    ("json", "Utf8", "{\"b\":  1, \"a\": 2}", "null", "{\"b\":  1, \"a\": 2}", "null"),
    ("jsonb", "Utf8", "{\"b\":  1, \"a\": 2}", "[]", "{\"a\": 2, \"b\": 1}", "[]"),
    ("xml", "Utf8", "<a/>", "<b>x</b>", "<a/>", "<b>x</b>"),
    ("inet", "Utf8", "0.0.0.0", "ffff::/8", "0.0.0.0/32", "ffff::/8"),
    ("macaddr", "Utf8", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"),
    ("money", "Utf8", "-92233720368547758.08", "1.50", "-92233720368547758.08", "1.50"),
    ("bit(3)", "Utf8", "000", "111", "000", "111"),
    ("point", "Utf8", "(0,0)", "(1.5,-1)", "(0,0)", "(1.5,-1)"),
    ("int4range", "Utf8", "empty", "[1,5)", "empty", "[1,5)"),
    ("tstzrange", "Utf8", "[2024-01-01 00:00+00,)", "empty", "[\"2024-01-01 00:00:00+00\",)", "empty"),
    ("tsvector", "Utf8", "", "a:1", "", "'a':1"),
    ("level", "Utf8", "low", "high", "low", "high"),
    ("shortmail", "Utf8", "a", "abc", "a", "abc"),
    ("positive", "Decimal128(5, 2)", "1", "999.99", "1.00", "999.99"),
    ("pair", "Utf8", "(1,a)", "(,)", "(1,a)", "(,)"),
    ("integer[]", "List(Int32)", "{}", "{-1,NULL,2}", "[]", "[-1, , 2]"),
    ("text[]", "List(Utf8)", "{\"\"}", "{a,\"b,c\"}", "[]", "[a, b,c]"),
    ("numeric(5,2)[]", "List(Decimal128(5, 2))", "{0}", "{1.5,-2}", "[0.00]", "[1.50, -2.00]"),
    ("timestamp[]", "List(Timestamp(µs))", "{infinity}", "{2024-02-29 12:00}", "[]", "[2024-02-29T12:00:00]"),
    ("inet[]", "List(Utf8)", "{}", "{10.0.0.0/8}", "[]", "[10.0.0.0/8]"),
    ("level[]", "List(Utf8)", "{low}", "{high,NULL}", "[low]", "[high, ]"),
    (
        "uuid[]",
        "List(Utf8)",
        "{}",
        "{00000000-0000-0000-0000-000000000001}",
        "[]",
        "[00000000-0000-0000-0000-000000000001]",
    ),
];

#[test]
fn every_type_has_its_place() {
    let Some(server) = shared() else { return };
    let mut columns = Vec::new();
    let mut values = [Vec::new(), Vec::new()];
    for (at, (declared, _, least, greatest, ..)) in TYPES.iter().enumerate() {
        columns.push(format!("c{at} {declared}"));
        for (values, value) in values.iter_mut().zip([least, greatest]) {
            values.push(format!("'{}'", value.replace('\'', "''")));
        }
    }
    let [least, greatest] = values.map(|values| values.join(", "));
    let nulls = vec!["NULL"; TYPES.len()].join(", ");
    server.database(
        "types",
        &format!(
            "CREATE EXTENSION citext; CREATE TYPE level AS ENUM ('low', 'high'); CREATE DOMAIN shortmail AS varchar(3); \
             CREATE DOMAIN positive AS numeric(5,2) CHECK (value > 0); CREATE TYPE pair AS (i int, t text); \
             CREATE TABLE t ({}); INSERT INTO t VALUES ({least}), ({nulls}), ({greatest});",
            columns.join(", ")
        ),
    );
    // What the user or database has set does not change how values are written.
    server.run(
        "postgres",
        "ALTER DATABASE types SET datestyle = 'German'; ALTER DATABASE types SET timezone = 'Asia/Tokyo'; \
         ALTER DATABASE types SET intervalstyle = 'sql_standard'; ALTER DATABASE types SET bytea_output = 'escape'",
    );
    let options = server.options("types");
    let schema = open(&options).schema(Some("t")).unwrap();
    let collected = read(&options, "t");
    assert_eq!(collected.rejected.len(), 0);
    for (at, (declared, data_type, _, _, least, greatest)) in TYPES.iter().enumerate() {
        let name = format!("c{at}");
        assert_eq!(schema.field(at).data_type().to_string(), *data_type, "{declared}");
        let found = cells(&collected, &name);
        assert_eq!(found[0], *least, "{declared}");
        assert_eq!(found[1], "-", "{declared}");
        // Arrow's printer has no year of seven digits.
        if *declared != "date" {
            assert_eq!(found[2], *greatest, "{declared}");
        }
    }
}

#[test]
fn infinite_times_are_null_and_what_has_no_place_is_rejected() {
    let Some(server) = shared() else { return };
    server.database(
        "misfits",
        "CREATE TABLE t (id int, d date, t time, s timestamp, z timestamptz, n numeric(3), l numeric(3)[], i int[]); \
         INSERT INTO t VALUES (1, 'infinity', NULL, '-infinity', 'infinity'); INSERT INTO t (id, t) VALUES (2, '24:00'); \
         INSERT INTO t (id, s) VALUES (3, '294247-01-10 04:00:54.775808'); INSERT INTO t (id, z) VALUES (4, '294276-12-31 23:00Z'); \
         INSERT INTO t (id, n) VALUES (5, 'NaN'); INSERT INTO t (id, l) VALUES (6, '{1,NaN}'); \
         INSERT INTO t (id, i) VALUES (7, '{{1}}'); INSERT INTO t (id, s) VALUES (8, '294247-01-10 04:00:54.775807');",
    );
    let collected = read(&server.options("misfits"), "t");
    assert_eq!(cells(&collected, "id"), ["1", "8"]);
    assert_eq!(["d", "s", "z"].map(|column| cells(&collected, column).remove(0)), ["-", "-", "-"]);
    let found: Vec<(u64, &str, &str)> =
        collected.rejected.iter().map(|row| (row.row, row.column.as_deref().unwrap(), row.rule)).collect();
    let expected = [
        (2, "t", "time_out_of_range"),
        (3, "s", "timestamp_out_of_range"),
        (4, "z", "timestamp_out_of_range"),
        (5, "n", "not_a_number"),
        (6, "l", "not_a_number"),
        (7, "i", "nested_array"),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        collected.rejected[0].message,
        "table \"t\", row 2, column \"t\": the time is 24:00, which no clock shows"
    );
}

#[test]
fn windows_are_read_with_their_left_edge_and_nulls() {
    let Some(server) = shared() else { return };
    server.database(
        "windows",
        "CREATE TABLE t (id int, big bigint, n numeric(5,2), d date, s timestamp, z timestamptz, name text COLLATE \"und-x-icu\", u uuid, j json); \
         INSERT INTO t SELECT i, i * 10, i + 0.5, date '2024-01-01' + i, timestamp '2024-01-01' + i * interval '1 day', \
         timestamptz '2024-01-01Z' + i * interval '1 day', chr(64 + i), ('00000000-0000-0000-0000-00000000000' || i)::uuid, '1' \
         FROM generate_series(1, 5) i; INSERT INTO t (id, d, z) VALUES (6, 'infinity', '-infinity');",
    );
    let source = open(&server.options("windows"));
    let schema = source.schema(None).unwrap();
    let window = |column: &str, from: Option<&str>, until: Option<&str>| {
        let mark = |text: &str| Mark {
            text: text.to_owned(),
            data_type: schema.field_with_name(column).unwrap().data_type().clone(),
        };
        let window = Window { column: column.to_owned(), from: from.map(mark), until: until.map(mark) };
        let request = ReadRequest { columns: Some(vec!["id".to_owned()]), window: Some(window), ..request("t") };
        collect(&*source, &request).map(|collected| cells(&collected, "id").join(" "))
    };
    assert!(source.obeys_windows());
    let cases = [
        ("big", Some("20"), Some("40"), "2 3 6"),
        ("big", Some("20"), None, "2 3 4 5 6"),
        ("big", None, Some("20"), "1 6"),
        ("big", None, None, "1 2 3 4 5 6"),
        ("n", Some("2.50"), Some("3.51"), "2 3 6"),
        ("d", Some("2024-01-03"), Some("2024-01-05"), "2 3 6"),
        ("s", Some("2024-01-03T00:00:00"), Some("2024-01-03T00:00:00.000001"), "2 6"),
        ("z", Some("2024-01-03T00:00:00Z"), Some("2024-01-05T00:00:00.000Z"), "2 3 6"),
        ("name", Some("B"), Some("a"), "2 3 4 5 6"),
        ("name", Some("' OR true --"), Some("B"), "1 6"),
        ("u", Some("00000000-0000-0000-0000-000000000004"), None, "4 5 6"),
    ];
    for (column, from, until, expected) in cases {
        assert_eq!(window(column, from, until).unwrap(), expected, "{column} {from:?} {until:?}");
    }
    let error = window("j", Some("1"), None).unwrap_err();
    let place = format!("postgres://127.0.0.1:{}/windows, table \"t\"", server.port);
    let expected = format!(
        "{place}: column \"j\" has no order that an incremental read can follow; choose a number of a declared size, a \
         date, a time or a text"
    );
    assert_eq!((error.kind, error.to_string()), (ErrorKind::Config, expected));
    let asked = open(&with(server.options("windows"), json!({"query": "SELECT id FROM t ORDER BY id DESC"})));
    let mark = Mark { text: "5".to_owned(), data_type: arrow::datatypes::DataType::Int32 };
    let window = Window { column: "id".to_owned(), from: Some(mark), until: None };
    let request = ReadRequest { window: Some(window), ..ReadRequest::default() };
    assert_eq!(cells(&collect(&*asked, &request).unwrap(), "id"), ["6", "5"]);
}
