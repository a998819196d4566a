//! `cross_reference`: which record belongs to which customer.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};

use crate::normalize::layout;
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{TableWriter, WrittenTable, column, maybe_text, text};

pub const NAME: &str = "cross_reference";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("entity_type", "person, organisation or generic"),
        text("source", "the system the record came from"),
        text("source_key", "the record's key in that system"),
        column("record_hash", DataType::FixedSizeBinary(32), false, "BLAKE3 of the record's mapped raw values"),
        text("golden_id", "the customer"),
        maybe_text("previous_golden_id", "the customer it belonged to in the previous version, where that was another"),
        text("link_method", "singleton (no other record), probabilistic, or steward (a decision joined it)"),
        column(
            "link_score",
            DataType::Float32,
            true,
            "probability of the weakest bridge that holds the customer's records together",
        ),
        text("cluster_id_conservative", "cluster at the stricter threshold: equal text, equal cluster"),
        text("cluster_id_balanced", "cluster at the pipeline's threshold"),
        text("cluster_id_wide", "cluster at the looser threshold"),
        column("source_updated_at", layout::timestamp(), true, "when the source last changed the record"),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (number, (records, entity)) in results.normalized.entities.iter().zip(&results.entities).enumerate() {
        let forced = entity.forced_records();
        let conservative = entity.cluster_names(&entity.resolution.cluster_conservative, "c");
        let wide = entity.cluster_names(&entity.resolution.cluster_wide, "w");
        let previous = results.previous_ids.get(number);
        let mut record = 0_usize;
        for batch in &records.batches {
            let rows = batch.num_rows();
            let mut golden = StringBuilder::new();
            let mut before = StringBuilder::new();
            let mut method = StringBuilder::new();
            let mut score = Float32Builder::new();
            let mut narrow = StringBuilder::new();
            let mut broad = StringBuilder::new();
            for _ in 0..rows {
                let cluster = entity.clusters.of(record);
                let single = entity.clusters.members(cluster).len() == 1;
                let id = u32::try_from(record).unwrap_or(u32::MAX);
                golden.append_value(entity.golden_id(cluster));
                before.append_option(previous.and_then(|previous| previous.get(&id)));
                method.append_value(if single {
                    "singleton"
                } else if forced.contains(&id) {
                    "steward"
                } else {
                    "probabilistic"
                });
                #[expect(clippy::cast_possible_truncation, reason = "a probability")]
                score.append_option(
                    (!single)
                        .then(|| entity.resolution.confidence.get(cluster).map(|confidence| *confidence as f32))
                        .flatten(),
                );
                narrow.append_option(conservative.get(record));
                broad.append_option(wide.get(record));
                record += 1;
            }
            let column = |name: &str| -> Result<ArrayRef, RunError> {
                Ok(Arc::clone(batch.column(records.schema.index_of(name)?)))
            };
            let golden: ArrayRef = Arc::new(golden.finish());
            writer.write(vec![
                repeated(&records.plan.entity, rows),
                column(layout::SOURCE)?,
                column(layout::SOURCE_KEY)?,
                column(layout::RECORD_HASH)?,
                Arc::clone(&golden),
                Arc::new(before.finish()),
                Arc::new(method.finish()),
                Arc::new(score.finish()),
                Arc::new(narrow.finish()),
                golden,
                Arc::new(broad.finish()),
                column(layout::UPDATED_AT)?,
            ])?;
        }
    }
    writer.finish()
}

/// A column of one text.
pub(super) fn repeated(value: &str, rows: usize) -> ArrayRef {
    Arc::new(arrow::array::StringArray::from_iter_values(std::iter::repeat_n(value, rows)))
}
