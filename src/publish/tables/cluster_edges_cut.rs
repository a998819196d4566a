//! `cluster_edges_cut`: pairs good enough to match that were kept apart, each with its reason.

use std::path::Path;
use std::sync::Arc;

use arrow::array::Float32Array;
use arrow::datatypes::{DataType, Field};
use goldsmith_resolve::{CutReason, PairDecision};

use super::match_pairs::bits;
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::columns::{Names, Origins, count_of, counts, source_names, texts};
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, text};

pub const NAME: &str = "cluster_edges_cut";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("left_golden_id", "customer of the left record"),
        text("right_golden_id", "customer of the right record"),
        text("left_source", "system of the left record"),
        text("left_key", "key of the left record"),
        text("right_source", "system of the right record"),
        text("right_key", "key of the right record"),
        text("reason", "why they were kept apart"),
        column("score", DataType::Float32, false, "match weight of the pair in bits"),
        count("records_left", "records of the left customer"),
        count("records_right", "records of the right customer"),
    ]
}

/// Every reason, by its number.
pub(super) const CUT_REASONS: [CutReason; 3] = [CutReason::Bridge, CutReason::CannotLink, CutReason::Steward];

/// The number among [`CUT_REASONS`] of why a pair was cut; `None` where it was not.
pub(super) fn cut_number(decision: PairDecision) -> Option<u32> {
    let PairDecision::CutByGuard(reason) = decision else { return None };
    (0..).zip(CUT_REASONS).find(|(_, known)| *known == reason).map(|(number, _)| number)
}

/// The reason's name in the tables.
#[must_use]
pub fn reason_name(reason: CutReason) -> &'static str {
    match reason {
        CutReason::Bridge => "bridge",
        CutReason::CannotLink => "cannot_link",
        CutReason::Steward => "steward",
    }
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    let (sources, reasons) = (source_names(results.plan), Names::of(CUT_REASONS.map(reason_name)));
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let origins = Origins::of(results.plan, records)?;
        let golden = |record: u32| entity.golden_id(entity.clusters.of(record as usize));
        let size = |record: u32| count_of(entity.clusters.members(entity.clusters.of(record as usize)).len());
        let cut: Vec<_> = entity.resolution.pairs.iter().filter(|pair| cut_number(pair.decision).is_some()).collect();
        for pairs in cut.chunks(BATCH_ROWS) {
            writer.write(vec![
                texts(pairs.iter().map(|pair| golden(pair.left))),
                texts(pairs.iter().map(|pair| golden(pair.right))),
                sources.column(pairs.iter().map(|pair| origins.source(pair.left)))?,
                texts(pairs.iter().map(|pair| origins.key(pair.left))),
                sources.column(pairs.iter().map(|pair| origins.source(pair.right)))?,
                texts(pairs.iter().map(|pair| origins.key(pair.right))),
                reasons.maybe_column(pairs.iter().map(|pair| cut_number(pair.decision)))?,
                Arc::new(Float32Array::from_iter_values(pairs.iter().map(|pair| bits(pair.weight)))),
                counts(pairs.iter().map(|pair| size(pair.left))),
                counts(pairs.iter().map(|pair| size(pair.right))),
            ])?;
        }
    }
    writer.finish()
}
