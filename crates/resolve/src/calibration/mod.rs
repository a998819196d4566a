//! Whether claimed probabilities hold, checked without labels.
//!
//! One strong field is a witness: pairs are scored without it, and in each band of the score the share that agrees on it
//! tells how many of the pairs are matches, because among matches and among others its rate of agreement is known. The
//! correction that follows is smoothed to be monotone (pool adjacent violators: Ayer and others 1955). What it leaves
//! over is looked at again: for pairs for which only the name speaks, because names go together more than their frequencies
//! say; then by how the records agree in name, mailbox and phone, and pattern by pattern, because fields that depend on each
//! other in one pattern do not in another of the same score. All is pinned in the model. It is small where the fields are
//! independent, and large where they are not.
//!
//! | module | what it holds |
//! |---|---|
//! | `relatives` | what the witness says of relatives, learnt before it is asked |
//! | `without` | records without the witness: what other fields say of how they differ |
//! | `applied` | the corrections of a model, applied to a pair |

mod applied;
mod relatives;
mod without;

use std::collections::BTreeMap;

pub(crate) use without::name_comparison;

use crate::blocking::Rule;
use crate::grouping::conjunction;
use crate::keys::Key;
use crate::learn::Candidate;
use crate::model::{CalibrationPoint, LevelParameters, Model, PatternCorrection};
use crate::pattern::{Layout, Pattern};
use crate::probability::{BIT, Weight, against_both, to_bits, to_probability};
use crate::score::{Comparing, Found};

/// The comparison that serves as witness: nearly everybody has one birth date, and it does not follow from the rest.
pub(crate) const WITNESS: &str = "birth_date";
/// The level at which it agrees.
const AGREEING: usize = 1;
/// Scores are looked at in bands of one bit between these; above, agreement on the witness is too near its rate among
/// matches to tell anything.
const LOWEST: i32 = -10;
const HIGHEST: i32 = 7;
/// A band needs so many pairs to be believed for half.
const HALF_BELIEVED: f64 = 200.0;
/// A pattern needs so many pairs to be believed for half, and to be corrected at all.
const PATTERN_HALF_BELIEVED: f64 = 30.0;
/// By how many standard errors the agreement in a pattern must differ from the expected one, and by how much besides,
/// because its rates among matches and among others are only estimates.
const SURE: f64 = 2.0;
const ALLOWANCE: f64 = 0.02;
/// Nearer to no and to certainty the witness cannot tell how far off a pattern is.
const CERTAIN: f64 = 0.99;
/// No correction is larger.
const LARGEST: f64 = 4.0;

/// What the witness says about a group of pairs.
#[derive(Clone, Copy, Default)]
struct Band {
    pairs: f64,
    agreeing: f64,
    /// Sum of the rates at which pairs would agree on the witness if they were no matches.
    by_chance: f64,
    claimed: f64,
}

impl Band {
    /// `agreeing` is the level at which the witness agrees.
    fn add(&mut self, heard: &Heard, agreeing: &LevelParameters) {
        self.pairs += 1.0;
        self.agreeing += f64::from(u8::from(heard.level == AGREEING));
        self.by_chance += heard.related * agreeing.r + (1.0 - heard.related) * agreeing.u;
        self.claimed += to_probability(heard.weight);
    }

    fn claimed(&self) -> f64 {
        self.claimed / self.pairs.max(1.0)
    }

    /// The share of matches that explains how many pairs agree.
    fn found(&self, agreeing_if_same: f64) -> f64 {
        let chance = self.by_chance / self.pairs.max(1.0);
        ((self.agreeing / self.pairs.max(1.0) - chance) / (agreeing_if_same - chance).max(0.05)).clamp(0.0, 1.0)
    }
}

/// What the witness says about one pair.
struct Heard {
    /// The pattern without the witness.
    pattern: Pattern,
    /// The weight without the witness, with the corrections found so far.
    weight: Weight,
    /// The level of the witness.
    level: usize,
    /// How probable it is that they are of relatives, if they are no match.
    related: f64,
}

/// Fields that name one person, or relatives.
pub(crate) const CONTACTS: [&str; 2] = ["email", "phone"];
/// The comparisons that tell most about how fields depend on each other: relatives share names, mailboxes and phones.
/// Each of their combinations has many more pairs than a pattern.
pub(crate) const NAME_AND_CONTACTS: [&str; 3] = ["name", "email", "phone"];
/// What relatives share besides their names.
pub(crate) const WHEREABOUTS: [&str; 3] = ["email", "phone", "address"];

