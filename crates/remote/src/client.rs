//! One HTTP download: tries with patience, resumption where a try broke off, redirects by hand, and nothing taken
//! for whole that is not.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, IF_MATCH, LOCATION, RANGE, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, redirect};
use url::Url;

use crate::RemoteError;
use crate::fetched::local;
use crate::retry::{MAX_TRIES, MAX_WAIT, backoff, retry_after, unanswered};

const MAX_REDIRECTS: u32 = 5;
/// Bytes of the answer of a refusal that are looked at.
const MAX_REFUSAL: usize = 64 << 10;
/// Bytes of an answer that is kept in memory: a page of a listing has at most 5,000 names of 1 KiB.
const MAX_IN_MEMORY: u64 = 64 << 20;

/// A file, or a page of a listing, to ask for.
pub(crate) struct Request<'a> {
    /// As errors name it.
    pub(crate) place: &'a str,
    pub(crate) url: Url,
    /// `None` for open addresses: only they may redirect elsewhere.
    pub(crate) signer: Option<&'a dyn Signer>,
}

/// Makes requests that their server accepts.
pub(crate) trait Signer: Sync {
    /// Adds to the `headers` the request has so far. Called for every try, because signatures expire.
    fn sign(&self, url: &Url, headers: &mut HeaderMap, now: SystemTime) -> Result<(), RemoteError>;
}

/// Where an answer goes.
pub(crate) enum Target<'a> {
    File(&'a mut File),
    Memory(Vec<u8>),
}

/// Why there is no answer.
pub(crate) enum Failure {
    /// The server answered, and said no.
    Refused(Box<Refusal>),
    Other(RemoteError),
}

/// An answer of the kind 4xx.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Its start, as far as it is text.
    pub(crate) body: String,
}

/// What came of one try.
enum Outcome {
    Done,
    Redirect(Url),
    /// Worth another try, after this long where the server says so.
    Again(RemoteError, Option<Duration>),
}

/// What a broken try leaves: the next one may go on from there.
struct Part {
    etag: HeaderValue,
    total: Option<u64>,
}

pub(crate) struct Client {
    client: reqwest::Client,
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Self::Other(error)
    }
}

/// Runs `work` to its end. A thread of its own, because the caller's may be driving a runtime already.
pub(crate) fn block_on<T: Send>(
    place: &str,
    work: impl Future<Output = Result<T, RemoteError>> + Send,
) -> Result<T, RemoteError> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            RemoteError::unavailable(place, "cannot be fetched: there is no thread for the network; try again")
                .because(error)
        })?;
        runtime.block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(run).join())
        .unwrap_or_else(|_| Err(RemoteError::internal(place, "the fetching ended in a fault of this program")))
}

impl Client {
    pub(crate) fn new(place: &str) -> Result<Self, RemoteError> {
        Self::with_patience(place, Duration::from_secs(30), Duration::from_secs(60))
    }

    /// Waits so long for a connection, and for the next bytes.
    fn with_patience(place: &str, connect: Duration, idle: Duration) -> Result<Self, RemoteError> {
        // Another part of the program may have installed it already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            // A file named .gz is wanted as it is.
            .no_gzip()
            .connect_timeout(connect)
            .read_timeout(idle)
            .user_agent(concat!("goldsmith/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                let message =
                    "cannot be fetched: the HTTP client does not start; check the certificates this machine trusts";
                RemoteError::config(place, message).because(error.without_url())
            })?;
        Ok(Self { client })
    }

