//! How requests are authorised. Secrets are references, resolved when the source is read.

use std::collections::BTreeMap;

use goldsmith_source::secret::SecretRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scalar;

/// Credentials: exactly one kind.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// A token, sent as `Authorization: Bearer …`.
    pub bearer: Option<SecretRef>,
    /// User and password, sent as `Authorization: Basic …`.
    pub basic: Option<Basic>,
    /// A key in a header of its own.
    pub api_key: Option<ApiKey>,
    /// A token that is fetched from a token endpoint and renewed when it expires.
    pub oauth2: Option<OAuth2>,
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

/// OAuth 2.0 (RFC 6749): client credentials, or a refresh token where one is named.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// The token endpoint, such as `https://login.example.com/oauth/token`. It alone gets the client's secret and
    /// the refresh token, and it gets nothing else.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// Where the client's secret is kept. Only a client with a refresh token can do without one.
    #[serde(default)]
    pub client_secret: Option<SecretRef>,
    /// Where the refresh token is kept. With it the grant is `refresh_token`, otherwise `client_credentials`.
    #[serde(default)]
    pub refresh_token: Option<SecretRef>,
    /// What the token should allow, as the service names it, with spaces between. By default what it gives.
    #[serde(default)]
    pub scope: Option<String>,
    /// Further parameters of the token request, such as `audience` or `resource`.
    #[serde(default)]
    pub params: BTreeMap<String, Scalar>,
    /// How the client's id and secret are sent.
    #[serde(default)]
    pub client_auth: ClientAuth,
}

/// How a client proves itself to a token endpoint (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// As `Authorization: Basic …`, which every token endpoint has to understand.
    #[default]
    Basic,
    /// As `client_id` and `client_secret` in the body.
    Body,
}
