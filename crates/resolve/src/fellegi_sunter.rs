//! Fellegi and Sunter's model (1969) with three classes, same, related and unrelated, trained without labels.
//!
//! Expectation–maximisation (Dempster, Laird and Rubin 1977; Winkler 1988) runs on histograms of patterns, one for each
//! blocking rule. A rule selects its pairs: what its keys demand is certain among them. So each histogram has its own
//! class proportions, its own key fields are held out (or restricted to the levels its keys allow), and all histograms
//! share one m and one r per level. u comes from the frequencies of values and from random pairs, never from blocks.
//! A pair of which it is known whether it is one entity belongs to its class whatever its pattern (semi-supervised
//! expectation–maximisation: Nigam and others 2000). Only pairs that are sampled anyway count, so that it does not matter
//! how the known ones were chosen.

use hashbrown::HashMap;

use crate::agreement::Comparator;
use crate::bounds::Bounds;
use crate::comparison::{Comparison, SAME_NAME};
use crate::entity::Held;
use crate::labels::Sample;
use crate::pattern::{Layout, Pattern};

/// Patterns and how many pairs show each, in ascending order of pattern.
pub(crate) type Histogram = Vec<(Pattern, f64)>;

/// Sorts counts, so that sums over them do not depend on the hash table.
pub(crate) fn histogram(counts: HashMap<Pattern, u64, foldhash::fast::FixedState>) -> Histogram {
    let mut sorted: Vec<(Pattern, u64)> = counts.into_iter().collect();
    sorted.sort_unstable();
    sorted.into_iter().map(|(pattern, n)| (pattern, n as f64)).collect()
}

/// The pairs one rule selected, and what the rule says about each comparison.
pub(crate) struct Selected {
    pub(crate) pairs: Sample,
    pub(crate) held: Vec<Held>,
    /// Whether the rule's keys are what relatives share: a mailbox, a phone, a house.
    pub(crate) meets_relatives: bool,
}

/// Everything training looks at.
pub(crate) struct Evidence<'e> {
    pub(crate) comparisons: &'e [Comparison],
    pub(crate) layout: &'e Layout,
    pub(crate) per_rule: &'e [Selected],
    /// Pairs drawn at random.
    pub(crate) random: &'e Sample,
    /// Per comparison the chance of its exact level, where value frequencies give it.
    pub(crate) exact: &'e [Option<f64>],
    /// Per comparison the chances of same given and same family name.
    pub(crate) names: &'e [Option<(f64, f64)>],
    /// A sample of all candidate pairs, scaled to their number.
    pub(crate) candidates: &'e Sample,
    pub(crate) records: usize,
    /// Pairs of records that could be one entity.
    pub(crate) possible_pairs: f64,
    /// Whether the related class is a household; otherwise it is whatever the data show.
    pub(crate) households: bool,
}

impl Evidence<'_> {
    /// All pairs of records.
    fn all_pairs(&self) -> f64 {
        let n = self.records as f64;
        n * (n - 1.0) / 2.0
    }

    /// The pairs that the priors are shares of. Where none could be one entity, as in a single source without duplicates,
    /// it is all of them, so that the model still fits when a second source is added.
    fn pairs(&self) -> f64 {
        if self.possible_pairs < 1.0 { self.all_pairs() } else { self.possible_pairs }
    }
}

/// Probabilities per comparison and level.
pub(crate) type Table = Vec<Vec<f64>>;

/// What training estimates.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    pub(crate) m: Table,
    pub(crate) r: Table,
    pub(crate) u: Table,
    pub(crate) prior_same: f64,
    pub(crate) prior_related: f64,
}

const ROUNDS: usize = 25;
const PRIOR_ROUNDS: usize = 5;
/// A record has at most so many related entities on average; more would be a class of its own.
const MOST_RELATED: f64 = 5.0;
/// Households exist even where no blocking rule of small data met one: at least so many related pairs a match.
const LEAST_RELATED: f64 = 0.02;
/// Pairs of evidence that the shipped m is worth.
const STRENGTH_M: f64 = 60.0;
/// The same for r; related pairs are harder to tell, so the shipped values hold longer.
pub(crate) const STRENGTH_R: f64 = 300.0;
/// Random pairs at a level that the shipped u is worth: one, however rare the level.
const STRENGTH_U: f64 = 1.0;
/// From so many random pairs at an exact level their share is trusted more than the frequencies of values.
const ENOUGH_EXACT: f64 = 30.0;
/// Matches of persons there may be for each pair that has something identifying in common.
const MOST_UNIDENTIFIED: f64 = 5.0;
/// Rounds of m and r between two looks at u and the priors.
const ROUNDS_PER_U: usize = 5;
/// Most pairs a rule's histogram counts for, so that one prolific rule does not outvote the others.
const MOST_PER_RULE: f64 = 60_000.0;

