//! The published records of a source, which stand in for it where it cannot be read.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, new_null_array};
use arrow::compute::{cast, filter_record_batch};

use super::layout;
use super::ledger::Origin;
use super::records::Normalized;
use crate::pipeline::RunError;
use crate::publish::previous::{Version, read_whole_table};

/// The published records of a source that could not be read now.
pub struct LastGood {
    batches: Vec<RecordBatch>,
}

impl LastGood {
    /// Reads the records of `source` from a published version.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub fn read(version: Version<'_>, source: &str) -> Result<Self, RunError> {
        let mut batches = Vec::new();
        for batch in read_whole_table(version, "source_records")? {
            let Some(sources) =
                batch.column_by_name(layout::SOURCE).and_then(|column| column.as_string_opt::<i32>().cloned())
            else {
                continue;
            };
            let keep: BooleanArray = (0..sources.len()).map(|row| Some(sources.value(row) == source)).collect();
            let kept = filter_record_batch(&batch, &keep)?;
            if kept.num_rows() > 0 {
                batches.push(kept);
            }
        }
        Ok(Self { batches })
    }

    /// Adds the records as they were published. An attribute that is new since then is null.
    ///
    /// # Errors
    /// Columns whose types no longer fit.
    pub fn add_to(&self, source: usize, normalized: &mut Normalized) -> Result<(), RunError> {
        for batch in &self.batches {
            let kinds = batch.column_by_name("entity_type").and_then(|column| column.as_string_opt::<i32>().cloned());
            let Some(kinds) = kinds else { continue };
            for (number, entity) in normalized.entities.iter_mut().enumerate() {
                let keep: BooleanArray =
                    (0..kinds.len()).map(|row| Some(kinds.value(row) == entity.plan.entity)).collect();
                let kept = filter_record_batch(batch, &keep)?;
                if kept.num_rows() == 0 {
                    continue;
                }
                let schema = Arc::clone(entity.columns.schema());
                let columns = schema
                    .fields()
                    .iter()
                    .map(|field| match kept.column_by_name(field.name()) {
                        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
                        Some(column) => Ok(cast(column, field.data_type())?),
                        None => Ok(new_null_array(field.data_type(), kept.num_rows())),
                    })
                    .collect::<Result<Vec<_>, RunError>>()?;
                for _ in 0..kept.num_rows() {
                    normalized.ledger.push_record(number, Origin::default());
                }
                entity.push(&RecordBatch::try_new(schema, columns)?, source);
                let rows = kept.num_rows() as u64;
                if let Some(counts) = normalized.counts.get_mut(source) {
                    counts.read += rows;
                    counts.records += rows;
                }
            }
        }
        Ok(())
    }
}
