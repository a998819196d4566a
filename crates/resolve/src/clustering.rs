//! Clustering by evidence for and against, under constraints.
//!
//! The scored pairs fall into connected components, and each is resolved by itself: what lies in another component
//! cannot matter. Within one, clusters grow from the strongest edges; before two are joined, `linkage` judges them as
//! sets of values. A pair of clusters is judged again only when one of them has grown by half, so the work is bounded
//! by the number of edges times the logarithm of the largest cluster, and nothing ever compares a component's square.
//!
//! Clusters that a steward called one grow apart, because what sets them apart would speak against every record that
//! belongs to one of them; they are put together at the end. Until then they are one for what a cluster may not hold.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::constraints::Constraints;
use crate::features::Features;
use crate::linkage::{CROSS_PAIRS, Linkage};
use crate::model::Weights;
use crate::probability::Weight;
use crate::score::{Comparing, Edge};
use crate::union_find::UnionFind;

/// The clusterings at descending thresholds, each a coarsening of the one before.
pub(crate) struct Partitions {
    /// Per threshold, per position the member of its cluster with the smallest id.
    pub(crate) clusters: Vec<Vec<u32>>,
    /// Per threshold, for such a member the weakest merge inside its cluster; [`Weight::MAX`] where there was none.
    pub(crate) weakest: Vec<Vec<Weight>>,
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
    let components = Components::new(comparing.f, edges, constraints);
    let found: Vec<Partition> = thresholds.iter().map(|_| Partition::new(n)).collect();
    let resolve = |linkage: &mut Linkage<'_, '_, '_>, index: usize| {
        let (members, edges) = components.of(index, edges);
        let decided = components.decided(index);
        Growth::new(members, edges, decided, constraints, &components.index).run(linkage, thresholds, &found);
    };
    // One component is often far larger than all others; the sooner it begins, the less the others wait for it.
    let largest = components.largest();
    rayon::join(
        || largest.into_iter().for_each(|index| resolve(&mut Linkage::new(comparing, weights), index)),
        || {
            (0..components.len()).into_par_iter().with_min_len(64).for_each_init(
                || Linkage::new(comparing, weights),
                |linkage, index| {
                    if Some(index) != largest {
                        resolve(linkage, index);
                    }
                },
            );
        },
    );
    let (clusters, weakest) = found.into_iter().map(Partition::finish).unzip();
    Partitions { clusters, weakest }
}

/// The clusters at one threshold while components are resolved side by side; each writes the places of its own records.
struct Partition {
    cluster: Vec<AtomicU32>,
    weakest: Vec<AtomicI32>,
}

impl Partition {
    /// Each record by itself.
    fn new(n: usize) -> Self {
        Self {
            cluster: (0..n as u32).map(AtomicU32::new).collect(),
            weakest: (0..n).map(|_| AtomicI32::new(Weight::MAX)).collect(),
        }
    }

    /// Puts a record into the cluster of the member with the smallest id.
    fn put(&self, position: u32, smallest: u32, weakest: Option<Weight>) {
        self.cluster[position as usize].store(smallest, Ordering::Relaxed);
        if position == smallest
            && let Some(weakest) = weakest
        {
            self.weakest[position as usize].store(weakest, Ordering::Relaxed);
        }
    }

    fn finish(self) -> (Vec<u32>, Vec<Weight>) {
        let cluster = self.cluster.into_iter().map(AtomicU32::into_inner).collect();
        (cluster, self.weakest.into_iter().map(AtomicI32::into_inner).collect())
    }
}

/// The connected components of at least two records, and their edges.
struct Components {
    member_ends: Vec<u32>,
    members: Vec<u32>,
    edge_ends: Vec<u32>,
    edges: Vec<u32>,
    /// Per position its index among the members of its component.
    index: Vec<u32>,
    /// What a steward said of two records of one component, by component.
    decided: HashMap<usize, Decided, foldhash::fast::FixedState>,
}

/// Pairs of positions that a steward decided.
#[derive(Default)]
struct Decided {
    same: Vec<(u32, u32)>,
    not_same: Vec<(u32, u32)>,
}