/// Estimates m, r, u and the priors.
pub(crate) fn train(evidence: &Evidence<'_>) -> Parameters {
    let shipped = |of: &dyn Fn(&crate::comparison::Level) -> f64| -> Table {
        evidence.comparisons.iter().map(|c| normalised(c, &c.levels.iter().map(of).collect::<Vec<_>>())).collect()
    };
    let (shipped_m, shipped_r) = (shipped(&|l| l.m), shipped(&|l| l.r));
    let mut p = Parameters {
        m: shipped_m.clone(),
        r: shipped_r.clone(),
        u: shipped(&|l| l.u),
        prior_same: 1.0 / evidence.records.max(2) as f64,
        prior_related: 1.0 / evidence.records.max(2) as f64,
    };
    p.u = chance_agreement(evidence, &p);
    priors(evidence, &mut p);
    p.u = chance_agreement(evidence, &p);

    let mut shares: Vec<[f64; 3]> = vec![[0.3, 0.2, 0.5]; evidence.per_rule.len()];
    let mut bounds = evidence.households.then(|| Bounds::of_persons(evidence.comparisons));
    for round in 0..ROUNDS {
        if round % ROUNDS_PER_U == ROUNDS_PER_U - 1 {
            priors(evidence, &mut p);
            p.u = chance_agreement(evidence, &p);
        }
        let mut counts_m: Table = evidence.comparisons.iter().map(|c| vec![0.0; c.levels.len()]).collect();
        let mut counts_r = counts_m.clone();
        for (selected, share) in evidence.per_rule.iter().zip(&mut shares) {
            *share = expect(evidence, selected, &p, *share, &mut counts_m, &mut counts_r);
        }
        p.m = maximise(evidence.comparisons, &counts_m, &shipped_m, STRENGTH_M);
        p.r = maximise(evidence.comparisons, &counts_r, &shipped_r, STRENGTH_R);
        if let Some(bounds) = &mut bounds {
            bounds.hold_matches(&counts_m, &mut p.m);
            bounds.hold_related(&mut p.r, &p.u);
        }
    }
    priors(evidence, &mut p);
    p.u = chance_agreement(evidence, &p);
    priors(evidence, &mut p);
    p
}

/// One expectation step over one rule's pairs: adds to the counts, returns the class proportions.
fn expect(
    evidence: &Evidence<'_>,
    selected: &Selected,
    p: &Parameters,
    share: [f64; 3],
    counts_m: &mut Table,
    counts_r: &mut Table,
) -> [f64; 3] {
    let total: f64 = selected.pairs.each().map(|(_, n, _)| n).sum();
    if total == 0.0 {
        return share;
    }
    let scale = (MOST_PER_RULE / total).min(1.0);
    // Per comparison and level, the probability among this rule's pairs: 1 where held out.
    let tables: Vec<[Vec<f64>; 3]> = evidence
        .comparisons
        .iter()
        .enumerate()
        .map(|(c, comparison)| {
            [&p.m[c], &p.r[c], &p.u[c]].map(|table| conditioned(comparison, table, selected.held[c]))
        })
        .collect();
    let mut classes = [0.0; 3];
    let mut seen: Vec<[Vec<f64>; 2]> =
        evidence.comparisons.iter().map(|c| [vec![0.0; c.levels.len()], vec![0.0; c.levels.len()]]).collect();
    for (pattern, n, known) in selected.pairs.each() {
        let mut likelihood = possible(share, known);
        for (c, table) in tables.iter().enumerate() {
            let level = usize::from(evidence.layout.level(pattern, c));
            for (class, value) in likelihood.iter_mut().enumerate() {
                *value *= table[class][level];
            }
        }
        let sum: f64 = likelihood.iter().sum();
        if sum <= 0.0 {
            continue;
        }
        let n = n * scale;
        let posterior = likelihood.map(|value| value / sum * n);
        for (class, value) in classes.iter_mut().enumerate() {
            *value += posterior[class];
        }
        for (c, counts) in seen.iter_mut().enumerate() {
            let level = usize::from(evidence.layout.level(pattern, c));
            counts[0][level] += posterior[0];
            counts[1][level] += posterior[1];
        }
    }
    for (c, comparison) in evidence.comparisons.iter().enumerate() {
        let held = selected.held[c];
        if held == Held::Out {
            continue;
        }
        let [same, related] = &seen[c];
        add_with_unseen(comparison, same, &p.m[c], held, &mut counts_m[c]);
        // What relatives of a person share is learnt where relatives are met; elsewhere the class would settle on
        // strangers who happen to share a name. Their birth dates are learnt afterwards, in `calibration`.
        let of_household = selected.meets_relatives && (comparison.changeable || comparison.factors.is_some());
        if of_household || !evidence.households {
            add_with_unseen(comparison, related, &p.r[c], held, &mut counts_r[c]);
        }
    }
    let all: f64 = classes.iter().sum::<f64>() + 3.0;
    classes.map(|value| (value + 1.0) / all)
}

