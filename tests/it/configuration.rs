//! A wrong pipeline file is refused before any data is read: every mistake at once, with line, column and mend.

use crate::support::{Workspace, crm_pipeline, stderr, stdout};

/// Makes one mistake and checks what `validate` and `run` say of it.
fn refused(from: &str, to: &str, says: &[&str]) {
    let workspace = Workspace::new();
    workspace.edit(from, to);
    for command in ["validate", "run"] {
        let output = workspace.command(command, &[]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        for words in says {
            assert!(said.contains(words), "{command}: {words:?} is not in: {said}");
        }
        assert!(said.contains("pipeline.yaml:"), "{command}: no place in: {said}");
    }
    assert!(workspace.versions().is_empty());
}

#[test]
fn a_wrong_key() {
    refused("    delimiter: \";\"", "    delimeter: \";\"", &["delimeter", "did you mean `delimiter`?"]);
}

#[test]
fn a_wrong_value_of_an_option() {
    refused("    delimiter: \";\"", "    delimiter: \"ab\"", &["option \"delimiter\"", "|     delimiter: \"ab\""]);
}

#[test]
fn a_query_the_database_refuses() {
    let workspace = Workspace::new();
    workspace.edit("    path: data/shop.db\n", "    path: data/shop.db\n    query: SELECT id FROM nowhere\n");
    workspace.edit("from: customers", "from: query");
    let output = workspace.command("validate", &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no such table: nowhere") && said.contains("|     query: SELECT id"), "{said}");
}

#[test]
fn a_wrong_type() {
    refused("keep: 30", "keep: many", &["keep", "many"]);
}

#[test]
fn wrong_sql() {
    refused("where: status <> 'test'", "where: status <> <> 'test'", &["status <> <> 'test'"]);
}

#[test]
fn a_wrong_column() {
    refused("birth_date: dob\n", "birth_date: dbo\n", &["no column `dbo`", "did you mean `dob`?"]);
}

#[test]
fn a_wrong_table() {
    refused("from: customers", "from: custommers", &["no table `custommers`", "did you mean `customers`?"]);
}

#[test]
fn a_wrong_attribute() {
    refused("gender: gender", "gendre: gender", &["gendre", "did you mean `gender`?"]);
}

#[test]
fn a_wrong_connector() {
    refused("connector: sqlite", "connector: sqllite", &["sqllite", "did you mean `sqlite`?"]);
}

#[test]
fn a_secret_reference_that_leads_nowhere() {
    refused(
        "publish:\n",
        "ids:\n  key:\n    env: GOLDSMITH_TEST_NO_SUCH_KEY\n\npublish:\n",
        &["GOLDSMITH_TEST_NO_SUCH_KEY", "not set"],
    );
}

#[test]
fn a_secret_written_out_is_refused_and_not_shown() {
    let workspace = Workspace::new();
    workspace.edit("publish:\n", "ids:\n  key: hunter2-and-some-more\n\npublish:\n");
    let output = workspace.command("validate", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
    assert!(stderr(&output).contains("env"), "{}", stderr(&output));
}

#[test]
fn all_mistakes_are_reported_together() {
    let workspace = Workspace::new();
    workspace.edit("birth_date: dob\n", "birth_date: dbo\n");
    workspace.edit("first_name\n", "frist_name\n");
    workspace.edit("holder\n", "holdre\n");
    let output = workspace.command("validate", &["--json"]);
    assert_eq!(output.status.code(), Some(2));
    let answer: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    let mistakes = answer["mistakes"].as_array().expect("a list");
    assert_eq!(mistakes.len(), 3, "{answer}");
    for mistake in mistakes {
        assert!(mistake["line"].as_u64().is_some() && mistake["column"].as_u64().is_some(), "{mistake}");
    }
}

#[test]
fn overlays_and_variables_change_the_plan() {
    let workspace = Workspace::new();
    workspace.edit("to: out", "to: ${OUT}");
    std::fs::write(workspace.path("pipeline.prod.yaml"), "vars:\n  OUT: out\n").expect("written");
    assert_eq!(workspace.command("validate", &[]).status.code(), Some(2), "OUT is not set");
    assert_eq!(workspace.command("validate", &["--env", "prod"]).status.code(), Some(0));
    assert_eq!(workspace.command("validate", &["--var", "OUT=out"]).status.code(), Some(0));
}

#[test]
fn a_variable_the_file_does_not_have() {
    let workspace = Workspace::new();
    workspace.edit("    path: data/shop.db\n", "    path: ${FOLDER:-data}/shop.db\n");
    let output = workspace.command("validate", &["--var", "FOLDR=elsewhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("no variable `FOLDR`") && stderr(&output).contains("`FOLDER`"),
        "{}",
        stderr(&output)
    );
    assert!(workspace.command("validate", &["--var", "FOLDER=data"]).status.success());
}

#[test]
fn an_address_to_publish_to() {
    refused("to: out", "to: s3://bucket/out", &["into a folder of a file system, not to an address"]);
}

#[test]
fn a_wrong_blocking_key() {
    let rules = |rule: &str| format!("match:\n  blocking:\n    - {rule}\n\nsurvivorship:\n");
    refused("survivorship:\n", &rules("keys: [emial]"), &["emial", "did you mean `email`?"]);
    let says = ["`birth_date` is made of `birth_date`, which no record maps", "there are email, "];
    refused("survivorship:\n", &rules("entity: organisation\n      keys: [birth_date]"), &says);
    let many = ["keys: [email]"; 33].join("\n    - ");
    refused("survivorship:\n", &rules(&many), &["33 rules for entity `person` where 32 are the most"]);
}

#[test]
fn a_blocking_key_of_an_attribute_of_ones_own() {
    let pipeline = crm_pipeline(
        &[],
        &["birth_date: born", "title: title"],
        "attributes:\n  birth_date: { type: date }\n  title: { type: string }\nmatch:\n  blocking:\n    - keys: [birth_date]\n",
    );
    let pipeline = pipeline.replace("entity: person", "entity: generic");
    let workspace = Workspace::with(&pipeline, &[("crm.csv", "id,born,title\n1,1999-01-02,Dune\n")]);
    let output = workspace.command("validate", &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("`birth_date` is made of `birth_date`, which no record"), "{said}");
}