impl Components {
    fn new(f: &Features<'_>, edges: &[Edge], constraints: &Constraints) -> Self {
        let n = f.len();
        // The smallest position is the root, so components are numbered in the order of their first record.
        let mut joined = UnionFind::new(n);
        for (a, b) in edges.iter().map(|edge| (edge.a, edge.b)).chain(constraints.same.iter().copied()) {
            joined.join(a, b);
        }
        let mut sizes = vec![0u32; n];
        for position in 0..n as u32 {
            sizes[joined.find(position) as usize] += 1;
        }
        let mut number = vec![u32::MAX; n];
        let mut member_ends = Vec::new();
        for root in (0..n).filter(|&root| sizes[root] > 1) {
            number[root] = member_ends.len() as u32;
            member_ends.push(sizes[root]);
        }
        let mut next = starts(&mut member_ends);
        let mut members = vec![0; member_ends.last().map_or(0, |&end| end as usize)];
        let mut index = vec![0; n];
        for position in 0..n as u32 {
            let component = number[joined.root(position) as usize];
            if component != u32::MAX {
                let place = &mut next[component as usize];
                members[*place as usize] = position;
                *place += 1;
            }
        }
        let mut start = 0;
        for &end in &member_ends {
            // Ids are hashes: in their order a component's first members are a sample of it.
            let members = &mut members[start as usize..end as usize];
            members.sort_unstable_by_key(|&position| f.rank(position));
            for (&position, place) in members.iter().zip(0..) {
                index[position as usize] = place;
            }
            start = end;
        }
        let component_at = |position: u32| number[joined.root(position) as usize] as usize;
        let mut decided: HashMap<usize, Decided, foldhash::fast::FixedState> = HashMap::default();
        for &pair in &constraints.same {
            decided.entry(component_at(pair.0)).or_default().same.push(pair);
        }
        for &pair in constraints.not_same.iter().filter(|pair| component_at(pair.0) == component_at(pair.1)) {
            decided.entry(component_at(pair.0)).or_default().not_same.push(pair);
        }
        let component_of = |edge: &Edge| component_at(edge.a);
        let mut edge_ends = vec![0u32; member_ends.len()];
        for edge in edges {
            edge_ends[component_of(edge)] += 1;
        }
        let mut next = starts(&mut edge_ends);
        let mut grouped = vec![0; edges.len()];
        for (number, edge) in edges.iter().enumerate() {
            let place = &mut next[component_of(edge)];
            grouped[*place as usize] = number as u32;
            *place += 1;
        }
        Self { member_ends, members, edge_ends, edges: grouped, index, decided }
    }

    /// What a steward said of two records of a component.
    fn decided(&self, index: usize) -> Option<&Decided> {
        self.decided.get(&index)
    }

    fn len(&self) -> usize {
        self.member_ends.len()
    }

    /// The component with most edges.
    fn largest(&self) -> Option<usize> {
        let start = |index: usize| if index == 0 { 0 } else { self.edge_ends[index - 1] };
        (0..self.len()).max_by_key(|&index| self.edge_ends[index] - start(index))
    }

    /// The members of a component in the order of their ids, and its edges.
    fn of<'e>(&self, index: usize, edges: &'e [Edge]) -> (&[u32], impl Iterator<Item = &'e Edge>) {
        let range = |ends: &[u32]| if index == 0 { 0 } else { ends[index - 1] as usize }..ends[index] as usize;
        let of_component = &self.edges[range(&self.edge_ends)];
        (&self.members[range(&self.member_ends)], of_component.iter().map(|&edge| &edges[edge as usize]))
    }
}

/// Turns counts into ends, and returns the starts.
fn starts(counts: &mut [u32]) -> Vec<u32> {
    let mut sum = 0;
    counts
        .iter_mut()
        .map(|count| {
            let start = sum;
            sum += *count;
            *count = sum;
            start
        })
        .collect()
}

/// Two clusters that may be one, the more probable the sooner.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Proposal {
    weight: Weight,
    /// Larger is preferred, so the tie goes to the smaller ids.
    pair: Reverse<(u32, u32)>,
    /// Generations of both clusters when they were judged; `None` where the weight is that of their best edge.
    judged: Option<(u32, u32)>,
}

/// What is known of two neighbouring clusters.
struct Neighbours {
    best_edge: Weight,
    /// Generations at the last judgment.
    judged: Option<(u32, u32)>,
}

/// One cluster while it grows.
struct Cluster {
    size: u32,
    /// Its members with the smallest ids, at most [`CROSS_PAIRS`], ascending.
    sample: Vec<u32>,
    neighbours: Vec<u32>,
    weakest: Option<Weight>,
}

/// What forbids that a cluster is joined to another, or clusters that a steward called one.
#[derive(Default)]
struct Guard {
    suffix: Option<u32>,
    /// Sources without duplicates that it has a record of.
    sources: Vec<u16>,
    /// Records that a steward keeps out of it.
    enemies: Vec<u32>,
}

