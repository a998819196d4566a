//! One request: credentials for the configured origin only, redirects by hand, patience, and an answer that is whole.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use goldsmith_json_rows::parse;
use goldsmith_remote::retry::{MAX_TRIES, date, retry_after, unanswered};
use goldsmith_source::secret::Secret;
use goldsmith_source::{ErrorKind, SourceError};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use reqwest::{Client, ClientBuilder, Response, StatusCode, redirect};
use url::Url;

use crate::answer::{self, Answer, Fault};
use crate::credentials::headers;
use crate::graphql;
use crate::oauth2::{Token, Tokens, Wallet};
use crate::pace::Pace;
use crate::plan::{Credentials, Plan};
use crate::retry::Patience;

const MAX_REDIRECTS: u32 = 5;

/// One request, a GET, or a POST where it has a body.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) url: Url,
    /// JSON.
    pub(crate) body: Option<String>,
    /// For messages: an address without values in it.
    pub(crate) place: Arc<str>,
}

/// What lasts from one read of a source to the next.
pub(crate) struct Memory {
    wallet: Wallet,
    pace: Pace,
    /// The time the service told in its first answer, and when that came.
    clock: Mutex<Option<(SystemTime, Instant)>>,
}

impl Memory {
    pub(crate) fn new(plan: &Plan) -> Self {
        let pace = Pace::new(plan.limits.requests_per_second);
        Self { wallet: Wallet::default(), pace, clock: Mutex::new(None) }
    }

    /// The service's clock, where it told the time.
    pub(crate) fn clock(&self) -> Option<SystemTime> {
        let told = *self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        told.and_then(|(time, came)| time.checked_add(came.elapsed()))
    }

    fn note(&self, response: &Response) {
        let told = response.headers().get(DATE).and_then(|value| date(value.to_str().ok()?));
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = clock.or(told.map(|time| (time, Instant::now())));
    }
}

/// A client for one origin.
pub(crate) struct Service<'a> {
    plan: &'a Plan,
    memory: &'a Memory,
    client: Client,
    tokens: Option<Tokens<'a>>,
}

/// What came of one try.
enum Outcome {
    Answer(Answer),
    Redirect(Url),
    /// Worth another try, after this long where the service says so.
    Again(SourceError, Option<Duration>),
    /// The token is not taken any more.
    Expired(SourceError),
}