    /// Fetches into `target`, until it is whole or there is no hope.
    pub(crate) async fn get(&self, request: &Request<'_>, target: &mut Target<'_>) -> Result<(), Failure> {
        let mut url = request.url.clone();
        let (mut redirects, mut tried, mut reached) = (0, 1, 0);
        let mut part = None;
        loop {
            match self.attempt(request, &url, target, &mut part).await? {
                Outcome::Done => return Ok(()),
                Outcome::Redirect(_) if redirects >= MAX_REDIRECTS => {
                    return Err(RemoteError::config(request.place, "redirects in a circle; correct the address").into());
                }
                Outcome::Redirect(target) => {
                    redirects += 1;
                    url = target;
                }
                Outcome::Again(mut error, asked) => {
                    // A try that could be resumed and came further was worth it.
                    let length = if part.is_some() { target.length(request.place)? } else { 0 };
                    if length > reached {
                        (reached, tried) = (length, 0);
                    }
                    if tried >= MAX_TRIES {
                        return Err(error.into());
                    }
                    let wait = asked.unwrap_or_else(|| backoff(tried.max(1)));
                    if wait > MAX_WAIT {
                        error.message =
                            format!("asks to wait {} s, which is too long; run again later", wait.as_secs());
                        return Err(error.into());
                    }
                    tokio::time::sleep(wait).await;
                    tried += 1;
                    redirects = 0;
                    url = request.url.clone();
                }
            }
        }
    }

