//! Pairs without the witness.
//!
//! Systems that keep no birth dates may differ from those that do: they know people by nicknames, or hold addresses that
//! are never old. The rates of all levels come from all records, so for pairs without the witness they are off, and the
//! witness cannot tell. But nearly all pairs that share a mailbox or a phone are matches or relatives, so how often matches
//! differ in another comparison, or bear nicknames of each other, can be held against how often matches with the witness do.
//! Strangers differ nearly always, so what they do need not be known. Levels at which records agree are left alone: how a
//! system writes its values, by initials say, is shared by its strangers.
//!
//! Of given names that are simply different few pairs are beyond doubt. There, what is counted is who is no match: it is
//! supposed that of the relatives who share a mailbox or a phone there are as many among the pairs with the witness as among
//! those without. So where more of the pairs without it have different given names, the rest are matches.

use std::collections::BTreeMap;

use super::applied::against_relatives;
use super::{CONTACTS, Compared, LARGEST, PATTERN_HALF_BELIEVED, SURE};
use crate::comparison::{FAMILY, GIVEN};
use crate::model::{LevelParameters, Model, PatternCorrection};
use crate::pattern::{Layout, Pattern};
use crate::probability::{BIT, Weight, from_bits, to_bits, to_probability};

const NICKNAME: usize = 2;
const DIFFERENT: usize = 6;
const NICKNAMES: [usize; 3] = [NICKNAME, 5, DIFFERENT];
/// By how many bits different given names are expected to be off.
const EXPECTED: f64 = 0.5;

/// Sets what the model adds where a record has no witness.
pub(super) fn correct(compared: &Compared<'_, '_>, model: &mut Model, witness: usize) {
    let layout = compared.comparing.layout;
    let pairs = sharing(compared, model, witness);
    let names = name_comparison(model);
    for comparison in
        (0..model.comparisons.len()).filter(|comparison| *comparison != witness && Some(*comparison) != names)
    {
        let about = CONTACTS.iter().position(|contact| *contact == model.comparisons[comparison].name);
        let others = pairs.iter().filter(|pair| (0..).zip(pair.shares).any(|(of, shares)| shares && Some(of) != about));
        let level_of = |pair: &Sharing| usize::from(layout.level(pair.pattern, comparison));
        let speaks_against = |level: &LevelParameters| level.m < level.u;
        let levels = &compared.comparing.comparisons[comparison].levels;
        let matches = Matches::count(levels.len(), others.map(|pair| (level_of(pair), pair)));
        for (level, parameters) in model.comparisons[comparison].levels.iter_mut().enumerate().skip(1) {
            let group: Vec<usize> =
                (1..levels.len()).filter(|&other| levels[other].group == levels[level].group).collect();
            parameters.without_birth_date =
                if speaks_against(parameters) { matches.excess(level, &group) } else { 0.0 };
        }
    }
    if let Some(name) = names {
        of_given_names(layout, &pairs, model, name);
        of_different_names(layout, &pairs, model, name);
    }
}

/// A pair of one mailbox or phone.
struct Sharing {
    /// Which of [`CONTACTS`] proposed it.
    shares: [bool; CONTACTS.len()],
    pattern: Pattern,
    weight: Weight,
    probability: f64,
    has_witness: bool,
    /// The weights against strangers and against relatives, without the witness.
    both: (Weight, Weight),
}

fn sharing(compared: &Compared<'_, '_>, model: &Model, witness: usize) -> Vec<Sharing> {
    let layout = compared.comparing.layout;
    let weights = model.weights(layout);
    let rules = CONTACTS.map(|contact| compared.rules(|rule| rule.keys.iter().all(|key| key.name() == contact)));
    let mut pairs = Vec::new();
    for (pair, found) in compared.pairs.iter().zip(compared.found) {
        let shares = rules.each_ref().map(|rules| compared.is_proposed(pair, rules));
        if !shares.contains(&true) {
            continue;
        }
        let weight = weights.of(layout, *found);
        pairs.push(Sharing {
            shares,
            pattern: found.pattern,
            weight,
            probability: to_probability(weight),
            has_witness: layout.level(found.pattern, witness) > 0,
            both: weights.both_without_witness(layout, *found),
        });
    }
    pairs
}

