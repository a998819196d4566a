//! What a pipeline refers to (decisions, a model, the folder to publish to) and what has gone wrong there.

use crate::support::{Workspace, crm_pipeline, goldsmith, stderr};

fn pipeline() -> String {
    crm_pipeline(&[], &["full_name: name", "emails: email"], "match:\n  decisions: decisions.csv\n")
}

const ROWS: &str = "id,name,email\n1,Ann Lee,ann@example.com\n2,Bob Ray,bob@example.com\n3,Cy Poe,cy@example.com\n";
const HEADER: &str = "decision,left_source,left_key,right_source,right_key\n";

/// What `run` says where the source cannot be read either: the reference is read first.
fn refused_before_reading(workspace: &Workspace, says: &[&str]) {
    std::fs::remove_file(workspace.path("crm.csv")).expect("removed");
    for command in ["run", "validate"] {
        let output = workspace.command(command, &[]);
        assert_eq!(output.status.code(), Some(2), "{command}: {}", stderr(&output));
        for words in says {
            assert!(stderr(&output).contains(words), "{command}: {words} is not in: {}", stderr(&output));
        }
    }
}

#[test]
fn decisions_that_are_no_text_are_a_mistake() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", ROWS)]);
    std::fs::write(workspace.path("decisions.csv"), b"decision,\xff\n").expect("written");
    refused_before_reading(&workspace, &["decisions.csv", "UTF-8"]);
}

#[test]
fn decisions_that_are_a_folder_are_a_mistake() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", ROWS)]);
    std::fs::create_dir(workspace.path("decisions.csv")).expect("a folder");
    refused_before_reading(&workspace, &["decisions.csv"]);
}

#[test]
fn a_model_that_is_none_is_a_mistake() {
    let pipeline = pipeline().replace("decisions: decisions.csv", "model: model.json");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", ROWS), ("model.json", "{}")]);
    refused_before_reading(&workspace, &["model.json", "not a model"]);
}

#[test]
fn a_file_where_the_store_should_be_is_a_mistake() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", ROWS), ("decisions.csv", HEADER), ("out", "")]);
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("publish: to:"), "{}", stderr(&output));
    assert_eq!(workspace.command("path", &[]).status.code(), Some(2));
}

#[test]
fn contradicting_decisions_are_a_mistake() {
    let decisions = format!("{HEADER}same,crm,1,crm,2\nsame,crm,2,crm,3\nnot_same,crm,1,crm,3\n");
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", ROWS), ("decisions.csv", &decisions)]);
    refused_before_reading(&workspace, &["decisions.csv:4", "by lines 2, 3"]);
}

#[test]
fn every_row_that_is_no_decision_is_told_without_looking_at_sources() {
    let decisions = format!("{HEADER}maybe,crm,1,crm,2\nsame,crm,2,crm,3\nsame,crm\n");
    let workspace = Workspace::with(&pipeline(), &[("decisions.csv", &decisions)]);
    let output = workspace.command("validate", &["--offline"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for words in ["decisions.csv:2: a decision is", "decisions.csv:4: a decision has five fields"] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
}

#[test]
fn decisions_that_nothing_can_obey_are_told() {
    let decisions = format!("{HEADER}same,crm,1,crm,2\nsame,shop,1,crm,9\n");
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", ROWS), ("decisions.csv", &decisions)]);
    let told = stderr(&workspace.command("validate", &[]));
    assert!(told.contains("decisions.csv: the pipeline has no source `shop` (line 3)"), "{told}");
    let told = stderr(&workspace.command("run", &[]));
    assert!(told.contains("1 decision whose two records are not both there and of one entity type (line 3)"), "{told}");
}

#[test]
fn a_question_about_no_table_names_those_there_are() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", ROWS), ("decisions.csv", HEADER)]);
    workspace.run(&[]);
    let asked = |sql: &str| {
        let output = goldsmith(&["query", "--pipeline", &workspace.pipeline().display().to_string(), sql]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    };
    let told = asked("SELECT * FROM golden");
    assert!(told.contains("no table `golden`") && told.contains("golden_profiles"), "{told}");
    assert!(asked("SELECT * FROM generate_series(1, 3) AS g, nope").contains("no table `nope`"));
    let told = stderr(&goldsmith(&["query", "SELECT * FROM golden_profiles"]));
    assert!(told.contains("no table `golden_profiles`") && told.contains("--pipeline"), "{told}");
}

#[test]
fn the_rows_of_a_query_option_are_meant_where_no_table_is_named() {
    let workspace = Workspace::with(
        "version: 1
name: own
sources:
  shop:
    connector: sqlite
    path: shop.db
    query: SELECT id, name FROM people WHERE id > 1
    records:
      - entity: person
        key: id
        fields:
          full_name: name
publish:
  to: out
",
        &[],
    );
    let database = rusqlite::Connection::open(workspace.path("shop.db")).expect("a database");
    database
        .execute_batch("CREATE TABLE addresses (id, name); CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO people VALUES (1, 'Ann Lee'), (2, 'Bob Ray'), (3, 'Cy Poe')")
        .expect("rows");
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM source_records"), ["2"]);
}

#[test]
fn the_first_table_is_meant_where_none_is_named_and_not_the_first_by_name() {
    let workspace = Workspace::with(
        "version: 1
name: own
sources:
  crm:
    connector: singer
    program: sh
    args: [tap.sh]
    records:
      - entity: person
        key: id
        fields:
          full_name: name
        children:
          addresses:
            from: addresses
            on:
              customer: id
            fields:
              street: name
publish:
  to: out
",
        &[
            ("tap.sh", "if [ \"$3\" = --discover ]; then cat catalog; else cat messages; fi\n"),
            (
                "catalog",
                r#"{"streams": [
                    {"stream": "people", "tap_stream_id": "people", "schema": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}}},
                    {"stream": "addresses", "tap_stream_id": "addresses", "schema": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}, "customer": {"type": "string"}}}}]}"#,
            ),
            (
                "messages",
                r#"{"type": "SCHEMA", "stream": "people", "schema": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}}, "key_properties": ["id"]}
{"type": "SCHEMA", "stream": "addresses", "schema": {"properties": {"id": {"type": "string"}, "name": {"type": "string"}, "customer": {"type": "string"}}}, "key_properties": ["id"]}
{"type": "RECORD", "stream": "people", "record": {"id": "1", "name": "Ann Lee"}}
{"type": "RECORD", "stream": "people", "record": {"id": "2", "name": "Bob Ray"}}
{"type": "RECORD", "stream": "addresses", "record": {"id": "a1", "name": "High Street", "customer": "1"}}
"#,
            ),
        ],
    );
    workspace.run(&[]);
    let names = workspace.query("SELECT source_key, full_name FROM source_records ORDER BY source_key");
    assert_eq!(names, ["1,Ann Lee", "2,Bob Ray"]);
}
