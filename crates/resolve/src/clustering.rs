//! Clustering by evidence for and against, under constraints.
//!
//! Clusters grow from the strongest edges. Before two clusters are joined, a bounded number of their cross pairs is
//! compared, and the two are judged as sets of values: an attribute that an entity has once (name, birth date) speaks
//! by the mean over the pairs, one that changes (mailbox, phone, address) by its best agreement, discounted by how many
//! values were tried; the prior counts once. So a mover or a married name joins by what is shared, and a shared
//! household address alone never suffices. Nothing ever compares a component's square.

use std::collections::BinaryHeap;

use hashbrown::{HashMap, HashSet};

use crate::agreement::Memo;
use crate::model::Weights;
use crate::pattern::Pattern;
use crate::probability::{Weight, against_both, from_bits};
use crate::score::{Comparing, Edge};

/// What may never be joined, and what must be.
#[derive(Default)]
pub(crate) struct Constraints {
    /// Pairs of positions that a steward called one entity.
    pub(crate) same: Vec<(u32, u32)>,
    /// Pairs of positions that a steward called two.
    pub(crate) not_same: HashSet<(u32, u32), foldhash::fast::FixedState>,
    /// Per position a label that must not differ within a cluster (a generation suffix).
    pub(crate) suffix: Vec<Option<u32>>,
    /// Per position its source, where that source holds no duplicates.
    pub(crate) only_once: Vec<Option<u16>>,
}

/// A pair of clusters good enough to join but kept apart by a constraint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) edge: Edge,
    pub(crate) reason: CutReason,
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

/// Cross pairs compared per proposed merge.
const CROSS_PAIRS: usize = 64;

/// The clusterings at descending thresholds, each a coarsening of the one before.
pub(crate) struct Partitions {
    /// Per threshold, per position the smallest position of its cluster.
    pub(crate) clusters: Vec<Vec<u32>>,
    /// Per threshold, per smallest position the weakest merge inside its cluster.
    pub(crate) weakest: Vec<Vec<Option<Weight>>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Proposal {
    weight: Weight,
    /// Larger is preferred, so the tie goes to the smaller ids.
    tie: std::cmp::Reverse<(u32, u32)>,
    /// Merge counts of both clusters when the weight was computed; `None` where it is the weight of an edge.
    judged: Option<(u32, u32)>,
}

struct State<'s, 'c, 'r> {
    comparing: &'s Comparing<'c, 'r>,
    weights: &'s Weights,
    constraints: &'s Constraints,
    members: Vec<Vec<u32>>,
    parent: Vec<u32>,
    version: Vec<u32>,
    neighbours: Vec<HashMap<u32, Weight, foldhash::fast::FixedState>>,
    weakest: Vec<Option<Weight>>,
    apart: HashMap<u32, Vec<u32>, foldhash::fast::FixedState>,
    memo: Memo,
}

/// Clusters at each of `thresholds`, which must descend. `edges` are the scored candidates.
pub(crate) fn cluster(
    comparing: &Comparing<'_, '_>,
    weights: &Weights,
    constraints: &Constraints,
    edges: &[Edge],
    thresholds: &[Weight],
) -> Partitions {
    let n = comparing.f.len();
    let mut state = State {
        comparing,
        weights,
        constraints,
        members: (0..n as u32).map(|i| vec![i]).collect(),
        parent: (0..n as u32).collect(),
        version: vec![0; n],
        neighbours: vec![HashMap::default(); n],
        weakest: vec![None; n],
        apart: HashMap::default(),
        memo: comparing.memo(),
    };
    for &(a, b) in &constraints.not_same {
        state.apart.entry(a).or_default().push(b);
        state.apart.entry(b).or_default().push(a);
    }
    let mut heap = BinaryHeap::with_capacity(edges.len());
    for edge in edges {
        state.neighbours[edge.a as usize].insert(edge.b, edge.weight);
        state.neighbours[edge.b as usize].insert(edge.a, edge.weight);
        heap.push(Proposal { weight: edge.weight, tie: std::cmp::Reverse((edge.a, edge.b)), judged: None });
    }
    for &(a, b) in &constraints.same {
        state.join(a, b, None, &mut heap);
    }
    let mut partitions = Partitions { clusters: Vec::new(), weakest: Vec::new() };
    let mut later: Vec<Proposal> = Vec::new();
    for (index, &threshold) in thresholds.iter().enumerate() {
        let lowest = thresholds.get(index + 1..).and_then(<[Weight]>::last).copied();
        heap.extend(later.drain(..));
        while let Some(proposal) = heap.pop() {
            let std::cmp::Reverse((a, b)) = proposal.tie;
            let (x, y) = (state.find(a), state.find(b));
            if x == y {
                continue;
            }
            let versions = (state.version[x as usize], state.version[y as usize]);
            let current = (a, b) == (x, y) && proposal.judged == Some(versions);
            if current && proposal.weight >= threshold {
                state.join(x, y, Some(proposal.weight), &mut heap);
                continue;
            }
            if current {
                if lowest.is_some_and(|lowest| proposal.weight >= lowest) {
                    later.push(proposal);
                }
                continue;
            }
            let (x, y) = (x.min(y), x.max(y));
            // A proposal between clusters that have changed since is only worth judging under its present names.
            if proposal.judged.is_some() && (a, b) != (x, y) {
                continue;
            }
            if state.forbidden(x, y).is_some() {
                continue;
            }
            let weight = state.linkage(x, y);
            let versions = (state.version[x as usize], state.version[y as usize]);
            let judged = Proposal { weight, tie: std::cmp::Reverse((x, y)), judged: Some(versions) };
            if weight >= threshold {
                heap.push(judged);
            } else if lowest.is_some_and(|lowest| weight >= lowest) {
                later.push(judged);
            }
        }
        let clusters: Vec<u32> = (0..n as u32).map(|i| state.smallest(i)).collect();
        let mut weakest = vec![None; n];
        for i in 0..n as u32 {
            if state.parent[i as usize] == i {
                weakest[state.smallest(i) as usize] = state.weakest[i as usize];
            }
        }
        partitions.clusters.push(clusters);
        partitions.weakest.push(weakest);
    }
    partitions
}

