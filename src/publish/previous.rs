//! What a run takes over from the version before: golden ids, redirects and models.

use std::fs::File;
use std::path::Path;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use goldsmith_resolve::{Model, RecordId};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Store;
use crate::matching::{PreviousIds, Redirect};
use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;

/// Where a version keeps the model of an entity type.
#[must_use]
pub fn model_path(version: &Path, entity: &str) -> std::path::PathBuf {
    version.join("models").join(format!("{entity}.json"))
}

/// The ids a version published for one entity type.
///
/// # Errors
/// A table that cannot be read.
pub fn previous_ids(store: &Store, version: i64, entity: &str) -> Result<PreviousIds, RunError> {
    let directory = store.version_dir(version);
    let mut previous = PreviousIds::default();
    for batch in read_table(&directory, "cross_reference", &["entity_type", "source", "source_key", "golden_id"])? {
        let [kind, source, key, golden] = texts(&batch)?;
        for row in 0..batch.num_rows() {
            if kind.value(row) == entity {
                previous
                    .of_record
                    .insert(RecordId::of(source.value(row), key.value(row)), golden.value(row).to_owned());
            }
        }
    }
    for batch in read_table(&directory, "golden_profiles", &["golden_id", "first_version"])? {
        let ids = batch.column(0).as_string::<i32>();
        let first = batch.column(1).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            previous.first_version.insert(ids.value(row).to_owned(), first.value(row));
        }
    }
    let letter = entity.chars().next().unwrap_or('x');
    for batch in read_table(&directory, "id_redirects", &["old_golden_id", "current_golden_id", "since_version"])? {
        let (old, current) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
        let since = batch.column(2).as_primitive::<Int64Type>();
        for row in (0..batch.num_rows()).filter(|row| old.value(*row).starts_with(letter)) {
            previous.redirects.push(Redirect {
                old: old.value(row).to_owned(),
                current: current.value(row).to_owned(),
                since_version: since.value(row),
            });
        }
    }
    Ok(previous)
}

/// The model a version was matched with.
///
/// # Errors
/// A model that cannot be read.
pub fn previous_model(store: &Store, version: i64, entity: &str) -> Result<Model, RunError> {
    read_model(&model_path(&store.version_dir(version), entity))
}

/// Reads a model file.
///
/// # Errors
/// A missing file, or one that is no model.
pub fn read_model(path: &Path) -> Result<Model, RunError> {
    let bytes = std::fs::read(path).doing(|| format!("reading the model {}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    Model::from_json(&text).map_err(|error| RunError::Config(format!("{}: not a model: {error}", path.display())))
}

fn texts(batch: &RecordBatch) -> Result<[&arrow::array::StringArray; 4], RunError> {
    let column = |index: usize| {
        batch
            .column(index)
            .as_string_opt::<i32>()
            .ok_or_else(|| RunError::Internal("a published table changed its types".to_owned()))
    };
    Ok([column(0)?, column(1)?, column(2)?, column(3)?])
}

/// The named columns of a published table, in that order.
///
/// # Errors
/// A file that is missing or broken, or lacks a column.
pub fn read_table(version: &Path, table: &str, columns: &[&str]) -> Result<Vec<RecordBatch>, RunError> {
    read(version, table, Some(columns))
}

/// All columns of a published table.
///
/// # Errors
/// A file that is missing or broken.
pub fn read_whole_table(version: &Path, table: &str) -> Result<Vec<RecordBatch>, RunError> {
    read(version, table, None)
}

fn read(version: &Path, table: &str, columns: Option<&[&str]>) -> Result<Vec<RecordBatch>, RunError> {
    let path = version.join(table).join("part-00000.parquet");
    let broken = |error: String| {
        RunError::Gate(format!(
            "{}: the published table cannot be read: {error}; restore it, or publish to another folder",
            path.display()
        ))
    };
    let file = File::open(&path).doing(|| format!("opening {}", path.display()))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(error.to_string()))?;
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    let mut batches = Vec::new();
    for batch in builder.build().map_err(|error| broken(error.to_string()))? {
        let batch = batch.map_err(|error| broken(error.to_string()))?;
        batches.push(match columns {
            None => batch,
            Some(columns) => {
                let order = columns
                    .iter()
                    .map(|name| batch.schema().index_of(name))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| broken(error.to_string()))?;
                batch.project(&order)?
            }
        });
    }
    Ok(batches)
}
