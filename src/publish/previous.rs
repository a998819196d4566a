//! What is read back of a published version: tables, golden ids, redirects and models. Nothing is read that is not
//! what the version's manifest names, byte for byte.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use goldsmith_resolve::{Model, RecordId};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::table::WrittenTable;
use super::{Manifest, Store};
use crate::matching::{PreviousIds, Redirect};
use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;

/// A published version.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    pub store: &'a Store,
    pub manifest: &'a Manifest,
}

impl Version<'_> {
    #[must_use]
    pub fn directory(&self) -> PathBuf {
        self.store.version_dir(self.manifest.version)
    }

    /// The file of a table, whose bytes are those that were published.
    ///
    /// # Errors
    /// A table that is missing or was changed.
    pub fn table(&self, table: &str) -> Result<PathBuf, RunError> {
        let known = self.manifest.tables.iter().find(|known| known.table == table).ok_or_else(|| {
            RunError::Gate(format!("version {} was published without the table `{table}`", self.manifest.version))
        })?;
        let path = self.directory().join(&known.path);
        let mut hasher = blake3::Hasher::new();
        match File::open(&path).and_then(|mut file| std::io::copy(&mut file, &mut hasher)) {
            Ok(_) if hasher.finalize().to_hex().as_str() == known.blake3 => Ok(path),
            Ok(_) => {
                Err(self.broken(&path, "has changed since it was published: its checksum is not that of the manifest"))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(self.broken(&path, "is gone")),
            Err(error) => Err(RunError::Io { message: format!("reading {}", path.display()), error }),
        }
    }

    /// Checks that the file of a table has its size.
    ///
    /// # Errors
    /// A table that is missing or was cut.
    pub fn there(&self, table: &WrittenTable) -> Result<(), RunError> {
        let path = self.directory().join(&table.path);
        match std::fs::metadata(&path) {
            Ok(found) if found.len() == table.bytes => Ok(()),
            Ok(_) => Err(self.broken(&path, "has changed since it was published: it has another size")),
            Err(_) => Err(self.broken(&path, "is gone")),
        }
    }

    fn broken(&self, path: &Path, what: &str) -> RunError {
        RunError::Gate(format!(
            "{} {what}; restore it, or remove {} to go back to the version before",
            path.display(),
            self.store.manifest_path(self.manifest.version).display()
        ))
    }
}

/// Where a version keeps the model of an entity type.
#[must_use]
pub fn model_path(version: &Path, entity: &str) -> std::path::PathBuf {
    version.join("models").join(format!("{entity}.json"))
}

/// The ids a version published for one entity type.
///
/// # Errors
/// A table that cannot be read.
pub fn previous_ids(version: Version<'_>, entity: &str) -> Result<PreviousIds, RunError> {
    let mut previous = PreviousIds::default();
    for batch in read_table(version, "cross_reference", &["entity_type", "source", "source_key", "golden_id"])? {
        let [kind, source, key, golden] = texts(&batch)?;
        for row in 0..batch.num_rows() {
            if kind.value(row) == entity {
                previous
                    .of_record
                    .insert(RecordId::of(source.value(row), key.value(row)), golden.value(row).to_owned());
            }
        }
    }
    for batch in read_table(version, "golden_profiles", &["golden_id", "first_version"])? {
        let ids = batch.column(0).as_string::<i32>();
        let first = batch.column(1).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            previous.first_version.insert(ids.value(row).to_owned(), first.value(row));
        }
    }
    let letter = entity.chars().next().unwrap_or('x');
    for batch in read_table(version, "id_redirects", &["old_golden_id", "current_golden_id", "since_version"])? {
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

/// The model a version was matched with, and its text, by which it is published again: numbers written anew could
/// differ in their last digit.
///
/// # Errors
/// A model that cannot be read.
pub fn previous_model(version: Version<'_>, entity: &str) -> Result<(Model, String), RunError> {
    let path = model_path(&version.directory(), entity);
    let bytes = match read_small(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(version.broken(&path, "is gone; train a new one with `goldsmith run --retrain`"));
        }
        read => read.doing(|| format!("reading the model {}", path.display()))?,
    };
    if version.manifest.models.get(entity) != Some(&model_version(&bytes)) {
        return Err(version.broken(&path, "has changed since it was published: it is not the model the manifest names; train a new one with `goldsmith run --retrain`"));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let model = Model::from_json(&text).map_err(|error| {
        RunError::Config(format!("{}: {error}; train a new one with `goldsmith run --retrain`", path.display()))
    })?;
    Ok((model, text))
}

/// What a model is known by: the head of its checksum.
#[must_use]
pub fn model_version(json: &[u8]) -> String {
    blake3::hash(json).to_hex().chars().take(12).collect()
}

/// The bytes of a file that may not be larger than a model is.
pub(crate) fn read_small(path: &Path) -> std::io::Result<Vec<u8>> {
    const MOST: u64 = 256 << 20;
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    if !about.is_file() || about.len() > MOST {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is no file, or larger than 256 MB"));
    }
    std::fs::read(path)
}

/// Reads a model file.
///
/// # Errors
/// A missing file, or one that is no model.
pub fn read_model(path: &Path) -> Result<Model, RunError> {
    let bytes = read_small(path).doing(|| format!("reading the model {}", path.display()))?;
    Model::from_json(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}')).map_err(|error| {
        RunError::Config(format!("{}: {error}; write a new one with `goldsmith train`", path.display()))
    })
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
pub fn read_table(version: Version<'_>, table: &str, columns: &[&str]) -> Result<Vec<RecordBatch>, RunError> {
    read(version, table, Some(columns))
}

/// All columns of a published table.
///
/// # Errors
/// A file that is missing or broken.
pub fn read_whole_table(version: Version<'_>, table: &str) -> Result<Vec<RecordBatch>, RunError> {
    read(version, table, None)
}

fn read(version: Version<'_>, table: &str, columns: Option<&[&str]>) -> Result<Vec<RecordBatch>, RunError> {
    let mut batches = Vec::new();
    read_each(version, table, columns, |batch| {
        batches.push(batch);
        Ok(())
    })?;
    Ok(batches)
}

/// Hands on the named columns of a published table batch by batch, for tables that are larger than what is kept of them.
///
/// # Errors
/// A file that is missing or broken, or lacks a column; what `each` finds wrong.
pub fn read_batches(
    version: Version<'_>,
    table: &str,
    columns: &[&str],
    each: impl FnMut(RecordBatch) -> Result<(), RunError>,
) -> Result<(), RunError> {
    read_each(version, table, Some(columns), each)
}

fn read_each(
    version: Version<'_>,
    table: &str,
    columns: Option<&[&str]>,
    mut each: impl FnMut(RecordBatch) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let path = version.table(table)?;
    let broken = |error: String| version.broken(&path, &format!("cannot be read: {error}"));
    let file = File::open(&path).doing(|| format!("opening {}", path.display()))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(error.to_string()))?;
    if let Some(columns) = columns {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    for batch in builder.build().map_err(|error| broken(error.to_string()))? {
        let batch = batch.map_err(|error| broken(error.to_string()))?;
        each(match columns {
            None => batch,
            Some(columns) => {
                let order = columns
                    .iter()
                    .map(|name| batch.schema().index_of(name))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| broken(error.to_string()))?;
                batch.project(&order)?
            }
        })?;
    }
    Ok(())
}
