//! What a pipeline file says about a SQLite source. No IO happens here.

use schemars::JsonSchema;
use serde::Deserialize;

/// The name of the table that holds the rows of [`SqliteOptions::query`].
pub const QUERY_TABLE: &str = "query";

/// Options of the `sqlite` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqliteOptions {
    /// The database file, relative to the pipeline file or at an address. It is opened read-only and never created.
    pub path: String,
    /// One SELECT, read as the table `query`, which then comes first. The other tables stay readable. Its rows
    /// come in the order the statement gives them, so add an ORDER BY.
    #[serde(default)]
    pub query: Option<String>,
}
