//! What each source contributes, and how far the golden profiles are from their targets.

use goldsmith_config::attributes::canonical;

use super::attribute::{AttributeMeasures, SourceMeasures, View};
use super::measures::{ANY_ATTRIBUTE, CoverageRow, TargetRow};
use super::overlap::SourceSets;
use super::values::count;
use crate::report::age::Ages;

/// The rows of one entity type: for each source the customers as such, then its attributes.
pub(super) fn rows(
    view: &View<'_>,
    sets: &SourceSets,
    attributes: &[AttributeMeasures],
    targets: &[(String, f64)],
) -> Vec<CoverageRow> {
    let mut rows = Vec::new();
    for (number, source) in view.sources.iter().enumerate() {
        rows.push(any_attribute(view, sets, *source, number, attributes));
        for attribute in attributes {
            let Some(measured) = attribute.sources.get(number) else { continue };
            rows.push(CoverageRow {
                redundancy: count(attribute.sources.iter().filter(|source| source.customers_valid > 0).count()),
                required: targets.iter().any(|(name, _)| canonical(name) == attribute.attribute.name),
                ..row(view, *source, &attribute.attribute.name, measured)
            });
        }
    }
    rows
}

fn row(view: &View<'_>, source: u16, attribute: &str, measured: &SourceMeasures) -> CoverageRow {
    CoverageRow {
        entity_type: view.records.plan.entity.clone(),
        source: view.name(source).to_owned(),
        attribute: attribute.to_owned(),
        records_total: measured.counted.records,
        records_with_value: measured.counted.records_with_value,
        records_valid: measured.counted.records_valid,
        customers_total: count(view.clusters.len()),
        customers_covered: measured.customers_covered,
        customers_valid: measured.customers_valid,
        customers_only_here: measured.customers_only_here,
        wins: measured.wins,
        conflict_rate: (measured.customers_valid > 0)
            .then(|| measured.conflicts as f64 / measured.customers_valid as f64),
        freshness_p50_days: measured.age.map(|age| age.0),
        freshness_p95_days: measured.age.map(|age| age.1),
        redundancy: 0,
        required: false,
    }
}

/// The source as such: its records and customers, whatever their values.
fn any_attribute(
    view: &View<'_>,
    sets: &SourceSets,
    source: u16,
    number: usize,
    attributes: &[AttributeMeasures],
) -> CoverageRow {
    let (records, ages) = view.members.of_source(source);
    let (customers, only_here) = sets.customers(source);
    let age = Ages::percentiles(ages);
    let records = count(records);
    CoverageRow {
        entity_type: view.records.plan.entity.clone(),
        source: view.name(source).to_owned(),
        attribute: ANY_ATTRIBUTE.to_owned(),
        records_total: records,
        records_with_value: records,
        records_valid: records,
        customers_total: count(view.clusters.len()),
        customers_covered: customers,
        customers_valid: customers,
        customers_only_here: only_here,
        wins: attributes.iter().filter_map(|attribute| attribute.sources.get(number)).map(|source| source.wins).sum(),
        conflict_rate: None,
        freshness_p50_days: age.map(|age| age.0),
        freshness_p95_days: age.map(|age| age.1),
        redundancy: sets.suppliers(&view.sources),
        required: false,
    }
}

/// One row a target, over all entity types that have the attribute. `entities` holds for each its customers and
/// its attributes.
pub(super) fn targets(targets: &[(String, f64)], entities: &[(i64, &[AttributeMeasures])]) -> Vec<TargetRow> {
    targets
        .iter()
        .map(|(name, target)| {
            let of_entity = |attributes: &[AttributeMeasures]| {
                attributes
                    .iter()
                    .find(|attribute| attribute.attribute.name == canonical(name))
                    .map(|attribute| attribute.golden.valid)
            };
            let having: Vec<(i64, i64)> = entities
                .iter()
                .filter_map(|(customers, attributes)| Some((*customers, of_entity(attributes)?)))
                .collect();
            let customers = if having.is_empty() {
                entities.iter().map(|entity| entity.0).sum()
            } else {
                having.iter().map(|entity| entity.0).sum()
            };
            let with_value = having.iter().map(|entity| entity.1).sum();
            target_row(name, *target, customers, with_value)
        })
        .collect()
}

fn target_row(attribute: &str, target: f64, customers: i64, with_value: i64) -> TargetRow {
    // A hair is taken off, so that 80 % of 5 are 4 and not the 5 that rounding up 4.000000001 would give.
    let needed = (target * customers as f64 - 1e-9).ceil() as i64;
    TargetRow {
        attribute: attribute.to_owned(),
        target,
        customers,
        customers_with_value: with_value,
        measured: if customers > 0 { with_value as f64 / customers as f64 } else { 0.0 },
        gap_customers: u64::try_from(needed - with_value).unwrap_or(0),
        met: customers > 0 && with_value >= needed,
    }
}

#[cfg(test)]
mod tests {
    use super::target_row;

    #[test]
    fn a_gap_is_counted_in_whole_customers() {
        let gap = |target, customers, with_value| {
            let row = target_row("emails", target, customers, with_value);
            (row.gap_customers, row.met)
        };
        assert_eq!(gap(0.8, 5, 4), (0, true));
        assert_eq!(gap(0.8, 6, 4), (1, false));
        assert_eq!(gap(1.0, 3, 1), (2, false));
        assert_eq!(gap(0.9, 0, 0), (0, false));
    }
}
