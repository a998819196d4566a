//! What a pipeline file says about streams of NATS. No IO happens here.

use std::collections::BTreeMap;

use goldsmith_messages::{ColumnType, EmptyMessages};
use goldsmith_source::secret::SecretRef;
use goldsmith_source::server::Tls;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Options of the `nats` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NatsOptions {
    /// Servers of one cluster, tried in this order: `nats.example.com:4222`, or without the port. No user or password
    /// here.
    pub servers: Vec<String>,
    /// The user; its password is named by `password`.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password of `user` is kept.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// Where a token is kept that stands for user and password.
    #[serde(default)]
    pub token: Option<SecretRef>,
    /// Where the seed of a user's NKey is kept (it starts with `SU`).
    #[serde(default)]
    pub nkey_seed: Option<SecretRef>,
    /// Where credentials are kept: the content of a `.creds` file, a JWT and the seed of its NKey.
    #[serde(default)]
    pub credentials: Option<SecretRef>,
    /// Whether the connection is encrypted.
    #[serde(default)]
    pub tls: Tls,
    /// A file of root certificates (PEM) that the server's certificate must come from, relative to the pipeline file;
    /// those this machine trusts where nothing is said.
    #[serde(default)]
    pub root_certificate: Option<String>,
    /// The one stream to read, which is the only table then. Without it all streams are tables.
    #[serde(default)]
    pub stream: Option<String>,
    /// Only messages of subjects like this one, with `*` for one part and `>` for the rest: `customers.*.changed`.
    /// Needs `stream`.
    #[serde(default)]
    pub subject: Option<String>,
    /// The JetStream domain, where the streams are in another one than that of the server.
    #[serde(default)]
    pub domain: Option<String>,
    /// What the inboxes begin with that answers come to, where the user may not subscribe to `_INBOX.>`.
    #[serde(default)]
    pub inbox_prefix: Option<String>,
    /// The columns and their types; other members of a message are left out, and a message with a value of another
    /// type is rejected. Lists and objects fit `text`, as JSON. Without it the columns are found by a sample. Needs
    /// `stream`.
    #[serde(default)]
    pub columns: Option<BTreeMap<String, ColumnType>>,
    /// Messages to find the columns by, half of them the oldest and half the newest (default 10,000). A stream that
    /// has no more is looked at whole.
    #[serde(default = "ten_thousand")]
    pub sample: u64,
    /// What a message without content is, such as a key that was deleted from a bucket.
    #[serde(default)]
    pub empty_messages: EmptyMessages,
    /// What an incremental read does where messages after the last one read are gone from the stream.
    #[serde(default)]
    pub on_gap: OnGap,
    /// Seconds the server may take for an answer, and for a connection.
    #[serde(default = "ten")]
    pub timeout_seconds: u64,
}

/// What an incremental read does where messages after the last one read are gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnGap {
    /// It fails: the limits of the stream removed them, maybe before anybody read them.
    #[default]
    Fail,
    /// It goes on with the first one there. For streams that keep only the newest message of each subject, and for a
    /// `subject` that is quiet for longer than the stream keeps messages.
    GoOn,
}

fn ten_thousand() -> u64 {
    10_000
}

fn ten() -> u64 {
    10
}
