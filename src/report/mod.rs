//! Quality, coverage and the report: a run's results in, numbers out, then bytes. No file is opened here.
//!
//! ```text
//!  Results ──▶ values.rs ──▶ attribute.rs ──▶ quality.rs, checks.rs ─┐
//!              (one attribute (by source,      coverage.rs           ├─▶ Measures ──▶ tables
//!               at a time)     by customer)    overlap.rs           ─┘      │
//!                                                                           ▼
//!                                                    document/ ──▶ Document ──▶ html.rs, json.rs
//! ```
//! Words: a value is *given* where the source has text for it, and *valid* where that text has a normal form (for an
//! element of a list: where the normaliser calls it valid). A customer is a cluster of records.

pub mod measures;

mod age;
mod attribute;
mod checks;
mod coverage;
mod overlap;
mod placeholders;
mod quality;
mod values;

pub mod document;
mod format;
mod html;
mod json;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

pub use document::{Document, document};
pub use html::html;
pub use json::json;
pub use measures::{CheckOutcome, CoverageRow, Measures, OverlapRow, QualityMetric, TargetRow};
pub use placeholders::placeholder_rows;

use crate::pipeline::RunError;
use crate::publish::Results;
use attribute::{AttributeMeasures, Members, View, measure_attribute};
use overlap::SourceSets;

/// Measures a run.
///
/// # Errors
/// Where the records lack a column of their own plan.
pub fn measure(results: &Results<'_>) -> Result<Measures, RunError> {
    let plan = results.plan;
    let names: Vec<String> = plan.sources.iter().map(|source| source.name.clone()).collect();
    let mut measures = Measures::default();
    let mut measured: Vec<(i64, Vec<AttributeMeasures>)> = Vec::new();
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let has_records = |number: usize| records.sources.iter().any(|source| usize::from(*source) == number);
        let view = View {
            records,
            clusters: &entity.clusters,
            golden: &entity.golden.attributes,
            names: &names,
            sources: (0_u16..)
                .zip(&plan.sources)
                .filter(|(number, source)| {
                    source.records.iter().any(|record| record.entity == records.plan.entity)
                        || has_records(usize::from(*number))
                })
                .map(|(number, _)| number)
                .collect(),
            members: Members::at(results.facts.as_of, records, &entity.clusters)?,
        };
        let sets = SourceSets::of(records, &entity.clusters, &view.sources);
        let attributes = view
            .golden
            .par_iter()
            .map(|golden| measure_attribute(&view, &sets, golden))
            .collect::<Result<Vec<_>, _>>()?;
        measures.quality.extend(quality::metrics(&view, &sets, &attributes));
        measures.coverage.extend(coverage::rows(&view, &sets, &attributes, &plan.coverage_targets));
        measures.overlap.extend(overlap::rows(&view, &sets, &attributes));
        measures.placeholders.extend_from_slice(&entity.placeholders);
        measured.push((values::count(view.clusters.len()), attributes));
    }
    let entities: Vec<(i64, &[AttributeMeasures])> =
        measured.iter().map(|(customers, attributes)| (*customers, attributes.as_slice())).collect();
    measures.targets = coverage::targets(&plan.coverage_targets, &entities);
    measures.checks = checks::outcomes(&plan.quality, &measures.quality);
    quality::mark(&mut measures.quality, &plan.quality, &measures.checks);
    measures.quality.sort_by(|a, b| {
        (&a.entity_type, &a.source, &a.attribute, a.metric).cmp(&(&b.entity_type, &b.source, &b.attribute, b.metric))
    });
    measures
        .coverage
        .sort_by(|a, b| (&a.entity_type, &a.source, &a.attribute).cmp(&(&b.entity_type, &b.source, &b.attribute)));
    measures.overlap.sort_by(|a, b| {
        (&a.entity_type, a.sources.len(), &a.sources).cmp(&(&b.entity_type, b.sources.len(), &b.sources))
    });
    Ok(measures)
}
