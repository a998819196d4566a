//! A pair's agreement levels packed into one integer.

use crate::comparison::Comparison;

/// Packed agreement levels; equal patterns have equal evidence apart from term frequencies.
pub(crate) type Pattern = u128;

/// Where each comparison's level lies in a [`Pattern`].
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    shifts: Vec<u32>,
    masks: Vec<u128>,
}

/// More comparisons never fit into a pattern: each has at least three levels, "missing" among them.
pub const MOST_COMPARISONS: usize = 63;

impl Layout {
    /// The layout for the given numbers of levels (the missing level included), or `None` if they do not fit.
    pub(crate) fn new(levels: impl IntoIterator<Item = usize>) -> Option<Self> {
        let mut layout = Self { shifts: Vec::new(), masks: Vec::new() };
        let mut used = 0u32;
        for count in levels {
            let bits = usize::BITS - count.saturating_sub(1).leading_zeros();
            layout.shifts.push(used);
            layout.masks.push((1u128 << bits) - 1);
            used += bits;
            if used >= u128::BITS {
                return None;
            }
        }
        Some(layout)
    }

    pub(crate) fn of(comparisons: &[Comparison]) -> Option<Self> {
        Self::new(comparisons.iter().map(|comparison| comparison.levels.len()))
    }

    pub(crate) fn put(&self, pattern: Pattern, comparison: usize, level: u8) -> Pattern {
        pattern | (u128::from(level) << self.shifts[comparison])
    }

    /// The pattern with a comparison's level taken for missing.
    pub(crate) fn without(&self, pattern: Pattern, comparison: usize) -> Pattern {
        pattern & !(self.masks[comparison] << self.shifts[comparison])
    }

    /// The pattern with all bits of a comparison's level set.
    pub(crate) fn with_all(&self, pattern: Pattern, comparison: usize) -> Pattern {
        pattern | (self.masks[comparison] << self.shifts[comparison])
    }

    pub(crate) fn level(&self, pattern: Pattern, comparison: usize) -> u8 {
        ((pattern >> self.shifts[comparison]) & self.masks[comparison]) as u8
    }

    pub(crate) fn levels(&self, pattern: Pattern) -> Vec<u8> {
        (0..self.shifts.len()).map(|comparison| self.level(pattern, comparison)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_come_back() {
        let layout = Layout::new([44, 6, 2, 15]).expect("they fit");
        let pattern = [43u8, 5, 1, 14].iter().enumerate().fold(0, |p, (c, &level)| layout.put(p, c, level));
        assert_eq!(layout.levels(pattern), [43, 5, 1, 14]);
    }

    #[test]
    fn too_many_levels_are_refused() {
        assert!(Layout::new(vec![8; 42]).is_some());
        assert!(Layout::new(vec![8; 43]).is_none());
    }
}
