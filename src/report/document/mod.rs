//! From results and measures to the document that is rendered.

mod entity;
mod matching;
#[cfg(test)]
pub(crate) mod sample;
pub mod types;

pub use types::Document;

use super::measures::{ANY_ATTRIBUTE, CoverageRow, Measures};
use super::quality::share;
use crate::publish::Results;
use crate::publish::manifest::{Gate, StageEntry};
use crate::publish::tables::quarantine;
use types::{
    DOCUMENT_VERSION, FateRow, Quarantine, QuarantineExample, QuarantineGroup, RunSection, SourceRow, Summary,
};

/// Rows of quarantine shown for one reason.
const EXAMPLES: usize = 3;

/// Puts the document together.
#[must_use]
pub fn document(results: &Results<'_>, measures: &Measures, stages: &[StageEntry], gates: &[Gate]) -> Document {
    let plan = results.plan;
    let sources = sources(results, measures);
    let fates = fates(results);
    let quarantine = quarantined(results);
    let entities: Vec<_> = results
        .normalized
        .entities
        .iter()
        .zip(&results.entities)
        .map(|(records, result)| entity::entity(plan, records, result, measures))
        .collect();
    let checks: Vec<String> = measures.checks.iter().map(super::CheckOutcome::name).collect();
    let rows_read = fates.last().map_or(0, |all| all.read);
    Document {
        document_version: DOCUMENT_VERSION,
        pipeline: plan.name.clone(),
        description: plan.description.clone(),
        version: results.facts.version,
        as_of: chrono::DateTime::from_timestamp_micros(results.facts.as_of)
            .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
            .unwrap_or_default(),
        summary: Summary {
            sources: plan.sources.len() as u64,
            rows_read,
            child_rows: child_rows(results),
            records: entities.iter().map(|entity| entity.records).sum(),
            golden_profiles: entities.iter().map(|entity| entity.customers).sum(),
            customers_in_several_sources: natural(
                measures.overlap.iter().filter(|row| row.sources.len() > 1).map(|row| row.customers_exactly).sum(),
            ),
            quarantined: quarantine.total,
            checks_failed: measures.checks.iter().filter(|check| !check.holds).count() as u64,
            targets_met: measures.targets.iter().filter(|target| target.met).count() as u64,
        },
        sources,
        fates,
        targets: measures.targets.clone(),
        checks: measures.checks.clone(),
        // Checks have a table of their own.
        gates: gates.iter().filter(|gate| !checks.contains(&gate.name)).cloned().collect(),
        entities,
        quarantine,
        run: RunSection {
            run_id: results.facts.run_id.clone(),
            tool_version: env!("CARGO_PKG_VERSION"),
            stages: stages.to_vec(),
        },
    }
}

/// A count that cannot be negative.
fn natural(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

fn sources(results: &Results<'_>, measures: &Measures) -> Vec<SourceRow> {
    let plan = results.plan;
    plan.sources
        .iter()
        .enumerate()
        .map(|(number, source)| {
            let extracted = results.extracted.get(number).and_then(Option::as_ref);
            let by_entity: Vec<&CoverageRow> = measures
                .coverage
                .iter()
                .filter(|row| row.source == source.name && row.attribute == ANY_ATTRIBUTE)
                .collect();
            let records: i64 = by_entity.iter().map(|row| row.records_total).sum();
            let customers: i64 = by_entity.iter().map(|row| row.customers_covered).sum();
            // The age of the entity type it has most records of.
            let most = by_entity.iter().max_by_key(|row| row.records_total);
            SourceRow {
                name: source.name.clone(),
                connector: source.connector.to_owned(),
                locator: source.source.locator(),
                state: match extracted {
                    Some(_) => "read",
                    None if records > 0 => "last good",
                    None => "skipped",
                },
                files: extracted.map_or(0, |extracted| extracted.files.len() as u64),
                tables: extracted.map_or(0, |extracted| extracted.tables.len() as u64),
                rows: extracted.map_or(0, crate::extract::ExtractedSource::rows_read),
                records: natural(records),
                customers: natural(customers),
                duplicates: share(records - customers, records),
                age_p50_days: most.and_then(|row| row.freshness_p50_days),
                age_p95_days: most.and_then(|row| row.freshness_p95_days),
            }
        })
        .collect()
}

/// Rows that were read beside those that became records or could have.
fn child_rows(results: &Results<'_>) -> u64 {
    let all: u64 = results.extracted.iter().flatten().map(crate::extract::ExtractedSource::rows_read).sum();
    let main = results
        .extracted
        .iter()
        .zip(&results.normalized.counts)
        .filter(|(extracted, _)| extracted.is_some())
        .map(|(_, counts)| counts.read)
        .sum();
    all.saturating_sub(main)
}

/// A row a source, then their sum.
fn fates(results: &Results<'_>) -> Vec<FateRow> {
    let mut linked = vec![0_u64; results.plan.sources.len()];
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        for (record, source) in records.sources.iter().enumerate() {
            if let (Some(linked), true) =
                (linked.get_mut(usize::from(*source)), entity.clusters.members(entity.clusters.of(record)).len() > 1)
            {
                *linked += 1;
            }
        }
    }
    let mut rows: Vec<FateRow> = results
        .plan
        .sources
        .iter()
        .zip(&results.normalized.counts)
        .zip(linked)
        .map(|((source, counts), linked)| FateRow {
            source: source.name.clone(),
            read: counts.read,
            further_records: counts.shared,
            linked,
            singleton: counts.records.saturating_sub(linked),
            duplicate_row: counts.duplicate_rows,
            superseded: counts.superseded,
            quarantined: counts.quarantined,
            filtered: counts.filtered,
            orphans: counts.orphans,
            balances: counts.records + counts.duplicate_rows + counts.superseded + counts.quarantined + counts.filtered
                == counts.read + counts.shared,
        })
        .collect();
    let mut all = FateRow { source: "all".to_owned(), balances: true, ..FateRow::default() };
    for row in &rows {
        all.read += row.read;
        all.further_records += row.further_records;
        all.linked += row.linked;
        all.singleton += row.singleton;
        all.duplicate_row += row.duplicate_row;
        all.superseded += row.superseded;
        all.quarantined += row.quarantined;
        all.filtered += row.filtered;
        all.orphans += row.orphans;
        all.balances &= row.balances;
    }
    rows.push(all);
    rows
}

fn quarantined(results: &Results<'_>) -> Quarantine {
    let rows = quarantine::rows(results);
    let mut groups: Vec<QuarantineGroup> = Vec::new();
    for row in &rows {
        let known = groups
            .iter()
            .position(|group| group.source == row.source && group.stage == row.stage && group.rule == row.rule);
        let at = known.unwrap_or_else(|| {
            groups.push(QuarantineGroup {
                source: row.source.clone(),
                stage: row.stage,
                rule: row.rule.clone(),
                rows: 0,
                examples: Vec::new(),
            });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.rows += 1;
            if group.examples.len() < EXAMPLES {
                group.examples.push(QuarantineExample {
                    file: row.file.clone(),
                    row: row.row,
                    message: row.message.clone(),
                });
            }
        }
    }
    groups.sort_by(|a, b| (&a.source, a.stage, &a.rule).cmp(&(&b.source, b.stage, &b.rule)));
    Quarantine { total: rows.len() as u64, groups }
}
