//! What a pipeline file says about a Delta Lake source. No IO happens here.

use schemars::JsonSchema;
use serde::Deserialize;

/// Options of the `delta` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeltaOptions {
    /// The table's folder, the one that holds `_delta_log`: relative to the pipeline file, or an address (https, http,
    /// s3, az, sftp).
    #[schemars(length(min = 1))]
    pub path: String,
    /// The version to read; the latest by default.
    pub version: Option<u64>,
}
