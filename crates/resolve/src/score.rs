//! Scoring: from a pair of records to its pattern and its weight.

use std::hint::black_box;

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::agreement::Memo;
use crate::blocking::{Blocks, Partner};
use crate::comparison::Comparison;
use crate::error::ResolveError;
use crate::features::{Features, mix};
use crate::labels::{Known, Sample};
use crate::model::Weights;
use crate::pattern::{Layout, Pattern};
use crate::probability::Weight;
use crate::resolve::{PairDecision, Progress};

/// All that is needed to compare two records.
pub(crate) struct Comparing<'c, 'r> {
    pub(crate) f: &'c Features<'r>,
    pub(crate) comparisons: &'c [Comparison],
    pub(crate) layout: &'c Layout,
}

/// A compared pair, positions in ascending order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) a: u32,
    pub(crate) b: u32,
    /// Index into [`Scored::patterns`].
    pub(crate) pattern: u32,
    /// The rules that found the pair, one bit each.
    pub(crate) rules: u32,
    pub(crate) tf_unrelated: Weight,
    pub(crate) weight: Weight,
    /// Known when clusters are.
    pub(crate) decision: PairDecision,
}

/// How a pair agrees: its pattern, and the term-frequency adjustments against "unrelated" and "related".
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    pub(crate) pattern: Pattern,
    pub(crate) tf_unrelated: Weight,
    pub(crate) tf_related: Weight,
}

/// Draws for each random pair wanted, where many draws are of pairs that a source keeps apart.
const MOST_DRAWS: u64 = 50;

/// Pairs of which one comparison is made before the next: a processor fetches what they need at the same time.
const PAIRS_AT_ONCE: usize = 256;

impl Comparing<'_, '_> {
    pub(crate) fn memo(&self) -> Memo {
        Memo::new(self.comparisons.len())
    }

    /// Compares pairs; of each few hundred one comparison is made before the next.
    pub(crate) fn compare(&self, pairs: &[(u32, u32)], memo: &mut Memo, out: &mut Vec<Found>) {
        out.clear();
        out.resize(pairs.len(), Found::default());
        for (pairs, out) in pairs.chunks(PAIRS_AT_ONCE).zip(out.chunks_mut(PAIRS_AT_ONCE)) {
            // What the loops below read of the later records lies scattered in memory. Reading it in a loop of its own,
            // with no branch that depends on it, lets the processor fetch many at once.
            black_box(pairs.iter().fold(0, |sum, pair| sum ^ self.f.touch(pair.1)));
            for (index, comparison) in self.comparisons.iter().enumerate() {
                black_box(comparison.comparator.touch(self.f, pairs.iter().map(|pair| pair.1)));
                for (&(a, b), found) in pairs.iter().zip(&mut *out) {
                    let agreement = comparison.comparator.compare(self.f, a, b, index, memo);
                    found.pattern = self.layout.put(found.pattern, index, agreement.level);
                    found.tf_unrelated += agreement.tf_unrelated;
                    found.tf_related += agreement.tf_related;
                }
            }
        }
    }

    /// Compares many pairs on all cores.
    pub(crate) fn compare_all(&self, pairs: &[(u32, u32)]) -> Vec<Found> {
        let mut found = vec![Found::default(); pairs.len()];
        pairs.par_chunks(8192).zip(found.par_chunks_mut(8192)).for_each(|(pairs, found)| {
            let mut out = Vec::new();
            self.compare(pairs, &mut self.memo(), &mut out);
            found.copy_from_slice(&out);
        });
        found
    }

    /// Compares one pair.
    pub(crate) fn pattern(&self, a: u32, b: u32, memo: &mut Memo) -> Found {
        let mut found = Vec::with_capacity(1);
        self.compare(&[(a, b)], memo, &mut found);
        found.pop().unwrap_or_default()
    }

    /// The weight of one pair.
    pub(crate) fn weight(&self, a: u32, b: u32, weights: &Weights, memo: &mut Memo) -> Weight {
        weights.of(self.layout, self.pattern(a, b, memo))
    }

