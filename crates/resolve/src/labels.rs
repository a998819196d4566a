//! What is known of pairs before they are compared: which customer a record is, and what a steward decided.

use hashbrown::{HashMap, HashSet};

use crate::features::Features;
use crate::fellegi_sunter::{Histogram, histogram};
use crate::pattern::Pattern;
use crate::records::RecordId;
use crate::resolve::Decisions;
use crate::score::Found;

/// What training is told. Records that are not there are passed over.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// The entity that a record is known to be. Two records with equal numbers are one entity, with others two; of a
    /// record that is not listed nothing is known.
    pub entities: HashMap<RecordId, u32, foldhash::fast::FixedState>,
    /// Single pairs that are known.
    pub decisions: Decisions,
}

/// The same by position.
#[derive(Default)]
pub(crate) struct Known {
    /// Empty where no record's entity is known.
    entities: Vec<Option<u32>>,
    same: HashSet<(u32, u32), foldhash::fast::FixedState>,
    not_same: HashSet<(u32, u32), foldhash::fast::FixedState>,
}

impl Known {
    pub(crate) fn new(f: &Features<'_>, labels: &Labels) -> Self {
        let positions = 0..f.len() as u32;
        let mut entities: Vec<Option<u32>> = Vec::new();
        if !labels.entities.is_empty() {
            entities.extend(positions.clone().map(|position| labels.entities.get(&f.id(position)).copied()));
        }
        let decided = labels.decisions.same.iter().chain(&labels.decisions.not_same);
        let wanted: HashSet<RecordId, foldhash::fast::FixedState> = decided.flat_map(|&(a, b)| [a, b]).collect();
        let mut at: HashMap<RecordId, u32, foldhash::fast::FixedState> = HashMap::default();
        if !wanted.is_empty() {
            at.extend(positions.map(|position| (f.id(position), position)).filter(|(id, _)| wanted.contains(id)));
        }
        let pairs = |pairs: &[(RecordId, RecordId)]| {
            let known = pairs.iter().filter_map(|(a, b)| Some((*at.get(a)?, *at.get(b)?)));
            known.map(|(a, b)| (a.min(b), a.max(b))).collect()
        };
        Self { entities, same: pairs(&labels.decisions.same), not_same: pairs(&labels.decisions.not_same) }
    }

    fn is_empty(&self) -> bool {
        self.entities.is_empty() && self.same.is_empty() && self.not_same.is_empty()
    }

    /// Whether two records are one entity; `None` where nobody knows. A decision goes before the rest.
    fn of(&self, a: u32, b: u32) -> Option<bool> {
        let pair = (a.min(b), a.max(b));
        if self.same.contains(&pair) {
            return Some(true);
        }
        if self.not_same.contains(&pair) {
            return Some(false);
        }
        let entity = |position: u32| self.entities.get(position as usize).copied().flatten();
        Some(entity(a)? == entity(b)?)
    }

    /// The patterns of pairs that were compared, by what is known of the pairs.
    pub(crate) fn sample(&self, pairs: &[(u32, u32)], found: &[Found]) -> Sample {
        let mut counts: [HashMap<Pattern, u64, foldhash::fast::FixedState>; 3] = Default::default();
        for (&(a, b), found) in pairs.iter().zip(found) {
            let class = if self.is_empty() { 0 } else { self.class(a, b) };
            *counts[class].entry(found.pattern).or_default() += 1;
        }
        let [unknown, same, other] = counts.map(histogram);
        Sample { unknown, same, other }
    }

    /// The place of a pair among the unknown, those that are one entity, and those that are two.
    fn class(&self, a: u32, b: u32) -> usize {
        match self.of(a, b) {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        }
    }
}

/// The patterns of sampled pairs, by what is known of the pairs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) unknown: Histogram,
    pub(crate) same: Histogram,
    pub(crate) other: Histogram,
}

impl Sample {
    /// Each pattern, how many pairs show it, and whether these are one entity.
    pub(crate) fn each(&self) -> impl Iterator<Item = (Pattern, f64, Option<bool>)> {
        let classes = [(&self.unknown, None), (&self.same, Some(true)), (&self.other, Some(false))];
        classes
            .into_iter()
            .flat_map(|(histogram, known)| histogram.iter().map(move |&(pattern, n)| (pattern, n, known)))
    }

    /// The sample, each pair of it standing for `each` pairs.
    pub(crate) fn scaled(mut self, each: f64) -> Self {
        for histogram in [&mut self.unknown, &mut self.same, &mut self.other] {
            for entry in histogram {
                entry.1 *= each;
            }
        }
        self
    }
}
