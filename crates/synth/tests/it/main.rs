//! The files as their readers find them: complete, repeatable, and as hard as life.

mod read;
mod rules;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use goldsmith_synth::{Progress, Summary, SynthError, SynthOptions, write};

fn generate(options: &SynthOptions) -> Summary {
    write(options, &|_| {}).unwrap()
}

#[test]
fn every_record_has_one_line_of_truth_and_every_customer_its_values() {
    let dir = tempfile::tempdir().unwrap();
    let summary = generate(&SynthOptions::new(2000, 7, dir.path()));
    let records = read::records(dir.path());
    let truth = read::truth(dir.path());
    assert_eq!((records.len(), truth.len()), (2000, 2000));
    assert!(records.iter().all(|record| truth.contains_key(&record.id)));

    let customers: HashSet<&String> = truth.values().collect();
    let entities = read::parquet_column(&dir.path().join("entities.parquet"), "customer_id");
    assert_eq!(customers, entities.iter().collect());
    assert_eq!((summary.customers as usize, summary.records), (entities.len(), 2000));
    let same = read::parquet_column(&dir.path().join("truth.parquet"), "record_id");
    assert!(same.iter().all(|record| truth.contains_key(record)) && same.len() == 2000);
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    let contents = |seed: u64| {
        let dir = tempfile::tempdir().unwrap();
        let summary = generate(&SynthOptions::new(2000, seed, dir.path()));
        let files = summary.files.iter().map(|(path, rows)| (std::fs::read(path).unwrap(), *rows));
        files.collect::<Vec<_>>()
    };
    let first = contents(7);
    // Formats that note the time of writing note it in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (second, other) = (contents(7), contents(8));
    assert_eq!(first.len(), 8);
    for (nth, (a, b)) in first.iter().zip(&second).enumerate() {
        assert!(a == b, "file {nth} differs");
    }
    assert!(first.iter().zip(&other).all(|(a, b)| a.0 != b.0));
}

#[test]
fn exact_rules_score_at_most_080() {
    let dir = tempfile::tempdir().unwrap();
    generate(&SynthOptions::new(5000, 7, dir.path()));
    let score = rules::score(&read::records(dir.path()), &read::truth(dir.path()));
    assert!(score.f1() <= 0.80, "too easy: {score:?}");
    assert!(score.f1() >= 0.60, "not like life: {score:?}");
    assert!(score.recall() >= 0.60, "records share too little: {score:?}");
}

#[test]
fn customers_have_as_many_records_as_real_ones() {
    let dir = tempfile::tempdir().unwrap();
    let summary = generate(&SynthOptions::new(5000, 3, dir.path()));
    let mean = summary.records as f64 / summary.customers as f64;
    assert!((2.0..=3.0).contains(&mean), "{mean}");
    let mut counts: HashMap<String, u32> = HashMap::new();
    for customer in read::truth(dir.path()).into_values() {
        *counts.entry(customer).or_default() += 1;
    }
    assert!(counts.values().all(|&count| count <= 30) && counts.values().any(|&count| count >= 10));

    let types = read::parquet_column(&dir.path().join("entities.parquet"), "entity_type");
    let organisations = types.iter().filter(|kind| *kind == "organisation").count() as f64 / types.len() as f64;
    assert!((0.05..=0.11).contains(&organisations), "{organisations}");
}

#[test]
fn a_full_sheet_goes_on_to_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = SynthOptions::new(1000, 7, dir.path());
    options.sheet_rows = 51;
    let summary = generate(&options);
    let members = summary.files.iter().find(|(path, _)| path.ends_with("loyalty/members.xlsx")).unwrap().1;
    let sheets = read::sheet_heights(&dir.path().join("loyalty/members.xlsx"));
    assert_eq!(sheets.len(), members.div_ceil(50) as usize);
    assert!(sheets.len() > 1 && sheets[0] == 51);
    assert_eq!(read::records(dir.path()).len(), 1000);
}

#[test]
fn broken_and_test_rows_are_there_and_not_in_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let summary = generate(&SynthOptions::new(5000, 7, dir.path()));
    let crm = read::gunzip(&dir.path().join("crm/customers.csv.gz"));
    let lines: Vec<&str> = crm.lines().collect();
    let fields = |line: &str| line.matches(';').count();
    let short = lines.iter().filter(|line| line.starts_with('C') && fields(line) < fields(lines[0])).count() as u64;
    let tests = lines.iter().filter(|line| line.contains(";test;")).count() as u64;
    let support = std::fs::read_to_string(dir.path().join("support/contacts.ndjson")).unwrap();
    let torn = support.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_err()).count() as u64;
    assert!(short > 0 && torn > 0 && tests > 0);
    assert_eq!((short + torn, tests), (summary.broken_rows, summary.test_rows));
}

#[test]
fn the_smallest_run_writes_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let summary = generate(&SynthOptions::new(1, 1, dir.path()));
    assert_eq!((summary.records, summary.customers, summary.files.len()), (1, 1, 8));
    assert_eq!(read::records(dir.path()).len(), 1);
}

#[test]
fn progress_ends_at_the_total() {
    let dir = tempfile::tempdir().unwrap();
    let last = std::cell::Cell::new(None);
    write(&SynthOptions::new(10_000, 7, dir.path()), &|progress: Progress| last.set(Some(progress))).unwrap();
    let last = last.get().unwrap();
    assert_eq!((last.done, last.total), (10_000, 10_000));
}

#[test]
fn what_cannot_be_written_is_refused_with_the_place() {
    let refused = |options: SynthOptions| write(&options, &|_| {}).unwrap_err();
    assert!(matches!(refused(SynthOptions::new(0, 1, "x")), SynthError::Records(0)));
    let mut options = SynthOptions::new(1, 1, "x");
    options.sheet_rows = 1;
    assert!(matches!(refused(options), SynthError::SheetRows(1)));
    let error = refused(SynthOptions::new(1, 1, Path::new("/dev/null/nowhere")));
    assert!(error.to_string().starts_with("/dev/null/nowhere"), "{error}");
}
