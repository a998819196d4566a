//! A published version against the truth.

use std::process::Output;

use serde_json::Value;

use crate::support::{Workspace, stderr, stdout};

fn evaluate(workspace: &Workspace, truth: &str, arguments: &[&str]) -> Output {
    let truth = workspace.path(truth).display().to_string();
    let mut all = vec!["--truth", truth.as_str()];
    all.extend(arguments);
    workspace.command("evaluate", &all)
}

fn report(workspace: &Workspace, truth: &str) -> Value {
    let output = evaluate(workspace, truth, &["--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

#[test]
fn profiles_pairs_and_probabilities_are_held_against_the_truth() {
    let workspace = Workspace::new();
    workspace.run(&[]);
    let report = report(&workspace, "data/truth.csv");
    assert_eq!(report["records_missing"], 0, "{report}");
    assert!(number(&report["pairwise"]["f1"]) >= 0.9, "{report}");
    assert!(number(&report["b_cubed"]["f1"]) >= 0.93, "{report}");

    // The profiles are the balanced clusters; the others lie on either side.
    let clusterings = &report["clusterings"];
    assert_eq!(clusterings["balanced"]["pairwise"], report["pairwise"]);
    let found = |name: &str| number(&clusterings[name]["found_pairs"]);
    assert!(found("conservative") < found("balanced") && found("balanced") < found("wide"), "{clusterings}");

    let curve = list(&report["curve"]);
    assert!(curve.windows(2).all(|cuts| number(&cuts[0]["recall"]) >= number(&cuts[1]["recall"])), "{curve:?}");
    let sure = curve.iter().find(|cut| cut["from"] == 0.95).expect("a cut");
    assert!(number(&sure["precision"]) > 0.95 && number(&sure["recall"]) > 0.5, "{sure}");

    // Every judged row is in one band, and the last band is nearly always right.
    let bands = list(&report["reliability"]);
    let rows: f64 = bands.iter().map(|band| number(&band["rows"])).sum();
    assert_eq!(rows, number(&report["match_pairs"]["rows_judged"]));
    let last = bands.last().expect("a band");
    assert!(number(&last["true_share"]) > 0.98 && number(&last["claimed"]) > 0.999, "{last}");
    // Below what is published in full a band is known by the sample alone.
    let complete = number(&report["match_pairs"]["complete_from"]);
    for band in bands.iter().filter(|band| number(&band["rows"]) > 0.0) {
        let known = number(&band["from"]) >= complete || number(&band["sampled_rows"]) > 0.0;
        assert_eq!(band["true_share"].is_number(), known, "{band}");
    }
    // A sampled row stands for a hundred pairs.
    let pairs: f64 = bands.iter().map(|band| number(&band["pairs"])).sum();
    assert_eq!(pairs, rows + 99.0 * number(&report["match_pairs"]["rows_sampled"]));
}

#[test]
fn the_largest_mistakes_are_those_of_the_tables() {
    let workspace = Workspace::new();
    workspace.run(&[]);
    let report = report(&workspace, "data/truth.csv");
    let mistakes = &report["mistakes"];

    let wrong = &mistakes["false_pairs"];
    assert_eq!(number(&wrong["pairs"]), number(&report["found_pairs"]) - number(&report["correct_pairs"]));
    assert_eq!(
        number(&wrong["pairs"]),
        number(&wrong["matched"]) + number(&wrong["forced"]) + number(&wrong["without_row"])
    );
    let missed = &mistakes["missed_pairs"];
    let cut: f64 = missed["cut_by_guard"].as_object().expect("reasons").values().map(number).sum();
    let told =
        ["of_records_not_published", "across_entity_types", "review", "below_review", "forced_no_match", "others"];
    let told: f64 = told.iter().map(|name| number(&missed[name])).sum();
    assert_eq!(number(&missed["pairs"]), number(&report["true_pairs"]) - number(&report["correct_pairs"]));
    assert_eq!(number(&missed["pairs"]), told + cut, "{missed}");

    // A listed pair is what match_pairs has of it, with the levels of its pattern.
    let pair = &list(&mistakes["most_probable_missed"])[0];
    let name = |side: &str| pair[side].as_str().expect("a record").to_owned();
    let rows = workspace.query(&format!(
        "SELECT decision, CAST(score AS DOUBLE) FROM match_pairs WHERE (left_source || ':' || left_key = '{0}' AND right_source || ':' || right_key = '{1}')",
        name("left"),
        name("right")
    ));
    assert_eq!(rows, [format!("{},{}", pair["decision"].as_str().expect("a decision"), pair["score"])]);
    assert!(!list(&pair["levels"]).is_empty() && pair["levels"][0]["comparison"].is_string(), "{pair}");

    let split = list(&mistakes["largest_split_customers"]);
    assert!(split.windows(2).all(|two| number(&two[0]["missed_pairs"]) >= number(&two[1]["missed_pairs"])));
    assert_eq!(split.len().min(5), split.len());
    for customer in split {
        let parts: f64 = list(&customer["parts"]).iter().map(|part| number(&part["records"])).sum();
        assert_eq!(parts, number(&customer["records"]));
        let Some([left, right]) = customer["without_row"].as_array().map(Vec::as_slice) else { continue };
        let rows = workspace.query(&format!(
            "SELECT count(*) FROM match_pairs WHERE left_source || ':' || left_key IN ({0}, {1}) AND right_source || ':' || right_key IN ({0}, {1})",
            left.to_string().replace('"', "'"),
            right.to_string().replace('"', "'")
        ));
        assert_eq!(rows, ["0"], "{customer}");
    }
    let text = stdout(&evaluate(&workspace, "data/truth.csv", &["--mistakes", "1"]));
    assert!(text.contains("missed pairs with the best evidence") && text.contains(": "), "{text}");
    let none = stdout(&evaluate(&workspace, "data/truth.csv", &["--mistakes", "0"]));
    assert!(none.contains("missed pairs;") && !none.contains("with the best evidence"), "{none}");
}

const PIPELINE: &str = "version: 1
name: small
sources:
  a:
    connector: csv
    path: a.csv
    records:
      - {entity: person, key: id, fields: {full_name: name, emails: email}}
  b:
    connector: csv
    path: b.csv
    records:
      - {entity: person, key: id, fields: {full_name: name, emails: email}}
match:
  decisions: decisions.csv
publish:
  to: out
";

/// Two records a source; the steward joins a:1 with b:1 and nothing else is alike.
fn small() -> Workspace {
    let workspace = Workspace::with(
        PIPELINE,
        &[
            ("a.csv", "id,name,email\n1,Canaryone Abel,one@example.com\n2,Bertha Quist,two@example.org\n"),
            ("b.csv", "id,name,email\n1,Xaver Zoll,three@example.net\n3,Ulla Ypsilon,four@example.edu\n"),
            ("decisions.csv", "decision,left_source,left_key,right_source,right_key\nsame,a,1,b,1\n"),
        ],
    );
    workspace.run(&[]);
    workspace
}

#[test]
fn a_small_truth_by_hand() {
    let workspace = small();
    // a:1 and b:1 are two customers, a:2 and b:3 are one; c:9 is not published.
    let truth = "source,source_key,cluster_id\na,1,x\nb,1,y\na,2,z\nb,3,z\nc,9,z\na,1,x\n,7,x\n";
    std::fs::write(workspace.path("truth.csv"), truth).expect("written");
    let report = report(&workspace, "truth.csv");
    for (field, value) in [
        ("records", 5),
        ("records_missing", 1),
        ("records_unknown_to_truth", 0),
        ("truth_rows_incomplete", 1),
        ("true_customers", 3),
        ("golden_profiles", 4),
        ("true_pairs", 3),
        ("found_pairs", 1),
        ("correct_pairs", 0),
    ] {
        assert_eq!(report[field], value, "{field}: {report}");
    }
    assert_eq!(report["sources_missing"], serde_json::json!(["c"]), "{report}");
    let text = stdout(&evaluate(&workspace, "truth.csv", &[]));
    assert!(text.contains("nothing is published of what the truth calls c;"), "{text}");
    let mistakes = &report["mistakes"];
    assert_eq!(mistakes["false_pairs"]["forced"], 1, "{mistakes}");
    assert_eq!(mistakes["missed_pairs"]["of_records_not_published"], 2, "{mistakes}");
    assert_eq!(mistakes["missed_pairs"]["others"], 1, "{mistakes}");
    let wrong = &mistakes["largest_wrong_profiles"][0];
    assert_eq!((&wrong["records"], &wrong["customers"]), (&Value::from(2), &Value::from(2)), "{wrong}");
    let pair = &wrong["pairs"][0];
    assert_eq!(
        (&pair["left"], &pair["right"], &pair["decision"]),
        (&"a:1".into(), &"b:1".into(), &"forced_match".into())
    );
    let split = &mistakes["largest_split_customers"][0];
    assert_eq!(split["without_row"], serde_json::json!(["a:2", "b:3"]), "{split}");

    let said = stdout(&evaluate(&workspace, "truth.csv", &[]));
    assert!(said.contains("a:2 and b:3 have no row in match_pairs"), "{said}");
    assert!(!said.to_lowercase().contains("canaryone") && !said.contains("example.com"), "{said}");
}

#[test]
fn a_truth_that_does_not_fit_is_named_with_the_way_out() {
    let workspace = small();
    for (text, words) in [
        ("source,source_key,owner\na,1,x\n", ["source_key, owner;", "no column `cluster_id`"]),
        ("row,cluster_id\n1,x\n", ["row, cluster_id;", "no column `record_id`"]),
        ("source,source_key,cluster_id\n", ["no row with a record", "`cluster_id`"]),
        ("", ["truth.csv", "it is empty"]),
        ("source,source_key,cluster_id\ncrm,1,x\n", ["no record of the truth is in version 1", "`a:1`"]),
        ("record_id,cluster_id\n2,x\n1,x\n", ["record `1` by its key alone", "SOURCE:KEY"]),
        ("record_id,cluster_id\na:1,x\na:1,y\n", ["record `a:1` twice", "leave the row that is right"]),
    ] {
        std::fs::write(workspace.path("truth.csv"), text).expect("written");
        let output = evaluate(&workspace, "truth.csv", &[]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}: {said}{}", stdout(&output));
        assert!(said.contains("truth.csv: ") && words.iter().all(|word| said.contains(word)), "{text}: {said}");
    }
    let output = evaluate(&workspace, "gone.csv", &[]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stderr(&output).contains("gone.csv"), "{}", stderr(&output));
}
