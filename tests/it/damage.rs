//! Damaged, missing and shrunken input: an error that names the file, the right exit code, and no new version; or a
//! quarantined row, and the run goes on.

use std::io::{Read, Write};

use crate::support::{Workspace, crm_pipeline, stderr};

/// Runs over a good version, then damages a file and runs again.
fn refused(damage: impl FnOnce(&Workspace), code: i32, names: &[&str]) {
    let workspace = Workspace::new();
    workspace.run(&[]);
    damage(&workspace);
    let output = workspace.command("run", &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for name in names {
        assert!(said.contains(name), "{name} is not in: {said}");
    }
    assert_eq!(workspace.versions(), ["1"], "nothing may be published");
    assert!(!workspace.path("out/.landing").exists(), "raw data was left behind");
}

fn cut(path: std::path::PathBuf, keep: impl FnOnce(u64) -> u64) {
    let file = std::fs::File::options().write(true).open(&path).expect("the file");
    let length = file.metadata().expect("metadata").len();
    file.set_len(keep(length)).expect("cut");
}

#[test]
fn a_cut_gzip_file_is_refused() {
    refused(
        |workspace| cut(workspace.path("data/crm/customers.csv.gz"), |length| length - 1),
        3,
        &["`crm`", "customers.csv.gz"],
    );
}

#[test]
fn a_cut_parquet_file_is_refused() {
    refused(
        |workspace| cut(workspace.path("data/billing/accounts.parquet"), |length| length - 1),
        3,
        &["`billing`", "accounts.parquet"],
    );
}

#[test]
fn a_cut_workbook_is_refused() {
    refused(
        |workspace| cut(workspace.path("data/loyalty/members.xlsx"), |length| length - 1),
        3,
        &["`loyalty`", "members.xlsx"],
    );
}

#[test]
fn half_a_database_is_refused() {
    refused(|workspace| cut(workspace.path("data/shop.db"), |length| length / 2), 3, &["`shop`", "shop.db"]);
}

#[test]
fn a_missing_file_is_worth_another_try() {
    refused(
        |workspace| std::fs::remove_file(workspace.path("data/billing/accounts.parquet")).expect("removed"),
        4,
        &["`billing`", "accounts.parquet"],
    );
}

#[test]
fn a_source_at_half_its_volume_stops_at_its_contract() {
    refused(
        |workspace| {
            let path = workspace.path("data/support/contacts.ndjson");
            let text = std::fs::read_to_string(&path).expect("the file");
            let lines: Vec<&str> = text.lines().collect();
            std::fs::write(&path, lines[..lines.len() / 2].join("\n") + "\n").expect("written");
        },
        3,
        &["`support`", "last published version", "contract: volume:"],
    );
}

#[test]
fn a_column_that_is_gone_stops_at_the_contract() {
    refused(
        |workspace| {
            let database = rusqlite::Connection::open(workspace.path("data/shop.db")).expect("the database");
            database.execute_batch("ALTER TABLE customers DROP COLUMN created_at").expect("dropped");
        },
        3,
        &["`shop`", "`created_at` is gone", "missing_column"],
    );
}

#[test]
fn a_torn_last_row_is_quarantined_and_the_rest_is_kept() {
    let workspace = Workspace::new();
    workspace.run(&[]);
    let before = workspace.query("SELECT count(*) FROM quarantine");
    let path = workspace.path("data/support/contacts.ndjson");
    let text = std::fs::read_to_string(&path).expect("the file");
    std::fs::write(&path, text.trim_end().to_owned() + "\n{\"id\":\"con_torn\",\"contact\":{\"na").expect("written");
    let gzip = workspace.path("data/crm/customers.csv.gz");
    let mut rows = Vec::new();
    flate2::read::MultiGzDecoder::new(std::fs::File::open(&gzip).expect("the file"))
        .read_to_end(&mut rows)
        .expect("gzip");
    rows.extend_from_slice(b"C99999999;Torn, R");
    let mut encoder =
        flate2::write::GzEncoder::new(std::fs::File::create(&gzip).expect("the file"), flate2::Compression::fast());
    encoder.write_all(&rows).expect("written");
    encoder.finish().expect("written");
    let said = stderr(&workspace.run(&[]));
    assert!(said.contains("ends in the middle of a row"), "{said}");
    let torn = workspace.query(
        "SELECT source FROM quarantine WHERE rule = 'torn_row' AND raw IS NOT NULL AND row_no > 0 ORDER BY source",
    );
    assert_eq!(torn, ["crm", "support"]);
    let count = |lines: &[String]| lines.first().and_then(|count| count.parse::<u64>().ok()).expect("a count");
    assert_eq!(count(&workspace.query("SELECT count(*) FROM quarantine")), count(&before) + 2);
}

#[test]
fn policies_let_a_run_go_on_without_a_source() {
    let workspace = Workspace::new();
    workspace.edit("    connector: excel\n", "    connector: excel\n    on_failure: last_good\n");
    workspace.run(&[]);
    let before =
        workspace.query("SELECT source_key, golden_id FROM cross_reference WHERE source = 'loyalty' ORDER BY 1");
    cut(workspace.path("data/loyalty/members.xlsx"), |length| length - 1);
    let output = workspace.command("run", &["--degraded-exit"]);
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    assert_eq!(
        workspace.query("SELECT source_key, golden_id FROM cross_reference WHERE source = 'loyalty' ORDER BY 1"),
        before
    );
    assert_eq!(workspace.query("SELECT state FROM run_manifest WHERE source = 'loyalty'"), ["last_good"]);
    let again = workspace.command("run", &["--degraded-exit"]);
    assert!(stderr(&again).contains("nothing has changed"), "{}", stderr(&again));
    assert_eq!(again.status.code(), Some(5), "as long as it is so: {}", stderr(&again));

    workspace.edit("on_failure: last_good", "on_failure: skip");
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("warning: source `loyalty` left out"), "{}", stderr(&output));
    assert_eq!(workspace.query("SELECT count(*) FROM cross_reference WHERE source = 'loyalty'"), ["0"]);
}

