//! How far the pairs of a run are from those a model was trained on.

use crate::comparison::Comparison;
use crate::model::Model;
use crate::pattern::{Layout, Pattern};

/// How far the levels of one comparison have moved.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Drift {
    /// The comparison.
    pub comparison: String,
    /// Share of the candidate pairs that would have to show another level for the run to look like the training: half the
    /// sum of the differences of all levels, 0 to 1.
    pub distance: f64,
}

/// Per comparison and level the share of the pairs that show it.
pub(crate) fn shares(
    layout: &Layout,
    comparisons: &[Comparison],
    patterns: impl Iterator<Item = (Pattern, f64)>,
) -> Vec<Vec<f64>> {
    let mut shares: Vec<Vec<f64>> = comparisons.iter().map(|comparison| vec![0.0; comparison.levels.len()]).collect();
    let mut all = 0.0;
    for (pattern, pairs) in patterns {
        all += pairs;
        for (index, levels) in shares.iter_mut().enumerate() {
            levels[usize::from(layout.level(pattern, index))] += pairs;
        }
    }
    for share in shares.iter_mut().flatten() {
        // Rounded, so that a model is the same however the pairs were added up.
        *share = (*share / f64::max(all, 1.0) * 1e6).round() / 1e6;
    }
    shares
}

/// What a run's pairs show, held against what the model saw.
pub(crate) fn drift(model: &Model, seen: &[Vec<f64>]) -> Vec<Drift> {
    model
        .comparisons
        .iter()
        .zip(seen)
        .map(|(comparison, seen)| {
            let apart: f64 = comparison.levels.iter().zip(seen).map(|(level, now)| (level.seen - now).abs()).sum();
            Drift { comparison: comparison.name.clone(), distance: apart / 2.0 }
        })
        .collect()
}

/// Takes what a run's pairs show for what the model saw, where it was trained on others.
pub(crate) fn see_anew(model: &mut Model, seen: &[Vec<f64>]) {
    for (comparison, seen) in model.comparisons.iter_mut().zip(seen) {
        for (level, &seen) in comparison.levels.iter_mut().zip(seen) {
            level.seen = seen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::{gender_levels, phone_levels};

    #[test]
    fn shares_are_counted_level_by_level() {
        let layout = Layout::new([4, 3]).expect("they fit");
        let comparison = |name: &str, levels| Comparison {
            name: name.to_owned(),
            levels,
            changeable: false,
            ordered: true,
            factors: None,
            comparator: crate::agreement::Comparator::Exact { field: 0 },
        };
        let comparisons = [comparison("phone", phone_levels()), comparison("gender", gender_levels())];
        let pattern = |phone, gender| layout.put(layout.put(0, 0, phone), 1, gender);
        let patterns = [(pattern(1, 0), 30.0), (pattern(3, 2), 60.0), (pattern(3, 0), 10.0)];
        assert_eq!(
            shares(&layout, &comparisons, patterns.into_iter()),
            [vec![0.0, 0.3, 0.0, 0.7], vec![0.4, 0.0, 0.6]]
        );
    }
}
