//! What looks like one person and is not, and what does not and is.

use goldsmith_resolve::Decisions;
use goldsmith_resolve::evaluate::evaluate;

use crate::people::{Random, Row, population, run, truth};

/// A background for training, then the rows of interest.
fn among_others(rows: Vec<Row>) -> (Vec<Row>, usize) {
    let mut all = population(1200, 21);
    let start = all.len();
    all.extend(rows);
    (all, start)
}

fn row(key: &str, given: &str, born: &str, email: &str, phone: &str, house: &str) -> Row {
    let filled = |value: &str, of: &str| if value.is_empty() { String::new() } else { of.to_owned() };
    Row {
        key: key.into(),
        given: given.into(),
        family: "featherston".into(),
        born: born.into(),
        email: email.into(),
        phone: phone.into(),
        house: house.into(),
        street: filled(house, "harbour rd"),
        postcode: filled(house, "10777"),
        person: u32::MAX,
        ..Row::default()
    }
}

/// Clusters of the rows of interest.
fn clusters(rows: Vec<Row>) -> Vec<u32> {
    let (all, start) = among_others(rows);
    run(&all, &Decisions::default()).cluster_of[start..].to_vec()
}

#[test]
fn father_and_son_stay_apart() {
    let found = clusters(vec![
        row("f1", "harold", "1950-03-02", "", "+15550000001", "12"),
        row("f2", "harold", "1950-03-02", "hf@example.org", "", "12"),
        row("s1", "harold", "1979-11-20", "", "+15550000001", "12"),
        row("s2", "harold", "1979-11-20", "young@example.org", "", "12"),
    ]);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2], found[3]);
    assert_ne!(found[0], found[2]);
}

#[test]
fn suffixes_keep_apart_what_all_else_joins() {
    let mut rows = vec![
        row("f1", "harold", "", "h@example.org", "+15550000001", "12"),
        row("s1", "harold", "", "h@example.org", "+15550000001", "12"),
    ];
    rows[0].suffix = "sr".into();
    rows[1].suffix = "jr".into();
    let found = clusters(rows);
    assert_ne!(found[0], found[1]);
}

#[test]
fn twins_stay_apart() {
    let found = clusters(vec![
        row("a1", "melisande", "1988-06-06", "", "+15550000002", "12"),
        row("a2", "melisande", "1988-06-06", "", "", "12"),
        row("b1", "gregor", "1988-06-06", "", "+15550000002", "12"),
        row("b2", "gregor", "1988-06-06", "", "", "12"),
    ]);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2], found[3]);
    assert_ne!(found[0], found[2]);
}

#[test]
fn a_household_is_not_a_person() {
    let found = clusters(vec![
        row("a", "melisande", "1961-06-06", "", "+15550000002", "12"),
        row("b", "gregor", "1959-01-30", "", "+15550000002", "12"),
        row("c", "wilhelmina", "", "", "+15550000002", "12"),
    ]);
    assert!(found[0] != found[1] && found[1] != found[2] && found[0] != found[2], "{found:?}");
}

#[test]
fn a_chain_does_not_join_its_ends() {
    // The middle record could be either of two people of one name; they differ by birth date.
    let found = clusters(vec![
        row("a", "theodora", "1950-01-01", "", "", "12"),
        row("b", "theodora", "", "", "", ""),
        row("c", "theodora", "1990-09-09", "", "", "99"),
    ]);
    assert_ne!(found[0], found[2]);
}

#[test]
fn a_mover_with_new_mailboxes_is_one_person() {
    let found = clusters(vec![
        row("a", "theodora", "1950-01-01", "t.f@example.org", "+15550000003", "12"),
        row("b", "theodora", "1950-01-01", "t.f@example.org", "", "12"),
        row("c", "theodora", "1950-01-01", "theo@example.net", "+15550000003", "410"),
        row("d", "theodora", "", "theo@example.net", "", "410"),
    ]);
    assert!(found.iter().all(|&cluster| cluster == found[0]), "{found:?}");
}

#[test]
fn a_married_name_is_one_person() {
    let mut rows = vec![
        row("a", "theodora", "1950-01-01", "theo@example.net", "+15550000003", "12"),
        row("b", "theodora", "1950-01-01", "", "+15550000003", "12"),
        row("c", "theodora", "1950-01-01", "theo@example.net", "+15550000003", "12"),
    ];
    rows[2].family = "okonkwo".into();
    let found = clusters(rows);
    assert!(found.iter().all(|&cluster| cluster == found[0]), "{found:?}");
}

#[test]
fn a_mailbox_given_to_another_person_does_not_join_the_two() {
    let mut rows = vec![
        row("a1", "theodora", "1950-01-01", "info@example.org", "+15550000003", "12"),
        row("a2", "theodora", "1950-01-01", "info@example.org", "+15550000003", ""),
        row("b1", "gregor", "1988-06-06", "info@example.org", "+15550000009", "77"),
        row("b2", "gregor", "1988-06-06", "info@example.org", "", "77"),
    ];
    for of_another in &mut rows[2..] {
        of_another.family = "okonkwo".into();
    }
    let found = clusters(rows);
    assert_eq!(found[0], found[1]);
    assert_eq!(found[2], found[3]);
    assert_ne!(found[0], found[2]);
}

#[test]
fn a_placeholder_phone_joins_nobody() {
    let mut rows = population(10_000, 31);
    let clean = evaluate(&truth(&rows), &run(&rows, &Decisions::default()).cluster_of);
    let mut random = Random(5);
    for row in &mut rows {
        if random.below(10) > 0 && row.phone.is_empty() {
            row.phone = "+15559999999".into();
        }
    }
    let found = run(&rows, &Decisions::default());
    assert!(found.placeholders.iter().any(|p| p.records > 2000), "{:?}", found.placeholders);
    let planted = evaluate(&truth(&rows), &found.cluster_of);
    assert!(planted.pairwise.precision > 0.99, "{planted:?}");
    assert!(planted.pairwise.recall >= clean.pairwise.recall - 0.01, "{planted:?} {clean:?}");
}
