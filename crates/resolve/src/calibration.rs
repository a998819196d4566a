//! Whether claimed probabilities hold, checked without labels.
//!
//! One strong field is a witness: pairs are scored without it, and in each band of the score the share that agrees on it
//! tells how many of the pairs are matches, because among matches and among others its rate of agreement is known. The
//! correction that follows is smoothed to be monotone (pool adjacent violators: Ayer and others 1955) and pinned in
//! the model. It is small where the fields are independent, and large where they are not.

use crate::blocking::Rule;
use crate::keys::Key;
use crate::learn::Candidate;
use crate::model::{CalibrationPoint, Model, Weights};
use crate::pattern::Pattern;
use crate::probability::{BIT, Weight, to_bits};
use crate::score::{Comparing, Found};

/// The comparison that serves as witness: nearly everybody has one birth date, and it does not follow from the rest.
pub(crate) const WITNESS: &str = "birth_date";
/// Scores are looked at in bands of one bit between these; above, agreement on the witness is too near its rate among
/// matches to tell anything.
const LOWEST: i32 = -10;
const HIGHEST: i32 = 7;
/// A band needs so many pairs to be believed for half.
const HALF_BELIEVED: f64 = 200.0;
/// No correction is larger.
const LARGEST: f64 = 4.0;

/// What the witness says about the pairs of a band.
#[derive(Clone, Copy, Default)]
struct Band {
    pairs: f64,
    agreeing: f64,
    /// Sum of the rates at which pairs would agree on the witness if they were no matches.
    by_chance: f64,
    claimed: f64,
}

/// The corrections for a trained model, from the sampled candidate pairs; none where no field can be the witness.
pub(crate) fn calibrate(
    comparing: &Comparing<'_, '_>,
    rules: &[Rule],
    model: &Model,
    pairs: &[Candidate],
) -> Vec<CalibrationPoint> {
    let Some(witness) = model.comparisons.iter().position(|c| c.name == WITNESS) else { return Vec::new() };
    // Pairs that only the witness itself proposed agree on it by selection.
    let unselected = rules
        .iter()
        .zip(0..)
        .filter(|(rule, _)| !rule.keys.iter().any(of_witness))
        .fold(0u32, |bits, (_, index)| bits | 1 << index);
    let weights = model.weights();
    let levels = &model.comparisons[witness].levels;
    let mut memo = comparing.memo();
    let mut bands = vec![Band::default(); (HIGHEST - LOWEST) as usize];
    let mut found = Vec::new();
    let positions: Vec<(u32, u32)> = pairs.iter().map(|pair| (pair.a, pair.b)).collect();
    comparing.compare(&positions, &mut memo, &mut found);
    for (&Candidate { a, b, rules }, found) in pairs.iter().zip(found) {
        let level = usize::from(comparing.layout.level(found.pattern, witness));
        if level == 0 || rules & unselected == 0 {
            continue;
        }
        let agreement = comparing.comparisons[witness].comparator.compare(comparing.f, a, b, witness, &mut memo);
        let without = Found {
            pattern: comparing.layout.without(found.pattern, witness),
            tf_unrelated: found.tf_unrelated - agreement.tf_unrelated,
            tf_related: found.tf_related - agreement.tf_related,
        };
        let (unrelated, related) = weights.both(comparing.layout, without);
        let weight = crate::probability::against_both(unrelated, related);
        let Some(band) = band_of(weight).and_then(|band| bands.get_mut(band)) else { continue };
        // Of the two ways to be no match, the one with the smaller weight is the more probable.
        let share_related = 1.0 / (1.0 + to_bits(related - unrelated).exp2());
        band.pairs += 1.0;
        band.agreeing += f64::from(u8::from(level == 1));
        band.by_chance += share_related * levels[1].r + (1.0 - share_related) * levels[1].u;
        band.claimed += crate::probability::to_probability(weight);
    }
    corrections(&bands, levels[1].m)
}

fn of_witness(key: &Key) -> bool {
    matches!(key.name(), "birth_date" | "birth_year")
}