/// Corrects a trained model by the sampled candidate pairs; leaves it as it is where no field can be the witness.
pub(crate) fn calibrate(compared: &Compared<'_, '_>, model: &mut Model) {
    let Some(witness) = model.comparisons.iter().position(|c| c.name == WITNESS) else { return };
    let layout = compared.comparing.layout;
    let mut heard = hear(compared, model, witness);
    relatives::learn(&heard, &mut model.comparisons[witness]);
    let agreeing = model.comparisons[witness].levels[AGREEING].clone();
    model.calibration = corrections(&bands(heard.iter(), &agreeing), agreeing.m);
    let weights = model.weights(layout);
    for pair in &mut heard {
        pair.weight += weights.by_score(pair.weight);
    }
    let namesakes = |pair: &&Heard| weights.is_of_namesakes(layout, pair.pattern);
    model.namesake_calibration = corrections(&bands(heard.iter().filter(namesakes), &agreeing), agreeing.m);
    let weights = model.weights(layout);
    for pair in &mut heard {
        pair.weight += weights.of_namesakes(layout, pair.pattern, pair.weight);
    }
    model.contact_calibration = of_groups(layout, model, &heard, &agreeing, |p| weights.name_and_contacts(p));
    let weights = model.weights(layout);
    for pair in &mut heard {
        pair.weight += weights.of_name_and_contacts(pair.pattern);
    }
    model.pattern_calibration = of_groups(layout, model, &heard, &agreeing, |pattern| pattern);
    without::correct(compared, model, witness);
}

/// The sampled candidate pairs and how they agree.
pub(crate) struct Compared<'c, 'r> {
    pub(crate) comparing: &'c Comparing<'c, 'r>,
    pub(crate) rules: &'c [Rule],
    pub(crate) pairs: &'c [Candidate],
    /// By pair.
    pub(crate) found: &'c [Found],
}

impl<'c> Compared<'c, '_> {
    /// The wanted rules and their bits.
    fn rules(&self, wanted: impl Fn(&Rule) -> bool) -> Vec<(u32, &'c Rule)> {
        (0..).zip(self.rules).filter(|(_, rule)| wanted(rule)).collect()
    }

    /// Whether one of these rules proposes a pair whether it agrees on the witness or not.
    fn is_proposed(&self, pair: &Candidate, rules: &[(u32, &Rule)]) -> bool {
        let f = self.comparing.f;
        let shares = |key: &Key| {
            let of = |record| conjunction(f, std::slice::from_ref(key), record);
            let of_a = of(pair.a);
            of(pair.b).iter().any(|value| of_a.contains(value))
        };
        rules.iter().any(|(bit, rule)| proposes(*bit, rule, pair, shares))
    }
}

/// Whether a rule proposes a pair whatever it says of the witness. One of a block that was refined by the witness may be
/// there only because it agrees on it, so it must share another of the refining keys.
fn proposes(bit: u32, rule: &Rule, pair: &Candidate, shares: impl Fn(&Key) -> bool) -> bool {
    let of = |rules: u32| rules >> bit & 1 == 1;
    let otherwise = || {
        let mut others = rule.refine.iter().filter(|key| !of_witness(key));
        !rule.refine.iter().any(of_witness) || others.any(shares)
    };
    of(pair.whole) || (of(pair.rules) && otherwise())
}

/// The corrections of pairs grouped by a part of their pattern.
fn of_groups(
    layout: &Layout,
    model: &Model,
    heard: &[Heard],
    agreeing: &LevelParameters,
    part: impl Fn(Pattern) -> Pattern,
) -> Vec<PatternCorrection> {
    let mut groups: BTreeMap<Pattern, Band> = BTreeMap::new();
    for pair in heard {
        groups.entry(part(pair.pattern)).or_default().add(pair, agreeing);
    }
    let corrected = groups.iter().filter_map(|(&pattern, band)| {
        let correction = correction_of_pattern(band, agreeing.m)?;
        Some(PatternCorrection { levels: model.level_names(layout, pattern), correction })
    });
    corrected.collect()
}

