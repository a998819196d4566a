//! What a pipeline file says about a PostgreSQL source. No IO happens here.

use goldsmith_source::secret::SecretRef;
use goldsmith_source::server::Tls;
use schemars::JsonSchema;
use serde::Deserialize;

/// The name of the table that holds the rows of [`PostgresOptions::query`].
pub const QUERY_TABLE: &str = "query";

/// Options of the `postgres` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PostgresOptions {
    /// Host, port, database and user in one: `postgres://reader@db.example.com:5432/shop`. Without a password, which
    /// is a reference, and without the four options it stands for.
    #[serde(default)]
    pub url: Option<String>,
    /// The server's name or address, or the folder of its Unix socket (a path from the root; no TLS there).
    #[serde(default)]
    pub host: Option<String>,
    /// The server's port; 5432 where nothing is said.
    #[serde(default)]
    pub port: Option<u16>,
    /// The database.
    #[serde(default)]
    pub database: Option<String>,
    /// The user; it only needs to SELECT.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password is kept. Not needed where the server asks for none.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls: Tls,
    /// A file of root certificates (PEM) that the server's certificate must come from, relative to the pipeline file;
    /// those this machine trusts where nothing is said.
    #[serde(default)]
    pub root_certificate: Option<String>,
    /// Only the tables of this schema, under their bare names.
    #[serde(default)]
    pub schema: Option<String>,
    /// One SELECT, read as the table `query`, which then comes first. The other tables stay readable. Its rows
    /// come in the order the statement gives them, so add an ORDER BY.
    #[serde(default)]
    pub query: Option<String>,
    /// Seconds to wait for the server to answer a connection.
    #[serde(default = "ten")]
    pub connect_timeout_seconds: u64,
    /// Connections that read one large table at the same time, 1 to 16. All see the same snapshot.
    #[serde(default = "two")]
    pub connections: u8,
}

fn ten() -> u64 {
    10
}

fn two() -> u8 {
    2
}
