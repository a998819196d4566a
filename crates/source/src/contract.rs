//! The traits and the values that cross them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::SourceError;
pub use crate::cursor::{Mark, Window};

/// Rows a connector aims to put into one batch where the request does not say.
pub const DEFAULT_BATCH_ROWS: usize = 8_192;

/// Bytes of rows after which a connector ends a batch early, so that a few huge rows do not fill the memory.
pub const MAX_BATCH_BYTES: usize = 64 << 20;

/// Bytes of a rejected row that are kept.
pub const MAX_RAW_BYTES: usize = 64 << 10;

/// One kind of system. The registry of the binary lists every connector once; documentation, the JSON Schema
/// of the pipeline file and the conformance tests follow from that list.
pub trait Connector: Send + Sync {
    /// The name in a pipeline file (`connector: csv`), in lower_snake_case.
    fn name(&self) -> &'static str;

    /// One sentence, for listings: what it reads.
    fn about(&self) -> &'static str;

    /// A source as it stands in a pipeline file, in YAML, without the `records:` part.
    fn example(&self) -> &'static str;

    /// The JSON Schema of its options (generated from the config struct, whose doc comments are the reference).
    fn options_schema(&self) -> schemars::Schema;

    /// Checks the options and makes a source of them. Touches nothing outside: a missing file or a wrong
    /// password shows at [`Source::schema`] or [`Source::read`].
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] where the options do not make sense.
    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError>;

    /// The real system its tests run against; `None` where there is no such test, which listings call unproven.
    fn proven_by(&self) -> Option<&'static str> {
        None
    }

    /// Options that read what an address (`postgres://user@host/db`) names, for `goldsmith init` and `discover`, and
    /// `None` where it is not an address of this kind of system. A password in it is left out: where one is needed, it
    /// becomes a reference.
    fn options_for(&self, _address: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
        None
    }

    /// File name endings (lower case, without compression ending: `csv`, `xlsx`) this connector reads, for
    /// `goldsmith init`. Empty where the system is not a file.
    fn file_endings(&self) -> &'static [&'static str] {
        &[]
    }
}

/// What a connector may know of its surroundings when it opens.
#[derive(Debug, Clone)]
pub struct OpenContext {
    /// The source's name in the pipeline file, for error messages.
    pub source_name: String,
    /// The folder relative paths start from: that of the pipeline file.
    pub base_dir: PathBuf,
}

/// An opened source. Reading twice gives the same rows in the same order unless the system changed.
pub trait Source: Send + Sync {
    /// Where the data comes from, fit for logs and manifests: no user name, password, token or query string.
    fn locator(&self) -> String;

    /// The tables it holds, in a stable order. A source of one table (a CSV file) returns one name.
    ///
    /// # Errors
    /// Where the system cannot be reached or is broken.
    fn tables(&self) -> Result<Vec<String>, SourceError>;

    /// The columns of `table`, or of the only (or first) one for `None`, found without reading all rows where
    /// the format allows it. Column names are unique; every field is nullable.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] for an unknown table, naming the nearest; otherwise as for [`Source::read`].
    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError>;

    /// Pushes every row of `request.table` into `sink`, in the order of the system.
    ///
    /// Each row is pushed exactly once, in a chunk or as rejected. Batches have exactly the requested columns,
    /// in the requested order, with the types of [`Source::schema`].
    ///
    /// # Errors
    /// A broken container, an unreachable system, or the sink's own error. After an error nothing of what was
    /// pushed may be used.
    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError>;

    /// About how many rows `table` has, where the system can tell cheaply.
    fn row_estimate(&self, _table: Option<&str>) -> Option<u64> {
        None
    }

    /// Those of its tables that only show rows of others: views. `goldsmith init` leaves them out, or customers came twice.
    ///
    /// # Errors
    /// As for [`Source::tables`].
    fn views(&self) -> Result<Vec<String>, SourceError> {
        Ok(Vec::new())
    }

    /// Whether [`Source::read`] obeys [`ReadRequest::window`]. A source that does not is always read whole.
    fn obeys_windows(&self) -> bool {
        false
    }

    /// Whether it is a log: rows are written once and never changed, and old ones may be gone though they still hold. A
    /// row of it that cannot be read is none that is known already, and its numbers, which the system gives, are believed
    /// however large.
    fn is_log(&self) -> bool {
        false
    }

    /// The time by the system's own clock, where it tells one: for the difference to the clock here.
    ///
    /// # Errors
    /// Where the system cannot be reached.
    fn clock(&self) -> Result<Option<SystemTime>, SourceError> {
        Ok(None)
    }
}