/// A level's probability given that the rule holds.
fn conditioned(comparison: &Comparison, table: &[f64], held: Held) -> Vec<f64> {
    match held {
        Held::Out => vec![1.0; table.len()],
        Held::Free => comparison.levels.iter().zip(table).map(|(l, &p)| if l.group == 0 { 1.0 } else { p }).collect(),
        Held::Levels(bits) => {
            let allowed = |index: usize| bits >> index & 1 == 1;
            (0..table.len())
                .map(|index| {
                    let group = comparison.levels[index].group;
                    if group == 0 || !allowed(index) {
                        return 1.0;
                    }
                    let sum: f64 = (0..table.len())
                        .filter(|&other| comparison.levels[other].group == group && allowed(other))
                        .map(|other| table[other])
                        .sum();
                    if sum > 0.0 { table[index] / sum } else { 1.0 }
                })
                .collect()
        }
    }
}

/// Adds the counts of a rule and, where the rule allows some levels only, the pairs it could not see, as the current
/// estimate expects them (the truncated multinomial's EM step).
fn add_with_unseen(comparison: &Comparison, counts: &[f64], table: &[f64], held: Held, into: &mut [f64]) {
    let Held::Levels(bits) = held else {
        for (slot, n) in into.iter_mut().zip(counts) {
            *slot += n;
        }
        return;
    };
    let allowed = |index: usize| bits >> index & 1 == 1;
    let groups = comparison.levels.iter().map(|l| l.group).max().unwrap_or(0);
    for group in 1..=groups {
        let of_group = |index: &usize| comparison.levels[*index].group == group;
        let inside: Vec<usize> = (0..counts.len()).filter(of_group).filter(|&i| allowed(i)).collect();
        let covered: f64 = inside.iter().map(|&i| table[i]).sum();
        // A rule that sees next to nothing of a group would multiply its few pairs without bound.
        if covered < 0.05 {
            continue;
        }
        let n: f64 = inside.iter().map(|&i| counts[i]).sum();
        for index in (0..counts.len()).filter(of_group) {
            into[index] += if allowed(index) { counts[index] } else { n * table[index] / covered };
        }
    }
}

/// The levels' values as shares of their group.
pub(crate) fn normalised(comparison: &Comparison, values: &[f64]) -> Vec<f64> {
    let sum = |group: u8| -> f64 {
        comparison.levels.iter().zip(values).filter(|(l, _)| l.group == group).map(|(_, v)| v).sum()
    };
    comparison
        .levels
        .iter()
        .zip(values)
        .map(|(l, v)| if l.group == 0 { 1.0 } else { v / sum(l.group).max(1e-300) })
        .collect()
}

/// New probabilities from counts, blended with the shipped ones; a joint comparison's cells are drawn towards the
/// product of its margins, so that a rare combination is judged by its parts.
fn maximise(comparisons: &[Comparison], counts: &Table, shipped: &Table, strength: f64) -> Table {
    comparisons
        .iter()
        .enumerate()
        .map(|(c, comparison)| {
            let mut prior = shipped[c].clone();
            if let Some((rows, columns)) = comparison.factors {
                prior = product_of_margins(&counts[c], &shipped[c], rows, columns, strength);
            }
            let blended: Vec<f64> = counts[c].iter().zip(&prior).map(|(n, p)| n + strength * p).collect();
            normalised(comparison, &blended)
        })
        .collect()
}

