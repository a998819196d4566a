//! The options with everything checked that can be without asking the service. No IO happens here.

mod resource;

use goldsmith_source::SourceError;
use goldsmith_source::secret::{Secret, SecretRef};
use url::Url;

pub(crate) use resource::{CursorAt, GraphQlPlan, Pagination, ParentPlan, ResourcePlan};

use crate::config::{Auth, ClientAuth, Limits, OAuth2, RestOptions, Scalar};

/// Headers that carry credentials, which stand under `auth` as references.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "proxy-authorization", "cookie"];

/// Whom to ask, and for what.
pub(crate) struct Plan {
    /// Credentials go to its scheme, host and port only.
    pub(crate) base: Url,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) credentials: Credentials,
    pub(crate) limits: Limits,
    /// At least one; a parent stands before its children.
    pub(crate) resources: Vec<ResourcePlan>,
}

pub(crate) enum Credentials {
    None,
    Bearer(Secret),
    Basic { user: String, password: Secret },
    Header { name: String, key: Secret },
    OAuth2(OAuth2Plan),
}

/// How a token is asked for.
pub(crate) struct OAuth2Plan {
    pub(crate) url: Url,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) refresh_token: Option<Secret>,
    /// Parameters besides the grant and the client.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) client_auth: ClientAuth,
}

impl Plan {
    pub(crate) fn new(options: RestOptions) -> Result<Self, SourceError> {
        let base = address("base_url", &options.base_url)?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err(fault(
                "base_url",
                "has a query or a fragment; write parameters under the \"params\" of a resource",
            ));
        }
        for name in options.headers.keys() {
            if CREDENTIAL_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                let message = format!("has \"{name}\", which carries credentials; use \"auth\" with env or file");
                return Err(fault("headers", &message));
            }
        }
        if options.resources.is_empty() {
            return Err(fault("resources", "is empty; name at least one, as in \"- path: /contacts\""));
        }
        let mut resources: Vec<ResourcePlan> = Vec::with_capacity(options.resources.len());
        for resource in options.resources {
            let resource = ResourcePlan::new(resource, &base, options.preset, &resources)?;
            resources.push(resource);
        }
        check(&options.limits)?;
        Ok(Self {
            headers: options.headers.into_iter().map(|(name, Scalar(value))| (name, value)).collect(),
            credentials: credentials(options.auth.unwrap_or_default())?,
            limits: options.limits,
            resources,
            base,
        })
    }

    pub(crate) fn locator(&self) -> String {
        self.base.to_string()
    }
}

/// An http or https address without credentials in it.
fn address(option: &str, text: &str) -> Result<Url, SourceError> {
    let url = Url::parse(text).map_err(|error| {
        fault(option, &format!("is not an address ({error}); write it as in \"https://api.example.com\""))
    })?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(fault(option, "is not an http or https address; write it as in \"https://api.example.com\""));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault(option, "has a user or password in it; use \"auth\" with env or file"));
    }
    Ok(url)
}

fn check(limits: &Limits) -> Result<(), SourceError> {
    if limits.requests_per_second.is_some_and(|rate| !rate.is_finite() || rate <= 0.0) {
        return Err(fault("limits.requests_per_second", "is not above 0; write a number such as 2 or 0.5"));
    }
    if limits.concurrency == 0 {
        return Err(fault("limits.concurrency", "is 0, so nothing could be asked; write 1 or more"));
    }
    Ok(())
}

fn credentials(auth: Auth) -> Result<Credentials, SourceError> {
    match (auth.bearer, auth.basic, auth.api_key, auth.oauth2) {
        (None, None, None, None) => Ok(Credentials::None),
        (Some(token), None, None, None) => Ok(Credentials::Bearer(token.place("auth.bearer", "rest")?)),
        (None, Some(basic), None, None) => {
            Ok(Credentials::Basic { user: basic.user, password: basic.password.place("auth.basic.password", "rest")? })
        }
        (None, None, Some(key), None) => {
            let held = SecretRef { env: key.env, file: key.file };
            Ok(Credentials::Header { name: key.header, key: held.place("auth.api_key", "rest")? })
        }
        (None, None, None, Some(oauth2)) => self::oauth2(oauth2).map(Credentials::OAuth2),
        _ => Err(fault("auth", "has several kinds; keep one of bearer, basic, api_key and oauth2")),
    }
}

fn oauth2(options: OAuth2) -> Result<OAuth2Plan, SourceError> {
    let url = address("auth.oauth2.token_url", &options.token_url)?;
    let place = |held: Option<SecretRef>, option: &str| held.map(|held| held.place(option, "rest")).transpose();
    let client_secret = place(options.client_secret, "auth.oauth2.client_secret")?;
    let refresh_token = place(options.refresh_token, "auth.oauth2.refresh_token")?;
    if client_secret.is_none() && refresh_token.is_none() {
        return Err(fault("auth.oauth2", "has neither client_secret nor refresh_token; add the one you were given"));
    }
    let own = ["grant_type", "client_id", "client_secret", "refresh_token", "scope"];
    if let Some(name) = options.params.keys().find(|name| own.contains(&name.as_str())) {
        return Err(fault("auth.oauth2.params", &format!("has \"{name}\", which has an option of its own or none")));
    }
    let params = options.params.into_iter().map(|(name, Scalar(value))| (name, value));
    Ok(OAuth2Plan {
        url,
        client_id: options.client_id,
        client_secret,
        refresh_token,
        params: options.scope.map(|scope| ("scope".to_owned(), scope)).into_iter().chain(params).collect(),
        client_auth: options.client_auth,
    })
}

fn fault(option: &str, message: &str) -> SourceError {
    SourceError::config(format!("option \"{option}\" of connector rest {message}"))
}