#[test]
fn a_broken_quality_gate_publishes_nothing() {
    let workspace = Workspace::new();
    workspace.edit("email_valid >= 90%", "email_valid >= 100%");
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("email_valid >= 100%"), "{}", stderr(&output));
    assert!(workspace.versions().is_empty());
}

#[test]
fn a_source_none_of_whose_rows_can_be_read_stops_the_first_run() {
    let workspace = Workspace::with(
        &crm_pipeline(&[], &["full_name: name"], ""),
        &[("crm.csv", "id,name,email\n1,torn\n2,torn\n")],
    );
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("none of its 2 rows can be read; the first: "), "{}", stderr(&output));
    assert!(workspace.versions().is_empty());
}

#[test]
fn a_key_with_a_part_of_white_space_is_none() {
    let pipeline = crm_pipeline(&[], &["full_name: name"], "");
    let pipeline = pipeline.replace("        key: id\n", "        key: [id, part]\n");
    let rows = "id,part,name\n\" 1\t\",a,Ann Lee\n\"\t\",a,Bob Ray\n2,\u{a0},Cy Poe\n";
    let workspace = Workspace::with(&pipeline, &[("crm.csv", rows)]);
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT source_key FROM cross_reference"), ["1|a"]);
    assert_eq!(workspace.query("SELECT row_no FROM quarantine ORDER BY 1"), ["2", "3"]);
}

#[test]
fn what_is_given_and_hardly_read_is_told() {
    let pipeline =
        crm_pipeline(&["defaults: { date_format: \"%Y-%m-%d\" }"], &["full_name: name", "birth_date: born"], "");
    let pipeline = pipeline.replace("        key: id\n", "        key: id\n        updated_at: seen\n");
    let rows = |written: &str, before: &str| {
        (10..50).fold("id,name,born,seen\n".to_owned(), |rows, id| {
            let row = written.replace("YYYY", &(1950 + id).to_string());
            rows + &format!("{id},Ann Lee{id},{row},{before}{row}\n")
        })
    };
    let workspace = Workspace::with(&pipeline, &[("crm.csv", &rows("13.02.YYYY", "about "))]);
    let said = stderr(&workspace.run(&["--quiet"]));
    assert!(said.contains("source `crm`: 40 of 40 values of birth_date (person) are not valid"), "{said}");
    assert!(said.contains("source `crm`: of no person record can `updated_at` be read"), "{said}");
    std::fs::write(workspace.path("crm.csv"), rows("YYYY-02-13", "")).expect("written");
    let said = stderr(&workspace.run(&["--quiet"]));
    assert!(!said.contains("not valid") && !said.contains("updated_at"), "{said}");
}

