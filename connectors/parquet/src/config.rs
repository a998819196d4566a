//! What a pipeline file says about a Parquet source. No IO happens here.

use goldsmith_source::files::Paths;
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of the `parquet` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParquetOptions {
    /// The file, or a list of files and patterns, relative to the pipeline file or at an address. Several files are
    /// one table: their columns are matched by name.
    pub path: Paths,
}