/// Grows the clusters of one component; records are indexes into `members`.
struct Growth<'g> {
    members: &'g [u32],
    joined: UnionFind,
    clusters: Vec<Cluster>,
    between: HashMap<(u32, u32), Neighbours, foldhash::fast::FixedState>,
    heap: BinaryHeap<Proposal>,
    /// Which records are one where a steward called clusters one; none where he called none so.
    groups: Option<UnionFind>,
    /// By group, or by cluster where there are no groups.
    guards: Vec<Guard>,
}

impl<'g> Growth<'g> {
    fn new<'e>(
        members: &'g [u32],
        edges: impl Iterator<Item = &'e Edge>,
        decided: Option<&Decided>,
        constraints: &Constraints,
        index: &[u32],
    ) -> Self {
        let local = |position: u32| index[position as usize];
        let clusters = (0..members.len() as u32)
            .map(|i| Cluster { size: 1, sample: vec![i], neighbours: Vec::new(), weakest: None })
            .collect();
        let guards = members
            .iter()
            .map(|&position| Guard {
                suffix: constraints.suffix(position),
                sources: constraints.only_once(position).into_iter().collect(),
                enemies: Vec::new(),
            })
            .collect();
        let mut growth = Self {
            members,
            joined: UnionFind::new(members.len()),
            clusters,
            between: HashMap::default(),
            heap: BinaryHeap::new(),
            groups: None,
            guards,
        };
        for edge in edges {
            let (a, b) = (local(edge.a), local(edge.b));
            let (a, b) = (a.min(b), a.max(b));
            growth.neighbour(a, b, edge.weight);
            growth.heap.push(Proposal { weight: edge.weight, pair: Reverse((a, b)), judged: None });
        }
        let Some(decided) = decided else { return growth };
        for &(a, b) in &decided.not_same {
            growth.guards[local(a) as usize].enemies.push(local(b));
            growth.guards[local(b) as usize].enemies.push(local(a));
        }
        if !decided.same.is_empty() {
            growth.groups = Some(UnionFind::new(members.len()));
        }
        for &(a, b) in &decided.same {
            growth.guard_as_one(local(a), local(b));
        }
        growth
    }

    fn neighbour(&mut self, a: u32, b: u32, weight: Weight) {
        let known = self.between.entry((a.min(b), a.max(b))).or_insert_with(|| {
            self.clusters[a as usize].neighbours.push(b);
            self.clusters[b as usize].neighbours.push(a);
            Neighbours { best_edge: weight, judged: None }
        });
        known.best_edge = known.best_edge.max(weight);
    }

    /// Finds the clusters of the component at each of the thresholds.
    fn run(mut self, linkage: &mut Linkage<'_, '_, '_>, thresholds: &[Weight], found: &[Partition]) {
        if self.members.len() > 2 {
            linkage.start(self.members);
        }
        let mut later: Vec<Proposal> = Vec::new();
        let lowest = thresholds.last().copied().unwrap_or(Weight::MAX);
        for (found, &threshold) in found.iter().zip(thresholds) {
            self.heap.extend(later.drain(..));
            while let Some(proposal) = self.heap.pop() {
                let Reverse((a, b)) = proposal.pair;
                let (x, y) = (self.joined.find(a), self.joined.find(b));
                let (x, y) = (x.min(y), x.max(y));
                if x == y || self.forbidden(x, y) {
                    continue;
                }
                let generations =
                    (generation(self.clusters[x as usize].size), generation(self.clusters[y as usize].size));
                if let Some(at) = proposal.judged {
                    // Clusters that have grown since were proposed anew when they did.
                    if (a, b) != (x, y) || at != generations {
                        continue;
                    }
                    if proposal.weight >= threshold {
                        self.join(x, y, proposal.weight);
                    } else {
                        later.push(proposal);
                    }
                    continue;
                }
                let Some(known) = self.between.get_mut(&(x, y)) else { continue };
                if known.judged == Some(generations) {
                    continue;
                }
                known.judged = Some(generations);
                let (left, right) = (&self.clusters[x as usize], &self.clusters[y as usize]);
                let weight = if left.size == 1 && right.size == 1 {
                    known.best_edge
                } else {
                    linkage.between(self.members, &left.sample, &right.sample)
                };
                let judged = Proposal { weight, pair: Reverse((x, y)), judged: Some(generations) };
                if weight >= threshold && self.heap.peek().is_none_or(|next| *next <= judged) {
                    self.join(x, y, weight);
                } else if weight >= threshold {
                    self.heap.push(judged);
                } else if weight >= lowest {
                    later.push(judged);
                }
            }
            self.tell(found);
        }
    }

    /// Writes the clusters as they are now, those that a steward called one put together.
    fn tell(&mut self, found: &Partition) {
        let Some(called_one) = &mut self.groups else {
            for (i, &position) in (0..).zip(self.members) {
                let cluster = &self.clusters[self.joined.find(i) as usize];
                if cluster.size > 1 {
                    found.put(position, self.members[cluster.sample[0] as usize], cluster.weakest);
                }
            }
            return;
        };
        // Members are in the order of their ids: the first that is met of a group is its smallest.
        let mut groups: HashMap<u32, (u32, Option<Weight>), foldhash::fast::FixedState> = HashMap::default();
        for (i, &position) in (0..).zip(self.members) {
            let weakest = self.clusters[self.joined.find(i) as usize].weakest;
            let known = groups.entry(called_one.find(i)).or_insert((position, None));
            known.1 = [known.1, weakest].into_iter().flatten().min();
        }
        for (i, &position) in (0..).zip(self.members) {
            let (smallest, weakest) = groups[&called_one.find(i)];
            found.put(position, smallest, weakest);
        }
    }

    /// The group of a cluster, given by a record of it; the cluster itself where there are no groups.
    fn group_of(&self, record: u32) -> u32 {
        self.groups.as_ref().unwrap_or(&self.joined).root(record)
    }

    fn forbidden(&self, x: u32, y: u32) -> bool {
        let (x, y) = (self.group_of(x), self.group_of(y));
        if x == y {
            return false;
        }
        let (left, right) = (&self.guards[x as usize], &self.guards[y as usize]);
        let (few, other) = if left.enemies.len() <= right.enemies.len() { (left, y) } else { (right, x) };
        matches!((left.suffix, right.suffix), (Some(p), Some(q)) if p != q)
            || left.sources.iter().any(|source| right.sources.contains(source))
            || few.enemies.iter().any(|&enemy| self.group_of(enemy) == other)
    }

    /// From now on what forbids one of two groups, or clusters, forbids the other too.
    fn guard_as_one(&mut self, keep: u32, gone: u32) {
        let (keep, gone) = match &mut self.groups {
            None => (keep, gone),
            Some(groups) => {
                let (x, y) = (groups.find(keep), groups.find(gone));
                groups.join(x, y);
                (x.min(y), x.max(y))
            }
        };
        if keep == gone {
            return;
        }
        let other = std::mem::take(&mut self.guards[gone as usize]);
        let guard = &mut self.guards[keep as usize];
        guard.suffix = guard.suffix.or(other.suffix);
        guard.sources.extend(other.sources);
        guard.enemies.extend(other.enemies);
    }

    fn join(&mut self, x: u32, y: u32, weight: Weight) {
        let (x, y) = (self.joined.find(x), self.joined.find(y));
        if x == y {
            return;
        }
        let rank = |i: u32| (self.clusters[i as usize].neighbours.len(), Reverse(i));
        let (keep, gone) = if rank(x) >= rank(y) { (x, y) } else { (y, x) };
        self.joined.join_roots(keep, gone);
        self.guard_as_one(keep, gone);
        let nothing = Cluster { size: 0, sample: Vec::new(), neighbours: Vec::new(), weakest: None };
        let other = std::mem::replace(&mut self.clusters[gone as usize], nothing);
        let cluster = &mut self.clusters[keep as usize];
        let before = generation(cluster.size);
        cluster.size += other.size;
        let grown = generation(cluster.size) > before;
        cluster.sample.extend(other.sample);
        cluster.sample.sort_unstable();
        cluster.sample.truncate(CROSS_PAIRS);
        cluster.weakest = [cluster.weakest, other.weakest, Some(weight)].into_iter().flatten().min();
        self.between.remove(&(keep.min(gone), keep.max(gone)));
        let mut moved = Vec::with_capacity(other.neighbours.len());
        for z in other.neighbours {
            // A neighbour that has been joined to something since handed its edges on.
            if let Some(known) = self.between.remove(&(gone.min(z), gone.max(z))) {
                self.neighbour(keep, z, known.best_edge);
                moved.push(z);
            }
        }
        if grown {
            let mut around = std::mem::take(&mut self.clusters[keep as usize].neighbours);
            around.retain(|&z| self.between.contains_key(&(keep.min(z), keep.max(z))));
            moved.clone_from(&around);
            self.clusters[keep as usize].neighbours = around;
        }
        for z in moved {
            let pair = (keep.min(z), keep.max(z));
            if let Some(known) = self.between.get_mut(&pair) {
                known.judged = None;
                self.heap.push(Proposal { weight: known.best_edge, pair: Reverse(pair), judged: None });
            }
        }
    }
}