impl State<'_, '_, '_> {
    fn find(&mut self, mut i: u32) -> u32 {
        while self.parent[i as usize] != i {
            let up = self.parent[self.parent[i as usize] as usize];
            self.parent[i as usize] = up;
            i = up;
        }
        i
    }

    fn smallest(&mut self, i: u32) -> u32 {
        let root = self.find(i);
        // Members are kept with the smallest first.
        self.members[root as usize][0]
    }

    fn forbidden(&self, x: u32, y: u32) -> Option<CutReason> {
        let (left, right) = (&self.members[x as usize], &self.members[y as usize]);
        let small = if left.len() <= right.len() { left } else { right };
        let other = if left.len() <= right.len() { y } else { x };
        for &member in small {
            if let Some(enemies) = self.apart.get(&member)
                && enemies.iter().any(|&enemy| self.root(enemy) == other)
            {
                return Some(CutReason::Steward);
            }
        }
        clash(&self.constraints.suffix, left, right)
            .or_else(|| meet(&self.constraints.only_once, left, right))
            .map(|()| CutReason::CannotLink)
    }

    fn root(&self, mut i: u32) -> u32 {
        while self.parent[i as usize] != i {
            i = self.parent[i as usize];
        }
        i
    }

    /// The evidence that two clusters are one entity.
    fn linkage(&mut self, x: u32, y: u32) -> Weight {
        let (left, right) = (&self.members[x as usize], &self.members[y as usize]);
        if left.len() == 1 && right.len() == 1 {
            return self.comparing.edge(left[0], right[0], self.weights, &mut self.memo).weight;
        }
        let (left, right) = representatives(left, right);
        let mut pairs: Vec<(Pattern, Vec<(Weight, Weight)>)> = Vec::with_capacity(left.len() * right.len());
        let count = self.comparing.comparisons.len();
        for &a in &left {
            for &b in &right {
                let mut pattern = 0;
                let mut tf = Vec::with_capacity(count);
                for (index, comparison) in self.comparing.comparisons.iter().enumerate() {
                    let (a, b) = (a.min(b), a.max(b));
                    let agreement = comparison.comparator.compare(self.comparing.f, a, b, index, &mut self.memo);
                    pattern = self.comparing.layout.put(pattern, index, agreement.level);
                    tf.push((agreement.tf_unrelated, agreement.tf_related));
                }
                pairs.push((pattern, tf));
            }
        }
        let (mut unrelated, mut related) = (self.weights.prior_unrelated, self.weights.prior_related);
        for (index, comparison) in self.comparing.comparisons.iter().enumerate() {
            let spoken: Vec<(Weight, Weight)> = pairs
                .iter()
                .filter_map(|(pattern, tf)| {
                    let level = usize::from(self.comparing.layout.level(*pattern, index));
                    (level > 0).then(|| {
                        let of = |table: &Vec<Vec<Weight>>| table[index][level];
                        (of(&self.weights.unrelated) + tf[index].0, of(&self.weights.related) + tf[index].1)
                    })
                })
                .collect();
            if spoken.is_empty() {
                continue;
            }
            let (u, r) = if comparison.changeable {
                let tried = |side: &[u32]| -> usize {
                    let mut seen: Vec<u64> =
                        side.iter().filter_map(|&p| comparison.comparator.signature(self.comparing.f, p)).collect();
                    seen.sort_unstable();
                    seen.dedup();
                    seen.len().max(1)
                };
                let discount = from_bits(((tried(&left) * tried(&right)) as f64).log2());
                let best = spoken.iter().copied().max().unwrap_or((0, 0));
                let lessened = |weight: Weight| if weight > 0 { (weight - discount).max(0) } else { weight };
                (lessened(best.0), best.1)
            } else {
                let n = spoken.len() as i64;
                let mean = |of: fn(&(Weight, Weight)) -> Weight| {
                    (spoken.iter().map(|pair| i64::from(of(pair))).sum::<i64>() / n) as Weight
                };
                // Where each side's value is borne out by a second record, a difference is no slip of one of them.
                let said = |side: &[u32]| {
                    side.iter().filter(|&&p| comparison.comparator.signature(self.comparing.f, p).is_some()).count()
                };
                let borne_out = said(&left) >= 2 && said(&right) >= 2;
                let sharpened = |weight: Weight| if weight < 0 && borne_out { weight * 2 } else { weight };
                (sharpened(mean(|pair| pair.0)), sharpened(mean(|pair| pair.1)))
            };
            unrelated += u;
            related += r;
        }
        against_both(unrelated, related)
    }

    fn join(&mut self, x: u32, y: u32, weight: Option<Weight>, heap: &mut BinaryHeap<Proposal>) {
        let (x, y) = (self.find(x), self.find(y));
        if x == y {
            return;
        }
        let large = |i: u32| (self.neighbours[i as usize].len(), std::cmp::Reverse(i));
        let (keep, gone) = if large(x) >= large(y) { (x, y) } else { (y, x) };
        self.parent[gone as usize] = keep;
        let moved = std::mem::take(&mut self.members[gone as usize]);
        let members = &mut self.members[keep as usize];
        members.extend(moved);
        members.sort_unstable();
        self.version[keep as usize] += 1;
        let weakest = [self.weakest[keep as usize], self.weakest[gone as usize], weight];
        self.weakest[keep as usize] = weakest.into_iter().flatten().min();
        let mut theirs: Vec<(u32, Weight)> = std::mem::take(&mut self.neighbours[gone as usize]).into_iter().collect();
        theirs.sort_unstable();
        for (other, weight) in theirs {
            let other_map = &mut self.neighbours[other as usize];
            other_map.remove(&gone);
            if other == keep {
                continue;
            }
            let best = other_map.get(&keep).map_or(weight, |&known| known.max(weight));
            other_map.insert(keep, best);
            self.neighbours[keep as usize].insert(other, best);
        }
        self.neighbours[keep as usize].remove(&gone);
        let mut around: Vec<(u32, Weight)> = self.neighbours[keep as usize].iter().map(|(&o, &w)| (o, w)).collect();
        around.sort_unstable();
        for (other, weight) in around {
            heap.push(Proposal { weight, tie: std::cmp::Reverse((keep.min(other), keep.max(other))), judged: None });
        }
    }
}