#[test]
fn addresses_are_only_missed_where_streets_are_mapped() {
    let rows =
        (10..50).fold("id,name,city,street\n".to_owned(), |rows, id| rows + &format!("{id},Ann Lee{id},Bonn,\n"));
    let of =
        |parts: &str| crm_pipeline(&[], &["full_name: name", &format!("addresses: {{ locality: city{parts} }}")], "");
    let workspace = Workspace::with(&of(""), &[("crm.csv", &rows)]);
    let said = stderr(&workspace.run(&["--quiet"]));
    assert!(!said.contains("addresses"), "{said}");
    let workspace = Workspace::with(&of(", line1: street"), &[("crm.csv", &rows)]);
    let said = stderr(&workspace.run(&["--quiet"]));
    assert!(said.contains("40 of 40 values of addresses (person) are not valid"), "{said}");
}

#[test]
fn what_tells_little_is_told() {
    let pipeline = crm_pipeline(&[], &["full_name: name", "emails: email", "birth_date: born"], "");
    let said = |rows: &str| {
        let workspace = Workspace::with(&pipeline, &[("crm.csv", &format!("id,name,email,born\n{rows}"))]);
        stderr(&workspace.run(&["--quiet"]))
    };
    let none = said("");
    assert!(none.contains("there is no person record"), "{none}");
    let one = said("1,Ann Lee,ann@example.org,1980-01-02\n");
    assert!(one.contains("there is one person record"), "{one}");
    let alike = said(&(0..600).map(|id| format!("{id},Ann Lee,ann@example.org,1980-01-02\n")).collect::<String>());
    assert!(alike.contains("all 600 person records became one golden profile"), "{alike}");
    let named = said(&(0..600).map(|id| format!("{id},Ann Lee,,\n")).collect::<String>());
    assert!(named.contains("no person record has a value of birth_date, emails"), "{named}");
    assert!(
        named.contains("all golden profiles of person records that have full_name, given_name, family_name have one"),
        "{named}"
    );
    let few: String = (10..90)
        .map(|id| format!("{id},Ann{id} Lee{id},{},19{id}-01-02\n", if id < 40 { "shop@example.org" } else { "" }))
        .collect();
    let few = said(&few);
    assert!(!few.contains("one and the same"), "{few}");
    let usual = said("1,Ann Lee,ann@example.org,1980-01-02\n2,Bo Ray,bo@example.org,1981-03-04\n");
    assert!(!usual.contains("person record"), "{usual}");
}

#[test]
fn a_source_that_lost_many_rows_is_told_even_where_nothing_else_is() {
    let rows = (0..40).fold("id,name\n".to_owned(), |rows, id| {
        rows + &if id % 5 == 0 { ",Ann Lee\n".to_owned() } else { format!("{id},Ann Lee\n") }
    });
    let workspace = Workspace::with(&crm_pipeline(&[], &["full_name: name"], ""), &[("crm.csv", &rows)]);
    let said = stderr(&workspace.run(&["--quiet"]));
    assert!(said.contains("source `crm`: 8 rows of 40 in quarantine; `contract: max_quarantined:`"), "{said}");
}

#[test]
fn keys_that_are_not_unique_are_told_where_nothing_says_which_row_is_newer() {
    let rows = "id,name,seen\n1,Ann Lee,2020-01-01\n1,Petra Ray,2021-01-01\n2,Cy Poe,2020-01-01\n";
    let pipeline = crm_pipeline(&[], &["full_name: name"], "");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", rows)]);
    let said = stderr(&workspace.run(&["--quiet"]));
    assert!(said.contains("source `crm`: 1 row left out, because an earlier one has the same key"), "{said}");
    assert_eq!(workspace.query("SELECT full_name FROM golden_profiles ORDER BY 1"), ["Ann Lee", "Cy Poe"]);
    let pipeline = pipeline.replace("        key: id\n", "        key: id\n        updated_at: seen\n");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", rows)]);
    let said = stderr(&workspace.run(&["--quiet"]));
    assert!(!said.contains("left out"), "{said}");
    let no_key = rows.replace("\n2,", "\n1,") + "1,Dee Fox,2022-01-01\n";
    let no_key = Workspace::with(&pipeline, &[("crm.csv", &no_key)]);
    let said = stderr(&no_key.run(&["--quiet"]));
    assert!(said.contains("source `crm`: 3 of 4 rows left out, because a newer one has the same key"), "{said}");
    assert_eq!(workspace.query("SELECT full_name FROM golden_profiles ORDER BY 1"), ["Cy Poe", "Petra Ray"]);
}
