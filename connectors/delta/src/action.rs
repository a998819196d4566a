//! The actions of a Delta log that a snapshot follows from. Fields that do not matter for reading are passed over.

use std::collections::BTreeMap;

use goldsmith_source::SourceError;
use goldsmith_source::lines::End;
use serde::Deserialize;

/// One line of a commit, or one row of a checkpoint. Of the fields one is set, or none where the action says nothing
/// about what the table holds.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Action {
    pub(crate) add: Option<Add>,
    pub(crate) remove: Option<Remove>,
    pub(crate) meta_data: Option<Metadata>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) sidecar: Option<Sidecar>,
}

/// A data file is part of the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Add {
    /// Percent-encoded.
    pub(crate) path: String,
    /// By the physical name of the column.
    #[serde(default)]
    pub(crate) partition_values: BTreeMap<String, Option<String>>,
    /// Bytes.
    pub(crate) size: u64,
    /// JSON.
    #[serde(default)]
    pub(crate) stats: Option<String>,
    #[serde(default)]
    pub(crate) deletion_vector: Option<DeletionVector>,
}

/// A data file is no longer part of the table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Remove {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) deletion_vector: Option<DeletionVector>,
}

/// Where the rows of a file that are deleted are written down.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletionVector {
    pub(crate) storage_type: String,
    pub(crate) path_or_inline_dv: String,
    #[serde(default)]
    pub(crate) offset: Option<u64>,
    pub(crate) size_in_bytes: u64,
    /// Rows deleted.
    pub(crate) cardinality: u64,
}

/// What the table is.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    #[serde(default)]
    pub(crate) format: Option<Format>,
    /// JSON.
    pub(crate) schema_string: String,
    #[serde(default)]
    pub(crate) partition_columns: Vec<String>,
    #[serde(default)]
    pub(crate) configuration: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Format {
    pub(crate) provider: String,
}

/// What a reader has to know.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Protocol {
    pub(crate) min_reader_version: u32,
    #[serde(default)]
    pub(crate) reader_features: Option<Vec<String>>,
}

/// A file of the folder `_sidecars` that holds a part of a checkpoint.
#[derive(Debug, Deserialize)]
pub(crate) struct Sidecar {
    pub(crate) path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    num_records: Option<u64>,
}

impl Action {
    /// The action on a line of `file`.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Corrupt`] where it is none. What the line says stays out of the error.
    pub(crate) fn parse(line: &[u8], number: u64, end: End, file: &str) -> Result<Self, SourceError> {
        let fault = match (end, serde_json::from_slice(line)) {
            (End::TooLong, _) => "is longer than 16 MiB".to_owned(),
            (_, Ok(action)) => return Ok(action),
            (End::Stream, Err(error)) if error.is_eof() => "is cut short".to_owned(),
            (_, Err(error)) if error.is_data() => {
                format!("holds an action that lacks a field or has one of the wrong type (column {})", error.column())
            }
            (_, Err(error)) => format!("is no JSON (column {})", error.column()),
        };
        let message = format!(
            "is a broken part of a Delta log: line {number} {fault}; restore the file, or read an earlier version with \
             the option version"
        );
        Err(SourceError::corrupt(file, message))
    }
}

impl Add {
    /// What tells this state of the file from one with other rows deleted.
    pub(crate) fn deletion_id(&self) -> Option<String> {
        self.deletion_vector.as_ref().map(DeletionVector::id)
    }

    /// Rows that are not deleted, where the log tells.
    pub(crate) fn rows(&self) -> Option<u64> {
        let stats: Stats = serde_json::from_str(self.stats.as_deref()?).ok()?;
        let deleted = self.deletion_vector.as_ref().map_or(0, |vector| vector.cardinality);
        stats.num_records?.checked_sub(deleted)
    }
}

impl DeletionVector {
    pub(crate) fn id(&self) -> String {
        let offset = self.offset.map(|offset| format!("@{offset}")).unwrap_or_default();
        format!("{}{}{offset}", self.storage_type, self.path_or_inline_dv)
    }
}
