//! What is known of persons beforehand, held against what training finds.
//!
//! Whatever else they share, few matches differ in a name and hardly any in both: a class of pairs that mostly do is
//! something else, such as colleagues at one address or those born on one day.

use crate::comparison::Comparison;
use crate::fellegi_sunter::{Table, normalised};

/// The share of matches that differ in both names is at most this.
const MOST_OTHER_NAMES: f64 = 0.05;
/// The same for those that differ in one of the two.
const MOST_OTHER_NAME: f64 = 0.15;
/// Of the related, at least this share bears names as strangers do: colleagues, flatmates.
const LEAST_STRANGERS: f64 = 0.25;
/// Comparisons whose second level is a slip in the value of their first.
const SLIPS: [&str; 3] = ["birth_date", "email", "phone"];

/// The bounds of a training, which tighten from round to round.
pub(crate) struct Bounds<'c> {
    comparisons: &'c [Comparison],
    other_names: Vec<Bound>,
}

impl<'c> Bounds<'c> {
    pub(crate) fn of_persons(comparisons: &'c [Comparison]) -> Self {
        let mut other_names = Vec::new();
        for (comparison, (rows, columns)) in (0..).zip(comparisons).filter_map(|(c, one)| Some((c, one.factors?))) {
            // Both names are there; the last two levels of each are "similar" and "different".
            let cells = |given_differs: bool, family_differs: bool| -> Vec<usize> {
                let cells = (1..rows).flat_map(|g| (1..columns).map(move |f| (g, f)));
                cells
                    .filter(|&(g, f)| (g + 2 >= rows, f + 2 >= columns) == (given_differs, family_differs))
                    .map(|(g, f)| g * columns + f)
                    .collect()
            };
            let bound = |levels, most| Bound { comparison, levels, most, kept: 1.0 };
            other_names.push(bound(cells(true, true), MOST_OTHER_NAMES));
            other_names.push(bound(cells(true, false), MOST_OTHER_NAME));
            other_names.push(bound(cells(false, true), MOST_OTHER_NAME));
        }
        Self { comparisons, other_names }
    }

    /// Holds m within the bounds. `counts` are the matches of this round, per comparison and level.
    pub(crate) fn hold_matches(&mut self, counts: &Table, m: &mut Table) {
        self.comparisons.iter().zip(m.iter_mut()).for_each(|(comparison, m)| bound_slips(comparison, m));
        for bound in &mut self.other_names {
            let c = bound.comparison;
            bound.hold(&self.comparisons[c], &counts[c], &mut m[c]);
        }
    }

    /// Holds the names' part of r within the bounds.
    pub(crate) fn hold_related(&self, r: &mut Table, u: &Table) {
        for (c, comparison) in self.comparisons.iter().enumerate().filter(|(_, one)| one.factors.is_some()) {
            let raised: Vec<f64> = r[c].iter().zip(&u[c]).map(|(r, u)| r.max(LEAST_STRANGERS * u)).collect();
            r[c] = normalised(comparison, &raised);
        }
    }
}

/// The most matches that may show some levels of a comparison.
///
/// It is not enough to bound the levels' rate: where everything else agrees, such pairs would be taken into the class all
/// the same. So the rate falls until the pairs that are taken in respect the bound (posterior regularisation: Ganchev and
/// others 2010).
struct Bound {
    comparison: usize,
    levels: Vec<usize>,
    most: f64,
    /// What is left of the rate.
    kept: f64,
}

impl Bound {
    fn hold(&mut self, comparison: &Comparison, counts: &[f64], m: &mut [f64]) {
        let group = comparison.levels[self.levels[0]].group;
        let of_group: Vec<usize> = (0..m.len()).filter(|&level| comparison.levels[level].group == group).collect();
        let share = |values: &[f64]| {
            let sum = |levels: &[usize]| levels.iter().map(|&level| values[level]).sum::<f64>();
            sum(&self.levels) / sum(&of_group).max(1e-300)
        };
        let (shown, rate) = (share(counts), share(m));
        self.kept = (self.kept * self.most / shown.max(1e-9)).min(1.0);
        let held = self.kept * rate.min(self.most);
        for level in of_group {
            let (new, old) = if self.levels.contains(&level) { (held, rate) } else { (1.0 - held, 1.0 - rate) };
            m[level] *= new / old.max(1e-300);
        }
    }
}

