//! What may never be joined, what must be, and why a good pair was kept apart.

use hashbrown::{HashMap, HashSet};

use crate::error::ResolveError;
use crate::features::Features;
use crate::probability::Weight;
use crate::records::{ColumnKind, RecordId};
use crate::resolve::Decisions;
use crate::score::Edge;
use crate::union_find::UnionFind;

/// Facts and decisions that no evidence overrules.
#[derive(Default)]
pub(crate) struct Constraints {
    /// Pairs of positions that a steward called one entity.
    pub(crate) same: Vec<(u32, u32)>,
    /// Pairs of positions that a steward called two.
    pub(crate) not_same: HashSet<(u32, u32), foldhash::fast::FixedState>,
    /// Per position a label that must not differ within a cluster (a generation suffix); empty where there is none.
    pub(crate) suffix: Vec<Option<u32>>,
    /// Per position its source, where that source holds no duplicates; empty where every source may.
    pub(crate) only_once: Vec<Option<u16>>,
}

/// Why a pair above the threshold is not in one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutReason {
    /// The evidence of the other members speaks against it.
    Bridge,
    /// Different generation suffixes, or two records of a source without duplicates.
    CannotLink,
    /// A steward said that members of the two clusters are two entities.
    Steward,
}

impl Constraints {
    /// # Errors
    /// Where decisions contradict each other.
    pub(crate) fn new(f: &Features<'_>, decisions: &Decisions) -> Result<Self, ResolveError> {
        let mut positions: HashMap<RecordId, u32, foldhash::fast::FixedState> = HashMap::default();
        if !decisions.same.is_empty() || !decisions.not_same.is_empty() {
            positions.extend((0..f.len() as u32).map(|position| (f.id(position), position)));
        }
        let known = |pairs: &[(RecordId, RecordId)]| -> Vec<(u32, u32)> {
            let mut list: Vec<(u32, u32)> = pairs
                .iter()
                .filter_map(|(a, b)| Some((*positions.get(a)?, *positions.get(b)?)))
                .map(|(a, b)| (a.min(b), a.max(b)))
                .filter(|(a, b)| a != b)
                .collect();
            list.sort_unstable();
            list.dedup();
            list
        };
        let same = known(&decisions.same);
        let not_same: HashSet<(u32, u32), foldhash::fast::FixedState> =
            known(&decisions.not_same).into_iter().collect();
        if let Some((a, b)) = contradiction(f.len(), &same, &not_same) {
            return Err(ResolveError::ContradictingDecisions { left: f.id(a), right: f.id(b) });
        }
        let suffix = match f.of_kind(&ColumnKind::NameSuffix).first() {
            Some(&field) => (0..f.len() as u32).map(|p| f.values(field, p).first().copied()).collect(),
            None => Vec::new(),
        };
        let only_once = if f.records.duplicates_none.contains(&true) {
            (0..f.len() as u32)
                .map(|p| {
                    let source = f.source(p);
                    f.records.duplicates_none.get(usize::from(source)).copied().unwrap_or(false).then_some(source)
                })
                .collect()
        } else {
            Vec::new()
        };
        Ok(Self { same, not_same, suffix, only_once })
    }

    pub(crate) fn suffix(&self, position: u32) -> Option<u32> {
        self.suffix.get(position as usize).copied().flatten()
    }

    pub(crate) fn only_once(&self, position: u32) -> Option<u16> {
        self.only_once.get(position as usize).copied().flatten()
    }

    /// The edges at or above the threshold that a clustering keeps apart, each with its reason.
    pub(crate) fn cuts(&self, clusters: &[u32], edges: &[Edge], threshold: Weight) -> Vec<((u32, u32), CutReason)> {
        let of = |p: u32| clusters[p as usize];
        let mut suffixes: HashMap<u32, u32, foldhash::fast::FixedState> = HashMap::default();
        let mut sources: HashSet<(u32, u16), foldhash::fast::FixedState> = HashSet::default();
        for position in 0..clusters.len() as u32 {
            if let Some(label) = self.suffix(position) {
                suffixes.entry(of(position)).or_insert(label);
            }
            if let Some(source) = self.only_once(position) {
                sources.insert((of(position), source));
            }
        }
        let mut all_sources: Vec<u16> = sources.iter().map(|entry| entry.1).collect();
        all_sources.sort_unstable();
        all_sources.dedup();
        let decided: HashSet<(u32, u32), foldhash::fast::FixedState> =
            self.not_same.iter().map(|&(a, b)| (of(a), of(b))).flat_map(|(x, y)| [(x, y), (y, x)]).collect();
        edges
            .iter()
            .filter(|edge| edge.weight >= threshold && of(edge.a) != of(edge.b))
            .map(|edge| {
                let (x, y) = (of(edge.a), of(edge.b));
                let clash = matches!((suffixes.get(&x), suffixes.get(&y)), (Some(left), Some(right)) if left != right);
                let meet = || all_sources.iter().any(|&s| sources.contains(&(x, s)) && sources.contains(&(y, s)));
                let reason = match () {
                    () if decided.contains(&(x, y)) => CutReason::Steward,
                    () if clash || meet() => CutReason::CannotLink,
                    () => CutReason::Bridge,
                };
                ((edge.a, edge.b), reason)
            })
            .collect()
    }
}

/// The smallest pair of that many records that is called different although a chain of "same" joins it.
fn contradiction(
    records: usize,
    same: &[(u32, u32)],
    not_same: &HashSet<(u32, u32), foldhash::fast::FixedState>,
) -> Option<(u32, u32)> {
    let mut groups = UnionFind::new(if same.is_empty() { 0 } else { records });
    same.iter().for_each(|&(a, b)| groups.join(a, b));
    not_same.iter().copied().filter(|&(a, b)| !same.is_empty() && groups.root(a) == groups.root(b)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_names_what_forbids_it_for_any_member() {
        // Three pairs of clusters: {0, 1} and {2, 3}, and so on; the edge is never between the members that clash.
        let clusters = [0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10];
        let mut constraints =
            Constraints { suffix: vec![None; 12], only_once: vec![None; 12], ..Constraints::default() };
        constraints.not_same.insert((1, 3));
        (constraints.suffix[5], constraints.suffix[7]) = (Some(1), Some(2));
        let edge = |a: u32, b: u32, weight| Edge {
            a,
            b,
            pattern: 0,
            rules: 0,
            tf_unrelated: 0,
            weight,
            decision: crate::PairDecision::NoMatch,
        };
        let edges = [edge(0, 1, 9), edge(0, 2, 9), edge(4, 6, 9), edge(8, 10, 9), edge(8, 11, 1)];
        let bridge = [((0, 2), CutReason::Steward), ((4, 6), CutReason::CannotLink), ((8, 10), CutReason::Bridge)];
        assert_eq!(constraints.cuts(&clusters, &edges, 5), bridge);
        (constraints.only_once[9], constraints.only_once[11]) = (Some(3), Some(3));
        assert_eq!(constraints.cuts(&clusters, &edges, 5)[2].1, CutReason::CannotLink);
    }
}