/// Asks the witness about every pair of which both records have it, and that other rules than its own propose: pairs that
/// only the witness itself proposed agree on it by selection.
fn hear(compared: &Compared<'_, '_>, model: &Model, witness: usize) -> Vec<Heard> {
    let comparing = compared.comparing;
    let weights = model.weights(comparing.layout);
    let mut memo = comparing.memo();
    let mut heard = Vec::new();
    let rules = compared.rules(|rule| !rule.keys.iter().any(of_witness));
    for (pair, found) in compared.pairs.iter().zip(compared.found) {
        let level = usize::from(comparing.layout.level(found.pattern, witness));
        if level == 0 || !compared.is_proposed(pair, &rules) {
            continue;
        }
        let &Candidate { a, b, .. } = pair;
        let agreement = comparing.comparisons[witness].comparator.compare(comparing.f, a, b, witness, &mut memo);
        let without = Found {
            pattern: comparing.layout.without(found.pattern, witness),
            tf_unrelated: found.tf_unrelated - agreement.tf_unrelated,
            tf_related: found.tf_related - agreement.tf_related,
        };
        let (unrelated, related) = weights.both(comparing.layout, without);
        // Of the two ways to be no match, the one with the smaller weight is the more probable.
        let related_if_different = 1.0 / (1.0 + to_bits(related - unrelated).exp2());
        heard.push(Heard {
            pattern: without.pattern,
            weight: against_both(unrelated, related),
            level,
            related: related_if_different,
        });
    }
    heard
}

fn of_witness(key: &Key) -> bool {
    matches!(key.name(), "birth_date" | "birth_year")
}

fn band_of(weight: Weight) -> Option<usize> {
    usize::try_from(weight.div_euclid(BIT) - LOWEST).ok()
}

/// What the witness says of each band of weights.
fn bands<'h>(pairs: impl Iterator<Item = &'h Heard>, agreeing: &LevelParameters) -> Vec<Band> {
    let mut bands = vec![Band::default(); (HIGHEST - LOWEST) as usize];
    for pair in pairs {
        if let Some(band) = band_of(pair.weight).and_then(|band| bands.get_mut(band)) {
            band.add(pair, agreeing);
        }
    }
    bands
}

/// Per band the bits by which its claim is off.
fn corrections(bands: &[Band], agreeing_if_same: f64) -> Vec<CalibrationPoint> {
    let mut pooled: Vec<(f64, f64, usize)> = Vec::new();
    for band in bands {
        let n = band.pairs;
        // An empty band has no say; pooling gives it its neighbours'.
        let believed = n / (n + HALF_BELIEVED);
        let found = believed * band.found(agreeing_if_same) + (1.0 - believed) * band.claimed();
        pooled.push((found, n.max(1e-6), 1));
        while let [.., (x, n, i), (y, m, j)] = pooled[..]
            && x > y
        {
            pooled.truncate(pooled.len() - 2);
            pooled.push(((x * n + y * m) / (n + m), n + m, i + j));
        }
    }
    let found = pooled.iter().flat_map(|&(p, _, bands)| std::iter::repeat_n(p, bands));
    bands
        .iter()
        .zip(found)
        .zip(LOWEST..)
        .filter(|((band, _), _)| band.pairs >= HALF_BELIEVED)
        .map(|((band, found), lower)| CalibrationPoint {
            weight: f64::from(lower) + 0.5,
            correction: bits_between(band.claimed(), found, 1.0 - 1e-4),
        })
        .collect()
}

/// The bits by which the claim for a pattern, corrected as its band says, is still off; `None` where the witness cannot
/// tell.
fn correction_of_pattern(band: &Band, agreeing_if_same: f64) -> Option<f64> {
    let (claimed, found) = (band.claimed(), band.found(agreeing_if_same));
    let chance = band.by_chance / band.pairs.max(1.0);
    let expected = claimed * agreeing_if_same + (1.0 - claimed) * chance;
    let error = (expected * (1.0 - expected) / band.pairs.max(1.0)).sqrt();
    let off = (band.agreeing / band.pairs.max(1.0) - expected).abs();
    if band.pairs < PATTERN_HALF_BELIEVED || off <= SURE * error + ALLOWANCE {
        return None;
    }
    let believed = band.pairs / (band.pairs + PATTERN_HALF_BELIEVED);
    Some(bits_between(claimed, believed * found + (1.0 - believed) * claimed, CERTAIN))
}

