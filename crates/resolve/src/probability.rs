//! Probabilities, odds and match weights, and nothing else.
//!
//! ```text
//!  probability   .0001    .03     .5      .97    .9999
//!  weight (bits)  -13      -5      0       +5      +13      weight = log2(p / (1 - p))
//! ```
//! A weight is a fixed-point integer in 1/1024 bit, so that sums do not depend on the order of their terms.

use std::sync::LazyLock;

/// A match weight or a part of one, in 1/1024 bit.
pub type Weight = i32;

/// One bit of evidence.
pub const BIT: Weight = 1024;

/// Weights are kept within ±60 bits; beyond that a probability is 0 or 1 in double precision.
const LIMIT: Weight = 60 * BIT;

/// The weight of a number of bits.
#[must_use]
pub fn from_bits(bits: f64) -> Weight {
    (bits * f64::from(BIT)).round().clamp(f64::from(-LIMIT), f64::from(LIMIT)) as Weight
}

/// The bits of a weight.
#[must_use]
pub fn to_bits(weight: Weight) -> f64 {
    f64::from(weight) / f64::from(BIT)
}

/// The probability whose log-odds are `weight`.
///
/// ```
/// use goldsmith_resolve::probability::{BIT, to_probability};
/// assert_eq!(to_probability(0), 0.5);
/// assert!((to_probability(5 * BIT) - 32.0 / 33.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn to_probability(weight: Weight) -> f64 {
    1.0 / (1.0 + (-to_bits(weight)).exp2())
}

/// The log-odds of a probability; 0 and 1 become the smallest and largest weight.
#[must_use]
pub fn from_probability(probability: f64) -> Weight {
    let p = probability.clamp(1e-18, 1.0 - 1e-15);
    from_bits((p / (1.0 - p)).log2())
}

/// Log-odds against two alternatives at once: `-log2(2^-a + 2^-b)`.
///
/// `a` is the weight of "same" against "unrelated", `b` of "same" against "related".
#[must_use]
pub fn against_both(a: Weight, b: Weight) -> Weight {
    // By the distance of the two; beyond the table the farther alternative weighs less than half a unit.
    static LESS: LazyLock<Vec<u16>> = LazyLock::new(|| {
        let less = |gap: Weight| ((1.0 + (-to_bits(gap)).exp2()).log2() * f64::from(BIT)).round() as u16;
        (0..).map(less).take_while(|&less| less > 0).collect()
    });
    let less = LESS.get(a.abs_diff(b) as usize).copied().unwrap_or(0);
    a.min(b) - Weight::from(less)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_alternatives_weigh_more_than_either() {
        assert_eq!(against_both(0, 0), -BIT);
        for (a, b) in [(-3000, 500), (7, 7000), (12_345, 1), (100, 20_000), (-61_000, 61_000)] {
            let exact = -((-to_bits(a)).exp2() + (-to_bits(b)).exp2()).log2() * f64::from(BIT);
            assert!((f64::from(against_both(a, b)) - exact).abs() <= 0.5, "{a} {b}");
            assert_eq!(against_both(a, b), against_both(b, a));
        }
    }
}
