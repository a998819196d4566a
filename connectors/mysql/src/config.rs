//! What a pipeline file says about a MySQL or MariaDB source. No IO happens here.

use goldsmith_source::secret::SecretRef;
use goldsmith_source::server::Tls;
use schemars::JsonSchema;
use serde::Deserialize;

/// The name of the table that holds the rows of [`MysqlOptions::query`].
pub const QUERY_TABLE: &str = "query";

/// Options of the `mysql` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MysqlOptions {
    /// Host, port, database and user in one: `mysql://reader@db.example.com:3306/shop` (or `mariadb://…`). Without a
    /// password, which is a reference, and without the four options it stands for.
    #[serde(default)]
    pub url: Option<String>,
    /// The server's name or address, or its Unix socket (a path from the root; no TLS there).
    #[serde(default)]
    pub host: Option<String>,
    /// The server's port; 3306 where nothing is said.
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
    /// One SELECT, read as the table `query`, which then comes first. The other tables stay readable. Its rows
    /// come in the order the statement gives them, so add an ORDER BY.
    #[serde(default)]
    pub query: Option<String>,
    /// Whether `tinyint(1)`, which is what BOOLEAN makes, is read as `Boolean`, or as the number it is.
    #[serde(default = "yes")]
    pub tinyint1_as_boolean: bool,
    /// Seconds to wait for the server to answer a connection.
    #[serde(default = "ten")]
    pub connect_timeout_seconds: u64,
}

fn yes() -> bool {
    true
}

fn ten() -> u64 {
    10
}
