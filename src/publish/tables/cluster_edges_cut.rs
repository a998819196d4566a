//! `cluster_edges_cut`: pairs good enough to match that were kept apart, each with its reason.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use goldsmith_resolve::{CutReason, PairDecision};

use super::golden_identifiers::source_key;
use super::match_pairs::bits;
use crate::normalize::EntityRecords;
use crate::pipeline::RunError;
use crate::pipeline::plan::Plan;
use crate::publish::Results;
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

/// Why a pair was cut; `None` where it was not.
#[must_use]
pub fn cut_reason(decision: PairDecision) -> Option<&'static str> {
    match decision {
        PairDecision::CutByGuard(reason) => Some(reason_name(reason)),
        _ => None,
    }
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

/// The source of a record.
pub(super) fn source_name<'a>(plan: &'a Plan, records: &EntityRecords, record: u32) -> &'a str {
    records
        .sources
        .get(record as usize)
        .and_then(|source| plan.sources.get(usize::from(*source)))
        .map_or("", |source| source.name.as_str())
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let cut: Vec<_> = entity
            .resolution
            .pairs
            .iter()
            .filter(|pair| matches!(pair.decision, PairDecision::CutByGuard(_)))
            .collect();
        for pairs in cut.chunks(BATCH_ROWS) {
            let mut texts: [StringBuilder; 7] = Default::default();
            let (mut score, mut left_records, mut right_records) =
                (Float32Builder::new(), Int64Builder::new(), Int64Builder::new());
            for pair in pairs {
                let (left, right) = (entity.clusters.of(pair.left as usize), entity.clusters.of(pair.right as usize));
                let values = [
                    entity.golden_id(left),
                    entity.golden_id(right),
                    source_name(results.plan, records, pair.left),
                    source_key(records, pair.left)?,
                    source_name(results.plan, records, pair.right),
                    source_key(records, pair.right)?,
                    cut_reason(pair.decision).unwrap_or_default(),
                ];
                for (builder, value) in texts.iter_mut().zip(values) {
                    builder.append_value(value);
                }
                score.append_value(bits(pair.weight));
                left_records.append_value(i64::try_from(entity.clusters.members(left).len()).unwrap_or(i64::MAX));
                right_records.append_value(i64::try_from(entity.clusters.members(right).len()).unwrap_or(i64::MAX));
            }
            let mut columns: Vec<ArrayRef> =
                texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
            columns.push(Arc::new(score.finish()));
            columns.push(Arc::new(left_records.finish()));
            columns.push(Arc::new(right_records.finish()));
            writer.write(columns)?;
        }
    }
    writer.finish()
}
