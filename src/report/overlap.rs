//! Which customers the sources have in common.

use std::collections::BTreeMap;

use super::attribute::{AttributeMeasures, View};
use super::measures::OverlapRow;
use super::values::count;
use crate::golden::Clusters;
use crate::normalize::EntityRecords;

/// The sets of sources that are measured: every set that some customer is known to exactly, every single source
/// and every pair.
pub(super) struct SourceSets {
    /// Each ascending; the sets themselves ordered by size, then by their sources.
    sets: Vec<Vec<u16>>,
    /// By set: the customers known to exactly these sources.
    exactly: Vec<i64>,
}

impl SourceSets {
    pub(super) fn of(records: &EntityRecords, clusters: &Clusters, sources: &[u16]) -> Self {
        let mut occurring: BTreeMap<(usize, Vec<u16>), i64> = BTreeMap::new();
        for (number, one) in sources.iter().enumerate() {
            occurring.insert((1, vec![*one]), 0);
            for other in sources.get(number + 1..).unwrap_or_default() {
                occurring.insert((2, vec![*one, *other]), 0);
            }
        }
        for cluster in 0..clusters.len() {
            let mut set: Vec<u16> = clusters
                .members(cluster)
                .iter()
                .filter_map(|record| records.sources.get(*record as usize).copied())
                .collect();
            set.sort_unstable();
            set.dedup();
            *occurring.entry((set.len(), set)).or_default() += 1;
        }
        let (sets, exactly) = occurring.into_iter().map(|((_, set), customers)| (set, customers)).unzip();
        Self { sets, exactly }
    }

    pub(super) fn len(&self) -> usize {
        self.sets.len()
    }

    pub(super) fn members(&self, set: usize) -> &[u16] {
        self.sets.get(set).map_or(&[], Vec::as_slice)
    }

    /// The sets of at least two sources, all of which are among `sources` (ascending).
    pub(super) fn inside(&self, sources: &[u16]) -> Vec<usize> {
        (0..self.sets.len())
            .filter(|set| self.members(*set).len() > 1 && is_inside(self.members(*set), sources))
            .collect()
    }

    fn at_least(&self, set: &[u16]) -> i64 {
        self.sets
            .iter()
            .zip(&self.exactly)
            .filter(|(other, customers)| **customers > 0 && is_inside(set, other))
            .map(|(_, customers)| customers)
            .sum()
    }

    /// Customers known to a source, and those of them known to no other.
    pub(super) fn customers(&self, source: u16) -> (i64, i64) {
        let alone = self.sets.iter().position(|set| set.as_slice() == [source]);
        (self.at_least(&[source]), alone.and_then(|set| self.exactly.get(set)).copied().unwrap_or(0))
    }

    /// Sources that know at least one customer.
    pub(super) fn suppliers(&self, sources: &[u16]) -> i64 {
        count(sources.iter().filter(|source| self.customers(**source).0 > 0).count())
    }
}

/// Whether all of `part` is in `whole`; both ascend.
fn is_inside(part: &[u16], whole: &[u16]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|wanted| whole.any(|source| source == wanted))
}

/// The rows of one entity type.
pub(super) fn rows(view: &View<'_>, sets: &SourceSets, attributes: &[AttributeMeasures]) -> Vec<OverlapRow> {
    (0..sets.len())
        .map(|set| {
            let members = sets.members(set);
            let (compared, agreed) = attributes
                .iter()
                .filter_map(|attribute| attribute.agreement.get(set))
                .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            OverlapRow {
                entity_type: view.records.plan.entity.clone(),
                sources: members.iter().map(|source| view.name(*source).to_owned()).collect(),
                customers_exactly: sets.exactly.get(set).copied().unwrap_or(0),
                customers_at_least: sets.at_least(members),
                values_compared: compared,
                agreement_rate: (compared > 0).then(|| agreed as f64 / compared as f64),
            }
        })
        .collect()
}