fn band_of(weight: Weight) -> Option<usize> {
    usize::try_from(weight.div_euclid(BIT) - LOWEST).ok()
}

/// Per band the bits by which its claim is off.
fn corrections(bands: &[Band], agreeing_if_same: f64) -> Vec<CalibrationPoint> {
    let mut pooled: Vec<(f64, f64, usize)> = Vec::new();
    for band in bands {
        let n = band.pairs;
        let claimed = if n > 0.0 { band.claimed / n } else { 0.0 };
        let chance = if n > 0.0 { band.by_chance / n } else { 0.0 };
        let found = if n > 0.0 {
            ((band.agreeing / n - chance) / (agreeing_if_same - chance).max(0.05)).clamp(0.0, 1.0)
        } else {
            0.0
        };
        // An empty band has no say; pooling gives it its neighbours'.
        let believed = n / (n + HALF_BELIEVED);
        pooled.push((believed * found + (1.0 - believed) * claimed, n.max(1e-6), 1));
        while let [.., (x, n, i), (y, m, j)] = pooled[..]
            && x > y
        {
            pooled.truncate(pooled.len() - 2);
            pooled.push(((x * n + y * m) / (n + m), n + m, i + j));
        }
    }
    let found = pooled.iter().flat_map(|&(p, _, bands)| std::iter::repeat_n(p, bands));
    let bits = |p: f64| {
        let p = p.clamp(1e-4, 1.0 - 1e-4);
        (p / (1.0 - p)).log2()
    };
    bands
        .iter()
        .zip(found)
        .zip(LOWEST..)
        .filter(|((band, _), _)| band.pairs >= HALF_BELIEVED)
        .map(|((band, found), lower)| CalibrationPoint {
            weight: f64::from(lower) + 0.5,
            correction: (bits(found) - bits(band.claimed / band.pairs)).clamp(-LARGEST, LARGEST),
        })
        .collect()
}

impl Weights {
    /// The correction for a weight that does not count the witness; linear between the points, none beyond them.
    pub(crate) fn correction(&self, weight: Weight) -> Weight {
        let points = &self.calibration;
        let after = points.partition_point(|point| point.0 <= weight);
        match (after.checked_sub(1).map(|index| points[index]), points.get(after)) {
            (Some((from, low)), Some(&(to, high))) => {
                let share = f64::from(weight - from) / f64::from((to - from).max(1));
                low + (f64::from(high - low) * share).round() as Weight
            }
            // Beyond the last point the correction fades within four bits.
            (Some((from, low)), None) => fade(low, weight - from),
            (None, Some(&(to, high))) => fade(high, to - weight),
            (None, None) => 0,
        }
    }

    /// The corrected weight of a pattern.
    pub(crate) fn calibrated(
        &self,
        layout: &crate::pattern::Layout,
        pattern: Pattern,
        both: (Weight, Weight),
    ) -> Weight {
        let weight = crate::probability::against_both(both.0, both.1);
        if self.calibration.is_empty() {
            return weight;
        }
        let Some(witness) = self.witness else { return weight };
        let level = usize::from(layout.level(pattern, witness));
        let (u, r) = (self.unrelated[witness][level], self.related[witness][level]);
        weight + self.correction(crate::probability::against_both(both.0 - u, both.1 - r))
    }
}

fn fade(correction: Weight, distance: Weight) -> Weight {
    let left = (4 * BIT - distance).max(0);
    (i64::from(correction) * i64::from(left) / i64::from(4 * BIT)) as Weight
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
    fn corrections_are_linear_between_points_and_fade_beyond() {
        let weights = Weights {
            prior_unrelated: 0,
            prior_related: 0,
            unrelated: Vec::new(),
            related: Vec::new(),
            place: None,
            witness: Some(0),
            calibration: vec![(0, 0), (2 * BIT, 2 * BIT)],
        };
        assert_eq!(weights.correction(BIT), BIT);
        assert_eq!(weights.correction(4 * BIT), BIT, "half of it two bits beyond");
        assert_eq!(weights.correction(9 * BIT), 0);
        assert_eq!(weights.correction(-BIT), 0);
    }
}
