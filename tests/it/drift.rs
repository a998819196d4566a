//! Columns that come and go between two runs, and what the contract makes of them.

use crate::support::{Workspace, crm_pipeline, stderr};

fn pipeline(contract: &str) -> String {
    let contract = format!("contract: {{ {contract} }}");
    crm_pipeline(&[&contract], &["full_name: name", "emails: email"], "")
}

const WHOLE: &str = "id,name,email\n1,Ann Lee,ann@example.com\n2,Bob Ray,bob@example.com\n";
const WITHOUT: &str = "id,name\n1,Ann Lee\n2,Bob Ray\n";
const WITHOUT_AND_ONE_MORE: &str = "id,name\n1,Ann Lee\n2,Bob Ray\n3,Cy Poe\n";

/// Runs over the whole file, then over one without `email`.
fn without_email(policy: &str) -> (Workspace, std::process::Output) {
    let workspace = Workspace::with(&pipeline(&format!("missing_column: {policy}")), &[("crm.csv", WHOLE)]);
    workspace.run(&[]);
    std::fs::write(workspace.path("crm.csv"), WITHOUT).expect("written");
    let output = workspace.command("run", &[]);
    (workspace, output)
}

#[test]
fn a_mapped_column_that_is_gone_is_null_and_said_until_it_is_back() {
    for policy in ["evolve", "warn"] {
        let (workspace, output) = without_email(policy);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{policy}: {said}");
        assert!(said.contains("`crm`") && said.contains("`email` is gone"), "{policy}: {said}");
        assert_eq!(workspace.query("SELECT count(*), count(email) FROM golden_profiles"), ["2,0"]);
        assert_eq!(workspace.command("validate", &[]).status.code(), Some(0));
        // The next run knows the column still.
        std::fs::write(workspace.path("crm.csv"), WITHOUT_AND_ONE_MORE).expect("written");
        assert!(stderr(&workspace.run(&[])).contains("`email` is gone"));
        std::fs::write(workspace.path("crm.csv"), WHOLE).expect("written");
        assert!(!stderr(&workspace.run(&[])).contains("is gone"));
        assert_eq!(workspace.query("SELECT count(email) FROM golden_profiles"), ["2"]);
    }
}

#[test]
fn a_table_that_lost_a_mapped_column_goes_to_quarantine_as_long_as_it_is_gone() {
    let (workspace, output) = without_email("quarantine");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = "SELECT row_no, rule, CAST(raw AS VARCHAR) LIKE '%Bob Ray%' FROM quarantine ORDER BY 1";
    assert_eq!(workspace.query(rows), ["1,column_drift,false", "2,column_drift,true"]);
    assert_eq!(workspace.query("SELECT count(*) FROM golden_profiles"), ["0"]);
    std::fs::write(workspace.path("crm.csv"), WITHOUT_AND_ONE_MORE).expect("written");
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM quarantine"), ["3"]);
    std::fs::write(workspace.path("crm.csv"), WHOLE).expect("written");
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM golden_profiles"), ["2"]);
}

#[test]
fn a_table_with_a_new_column_stays_out_until_it_is_as_it_was_accepted() {
    let pipeline = pipeline("new_column: quarantine");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", WHOLE)]);
    workspace.run(&[]);
    for rows in 2..4_usize {
        let text: String = (1..=rows).map(|row| format!("{row},Ann Lee,ann@example.com,x\n")).collect();
        std::fs::write(workspace.path("crm.csv"), format!("id,name,email,more\n{text}")).expect("written");
        workspace.run(&[]);
        assert_eq!(workspace.query("SELECT count(*) FROM quarantine"), [rows.to_string()]);
    }
    std::fs::write(workspace.path("crm.csv"), WHOLE).expect("written");
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM golden_profiles"), ["2"]);
}

#[test]
fn a_mapped_column_that_is_gone_stops_the_run_where_the_contract_says_so() {
    let (workspace, output) = without_email("fail");
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("`email` is gone"), "{}", stderr(&output));
    assert_eq!(workspace.versions(), ["1"]);
}

#[test]
fn a_source_most_of_whose_rows_fail_has_shrunk() {
    let workspace = Workspace::with(
        &pipeline("missing_column: fail").replace("emails: email", "emails: arrow_cast(10 / CAST(nr AS INT), 'Utf8')"),
        &[("crm.csv", "id,name,nr\n1,Ann Lee,1\n2,Bob Ray,1\n")],
    );
    workspace.run(&[]);
    std::fs::write(workspace.path("crm.csv"), "id,name,nr\n1,Ann Lee,1\n2,Bob Ray,0\n").expect("written");
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    for words in ["crm.csv, row 2", "division by zero", "contract: volume:"] {
        assert!(stderr(&output).contains(words), "{words} is not in: {}", stderr(&output));
    }
}

#[test]
fn json_without_a_record_is_an_empty_source() {
    let pipeline = pipeline("missing_column: fail").replace("csv", "json").replace("crm.json", "crm.ndjson");
    let workspace = Workspace::with(&pipeline, &[("crm.ndjson", "")]);
    assert_eq!(workspace.command("validate", &[]).status.code(), Some(0));
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM golden_profiles"), ["0"]);
    let row = "{\"id\":1,\"name\":\"Ann Lee\",\"email\":\"ann@example.com\"}\n";
    std::fs::write(workspace.path("crm.ndjson"), row).expect("written");
    workspace.run(&[]);
    assert_eq!(workspace.query("SELECT count(*) FROM golden_profiles"), ["1"]);
    // From a record to none: the source shrank, which is no mistake of the pipeline.
    std::fs::write(workspace.path("crm.ndjson"), "").expect("written");
    let output = workspace.command("run", &[]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(stderr(&output).contains("contract: volume:"), "{}", stderr(&output));
}