fn product_of_margins(counts: &[f64], shipped: &[f64], rows: usize, columns: usize, strength: f64) -> Vec<f64> {
    let cell = |row: usize, column: usize| row * columns + column;
    let full: Vec<(usize, usize)> = (1..rows).flat_map(|r| (1..columns).map(move |c| (r, c))).collect();
    let blended = |r: usize, c: usize| counts[cell(r, c)] + strength * shipped[cell(r, c)];
    let total: f64 = full.iter().map(|&(r, c)| blended(r, c)).sum();
    let mut row_share = vec![0.0; rows];
    let mut column_share = vec![0.0; columns];
    for &(r, c) in &full {
        row_share[r] += blended(r, c) / total;
        column_share[c] += blended(r, c) / total;
    }
    let mut prior = shipped.to_vec();
    let joint: f64 = full.iter().map(|&(r, c)| shipped[cell(r, c)]).sum();
    for &(r, c) in &full {
        prior[cell(r, c)] = row_share[r] * column_share[c] * joint;
    }
    for (r, share) in row_share.iter().enumerate().skip(1) {
        prior[cell(r, 0)] = *share;
    }
    for (c, share) in column_share.iter().enumerate().skip(1) {
        prior[cell(0, c)] = *share;
    }
    prior
}

/// u: exact levels from value frequencies less what matches and relatives contribute, the others from random pairs,
/// each counted by its probability of being no match (in small data random pairs hold many matches). Relatives are too
/// few to matter, and taking them out would let that class swallow what is merely common.
fn chance_agreement(evidence: &Evidence<'_>, p: &Parameters) -> Table {
    let mut all_counts: Table = evidence.comparisons.iter().map(|c| vec![0.0; c.levels.len()]).collect();
    for (pattern, n, known) in evidence.random.each() {
        let n = n * (1.0 - classes(evidence, p, pattern, known)[0]);
        for (c, counts) in all_counts.iter_mut().enumerate() {
            counts[usize::from(evidence.layout.level(pattern, c))] += n;
        }
    }
    evidence
        .comparisons
        .iter()
        .zip(&all_counts)
        .enumerate()
        .map(|(c, (comparison, counts))| {
            let shipped = normalised(comparison, &comparison.levels.iter().map(|l| l.u).collect::<Vec<_>>());
            if let (Some(names), Some((rows, columns))) = (evidence.names[c], comparison.factors) {
                let joint = name_chances(counts, &shipped, rows, columns, names);
                return normalised(comparison, &joint);
            }
            let groups = comparison.levels.iter().map(|l| l.group).max().unwrap_or(0);
            let in_group: Vec<f64> = (0..=groups)
                .map(|g| comparison.levels.iter().zip(counts).filter(|(l, _)| l.group == g).map(|(_, n)| n).sum())
                .collect();
            let mut blended: Vec<f64> = (0..counts.len())
                .map(|l| rate(counts[l], in_group[usize::from(comparison.levels[l].group)], shipped[l]))
                .collect();
            if let Some(chance) = evidence.exact[c].filter(|_| counts[1] < ENOUGH_EXACT) {
                // The frequencies are those of all pairs, the priors are shares of those that could be one entity.
                let share = evidence.pairs() / evidence.all_pairs().max(1.0);
                let others = share * (p.prior_same * p.m[c][1] + p.prior_related * p.r[c][1]);
                let rest: f64 = 1.0 - blended[1];
                let exact = (chance - others).max(chance * 0.02).max(1e-9);
                for value in blended.iter_mut().skip(2) {
                    *value *= (1.0 - exact) / rest.max(1e-9);
                }
                blended[1] = exact;
            }
            if comparison.ordered {
                descend(comparison, counts, &mut blended, &p.m[c]);
            }
            normalised(comparison, &blended)
        })
        .collect()
}

/// A level's rate among `all` pairs, `n` of which show it: the mean of a gamma prior around the shipped rate.
fn rate(n: f64, all: f64, shipped: f64) -> f64 {
    let shipped = shipped.max(1e-9);
    (n + STRENGTH_U) / (all + STRENGTH_U / shipped)
}

