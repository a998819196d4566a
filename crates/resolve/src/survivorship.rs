//! Survivorship: which of the values that a cluster's records hold becomes the golden one.
//!
//! One function for every attribute: [`rank`] orders the distinct values of a cluster, best first. Values are
//! codes: equal codes are equal values. The order is total, whatever the order of the observations, so the same
//! records always give the same golden value.

use crate::RecordId;

/// One record's statement about one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// The value; equal values have equal codes.
    pub code: u32,
    /// The record, as the caller numbers it.
    pub record: u32,
    /// The record's stable id, for ties.
    pub id: RecordId,
    /// When the record last changed, in any unit; `None` where nobody knows.
    pub updated_at: Option<i64>,
    /// How trusted the record's source is for this attribute: 0 is the most trusted.
    pub trust: u16,
    /// The value passed its attribute's checks.
    pub valid: bool,
    /// Length of the value in characters.
    pub length: u32,
    /// Position of the value within the record, for repeatable attributes.
    pub position: u16,
}

/// How the winner is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The value of the record changed last.
    MostRecent,
    /// The value most records agree on.
    MostFrequent,
    /// The value of the most trusted source.
    MostTrusted,
    /// The longest value.
    Longest,
    /// The value of the record changed first.
    Earliest,
}

/// A distinct value of a cluster with what speaks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub code: u32,
    /// The observation that speaks best for the value.
    pub best: Observation,
    /// How many records agree on the value.
    pub support: u32,
    /// The last time a record with the value changed.
    pub last: Option<i64>,
    /// The first time a record with the value changed.
    pub first: Option<i64>,
}

/// The distinct values among `observations`, best first. A valid value is always before one that is not; ties of
/// the strategy go to trust where the pipeline prefers sources, then to the most supported, the most recent, the
/// value earlier in its record, the longer value, and at last to the smallest record id.
///
/// ```
/// use goldsmith_resolve::RecordId;
/// use goldsmith_resolve::survivorship::{Observation, Strategy, rank};
/// let says = |code, record, updated_at| Observation {
///     code, record, id: RecordId(u128::from(record)), updated_at, trust: 0, valid: true, length: 5, position: 0,
/// };
/// let observations = [says(7, 1, Some(10)), says(7, 2, Some(20)), says(8, 3, Some(30))];
/// assert_eq!(rank(&observations, Strategy::MostFrequent).first().map(|best| best.code), Some(7));
/// assert_eq!(rank(&observations, Strategy::MostRecent).first().map(|best| best.code), Some(8));
/// ```
#[must_use]
pub fn rank(observations: &[Observation], strategy: Strategy) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::with_capacity(observations.len());
    let mut sorted = observations.to_vec();
    sorted.sort_by(|a, b| {
        (a.code, !a.valid, a.trust)
            .cmp(&(b.code, !b.valid, b.trust))
            .then_with(|| b.updated_at.cmp(&a.updated_at))
            .then_with(|| (a.position, a.id, a.record).cmp(&(b.position, b.id, b.record)))
    });
    let mut holders: Vec<u32> = Vec::new();
    for agreeing in sorted.chunk_by(|a, b| a.code == b.code) {
        let Some(&best) = agreeing.first() else { continue };
        // A record that repeats a value supports it once.
        holders.clear();
        holders.extend(agreeing.iter().map(|observation| observation.record));
        holders.sort_unstable();
        holders.dedup();
        candidates.push(Candidate {
            code: best.code,
            best,
            support: holders.len() as u32,
            last: agreeing.iter().filter_map(|observation| observation.updated_at).max(),
            first: agreeing.iter().filter_map(|observation| observation.updated_at).min(),
        });
    }
    candidates.sort_by(|a, b| {
        b.best
            .valid
            .cmp(&a.best.valid)
            .then_with(|| match strategy {
                Strategy::MostRecent => b.last.cmp(&a.last),
                Strategy::MostFrequent => b.support.cmp(&a.support),
                Strategy::MostTrusted => a.best.trust.cmp(&b.best.trust),
                Strategy::Longest => b.best.length.cmp(&a.best.length),
                // A value nobody dated is not the earliest.
                Strategy::Earliest => a.first.unwrap_or(i64::MAX).cmp(&b.first.unwrap_or(i64::MAX)),
            })
            .then_with(|| a.best.trust.cmp(&b.best.trust))
            .then_with(|| b.support.cmp(&a.support))
            .then_with(|| b.last.cmp(&a.last))
            .then_with(|| a.best.position.cmp(&b.best.position))
            .then_with(|| b.best.length.cmp(&a.best.length))
            .then_with(|| a.best.id.cmp(&b.best.id))
            .then_with(|| a.best.record.cmp(&b.best.record))
    });
    candidates
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;

    fn says(code: u32, record: u32, updated_at: Option<i64>, trust: u16, valid: bool) -> Observation {
        Observation {
            code,
            record,
            id: RecordId(u128::from(record)),
            updated_at,
            trust,
            valid,
            length: code,
            position: 0,
        }
    }

    fn winner(observations: &[Observation], strategy: Strategy) -> Option<u32> {
        rank(observations, strategy).first().map(|candidate| candidate.code)
    }

    #[test]
    fn each_strategy_chooses_by_its_own_measure() {
        let observations = [
            says(1, 1, Some(10), 2, true),
            says(1, 2, Some(11), 2, true),
            says(2, 3, Some(30), 1, true),
            says(3, 4, Some(5), 0, true),
            says(9, 5, None, 3, true),
        ];
        assert_eq!(winner(&observations, Strategy::MostFrequent), Some(1));
        assert_eq!(winner(&observations, Strategy::MostRecent), Some(2));
        assert_eq!(winner(&observations, Strategy::MostTrusted), Some(3));
        assert_eq!(winner(&observations, Strategy::Earliest), Some(3));
        assert_eq!(winner(&observations, Strategy::Longest), Some(9));
    }

    #[test]
    fn a_valid_value_beats_any_number_of_invalid_ones() {
        let observations = [says(1, 1, Some(99), 0, false), says(1, 2, Some(99), 0, false), says(2, 3, None, 5, true)];
        for strategy in [Strategy::MostFrequent, Strategy::MostRecent, Strategy::MostTrusted] {
            assert_eq!(winner(&observations, strategy), Some(2));
        }
    }

    #[test]
    fn a_record_supports_a_value_once() {
        let observations = [
            says(1, 1, None, 0, true),
            says(1, 1, None, 0, true),
            says(2, 2, None, 0, true),
            says(2, 3, None, 0, true),
        ];
        assert_eq!(winner(&observations, Strategy::MostFrequent), Some(2));
    }

    proptest! {
        #[test]
        fn the_order_of_observations_does_not_matter(
            values in prop::collection::vec((0_u32..4, 0_u32..8, prop::option::of(0_i64..5), 0_u16..3, any::<bool>()), 0..12),
            rotation in 0_usize..12,
        ) {
            let observations: Vec<Observation> = values.iter().map(|(code, record, at, trust, valid)| says(*code, *record, *at, *trust, *valid)).collect();
            let mut rotated = observations.clone();
            let by = rotation % rotated.len().max(1);
            rotated.rotate_left(by);
            for strategy in [Strategy::MostRecent, Strategy::MostFrequent, Strategy::MostTrusted, Strategy::Longest, Strategy::Earliest] {
                prop_assert_eq!(rank(&observations, strategy), rank(&rotated, strategy));
            }
        }
    }
}
