//! The same records give the same result, whatever the order of rows and the number of threads.

use std::collections::BTreeMap;

use goldsmith_resolve::evaluate::evaluate;
use goldsmith_resolve::model::PatternCorrection;
use goldsmith_resolve::{Decisions, Model, Options, PROBABLE, RecordId, Resolution, ScoredPair, resolve};

use crate::calibration::couples;
use crate::people::{Random, Row, population, records, run, truth, word};

/// Clusters and pairs by record id, so that results over differently ordered rows can be compared.
fn named(rows: &[Row], found: &Resolution) -> (Vec<(RecordId, u32)>, Vec<String>) {
    let id = |row: usize| RecordId::of("test", &rows[row].key);
    let mut clusters: Vec<(RecordId, u32)> = (0..rows.len()).map(|row| (id(row), found.cluster_of[row])).collect();
    clusters.sort_unstable();
    let pairs = found
        .pairs
        .iter()
        .map(|p| {
            let (left, right) = (id(p.left as usize), id(p.right as usize));
            format!("{left:?} {right:?} {} {} {:?} {}", p.pattern, p.weight, p.decision, p.rules)
        })
        .collect();
    (clusters, pairs)
}

#[test]
fn shuffled_rows_and_threads_change_nothing() {
    let rows = population(400, 3);
    let expected = named(&rows, &run(&rows, &Decisions::default()));
    let mut shuffled = rows.clone();
    let mut random = Random(11);
    for i in (1..shuffled.len()).rev() {
        shuffled.swap(i, random.below(i + 1));
    }
    for threads in [1, 2, 5] {
        let options = Options { threads: Some(threads), ..Options::default() };
        let found = resolve(&mut records(&shuffled), &options, None, &Decisions::default(), &()).expect("well formed");
        assert_eq!(named(&shuffled, &found), expected, "{threads} threads");
    }
}

#[test]
fn pairs_and_clusters_come_in_the_order_of_ids() {
    let rows = population(400, 3);
    let (all, found) = (records(&rows), run(&rows, &Decisions::default()));
    let ids: Vec<_> =
        found.pairs.iter().map(|pair| (all.ids[pair.left as usize], all.ids[pair.right as usize])).collect();
    assert!(ids.len() > 50, "{}", ids.len());
    assert!(ids.iter().all(|(left, right)| left < right));
    assert!(ids.is_sorted());
    // Clusters are numbered by the smallest id in each.
    let mut smallest = vec![None; found.confidence.len()];
    for (id, &cluster) in all.ids.iter().zip(&found.cluster_of) {
        let known = &mut smallest[cluster as usize];
        *known = Some(known.map_or(*id, |known: RecordId| known.min(*id)));
    }
    assert!(smallest.iter().all(Option::is_some) && smallest.is_sorted());
}

#[test]
fn a_saved_model_gives_the_same_result() {
    let rows = population(400, 4);
    let first = run(&rows, &Decisions::default());
    let json = first.model.to_json().expect("a model is plain data");
    let model = Model::from_json(&json).expect("it was just written");
    let again = resolve(&mut records(&rows), &Options::default(), Some(&model), &Decisions::default(), &())
        .expect("well formed");
    assert_eq!(named(&rows, &again), named(&rows, &first));
}

/// What a pattern is known by: its levels but for the birth date and for what is missing.
fn levels(of: &Resolution, pair: &ScoredPair) -> BTreeMap<String, String> {
    let numbers = of.patterns[pair.pattern as usize].levels.iter().zip(&of.model.comparisons);
    numbers
        .filter(|&(&level, comparison)| comparison.name != "birth_date" && level > 0)
        .map(|(&level, comparison)| (comparison.name.clone(), comparison.levels[usize::from(level)].level.clone()))
        .collect()
}

#[test]
fn of_the_improbable_pairs_a_sample_is_told_and_of_the_others_all() {
    let mut rows = couples(400);
    // Namesakes, so that there are pairs of every probability.
    for (index, row) in rows.iter_mut().enumerate() {
        row.family = format!("{}son", word(&mut Random(u64::from(row.person / 2 % 40)), 2));
        if index % 2 == 0 {
            row.phone.clear();
        }
    }
    let usual = Options::default();
    let with = |options: Options| {
        resolve(&mut records(&rows), &options, None, &Decisions::default(), &()).expect("well formed")
    };
    let all = with(Options { sample: 1.0, ..usual.clone() });
    assert_eq!(all.pairs.len() as u64, all.candidates, "every compared pair");
    assert!(all.pairs.iter().all(|pair| pair.sampled == (pair.probability() < PROBABLE)), "they are told apart");
    let from = |probability: f64| all.pairs.iter().filter(|pair| pair.probability() >= probability).count();
    assert!(from(0.01) > from(PROBABLE) + 50, "{} and {}", from(0.01), from(PROBABLE));

    let none = with(Options { sample: 0.0, ..usual.clone() });
    let probable: Vec<_> = all.pairs.iter().filter(|pair| !pair.sampled).cloned().collect();
    assert_eq!(none.pairs, probable);
    let low = with(Options { sample: 0.0, threshold: 0.5, ..usual.clone() });
    assert_eq!(low.pairs.len(), from(PROBABLE), "clusters need more pairs than are told");
    let reviewed = with(Options { sample: 0.0, review_from: 0.01, ..usual.clone() });
    assert_eq!(reviewed.pairs.len(), from(0.01), "all there is to review");

    let tenth = with(Options { sample: 0.1, ..usual });
    let drawn = (tenth.pairs.len() - probable.len()) as f64 / (all.pairs.len() - probable.len()) as f64;
    assert!((0.05..0.2).contains(&drawn), "{drawn}");
    assert!([&tenth, &all].iter().all(|found| found.cluster_of == none.cluster_of), "clusters do not depend on it");
}