    /// Pairs drawn at random, as histograms of patterns.
    pub(crate) fn random(&self, pairs: u64, seed: u64, known: &Known) -> Sample {
        let n = self.f.len() as u64;
        if n < 2 {
            return Sample::default();
        }
        let all = n * (n - 1) / 2;
        let every = all <= pairs;
        // How often unrelated records agree is asked of those that are compared.
        let possible = |&(a, b): &(u32, u32)| !self.f.kept_apart_by_source(a, b);
        let drawn: Vec<(u32, u32)> = if every {
            (0..n as u32).flat_map(|a| (a + 1..n as u32).map(move |b| (a, b))).filter(possible).collect()
        } else {
            (0..pairs * MOST_DRAWS)
                .map(|i| (mix(seed, i * 2) % n, mix(seed, i * 2 + 1) % n))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| (a.min(b) as u32, a.max(b) as u32))
                .filter(possible)
                .take(pairs as usize)
                .collect()
        };
        self.sample(&drawn, known)
    }

    /// The patterns of pairs, by what is known of them.
    pub(crate) fn sample(&self, pairs: &[(u32, u32)], known: &Known) -> Sample {
        known.sample(pairs, &self.compare_all(pairs))
    }

    /// Scores every candidate pair.
    ///
    /// # Errors
    /// [`ResolveError::Stopped`].
    pub(crate) fn candidates(
        &self,
        blocks: &Blocks,
        weights: &Weights,
        keep: Keep,
        progress: &dyn Progress,
    ) -> Result<Scored, ResolveError> {
        const RECORDS_AT_ONCE: u32 = 16_384;
        // What is found is put together after so many of them, so that little is there twice.
        const TASKS_AT_ONCE: usize = 64;
        let n = self.f.len();
        let mut gathered = Gathered::new(blocks.stats.len());
        for ranges in ranges(n as u32, RECORDS_AT_ONCE).chunks(TASKS_AT_ONCE) {
            let parts: Vec<Part> = ranges
                .par_iter()
                .map_init(
                    || (self.memo(), Vec::new()),
                    |(memo, found), range| {
                        let mut part = Part::new(blocks.stats.len());
                        if progress.is_stopped() {
                            return part;
                        }
                        let mut partners: Vec<Partner> = Vec::new();
                        let (mut pairs, mut rules) = (Vec::new(), Vec::new());
                        for a in range.clone() {
                            blocks.partners(self.f, a, &mut partners);
                            pairs.extend(partners.iter().map(|partner| (a, partner.record)));
                            rules.extend(partners.iter().map(|partner| partner.rules));
                            if pairs.len() >= PAIRS_AT_ONCE || a + 1 == range.end {
                                self.compare(&pairs, memo, found);
                                for ((pair, rules), found) in pairs.drain(..).zip(rules.drain(..)).zip(found.iter()) {
                                    let weight = weights.of(self.layout, *found);
                                    let is_kept = keep.keeps(self.f, pair, weight);
                                    part.add(pair, rules, found, weight, is_kept);
                                }
                            }
                        }
                        progress.advance(part.rule_pairs.iter().sum());
                        part
                    },
                )
                .collect();
            if progress.is_stopped() {
                return Err(ResolveError::Stopped);
            }
            let records = ranges.last().map_or(0, |range| range.end as usize);
            gathered.extend(parts, n as f64 / records.max(1) as f64);
        }
        Ok(gathered.finish())
    }
}

/// Which of the scored pairs are kept, for the clusters or to be reported.
#[derive(Clone, Copy)]
pub(crate) struct Keep {
    /// All from this weight up are reported.
    pub(crate) reported: Weight,
    /// All from this weight up are needed for the clusters.
    clustered: Weight,
    /// Of the others those are reported whose hash is at most this.
    drawn: u64,
}

impl Keep {
    pub(crate) fn new(reported: Weight, clustered: Weight, share_of_others: f64) -> Self {
        Self { reported, clustered, drawn: (share_of_others.clamp(0.0, 1.0) * u64::MAX as f64) as u64 }
    }

    fn keeps(self, f: &Features<'_>, pair: (u32, u32), weight: Weight) -> bool {
        weight >= self.clustered || self.reports(f, pair, weight)
    }

    pub(crate) fn reports(self, f: &Features<'_>, (a, b): (u32, u32), weight: Weight) -> bool {
        weight >= self.reported || f.draw(a, b) <= self.drawn
    }
}

/// The scored candidates.
#[derive(Default)]
pub(crate) struct Scored {
    /// The kept pairs, in ascending order of positions.
    pub(crate) edges: Vec<Edge>,
    /// Every pattern that was met, in ascending order, and how often.
    pub(crate) patterns: Vec<(Pattern, u64)>,
    /// How many pairs each rule was the first to find.
    pub(crate) rule_pairs: Vec<u64>,
}

/// The scored candidates of the first records.
struct Gathered {
    edges: Vec<Edge>,
    /// By part how many edges it has, and its patterns, which its edges point to.
    parts: Vec<(usize, Vec<(Pattern, u64)>)>,
    rule_pairs: Vec<u64>,
}

impl Gathered {
    fn new(rules: usize) -> Self {
        Self { edges: Vec::new(), parts: Vec::new(), rule_pairs: vec![0; rules] }
    }

    /// Adds the parts of the next records. All there will be are about `more` times as many as there are then.
    fn extend(&mut self, parts: Vec<Part>, more: f64) {
        let there = self.edges.len() + parts.iter().map(|part| part.edges.len()).sum::<usize>();
        if there > self.edges.capacity() {
            // Growing by copies would need twice the memory for a while.
            self.edges.reserve_exact((there as f64 * more * 1.05) as usize - self.edges.len());
        }
        for part in parts {
            for (sum, n) in self.rule_pairs.iter_mut().zip(&part.rule_pairs) {
                *sum += n;
            }
            self.parts.push((part.edges.len(), part.patterns));
            self.edges.extend(part.edges);
        }
    }

