//! One attribute measured: by source, in the golden profiles, and between sources.

use goldsmith_config::attributes::AttributeKind;
use hashbrown::HashMap;

use super::age::Ages;
use super::overlap::SourceSets;
use super::values::{Counted, Repeated, Values, count};
use crate::golden::{Clusters, RankedAttribute};
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::AttributePlan;

/// One entity type, as the measures look at it.
pub(super) struct View<'a> {
    pub(super) records: &'a EntityRecords,
    pub(super) clusters: &'a Clusters,
    /// The golden values, one entry an attribute of the entity's plan.
    pub(super) golden: &'a [RankedAttribute],
    /// Names of all sources of the plan.
    pub(super) names: &'a [String],
    /// The sources that have records of this type, as indices into `names`, ascending.
    pub(super) sources: Vec<u16>,
    pub(super) members: Members,
}

/// The records cluster by cluster: by their places among the members of all clusters.
pub(super) struct Members {
    pub(super) sources: Vec<u16>,
    pub(super) ages: Ages,
}

impl Members {
    /// Ages are at `as_of`, microseconds UTC.
    ///
    /// # Errors
    /// Where the records have no column of the time of their last change.
    pub(super) fn at(as_of: i64, records: &EntityRecords, clusters: &Clusters) -> Result<Self, RunError> {
        let members = clusters.all_members();
        let source = |record: &u32| records.sources.get(*record as usize).copied().unwrap_or(0);
        Ok(Self { sources: members.iter().map(source).collect(), ages: Ages::at(as_of, records, members)? })
    }

    /// The records of a source: how many, and their ages, where they are known.
    pub(super) fn of_source(&self, source: u16) -> (usize, Vec<f64>) {
        let own = || self.sources.iter().enumerate().filter(|(_, of)| **of == source);
        (own().count(), own().filter_map(|(member, _)| self.ages.of(member)).collect())
    }
}

impl View<'_> {
    pub(super) fn name(&self, source: u16) -> &str {
        self.names.get(usize::from(source)).map_or("", String::as_str)
    }
}

