//! Clusters against the truth: pairwise, B-cubed and exact-cluster scores, without enumerating a pair. Scored pairs
//! against the truth: [`Tallies`].
//!
//! Pairwise counts follow Hubert and Arabie (1985), B-cubed Bagga and Baldwin (1998).

mod pairs;

pub use pairs::{Band, Cut, JudgedPair, Tallies};

use hashbrown::HashMap;

/// Precision, recall and their harmonic mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Score {
    /// Share of what was claimed that is true; 1 where nothing was claimed.
    pub precision: f64,
    /// Share of what is true that was claimed; 1 where there was nothing to find.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// The three usual views on one clustering.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Evaluation {
    /// Over pairs of records; large clusters count by their square.
    pub pairwise: Score,
    /// Over records: each asks how pure and how complete its own cluster is.
    pub b_cubed: Score,
    /// Over clusters found exactly.
    pub exact_clusters: Score,
    /// Pairs that are one entity by the truth.
    pub true_pairs: u64,
    /// Pairs that share a cluster.
    pub found_pairs: u64,
    /// Pairs that are both.
    pub correct_pairs: u64,
    /// Records scored.
    pub records: u64,
}

/// Scores `clusters` against `truth`, two labels for each record in the same order. Labels are opaque.
///
/// ```
/// use goldsmith_resolve::evaluate::evaluate;
/// let found = evaluate(&[0, 0, 1, 1], &[5, 5, 5, 6]);
/// assert_eq!((found.true_pairs, found.found_pairs, found.correct_pairs), (2, 3, 1));
/// ```
#[must_use]
pub fn evaluate(truth: &[u32], clusters: &[u32]) -> Evaluation {
    let mut by_truth: HashMap<u32, u64, foldhash::fast::FixedState> = HashMap::default();
    let mut by_cluster: HashMap<u32, u64, foldhash::fast::FixedState> = HashMap::default();
    let mut by_both: HashMap<(u32, u32), u64, foldhash::fast::FixedState> = HashMap::default();
    let mut records = 0u64;
    for (&t, &c) in truth.iter().zip(clusters) {
        records += 1;
        *by_truth.entry(t).or_default() += 1;
        *by_cluster.entry(c).or_default() += 1;
        *by_both.entry((t, c)).or_default() += 1;
    }
    let true_pairs: u64 = by_truth.values().map(|&n| pairs(n)).sum();
    let found_pairs: u64 = by_cluster.values().map(|&n| pairs(n)).sum();
    let correct_pairs: u64 = by_both.values().map(|&n| pairs(n)).sum();

    // Summed in sorted order, so that the last bit does not depend on the hash table.
    let mut cells: Vec<((u32, u32), u64)> = by_both.iter().map(|(&key, &n)| (key, n)).collect();
    cells.sort_unstable();
    let (mut precision, mut recall, mut exact) = (0.0, 0.0, 0u64);
    for ((t, c), n) in cells {
        let square = (n * n) as f64;
        precision += square / by_cluster[&c] as f64;
        recall += square / by_truth[&t] as f64;
        exact += u64::from(by_cluster[&c] == n && by_truth[&t] == n);
    }
    Evaluation {
        pairwise: score(ratio(correct_pairs, found_pairs), ratio(correct_pairs, true_pairs)),
        b_cubed: if records == 0 {
            score(1.0, 1.0)
        } else {
            score(precision / records as f64, recall / records as f64)
        },
        exact_clusters: score(ratio(exact, by_cluster.len() as u64), ratio(exact, by_truth.len() as u64)),
        true_pairs,
        found_pairs,
        correct_pairs,
        records,
    }
}

/// A group of records that holds several labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mixture {
    /// The group.
    pub group: u32,
    /// Its records.
    pub records: u64,
    /// Labels among them.
    pub labels: u64,
    /// Pairs of its records whose labels differ.
    pub pairs: u64,
}

/// The groups that hold several labels, those with most pairs of unlike records first. With clusters as groups and the
/// truth as labels these are wrong clusters; the other way round they are entities that were split.
///
/// ```
/// use goldsmith_resolve::evaluate::mixtures;
/// let wrong = mixtures(&[7, 7, 7, 8, 8], &[0, 0, 1, 2, 2]);
/// assert_eq!((wrong.len(), wrong[0].group, wrong[0].labels, wrong[0].pairs), (1, 7, 2, 2));
/// ```
#[must_use]
pub fn mixtures(groups: &[u32], labels: &[u32]) -> Vec<Mixture> {
    let mut cells: HashMap<(u32, u32), u64, foldhash::fast::FixedState> = HashMap::default();
    for (&group, &label) in groups.iter().zip(labels) {
        *cells.entry((group, label)).or_default() += 1;
    }
    let mut found: HashMap<u32, Mixture, foldhash::fast::FixedState> = HashMap::default();
    for (&(group, _), &n) in &cells {
        let mixture = found.entry(group).or_insert(Mixture { group, records: 0, labels: 0, pairs: 0 });
        // The records of this cell meet those of the cells before it.
        mixture.pairs += mixture.records * n;
        mixture.records += n;
        mixture.labels += 1;
    }
    let mut found: Vec<Mixture> = found.into_values().filter(|mixture| mixture.labels > 1).collect();
    found.sort_unstable_by_key(|mixture| (std::cmp::Reverse(mixture.pairs), mixture.group));
    found
}

fn pairs(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn score(precision: f64, recall: f64) -> Score {
    let sum = precision + recall;
    Score { precision, recall, f1: if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example() {
        // Truth {a,b,c} {d}; found {a,b} {c,d}.
        let found = evaluate(&[1, 1, 1, 2], &[7, 7, 8, 8]);
        assert_eq!(found.pairwise.precision, 0.5);
        assert!((found.pairwise.recall - 1.0 / 3.0).abs() < 1e-12);
        // Record by record: precision 1, 1, 1/2, 1/2; recall 2/3, 2/3, 1/3, 1.
        assert!((found.b_cubed.precision - 0.75).abs() < 1e-12);
        assert!((found.b_cubed.recall - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.exact_clusters.f1, 0.0);
    }

    #[test]
    fn mixtures_count_unlike_pairs_and_the_worst_comes_first() {
        // {a,a,b} has 2 unlike pairs, {c,d,e,e} has 6 - 1, {f,f} has none.
        let found = mixtures(&[1, 1, 1, 2, 2, 2, 2, 3, 3], &[10, 10, 11, 12, 13, 14, 14, 15, 15]);
        assert_eq!(
            found,
            [
                Mixture { group: 2, records: 4, labels: 3, pairs: 5 },
                Mixture { group: 1, records: 3, labels: 2, pairs: 2 },
            ]
        );
    }

    #[test]
    fn nothing_is_perfect() {
        let found = evaluate(&[], &[]);
        assert_eq!(found.pairwise.f1, 1.0);
        assert_eq!(found.b_cubed.f1, 1.0);
    }

    #[test]
    fn labels_are_opaque() {
        assert_eq!(evaluate(&[9, 9, 4], &[0, 0, 1]).exact_clusters.f1, 1.0);
    }
}
