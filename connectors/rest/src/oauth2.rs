//! Tokens of OAuth 2.0 (RFC 6749): fetched when first needed, one request at a time, and renewed when they expire. The
//! token endpoint gets the client's credentials and nothing else; the service gets the token and nothing else.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use goldsmith_remote::retry::{MAX_TRIES, retry_after};
use goldsmith_source::SourceError;
use goldsmith_source::secret::Secret;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::sync::Mutex;
use url::form_urlencoded;

use crate::answer::{self, Fault};
use crate::client::{is_passing, network, shown};
use crate::config::ClientAuth;
use crate::credentials::{basic, secret_value};
use crate::plan::OAuth2Plan;
use crate::retry::Patience;

/// Bytes of a token endpoint's answer at most.
const MAX_ANSWER: u64 = 1 << 20;
/// How long before its end a token is renewed, so that it does not end under way.
const EARLY: Duration = Duration::from_secs(10);

/// What a token endpoint may say is wrong (RFC 6749, 5.2). Anything else it says stays out of messages.
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// The token a source holds, from one read to the next.
#[derive(Default)]
pub(crate) struct Wallet(Mutex<Held>);

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// The refresh token that came with the last token, in place of the one configured.
    refresh: Option<String>,
    fetched: u64,
}

#[derive(Clone)]
pub(crate) struct Token {
    /// `Bearer …`, as a header.
    pub(crate) header: HeaderValue,
    /// The how many-th it is.
    number: u64,
    ends: Option<Instant>,
}

/// Fetches tokens into a wallet.
pub(crate) struct Tokens<'a> {
    plan: &'a OAuth2Plan,
    base_dir: &'a Path,
    wallet: &'a Wallet,
    client: Client,
    max_wait_seconds: u64,
}

impl<'a> Tokens<'a> {
    /// `client` sends no headers of its own and follows no redirects.
    pub(crate) fn new(
        plan: &'a OAuth2Plan,
        base_dir: &'a Path,
        wallet: &'a Wallet,
        client: Client,
        max_wait_seconds: u64,
    ) -> Self {
        Self { plan, base_dir, wallet, client, max_wait_seconds }
    }

    /// The token; another one than `refused`. Who comes while one is fetched waits for that one.
    pub(crate) async fn get(&self, refused: Option<&Token>) -> Result<Token, SourceError> {
        let mut held = self.wallet.0.lock().await;
        if let Some(token) = &held.token
            && refused.is_none_or(|refused| refused.number != token.number)
            && token.ends.is_none_or(|ends| Instant::now() < ends)
        {
            return Ok(token.clone());
        }
        let body = self.body(held.refresh.as_deref())?;
        let mut patience = Patience::new(self.max_wait_seconds);
        let answer = loop {
            match self.attempt(&body).await {
                Ok(answer) => break answer,
                Err((error, None)) => return Err(error),
                Err((error, Some(asked))) => patience.again(error, asked).await?,
            }
        };
        let text = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let is_bearer = text("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let header =
            text("access_token").filter(|_| is_bearer).and_then(|token| secret_value(&format!("Bearer {token}")));
        let Some(header) = header else {
            let message = "answers without an access_token of the type Bearer; check \"auth.oauth2.token_url\"";
            return Err(SourceError::corrupt(shown(&self.plan.url), message));
        };
        let seconds =
            answer.get("expires_in").and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
        let lifetime = seconds.map(|seconds| Duration::from_secs(seconds).saturating_sub(EARLY));
        held.fetched += 1;
        let token = Token {
            header,
            number: held.fetched,
            ends: lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime)),
        };
        if let Some(refresh) = text("refresh_token") {
            held.refresh = Some(refresh.to_owned());
        }
        held.token = Some(token.clone());
        Ok(token)
    }

    /// The form that asks for a token.
    fn body(&self, refresh: Option<&str>) -> Result<String, SourceError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let configured = self.plan.refresh_token.as_ref().map(|secret| self.resolve(secret)).transpose()?;
        match configured {
            Some(configured) => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", refresh.unwrap_or(&configured));
            }
            None => {
                form.append_pair("grant_type", "client_credentials");
            }
        }
        match (&self.plan.client_secret, self.plan.client_auth) {
            (Some(secret), ClientAuth::Body) => {
                form.append_pair("client_id", &self.plan.client_id);
                form.append_pair("client_secret", &self.resolve(secret)?);
            }
            (Some(_), ClientAuth::Basic) => {}
            (None, _) => {
                form.append_pair("client_id", &self.plan.client_id);
            }
        }
        form.extend_pairs(&self.plan.params);
        Ok(form.finish())
    }

    /// One try; an error comes with how long to wait before another, where that may help.
    async fn attempt(&self, body: &str) -> Result<Value, (SourceError, Option<Option<Duration>>)> {
        let url = &self.plan.url;
        let place = shown(url);
        let last = |error| (error, None);
        let mut request = self.client.post(url.clone()).body(body.to_owned());
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(ACCEPT, "application/json");
        if let (Some(secret), ClientAuth::Basic) = (&self.plan.client_secret, self.plan.client_auth) {
            // Both are encoded as in a form first (RFC 6749, 2.3.1).
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let text = basic(&encoded(&self.plan.client_id), &encoded(&self.resolve(secret).map_err(last)?));
            let fault = || SourceError::config("the client's id or secret cannot stand in a header; correct them");
            request = request.header(AUTHORIZATION, secret_value(&text).ok_or_else(|| last(fault().at(&place)))?);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err((network(&place, error), Some(None))),
        };
        let status = response.status();
        if is_passing(status) {
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = asked.and_then(|value| retry_after(value, SystemTime::now()));
            let message = format!("answered {status} {MAX_TRIES} times; run again later");
            return Err((SourceError::unavailable(place, message), Some(wait)));
        }
        if status.is_redirection() {
            let message = format!(
                "answered {status}, and a token endpoint is not followed elsewhere; correct \"auth.oauth2.token_url\""
            );
            return Err(last(SourceError::config(message).at(place)));
        }
        let answer = answer::receive(response, MAX_ANSWER, &place).await;
        if !status.is_success() {
            let answer = answer.ok().and_then(|answer| serde_json::from_str::<Value>(&answer.text).ok());
            return Err(last(self.refusal(status, answer.as_ref()).at(place)));
        }
        match answer {
            Ok(answer) => serde_json::from_str(&answer.text).map_err(|_| {
                last(SourceError::corrupt(place, "answers with JSON that cannot be read; tell its owner"))
            }),
            Err(Fault::Network(error)) => Err((network(&place, error), Some(None))),
            Err(Fault::Again(error)) => Err((error, Some(None))),
            Err(Fault::Final(error)) => Err(last(error)),
        }
    }

    fn refusal(&self, status: StatusCode, answer: Option<&Value>) -> SourceError {
        let said = answer.and_then(|answer| answer.get("error")).and_then(Value::as_str);
        let known = said.and_then(|said| ERRORS.iter().find(|known| **known == said));
        let error = known.map(|known| format!(" ({known})")).unwrap_or_default();
        let held: Vec<String> =
            [&self.plan.client_secret, &self.plan.refresh_token].into_iter().flatten().map(Secret::describe).collect();
        let held = held.join(" and ");
        SourceError::config(format!(
            "answered {status}{error} to the request for a token; check \"auth.oauth2\" and {held}"
        ))
    }

    fn resolve(&self, secret: &Secret) -> Result<String, SourceError> {
        secret.resolve(self.base_dir).map_err(|error| error.at(shown(&self.plan.url)))
    }
}