/// Matches by level, with the witness and without.
struct Matches {
    with: Vec<f64>,
    without: Vec<f64>,
}

impl Matches {
    fn count<'s>(levels: usize, pairs: impl Iterator<Item = (usize, &'s Sharing)>) -> Self {
        let mut matches = Self { with: vec![0.0; levels], without: vec![0.0; levels] };
        for (level, pair) in pairs {
            let counts = if pair.has_witness { &mut matches.with } else { &mut matches.without };
            counts[level] += pair.probability;
        }
        matches
    }

    /// How many times as many show a level without the witness, of those that show one of its group, in bits; 0 where that
    /// is within chance.
    fn excess(&self, level: usize, group: &[usize]) -> f64 {
        let (with, without) = (self.with[level], self.without[level]);
        let fewer = with.min(without);
        if fewer < PATTERN_HALF_BELIEVED {
            return 0.0;
        }
        let share = |counts: &[f64]| counts[level] / group.iter().map(|&other| counts[other]).sum::<f64>();
        let bits = (share(&self.without) / share(&self.with)).log2();
        let error = (1.0 / with + 1.0 / without).sqrt() / std::f64::consts::LN_2;
        let believed = fewer / (fewer + PATTERN_HALF_BELIEVED);
        if bits.abs() <= SURE * error { 0.0 } else { (bits * believed).clamp(-LARGEST, LARGEST) }
    }
}

/// Pairs whose family names agree, and how their given names do.
fn named<'s>(layout: &Layout, pairs: &'s [Sharing], name: usize) -> impl Iterator<Item = (usize, &'s Sharing)> {
    pairs.iter().filter_map(move |pair| {
        let level = usize::from(layout.level(pair.pattern, name));
        given_where_family_agrees(level).map(|given| (given, pair))
    })
}

fn of_given_names(layout: &Layout, pairs: &[Sharing], model: &mut Model, name: usize) {
    let matches = Matches::count(GIVEN.len(), named(layout, pairs, name));
    let group: Vec<usize> = (1..GIVEN.len()).collect();
    let nicknames = matches.excess(NICKNAME, &group);
    for (level, parameters) in model.comparisons[name].levels.iter_mut().enumerate() {
        // Similar and different names of one person are mostly nicknames that are not known as such.
        let is_nickname = given_where_family_agrees(level).is_some_and(|given| NICKNAMES.contains(&given));
        parameters.without_birth_date = if is_nickname { nicknames } else { 0.0 };
    }
}

fn of_different_names(layout: &Layout, pairs: &[Sharing], model: &mut Model, name: usize) {
    let weights = model.weights(layout);
    if weights.contacts_mask == 0 {
        return;
    }
    let mut all = Contexts::default();
    let [mut by_contacts, mut by_whereabouts] = [BTreeMap::<Pattern, Contexts>::new(), BTreeMap::new()];
    for (given, pair) in named(layout, pairs, name) {
        let would_be_relatives = pair.both.1 < pair.both.0;
        let different = (given == DIFFERENT && would_be_relatives).then(|| {
            let of_levels = if pair.has_witness { 0 } else { weights.of_levels_without_witness(layout, pair.pattern) };
            Different { weight: pair.weight + of_levels, both: pair.both }
        });
        let of_contacts = by_contacts.entry(weights.contacts(pair.pattern)).or_default();
        let of_whereabouts = by_whereabouts.entry(weights.whereabouts(pair.pattern)).or_default();
        for contexts in [&mut all, of_contacts, of_whereabouts] {
            contexts.add(pair.has_witness, different);
        }
    }
    // What few pairs leave open, more pairs that agree on less tell.
    let of_all = all.correction(0.0);
    let corrections = by_whereabouts.iter().map(|(&pattern, contexts)| PatternCorrection {
        levels: model.level_names(layout, pattern),
        correction: contexts.correction(by_contacts[&weights.contacts(pattern)].correction(of_all)),
    });
    model.different_names_without_birth_date = corrections.filter(|found| found.correction != 0.0).collect();
}