const ONLY_GIVEN: [&str; 2] = ["given name different, family name same", "given name different, family name close"];

/// Sets what is added where there is no birth date: to some names so many bits, to all else none.
fn add_without_birth_date(model: &mut Model, bits: f64) {
    for level in model.comparisons.iter_mut().flat_map(|comparison| &mut comparison.levels) {
        level.without_birth_date = if ONLY_GIVEN.contains(&level.level.as_str()) { bits } else { 0.0 };
    }
}

#[test]
fn a_model_corrects_the_pairs_of_one_contact_and_those_without_birth_dates() {
    let mut rows = population(400, 4);
    for (index, row) in rows.iter_mut().enumerate().step_by(3) {
        row.born.clear();
        if index % 2 == 0 {
            "zebedee".clone_into(&mut row.given);
        }
    }
    let with = |model: &Model| {
        resolve(&mut records(&rows), &Options::default(), Some(model), &Decisions::default(), &()).expect("well formed")
    };
    let mut model = run(&rows, &Decisions::default()).model;
    model.contact_calibration.clear();
    model.namesake_calibration.clear();
    model.different_names_without_birth_date.clear();
    add_without_birth_date(&mut model, 0.0);
    let first = with(&model);
    let contact = |pair: &ScoredPair| {
        let mut levels = levels(&first, pair);
        levels.retain(|name, _| ["name", "email", "phone"].contains(&name.as_str()));
        levels
    };
    let corrected = contact(&first.pairs[0]);
    let whole: std::collections::BTreeSet<_> =
        first.pairs.iter().filter(|pair| contact(pair) == corrected).map(|pair| levels(&first, pair)).collect();
    assert!(whole.len() > 1, "several patterns of that contact");
    model.contact_calibration = vec![PatternCorrection { levels: corrected.clone(), correction: 0.5 }];
    add_without_birth_date(&mut model, 0.25);
    let model = Model::from_json(&model.to_json().expect("a model is plain data")).expect("it was just written");
    let again = with(&model);
    let born = first.comparisons.iter().position(|name| name == "birth_date").expect("it is compared");
    let mut named_otherwise = 0;
    for pair in &first.pairs {
        let now = again.pairs.iter().find(|now| (now.left, now.right) == (pair.left, pair.right)).expect("still there");
        let silent = first.patterns[pair.pattern as usize].levels[born] == 0;
        let name = levels(&first, pair).remove("name").unwrap_or_default();
        let named = silent && ONLY_GIVEN.contains(&name.as_str());
        named_otherwise += u32::from(named);
        let expected = if contact(pair) == corrected { 512 } else { 0 } + if named { 256 } else { 0 };
        assert_eq!(now.weight - pair.weight, expected, "{:?}", levels(&first, pair));
    }
    assert!(named_otherwise > 0);
}

#[test]
fn a_model_corrects_the_pairs_of_one_pattern() {
    let rows = population(400, 4);
    let with = |model: &Model| {
        resolve(&mut records(&rows), &Options::default(), Some(model), &Decisions::default(), &()).expect("well formed")
    };
    let mut model = run(&rows, &Decisions::default()).model;
    model.pattern_calibration.clear();
    let first = with(&model);
    let levels = |pair: &ScoredPair| levels(&first, pair);
    let corrected = levels(&first.pairs[0]);
    assert!(first.pairs.iter().any(|pair| levels(pair) != corrected));
    model.pattern_calibration = vec![PatternCorrection { levels: corrected.clone(), correction: 0.5 }];
    let model = Model::from_json(&model.to_json().expect("a model is plain data")).expect("it was just written");
    let again = with(&model);
    for pair in &first.pairs {
        let now = again.pairs.iter().find(|now| (now.left, now.right) == (pair.left, pair.right)).expect("still there");
        let expected = if levels(pair) == corrected { 512 } else { 0 };
        assert_eq!(now.weight - pair.weight, expected, "{:?}", levels(pair));
    }
}

#[test]
fn a_model_that_corrects_what_it_does_not_know_is_refused() {
    let rows = population(50, 4);
    let mut model = run(&rows, &Decisions::default()).model;
    let levels = BTreeMap::from([("name".to_owned(), "as like as two peas".to_owned())]);
    model.pattern_calibration.push(PatternCorrection { levels, correction: 0.5 });
    let refused = resolve(&mut records(&rows), &Options::default(), Some(&model), &Decisions::default(), &());
    let reason = refused.expect_err("no such level").to_string();
    assert!(reason.contains("as like as two peas"), "{reason}");
}

#[test]
fn clean_people_are_found() {
    let rows = population(1500, 5);
    let found = evaluate(&truth(&rows), &run(&rows, &Decisions::default()).cluster_of);
    assert!(found.pairwise.f1 > 0.97, "{found:?}");
    assert!(found.pairwise.precision > 0.99, "{found:?}");
}

#[test]
fn clusters_are_numbered_by_their_smallest_record() {
    let rows = population(100, 6);
    let found = run(&rows, &Decisions::default());
    let clusters = found.confidence.len();
    let mut smallest = vec![None; clusters];
    for (row, &cluster) in found.cluster_of.iter().enumerate() {
        let id = RecordId::of("test", &rows[row].key);
        let slot: &mut Option<RecordId> = &mut smallest[cluster as usize];
        *slot = Some(slot.map_or(id, |known| known.min(id)));
    }
    assert!(smallest.iter().all(Option::is_some), "numbers are dense");
    assert!(smallest.is_sorted());
}
