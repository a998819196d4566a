//! The same records give the same result, whatever the order of rows and the number of threads.

use goldsmith_resolve::evaluate::evaluate;
use goldsmith_resolve::{Decisions, Model, Options, RecordId, Resolution, resolve};

use crate::people::{Random, Row, population, records, run, truth};

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
        let found = resolve(&records(&shuffled), &options, None, &Decisions::default(), &()).expect("well formed");
        assert_eq!(named(&shuffled, &found), expected, "{threads} threads");
    }
}

#[test]
fn a_saved_model_gives_the_same_result() {
    let rows = population(1500, 4);
    let first = run(&rows, &Decisions::default());
    assert!(!first.model.pattern_calibration.is_empty(), "all that a model may pin is there");
    let json = first.model.to_json().expect("a model is plain data");
    let model = Model::from_json(&json).expect("it was just written");
    let again =
        resolve(&records(&rows), &Options::default(), Some(&model), &Decisions::default(), &()).expect("well formed");
    assert_eq!(named(&rows, &again), named(&rows, &first));
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
