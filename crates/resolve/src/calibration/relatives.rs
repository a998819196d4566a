//! Birth dates of relatives.
//!
//! Training does not learn them: relatives who were born on one day are taken for matches, and matches whose names differ
//! for relatives. But where records differ in all that a person has alone, and share what a household has, they are no
//! matches whatever the witness says. What it says there is what it says of relatives.

use super::Heard;
use crate::fellegi_sunter::STRENGTH_R;
use crate::model::ComparisonParameters;
use crate::probability::to_probability;

/// A pair is beyond doubt no match where that is at most so probable without the witness, and a pair of relatives where
/// that is at least so probable among pairs that are no matches.
const NO_MATCH: f64 = 0.0005;
const RELATED: f64 = 0.9;

/// Learns the levels of the witness among relatives.
pub(super) fn learn(heard: &[Heard], witness: &mut ComparisonParameters) {
    let mut counts = vec![0.0; witness.levels.len()];
    let of_relatives = heard.iter().filter(|pair| pair.related >= RELATED && to_probability(pair.weight) <= NO_MATCH);
    for pair in of_relatives {
        counts[pair.level] += 1.0;
    }
    let all: f64 = counts.iter().sum();
    for (level, count) in witness.levels.iter_mut().zip(counts).skip(1) {
        level.r = (count + level.r * STRENGTH_R) / (all + STRENGTH_R);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LevelParameters;
    use crate::probability::BIT;

    #[test]
    fn what_relatives_share_is_learnt_from_those_who_are_no_matches() {
        let level =
            |r: f64| LevelParameters { level: String::new(), m: 0.5, r, u: 0.5, without_birth_date: 0.0, seen: 0.0 };
        let learnt = |pairs: &[(usize, i32, f64, usize)]| {
            let heard: Vec<Heard> = pairs
                .iter()
                .flat_map(|&(n, bits, related, level)| {
                    (0..n).map(move |_| Heard { pattern: 0, weight: bits * BIT, level, related })
                })
                .collect();
            let mut witness = ComparisonParameters {
                name: super::super::WITNESS.to_owned(),
                levels: vec![level(1.0), level(0.012), level(0.988)],
            };
            learn(&heard, &mut witness);
            [witness.levels[0].r, witness.levels[1].r, witness.levels[2].r]
        };
        let shipped = learnt(&[]);
        assert!((shipped[1] - 0.012).abs() < 1e-9 && (shipped[2] - 0.988).abs() < 1e-9, "{shipped:?}");
        let many = learnt(&[(120, -12, 0.99, 1), (29_880, -12, 0.99, 2)]);
        assert!((many[1] - 0.004).abs() < 1e-4 && (many[1] + many[2] - 1.0).abs() < 1e-9, "{many:?}");
        assert!(learnt(&[(5000, -9, 0.99, 1)])[1] < 0.0121, "they may be matches");
        assert!(learnt(&[(5000, -20, 0.5, 1)])[1] < 0.0121, "they may be strangers");
        assert!((learnt(&[(300, -12, 0.99, 2)])[1] - 0.006).abs() < 1e-9, "so many are half believed");
    }
}