/// Where levels descend from better to worse agreement, so should their weights. A level too rare to measure gets its u
/// raised to that end; one that was measured may be what it is (two sources that spell a venue differently).
fn descend(comparison: &Comparison, counts: &[f64], u: &mut [f64], m: &[f64]) {
    for level in 2..u.len() {
        if counts[level] < ENOUGH_EXACT
            && comparison.levels[level].group == comparison.levels[level - 1].group
            && u[level - 1] > 0.0
        {
            let best = m[level - 1] / u[level - 1];
            u[level] = u[level].max(m[level] / best.max(1e-9));
        }
    }
}

/// The proportions of the three classes among pairs of which it is known whether they are one entity.
fn possible([same, related, unrelated]: [f64; 3], known: Option<bool>) -> [f64; 3] {
    match known {
        None => [same, related, unrelated],
        Some(true) => [1.0, 0.0, 0.0],
        Some(false) => [0.0, related, unrelated],
    }
}

/// The probabilities of the three classes, given a pattern of a pair that nothing selected.
fn classes(evidence: &Evidence<'_>, p: &Parameters, pattern: Pattern, known: Option<bool>) -> [f64; 3] {
    let priors = [p.prior_same, p.prior_related, 1.0 - p.prior_same - p.prior_related];
    let mut likelihood = possible(priors, known);
    for c in 0..evidence.comparisons.len() {
        let level = usize::from(evidence.layout.level(pattern, c));
        if level > 0 {
            for (value, table) in likelihood.iter_mut().zip([&p.m, &p.r, &p.u]) {
                *value *= table[c][level];
            }
        }
    }
    let sum: f64 = likelihood.iter().sum();
    if sum > 0.0 { likelihood.map(|value| value / sum) } else { possible([0.0, 0.0, 1.0], known) }
}

/// Chance agreement of names: the margins from random pairs, with their exact levels from value frequencies, multiplied.
fn name_chances(counts: &[f64], shipped: &[f64], rows: usize, columns: usize, (given, family): (f64, f64)) -> Vec<f64> {
    let cell = |row: usize, column: usize| row * columns + column;
    let margin = |of: &dyn Fn(usize) -> Vec<usize>, length: usize, exact: f64| -> Vec<f64> {
        let sum = |values: &[f64], i: usize| -> f64 { of(i).into_iter().map(|at| values[at]).sum() };
        let (all, all_shipped): (f64, f64) =
            ((1..length).map(|i| sum(counts, i)).sum(), (1..length).map(|i| sum(shipped, i)).sum());
        let sums: Vec<f64> = (0..length)
            .map(|i| if i == 0 { 0.0 } else { rate(sum(counts, i), all, sum(shipped, i) / all_shipped) })
            .collect();
        let rest: f64 = sums.iter().skip(2).sum();
        let exact = exact.clamp(1e-7, 0.5);
        (0..length)
            .map(|i| match i {
                0 => 0.0,
                1 => exact,
                _ => sums[i] / rest.max(1e-9) * (1.0 - exact),
            })
            .collect()
    };
    let by_given = margin(&|g| (0..columns).map(|f| cell(g, f)).collect(), rows, given);
    let by_family = margin(&|f| (0..rows).map(|g| cell(g, f)).collect(), columns, family);
    let mut joint = vec![0.0; shipped.len()];
    for g in 0..rows {
        for f in 0..columns {
            joint[cell(g, f)] = match (g, f) {
                (0, 0) => 1.0,
                (0, _) => by_family[f],
                (_, 0) => by_given[g],
                _ => by_given[g] * by_family[f],
            };
        }
    }
    // Two independent names that happen to be exchanged: rarer than both the same by chance.
    let both = (given * family).max(1e-9);
    for slot in joint.iter_mut().skip(rows * columns) {
        *slot = both * 0.3;
    }
    joint
}