/// Pairs that agree on the same contacts, with the witness and without.
#[derive(Default)]
struct Contexts {
    with: Context,
    without: Context,
}

#[derive(Default)]
struct Context {
    pairs: f64,
    /// Those whose given names are different and that would be relatives, were they no matches.
    different: Vec<Different>,
}

#[derive(Clone, Copy)]
struct Different {
    weight: Weight,
    /// The parts of it against strangers and against relatives.
    both: (Weight, Weight),
}

impl Different {
    /// The probability of a match once something is added to the weight against relatives.
    fn probability(&self, added: Weight) -> f64 {
        to_probability(self.weight + against_relatives(self.both, added))
    }
}

impl Contexts {
    /// Adds a pair, and among the different ones where it is one.
    fn add(&mut self, has_witness: bool, different: Option<Different>) {
        let context = if has_witness { &mut self.with } else { &mut self.without };
        context.pairs += 1.0;
        context.different.extend(different);
    }

    /// The bits to add where given names are different and there is no witness. As far as chance may be behind it, it is what
    /// is known `otherwise`.
    fn correction(&self, otherwise: f64) -> f64 {
        let Self { with, without } = self;
        let [n_with, n_without] = [with, without].map(|context| context.different.len() as f64);
        if n_with.min(n_without) < PATTERN_HALF_BELIEVED {
            return otherwise;
        }
        let relatives = n_with - matches(&with.different, 0);
        let share_of_relatives = relatives / with.pairs * without.pairs / n_without;
        let share_of_matches = (1.0 - share_of_relatives).max(1.0 / n_without);
        let bits = bits_until(&without.different, share_of_matches * n_without);
        // Where no relatives were seen, there might be one.
        let least = relatives.max(1.0);
        let error = share_of_relatives / relatives.max(1e-9) * least * (1.0 / least + 1.0 / n_without).sqrt();
        let error_in_bits = error * n_without / matches_per_bit(&without.different, bits).max(1e-3);
        let believed = 1.0 / (1.0 + (error_in_bits / EXPECTED).powi(2));
        believed * to_bits(bits) + (1.0 - believed) * otherwise
    }
}

/// How many of the pairs are matches once something is added to their weights against relatives.
fn matches(pairs: &[Different], added: Weight) -> f64 {
    pairs.iter().map(|pair| pair.probability(added)).sum()
}

/// How fast their number grows with what is added.
fn matches_per_bit(pairs: &[Different], added: Weight) -> f64 {
    matches(pairs, added + BIT / 2) - matches(pairs, added - BIT / 2)
}

