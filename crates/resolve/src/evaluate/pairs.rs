//! Scored pairs against the truth: what a cut anywhere would decide, and whether probabilities hold what they claim.
//!
//! A pair out of a sample stands for several. Sums between limits are all that is kept.

use super::{Score, score};

/// A scored pair and what the truth says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedPair {
    /// The probability that was claimed.
    pub probability: f64,
    /// Whether the records are one entity by the truth.
    pub same: bool,
    /// Where it comes from a sample, how many pairs it stands for.
    pub sampled: Option<f64>,
}

/// What would be decided if each pair from a probability up were a match.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Cut {
    /// The probability.
    pub from: f64,
    /// Pairs from there up; an estimate where some are sampled.
    pub pairs: f64,
    /// How many of the pairs at hand are sampled ones.
    pub sampled_rows: u64,
    /// The precision that the probabilities claim: their mean.
    pub expected_precision: Option<f64>,
    /// The truth about it.
    #[serde(flatten)]
    pub score: Score,
}

/// Claim and truth between two probabilities.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Band {
    /// From this probability.
    pub from: f64,
    /// Up to this one; only 1 itself is included.
    pub to: f64,
    /// Pairs in the band; an estimate where some are sampled.
    pub pairs: f64,
    /// Pairs at hand.
    pub rows: u64,
    /// How many of those are sampled ones.
    pub sampled_rows: u64,
    /// Mean of the probabilities; none where the band is empty.
    pub claimed: Option<f64>,
    /// Share of true pairs.
    pub true_share: Option<f64>,
    /// True share less claim: above zero where the claim is too modest.
    pub difference: Option<f64>,
}

/// Sums over pairs between ascending probabilities.
///
/// ```
/// use goldsmith_resolve::evaluate::{JudgedPair, Tallies};
/// let mut tallies = Tallies::new(&[0.0, 0.5]);
/// tallies.add(JudgedPair { probability: 0.9, same: true, sampled: None });
/// tallies.add(JudgedPair { probability: 0.6, same: false, sampled: None });
/// let cut = tallies.curve(2)[1];
/// assert_eq!((cut.score.precision, cut.score.recall, cut.expected_precision), (0.5, 0.5, Some(0.75)));
/// ```
#[derive(Clone, Debug)]
pub struct Tallies {
    from: Vec<f64>,
    sums: Vec<Sum>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    rows: u64,
    sampled: u64,
    pairs: f64,
    claimed: f64,
    same: f64,
}

impl Tallies {
    /// Nothing yet, between these ascending limits; pairs below the first are passed over.
    #[must_use]
    pub fn new(limits: &[f64]) -> Self {
        Self { from: limits.to_vec(), sums: vec![Sum::default(); limits.len()] }
    }

    /// Counts one pair.
    pub fn add(&mut self, pair: JudgedPair) {
        let above = self.from.partition_point(|&from| from <= pair.probability);
        let Some(sum) = above.checked_sub(1).and_then(|band| self.sums.get_mut(band)) else { return };
        let weight = pair.sampled.unwrap_or(1.0);
        sum.rows += 1;
        sum.sampled += u64::from(pair.sampled.is_some());
        sum.pairs += weight;
        sum.claimed += weight * pair.probability;
        sum.same += if pair.same { weight } else { 0.0 };
    }

    /// For each limit what a cut there would decide, out of all true pairs, also those nobody compared.
    #[must_use]
    pub fn curve(&self, true_pairs: u64) -> Vec<Cut> {
        let mut above = Sum::default();
        let mut cuts: Vec<Cut> = Vec::with_capacity(self.from.len());
        for (&from, sum) in self.from.iter().zip(&self.sums).rev() {
            above.sampled += sum.sampled;
            above.pairs += sum.pairs;
            above.claimed += sum.claimed;
            above.same += sum.same;
            // An estimate may find more than there is.
            let recall = share(above.same, true_pairs as f64).unwrap_or(1.0).min(1.0);
            cuts.push(Cut {
                from,
                pairs: above.pairs,
                sampled_rows: above.sampled,
                expected_precision: share(above.claimed, above.pairs),
                score: score(share(above.same, above.pairs).unwrap_or(1.0), recall),
            });
        }
        cuts.reverse();
        cuts
    }

