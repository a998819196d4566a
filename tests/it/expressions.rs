//! SQL of the pipeline file: what fails on a row costs that row, what can never work is refused before a row is read.

use crate::support::{Workspace, stderr};

const PIPELINE: &str = "version: 1
name: own
sources:
  crm:
    connector: csv
    path: crm.csv
    records:
      - entity: person
        key: id
        where: status <> 'test'
        fields:
          full_name: name
          ratio: CAST(paid AS INT) / CAST(orders AS INT)
attributes:
  ratio:
    type: number
publish:
  to: out
";

const RATIO: &str = "ratio: CAST(paid AS INT) / CAST(orders AS INT)";

const ROWS: &str = "id,name,status,paid,orders,joined
1,Ann Lee,ok,10,2,2020-01-01
2,Bob Ray,ok,10,0,2020-01-01
3,Cy Poe,test,10,0,2020-01-01
4,Di Fox,ok,9,3,canary-4711
,Ed Gay,ok,9,3,2020-01-01
";

/// Runs the pipeline with a field changed; what is quarantined for an expression, as `row,attribute,source_key`.
fn quarantined(from: &str, to: &str) -> (Workspace, Vec<String>) {
    let workspace = Workspace::with(&PIPELINE.replace(from, to), &[("crm.csv", ROWS)]);
    let output = workspace.run(&[]);
    assert!(!stderr(&output).contains("canary-4711"));
    let rows = workspace.query(
        "SELECT row_no, attribute, source_key FROM quarantine WHERE rule = 'expression' AND stage = 'normalise' ORDER BY 1",
    );
    (workspace, rows)
}

#[test]
fn a_row_that_divides_by_zero_is_quarantined_and_the_others_go_on() {
    let (workspace, rows) = quarantined("", "");
    assert_eq!(rows, ["2,ratio,2"]);
    assert_eq!(workspace.query("SELECT source_key FROM cross_reference ORDER BY 1"), ["1", "4"]);
    assert_eq!(workspace.query("SELECT ratio FROM golden_profiles ORDER BY 1"), ["3.0", "5.0"]);
    let message = workspace.query("SELECT message FROM quarantine WHERE rule = 'expression'").join("");
    for words in ["crm.csv, row 2", "fields.ratio", "division by zero"] {
        assert!(message.contains(words), "{words} is not in: {message}");
    }
    let raw = workspace.query("SELECT CAST(raw AS VARCHAR) FROM quarantine WHERE rule = 'expression'").join("");
    assert!(raw.contains("Bob Ray"), "{raw}");
    assert_eq!(
        workspace.query("SELECT state, count(*) FROM record_ledger GROUP BY 1 ORDER BY 1"),
        ["filtered,1", "quarantined,2", "singleton,2"]
    );
    let manifest = workspace.query("SELECT rows_read, records, quarantined, filtered FROM run_manifest");
    assert_eq!(manifest, ["5,2,2,1"]);
}

#[test]
fn an_expression_that_fails_on_every_row_publishes_nothing() {
    let rows = ROWS.replace(",10,2,", ",10,0,").replace(",9,3,", ",9,0,");
    let workspace = Workspace::with(PIPELINE, &[("crm.csv", &rows)]);
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    for words in ["source `crm`", "none of its 5 rows", "division by zero"] {
        assert!(stderr(&output).contains(words), "{words} is not in: {}", stderr(&output));
    }
    assert!(workspace.versions().is_empty());
}

#[test]
fn every_place_of_an_expression_is_tried() {
    assert_eq!(quarantined(RATIO, "ratio: date_part('year', to_date(joined))").1, ["4,ratio,4"]);
    assert_eq!(quarantined("key: id", "key: 10 / CAST(orders AS INT)").1, ["2,,"]);
    assert_eq!(quarantined("where: status <> 'test'", "where: 10 / CAST(orders AS INT) > 1").1, ["2,,2", "3,,3"]);
    assert_eq!(quarantined("key: id\n", "key: id\n        updated_at: to_timestamp(joined)\n").1.len(), 2);
    assert_eq!(
        quarantined(
            "full_name: name\n",
            "full_name: name\n          emails: arrow_cast(10 / CAST(orders AS INT), 'Utf8')\n"
        )
        .1,
        ["2,emails,2"]
    );
}

