//! What is read back of a store: only what the manifests name, byte for byte.

use crate::support::{Workspace, stderr, stdout};

const PIPELINE: &str = "version: 1
name: own
description: Every customer once.
sources:
  crm:
    connector: csv
    path: crm.csv
    keep: [note, __row]
    records:
      - entity: person
        key: id
        fields:
          full_name: name
          emails: email
          mood: __file
attributes:
  mood:
    type: string
    sensitive: true
quality:
  - check: rows >= 1
    description: Without customers there is nothing to sell.
publish:
  to: out
";
const ROWS: &str = "id,name,email,note,__row,__file
1,Ann Lee,ann@example.com,likes tea,r1,canary-4711
2,Bob Ray,bob@example.com,,r2,sad
";

fn published() -> Workspace {
    let workspace = Workspace::with(PIPELINE, &[("crm.csv", ROWS)]);
    workspace.run(&[]);
    workspace
}

/// Changes a byte in the middle of a published table.
fn damage(workspace: &Workspace, table: &str) {
    let path = workspace.path(&format!("out/versions/1/{table}/part-00000.parquet"));
    let mut bytes = std::fs::read(&path).expect("the table");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::write(&path, bytes).expect("written");
}

#[test]
fn a_damaged_table_is_not_used() {
    let workspace = published();
    let id = workspace.query("SELECT golden_id FROM golden_profiles LIMIT 1").join("");
    damage(&workspace, "cross_reference");
    let pipeline = workspace.pipeline().display().to_string();
    let question = ["query", "--pipeline", &pipeline, "SELECT count(*) FROM cross_reference"];
    for output in [
        workspace.command("path", &["cross_reference"]),
        workspace.command("explain", &[&id]),
        workspace.command("run", &["--force"]),
        crate::support::goldsmith(&question),
    ] {
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        for words in ["cross_reference", "checksum", "restore it", "00000001.json"] {
            assert!(said.contains(words), "{words} is not in: {said}");
        }
    }
    // The other tables can be asked still.
    assert_eq!(workspace.query("SELECT count(*) FROM golden_profiles"), ["2"]);
    assert_eq!(workspace.versions(), ["1"]);
}

#[test]
fn a_damaged_model_and_a_missing_table_are_not_passed_over() {
    let workspace = published();
    let doctor = workspace.command("doctor", &[]);
    assert!(stdout(&doctor).contains("the published person model can be read"), "{}", stdout(&doctor));
    std::fs::write(workspace.path("out/versions/1/models/person.json"), "{}").expect("written");
    let output = workspace.command("run", &["--force"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("person.json") && said.contains("--retrain"), "{said}");
    let doctor = workspace.command("doctor", &[]);
    assert!(!doctor.status.success() && stdout(&doctor).contains("person.json"), "{}", stdout(&doctor));
    let plan = workspace.command("plan", &[]);
    assert!(stdout(&plan).contains("a run would fail: ") && stdout(&plan).contains("person.json"), "{}", stdout(&plan));
    std::fs::remove_file(workspace.path("out/versions/1/consents/part-00000.parquet")).expect("removed");
    let output = workspace.command("path", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("consents") && stderr(&output).contains("is gone"), "{}", stderr(&output));
}

#[test]
fn the_damaged_records_of_the_last_version_stand_in_for_nothing() {
    let pipeline = PIPELINE.replace("    path: crm.csv\n", "    path: crm.csv\n    on_failure: last_good\n");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", ROWS)]);
    workspace.run(&[]);
    damage(&workspace, "source_records");
    std::fs::remove_file(workspace.path("crm.csv")).expect("removed");
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("source_records"), "{}", stderr(&output));
}

