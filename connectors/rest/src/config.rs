//! What a pipeline file says about a REST resource. No IO happens here.

use std::collections::BTreeMap;
use std::fmt;

use goldsmith_source::secret::SecretRef;
use schemars::JsonSchema;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, de};

/// Options of the `rest` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestOptions {
    /// Where the service is, such as `https://api.example.com/v2`. Requests, with their credentials, go to this
    /// scheme, host and port only.
    pub base_url: String,
    /// Headers of every request. Credentials do not belong here: see `auth`.
    #[serde(default)]
    pub headers: BTreeMap<String, Scalar>,
    /// How requests are authorised. By default not at all.
    #[serde(default)]
    pub auth: Option<Auth>,
    /// What to read.
    pub resource: Resource,
    /// Bounds of time and size.
    #[serde(default)]
    pub limits: Limits,
}

/// Credentials: exactly one kind. Secrets are references, resolved when the source is read.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// A token, sent as `Authorization: Bearer …`.
    pub bearer: Option<SecretRef>,
    /// User and password, sent as `Authorization: Basic …`.
    pub basic: Option<Basic>,
    /// A key in a header of its own.
    pub api_key: Option<ApiKey>,
}

/// User and password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user's name.
    pub user: String,
    /// Where the password is kept.
    pub password: SecretRef,
}

/// A key in a header.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// The header's name, such as `X-Api-Key`.
    pub header: String,
    /// The environment variable that holds the key.
    #[serde(default)]
    pub env: Option<String>,
    /// The file that holds the key, relative to the pipeline file.
    #[serde(default)]
    pub file: Option<String>,
}

/// One resource: the rows of one table, which is named after the last part of the path.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Added to `base_url`, such as `/contacts`.
    pub path: String,
    /// Parameters of the first request.
    #[serde(default)]
    pub params: BTreeMap<String, Scalar>,
    /// Where in an answer the rows are: `$` for the whole answer, `$.data.items`, `$['odata.value']`.
    #[serde(default = "whole")]
    pub records: String,
    /// How the rest of the rows is asked for. By default one answer holds them all.
    #[serde(default)]
    pub paginate: Paginate,
}

fn whole() -> String {
    "$".to_owned()
}

/// How to ask for the next rows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Paginate {
    /// One answer holds all rows.
    #[default]
    None,
    /// Pages are numbered, and the first one without rows ends the list.
    Page {
        /// The parameter with the number of the page.
        param: String,
        /// The number of the first page.
        #[serde(default = "one")]
        start: u64,
        /// The parameter with the number of rows wanted on a page.
        #[serde(default)]
        size_param: Option<String>,
        /// Rows wanted on a page.
        #[serde(default)]
        size: Option<u64>,
    },
    /// Rows are numbered, and the first answer without rows ends the list.
    Offset {
        /// The parameter with the number of rows to leave out.
        param: String,
        /// The parameter with the number of rows wanted.
        #[serde(default)]
        size_param: Option<String>,
        /// Rows wanted in one answer.
        #[serde(default)]
        size: Option<u64>,
    },
    /// Each answer tells what to send for the next one, and the last one does not.
    Cursor {
        /// Where in an answer the cursor is, such as `$.meta.next`.
        next: String,
        /// The parameter to send it as.
        param: String,
    },
    /// The header `Link: <…>; rel="next"` of each answer (RFC 8288).
    LinkHeader,
    /// Each answer holds the address of the next one, such as `$['@odata.nextLink']`.
    NextUrl {
        /// Where in an answer it is.
        path: String,
    },
}

fn one() -> u64 {
    1
}

/// Bounds of time and size.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds an answer may take from request to last byte (default 60).
    pub timeout_seconds: u64,
    /// Seconds to wait at most when the service asks for patience (default 120).
    pub max_wait_seconds: u64,
    /// Bytes of one answer, decompressed (default 64 MiB).
    pub max_response_bytes: u64,
    /// Bytes of all answers together, which are kept in memory until all are there (default 1 GiB).
    pub max_total_bytes: u64,
    /// Answers that make up the resource (default 10,000).
    pub max_pages: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout_seconds: 60,
            max_wait_seconds: 120,
            max_response_bytes: 64 << 20,
            max_total_bytes: 1 << 30,
            max_pages: 10_000,
        }
    }
}

/// A text, a number or true/false: what a parameter or a header can be.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(with = "serde_json::Value")]
pub struct Scalar(pub String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;
        impl Visitor<'_> for ScalarVisitor {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number or true/false")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar(value.to_owned()))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
        }
        deserializer.deserialize_any(ScalarVisitor)
    }
}