/// What was counted of one attribute.
pub(super) struct AttributeMeasures {
    pub(super) attribute: AttributePlan,
    /// By source of [`View::sources`].
    pub(super) sources: Vec<SourceMeasures>,
    pub(super) golden: GoldenMeasures,
    /// By set of [`SourceSets`]: the customers for whom all its sources give a valid value, and those of them for
    /// whom they agree.
    pub(super) agreement: Vec<(i64, i64)>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SourceMeasures {
    pub(super) counted: Counted,
    pub(super) customers_covered: i64,
    pub(super) customers_valid: i64,
    pub(super) customers_only_here: i64,
    pub(super) wins: i64,
    pub(super) conflicts: i64,
    /// Median and 95th percentile of the age in days of the records with a valid value.
    pub(super) age: Option<(f64, f64)>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct GoldenMeasures {
    pub(super) customers: i64,
    pub(super) with_value: i64,
    pub(super) valid: i64,
    pub(super) repeated: Repeated,
    /// Customers for whom several sources give a valid value, and those of them for whom all agree.
    pub(super) compared: i64,
    pub(super) agreed: i64,
}

/// What one source says of one customer.
#[derive(Default)]
struct Said {
    source: u16,
    given: bool,
    hashes: Vec<u64>,
}

/// Measures the attribute with this number in the entity's plan.
///
/// # Errors
/// Where the records lack a column of their own plan.
pub(super) fn measure_attribute(
    view: &View<'_>,
    sets: &SourceSets,
    golden: &RankedAttribute,
) -> Result<AttributeMeasures, RunError> {
    let (values, counted) = Values::read(view, &golden.plan)?;
    let mut sources = vec![SourceMeasures::default(); view.names.len()];
    for (source, counted) in sources.iter_mut().zip(counted) {
        source.counted = counted;
    }
    let mut measured = GoldenMeasures { customers: count(view.clusters.len()), ..GoldenMeasures::default() };
    let mut agreement = vec![(0, 0); sets.len()];
    let mut subsets: HashMap<Vec<u16>, Vec<usize>> = HashMap::new();
    let mut said: Vec<Said> = Vec::new();
    let mut winners = Vec::new();
    let places = view.records.arranged_places()?;
    for cluster in 0..view.clusters.len() {
        let speakers = hear(view, &values, cluster, &mut said);
        let said = said.get(..speakers).unwrap_or_default();
        let winner = golden.winner(cluster);
        let best = winner.and_then(|winner| {
            let member = winner.place as usize;
            values.at(member, places.get(member)?, winner.element as usize)
        });
        if let Some(winner) = winner {
            measured.with_value += 1;
            measured.valid += i64::from(usable(golden.plan.kind, winner.valid()));
            winners.extend(best);
            let source = view.members.sources.get(winner.place as usize).map(|source| usize::from(*source));
            if let Some(source) = source.and_then(|source| sources.get_mut(source)) {
                source.wins += 1;
            }
        }
        let valid = said.iter().filter(|said| !said.hashes.is_empty()).count();
        for said in said {
            let Some(source) = sources.get_mut(usize::from(said.source)) else { continue };
            source.customers_covered += i64::from(said.given);
            if !said.hashes.is_empty() {
                source.customers_valid += 1;
                source.customers_only_here += i64::from(valid == 1);
                source.conflicts += i64::from(best.is_some_and(|best| !said.hashes.contains(&best)));
            }
        }
        if valid > 1 {
            compare(said, sets, &mut subsets, &mut measured, &mut agreement);
        }
    }
    measured.repeated = Repeated::of(winners);
    let mut ages: Vec<Vec<f64>> = vec![Vec::new(); view.names.len()];
    for (member, source) in view.members.sources.iter().enumerate() {
        let age = view.members.ages.of(member);
        if let (Some(age), Some(ages), false) = (age, ages.get_mut(usize::from(*source)), values.of(member).is_empty())
        {
            ages.push(age);
        }
    }
    for (source, ages) in sources.iter_mut().zip(ages) {
        source.age = Ages::percentiles(ages);
    }
    let sources =
        view.sources.iter().map(|source| sources.get(usize::from(*source)).cloned().unwrap_or_default()).collect();
    Ok(AttributeMeasures { attribute: golden.plan.clone(), sources, golden: measured, agreement })
}

/// A scalar that has a normal form is valid; of a list element survivorship knows.
fn usable(kind: AttributeKind, valid: bool) -> bool {
    valid || !layout::is_list(kind)
}

/// Gathers by source what the records of a cluster say, into the first places of `said`; returns how many.
fn hear(view: &View<'_>, values: &Values, cluster: usize, said: &mut Vec<Said>) -> usize {
    let mut speakers = 0;
    for member in view.clusters.places(cluster..cluster + 1) {
        if !values.given(member) {
            continue;
        }
        let source = view.members.sources.get(member).copied().unwrap_or(0);
        let heard = said.get(..speakers).unwrap_or_default().iter().position(|said| said.source == source);
        let at = heard.unwrap_or_else(|| {
            if said.len() == speakers {
                said.push(Said::default());
            }
            if let Some(fresh) = said.get_mut(speakers) {
                fresh.source = source;
                fresh.given = false;
                fresh.hashes.clear();
            }
            speakers += 1;
            speakers - 1
        });
        if let Some(said) = said.get_mut(at) {
            said.given = true;
            said.hashes.extend_from_slice(values.of(member));
        }
    }
    speakers
}

/// Counts who agrees with whom on one customer.
fn compare(
    said: &[Said],
    sets: &SourceSets,
    subsets: &mut HashMap<Vec<u16>, Vec<usize>>,
    measured: &mut GoldenMeasures,
    agreement: &mut [(i64, i64)],
) {
    let mut speaking: Vec<&Said> = said.iter().filter(|said| !said.hashes.is_empty()).collect();
    speaking.sort_unstable_by_key(|said| said.source);
    let names: Vec<u16> = speaking.iter().map(|said| said.source).collect();
    let all_agree = agree(&speaking);
    measured.compared += 1;
    measured.agreed += i64::from(all_agree);
    let listed = subsets.entry(names).or_insert_with_key(|names| sets.inside(names));
    for set in listed {
        let agrees = all_agree || {
            let members = sets.members(*set);
            let speaking: Vec<&Said> = speaking.iter().filter(|said| members.contains(&said.source)).copied().collect();
            agree(&speaking)
        };
        if let Some((compared, agreed)) = agreement.get_mut(*set) {
            *compared += 1;
            *agreed += i64::from(agrees);
        }
    }
}

/// Whether there is a value that all of them give.
fn agree(speaking: &[&Said]) -> bool {
    let Some((first, others)) = speaking.split_first() else { return true };
    first.hashes.iter().any(|hash| others.iter().all(|other| other.hashes.contains(hash)))
}
