//! The corrections of a model, applied to a pair.

use super::without::only_given_differs;
use crate::model::Weights;
use crate::pattern::{Layout, Pattern};
use crate::probability::{BIT, Weight, against_both};
use crate::score::Found;

/// A gender, a town or the initial of a middle name says no more.
const HARDLY: Weight = 3 * BIT;

impl Weights {
    /// The corrected weight of a pattern.
    pub(crate) fn calibrated(&self, layout: &Layout, pattern: Pattern, both: (Weight, Weight)) -> Weight {
        let weight = against_both(both.0, both.1);
        let Some(witness) = self.witness else { return weight };
        let level = usize::from(layout.level(pattern, witness));
        let (u, r) = (self.unrelated[witness][level], self.related[witness][level]);
        let without = layout.without(pattern, witness);
        let scored = against_both(both.0 - u, both.1 - r);
        let by_score = self.by_score(scored);
        weight
            + by_score
            + self.of_namesakes(layout, without, scored + by_score)
            + self.of_name_and_contacts(without)
            + find(&self.pattern_calibration, without)
            + if level == 0 { self.of_pattern_without_witness(layout, pattern, both) } else { 0 }
    }

    /// The weights against strangers and against relatives, without what the witness says.
    pub(super) fn both_without_witness(&self, layout: &Layout, found: Found) -> (Weight, Weight) {
        let both = self.both(layout, found);
        let Some(witness) = self.witness else { return both };
        let level = usize::from(layout.level(found.pattern, witness));
        (both.0 - self.unrelated[witness][level], both.1 - self.related[witness][level])
    }

    /// The correction of a weight that does not count the witness.
    pub(super) fn by_score(&self, weight: Weight) -> Weight {
        correction(&self.calibration, weight)
    }

    /// Whether hardly anything but the name speaks for a pair of persons.
    pub(super) fn is_of_namesakes(&self, layout: &Layout, pattern: Pattern) -> bool {
        let speaks = |comparison| self.unrelated[comparison][usize::from(layout.level(pattern, comparison))] > HARDLY;
        let Some(name) = self.name else { return false };
        speaks(name)
            && !(0..self.unrelated.len()).any(|other| other != name && Some(other) != self.witness && speaks(other))
    }

    /// The correction of such a pair, by its weight without the witness.
    pub(super) fn of_namesakes(&self, layout: &Layout, pattern: Pattern, weight: Weight) -> Weight {
        if self.is_of_namesakes(layout, pattern) { correction(&self.namesake_calibration, weight) } else { 0 }
    }

    /// The part of a pattern that says how records agree in [`NAME_AND_CONTACTS`].
    pub(super) fn name_and_contacts(&self, pattern: Pattern) -> Pattern {
        pattern & self.name_and_contacts_mask
    }

    pub(super) fn of_name_and_contacts(&self, pattern: Pattern) -> Weight {
        find(&self.contact_calibration, self.name_and_contacts(pattern))
    }

    /// The part of a pattern that says how records agree in [`WHEREABOUTS`].
    pub(super) fn whereabouts(&self, pattern: Pattern) -> Pattern {
        pattern & self.whereabouts_mask
    }

    /// The part of a pattern that says how mailbox and phone agree.
    pub(super) fn contacts(&self, pattern: Pattern) -> Pattern {
        pattern & self.contacts_mask
    }

    /// The corrections of a pattern's levels where the witness is missing.
    pub(super) fn of_levels_without_witness(&self, layout: &Layout, pattern: Pattern) -> Weight {
        let levels = self.without_witness.iter().zip(layout.levels(pattern));
        levels.map(|(of, level)| of[usize::from(level)]).sum()
    }

    /// The correction of a pattern that lacks the witness.
    fn of_pattern_without_witness(&self, layout: &Layout, pattern: Pattern, both: (Weight, Weight)) -> Weight {
        let of_levels = self.of_levels_without_witness(layout, pattern);
        let is_different = self.name.is_some_and(|name| only_given_differs(usize::from(layout.level(pattern, name))));
        if !is_different {
            return of_levels;
        }
        let of_relatives = find(&self.different_without_witness, self.whereabouts(pattern));
        of_levels + against_relatives(both, of_relatives)
    }
}

/// What it adds to a weight that its part against relatives grows.
pub(super) fn against_relatives(both: (Weight, Weight), added: Weight) -> Weight {
    against_both(both.0, both.1 + added) - against_both(both.0, both.1)
}

