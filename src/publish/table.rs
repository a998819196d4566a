//! One published table: a documented schema and a Parquet writer.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_config::model::Compression;
use goldsmith_source::files::HashingWriter;

use super::encoding::Encodings;
use super::file::FileWriter;
use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;

/// Rows a table puts into one batch.
pub const BATCH_ROWS: usize = 32_768;
/// Key of a column's meaning in the Parquet field metadata.
pub const MEANING: &str = "description";

/// A column with its meaning.
#[must_use]
pub fn column(name: &str, data_type: DataType, nullable: bool, meaning: &str) -> Field {
    Field::new(name, data_type, nullable).with_metadata([(MEANING.to_owned(), meaning.to_owned())].into())
}

/// A text column that always has a value.
#[must_use]
pub fn text(name: &str, meaning: &str) -> Field {
    column(name, DataType::Utf8, false, meaning)
}

/// A text column that may be null.
#[must_use]
pub fn maybe_text(name: &str, meaning: &str) -> Field {
    column(name, DataType::Utf8, true, meaning)
}

/// A count.
#[must_use]
pub fn count(name: &str, meaning: &str) -> Field {
    column(name, DataType::Int64, false, meaning)
}

/// A list of text.
#[must_use]
pub fn text_list(name: &str, meaning: &str) -> Field {
    column(name, DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))), false, meaning)
}

/// A table that was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WrittenTable {
    pub table: String,
    /// Relative to the version's directory.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    pub blake3: String,
}

/// Columns of names that hardly repeat, whose neighbours begin alike.
const KEYS: [&str; 4] = ["golden_id", "source_key", "left_key", "right_key"];

/// Writes one table into `<directory>/<table>/part-00000.parquet`.
pub struct TableWriter {
    table: String,
    directory: PathBuf,
    path: PathBuf,
    schema: SchemaRef,
    writer: FileWriter<HashingWriter<File>>,
    rows: u64,
}

impl TableWriter {
    /// # Errors
    /// Where the file cannot be created.
    pub fn create(version: &Path, table: &str, fields: Vec<Field>, compression: Compression) -> Result<Self, RunError> {
        let directory = version.join(table);
        create_private_dir(&directory)?;
        let path = directory.join("part-00000.parquet");
        let file = HashingWriter::new(create_private(&path)?);
        let schema = Arc::new(Schema::new(fields));
        let encodings = Encodings { compression, keys: &KEYS, created_by: "goldsmith" };
        let writer = FileWriter::create(file, Arc::clone(&schema), &encodings).map_err(|error| fault(&path, &error))?;
        Ok(Self { table: table.to_owned(), directory, path, schema, writer, rows: 0 })
    }

    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Writes columns in the order of the schema; a text column may come as codes and names, an Arrow dictionary array.
    ///
    /// # Errors
    /// Columns that do not fit the schema, or a full disk.
    pub fn write(&mut self, columns: Vec<ArrayRef>) -> Result<(), RunError> {
        self.rows += columns.first().map_or(0, |column| column.len()) as u64;
        self.writer.write(&columns).map_err(|error| fault(&self.path, &error))
    }

    /// Closes the file and makes it durable.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(self) -> Result<WrittenTable, RunError> {
        let (file, digest) = self.writer.finish().map_err(|error| fault(&self.path, &error))?.finish();
        file.sync_all().doing(|| format!("writing {}", self.path.display()))?;
        sync_directory(&self.directory)?;
        Ok(WrittenTable {
            path: format!("{}/part-00000.parquet", self.table),
            table: self.table,
            rows: self.rows,
            bytes: digest.bytes,
            blake3: digest.checksum,
        })
    }
}

fn fault(path: &Path, error: &parquet::errors::ParquetError) -> RunError {
    let cause = match error {
        parquet::errors::ParquetError::External(inner) => inner.downcast_ref::<std::io::Error>(),
        _ => None,
    };
    // Its kind decides what is said of the way out.
    let error = match cause {
        Some(cause) => std::io::Error::new(cause.kind(), cause.to_string()),
        None => std::io::Error::other(error.to_string()),
    };
    RunError::Io { message: format!("writing {}", path.display()), error }
}

/// Creates a file only its owner can read: the tables hold personal data.
///
/// # Errors
/// Where the file cannot be created.
pub fn create_private(path: &Path) -> Result<File, RunError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).doing(|| format!("creating {}", path.display()))
}

/// Creates a directory, and its parents, only the owner can enter.
///
/// # Errors
/// Where it cannot be created.
pub fn create_private_dir(path: &Path) -> Result<(), RunError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).doing(|| format!("creating {}", path.display()))
}

/// Makes the entries of a directory durable.
///
/// # Errors
/// Where the directory cannot be synchronised.
pub fn sync_directory(path: &Path) -> Result<(), RunError> {
    File::open(path).and_then(|directory| directory.sync_all()).doing(|| format!("synchronising {}", path.display()))
}
