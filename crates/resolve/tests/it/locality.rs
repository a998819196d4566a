//! Given a model, what becomes of records that share no key with others does not depend on the others.

use goldsmith_resolve::{Decisions, Options, RecordId, Resolution, resolve};

use crate::people::{Random, Row, population, records, word};

/// Another town's people: their names, mailboxes, phones, birth years and postcodes are met nowhere in [`population`].
fn elsewhere(people: usize) -> Vec<Row> {
    let mut rows = population(people, 77);
    let mut random = Random(78);
    let letters: String = word(&mut random, 1);
    for row in &mut rows {
        row.key = format!("elsewhere-{}", row.key);
        row.person += 1_000_000;
        // No name of the population begins with these letters, so no sound is shared either.
        row.given = format!("i{}", row.given);
        row.family = format!("o{}", row.family);
        let rest = |value: &str, start: usize| value.get(start..).unwrap_or("").to_owned();
        if !row.email.is_empty() {
            row.email = format!("{letters}{}", row.email).replace("example.org", "example.net");
            row.email.insert(0, 'x');
        }
        if !row.phone.is_empty() {
            row.phone = format!("+44{}", rest(&row.phone, 2));
        }
        if !row.born.is_empty() {
            row.born = format!("18{}", rest(&row.born, 2));
        }
        row.postcode = format!("9{}", row.postcode);
    }
    rows
}

/// What became of the other town's people: their clusters as sets of ids, and the weights of their pairs.
#[derive(Debug, PartialEq)]
struct Part {
    clusters: Vec<Vec<RecordId>>,
    pairs: Vec<(RecordId, RecordId, i32)>,
}

fn of(rows: &[Row], found: &Resolution) -> Part {
    let ids: Vec<RecordId> = rows.iter().map(|row| RecordId::of("test", &row.key)).collect();
    let local = |row: u32| rows[row as usize].person >= 1_000_000;
    let mut clusters: std::collections::BTreeMap<u32, Vec<RecordId>> = std::collections::BTreeMap::new();
    for (row, cluster) in found.cluster_of.iter().enumerate().filter(|(row, _)| local(*row as u32)) {
        clusters.entry(*cluster).or_default().push(ids[row]);
    }
    let mut clusters: Vec<Vec<RecordId>> = clusters.into_values().collect();
    for cluster in &mut clusters {
        cluster.sort_unstable();
    }
    clusters.sort_unstable();
    let pairs = found.pairs.iter().filter(|pair| local(pair.left));
    let mut pairs: Vec<_> =
        pairs.map(|pair| (ids[pair.left as usize], ids[pair.right as usize], pair.weight)).collect();
    pairs.sort_unstable();
    Part { clusters, pairs }
}

#[test]
fn a_closed_part_resolved_alone_equals_its_part_of_the_whole() {
    let part = elsewhere(700);
    let mut whole = population(6_000, 41);
    whole.extend(part.iter().cloned());
    let options = Options::default();
    let resolve = |rows: &[Row], model| {
        resolve(&mut records(rows), &options, model, &Decisions::default(), &()).expect("well formed")
    };
    let first = resolve(&whole, None);
    assert!(!first.model.left_out.is_empty(), "the whole is large enough to leave a loose rule out");
    let again = resolve(&whole, Some(&first.model));
    let alone = resolve(&part, Some(&first.model));
    assert_eq!(alone.model, first.model);
    let within = of(&whole, &again);
    assert!(within.clusters.iter().filter(|cluster| cluster.len() > 1).count() > 200);
    assert_eq!(within, of(&part, &alone));
    let left_out = alone.rules.iter().filter(|rule| first.model.left_out.contains(&rule.rule));
    assert!(left_out.map(|rule| rule.pairs).sum::<u64>() == 0, "a rule that the model leaves out proposed pairs");
    // Without the model the part would be too small to leave anything out.
    assert_ne!(resolve(&part, None).model.left_out, first.model.left_out);
}