fn clash(labels: &[Option<u32>], left: &[u32], right: &[u32]) -> Option<()> {
    let first = |side: &[u32]| side.iter().find_map(|&p| labels.get(p as usize).copied().flatten());
    match (first(left), first(right)) {
        (Some(x), Some(y)) if x != y => Some(()),
        _ => None,
    }
}

fn meet(sources: &[Option<u16>], left: &[u32], right: &[u32]) -> Option<()> {
    if sources.is_empty() {
        return None;
    }
    let of = |side: &[u32]| -> HashSet<u16> { side.iter().filter_map(|&p| sources[p as usize]).collect() };
    (!of(left).is_disjoint(&of(right))).then_some(())
}

/// At most [`CROSS_PAIRS`] pairs: as many members of each side as fit, evenly spread over the members, whose order is
/// that of the hashed ids.
fn representatives(left: &[u32], right: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let side = (CROSS_PAIRS as f64).sqrt() as usize;
    let (mut l, mut r) = (left.len().min(side), right.len().min(side));
    if l < side {
        r = right.len().min(CROSS_PAIRS / l);
    } else if r < side {
        l = left.len().min(CROSS_PAIRS / r);
    }
    let spread = |members: &[u32], count: usize| (0..count).map(|i| members[i * members.len() / count]).collect();
    (spread(left, l), spread(right, r))
}

/// The edges at or above the threshold that a clustering keeps apart, each with its reason.
pub(crate) fn cuts(constraints: &Constraints, clusters: &[u32], edges: &[Edge], threshold: Weight) -> Vec<Cut> {
    edges
        .iter()
        .filter(|edge| edge.weight >= threshold && clusters[edge.a as usize] != clusters[edge.b as usize])
        .map(|&edge| {
            let label = |p: u32| constraints.suffix.get(p as usize).copied().flatten();
            let reason = match (label(edge.a), label(edge.b)) {
                _ if constraints.not_same.contains(&(edge.a, edge.b)) => CutReason::Steward,
                (Some(x), Some(y)) if x != y => CutReason::CannotLink,
                _ => CutReason::Bridge,
            };
            Cut { edge, reason }
        })
        .collect()
}
