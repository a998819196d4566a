//! Incremental sources: what was published is what a run that reads everything would publish, and a run that fails
//! changes nothing.

use std::process::{Command, Stdio};
use std::time::Duration;

use rusqlite::Connection;

use crate::support::{Workspace, stderr};

const PIPELINE: &str = "version: 1
name: own
sources:
  shop:
    connector: sqlite
    path: shop.db
    incremental:
      cursor: modified_at
      key: id
      lag: 1h
      deleted: is_deleted
    contract:
      volume:
        min: 1%
        max: 1000%
    records:
      - entity: person
        from: customers
        key: id
        updated_at: modified_at
        fields:
          full_name: name
          emails: email
publish:
  to: out
";

/// A pipeline over a database of three customers.
fn shop() -> Workspace {
    let workspace = Workspace::with(PIPELINE, &[]);
    change(
        &workspace,
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, modified_at TEXT, is_deleted INTEGER);
         INSERT INTO customers VALUES (1, 'Ann Lee', 'ann@example.com', '2026-01-01 08:00:00', 0),
         (2, 'Bob Ray', 'bob@example.com', '2026-01-02 08:00:00', 0),
         (3, 'Cyd Fox', 'cyd@example.com', '2026-01-02 08:00:00', NULL);",
    );
    workspace
}

fn change(workspace: &Workspace, sql: &str) {
    Connection::open(workspace.path("shop.db")).and_then(|shop| shop.execute_batch(sql)).expect("the database changes");
}

/// Key and e-mail of every record of the newest version.
fn records(workspace: &Workspace) -> Vec<String> {
    workspace.query("SELECT c.source_key || ' ' || g.email FROM cross_reference c JOIN golden_profiles g ON g.golden_id = c.golden_id ORDER BY 1")
}

/// What the manifest of the newest version says of the table's state: rows read, new, changed, carried and gone.
fn counts(workspace: &Workspace) -> [i64; 5] {
    let state = state(workspace);
    ["read", "added", "changed", "carried", "gone"].map(|count| state[count].as_i64().expect("a count"))
}

