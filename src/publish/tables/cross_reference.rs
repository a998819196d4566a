//! `cross_reference`: which record belongs to which customer.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, Float32Array};
use arrow::datatypes::{DataType, Field};

use crate::normalize::layout;
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::columns::{Names, Origins, golden_names, maybe_texts, repeated, source_names};
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

const METHODS: [&str; 3] = ["singleton", "steward", "probabilistic"];

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    let (sources, methods) = (source_names(results.plan), Names::of(METHODS));
    for (number, (records, entity)) in results.normalized.entities.iter().zip(&results.entities).enumerate() {
        let forced = entity.forced_records();
        let resolution = &entity.resolution;
        let cluster_names = |cluster_of: &[u32], mark: &str| {
            Names::of(entity.cluster_names(cluster_of, mark).iter().map(String::as_str))
        };
        let conservative = cluster_names(&resolution.cluster_conservative, "c");
        let wide = cluster_names(&resolution.cluster_wide, "w");
        let golden = golden_names(entity);
        let entity_type = Names::of([records.plan.entity.as_str()]);
        let previous = results.previous_ids.get(number);
        let origins = Origins::of(results.plan, records)?;
        let keys = records.column(layout::SOURCE_KEY)?;
        let hashes = records.column(layout::RECORD_HASH)?;
        let updated = records.column(layout::UPDATED_AT)?;
        let mut first = 0_usize;
        for ((key, hash), updated) in keys.iter().zip(hashes).zip(updated) {
            let rows = first..first + key.len();
            first = rows.end;
            let numbers = || rows.clone().map(|record| u32::try_from(record).unwrap_or(u32::MAX));
            let clusters: Vec<u32> =
                rows.clone().map(|record| u32::try_from(entity.clusters.of(record)).unwrap_or(u32::MAX)).collect();
            let single: Vec<bool> =
                clusters.iter().map(|cluster| entity.clusters.members(*cluster as usize).len() == 1).collect();
            #[expect(clippy::cast_possible_truncation, reason = "a probability")]
            let score = clusters.iter().zip(&single).map(|(cluster, single)| {
                let confidence = resolution.confidence.get(*cluster as usize).filter(|_| !single);
                confidence.map(|confidence| *confidence as f32)
            });
            let ids = golden.column(clusters.iter().copied())?;
            writer.write(vec![
                repeated(&entity_type, rows.len())?,
                sources.column(numbers().map(|record| origins.source(record)))?,
                Arc::clone(key),
                Arc::clone(hash),
                Arc::clone(&ids),
                maybe_texts(numbers().map(|record| previous?.get(&record).map(String::as_str))),
                methods.column(numbers().zip(&single).map(|(record, single)| {
                    if *single {
                        0
                    } else if forced.contains(&record) {
                        1
                    } else {
                        2
                    }
                }))?,
                Arc::new(score.collect::<Float32Array>()),
                conservative.column(resolution.cluster_conservative.get(rows.clone()).unwrap_or_default().to_vec())?,
                ids,
                wide.column(resolution.cluster_wide.get(rows.clone()).unwrap_or_default().to_vec())?,
                Arc::clone(updated),
            ])?;
        }
    }
    writer.finish()
}