/// The most matches there may be among persons, by the candidates that have a name, a mailbox, a phone, an identifier or an
/// address in common; `None` where records have none of these. Where hardly any have, what else pairs share is chance.
fn most_matches(evidence: &Evidence<'_>) -> Option<f64> {
    let identifying = |comparison: &Comparison| match &comparison.comparator {
        Comparator::Name(_) => Some(SAME_NAME),
        Comparator::Email { .. }
        | Comparator::Phone { .. }
        | Comparator::Identifier { .. }
        | Comparator::Address(_) => Some(1),
        _ => None,
    };
    let levels: Vec<(usize, u8)> =
        (0..).zip(evidence.comparisons).filter_map(|(c, comparison)| Some((c, identifying(comparison)?))).collect();
    if !evidence.households || levels.is_empty() {
        return None;
    }
    let identified = evidence
        .candidates
        .each()
        .filter(|&(pattern, ..)| levels.iter().any(|&(c, level)| evidence.layout.level(pattern, c) == level));
    Some(MOST_UNIDENTIFIED * identified.map(|(_, count, _)| count).sum::<f64>())
}

/// The two priors, from the posterior mass of the candidates: expected matches over all possible pairs.
fn priors(evidence: &Evidence<'_>, p: &mut Parameters) {
    let n = evidence.records as f64;
    let pairs = evidence.pairs().max(1.0);
    // Between one match in a thousand records and twenty matches a record.
    let most = most_matches(evidence).map_or(20.0 * n, |most| most.min(20.0 * n));
    let (lowest, highest) = (0.001 * n / pairs, (most / pairs).min(0.2));
    let clamp = |value: f64| value.clamp(lowest.min(highest), highest.max(lowest));
    for _ in 0..PRIOR_ROUNDS {
        let (mut same, mut related) = (0.0, 0.0);
        for (pattern, count, known) in evidence.candidates.each() {
            let posterior = classes(evidence, p, pattern, known);
            same += posterior[0] * count;
            related += posterior[1] * count;
        }
        p.prior_same = clamp(same / pairs);
        p.prior_related =
            clamp(related / pairs).max(LEAST_RELATED * p.prior_same).min(MOST_RELATED * n / pairs).min(0.2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::Comparator;
    use crate::comparison::Level;
    use crate::features::mix;

    const M: [[f64; 3]; 4] = [[0.80, 0.12, 0.08], [0.70, 0.10, 0.20], [0.90, 0.06, 0.04], [0.55, 0.15, 0.30]];
    const U: [[f64; 3]; 4] = [[0.01, 0.03, 0.96], [0.004, 0.016, 0.98], [0.02, 0.02, 0.96], [0.10, 0.10, 0.80]];

    fn comparison(name: &str) -> Comparison {
        let level = |label: &str, group, m, u| Level { label: label.into(), group, m, r: u, u };
        // The shipped probabilities are some way off, so that the data must correct them.
        let levels = vec![
            level("missing", 0, 1.0, 1.0),
            level("same", 1, 0.6, 0.05),
            level("close", 1, 0.2, 0.05),
            level("different", 1, 0.2, 0.9),
        ];
        let comparator = Comparator::Exact { field: 0 };
        Comparison { name: name.into(), levels, changeable: false, ordered: true, factors: None, comparator }
    }

    fn unlabelled(unknown: Histogram) -> Sample {
        Sample { unknown, ..Sample::default() }
    }

    struct Draws(u64);

    impl Draws {
        fn unit(&mut self) -> f64 {
            self.0 += 1;
            (mix(77, self.0) >> 11) as f64 / (1u64 << 53) as f64
        }

        fn level(&mut self, p: &[f64; 3]) -> u8 {
            let x = self.unit();
            if x < p[0] {
                1
            } else if x < p[0] + p[1] {
                2
            } else {
                3
            }
        }
    }

    #[test]
    fn m_and_u_are_recovered_after_blocking() {
        let comparisons: Vec<Comparison> = ["a", "b", "c", "d"].iter().map(|name| comparison(name)).collect();
        let layout = Layout::of(&comparisons).expect("they fit");
        let mut draws = Draws(0);
        let mut draw = |same: bool| {
            let table = if same { &M } else { &U };
            let mut levels = [0u8; 4];
            for (c, slot) in levels.iter_mut().enumerate() {
                // A fifth of the values is missing, whatever the class.
                *slot = if draws.unit() < 0.2 { 0 } else { draws.level(&table[c]) };
            }
            levels
        };
        let pack = |levels: &[u8; 4]| levels.iter().enumerate().fold(0, |p, (c, &level)| layout.put(p, c, level));
        let mut counts: Vec<HashMap<Pattern, u64, foldhash::fast::FixedState>> = vec![HashMap::default(); 4];
        for i in 0..2_000_000 {
            let levels = draw(i % 500 == 0);
            // Two blocking rules, each an exact agreement; the third histogram is what either lets through, the fourth a
            // random twentieth, whatever the class.
            let (first, second) = (levels[0] == 1, levels[1] == 1);
            let drawn = mix(78, i).is_multiple_of(20);
            for (histogram, selected) in counts.iter_mut().zip([first, second, first || second, drawn]) {
                if selected {
                    *histogram.entry(pack(&levels)).or_default() += 1;
                }
            }
        }
        let mut histograms: Vec<Histogram> = counts.into_iter().map(histogram).collect();
        let random = histograms.pop().expect("four of them");
        let candidates = histograms.pop().expect("three of them");
        let held = [
            [Held::Levels(0b10), Held::Free, Held::Free, Held::Free],
            [Held::Free, Held::Levels(0b10), Held::Free, Held::Free],
        ];
        let per_rule: Vec<Selected> = histograms
            .into_iter()
            .zip(held)
            .map(|(pairs, held)| Selected { pairs: unlabelled(pairs), held: held.to_vec(), meets_relatives: false })
            .collect();
        let found = train(&Evidence {
            comparisons: &comparisons,
            layout: &layout,
            per_rule: &per_rule,
            random: &unlabelled(random),
            exact: &[None; 4],
            names: &[None; 4],
            candidates: &unlabelled(candidates),
            // Two thousand records have as many pairs as were drawn.
            records: 2000,
            possible_pairs: 1999.0 * 1000.0,
            households: false,
        });
        for c in 0..4 {
            for l in 0..3 {
                let (m, u) = (found.m[c][l + 1], found.u[c][l + 1]);
                assert!((m - M[c][l]).abs() < 0.05, "m of {c} level {l}: {m} for {}", M[c][l]);
                assert!((u - U[c][l]).abs() < 0.01, "u of {c} level {l}: {u} for {}", U[c][l]);
            }
        }
        // Blocking finds 1 - (1 - .64)(1 - .56) = .84 of the matches, of which one in 500 pairs is one.
        let expected = 0.84 / 500.0;
        assert!((found.prior_same / expected - 1.0).abs() < 0.2, "{} for {expected}", found.prior_same);
    }

    #[test]
    fn known_pairs_teach_what_the_data_alone_hide() {
        let comparisons: Vec<Comparison> = ["a", "b"].iter().map(|name| comparison(name)).collect();
        let layout = Layout::of(&comparisons).expect("they fit");
        let pack = |levels: [u8; 2]| levels.iter().enumerate().fold(0, |p, (c, &level)| layout.put(p, c, level));
        // Two fields that agree or differ together say nothing of which of the two a match does. In truth matches
        // differ in the second one.
        let (both, first, none) = (pack([1, 1]), pack([1, 3]), pack([3, 3]));
        let sorted = |mut histogram: Histogram| {
            histogram.sort_unstable_by_key(|entry| entry.0);
            histogram
        };
        let all = sorted(vec![(both, 500.0), (first, 500.0)]);
        let learn = |pairs: Sample| {
            let held = vec![Held::Levels(0b10), Held::Free];
            train(&Evidence {
                comparisons: &comparisons,
                layout: &layout,
                per_rule: &[Selected { pairs: pairs.clone(), held, meets_relatives: false }],
                random: &unlabelled(sorted(vec![(none, 9_000.0), (both, 500.0), (first, 500.0)])),
                exact: &[None; 2],
                names: &[None; 2],
                candidates: &pairs,
                records: 1000,
                possible_pairs: 999.0 * 500.0,
                households: false,
            })
        };
        let unsupervised = learn(unlabelled(all));
        let taught = learn(Sample {
            unknown: sorted(vec![(both, 400.0), (first, 400.0)]),
            same: vec![(first, 100.0)],
            other: vec![(both, 100.0)],
        });
        assert!(unsupervised.m[1][1] > 0.5, "{:?}", unsupervised.m[1]);
        assert!(taught.m[1][3] > 0.5, "{:?}", taught.m[1]);
        assert!(taught.m[1][1] < 0.5, "{:?}", taught.m[1]);
    }
}