#[test]
fn expressions_over_one_column_are_told_apart() {
    let workspace = Workspace::with(
        &PIPELINE
            .replace(
                "full_name: name\n",
                "full_name: upper(name)\n          emails: replace(lower(name), ' ', '.') || '@example.com'\n",
            )
            .replace("where: status <> 'test'", "where: length(name) > 6"),
        &[("crm.csv", ROWS)],
    );
    workspace.run(&[]);
    assert_eq!(
        workspace.query("SELECT full_name_raw, emails[1]['raw'] FROM source_records WHERE source_key = '1'"),
        ["ANN LEE,ann.lee@example.com"]
    );
}

#[test]
fn a_row_without_a_key_is_kept_as_it_was() {
    let (workspace, _) = quarantined("", "");
    let raw = workspace.query("SELECT CAST(raw AS VARCHAR) FROM quarantine WHERE rule = 'missing_key'").join("");
    assert!(raw.contains("Ed Gay"), "{raw}");
}

#[test]
fn a_child_row_that_fails_leaves_its_parent_alone() {
    let workspace = Workspace::with(
        "version: 1
name: own
sources:
  shop:
    connector: sqlite
    path: shop.db
    records:
      - entity: person
        from: customers
        key: id
        fields:
          full_name: name
        children:
          identifiers:
            from: cards
            on: customer
            fields:
              value: \"CAST(number / share AS VARCHAR)\"
              type: \"'card'\"
publish:
  to: out
",
        &[],
    );
    let database = rusqlite::Connection::open(workspace.path("shop.db")).expect("the database");
    database
        .execute_batch(
            "CREATE TABLE customers (id INTEGER, name TEXT); CREATE TABLE cards (customer INTEGER, number INTEGER, share INTEGER);
             INSERT INTO customers VALUES (1, 'Ann Lee'), (2, 'Bob Ray');
             INSERT INTO cards VALUES (1, 771000, 1), (1, 772000, 0), (2, 773000, 1);",
        )
        .expect("filled");
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM cross_reference"), ["2"]);
    assert_eq!(
        workspace.query("SELECT value_norm FROM golden_identifiers WHERE id_type = 'card' ORDER BY 1"),
        ["771000", "773000"]
    );
    assert_eq!(
        workspace.query("SELECT file, row_no, attribute FROM quarantine WHERE rule = 'expression'"),
        ["cards,2,identifiers"]
    );
    assert_eq!(workspace.query("SELECT count(*) FROM record_ledger"), ["2"]);
}

/// Checks what `validate` and `run` say of an expression that can never work.
fn refused(expression: &str, says: &[&str]) {
    let workspace = Workspace::with(&PIPELINE.replace(RATIO, &format!("ratio: {expression}")), &[("crm.csv", ROWS)]);
    for command in ["validate", "run"] {
        let output = workspace.command(command, &[]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command} {expression}: {said}");
        for words in says.iter().chain(&["pipeline.yaml:13:18"]) {
            assert!(said.contains(words), "{command} {expression}: {words:?} is not in: {said}");
        }
    }
    assert!(workspace.versions().is_empty());
}

#[test]
fn an_expression_that_can_never_work_is_refused_at_its_place() {
    refused("sum(paid)", &["`sum(paid)`", "many rows"]);
    refused("row_number() OVER (ORDER BY id)", &["many rows"]);
    refused("regexp_replace(name, '(', '')", &["wrong regular expression", "unclosed group"]);
    refused("\"CASE WHEN name ~ '[' THEN 1 END\"", &["wrong regular expression"]);
    refused("1 / 0", &["`1 / 0` fails whatever a row holds"]);
    refused("to_date('garbage')", &["fails whatever a row holds"]);
}

#[test]
fn what_is_different_at_each_run_is_refused() {
    for expression in ["date_part('year', now())", "random()", "date_part('year', current_date)"] {
        refused(expression, &["equal input would not give equal tables"]);
    }
    let pipeline =
        PIPELINE.replace("        key: id\n", "        from: SELECT *, now() AS at FROM crm\n        key: id\n");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", ROWS)]);
    let output = workspace.command("validate", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("`now`"), "{}", stderr(&output));
}
