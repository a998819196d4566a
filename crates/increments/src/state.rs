//! The state of a table: its merged rows as a Parquet file, with what it was read by and how far in the metadata.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Fields, Int64Type, Schema, SchemaRef};
use goldsmith_source::files::HashingWriter;
use goldsmith_source::{Chunk, Mark, SourceError};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

/// Key of [`StateMeta`] in the file's metadata.
const META: &str = "goldsmith.state";
/// Version of the form of the file.
const FORMAT: u32 = 1;
/// Column with the file of a row; a control character begins the names of columns that are not the table's.
const FILE: &str = "\u{1f}file";
/// Column with the number of a row in its file.
const ROW: &str = "\u{1f}row";
/// Rows of a row group: what is in memory while the file is written.
const GROUP_ROWS: usize = 1 << 17;

/// What a state was read by, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateMeta {
    format: u32,
    /// The table.
    pub table: String,
    pub cursor: String,
    pub key: Vec<String>,
    pub deleted: Option<String>,
    /// Which system was read with which options, as the caller tells them apart.
    pub identity: String,
    /// The columns of the rows, with their types.
    pub columns: Vec<(String, String)>,
    /// All columns the table had, and those it no longer has but that are known of.
    pub table_columns: Vec<String>,
    /// The largest cursor seen; `None` where no row had one.
    pub mark: Option<String>,
    /// The highest row number given, so that rows read later get numbers of their own.
    pub last_row: u64,
}

impl StateMeta {
    #[expect(clippy::too_many_arguments, reason = "the parts of a record, each named")]
    #[must_use]
    pub fn new(
        table: &str,
        cursor: &str,
        key: &[String],
        deleted: Option<&str>,
        identity: &str,
        schema: &Schema,
        table_columns: Vec<String>,
        mark: Option<&Mark>,
        last_row: u64,
    ) -> Self {
        Self {
            format: FORMAT,
            table: table.to_owned(),
            cursor: cursor.to_owned(),
            key: key.to_vec(),
            deleted: deleted.map(str::to_owned),
            identity: identity.to_owned(),
            columns: schema
                .fields()
                .iter()
                .map(|field| (field.name().clone(), field.data_type().to_string()))
                .collect(),
            table_columns,
            mark: mark.map(|mark| mark.text.clone()),
            last_row,
        }
    }
}

/// The state of a published version, as its manifest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousState {
    pub path: PathBuf,
    /// BLAKE3 of the file, in hex.
    pub blake3: String,
    /// How to read the source without it, for messages: `goldsmith run --refresh crm`.
    pub way_out: String,
}

/// A state whose bytes are those that were published.
pub struct State {
    pub meta: StateMeta,
    file: PreviousState,
    builder: ParquetRecordBatchReaderBuilder<File>,
}

impl PreviousState {
    /// Opens the file and verifies it.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Corrupt`] where it is missing, was changed, or was written by a newer program.
    pub fn open(&self) -> Result<State, SourceError> {
        let mut hasher = blake3::Hasher::new();
        let file = File::open(&self.path).and_then(|mut file| {
            std::io::copy(&mut file, &mut hasher)?;
            File::open(&self.path)
        });
        let file = match file {
            Ok(_) if hasher.finalize().to_hex().as_str() != self.blake3 => {
                return Err(self.broken("has changed since it was published"));
            }
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(self.broken("is gone")),
            Err(error) => {
                return Err(SourceError::unavailable(self.path.display().to_string(), "could not be read; try again")
                    .because(error));
            }
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|_| self.broken("is not a state"))?;
        let pairs = builder.metadata().file_metadata().key_value_metadata();
        let meta = pairs.into_iter().flatten().find(|pair| pair.key == META).and_then(|pair| pair.value.as_deref());
        let meta: StateMeta = meta
            .and_then(|meta| serde_json::from_str(meta).ok())
            .filter(|meta: &StateMeta| meta.format <= FORMAT)
            .ok_or_else(|| self.broken("is not a state this program knows"))?;
        Ok(State { meta, file: self.clone(), builder })
    }

    fn broken(&self, what: &str) -> SourceError {
        SourceError::corrupt(
            self.path.display().to_string(),
            format!(
                "the state of an earlier read {what}; restore the file, or read everything anew with `{}`",
                self.way_out
            ),
        )
    }
}

impl State {
    /// Rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        u64::try_from(self.builder.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// The rows as `schema` has them, in batches; a column the state does not have is null.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn rows_as(self, schema: &SchemaRef, batch_rows: usize) -> Result<StateRows, SourceError> {
        let file = self.file;
        let reader = self.builder.with_batch_size(batch_rows).build().map_err(|_| file.broken("cannot be read"))?;
        Ok(StateRows { reader, schema: schema.clone(), file })
    }
}

/// The rows of a state, a batch at a time.
pub struct StateRows {
    reader: ParquetRecordBatchReader,
    schema: SchemaRef,
    file: PreviousState,
}