/// How many bits lead from one probability to another, both taken for at most so certain.
fn bits_between(claimed: f64, found: f64, certain: f64) -> f64 {
    let bits = |p: f64| {
        let p = p.clamp(1.0 - certain, certain);
        (p / (1.0 - p)).log2()
    };
    (bits(found) - bits(claimed)).clamp(-LARGEST, LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bands in which the share `found` of the pairs are matches, `claimed` by the score.
    fn bands(found: &[f64], claimed: &[f64]) -> Vec<Band> {
        let (m, chance) = (0.9, 0.01);
        found
            .iter()
            .zip(claimed)
            .map(|(p, claimed)| Band {
                pairs: 100_000.0,
                agreeing: 100_000.0 * (p * m + (1.0 - p) * chance),
                by_chance: 100_000.0 * chance,
                claimed: 100_000.0 * claimed,
            })
            .collect()
    }

    #[test]
    fn a_wrong_claim_is_corrected_by_what_the_witness_says() {
        let points = corrections(&bands(&[0.1, 0.25, 0.8], &[0.1, 0.5, 0.8]), 0.9);
        assert!(points[0].correction.abs() < 0.01, "a right claim stays: {points:?}");
        // From even odds to one in three: log2(1/3).
        assert!((points[1].correction + 1.585).abs() < 0.02, "{points:?}");
        assert!(points[2].correction.abs() < 0.01, "{points:?}");
    }

    #[test]
    fn a_higher_score_is_never_made_the_lower_probability() {
        let points = corrections(&bands(&[0.6, 0.2], &[0.4, 0.5]), 0.9);
        // Both bands are pooled to .4.
        assert!(points[0].correction.abs() < 0.02, "{points:?}");
        assert!((points[1].correction + 0.585).abs() < 0.02, "{points:?}");
    }

    #[test]
    fn few_pairs_are_not_believed() {
        let mut few = bands(&[0.25], &[0.5]);
        few[0] = Band { pairs: 20.0, agreeing: 4.0, by_chance: 0.2, claimed: 10.0 };
        assert!(corrections(&few, 0.9).is_empty());
    }

    #[test]
    fn a_pattern_is_corrected_by_what_its_own_pairs_say() {
        let band = |pairs: f64, found: f64, claimed: f64| Band {
            pairs,
            agreeing: pairs * (found * 0.9 + (1.0 - found) * 0.01),
            by_chance: pairs * 0.01,
            claimed: pairs * claimed,
        };
        let of = |band: Band| correction_of_pattern(&band, 0.9);
        // From even odds to one in three, nearly.
        assert!((of(band(100_000.0, 0.25, 0.5)).expect("many pairs") + 1.585).abs() < 0.02);
        // Half believed: from even odds to one in four.
        assert!((of(band(30.0, 0.0, 0.5)).expect("far off") + 1.585).abs() < 0.01);
        assert_eq!(of(band(29.0, 0.0, 0.5)), None, "too few to tell");
        assert_eq!(of(band(30.0, 0.45, 0.5)), None, "chance explains it");
        assert_eq!(of(band(100_000.0, 0.48, 0.5)), None, "the rates are not known that well");
        assert_eq!(of(band(30.0, 0.95, 0.9999)), None, "three of thirty say nothing against a sure claim");
        let sure = of(band(100_000.0, 0.9, 0.9999)).expect("so many do");
        assert!((-4.0..-3.0).contains(&sure), "{sure}");
    }

    #[test]
    fn pairs_that_a_block_was_refined_to_by_the_witness_have_no_say() {
        let table = crate::keys::KeyTable::new(std::iter::empty::<[u64; 0]>());
        let born = Key::Value { name: WITNESS, field: 0, table: std::sync::Arc::new(table) };
        let rule = Rule {
            name: "family_name".to_owned(),
            keys: Vec::new(),
            refine: vec![born, Key::Postcode],
            whole_up_to: 2,
            most_pairs: None,
        };
        let of = |rules: u32, whole: u32, shared: &'static str| {
            proposes(3, &rule, &Candidate { a: 0, b: 1, rules, whole }, |key| key.name() == shared)
        };
        assert!(of(0b1000, 0b1000, "none"), "of a whole block");
        assert!(of(0b1000, 0, "postcode"), "it would be there anyhow");
        assert!(!of(0b1000, 0, WITNESS));
        assert!(!of(0b0111, 0b0111, "postcode"), "of other rules");
        let rule = Rule { refine: vec![Key::Postcode], ..rule };
        let pair = Candidate { a: 0, b: 1, rules: 0b1000, whole: 0 };
        assert!(proposes(3, &rule, &pair, |_| false), "its blocks are not refined by the witness");
    }
}