/// A slip is not as frequent as the right value: phone numbers that are one digit apart, and hardly ever the same, were
/// given out one after the other.
fn bound_slips(comparison: &Comparison, m: &mut [f64]) {
    let (same, slip) = (1, 2);
    if !SLIPS.contains(&comparison.name.as_str()) || m[slip] <= m[same] {
        return;
    }
    let (most, others) = (m[same], 1.0 - m[slip]);
    let group = comparison.levels[slip].group;
    for (level, value) in m.iter_mut().enumerate().filter(|(level, _)| comparison.levels[*level].group == group) {
        *value = if level == slip { most } else { *value * (1.0 - most) / others.max(1e-300) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::Comparator;
    use crate::comparison::Level;

    /// One comparison of two names of three levels each: same, similar, different; 0 is missing.
    fn names() -> Comparison {
        let levels = (0..16)
            .map(|cell| {
                let group = match (cell / 4, cell % 4) {
                    (0, 0) => 0,
                    (0, _) => 2,
                    (_, 0) => 3,
                    _ => 1,
                };
                Level { label: cell.to_string(), group, m: 0.1, r: 0.1, u: 0.1 }
            })
            .collect();
        let comparator = Comparator::Exact { field: 0 };
        Comparison { name: "name".into(), levels, changeable: false, ordered: false, factors: Some((4, 4)), comparator }
    }

    #[test]
    fn pairs_taken_in_that_differ_in_both_names_lower_their_rate_further_each_round() {
        let comparisons = [names()];
        let mut bounds = Bounds::of_persons(&comparisons);
        // As many matches with the same names as with two others.
        let mut counts = vec![vec![0.0; 16]];
        counts[0][5] = 500.0;
        counts[0][15] = 500.0;
        let mut differ = Vec::new();
        for _ in 0..3 {
            let mut m = vec![normalised(&comparisons[0], &counts[0].iter().map(|n| n + 1.0).collect::<Vec<_>>())];
            bounds.hold_matches(&counts, &mut m);
            let of_both: f64 = (1..4).flat_map(|g| (1..4).map(move |f| g * 4 + f)).map(|cell| m[0][cell]).sum();
            assert!((of_both - 1.0).abs() < 1e-9, "{of_both}");
            differ.push(m[0][10] + m[0][11] + m[0][14] + m[0][15]);
        }
        assert!(differ[0] <= MOST_OTHER_NAMES, "{differ:?}");
        assert!(differ[1] < 0.2 * differ[0] && differ[2] < 0.2 * differ[1], "{differ:?}");

        // Once hardly any are taken in, the rate recovers.
        counts[0][15] = 1.0;
        let mut m = vec![vec![0.05; 16]];
        for _ in 0..5 {
            m = vec![normalised(&comparisons[0], &counts[0].iter().map(|n| n + 1.0).collect::<Vec<_>>())];
            bounds.hold_matches(&counts, &mut m);
        }
        let rate = m[0][10] + m[0][11] + m[0][14] + m[0][15];
        assert!((rate - 5.0 / 510.0).abs() < 1e-3, "{rate}");
    }

    #[test]
    fn the_related_bear_names_as_strangers_do_at_least_sometimes() {
        let comparisons = [names()];
        let mut r = vec![vec![0.0; 16]];
        r[0][13] = 1.0;
        let mut u = vec![vec![0.0; 16]];
        u[0][15] = 1.0;
        Bounds::of_persons(&comparisons).hold_related(&mut r, &u);
        assert!((r[0][15] - 0.25 / 1.25).abs() < 1e-9, "{:?}", r[0]);
        assert!((r[0][13] - 1.0 / 1.25).abs() < 1e-9, "{:?}", r[0]);
    }
}