#[test]
fn a_copied_manifest_is_no_version() {
    let workspace = published();
    let manifests = workspace.path("out/manifests");
    std::fs::copy(manifests.join("00000001.json"), manifests.join("00000002.json")).expect("copied");
    let output = workspace.command("path", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    for words in ["00000002.json", "version 1"] {
        assert!(stderr(&output).contains(words), "{words} is not in: {}", stderr(&output));
    }
    std::fs::rename(manifests.join("00000002.json"), manifests.join("copy of 2.json")).expect("renamed");
    assert_eq!(workspace.command("path", &[]).status.code(), Some(0));
}

#[test]
fn columns_may_have_any_name_and_kept_ones_are_published() {
    let workspace = published();
    assert_eq!(workspace.query("SELECT mood FROM golden_profiles ORDER BY 1"), ["canary-4711", "sad"]);
    let kept =
        "SELECT source_key, kept LIKE '%likes tea%', kept LIKE '%\"__row\":\"r_\"%' FROM source_records ORDER BY 1";
    assert_eq!(workspace.query(kept), ["1,true,true", "2,false,true"]);
    assert_eq!(workspace.query("SELECT file, row_no FROM record_ledger ORDER BY 2"), ["crm.csv,1", "crm.csv,2"]);
}

#[test]
fn sensitive_values_are_hidden_and_descriptions_are_shown() {
    let workspace = published();
    let id = workspace.query("SELECT golden_id FROM golden_profiles WHERE mood = 'canary-4711'").join("");
    for arguments in [vec![id.as_str()], vec![id.as_str(), "--json"]] {
        let output = workspace.command("explain", &arguments);
        let said = crate::support::stdout(&output);
        assert!(said.contains("mood") && said.contains("(hidden)") && said.contains("Ann"), "{said}");
        assert!(!said.contains("canary-4711"), "{said}");
    }
    let report = std::fs::read_to_string(workspace.path("out/latest/report.html")).expect("the report");
    for words in ["Every customer once.", "Without customers there is nothing to sell."] {
        assert!(report.contains(words), "{words} is not in the report");
    }
}

#[test]
fn every_row_of_the_ledger_has_its_place_and_the_counts_agree() {
    let pipeline = "version: 1
name: own
sources:
  shop:
    connector: sqlite
    path: shop.db
    records:
      - entity: person
        name: all
        from: customers
        key: id
        fields:
          full_name: name
        children:
          identifiers:
            from: cards
            on: customer
            fields:
              value: CAST(number / share AS VARCHAR)
              type: note
      - entity: person
        name: some
        from: SELECT id, name, 10 AS ten, id % 3 AS rest FROM customers WHERE id > 1
        key: id
        fields:
          full_name: name
          emails: arrow_cast(ten / rest, 'Utf8')
publish:
  to: out
";
    let workspace = Workspace::with(pipeline, &[]);
    let database = rusqlite::Connection::open(workspace.path("shop.db")).expect("the database");
    database
        .execute_batch(
            "CREATE TABLE customers (id INTEGER, name TEXT); CREATE TABLE cards (customer INTEGER, number INTEGER, share INTEGER, note TEXT);
             INSERT INTO customers VALUES (1, 'Ann Lee'), (2, 'Bob Ray'), (3, 'Cy Poe'), (NULL, 'Di Fox');
             INSERT INTO cards VALUES (1, 771000, 0, 'a'), (2, 773000, 1, 'b'), (9, 774000, 1, 'c'), (2, 775000, 1, CAST(x'ff' AS TEXT));",
        )
        .expect("filled");
    workspace.run(&[]);
    assert_eq!(
        workspace.query("SELECT rows_read, records, quarantined, orphans, quarantined_beside FROM run_manifest"),
        ["6,4,2,1,2"]
    );
    let fates = "SELECT CASE WHEN golden_id IS NULL THEN state ELSE 'record' END, file, row_no FROM record_ledger ORDER BY 1, 2, 3";
    assert_eq!(
        workspace.query(fates),
        [
            "quarantined,customers,4",
            "quarantined,,",
            "record,customers,1",
            "record,customers,2",
            "record,customers,3",
            "record,,"
        ]
    );
    assert_eq!(
        workspace.query("SELECT rule, count(*) FROM quarantine GROUP BY 1 ORDER BY 1"),
        ["expression,2", "invalid_encoding,1", "missing_key,1"]
    );
    // A row of a query has no place, so what was read of it is kept.
    let raw = "SELECT count(*) FROM quarantine WHERE row_no = 0 AND TRY_CAST(raw AS VARCHAR) LIKE '%Cy Poe%'";
    assert_eq!(workspace.query(raw), ["1"]);
}

#[test]
fn a_store_that_was_copied_without_its_hidden_files_is_one() {
    let workspace = published();
    std::fs::remove_file(workspace.path("out/.lock")).expect("removed");
    let output = workspace.command("doctor", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    workspace.run(&["--force"]);
}

#[test]
fn the_ledger_is_in_the_order_of_sources_and_keys() {
    let records = |file: &str| {
        format!(
            "    connector: csv
    path: {file}
    records:
      - entity: person
        key: id
        where: kind = 'p'
        fields:
          full_name: name
      - entity: organisation
        key: id
        where: kind = 'o'
        fields:
          organisation_name: name
"
        )
    };
    let pipeline = format!(
        "version: 1\nname: own\nsources:\n  zeta:\n{}  alpha:\n{}publish:\n  to: out\n",
        records("z-*.csv"),
        records("a.csv")
    );
    let workspace = Workspace::with(
        &pipeline,
        &[
            (
                "a.csv",
                "kind,id,name\no,2,Acme Ltd\np,1,Ann Lee\np,2,Bob Ray\np,1,Ann Lee\np,,Cy Poe\nx,9,Di Fox\np,1,Ann Leigh\n",
            ),
            ("z-1.csv", "kind,id,name\np,5,Ed Roe\no,4,Beta Inc\n"),
            ("z-2.csv", "kind,id,name\np,5,Ed Roe\n"),
        ],
    );
    workspace.run(&[]);
    assert_eq!(
        workspace.query("SELECT source, source_key, entity_type, file, row_no, state FROM record_ledger"),
        [
            "alpha,,person,a.csv,5,quarantined",
            "alpha,1,person,a.csv,2,singleton",
            "alpha,1,person,a.csv,4,duplicate_row",
            "alpha,1,person,a.csv,7,superseded",
            "alpha,2,organisation,a.csv,1,singleton",
            "alpha,2,person,a.csv,3,singleton",
            "alpha,9,organisation,a.csv,6,filtered",
            "zeta,4,organisation,z-1.csv,2,singleton",
            "zeta,5,person,z-1.csv,1,singleton",
            "zeta,5,person,z-2.csv,1,duplicate_row",
        ]
    );
}
