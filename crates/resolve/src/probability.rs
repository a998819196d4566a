//! Probabilities, odds and match weights, and nothing else.
//!
//! ```text
//!  probability   .0001    .03     .5      .97    .9999
//!  weight (bits)  -13      -5      0       +5      +13      weight = log2(p / (1 - p))
//! ```
//! A weight is a fixed-point integer in 1/1024 bit, so that sums do not depend on the order of their terms.

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
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let gap = to_bits(high - low);
    low - ((1.0 + (-gap).exp2()).log2() * f64::from(BIT)).round() as Weight
}
