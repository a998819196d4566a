//! One request: credentials for the configured origin only, redirects by hand, patience, and an answer that is whole.

use std::path::Path;
use std::time::{Duration, SystemTime};

use goldsmith_source::secret::Secret;
use goldsmith_source::{ErrorKind, SourceError};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::Value;
use url::Url;

use crate::plan::{Credentials, Plan, shown};
use crate::retry::{MAX_TRIES, backoff, retry_after};

const MAX_REDIRECTS: u32 = 5;

/// A client for one origin.
pub(crate) struct Service<'a> {
    plan: &'a Plan,
    client: Client,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) body: Value,
    pub(crate) bytes: u64,
    /// The address with `rel="next"`, where there is one.
    pub(crate) next_link: Option<String>,
}

/// What came of one try.
enum Outcome {
    Answer(Answer),
    Redirect(Url),
    /// Worth another try, after this long where the service says so.
    Again(SourceError, Option<Duration>),
}

impl<'a> Service<'a> {
    /// Resolves the credentials and prepares the client.
    pub(crate) fn new(plan: &'a Plan, base_dir: &Path) -> Result<Self, SourceError> {
        // Another part of the program may have installed it already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let timeout = Duration::from_secs(plan.limits.timeout_seconds.max(1));
        let client = Client::builder()
            .default_headers(headers(plan, base_dir)?)
            .redirect(redirect::Policy::none())
            .timeout(timeout)
            .user_agent(concat!("goldsmith/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                let message = "the HTTP client cannot start; check the certificates this machine trusts";
                SourceError::new(ErrorKind::Config, message).at(plan.locator()).because(error.without_url())
            })?;
        Ok(Self { plan, client })
    }

    /// Asks for `url`, which lies in the configured origin, until there is a whole answer or no hope.
    pub(crate) async fn get(&self, url: &Url) -> Result<Answer, SourceError> {
        let mut url = url.clone();
        let mut redirects = 0;
        let mut tried = 1;
        loop {
            match self.attempt(&url).await? {
                Outcome::Answer(answer) => return Ok(answer),
                Outcome::Redirect(_) if redirects >= MAX_REDIRECTS => {
                    return Err(SourceError::config("redirects in a circle; correct the address").at(shown(&url)));
                }
                Outcome::Redirect(target) => {
                    redirects += 1;
                    url = target;
                }
                Outcome::Again(error, _) if tried >= MAX_TRIES => return Err(error),
                Outcome::Again(mut error, asked) => {
                    let wait = asked.unwrap_or_else(|| backoff(tried));
                    let most = Duration::from_secs(self.plan.limits.max_wait_seconds);
                    if wait > most {
                        error.message = format!(
                            "asks to wait {} s, and \"limits.max_wait_seconds\" is {}; run again later",
                            wait.as_secs(),
                            most.as_secs()
                        );
                        return Err(error);
                    }
                    tokio::time::sleep(wait).await;
                    tried += 1;
                }
            }
        }
    }

    async fn attempt(&self, url: &Url) -> Result<Outcome, SourceError> {
        let response = match self.client.get(url.clone()).send().await {
            Ok(response) => response,
            Err(error) => return Ok(Outcome::Again(network(url, error), None)),
        };
        let status = response.status();
        if status.is_redirection() {
            return self.redirect(url, &response).map(Outcome::Redirect);
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error()
        {
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = asked.and_then(|value| retry_after(value, SystemTime::now()));
            let message = format!("answered {status} {MAX_TRIES} times; run again later");
            return Ok(Outcome::Again(SourceError::unavailable(shown(url), message), wait));
        }
        if !status.is_success() {
            return Err(SourceError::config(self.refusal(status)).at(shown(url)));
        }
        self.receive(url, response).await
    }

    /// What a status of the kind 4xx means for whoever wrote the pipeline file.
    fn refusal(&self, status: StatusCode) -> String {
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let held = match &self.plan.credentials {
                    Credentials::None => {
                        return format!("answered {status}; add \"auth\" with credentials that may read it");
                    }
                    Credentials::Bearer(secret) => secret.describe(),
                    Credentials::Basic { password, .. } => password.describe(),
                    Credentials::Header { key, .. } => key.describe(),
                };
                format!("answered {status}; check the credentials in {held} and what they may read")
            }
            StatusCode::NOT_FOUND => format!("answered {status}; check \"base_url\" and \"resource.path\""),
            _ => format!(
                "answered {status}; check \"resource.path\" and \"resource.params\" against the service's manual"
            ),
        }
    }

    /// Where a redirect leads, if it stays in the origin: another one must not see the credentials, and what it
    /// answers is not what was configured.
    fn redirect(&self, url: &Url, response: &Response) -> Result<Url, SourceError> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = location.and_then(|location| url.join(location).ok());
        let target = target.ok_or_else(|| {
            let message = format!("answered {} without an address to go to; correct the address", response.status());
            SourceError::config(message).at(shown(url))
        })?;
        self.same_origin(url, &target, "redirects")?;
        Ok(target)
    }

    /// Refuses an address outside the configured origin.
    pub(crate) fn same_origin(&self, from: &Url, target: &Url, verb: &str) -> Result<(), SourceError> {
        if target.origin() == self.plan.url.origin() {
            return Ok(());
        }
        let message = format!(
            "{verb} to {}, outside the configured {}; nothing was sent there; correct \"base_url\" if that is right",
            target.origin().ascii_serialization(),
            self.plan.url.origin().ascii_serialization()
        );
        Err(SourceError::config(message).at(shown(from)))
    }

    /// Reads the body to its end, within the limit.
    async fn receive(&self, url: &Url, mut response: Response) -> Result<Outcome, SourceError> {
        let place = || shown(url);
        let most = self.plan.limits.max_response_bytes;
        let next_link = next_link(response.headers());
        let is_html = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"));
        let mut body: Vec<u8> = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) if body.len() as u64 + chunk.len() as u64 > most => {
                    let message = format!(
                        "answers with more than {most} bytes; ask for smaller pages, or raise \"limits.max_response_bytes\""
                    );
                    return Err(SourceError::config(message).at(place()));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) => return Ok(Outcome::Again(network(url, error), None)),
            }
        }
        if is_html || body.trim_ascii_start().starts_with(b"<") {
            let message = "answers with a web page instead of JSON, as a login page or a proxy does; check \"base_url\", \
                           \"resource.path\" and \"auth\"";
            return Err(SourceError::corrupt(place(), message));
        }
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(Outcome::Answer(Answer { body: value, bytes: body.len() as u64, next_link })),
            // The place in the answer is told, and nothing of the answer.
            Err(error) if error.is_eof() => {
                let message = format!("answers with JSON that ends early, after {} bytes; tell its owner", body.len());
                Ok(Outcome::Again(SourceError::corrupt(place(), message), None))
            }
            Err(error) => {
                let message = format!(
                    "answers with something that is not JSON (line {}, column {}); check \"resource.path\"",
                    error.line(),
                    error.column()
                );
                Err(SourceError::corrupt(place(), message))
            }
        }
    }
}

