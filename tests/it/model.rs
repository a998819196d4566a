//! Models: trained apart, reused, and what is said when the records no longer fit them.

use std::fmt::Write as _;

use crate::support::{Workspace, crm_pipeline, stderr, stdout};

fn pipeline() -> String {
    crm_pipeline(&[], &["given_name: given", "family_name: family", "emails: email", "birth_date: born"], "")
}

/// People with two records each; `emails` says whether the second bears the first one's mailbox.
fn people(emails: bool) -> String {
    let given = ["ann", "bob", "carl", "dora", "emil", "fay", "gus", "hilda"];
    let family = ["lee", "ray", "poe", "stone", "okafor", "berg", "lindt"];
    let mut rows = "id,given,family,email,born\n".to_owned();
    for person in 0..200 {
        let (first, last) = (given[person % given.len()], family[person % family.len()]);
        let born = format!("19{:02}-{:02}-{:02}", 30 + person % 60, 1 + person % 12, 1 + person % 28);
        for copy in 0..2 {
            let mailbox = if emails || copy == 0 {
                format!("box{person}@example.org")
            } else {
                format!("new{person}@example.net")
            };
            writeln!(rows, "{person}-{copy},{first},{last},{mailbox},{born}").expect("text");
        }
    }
    rows
}

#[test]
fn a_model_trained_apart_is_the_one_a_run_would_train() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", &people(true))]);
    let path = workspace.path("person.model.json").display().to_string();
    let output = workspace.command("train", &["--out", &path]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("400 person records"), "{}", stderr(&output));
    assert!(workspace.versions().is_empty(), "nothing is published");
    let output = workspace.command("train", &["--out", &workspace.path("crm.csv").display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "a file that is no model stays");
    let nowhere = workspace.path("nowhere/model.json").display().to_string();
    assert_eq!(workspace.command("train", &["--out", &nowhere]).status.code(), Some(2));
    let trained = std::fs::read_to_string(&path).expect("the model");
    workspace.run(&[]);
    let published = std::fs::read_to_string(workspace.path("out/versions/1/models/person.json")).expect("the model");
    assert_eq!(trained.trim_end(), published.trim_end());
    assert!(!trained.contains("box1@") && !trained.contains("okafor"), "a model holds no personal value");

    // Named in the pipeline, it is used; and it is refused where the entity is another.
    workspace.edit("publish:", "match: {model: person.model.json}\npublish:");
    workspace.run(&["--force"]);
    let output = workspace.command("train", &["--entity", "organisation"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("it has: person"), "{}", stderr(&output));
    assert!(stdout(&output).is_empty());
}

#[test]
fn a_model_serves_its_entity_type_and_the_others_train_their_own() {
    let workspace = Workspace::new();
    let model = workspace.pipeline().with_file_name("person.model.json").display().to_string();
    let output = workspace.command("train", &["--entity", "person", "--out", &model]);
    assert!(output.status.success(), "{}", stderr(&output));
    workspace.edit("publish:", "match: {model: person.model.json}\npublish:");
    workspace.run(&[]);
    let models = std::fs::read_dir(workspace.path("out/versions/1/models")).expect("the models");
    assert_eq!(models.flatten().count(), 2);
}

#[test]
fn a_model_that_met_no_pairs_is_not_reused() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", &people(true))]);
    workspace.edit("    records:", "    duplicates: none\n    records:");
    let said = stderr(&workspace.run(&[]));
    assert!(said.contains("400 golden profiles"), "{said}");
    workspace.edit("    duplicates: none\n", "");
    let said = stderr(&workspace.run(&[]));
    assert!(said.contains("200 golden profiles") && !said.contains("--retrain"), "{said}");
}

#[test]
fn a_model_of_records_the_pipeline_lacks_is_refused() {
    let sample = Workspace::new();
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", &people(true))]);
    let model = workspace.path("organisation.model.json").display().to_string();
    let output = sample.command("train", &["--entity", "organisation", "--out", &model]);
    assert!(output.status.success(), "{}", stderr(&output));
    workspace.edit("publish:", "match: {model: organisation.model.json}\npublish:");
    for command in ["validate", "run"] {
        let output = workspace.command(command, &[]);
        assert_eq!(output.status.code(), Some(2), "{command}: {}", stderr(&output));
        let message = stderr(&output);
        assert!(message.contains("organisation records") && message.contains("person"), "{command}: {message}");
    }
}

#[test]
fn a_truth_teaches_the_model() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", &people(true))]);
    let truth = |of: &dyn Fn(usize, usize) -> String| {
        let rows = (0..200).flat_map(|person| (0..2).map(move |copy| (person, copy)));
        rows.fold("record_id,cluster_id\n".to_owned(), |mut text, (person, copy)| {
            writeln!(text, "{person}-{copy},{}", of(person, copy)).expect("text");
            text
        })
    };
    std::fs::write(workspace.path("right.csv"), truth(&|person, _| format!("c{person}"))).expect("written");
    std::fs::write(workspace.path("apart.csv"), truth(&|person, copy| format!("c{person}-{copy}"))).expect("written");
    std::fs::write(workspace.path("other.csv"), "source,source_key,cluster_id\nerp,1,a\n").expect("written");
    let train = |truth: &str| {
        let path = workspace.path(truth).display().to_string();
        workspace.command("train", &["--truth", &path])
    };
    let prior = |truth: &str| {
        let output = train(truth);
        assert!(output.status.success(), "{}", stderr(&output));
        let model: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("a model");
        model["prior_same"].as_f64().expect("a number")
    };
    // Two hundred matches are among all pairs of 400 records; where the truth denies each of them, next to none are.
    let expected = 200.0 / (400.0 * 399.0 / 2.0);
    assert!((prior("right.csv") / expected - 1.0).abs() < 0.1, "{} for {expected}", prior("right.csv"));
    assert!(prior("apart.csv") < expected / 10.0, "{}", prior("apart.csv"));
    assert!(!stderr(&train("right.csv")).contains("warning: the truth"), "{}", stderr(&train("right.csv")));
    std::fs::write(workspace.path("some.csv"), "record_id,cluster_id\n0-0,a\n0-1,a\n0-1,a\nx-1,b\n").expect("written");
    let told = stderr(&train("some.csv"));
    assert!(told.contains("the truth names 3 records, of which 1 are no person record"), "{told}");
    let output = train("other.csv");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no person record of the pipeline is in the truth"), "{}", stderr(&output));
}

#[test]
fn records_that_are_no_longer_like_the_model_are_said() {
    let workspace = Workspace::with(&pipeline(), &[("crm.csv", &people(true))]);
    assert!(!stderr(&workspace.run(&[])).contains("no longer like"));
    assert!(!stderr(&workspace.run(&["--force"])).contains("no longer like"));
    std::fs::write(workspace.path("crm.csv"), people(false)).expect("written");
    let said = stderr(&workspace.run(&[]));
    assert!(said.contains("the person records are no longer like") && said.contains("email "), "{said}");
    assert!(!stderr(&workspace.run(&["--retrain"])).contains("no longer like"));
}
