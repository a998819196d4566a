//! The manifest of a version: what was read, what came out, what was checked. A version exists once it does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::table::WrittenTable;
use crate::normalize::RecordCounts;

/// Version of the manifest and the tables; minor changes only add columns.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub schema_version: u32,
    pub tool_version: String,
    pub pipeline: String,
    pub version: i64,
    /// The version published before, whose ids were carried over.
    pub previous: Option<i64>,
    pub run_id: String,
    pub started_at: String,
    pub finished_at: String,
    /// The only clock of the data tables.
    pub as_of: String,
    /// BLAKE3 of the pipeline file with its overlay.
    pub config_hash: String,
    /// BLAKE3 over everything the data tables depend on: equal inputs, equal tables.
    pub inputs_hash: String,
    /// Version of the model by entity type.
    pub models: BTreeMap<String, String>,
    pub sources: Vec<SourceEntry>,
    pub stages: Vec<StageEntry>,
    pub tables: Vec<WrittenTable>,
    pub gates: Vec<Gate>,
    /// Golden profiles by entity type.
    pub golden_profiles: BTreeMap<String, u64>,
}

/// What one source contributed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SourceEntry {
    pub name: String,
    pub connector: String,
    pub locator: String,
    /// The `as_of` of the run that read it last.
    pub read_as_of: String,
    /// fresh, last_good or skipped.
    pub state: String,
    pub tables: Vec<TableEntry>,
    pub files: Vec<FileEntry>,
    /// The fates of its rows; their sum is `read`.
    pub records: RecordCounts,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableEntry {
    pub name: String,
    pub rows: u64,
    pub rejected: u64,
    /// Column names and types as the source has them.
    pub columns: Vec<(String, String)>,
    /// What the next run goes on from, where the table is read by increments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateEntry>,
}

/// The state of a table that is read by increments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StateEntry {
    /// The merged rows, relative to the version's directory.
    pub path: String,
    pub bytes: u64,
    pub blake3: String,
    /// The largest cursor seen.
    pub mark: Option<String>,
    /// Why the table was read whole, where it was.
    pub whole: Option<String>,
    /// Rows read by the run that wrote the state.
    pub read: u64,
    /// Of these, rows that were not known before.
    pub added: u64,
    /// Of these, rows that replaced one.
    pub changed: u64,
    /// Rows taken over from the state before.
    pub carried: u64,
    /// Rows of the state before that are gone.
    pub gone: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileEntry {
    pub file: String,
    pub bytes: u64,
    pub blake3: Option<String>,
    pub rows: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StageEntry {
    pub stage: String,
    pub rows_in: u64,
    pub rows_out: u64,
    pub seconds: f64,
    /// The most memory that the process has held by its end, in bytes, where the system says.
    #[serde(default)]
    pub peak_memory: Option<u64>,
    /// Bytes of a file that have by its end stood in for memory.
    #[serde(default)]
    pub in_file: u64,
}

/// Something that had to be true.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gate {
    pub name: String,
    /// pass, warn or fail.
    pub status: String,
    pub observed: String,
    pub expected: String,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// A sentence where it is none, or where a newer program wrote it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| format!("not a manifest: {error}"))?;
        let version = value.get("schema_version").and_then(serde_json::Value::as_u64);
        match version {
            Some(version) if version > u64::from(SCHEMA_VERSION) => Err(format!(
                "written with schema version {version}, this program knows up to {SCHEMA_VERSION}; use the newer program"
            )),
            Some(_) => serde_json::from_value(value).map_err(|error| format!("not a manifest: {error}")),
            None => Err("not a manifest: it has no schema_version".to_owned()),
        }
    }

    /// The manifest as JSON, a line end at its end.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