/// Rows of a state with the place of each.
pub struct StateBatch {
    pub batch: RecordBatch,
    pub files: StringArray,
    pub rows: Int64Array,
}

impl Iterator for StateRows {
    type Item = Result<StateBatch, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.reader.next()? {
            Ok(batch) => batch,
            Err(_) => return Some(Err(self.file.broken("cannot be read"))),
        };
        let columns = self.schema.fields().iter().map(|field| {
            let known = batch.column_by_name(field.name()).filter(|array| array.data_type() == field.data_type());
            known.cloned().unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
        });
        let aligned = RecordBatch::try_new(self.schema.clone(), columns.collect());
        let files = batch.column_by_name(FILE).and_then(|files| files.as_string_opt::<i32>()).cloned();
        let rows = batch.column_by_name(ROW).and_then(|rows| rows.as_primitive_opt::<Int64Type>()).cloned();
        Some(match (aligned, files, rows) {
            (Ok(batch), Some(files), Some(rows)) => Ok(StateBatch { batch, files, rows }),
            _ => Err(self.file.broken("has other columns than it should")),
        })
    }
}

impl StateBatch {
    /// The rows as chunks, each of neighbours of one file.
    #[must_use]
    pub fn chunks(&self) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut start = 0;
        while start < self.files.len() {
            let file = self.files.value(start);
            let length = (start..self.files.len()).take_while(|row| self.files.value(*row) == file).count();
            let rows = self.rows.slice(start, length);
            chunks.push(Chunk {
                file: file.into(),
                rows: rows.values().iter().map(|row| u64::try_from(*row).unwrap_or(0)).collect(),
                batch: self.batch.slice(start, length),
            });
            start += length;
        }
        chunks
    }
}

/// Writes the state of a table.
pub struct StateWriter {
    path: PathBuf,
    schema: SchemaRef,
    writer: ArrowWriter<HashingWriter<BufWriter<File>>>,
    rows: u64,
}

/// A state that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenState {
    pub rows: u64,
    pub bytes: u64,
    /// BLAKE3 of the file, in hex.
    pub blake3: String,
}

impl StateWriter {
    /// # Errors
    /// Where the file cannot be created, or a type has no form in Parquet.
    pub fn create(path: &Path, schema: &SchemaRef) -> Result<Self, SourceError> {
        let own = [Field::new(FILE, DataType::Utf8, false), Field::new(ROW, DataType::Int64, false)];
        let fields: Fields = schema.fields().iter().cloned().chain(own.into_iter().map(Arc::new)).collect();
        let schema = Arc::new(Schema::new(fields));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_created_by("goldsmith".to_owned())
            .build();
        let sink = HashingWriter::new(BufWriter::with_capacity(1 << 20, create_private(path)?));
        let writer = ArrowWriter::try_new(sink, schema.clone(), Some(properties)).map_err(|_| {
            SourceError::config(
                "a column has a type that a state cannot keep; leave it out, or read the source without `incremental`",
            )
        })?;
        Ok(Self { path: path.to_owned(), schema, writer, rows: 0 })
    }

    /// # Errors
    /// A full disk.
    pub fn write(&mut self, chunk: &Chunk) -> Result<(), SourceError> {
        let mut columns: Vec<ArrayRef> = chunk.batch.columns().to_vec();
        columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(&*chunk.file, chunk.rows.len()))));
        columns.push(Arc::new(Int64Array::from_iter_values(
            chunk.rows.iter().map(|row| i64::try_from(*row).unwrap_or(i64::MAX)),
        )));
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(crate::internal)?;
        self.rows += batch.num_rows() as u64;
        self.writer.write(&batch).map_err(|_| unwritten(&self.path))
    }

    /// Closes the file and makes it durable.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(mut self, meta: &StateMeta) -> Result<WrittenState, SourceError> {
        let json = serde_json::to_string(meta).unwrap_or_default();
        self.writer.append_key_value_metadata(KeyValue::new(META.to_owned(), json));
        let (file, digest) = self.writer.into_inner().map_err(|_| unwritten(&self.path))?.finish();
        let file = file.into_inner().map_err(|_| unwritten(&self.path))?;
        file.sync_all().map_err(|error| unwritten(&self.path).because(error))?;
        Ok(WrittenState { rows: self.rows, bytes: digest.bytes, blake3: digest.checksum })
    }
}

fn unwritten(path: &Path) -> SourceError {
    SourceError::unavailable(path.display().to_string(), "could not be written; is the disk full?")
}

/// Creates a file only its owner can read, and the folders above it: it holds personal data.
pub(crate) fn create_private(path: &Path) -> Result<File, SourceError> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    }
    let create = || {
        if let Some(above) = path.parent() {
            folder.create(above)?;
        }
        options.open(path)
    };
    create().map_err(|error| unwritten(path).because(error))
}