fn state(workspace: &Workspace) -> serde_json::Value {
    // The newest manifest: a run that was killed may have left `latest` behind.
    let mut manifests: Vec<_> = std::fs::read_dir(workspace.path("out/manifests"))
        .expect("manifests")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    manifests.sort();
    let text = std::fs::read_to_string(manifests.last().expect("a manifest")).expect("the manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    manifest["sources"][0]["tables"][0]["state"].clone()
}

#[test]
fn changes_are_read_and_the_rest_is_carried_over() {
    let workspace = shop();
    workspace.run(&[]);
    assert_eq!(counts(&workspace), [3, 3, 0, 0, 0]);
    assert_eq!(state(&workspace)["mark"], "2026-01-02 08:00:00");
    let again = workspace.run(&[]);
    assert!(stderr(&again).contains("nothing has changed since version 1"), "{}", stderr(&again));

    // One of the same second as the last, one that was stamped within the lag and committed late, one that was too late.
    change(
        &workspace,
        "INSERT INTO customers VALUES (4, 'Dee Orr', 'dee@example.com', '2026-01-02 08:00:00', 0),
         (5, 'Eve Ash', 'eve@example.com', '2026-01-02 07:30:00', 0),
         (6, 'Fay Elm', 'fay@example.com', '2026-01-02 06:59:59', 0);
         UPDATE customers SET email = 'bob@example.org', modified_at = '2026-01-03 09:00:00' WHERE id = 2;",
    );
    let said = workspace.run(&[]);
    assert!(
        stderr(&said).contains("customers: 4 rows read now (2 new, 1 changed), 2 carried over, 0 gone"),
        "{}",
        stderr(&said)
    );
    let expected =
        ["1 ann@example.com", "2 bob@example.org", "3 cyd@example.com", "4 dee@example.com", "5 eve@example.com"];
    assert_eq!(records(&workspace), expected);
    assert_eq!(workspace.query("SELECT rows_read FROM run_manifest"), ["5"], "what the run computes on");
    assert_eq!(
        workspace.query("SELECT count(*), count(DISTINCT row_no) FROM record_ledger"),
        ["5,5"],
        "every row has a place of its own"
    );

    let again = workspace.run(&[]);
    assert!(stderr(&again).contains("nothing has changed since version 2"), "{}", stderr(&again));

    // A tombstone, and a row that vanishes without a word until somebody looks.
    change(
        &workspace,
        "UPDATE customers SET is_deleted = 1, modified_at = '2026-01-03 10:00:00' WHERE id = 4;
         DELETE FROM customers WHERE id = 1;",
    );
    workspace.run(&[]);
    assert_eq!(records(&workspace).len(), 4, "1 is not missed yet");
    workspace.edit("deleted: is_deleted", "deleted: is_deleted\n      deletes: keys");
    workspace.run(&[]);
    assert_eq!(records(&workspace), ["2 bob@example.org", "3 cyd@example.com", "5 eve@example.com"]);

    // What a run that reads everything makes of it.
    let whole = shop();
    std::fs::copy(workspace.path("shop.db"), whole.path("shop.db")).expect("a copy");
    change(&whole, "DELETE FROM customers WHERE id = 6");
    whole.run(&[]);
    assert_eq!(records(&whole), records(&workspace));

    workspace.run(&["--refresh", "shop"]);
    assert_eq!(records(&workspace).len(), 4, "a refresh finds what was too late");
    assert_eq!(state(&workspace)["whole"], "a refresh was asked for");
}

#[test]
fn a_backfill_reads_an_interval_and_leaves_the_mark() {
    let workspace = shop();
    workspace.run(&[]);
    // Mended without a new time, and something new, which a backfill does not read.
    change(
        &workspace,
        "UPDATE customers SET email = 'ann@example.org' WHERE id = 1;
         INSERT INTO customers VALUES (4, 'Dee Orr', 'dee@example.com', '2026-01-05 08:00:00', 0);",
    );
    workspace.run(&["--backfill", "shop", "--from", "2026-01-01", "--until", "2026-01-02"]);
    assert_eq!(records(&workspace), ["1 ann@example.org", "2 bob@example.com", "3 cyd@example.com"]);
    assert_eq!(state(&workspace)["mark"], "2026-01-02 08:00:00");
    workspace.run(&[]);
    assert_eq!(records(&workspace).len(), 4);

    for (arguments, expected) in [
        (&["--refresh", "shpo"][..], "--refresh shpo: no source of that name is `incremental`. Did you mean \"shop\"?"),
        (&["--backfill", "shop"], "required arguments were not provided"),
        (
            &["--backfill", "shop", "--from", "2026-01-01", "--refresh", "shop"],
            "a refresh reads everything anew, so there is nothing to backfill",
        ),
    ] {
        let output = workspace.command("run", arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn a_cursor_that_is_no_time_does_not_end_reading() {
    let workspace = shop();
    change(&workspace, "INSERT INTO customers VALUES (9, 'Zed Low', 'zed@example.com', 'unknown', 0)");
    let said = stderr(&workspace.run(&[]));
    assert!(said.contains("customers, row 4 has a \"modified_at\" of another form than most rows"), "{said}");
    assert_eq!(state(&workspace)["mark"], "2026-01-02 08:00:00");
    change(&workspace, "INSERT INTO customers VALUES (4, 'Dee Orr', 'dee@example.com', '2026-01-05 08:00:00', 0)");
    workspace.run(&[]);
    assert_eq!(records(&workspace).len(), 5);
}

#[test]
fn a_table_can_have_a_key_of_its_own_and_no_tombstone() {
    let workspace = shop();
    change(
        &workspace,
        "CREATE TABLE members (number INTEGER PRIMARY KEY, name TEXT, modified_at TEXT);
         INSERT INTO members VALUES (77, 'Gil Ivy', '2026-01-01 08:00:00');",
    );
    workspace.edit(
        "publish:\n",
        "      - entity: person
        name: member
        from: members
        key: number
        fields:
          full_name: name
publish:
",
    );
    workspace.edit(
        "entity: person\n        from: customers",
        "entity: person\n        name: customer\n        from: customers",
    );
    let output = workspace.command("validate", &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let advice = "table `members` has no column `id`; if only others have it, say what holds for this one under `tables: members:`";
    assert!(stderr(&output).contains(advice), "{}", stderr(&output));
    workspace
        .edit("      deleted: is_deleted\n", "      deleted: is_deleted\n      tables: { members: { key: number } }\n");
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM cross_reference"), ["4"]);
    workspace.edit("{ members:", "{ member:");
    let output = workspace.command("validate", &[]);
    assert!(stderr(&output).contains("no table `member` is read. Did you mean \"members\"?"), "{}", stderr(&output));
}

#[test]
fn a_run_that_fails_or_is_killed_leaves_the_state_it_started_from() {
    let workspace = shop();
    workspace.run(&[]);
    change(&workspace, "INSERT INTO customers VALUES (4, 'Dee Orr', 'dee@example.com', '2026-01-05 08:00:00', 0)");
    workspace.edit("publish:\n", "quality:\n  - check: rows >= 100\n    severity: fail\npublish:\n");
    let output = workspace.command("run", &["--as-of", "2026-01-31T00:00:00Z"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(state(&workspace)["mark"], "2026-01-02 08:00:00");
    workspace.edit("rows >= 100", "rows >= 1");

    let pipeline = workspace.pipeline().display().to_string();
    for milliseconds in [5, 20, 40, 80, 160] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_goldsmith"))
            .args(["run", &pipeline, "--as-of", "2026-01-31T00:00:00Z", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        std::thread::sleep(Duration::from_millis(milliseconds));
        let _ = run.kill();
        run.wait().expect("it ended");
        let known = workspace.query("SELECT count(*) FROM cross_reference").join("");
        let mark = state(&workspace)["mark"].clone();
        let whole = (known.as_str(), mark.as_str().unwrap_or_default());
        assert!([("3", "2026-01-02 08:00:00"), ("4", "2026-01-05 08:00:00")].contains(&whole), "{whole:?}");
    }
    workspace.run(&[]);
    assert_eq!(records(&workspace).last().map(String::as_str), Some("4 dee@example.com"));
}

#[test]
fn a_source_that_cannot_be_read_keeps_its_state() {
    let workspace = shop();
    workspace.edit("    records:", "    on_failure: last_good\n    records:");
    workspace.run(&[]);
    std::fs::rename(workspace.path("shop.db"), workspace.path("away.db")).expect("moved");
    workspace.run(&["--force"]);
    assert_eq!(workspace.versions(), ["1", "2"]);
    std::fs::rename(workspace.path("away.db"), workspace.path("shop.db")).expect("moved back");
    std::fs::remove_dir_all(workspace.path("out/versions/1")).expect("an old version goes");
    change(&workspace, "INSERT INTO customers VALUES (4, 'Dee Orr', 'dee@example.com', '2026-01-05 08:00:00', 0)");
    workspace.run(&[]);
    assert_eq!(counts(&workspace), [3, 1, 0, 3, 0], "it goes on from the mark");
}

#[test]
fn a_damaged_state_stops_the_run_and_a_refresh_mends_it() {
    let workspace = shop();
    workspace.run(&[]);
    let path = workspace.path(&format!("out/latest/{}", state(&workspace)["path"].as_str().expect("a path")));
    let mut bytes = std::fs::read(&path).expect("the state");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::write(&path, bytes).expect("written");
    let output = workspace.command("run", &["--force"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("--refresh shop"), "{}", stderr(&output));
    assert_eq!(workspace.versions(), ["1"]);
    workspace.run(&["--force", "--refresh", "shop"]);
    assert_eq!(records(&workspace).len(), 3);
}

#[test]
fn what_does_not_fit_is_a_mistake_of_the_pipeline_file() {
    let workspace = shop();
    let refused = |from: &str, to: &str, expected: &str| {
        workspace.edit(from, to);
        let output = workspace.command("validate", &[]);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(expected), "{expected}\n{}", stderr(&output));
        workspace.edit(to, from);
    };
    refused("cursor: modified_at", "cursor: modfied_at", "pipeline.yaml:8:15");
    refused(
        "cursor: modified_at",
        "cursor: modfied_at",
        "no table that is read has a column `modfied_at`. Did you mean \"modified_at\"?",
    );
    refused("key: id\n      lag", "key: idd\n      lag", "table `customers` has no column `idd`");
    refused("lag: 1h", "lag: 10", "is of type Utf8, so `lag` is a length of time (`lag: 1h`), not a number");
    let csv = Workspace::with(
        &PIPELINE
            .replace("connector: sqlite", "connector: csv")
            .replace("shop.db", "shop.csv")
            .replace("from: customers\n", "\n"),
        &[("shop.csv", "id,name,email,modified_at,is_deleted\n1,Ann Lee,ann@example.com,2026-01-01,0\n")],
    );
    let output = csv.command("validate", &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("connector `csv` always reads everything"), "{}", stderr(&output));
    assert!(stderr(&output).contains("pipeline.yaml:8:7 (sources.shop.incremental)"), "{}", stderr(&output));
    csv.edit("deleted: is_deleted", "deletes: full");
    csv.run(&[]);
    assert_eq!(counts(&csv), [1, 1, 0, 0, 0]);
}
