//! What a pipeline file says about a JSON file. No IO.

use goldsmith_source::SourceError;
use goldsmith_source::files::{Compression, Decompression, Encoding, Paths};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of the `json` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonConfig {
    /// The file, or a list of files, relative to the pipeline file or at an address; `*`, `?`, `[a-z]` and `**`
    /// match several. Several files make one table: columns are matched by name, and one a file lacks is null
    /// there.
    pub path: Paths,
    /// How rows lie in the file.
    #[serde(default)]
    pub format: Format,
    /// Where in a document the list of rows is: `$` or member names, as in `$.data.items`. With it the format
    /// is `document`.
    #[serde(default)]
    pub rows_at: Option<String>,
    /// The character encoding, by its WHATWG name. A byte-order mark is removed.
    #[serde(default)]
    pub encoding: Encoding,
    /// How the files are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// What a compressed file may grow to.
    #[serde(default)]
    pub decompression: Decompression,
}

/// How rows lie in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Told by the start of each file: a document where it starts with `[`, or with an object that goes on in
    /// the next line; lines otherwise.
    #[default]
    Auto,
    /// One object a line (NDJSON, JSON Lines).
    Lines,
    /// One JSON value: a list of objects, or one object.
    Document,
}

impl JsonConfig {
    /// The member names of `rows_at`, from the outside in.
    pub(crate) fn members(&self) -> Result<Vec<String>, SourceError> {
        let Some(path) = &self.rows_at else { return Ok(Vec::new()) };
        if self.format == Format::Lines {
            let message = "option \"rows_at\" needs a document; remove it, or set format: document";
            return Err(SourceError::config(message));
        }
        let members: Option<Vec<String>> = match path.strip_prefix('$') {
            Some("") => Some(Vec::new()),
            Some(rest) => rest.strip_prefix('.').map(|names| names.split('.').map(str::to_owned).collect()),
            None => None,
        };
        members
            .filter(|members| members.iter().all(|name| !name.is_empty() && !name.contains(['[', ']', '*'])))
            .ok_or_else(|| {
                SourceError::config("option \"rows_at\" must be $ or a path of member names such as $.data.items")
            })
    }
}