/// Rises when a cluster has grown by half: at 2, 3, 4, 6, 9, 13 … records.
fn generation(size: u32) -> u32 {
    let (mut checkpoint, mut generation) = (1u32, 0);
    while checkpoint <= size {
        generation += 1;
        checkpoint += (checkpoint / 2).max(1);
    }
    generation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraints::Constraints;
    use crate::records::{ColumnBuilder, ColumnKind, EntityType, RecordId, Records};
    use crate::resolve::{Decisions, Options, prepare, resolve};

    const GIVEN: [&str; 5] = ["anna", "anne", "bertram", "bert", "karla"];
    const FAMILY: [&str; 4] = ["smith", "smyth", "jones", "okonkwo"];
    const BORN: [&str; 3] = ["1950-01-01", "1950-01-10", "1988-06-06"];
    const EMAIL: [&str; 4] = ["a.s@example.org", "bluebird@example.org", "b.j@example.org", ""];
    const PHONE: [&str; 3] = ["+15550000001", "+15550000002", ""];

    /// Records drawn from few values, so that every degree of likeness occurs.
    fn drawn(seed: u64, count: u64) -> Records {
        let column = |name: &str, kind: ColumnKind, values: &[&str], salt: u64| {
            let mut builder = ColumnBuilder::new(name, kind);
            for record in 0..count {
                let value = values[(crate::features::mix(seed ^ salt, record) % values.len() as u64) as usize];
                builder.push_record(Some(value).filter(|value| !value.is_empty()));
            }
            builder.finish()
        };
        Records {
            ids: (0..count).map(|record| RecordId::of("test", &format!("{seed}-{record}"))).collect(),
            source: vec![0; count as usize],
            columns: vec![
                column("given_name", ColumnKind::GivenName, &GIVEN, 1),
                column("family_name", ColumnKind::FamilyName, &FAMILY, 2),
                column("birth_date", ColumnKind::BirthDate, &BORN, 3),
                column("email", ColumnKind::Email, &EMAIL, 4),
                column("phone", ColumnKind::Phone, &PHONE, 5),
            ],
            entity: EntityType::Person,
            duplicates_none: vec![false],
        }
    }

    /// Every partition of `n` elements, as restricted growth strings.
    fn partitions(n: usize) -> Vec<Vec<u32>> {
        (0..n).fold(vec![Vec::new()], |all, _| {
            all.into_iter()
                .flat_map(|partition: Vec<u32>| {
                    let next = partition.iter().max().map_or(0, |&most| most + 1);
                    (0..=next).map(move |cluster| [partition.as_slice(), &[cluster]].concat())
                })
                .collect()
        })
    }

    #[test]
    fn clusters_are_near_the_best_partition_of_small_graphs() {
        const RECORDS: u64 = 7;
        let options = Options::default();
        let (mut same, mut reached, mut possible) = (0, 0.0, 0.0);
        let all = partitions(RECORDS as usize);
        let cases = 200;
        for seed in 0..cases {
            let mut records = drawn(seed, RECORDS);
            let model =
                resolve(&mut records.clone(), &options, None, &Decisions::default(), &()).expect("well formed").model;
            let prepared = prepare(&mut records, &options, Some(&model)).expect("well formed");
            let comparing = prepared.comparing();
            let weights = model.weights(&prepared.layout);
            let mut memo = comparing.memo();
            let mut edges = Vec::new();
            for a in 0..RECORDS as u32 {
                for b in a + 1..RECORDS as u32 {
                    let weight = comparing.weight(a, b, &weights, &mut memo);
                    edges.push(Edge {
                        a,
                        b,
                        pattern: 0,
                        rules: 1,
                        tf_unrelated: 0,
                        weight,
                        decision: crate::PairDecision::NoMatch,
                    });
                }
            }
            // Correlation clustering (Bansal, Blum and Chawla 2004): the evidence inside clusters, for and against.
            let worth = |partition: &[u32]| {
                let inside = edges.iter().filter(|e| partition[e.a as usize] == partition[e.b as usize]);
                inside.map(|edge| f64::from(edge.weight)).sum::<f64>()
            };
            let constraints = Constraints::new(&prepared.features, &Decisions::default()).expect("no decisions");
            let found = &cluster(&comparing, &weights, &constraints, &edges, &[0]).clusters[0];
            let best = all.iter().map(|partition| worth(partition)).fold(0.0, f64::max);
            same += u32::from(worth(found) >= best - 0.5);
            reached += worth(found);
            possible += best;
        }
        assert!(possible > 0.0);
        assert!(reached >= 0.95 * possible, "{reached} of {possible}");
        assert!(f64::from(same) >= 0.85 * cases as f64, "{same} of {cases} are the best there is");
    }
}