    /// Numbers patterns over all parts.
    fn finish(mut self) -> Scored {
        let mut counts = Counts::default();
        for &(pattern, n) in self.parts.iter().flat_map(|(_, patterns)| patterns) {
            *counts.entry(pattern).or_default() += n;
        }
        let mut patterns: Vec<(Pattern, u64)> = counts.into_iter().collect();
        patterns.sort_unstable();
        let mut rest = self.edges.as_mut_slice();
        let mut of_part = Vec::with_capacity(self.parts.len());
        for (edges, of) in &self.parts {
            let (edges, later) = rest.split_at_mut(*edges);
            of_part.push((edges, of));
            rest = later;
        }
        of_part.into_par_iter().for_each(|(edges, of)| {
            let number = |entry: &(Pattern, u64)| patterns.partition_point(|known| known.0 < entry.0) as u32;
            let numbers: Vec<u32> = of.iter().map(number).collect();
            for edge in edges {
                edge.pattern = numbers[edge.pattern as usize];
            }
        });
        Scored { edges: self.edges, patterns, rule_pairs: self.rule_pairs }
    }
}

/// The scored candidates of some records.
struct Part {
    edges: Vec<Edge>,
    /// Its patterns as they are met, and how often.
    patterns: Vec<(Pattern, u64)>,
    rule_pairs: Vec<u64>,
    numbers: HashMap<Pattern, u32, foldhash::fast::FixedState>,
}

impl Part {
    fn new(rules: usize) -> Self {
        Self { edges: Vec::new(), patterns: Vec::new(), rule_pairs: vec![0; rules], numbers: HashMap::default() }
    }

    fn add(&mut self, (a, b): (u32, u32), rules: u32, found: &Found, weight: Weight, is_kept: bool) {
        let next = self.patterns.len() as u32;
        let pattern = *self.numbers.entry(found.pattern).or_insert(next);
        if pattern == next {
            self.patterns.push((found.pattern, 0));
        }
        self.patterns[pattern as usize].1 += 1;
        self.rule_pairs[rules.trailing_zeros() as usize] += 1;
        if is_kept {
            let decision = PairDecision::NoMatch;
            self.edges.push(Edge { a, b, pattern, rules, tf_unrelated: found.tf_unrelated, weight, decision });
        }
    }
}

type Counts = HashMap<Pattern, u64, foldhash::fast::FixedState>;

fn ranges(n: u32, step: u32) -> Vec<std::ops::Range<u32>> {
    (0..n.div_ceil(step)).map(|i| i * step..((i + 1) * step).min(n)).collect()
}

impl Weights {
    /// The weight of a pattern with its term-frequency adjustments.
    pub(crate) fn of(&self, layout: &Layout, found: Found) -> Weight {
        self.calibrated(layout, found.pattern, self.both(layout, found))
    }

    /// The weights against "unrelated" and against "related".
    pub(crate) fn both(&self, layout: &Layout, found: Found) -> (Weight, Weight) {
        let Found { pattern, tf_unrelated, tf_related } = found;
        let (mut unrelated, mut related) = (self.prior_unrelated + tf_unrelated, self.prior_related + tf_related);
        for comparison in 0..self.unrelated.len() {
            let level = usize::from(layout.level(pattern, comparison));
            unrelated += self.unrelated[comparison][level];
            related += self.related[comparison][level];
        }
        let of = |table: &[Vec<Weight>], c: usize| table[c][usize::from(layout.level(pattern, c))];
        unrelated -= self.repeated(|c| of(&self.unrelated, c)).map_or(0, |(_, less)| less);
        related -= self.repeated(|c| of(&self.related, c)).map_or(0, |(_, less)| less);
        (unrelated, related)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_patterns_when_they_are_put_together() {
        let part = |first: u32, patterns: &[Pattern]| {
            let mut part = Part::new(2);
            for (&pattern, a) in patterns.iter().zip(first..) {
                // Every second pair counts and is not kept.
                part.add((a, a + 1), 0b10, &Found { pattern, ..Found::default() }, 0, pattern % 2 == 0);
            }
            part
        };
        let mut gathered = Gathered::new(2);
        gathered.extend(vec![part(0, &[8, 4, 8, 5]), part(10, &[])], 3.0);
        gathered.extend(vec![part(20, &[6, 8])], 1.0);
        gathered.extend(vec![part(30, &[2, 9, 4, 4, 6])], 1.0);
        let scored = gathered.finish();
        assert_eq!(scored.patterns, [(2, 1), (4, 3), (5, 1), (6, 2), (8, 3), (9, 1)]);
        assert_eq!(scored.rule_pairs, [0, 11]);
        let found: Vec<(u32, Pattern)> =
            scored.edges.iter().map(|edge| (edge.a, scored.patterns[edge.pattern as usize].0)).collect();
        let kept = [(0, 8), (1, 4), (2, 8), (20, 6), (21, 8), (30, 2), (32, 4), (33, 4), (34, 6)];
        assert_eq!(found, kept);
    }
}
