//! Input with nothing in it, or with only one thing in it, ends soon and well.

use goldsmith_resolve::{Decisions, EntityType, Options, Records, ResolveError, resolve};

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
fn a_hundred_thousand_identical_rows_end() {
    let row = population(1, 2).remove(0);
    let rows: Vec<Row> = (0..100_000).map(|i| Row { key: i.to_string(), ..row.clone() }).collect();
    let found = run(&rows, &Decisions::default());
    assert_eq!(found.cluster_of.len(), 100_000);
    assert!(found.candidates < 100_000 * 400, "{}", found.candidates);
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
