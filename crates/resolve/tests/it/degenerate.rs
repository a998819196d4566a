//! Input with nothing in it, or with only one thing in it, ends soon and well.

use goldsmith_resolve::{Decisions, EntityType, Labels, Options, Records, ResolveError, resolve, train};

use crate::people::{Row, population, records, run};

#[test]
fn no_records() {
    let found = run(&[], &Decisions::default());
    assert!(found.cluster_of.is_empty() && found.pairs.is_empty());
}

#[test]
fn one_record() {
    let found = run(&population(1, 1)[..1], &Decisions::default());
    assert_eq!((found.cluster_of, found.confidence), (vec![0], vec![1.0]));
}

#[test]
fn nothing_but_nulls() {
    let rows: Vec<Row> = (0..500).map(|i| Row { key: i.to_string(), ..Row::default() }).collect();
    let found = run(&rows, &Decisions::default());
    assert_eq!(found.confidence.len(), 500);
    assert_eq!(found.candidates, 0);
}

#[test]
fn no_columns() {
    let nothing = Records {
        ids: Vec::new(),
        source: Vec::new(),
        columns: Vec::new(),
        entity: EntityType::Generic,
        duplicates_none: Vec::new(),
    };
    let error = resolve(&mut nothing.clone(), &Options::default(), None, &Decisions::default(), &())
        .expect_err("nothing to compare");
    assert!(matches!(error, ResolveError::NothingToCompare));
}

#[test]
fn one_distinct_value_joins_nobody() {
    let rows: Vec<Row> =
        (0..2000).map(|i| Row { key: i.to_string(), given: "anna".into(), ..Row::default() }).collect();
    let found = run(&rows, &Decisions::default());
    assert_eq!(found.confidence.len(), 2000, "a given name is nobody's proof");
}

#[test]
fn identical_rows_with_a_contact_are_one_customer_at_any_number() {
    let row = Row {
        given: "anna".into(),
        family: "keller".into(),
        email: "anna.keller@example.org".into(),
        phone: "+493012345678".into(),
        born: "1980-05-04".into(),
        ..Row::default()
    };
    // A hundred thousand take a minute without optimisation.
    let most = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    for copies in [3_u64, 100, 1_000, most] {
        let rows: Vec<Row> = (0..copies).map(|i| Row { key: i.to_string(), ..row.clone() }).collect();
        let found = run(&rows, &Decisions::default());
        assert_eq!(found.confidence.len(), 1, "{copies} copies");
        assert!(found.candidates < copies * 400, "{}", found.candidates);
        let again = resolve(&mut records(&rows), &Options::default(), Some(&found.model), &Decisions::default(), &());
        let again = again.expect("a model of these records");
        assert_eq!(again.cluster_of, found.cluster_of, "{copies} copies");
        assert!(again.drift.iter().all(|drift| drift.distance < 0.001), "{:?}", again.drift);
    }
}

/// Of 400 people one is written a thousand times more.
fn one_copied_among_others() -> Vec<Row> {
    let mut rows = population(400, 7);
    let copied = rows[0].clone();
    rows.extend((0..1000).map(|i| Row { key: format!("copy {i}"), ..copied.clone() }));
    rows
}

#[test]
fn copies_among_others_are_no_drift() {
    let rows = one_copied_among_others();
    let found = run(&rows, &Decisions::default());
    let options = Options::default();
    let trained = train(&mut records(&rows), &options, &Labels::default(), &()).expect("a model");
    for model in [&found.model, &trained] {
        let again = resolve(&mut records(&rows), &options, Some(model), &Decisions::default(), &());
        let again = again.expect("a model of these records");
        assert_eq!(again.cluster_of, found.cluster_of);
        assert!(again.drift.iter().all(|drift| drift.distance < 0.01), "{:?}", again.drift);
    }
}

#[test]
fn copies_do_not_depend_on_the_order_of_rows_or_on_threads() {
    let rows = one_copied_among_others();
    let found = run(&rows, &Decisions::default());
    let backwards: Vec<Row> = rows.iter().rev().cloned().collect();
    let options = Options { threads: Some(1), ..Options::default() };
    let again = resolve(&mut records(&backwards), &options, None, &Decisions::default(), &()).expect("well formed");
    assert_eq!(again.model, found.model);
    let of = |clusters: &[u32], confidence: &[f64]| -> Vec<f64> {
        clusters.iter().map(|&cluster| confidence[cluster as usize]).collect()
    };
    let again_of: Vec<f64> = of(&again.cluster_of, &again.confidence).into_iter().rev().collect();
    assert_eq!(again_of, of(&found.cluster_of, &found.confidence));
    let again_clusters: Vec<u32> = again.cluster_of.into_iter().rev().collect();
    assert_eq!(again_clusters, found.cluster_of, "clusters are numbered by ids");
}

#[test]
fn copies_that_are_not_compared_are_no_loss() {
    let mut rows = population(100, 7);
    for i in 0..40 {
        let copied = rows[i].clone();
        rows.extend((0..100).map(|copy| Row { key: format!("copy {i} {copy}"), ..copied.clone() }));
    }
    let found = run(&rows, &Decisions::default());
    let skipped: u64 = found.rules.iter().map(|rule| rule.pairs_skipped).sum();
    assert!(skipped > 100_000, "{skipped}");
    for rule in &found.rules {
        assert!(rule.recall_loss < 0.01, "{rule:?}");
    }
}

#[test]
fn identical_rows_of_nothing_but_a_common_name_stay_apart() {
    let rows: Vec<Row> = (0..1000)
        .map(|i| Row { key: i.to_string(), given: "anna".into(), family: "keller".into(), ..Row::default() })
        .collect();
    let found = run(&rows, &Decisions::default());
    assert_eq!(found.confidence.len(), 1000);
    for rule in &found.rules {
        assert!(rule.recall_loss < 0.01, "where nobody is a match no match is lost: {rule:?}");
    }
}

#[test]
fn an_id_that_occurs_twice_is_refused() {
    let mut rows = population(3, 3);
    rows[1].key = rows[0].key.clone();
    let error = resolve(&mut records(&rows), &Options::default(), None, &Decisions::default(), &())
        .expect_err("two rows, one id");
    assert!(matches!(error, ResolveError::DuplicateId { .. }));
}

/// Born on one day out of six, with phone numbers in a row and nothing the same that tells who somebody is: training must
/// not take "born on one day" for "one person". Given names repeat in step with the days, so some pairs share both.
#[test]
fn people_who_share_birth_dates_and_near_phones_do_not_fall_together() {
    let rows: Vec<Row> = (0..200)
        .map(|i| Row {
            key: i.to_string(),
            given: spelled(i % 20),
            family: spelled(20 + (i + i / 20) % 20),
            email: format!("mailbox{i}@example{i}.org"),
            phone: format!("+44207946{i:04}"),
            born: format!("{}-01-11", 1950 + i % 6),
            ..Row::default()
        })
        .collect();
    let found = run(&rows, &Decisions::default());
    let clusters = found.confidence.len();
    assert!(clusters >= 100, "{clusters} clusters of 200 people");
}

/// A word of its own for a number.
fn spelled(number: usize) -> String {
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
    (0..6)
        .map(|at| {
            let letters: &[u8] = if at % 2 == 0 { b"bdfgklmnprst" } else { b"aeiou" };
            let letter = letters[random % letters.len()];
            random /= letters.len();
            char::from(letter)
        })
        .collect()
}