/// A failure between here and the service.
fn network(url: &Url, error: reqwest::Error) -> SourceError {
    let mut deepest: &dyn std::error::Error = &error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let what = if error.is_timeout() {
        "did not answer in time".to_owned()
    } else if error.is_connect() {
        format!("cannot be reached ({deepest})")
    } else {
        format!("broke off its answer ({deepest})")
    };
    let message = format!("{what}, {MAX_TRIES} times; check the address and the network, and run again later");
    SourceError::unavailable(shown(url), message).because(error.without_url())
}

/// The headers of every request. What is secret is marked so, and stays out of logs.
fn headers(plan: &Plan, base_dir: &Path) -> Result<HeaderMap, SourceError> {
    let mut headers = HeaderMap::new();
    let fault = |message: String| SourceError::config(message).at(plan.locator());
    let parse = |name: &str| {
        name.parse::<HeaderName>().map_err(|_| fault(format!("\"{name}\" is not the name of a header; correct it")))
    };
    headers.insert(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in &plan.headers {
        let value = HeaderValue::from_str(value).map_err(|_| {
            fault(format!("the value of header \"{name}\" has characters no header can have; correct it"))
        })?;
        headers.insert(parse(name)?, value);
    }
    let (name, text, secret) = match &plan.credentials {
        Credentials::None => return Ok(headers),
        Credentials::Bearer(secret) => (AUTHORIZATION, format!("Bearer {}", resolve(secret, base_dir, plan)?), secret),
        Credentials::Basic { user, password } => {
            let pair = format!("{user}:{}", resolve(password, base_dir, plan)?);
            (AUTHORIZATION, format!("Basic {}", base64(pair.as_bytes())), password)
        }
        Credentials::Header { name, key } => (parse(name)?, resolve(key, base_dir, plan)?, key),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        fault(format!("the secret in {} has characters no header can have; correct it", secret.describe()))
    })?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(headers)
}

/// The secret itself.
fn resolve(secret: &Secret, base_dir: &Path, plan: &Plan) -> Result<String, SourceError> {
    secret.resolve(base_dir).map_err(|error| error.at(plan.locator()))
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | group.get(at).map_or(0, |byte| usize::from(*byte)));
        for digit in 0..4 {
            let is_padding = digit > group.len();
            let value = DIGITS.get(bits >> (18 - 6 * digit) & 63).filter(|_| !is_padding);
            text.push(value.map_or('=', |digit| char::from(*digit)));
        }
    }
    text
}

/// The address with `rel="next"` among the `Link` headers.
fn next_link(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split('<').skip(1)).find_map(|link| {
        let (address, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else { return false };
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').split(' ').any(|relation| relation.eq_ignore_ascii_case("next"))
        });
        is_next.then(|| address.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (text, expected) in cases {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn the_next_link_is_found_among_others() {
        let link = |value: &'static str| next_link(&HeaderMap::from_iter([(LINK, HeaderValue::from_static(value))]));
        assert_eq!(
            link("<https://a/?p=1>; rel=\"prev\", <https://a/?p=3>; rel=\"next\""),
            Some("https://a/?p=3".to_owned())
        );
        assert_eq!(link("</c?a=1,2>; title=\"x\"; rel=next"), Some("/c?a=1,2".to_owned()));
        assert_eq!(link("<https://a/?p=1>; rel=\"last\""), None);
    }
}
