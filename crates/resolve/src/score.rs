//! Scoring: from a pair of records to its pattern and its weight.

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::agreement::Memo;
use crate::blocking::Blocks;
use crate::comparison::Comparison;
use crate::features::{Features, mix};
use crate::fellegi_sunter::{Histogram, histogram};
use crate::model::Weights;
use crate::pattern::{Layout, Pattern};
use crate::probability::Weight;

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
    pub(crate) pattern: Pattern,
    pub(crate) tf_unrelated: Weight,
    pub(crate) weight: Weight,
}

impl Comparing<'_, '_> {
    pub(crate) fn memo(&self) -> Memo {
        Memo::new(self.comparisons.len())
    }

    /// The pattern of a pair and its term-frequency adjustments against "unrelated" and "related".
    pub(crate) fn pattern(&self, a: u32, b: u32, memo: &mut Memo) -> (Pattern, Weight, Weight) {
        let (mut pattern, mut unrelated, mut related) = (0, 0, 0);
        for (index, comparison) in self.comparisons.iter().enumerate() {
            let agreement = comparison.comparator.compare(self.f, a, b, index, memo);
            pattern = self.layout.put(pattern, index, agreement.level);
            unrelated += agreement.tf_unrelated;
            related += agreement.tf_related;
        }
        (pattern, unrelated, related)
    }

    pub(crate) fn edge(&self, a: u32, b: u32, weights: &Weights, memo: &mut Memo) -> Edge {
        let (a, b) = (a.min(b), a.max(b));
        let (pattern, tf_unrelated, tf_related) = self.pattern(a, b, memo);
        let weight = weights.of(self.layout, pattern, tf_unrelated, tf_related);
        Edge { a, b, pattern, tf_unrelated, weight }
    }

    /// Pairs drawn at random, as a histogram of patterns.
    pub(crate) fn random(&self, pairs: u64, seed: u64) -> Histogram {
        let n = self.f.len() as u64;
        if n < 2 {
            return Vec::new();
        }
        let all = n * (n - 1) / 2;
        let every = all <= pairs;
        let drawn: Vec<(u32, u32)> = if every {
            (0..n as u32).flat_map(|a| (a + 1..n as u32).map(move |b| (a, b))).collect()
        } else {
            (0..pairs)
                .map(|i| (mix(seed, i * 2) % n, mix(seed, i * 2 + 1) % n))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| (a.min(b) as u32, a.max(b) as u32))
                .collect()
        };
        self.count(&drawn)
    }

    pub(crate) fn count(&self, pairs: &[(u32, u32)]) -> Histogram {
        let counts = pairs
            .par_chunks(8192)
            .map(|chunk| {
                let mut memo = self.memo();
                let mut counts: HashMap<Pattern, u64, foldhash::fast::FixedState> = HashMap::default();
                for &(a, b) in chunk {
                    *counts.entry(self.pattern(a, b, &mut memo).0).or_default() += 1;
                }
                counts
            })
            .reduce(HashMap::default, add);
        histogram(counts)
    }

    /// Scores every candidate pair; returns those of at least `floor` in ascending order of positions, the counts of
    /// all patterns, and how many pairs each rule emitted first.
    pub(crate) fn candidates(
        &self,
        blocks: &Blocks,
        weights: &Weights,
        floor: Weight,
        done: &(dyn Fn(u64) + Sync),
    ) -> Scored {
        let chunks: Vec<std::ops::Range<u32>> = ranges(blocks.leaves() as u32, 2048);
        let rules = blocks.stats.len();
        let parts: Vec<Scored> = chunks
            .into_par_iter()
            .map_init(
                || self.memo(),
                |memo, range| {
                    let mut part = Scored { rule_pairs: vec![0; rules], ..Scored::default() };
                    for leaf in range {
                        let rule = usize::from(blocks.rule_of[leaf as usize]);
                        blocks.pairs(self.f, leaf, |a, b| {
                            let edge = self.edge(a, b, weights, memo);
                            *part.patterns.entry(edge.pattern).or_default() += 1;
                            part.rule_pairs[rule] += 1;
                            if edge.weight >= floor {
                                part.edges.push(edge);
                            }
                        });
                    }
                    done(part.rule_pairs.iter().sum());
                    part
                },
            )
            .collect();
        let mut all = Scored { rule_pairs: vec![0; rules], ..Scored::default() };
        for part in parts {
            all.edges.extend(part.edges);
            all.patterns = add(std::mem::take(&mut all.patterns), part.patterns);
            for (sum, n) in all.rule_pairs.iter_mut().zip(part.rule_pairs) {
                *sum += n;
            }
        }
        all.edges.par_sort_unstable_by_key(|edge| (edge.a, edge.b));
        all
    }
}

/// The scored candidates.
#[derive(Default)]
pub(crate) struct Scored {
    pub(crate) edges: Vec<Edge>,
    pub(crate) patterns: HashMap<Pattern, u64, foldhash::fast::FixedState>,
    pub(crate) rule_pairs: Vec<u64>,
}

type Counts = HashMap<Pattern, u64, foldhash::fast::FixedState>;

fn add(mut a: Counts, b: Counts) -> Counts {
    if a.len() < b.len() {
        return add(b, a);
    }
    for (pattern, n) in b {
        *a.entry(pattern).or_default() += n;
    }
    a
}

fn ranges(n: u32, step: u32) -> Vec<std::ops::Range<u32>> {
    (0..n.div_ceil(step)).map(|i| i * step..((i + 1) * step).min(n)).collect()
}

impl Weights {
    /// The weight of a pattern with its term-frequency adjustments.
    pub(crate) fn of(&self, layout: &Layout, pattern: Pattern, tf_unrelated: Weight, tf_related: Weight) -> Weight {
        self.calibrated(layout, pattern, self.both(layout, pattern, tf_unrelated, tf_related))
    }

    /// The weights against "unrelated" and against "related".
    pub(crate) fn both(
        &self,
        layout: &Layout,
        pattern: Pattern,
        tf_unrelated: Weight,
        tf_related: Weight,
    ) -> (Weight, Weight) {
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