/// What to read.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// The table, or the only (first) one.
    pub table: Option<String>,
    /// The columns wanted, by name, in this order; all of the schema's for `None`. Every name is in the schema.
    pub columns: Option<Vec<String>>,
    /// Rows a batch should have at most.
    pub batch_rows: usize,
    /// Only the rows in this window; only asked of a source that [`Source::obeys_windows`].
    pub window: Option<Window>,
    /// Rows after which the source may stop, because nobody looks at more of them.
    pub limit: Option<u64>,
}

impl Default for ReadRequest {
    fn default() -> Self {
        Self { table: None, columns: None, batch_rows: DEFAULT_BATCH_ROWS, window: None, limit: None }
    }
}

/// Rows of one file (or table), with the place of each.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The file as the pipeline names it (relative where it was), or the table's name for a database.
    pub file: Arc<str>,
    /// For each row its number in the file, from 1, counting data rows and rejected rows, not the header.
    pub rows: Vec<u64>,
    /// As many rows as `rows` has entries.
    pub batch: RecordBatch,
}

/// A row that could not be read. Its text stays out of `message`: only the quarantine table keeps it.
#[derive(Clone)]
pub struct RejectedRow {
    pub file: Arc<str>,
    pub row: u64,
    /// Offset of the row's first byte in the (decompressed) file, where the format has one.
    pub byte_offset: Option<u64>,
    /// The column at fault, where there is one.
    pub column: Option<String>,
    /// A stable name of the reason in lower_snake_case: `wrong_field_count`, `invalid_json`, `invalid_encoding` …
    pub rule: &'static str,
    /// One sentence with the place and the fault, without any value of the row.
    pub message: String,
    /// The bytes of the row as found (cut at 64 KiB).
    pub raw: Vec<u8>,
}

impl RejectedRow {
    /// The part of a row's bytes that is kept.
    #[must_use]
    pub fn cut(raw: &[u8]) -> Vec<u8> {
        raw.get(..MAX_RAW_BYTES).unwrap_or(raw).to_vec()
    }
}

impl std::fmt::Debug for RejectedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RejectedRow")
            .field("file", &self.file)
            .field("row", &self.row)
            .field("column", &self.column)
            .field("rule", &self.rule)
            .field("raw_len", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// Bytes of rejected rows that one table may have: they are held in memory until it is read to its end.
pub const MAX_REJECTED_BYTES: usize = 1 << 30;

/// How many bytes of a table's rows have been rejected.
#[derive(Debug, Default)]
pub struct RejectedBytes(usize);

impl RejectedBytes {
    /// Counts a row.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Corrupt`] where there are more than [`MAX_REJECTED_BYTES`]: a table of which so much cannot be read
    /// is read with the wrong options.
    pub fn add(&mut self, row: &RejectedRow) -> Result<(), SourceError> {
        self.0 += size_of::<RejectedRow>() + row.raw.len() + row.message.len();
        if self.0 <= MAX_REJECTED_BYTES {
            return Ok(());
        }
        let message = format!(
            "{} MiB of its rows cannot be read, such as row {} ({}); mend the data, or see with `goldsmith preview` which option does not fit it",
            MAX_REJECTED_BYTES >> 20,
            row.row,
            row.rule
        );
        Err(SourceError::corrupt(&*row.file, message))
    }
}

/// A file that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRead {
    /// The same text as in [`Chunk::file`].
    pub file: Arc<str>,
    /// Bytes on disk.
    pub bytes: u64,
    /// BLAKE3 of the bytes on disk, in hex; `None` where hashing would mean a second read of a database.
    pub checksum: Option<String>,
    /// Rows pushed, rejected ones included.
    pub rows: u64,
}

/// Takes what a source pushes.
pub trait Sink {
    /// # Errors
    /// The sink's own failure (disk full, cancelled); the source passes it on unchanged and stops.
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError>;

    /// # Errors
    /// As for [`Sink::chunk`].
    fn reject(&mut self, row: RejectedRow) -> Result<(), SourceError>;

    /// Called once for each file after its last row.
    ///
    /// # Errors
    /// As for [`Sink::chunk`].
    fn file_done(&mut self, file: FileRead) -> Result<(), SourceError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_rows_have_a_bound() {
        let row = RejectedRow {
            file: "crm.csv".into(),
            row: 7,
            byte_offset: None,
            column: None,
            rule: "wrong_field_count",
            message: "7 fields".to_owned(),
            raw: vec![b'x'; MAX_RAW_BYTES],
        };
        let mut counted = RejectedBytes::default();
        let rows = (0..).take_while(|_| counted.add(&row).is_ok()).count();
        assert!(rows * MAX_RAW_BYTES <= MAX_REJECTED_BYTES && rows * MAX_RAW_BYTES > MAX_REJECTED_BYTES / 2, "{rows}");
        let error = counted.add(&row).unwrap_err();
        assert_eq!((error.kind, error.place.as_deref()), (crate::ErrorKind::Corrupt, Some("crm.csv")));
        assert!(error.message.contains("wrong_field_count") && !error.message.contains("xx"), "{error}");
    }
}
