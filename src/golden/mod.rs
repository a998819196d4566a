//! From clusters to golden values: for every attribute the distinct values of each cluster, best first.
//!
//! Nothing is copied here. A golden value is a reference to the place of the record (and, for a repeatable attribute,
//! the list element) that it came from; the tables take the values from there, so provenance cannot drift from them.

mod clusters;
mod identity;
mod members;
mod observe;

use goldsmith_config::attributes::AttributeKind;
use goldsmith_resolve::RecordId;
use goldsmith_resolve::survivorship::{Strategy, rank};
use rayon::prelude::*;

pub use clusters::Clusters;
pub(crate) use identity::{identity, identity_of};
use members::Member;
use observe::{Observer, Seen};

use crate::normalize::EntityRecords;
use crate::pipeline::RunError;
use crate::pipeline::plan::{AttributePlan, Plan, Survive};

/// A distinct value of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankedValue {
    /// The record that speaks best for it, as its place in [`Clusters::all_members`]: there its values lie.
    pub place: u32,
    /// For a repeatable attribute the element within the list column of the place's batch.
    pub element: u32,
    /// How many records agree on it, shifted by one, and whether it is valid: there are tens of millions of these.
    support_and_valid: u32,
}

impl RankedValue {
    #[must_use]
    pub fn new(place: u32, element: u32, support: u32, valid: bool) -> Self {
        Self { place, element, support_and_valid: support << 1 | u32::from(valid) }
    }

    /// Records that agree on it.
    #[must_use]
    pub fn support(&self) -> u32 {
        self.support_and_valid >> 1
    }

    #[must_use]
    pub fn valid(&self) -> bool {
        self.support_and_valid & 1 == 1
    }
}

/// The values of one attribute in every cluster, best first.
pub struct RankedAttribute {
    pub plan: AttributePlan,
    /// [`CLUSTERS_A_TASK`] clusters each.
    parts: Vec<Part>,
}

/// The values of clusters that follow each other.
struct Part {
    /// By cluster where its values begin, and the end of the last.
    offsets: Box<[u32]>,
    values: Box<[RankedValue]>,
}

impl RankedAttribute {
    /// The values of a cluster, best first.
    #[must_use]
    pub fn of(&self, cluster: usize) -> &[RankedValue] {
        let Some(part) = self.parts.get(cluster / CLUSTERS_A_TASK) else { return &[] };
        let at = |index: usize| part.offsets.get(index).map_or(0, |offset| *offset as usize);
        let within = cluster % CLUSTERS_A_TASK;
        part.values.get(at(within)..at(within + 1)).unwrap_or_default()
    }

    /// The golden value of a cluster.
    #[must_use]
    pub fn winner(&self, cluster: usize) -> Option<&RankedValue> {
        self.of(cluster).first()
    }
}

/// The golden values of one entity type.
#[derive(Default)]
pub struct Golden {
    pub attributes: Vec<RankedAttribute>,
}

impl Golden {
    /// The ranked values of `attribute`, where the entity has it.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&RankedAttribute> {
        self.attributes.iter().find(|attribute| attribute.plan.name == name)
    }
}

/// Ranks the values of every attribute in every cluster. The values of `records` must be arranged cluster by cluster.
///
/// # Errors
/// Where they are not, or the records lack a column of their own plan.
pub fn survive(
    plan: &Plan,
    records: &EntityRecords,
    ids: &[RecordId],
    clusters: &Clusters,
) -> Result<Golden, RunError> {
    let members = members::members(records, ids, clusters)?;
    let attributes = records
        .plan
        .attributes
        .iter()
        .map(|attribute| survive_attribute(plan, attribute, records, &members, clusters))
        .collect::<Result<_, _>>()?;
    Ok(Golden { attributes })
}

/// Clusters a thread takes at a time.
const CLUSTERS_A_TASK: usize = 4_096;

fn survive_attribute(
    plan: &Plan,
    attribute: &AttributePlan,
    records: &EntityRecords,
    members: &[Member],
    clusters: &Clusters,
) -> Result<RankedAttribute, RunError> {
    let trust: Vec<u16> = plan
        .sources
        .iter()
        .map(|source| attribute.prefer.iter().position(|name| *name == source.name).unwrap_or(attribute.prefer.len()))
        .map(|rank| u16::try_from(rank).unwrap_or(u16::MAX))
        .collect();
    let observer = Observer::new(attribute, records, trust)?;
    let places = records.arranged_places()?;
    let strategy = match attribute.survive {
        Survive::MostRecent => Strategy::MostRecent,
        Survive::MostFrequent => Strategy::MostFrequent,
        Survive::MostTrusted => Strategy::MostTrusted,
        Survive::Longest => Strategy::Longest,
        Survive::Earliest => Strategy::Earliest,
    };
    let tasks: Vec<usize> = (0..clusters.len()).step_by(CLUSTERS_A_TASK).collect();
    let parts = tasks
        .into_par_iter()
        .map(|start| {
            let mut offsets = vec![0];
            let mut values = Vec::new();
            let mut seen = Seen::default();
            for cluster in start..(start + CLUSTERS_A_TASK).min(clusters.len()) {
                let of_cluster = clusters.places(cluster..cluster + 1);
                let located = (0..).skip(of_cluster.start).zip(places.range(of_cluster.clone()));
                observer.observe(members.get(of_cluster).unwrap_or_default(), located, &mut seen);
                if let [one] = seen.observations.as_slice() {
                    let element = seen.elements.first().copied().unwrap_or(0);
                    values.push(RankedValue::new(one.record, element, 1, one.valid));
                } else if !seen.observations.is_empty() {
                    values.extend(rank(&seen.observations, strategy).into_iter().map(|candidate| {
                        let best = &candidate.best;
                        RankedValue::new(best.record, seen.element_of(best), candidate.support, best.valid)
                    }));
                }
                offsets.push(u32::try_from(values.len()).unwrap_or(u32::MAX));
            }
            Part { offsets: offsets.into_boxed_slice(), values: values.into_boxed_slice() }
        })
        .collect();
    Ok(RankedAttribute { plan: attribute.clone(), parts })
}

/// The list element's part that stands for the whole in one text.
#[must_use]
pub fn value_part(kind: AttributeKind) -> &'static str {
    match kind {
        AttributeKind::Address => "line1",
        AttributeKind::Consent => "status",
        _ => "value",
    }
}