/// What has to be added to make so many matches.
fn bits_until(pairs: &[Different], wanted: f64) -> Weight {
    let (mut low, mut high) = (-from_bits(LARGEST), from_bits(LARGEST));
    while low < high {
        let middle = low + (high - low).div_euclid(2);
        if matches(pairs, middle) < wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The comparison of names, where it tells given from family names.
pub(crate) fn name_comparison(model: &Model) -> Option<usize> {
    model.comparisons.iter().position(|c| c.name == "name" && c.levels.len() > GIVEN.len() * FAMILY.len())
}

/// How given names agree at a level of names at which the family names are the same or nearly so.
fn given_where_family_agrees(level: usize) -> Option<usize> {
    let (given, family) = (level / FAMILY.len(), level % FAMILY.len());
    ((1..GIVEN.len()).contains(&given) && (1..=2).contains(&family)).then_some(given)
}

/// Whether a level of names is that of different given names where the family names are the same or nearly so.
pub(super) fn only_given_differs(level: usize) -> bool {
    given_where_family_agrees(level) == Some(DIFFERENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sharing(has_witness: bool, probability: f64) -> Sharing {
        let weight = from_bits((probability / (1.0 - probability)).log2());
        Sharing { shares: [true, false], pattern: 0, weight, probability, has_witness, both: (100 * BIT, weight) }
    }

    #[test]
    fn levels_are_held_against_those_of_pairs_with_the_witness() {
        let of = |with: [f64; 3], without: [f64; 3]| {
            Matches { with: with.to_vec(), without: without.to_vec() }.excess(2, &[1, 2])
        };
        let twice = of([0.0, 94e4, 6e4], [0.0, 88e4, 12e4]);
        assert!((twice - 1.0).abs() < 0.01, "{twice}");
        let half = of([0.0, 94e4, 6e4], [0.0, 97e4, 3e4]);
        assert!((half + 1.0).abs() < 0.01, "{half}");
        assert!((of([0.0, 970.0, 30.0], [0.0, 880.0, 120.0]) - 1.0).abs() < 1e-9, "so few are half believed");
        assert_eq!(of([0.0, 971.0, 29.0], [0.0, 800.0, 200.0]), 0.0, "too few to tell");
        assert_eq!(of([0.0, 940.0, 60.0], [0.0, 930.0, 70.0]), 0.0, "chance explains it");
        assert_eq!(of([0.0; 3], [0.0, 930.0, 70.0]), 0.0);
        assert_eq!(of([0.0, 1e8, 1e3], [0.0, 1e6, 1e6]), LARGEST);
    }

    #[test]
    fn matches_are_counted_by_their_probability() {
        let pairs = [sharing(true, 0.5), sharing(false, 0.25), sharing(false, 0.5)];
        let matches = Matches::count(3, [1, 2, 2].into_iter().zip(&pairs));
        assert_eq!(matches.with, [0.0, 0.5, 0.0]);
        assert_eq!(matches.without, [0.0, 0.0, 0.75]);
    }

    /// A context of 100,000 pairs each, with so many different given names, of which so many with the witness are matches.
    fn contexts(with: usize, matches: usize, without: usize, claimed: f64) -> Contexts {
        let mut contexts = Contexts::default();
        for index in 0..100_000 {
            let of = |probability: f64| {
                let pair = sharing(true, probability);
                Different { weight: pair.weight, both: pair.both }
            };
            contexts.add(true, (index < with).then(|| of(if index < matches { 0.999_999 } else { 0.000_001 })));
            contexts.add(false, (index < without).then(|| of(claimed)));
        }
        contexts
    }

    #[test]
    fn as_many_relatives_differ_in_their_given_names_with_the_witness_as_without() {
        // 6,000 relatives, so half of 12,000 are matches: from one in three to even odds.
        let found = contexts(8000, 2000, 12_000, 1.0 / 3.0).correction(0.0);
        assert!((found - 1.0).abs() < 0.05, "{found}");
        let found = contexts(8000, 2000, 8000, 0.5).correction(0.0);
        assert!((found + 1.585).abs() < 0.1, "a quarter: {found}");
        assert_eq!(contexts(29, 10, 8000, 0.5).correction(0.7), 0.7, "too few to tell");
        let blended = contexts(100, 25, 150, 1.0 / 3.0).correction(0.0);
        assert!((0.3..0.9).contains(&blended), "{blended}");
        let unseen = contexts(30, 30, 30, 0.5).correction(0.0);
        assert!((0.2..2.0).contains(&unseen), "that no relatives were seen is no proof of none: {unseen}");
        let impossible = contexts(8000, 0, 4000, 0.5).correction(0.0);
        assert!((-4.0..0.0).contains(&impossible), "fewer pairs than relatives: {impossible}");
    }

    #[test]
    fn a_level_is_taken_apart() {
        let at = |words: &str| {
            let levels = crate::comparison::name_levels();
            levels.iter().position(|level| level.label == words).expect("a level")
        };
        assert!(only_given_differs(at("given name different, family name same")));
        assert!(only_given_differs(at("given name different, family name close")));
        assert!(!only_given_differs(at("given name different, family name different")));
        assert!(!only_given_differs(at("given name nickname, family name same")));
        assert!(!only_given_differs(at("given and family name swapped")));
        assert_eq!(given_where_family_agrees(at("given name nickname, family name same")), Some(NICKNAME));
    }
}
