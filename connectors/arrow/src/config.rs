//! What a pipeline file says about an Arrow IPC source. No IO.

use goldsmith_source::files::{Compression, Decompression, Paths};
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of the `arrow` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArrowConfig {
    /// The file, or a list of files, relative to the pipeline file; `*`, `?`, `[a-z]` and `**` match several. Several
    /// files are one table: their columns are matched by name.
    pub path: Paths,
    /// How the files are compressed as a whole. Compression inside of them is read anyway.
    #[serde(default)]
    pub compression: Compression,
    /// What a compressed file may grow to.
    #[serde(default)]
    pub decompression: Decompression,
}