    /// Claim and truth between each limit and the next, the last one up to 1.
    #[must_use]
    pub fn bands(&self) -> Vec<Band> {
        let ends = self.from.iter().skip(1).copied().chain([1.0]);
        let band = |((&from, to), sum): ((&f64, f64), &Sum)| {
            let (claimed, true_share) = (share(sum.claimed, sum.pairs), share(sum.same, sum.pairs));
            Band {
                from,
                to,
                pairs: sum.pairs,
                rows: sum.rows,
                sampled_rows: sum.sampled,
                claimed,
                true_share,
                difference: true_share.zip(claimed).map(|(is, said)| is - said),
            }
        };
        self.from.iter().zip(ends).zip(&self.sums).map(band).collect()
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tallies() -> Tallies {
        let mut tallies = Tallies::new(&[0.1, 0.5, 0.9]);
        let pairs = [
            (0.05, true, None),
            (0.2, true, Some(100.0)),
            (0.3, false, Some(100.0)),
            (0.5, false, None),
            (0.75, true, None),
            (1.0, true, None),
            (0.9, true, None),
        ];
        for (probability, same, sampled) in pairs {
            tallies.add(JudgedPair { probability, same, sampled });
        }
        tallies
    }

    #[test]
    fn a_curve_by_hand() {
        let cuts = tallies().curve(200);
        assert_eq!(cuts.iter().map(|cut| cut.pairs).collect::<Vec<_>>(), [204.0, 4.0, 2.0]);
        assert_eq!(cuts.iter().map(|cut| cut.sampled_rows).collect::<Vec<_>>(), [2, 0, 0]);
        // From .5: three of four are true, of 200.
        assert_eq!((cuts[1].score.precision, cuts[1].score.recall), (0.75, 0.015));
        assert!((cuts[1].expected_precision.unwrap() - 3.15 / 4.0).abs() < 1e-12);
        assert!((cuts[1].score.f1 - 2.0 * 0.75 * 0.015 / 0.765).abs() < 1e-12);
        // From .1: a sampled pair stands for a hundred.
        assert!((cuts[0].score.precision - 103.0 / 204.0).abs() < 1e-12);
        assert_eq!(cuts[0].score.recall, 103.0 / 200.0);
    }

    #[test]
    fn an_estimate_finds_no_more_than_there_is() {
        assert_eq!(tallies().curve(50)[0].score.recall, 1.0);
    }

    #[test]
    fn bands_by_hand() {
        let bands = tallies().bands();
        assert_eq!(
            bands.iter().map(|band| (band.from, band.to)).collect::<Vec<_>>(),
            [(0.1, 0.5), (0.5, 0.9), (0.9, 1.0)]
        );
        assert_eq!(bands.iter().map(|band| band.rows).collect::<Vec<_>>(), [2, 2, 2]);
        assert_eq!((bands[0].pairs, bands[0].claimed, bands[0].true_share), (200.0, Some(0.25), Some(0.5)));
        assert_eq!(
            (bands[1].claimed, bands[1].true_share, bands[1].difference),
            (Some(0.625), Some(0.5), Some(-0.125))
        );
        assert_eq!(bands[2].true_share, Some(1.0));
    }

    #[test]
    fn an_empty_band_claims_nothing() {
        let tallies = Tallies::new(&[0.0, 0.5]);
        assert_eq!(tallies.bands()[1].claimed, None);
        assert_eq!(tallies.curve(0)[0].score, score(1.0, 1.0));
        assert_eq!(tallies.curve(3)[0].score.recall, 0.0);
    }
}