    async fn attempt(
        &self,
        request: &Request<'_>,
        url: &Url,
        target: &mut Target<'_>,
        part: &mut Option<Part>,
    ) -> Result<Outcome, Failure> {
        let place = request.place;
        let start = if part.is_some() { target.length(place)? } else { 0 };
        let mut headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        if let Some(part) = part.as_ref().filter(|_| start > 0)
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={start}-"))
        {
            headers.insert(RANGE, range);
            headers.insert(IF_MATCH, part.etag.clone());
        }
        let resumes = headers.contains_key(RANGE);
        if let Some(signer) = request.signer {
            signer.sign(url, &mut headers, SystemTime::now())?;
        }
        let mut response = match self.client.get(url.clone()).headers(headers).send().await {
            Ok(response) => response,
            Err(error) => return failed(place, error),
        };
        let status = response.status();
        if status.is_redirection() && request.signer.is_none() {
            return redirect(place, url, &response).map(Outcome::Redirect).map_err(Failure::Other);
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT || status.is_server_error()
        {
            let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = asked.and_then(|value| retry_after(value, SystemTime::now()));
            let message = format!("answered {status} {MAX_TRIES} times; run again later");
            return Ok(Outcome::Again(RemoteError::unavailable(place, message), wait));
        }
        let changed = || {
            let message = "changed while it was fetched, again and again; run again when nobody writes to it";
            Outcome::Again(RemoteError::unavailable(place, message), None)
        };
        match status {
            StatusCode::OK => {
                target.restart(place)?;
                *part = resumable(&response);
            }
            StatusCode::PARTIAL_CONTENT if resumes && continues(&response, start, part.as_ref()) => {}
            // The file is another one now, or this is not the part that was asked for.
            StatusCode::PARTIAL_CONTENT | StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE
                if resumes =>
            {
                *part = None;
                return Ok(changed());
            }
            _ => return Err(Failure::Refused(Box::new(refusal(status, response).await))),
        }
        let expected = response.content_length();
        let before = target.length(place)?;
        loop {
            match response.chunk().await {
                Ok(None) => break,
                Ok(Some(chunk)) => target.append(place, &chunk)?,
                Err(error) => return failed(place, error),
            }
        }
        let length = target.length(place)?;
        let total = part.as_ref().and_then(|part| part.total);
        if expected.is_some_and(|expected| expected != length - before) || total.is_some_and(|total| total != length) {
            let message = format!("ends early, {MAX_TRIES} times; tell its owner, or run again later");
            return Ok(Outcome::Again(RemoteError::unavailable(place, message), None));
        }
        target.finish(place)?;
        Ok(Outcome::Done)
    }
}

impl Target<'_> {
    fn length(&mut self, place: &str) -> Result<u64, RemoteError> {
        match self {
            Self::File(file) => file.stream_position().map_err(|error| local(place, error)),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    fn append(&mut self, place: &str, chunk: &[u8]) -> Result<(), RemoteError> {
        match self {
            Self::File(file) => file.write_all(chunk).map_err(|error| local(place, error)),
            Self::Memory(bytes) if bytes.len() as u64 + chunk.len() as u64 > MAX_IN_MEMORY => {
                Err(RemoteError::config(place, "answers with a listing that is too long to be one; check the endpoint"))
            }
            Self::Memory(bytes) => {
                bytes.extend_from_slice(chunk);
                Ok(())
            }
        }
    }

    fn restart(&mut self, place: &str) -> Result<(), RemoteError> {
        match self {
            Self::File(file) => {
                file.seek(SeekFrom::Start(0)).and_then(|_| file.set_len(0)).map_err(|error| local(place, error))
            }
            Self::Memory(bytes) => {
                bytes.clear();
                Ok(())
            }
        }
    }

    fn finish(&mut self, place: &str) -> Result<(), RemoteError> {
        match self {
            Self::File(file) => file.flush().map_err(|error| local(place, error)),
            Self::Memory(_) => Ok(()),
        }
    }
}

/// What a later try needs to go on, where the server offers it: a strong entity tag tells whether the file is the same.
fn resumable(response: &Response) -> Option<Part> {
    let etag = response.headers().get(ETAG)?;
    let accepts = response.headers().get(reqwest::header::ACCEPT_RANGES)?;
    (etag.as_bytes().starts_with(b"\"") && accepts.as_bytes().eq_ignore_ascii_case(b"bytes"))
        .then(|| Part { etag: etag.clone(), total: response.content_length() })
}

/// Whether a partial answer is the rest from `start` on, `Content-Range: bytes 7-19/20`, and of the same file: not every
/// server obeys If-Match.
fn continues(response: &Response, start: u64, part: Option<&Part>) -> bool {
    let etag = response.headers().get(ETAG);
    if etag.is_some_and(|etag| part.is_some_and(|part| part.etag != *etag)) {
        return false;
    }
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let Some((range, total)) = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('/')) else {
        return false;
    };
    let Some((from, to)) = range.split_once('-') else { return false };
    let (Ok(from), Ok(to), Ok(total)) = (from.parse::<u64>(), to.parse::<u64>(), total.parse::<u64>()) else {
        return false;
    };
    let known = part.and_then(|part| part.total);
    from == start && to.checked_add(1) == Some(total) && known.is_none_or(|known| known == total)
}

/// Where a redirect of an open address leads. No credentials are sent, so it may be another host.
fn redirect(place: &str, url: &Url, response: &Response) -> Result<Url, RemoteError> {
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| url.join(location).ok());
    let target = target.filter(|target| matches!(target.scheme(), "http" | "https")).ok_or_else(|| {
        let message = format!("answered {} without an address to go to; correct the address", response.status());
        RemoteError::config(place, message)
    })?;
    if url.scheme() == "https" && target.scheme() == "http" {
        let host = target.host_str().unwrap_or_default();
        let message =
            format!("redirects to http://{host}, where everybody on the way can change the file; correct the address");
        return Err(RemoteError::config(place, message));
    }
    Ok(target)
}

async fn refusal(status: StatusCode, mut response: Response) -> Refusal {
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REFUSAL {
            break;
        }
    }
    Refusal { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
}

/// A failure between here and the server.
fn failed(place: &str, error: reqwest::Error) -> Result<Outcome, Failure> {
    if let Some(fault) = certificate_fault(&error) {
        let message = format!(
            "has a certificate that is not trusted ({fault}); correct the host, or let this machine trust its issuer"
        );
        return Err(RemoteError::config(place, message).because(error.without_url()).into());
    }
    Ok(Outcome::Again(RemoteError::unavailable(place, unanswered(&error)).because(error.without_url()), None))
}

/// What is wrong with the server's certificate, where that is the failure: another try would find the same.
fn certificate_fault(error: &reqwest::Error) -> Option<String> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        // An I/O error does not count the error it carries among its sources.
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = carried.and_then(|carried| carried.downcast_ref()).or_else(|| error.downcast_ref());
        if let Some(rustls::Error::InvalidCertificate(fault)) = found {
            return Some(fault.to_string());
        }
        next = match carried {
            Some(carried) => Some(carried),
            None => error.source(),
        };
    }
    None
}
