//! What a pipeline file says about a REST service. No IO happens here.

mod auth;
mod resource;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, de};

pub use auth::{ApiKey, Auth, Basic, ClientAuth, OAuth2};
pub use resource::{ColumnType, GraphQl, Incremental, Paginate, Parent, Resource};

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
    /// A vendor whose ready values of `records`, `paginate` and `params` stand where a resource has none of its own.
    #[serde(default)]
    pub preset: Option<Preset>,
    /// What to read: each resource is a table.
    pub resources: Vec<Resource>,
    /// Bounds of time and size.
    #[serde(default)]
    pub limits: Limits,
}

/// A vendor whose way of listing rows is known, from its documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// OData 4 services, such as Dynamics 365 and SAP.
    Odata,
    /// Salesforce: resources of `/services/data/…/query`, with the SOQL in the parameter `q`.
    Salesforce,
    /// HubSpot CRM objects.
    Hubspot,
    /// Stripe lists.
    Stripe,
    /// Shopify Admin REST.
    Shopify,
    /// Zendesk lists with cursors.
    Zendesk,
}

/// Bounds of time and size.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Seconds an answer may take from request to last byte (default 60).
    pub timeout_seconds: u64,
    /// Seconds to wait at most when the service asks for patience (default 120).
    pub max_wait_seconds: u64,
    /// Requests in a second at most, such as `2` or `0.5`. By default as many as there are.
    pub requests_per_second: Option<f64>,
    /// Requests under way at the same time (default 1): of numbered pages, which then are asked for ahead, and of
    /// the parents of nested resources. The order of rows stays the same.
    pub concurrency: usize,
    /// Bytes of one answer, decompressed (default 64 MiB).
    pub max_response_bytes: u64,
    /// Bytes of all answers of one resource together (default 64 GiB). Its rows lie in a temporary file until all
    /// are there.
    pub max_total_bytes: u64,
    /// Answers that make up one list (default 10,000).
    pub max_pages: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout_seconds: 60,
            max_wait_seconds: 120,
            requests_per_second: None,
            concurrency: 1,
            max_response_bytes: 64 << 20,
            max_total_bytes: 64 << 30,
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
