//! Stewards are obeyed, and facts about sources are.

use goldsmith_resolve::{Decisions, Options, Overrides, PairDecision, RecordId, ResolveError, explain, resolve};

use crate::people::{population, records, run};

fn id(key: &str) -> RecordId {
    RecordId::of("test", key)
}

#[test]
fn decisions_are_obeyed() {
    let rows = population(300, 8);
    let free = run(&rows, &Decisions::default());
    let joined = free.pairs.iter().find(|p| p.decision == PairDecision::Match).expect("something matches");
    let (a, b) = (joined.left as usize, joined.right as usize);
    let stranger = (0..rows.len()).find(|&row| rows[row].person != rows[a].person).expect("there are others");

    let apart = Decisions { not_same: vec![(id(&rows[a].key), id(&rows[b].key))], ..Decisions::default() };
    let found = run(&rows, &apart);
    assert_ne!(found.cluster_of[a], found.cluster_of[b]);
    assert!(found.pairs.iter().any(|p| p.decision == PairDecision::ForcedNoMatch));

    let together = Decisions { same: vec![(id(&rows[a].key), id(&rows[stranger].key))], ..Decisions::default() };
    let found = run(&rows, &together);
    assert_eq!(found.cluster_of[a], found.cluster_of[stranger]);
    assert!(found.pairs.iter().any(|p| p.decision == PairDecision::ForcedMatch));

    let absent = Decisions { same: vec![(id("nobody"), id(&rows[0].key))], ..Decisions::default() };
    assert_eq!(run(&rows, &absent).cluster_of, free.cluster_of);
}

/// The rows of each cluster of at least two.
fn profiles(cluster_of: &[u32]) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); cluster_of.iter().max().map_or(0, |last| *last as usize + 1)];
    cluster_of.iter().enumerate().for_each(|(row, cluster)| rows[*cluster as usize].push(row));
    rows.retain(|rows| rows.len() > 1);
    rows
}

#[test]
fn two_profiles_that_are_one_keep_all_their_records() {
    let rows = population(300, 8);
    let free = run(&rows, &Decisions::default());
    let profiles = profiles(&free.cluster_of);
    let k = |row: usize| id(&rows[row].key);
    // The same model: it would learn from the decisions.
    let run = |decisions: &Decisions| {
        let options = Options::default();
        resolve(&mut records(&rows), &options, Some(&free.model), decisions, &()).expect("well formed")
    };
    for three in profiles.chunks_exact(3).take(20) {
        let [a, b, c] = three else { unreachable!() };
        let same = vec![(k(a[0]), k(b[1])), (k(b[0]), k(c[0]))];
        let found = run(&Decisions { same: same.clone(), ..Decisions::default() });
        for clusters in [&found.cluster_of, &found.cluster_conservative, &found.cluster_wide] {
            assert_eq!(clusters[a[0]], clusters[b[1]]);
        }
        let all: Vec<usize> = three.iter().flatten().copied().collect();
        assert!(all.iter().all(|&row| found.cluster_of[row] == found.cluster_of[a[0]]), "{all:?} were torn apart");
        let with = |clusters: &[u32]| clusters.iter().filter(|&&of| of == clusters[a[0]]).count();
        assert_eq!(with(&found.cluster_of), all.len(), "nothing else joins");
        // Where one record of them is not the same as one of another, every decision is still obeyed.
        let apart = Decisions { same, not_same: vec![(k(a[1]), k(c[1]))] };
        let found = run(&apart).cluster_of;
        assert_ne!(found[a[1]], found[c[1]]);
        assert!(found[a[0]] == found[b[1]] && found[b[0]] == found[c[0]]);
    }
}

#[test]
fn contradicting_decisions_are_refused() {
    let rows = population(20, 9);
    let k = |i: usize| id(&rows[i].key);
    let decisions = Decisions { same: vec![(k(0), k(1)), (k(1), k(2))], not_same: vec![(k(2), k(0))] };
    let error = resolve(&mut records(&rows), &Options::default(), None, &decisions, &()).expect_err("0 = 1 = 2 ≠ 0");
    assert!(matches!(error, ResolveError::ContradictingDecisions { .. }), "{error}");
}

#[test]
fn a_source_without_duplicates_keeps_its_records_apart() {
    let mut rows = population(200, 10);
    for row in &mut rows {
        row.source = 0;
    }
    let mut all = records(&rows);
    all.duplicates_none = vec![true];
    let found = resolve(&mut all.clone(), &Options::default(), None, &Decisions::default(), &()).expect("well formed");
    assert_eq!(found.confidence.len(), rows.len());
    assert!(found.model.prior_same < 0.01, "the model is one for more sources too: {}", found.model.prior_same);
}

#[test]
fn an_explanation_adds_up() {
    let rows = population(300, 12);
    let all = records(&rows);
    let found = run(&rows, &Decisions::default());
    for pair in found.pairs.iter().take(50) {
        let why = explain(
            &mut all.clone(),
            &Options::default(),
            &found.model,
            &Decisions::default(),
            pair.left as usize,
            pair.right as usize,
        )
        .expect("well formed")
        .expect("both rows exist");
        assert_eq!(why.weight, pair.weight);
        let sum = why.prior + why.steps.iter().map(|step| step.weight + step.tf_adjust).sum::<i32>();
        assert_eq!(sum, why.against_unrelated);
        assert!(why.rules.iter().any(|(_, shared)| *shared), "a candidate shares a key");
    }
}

#[test]
fn unknown_names_are_refused_with_the_valid_ones() {
    let rows = population(20, 13);
    let with = |overrides| Options { overrides, ..Options::default() };
    let run = |options: &Options| resolve(&mut records(&rows), options, None, &Decisions::default(), &()).map(|_| ());
    let error =
        run(&with(Overrides { without: vec!["emial".into()], blocking: None })).expect_err("no such comparison");
    assert!(error.to_string().contains("emial") && error.to_string().contains("email"), "{error}");
    let error = run(&with(Overrides { without: Vec::new(), blocking: Some(vec![vec!["fone".into()]]) }))
        .expect_err("no such key");
    assert!(error.to_string().contains("fone") && error.to_string().contains("phone"), "{error}");
    let many = |rules: usize| Some(vec![vec!["phone".into()]; rules]);
    let error = run(&with(Overrides { without: Vec::new(), blocking: many(33) })).expect_err("too many rules");
    assert!(error.to_string().contains("33 blocking rules where 32 are the most"), "{error}");
    assert!(run(&with(Overrides { without: Vec::new(), blocking: many(32) })).is_ok());
}

#[test]
fn a_model_for_other_columns_is_refused() {
    let rows = population(50, 14);
    let model = run(&rows, &Decisions::default()).model;
    let mut fewer = records(&rows);
    fewer.columns.retain(|column| column.name != "email");
    let error = resolve(&mut fewer.clone(), &Options::default(), Some(&model), &Decisions::default(), &())
        .expect_err("no e-mail here");
    assert!(matches!(&error, ResolveError::ModelMismatch { difference } if difference.contains("email")), "{error}");
}