/// The correction for a weight that does not count the witness; linear between the points, fading beyond them.
fn correction(points: &[(Weight, Weight)], weight: Weight) -> Weight {
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

/// The correction of a pattern, among corrections in ascending order of patterns.
fn find(corrections: &[(Pattern, Weight)], pattern: Pattern) -> Weight {
    corrections.binary_search_by_key(&pattern, |entry| entry.0).map_or(0, |at| corrections[at].1)
}

fn fade(correction: Weight, distance: Weight) -> Weight {
    let left = (4 * BIT - distance).max(0);
    (i64::from(correction) * i64::from(left) / i64::from(4 * BIT)) as Weight
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrections_are_linear_between_points_and_fade_beyond() {
        let of = |weight| correction(&[(0, 0), (2 * BIT, 2 * BIT)], weight);
        assert_eq!(of(BIT), BIT);
        assert_eq!(of(4 * BIT), BIT, "half of it two bits beyond");
        assert_eq!(of(9 * BIT), 0);
        assert_eq!(of(-BIT), 0);
    }

    const DIFFERENT: u8 = 37;

    /// Name, birth date, mailbox, address.
    fn layout() -> Layout {
        Layout::new([44, 6, 6, 15]).expect("they fit")
    }

    fn pattern(levels: [u8; 4]) -> Pattern {
        levels.iter().enumerate().fold(0, |p, (c, &level)| layout().put(p, c, level))
    }

    fn weights() -> Weights {
        Weights {
            unrelated: [44, 6, 6, 15].map(|levels| vec![0; levels]).to_vec(),
            related: [44, 6, 6, 15].map(|levels| vec![0; levels]).to_vec(),
            without_witness: [44, 6, 6, 15].map(|levels| vec![0; levels]).to_vec(),
            witness: Some(1),
            name: Some(0),
            name_and_contacts_mask: [0, 2].iter().fold(0, |mask, &c| layout().with_all(mask, c)),
            contacts_mask: layout().with_all(0, 2),
            whereabouts_mask: [2, 3].iter().fold(0, |mask, &c| layout().with_all(mask, c)),
            ..Weights::default()
        }
    }

    fn correction_of(weights: &Weights, levels: [u8; 4], both: (Weight, Weight)) -> Weight {
        weights.calibrated(&layout(), pattern(levels), both) - against_both(both.0, both.1)
    }

    #[test]
    fn corrections_of_contacts_hold_whatever_else_agrees() {
        let weights = Weights {
            contact_calibration: vec![(pattern([DIFFERENT, 0, 1, 0]), 100)],
            pattern_calibration: vec![(pattern([DIFFERENT, 0, 1, 3]), 10)],
            ..weights()
        };
        let of = |levels| correction_of(&weights, levels, (0, 0));
        assert_eq!(of([DIFFERENT, 1, 1, 0]), 100);
        assert_eq!(of([DIFFERENT, 5, 1, 4]), 100, "whatever the address");
        assert_eq!(of([DIFFERENT, 1, 1, 3]), 110, "and the pattern's own");
        assert_eq!(of([DIFFERENT, 1, 5, 0]), 0, "another mailbox");
    }

    #[test]
    fn pairs_without_the_witness_have_corrections_of_their_own() {
        let mut weights = weights();
        weights.without_witness[0][7] = 30;
        weights.without_witness[3][9] = -200;
        weights.different_without_witness = vec![(pattern([0, 0, 1, 3]), 2 * BIT)];
        let relatives = (10 * BIT, 0);
        assert_eq!(correction_of(&weights, [7, 0, 1, 9], relatives), -170);
        assert_eq!(correction_of(&weights, [7, 1, 1, 9], relatives), 0, "with it none");
        assert_eq!(correction_of(&weights, [7, 0, 1, 3], relatives), 30, "their given names are the same");
        let corrected = correction_of(&weights, [DIFFERENT, 0, 1, 3], relatives);
        assert!((2 * BIT - corrected).abs() < 8, "{corrected}");
        assert_eq!(correction_of(&weights, [DIFFERENT, 0, 1, 4], relatives), 0, "at another address");
        let strangers = correction_of(&weights, [DIFFERENT, 0, 1, 3], (0, 10 * BIT));
        assert!(strangers.abs() < 8, "that they are no relatives says nothing of strangers: {strangers}");
    }

    #[test]
    fn namesakes_are_those_for_whom_only_the_name_speaks() {
        let mut weights = weights();
        weights.unrelated[0][7] = 10 * BIT;
        weights.unrelated[2][1] = 5 * BIT;
        weights.unrelated[3][9] = -BIT;
        weights.unrelated[3][8] = BIT;
        weights.calibration = vec![(-20 * BIT, 2 * BIT), (20 * BIT, 2 * BIT)];
        weights.namesake_calibration = vec![(0, 0), (20 * BIT, 200 * 20)];
        let (both, score) = ((3 * BIT, 4 * BIT), against_both(3 * BIT, 4 * BIT) + 2 * BIT);
        let of = |levels| correction_of(&weights, levels, both) - 2 * BIT;
        let found = of([7, 0, 0, 0]);
        assert!((found - score * 200 / BIT).abs() <= 1, "read at the corrected score: {found}");
        assert_eq!(of([7, 1, 0, 9]), found, "another address does not speak for them");
        assert_eq!(of([7, 1, 0, 8]), found, "the town hardly does");
        assert_eq!(of([7, 1, 1, 9]), 0, "the mailbox does");
        assert_eq!(of([DIFFERENT, 1, 0, 0]), 0, "nor do their names");
    }
}
