//! The battery every connector must pass.
//!
//! A connector's tests make a [`Fixture`], a small data set known in advance, and call [`check_source`]. Each
//! promise of the contract is one [`Check`]; checks after the first read compare with it, not with the
//! expectation, so that one fault is reported once.

mod checks;
mod collect;
mod windows;

use std::fmt;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use serde_json::Value;

pub use checks::check_source;
pub use collect::{Collected, collect};

use crate::Connector;

/// What is known of a data set before it is read.
pub struct Fixture<'a> {
    pub connector: &'a dyn Connector,
    /// Options that open the data set.
    pub options: Value,
    /// The folder relative paths start from.
    pub base_dir: PathBuf,
    /// The table to read; `None` for the first.
    pub table: Option<String>,
    /// All good rows of all files, in order, with the schema promised. At least two columns and three rows.
    pub expected: RecordBatch,
    /// All rejected rows, in order.
    pub rejected: Vec<ExpectedReject>,
    /// The files in order.
    pub files: Vec<ExpectedFile>,
    /// Options that are in order but name something that is not there; `None` where the connector has no
    /// such case.
    pub missing: Option<Value>,
    /// Secrets that stand in `options` and may not come out again.
    pub canaries: Vec<String>,
}

/// A row the source must reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedReject {
    pub file: String,
    pub row: u64,
    pub rule: String,
    pub raw: Vec<u8>,
}

/// A file the source must report as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedFile {
    /// As in [`crate::Chunk::file`].
    pub name: String,
    /// Rows, rejected ones included.
    pub rows: u64,
    /// Where it is, if its bytes and checksum are to be compared.
    pub path: Option<PathBuf>,
}

/// One promise of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The fixture opens and reads without error.
    Reads,
    /// The connector says what it is and shows an example; its JSON Schema is closed and describes every option.
    Documentation,
    /// Opening touches nothing: options that name a missing file open.
    OpenTouchesNothing,
    /// What is missing is [`crate::ErrorKind::Unavailable`], from `schema` and from `read`.
    MissingIsUnavailable,
    /// An unknown option is refused as [`crate::ErrorKind::Config`], by name and with the nearest valid name.
    UnknownOption,
    /// The locator is not empty, the same each time, and holds no secret.
    Locator,
    /// There is a table, names are unique and the same each time, and the one asked for is among them.
    Tables,
    /// An unknown table is refused as [`crate::ErrorKind::Config`], naming the nearest.
    UnknownTable,
    /// The schema is the one expected, the same each time, unique in names, nullable throughout.
    Schema,
    /// Every good row comes once, in order.
    Rows,
    /// Row numbers count 1, 2, 3 … in each file over good and rejected rows, as many as the batch has rows.
    RowNumbers,
    /// Batches have the columns and types asked for.
    Types,
    /// A choice of columns gives the same data, in the order asked for.
    Projection,
    /// An unknown column is refused as [`crate::ErrorKind::Config`], naming the nearest.
    UnknownColumn,
    /// No batch is larger than asked for, and the size changes nothing else.
    BatchRows,
    /// Reading twice gives the same.
    Repeatable,
    /// Rows that cannot be read are pushed as rejected, with the bytes as found.
    Rejected,
    /// No text of a rejected row in its message.
    Secrecy,
    /// A sink's error comes back unchanged and ends the read.
    SinkErrors,
    /// Each file is reported once after its last row, with rows, bytes and checksum.
    FileDone,
    /// Where the source obeys windows: a window gives the rows whose cursor is null, or not before its left edge and
    /// before its right one, in the order of the whole read. Every column that can be a cursor is tried; the source may
    /// refuse one as [`crate::ErrorKind::Config`], not all.
    Windows,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 21] = [
        Self::Reads,
        Self::Documentation,
        Self::OpenTouchesNothing,
        Self::MissingIsUnavailable,
        Self::UnknownOption,
        Self::Locator,
        Self::Tables,
        Self::UnknownTable,
        Self::Schema,
        Self::Rows,
        Self::RowNumbers,
        Self::Types,
        Self::Projection,
        Self::UnknownColumn,
        Self::BatchRows,
        Self::Repeatable,
        Self::Rejected,
        Self::Secrecy,
        Self::SinkErrors,
        Self::FileDone,
        Self::Windows,
    ];
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub check: Check,
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.check, self.message)
    }
}
