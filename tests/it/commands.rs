//! The other commands.

use crate::support::{Workspace, crm_pipeline, goldsmith, stderr, stdout};

#[test]
fn every_command_teaches() {
    let help = stdout(&goldsmith(&["--help"]));
    for command in [
        "run",
        "validate",
        "plan",
        "doctor",
        "preview",
        "init",
        "discover",
        "connectors",
        "explain",
        "evaluate",
        "train",
        "query",
        "path",
        "synth",
        "schema",
        "reference",
        "completions",
    ] {
        assert!(help.contains(&format!("  {command} ")), "{command} is not in: {help}");
        let output = goldsmith(&[command, "--help"]);
        assert!(output.status.success());
        assert!(stdout(&output).contains("Example:"), "{command} --help has no example");
    }
}

#[test]
fn explain_shows_the_evidence_of_a_pair_and_the_making_of_a_profile() {
    let workspace = Workspace::new();
    workspace.run(&[]);
    let pair = workspace.query("SELECT a.source || ':' || a.source_key, b.source || ':' || b.source_key, a.golden_id FROM cross_reference a JOIN cross_reference b ON a.golden_id = b.golden_id WHERE a.source = 'crm' AND b.source = 'shop' ORDER BY 1, 2 LIMIT 1");
    let fields: Vec<&str> = pair.first().expect("a pair").split(',').collect();
    let output = workspace.command("explain", &[fields[0], fields[1]]);
    let said = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(said.contains("are one customer") && said.contains("bits") && said.contains("probability"), "{said}");
    let output = workspace.command("explain", &[fields[2]]);
    assert!(stdout(&output).contains(fields[0]) && stdout(&output).contains("* family_name"), "{}", stdout(&output));
    let output = workspace.command("explain", &["crm:nobody", fields[0]]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("crm:nobody"), "{}", stderr(&output));
}

#[test]
fn plan_says_what_a_run_would_do_and_writes_nothing() {
    let workspace = Workspace::new();
    let output = workspace.command("plan", &["--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let plan: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert!(
        plan["rows"].as_u64().expect("rows") >= 1_200 && plan["predicted_pairs"].as_u64().expect("pairs") > 0,
        "{plan}"
    );
    assert!(!workspace.path("out").exists(), "plan wrote something");
    std::fs::remove_file(workspace.path("data/shop.db")).expect("removed");
    let output = workspace.command("plan", &["--json"]);
    let without: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert!(without["rows"].as_u64() < plan["rows"].as_u64(), "{without}");
    assert_eq!(without["not_checked"][0]["source"], "shop");
    let said = stdout(&workspace.command("plan", &[]));
    assert!(said.contains("without the sources whose rows are not known"), "{said}");
}

#[test]
fn path_pins_a_version_and_names_what_it_does_not_have() {
    let workspace = Workspace::new();
    let output = workspace.command("path", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("goldsmith run"), "{}", stderr(&output));
    workspace.run(&[]);
    let path = stdout(&workspace.command("path", &["golden_profiles"]));
    assert!(std::path::Path::new(path.trim()).join("part-00000.parquet").exists(), "{path}");
    let pipeline = workspace.pipeline().display().to_string();
    let output = goldsmith(&["query", "--pipeline", &pipeline, "--version", "99", "SELECT 1"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("there is no version 99; the newest is 1"), "{}", stderr(&output));
    let output = workspace.command("path", &["golden_profile"]);
    assert!(stderr(&output).contains("did you mean `golden_profiles`?"), "{}", stderr(&output));
}

#[test]
fn no_value_of_a_record_is_said() {
    let workspace = Workspace::new();
    let database = rusqlite::Connection::open(workspace.path("data/shop.db")).expect("the database");
    database
        .execute_batch(
            "UPDATE customers SET email = 'canary-4711@example.com', first_name = 'Canaryfirst' WHERE id = 1",
        )
        .expect("changed");
    let output = workspace.run(&[]);
    let said = stderr(&output)
        + &stdout(&output)
        + &std::fs::read_to_string(workspace.path("out/versions/1/report.html")).expect("the report");
    assert!(!said.contains("canary-4711") && !said.contains("Canaryfirst"));
    assert_eq!(
        workspace.query("SELECT count(*) FROM golden_identifiers WHERE value_norm = 'canary-4711@example.com'"),
        ["1"]
    );
}

#[test]
fn one_source_is_not_called_sources() {
    let pipeline = crm_pipeline(&[], &["full_name: name"], "");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", "id,name\n1,Ann Lee\n")]);
    let said = stdout(&workspace.command("validate", &[]));
    assert!(said.contains("valid; 1 source, entities: person"), "{said}");
    let said = stderr(&workspace.run(&[]));
    assert!(said.contains("1 row of 1 table from 1 source "), "{said}");
}

#[test]
fn what_a_value_says_to_a_terminal_is_not_drawn() {
    let output = goldsmith(&["query", "SELECT 'a' || chr(27) || '[2Jb' AS value"]);
    let drawn = stdout(&output);
    assert!(output.status.success() && drawn.contains("[2Jb") && !drawn.contains('\u{1b}'), "{drawn:?}");
}

#[test]
fn no_value_is_said_where_a_query_fails_on_one_or_a_header_is_missing() {
    let output = goldsmith(&["query", "SELECT CAST(name AS INT) FROM (VALUES ('canary-4711')) AS t(name)"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("a value cannot be cast") && !said.contains("canary"), "{said}");
    let pipeline = crm_pipeline(&[], &["full_name: name"], "");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", "C1,Canary Lee,canary@example.com\n")]);
    for command in ["validate", "run"] {
        let said = stderr(&workspace.command(command, &[]));
        assert!(said.contains("3 columns named like values; has it a header?"), "{said}");
        assert!(!said.to_lowercase().contains("canary"), "{said}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_can_tell_nobody_publishes() {
    let workspace = Workspace::new();
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a full device");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_goldsmith"))
        .arg("run")
        .arg(workspace.pipeline())
        .stderr(full)
        .status()
        .expect("started");
    assert_eq!(status.code(), Some(0));
    assert!(workspace.path("out/latest/report.html").exists());
}