impl<'a> Service<'a> {
    /// Resolves the credentials and prepares the client.
    pub(crate) fn new(plan: &'a Plan, base_dir: &'a Path, memory: &'a Memory) -> Result<Self, SourceError> {
        // Another part of the program may have installed it already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let build = |builder: ClientBuilder| {
            builder.build().map_err(|error| {
                let message = "the HTTP client cannot start; check the certificates this machine trusts";
                SourceError::new(ErrorKind::Config, message).at(plan.locator()).because(error.without_url())
            })
        };
        let bare = || {
            Client::builder()
                .redirect(redirect::Policy::none())
                .timeout(Duration::from_secs(plan.limits.timeout_seconds.max(1)))
                .user_agent(concat!("goldsmith/", env!("CARGO_PKG_VERSION")))
        };
        let client = build(bare().default_headers(headers(plan, base_dir)?))?;
        let tokens = match &plan.credentials {
            Credentials::OAuth2(oauth2) => {
                let wait = plan.limits.max_wait_seconds;
                Some(Tokens::new(oauth2, base_dir, &memory.wallet, build(bare())?, wait))
            }
            _ => None,
        };
        Ok(Self { plan, memory, client, tokens })
    }

    /// Asks, within the configured origin, until there is a whole answer or no hope.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<Answer, SourceError> {
        // The first address is made of `base_url`; those after it come from the service.
        self.same_origin(&ask.place, &ask.url, "links its next page to")?;
        let mut url = ask.url.clone();
        let mut redirects = 0;
        let mut patience = Patience::new(self.plan.limits.max_wait_seconds);
        let mut expired: Option<Token> = None;
        loop {
            let token = match &self.tokens {
                Some(tokens) => Some(tokens.get(expired.as_ref()).await?),
                None => None,
            };
            match self.attempt(ask, &url, token.as_ref()).await? {
                Outcome::Answer(answer) => return Ok(answer),
                Outcome::Redirect(_) if redirects >= MAX_REDIRECTS => {
                    return Err(SourceError::config("redirects in a circle; correct the address").at(&*ask.place));
                }
                Outcome::Redirect(target) => {
                    redirects += 1;
                    url = target;
                }
                // One that was fetched for this very request is no older than the refusal.
                Outcome::Expired(error) if expired.is_some() => return Err(error),
                Outcome::Expired(_) => expired = token,
                Outcome::Again(error, asked) => patience.again(error, asked).await?,
            }
        }
    }

    async fn attempt(&self, ask: &Ask, url: &Url, token: Option<&Token>) -> Result<Outcome, SourceError> {
        self.memory.pace.turn().await;
        let mut request = match &ask.body {
            None => self.client.get(url.clone()),
            Some(body) => self.client.post(url.clone()).header(CONTENT_TYPE, "application/json").body(body.clone()),
        };
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, token.header.clone());
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(Outcome::Again(network(&ask.place, error), None)),
        };
        self.memory.note(&response);
        let status = response.status();
        if status.is_redirection() {
            return self.redirect(ask, url, &response).map(Outcome::Redirect);
        }
        if is_passing(status) {
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = asked.and_then(|value| retry_after(value, SystemTime::now()));
            let message = format!("answered {status} {MAX_TRIES} times; run again later");
            return Ok(Outcome::Again(SourceError::unavailable(&*ask.place, message), wait));
        }
        if !status.is_success() {
            let error = SourceError::config(self.refusal(status)).at(&*ask.place);
            let expired = status == StatusCode::UNAUTHORIZED && token.is_some();
            return if expired { Ok(Outcome::Expired(error)) } else { Err(error) };
        }
        match answer::receive(response, self.plan.limits.max_response_bytes, &ask.place).await {
            Ok(answer) if ask.body.is_some() => graphql_outcome(answer, &ask.place),
            Ok(answer) => Ok(Outcome::Answer(answer)),
            Err(Fault::Network(error)) => Ok(Outcome::Again(network(&ask.place, error), None)),
            Err(Fault::Again(error)) => Ok(Outcome::Again(error, None)),
            Err(Fault::Final(error)) => Err(error),
        }
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
                    Credentials::OAuth2(plan) => {
                        let held = plan.client_secret.as_ref().or(plan.refresh_token.as_ref());
                        let held = held.map(Secret::describe).unwrap_or_default();
                        return format!(
                            "answered {status} to its token; check what the client with the credentials in {held} may \
                             read, and \"auth.oauth2.scope\""
                        );
                    }
                };
                format!("answered {status}; check the credentials in {held} and what they may read")
            }
            StatusCode::NOT_FOUND => format!("answered {status}; check \"base_url\" and the resource's \"path\""),
            _ => {
                format!("answered {status}; check the resource's \"path\" and \"params\" against the service's manual")
            }
        }
    }

    /// Where a redirect leads, if it stays in the origin: another one must not see the credentials, and what it
    /// answers is not what was configured.
    fn redirect(&self, ask: &Ask, url: &Url, response: &Response) -> Result<Url, SourceError> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let target = location.and_then(|location| url.join(location).ok());
        let target = target.ok_or_else(|| {
            let message = format!("answered {} without an address to go to; correct the address", response.status());
            SourceError::config(message).at(&*ask.place)
        })?;
        self.same_origin(&ask.place, &target, "redirects to")?;
        Ok(target)
    }

    /// Refuses an address outside the configured origin.
    fn same_origin(&self, place: &str, target: &Url, verb: &str) -> Result<(), SourceError> {
        if target.origin() == self.plan.base.origin() {
            return Ok(());
        }
        let message = format!(
            "{verb} {}, outside the configured {}; nothing was sent there; correct \"base_url\" if that is right",
            target.origin().ascii_serialization(),
            self.plan.base.origin().ascii_serialization()
        );
        Err(SourceError::config(message).at(place))
    }
}

/// An answer with status 200 may hold errors instead of rows, or besides some of them.
fn graphql_outcome(answer: Answer, place: &str) -> Result<Outcome, SourceError> {
    let found = parse(&answer.text).ok().and_then(|node| graphql::errors(&node));
    match found {
        None => Ok(Outcome::Answer(answer)),
        Some(errors) if errors.is_busy => {
            let message = format!("answered with {} {MAX_TRIES} times; run again later", errors.what);
            Ok(Outcome::Again(SourceError::unavailable(place, message), None))
        }
        Some(errors) => {
            let message = format!("answered with {}; check \"graphql\" and what the credentials may read", errors.what);
            Err(SourceError::config(message).at(place))
        }
    }
}

/// Whether a request refused like this may be taken later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error()
}

/// `url` without query and fragment.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// A failure between here and the service.
pub(crate) fn network(place: &str, error: reqwest::Error) -> SourceError {
    SourceError::unavailable(place, unanswered(&error)).because(error.without_url())
}
