//! What object stores share: listing what a pattern may mean, then downloading.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::StatusCode;
use url::Url;

use crate::RemoteError;
use crate::client::{Client, Failure, Refusal, Request, Signer, Target, block_on};
use crate::fetched::Fetched;
use crate::pattern::{fixed_start, is_pattern, select};

/// RFC 3986, 2.3: what signatures leave as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One bucket of a store.
pub(crate) trait Store: Signer {
    /// Its address, as it may be shown: `s3://bucket`.
    fn shown(&self) -> String;

    /// The address to download the object at `path` from.
    fn object(&self, path: &str) -> Result<Url, RemoteError>;

    /// The address of a page of the listing of what starts with `prefix`; `marker` is what the page before ended with.
    fn listing(&self, prefix: &str, marker: Option<&str>) -> Result<Url, RemoteError>;

    /// Reads such a page; `None` where it is none.
    fn page(&self, document: &str) -> Option<Page>;

    /// Learns from a refusal. Whether the same request should be sent again.
    fn learn(&mut self, refusal: &Refusal) -> bool;

    /// What a refusal means for whoever wrote the address.
    fn explain(&self, place: &str, refusal: &Refusal) -> RemoteError;
}

/// A page of a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) names: Vec<String>,
    /// What the next page is asked for with; `None` after the last.
    pub(crate) marker: Option<String>,
}

/// Percent-encodes all that is not unreserved. Slashes stay.
pub(crate) fn encode_path(path: &str) -> String {
    let parts: Vec<String> = path.split('/').map(encode).collect();
    parts.join("/")
}

/// Percent-encodes all that is not unreserved.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Fetches the object at `path`, or all that match where it is a pattern.
pub(crate) fn fetch(
    store: &mut (impl Store + Send),
    path: &str,
    shown: &str,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    let work = async {
        let client = Client::new(shown)?;
        let paths = if is_pattern(path) {
            select(path, list(&client, store, fixed_start(path), shown).await?, shown)?
        } else {
            vec![path.to_owned()]
        };
        download(&client, store, &paths, fetched).await
    };
    block_on(shown, work)
}

/// Fetches the objects at `paths`, none of them a pattern.
pub(crate) fn fetch_each(
    store: &mut (impl Store + Send),
    paths: &[String],
    shown: &str,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    block_on(shown, async { download(&Client::new(shown)?, store, paths, fetched).await })
}

/// The paths of all objects that start with `prefix`.
pub(crate) fn names(store: &mut (impl Store + Send), prefix: &str, shown: &str) -> Result<Vec<String>, RemoteError> {
    block_on(shown, async { list(&Client::new(shown)?, store, prefix, shown).await })
}

async fn download(
    client: &Client,
    store: &mut impl Store,
    paths: &[String],
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    for path in paths {
        let name = format!("{}/{path}", store.shown());
        let (_, mut file) = fetched.create(&name, path)?;
        get(client, store, &name, |store| store.object(path), &mut Target::File(&mut file)).await?;
    }
    Ok(())
}

/// The paths of all objects that start with `prefix`.
async fn list(client: &Client, store: &mut impl Store, prefix: &str, place: &str) -> Result<Vec<String>, RemoteError> {
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut target = Target::Memory(Vec::new());
        get(client, store, place, |store| store.listing(prefix, marker.as_deref()), &mut target).await?;
        let Target::Memory(document) = target else { return Ok(names) };
        let page = std::str::from_utf8(&document).ok().and_then(|document| store.page(document));
        let page = page.ok_or_else(|| {
            RemoteError::config(place, "is not listed: the answer is no listing of an object store; check the endpoint")
        })?;
        // A name that ends so stands for a folder.
        names.extend(page.names.into_iter().filter(|name| !name.ends_with('/')));
        match page.marker {
            None => return Ok(names),
            Some(next) if marker.as_ref() == Some(&next) => {
                let message =
                    "has a listing whose next page is the same again, so it would never end; tell the store's owner";
                return Err(RemoteError::unavailable(place, message));
            }
            next => marker = next,
        }
    }
}

async fn get<S: Store>(
    client: &Client,
    store: &mut S,
    place: &str,
    url: impl Fn(&S) -> Result<Url, RemoteError>,
    target: &mut Target<'_>,
) -> Result<(), RemoteError> {
    let mut learned = false;
    loop {
        let request = Request { place, url: url(store)?, signer: Some(&*store) };
        match client.get(&request, target).await {
            Ok(()) => return Ok(()),
            Err(Failure::Other(error)) => return Err(error),
            Err(Failure::Refused(refusal)) if !learned && store.learn(&refusal) => learned = true,
            Err(Failure::Refused(refusal)) => return Err(store.explain(place, &refusal)),
        }
    }
}

/// The address a store answers at, out of the environment variable `variable`.
pub(crate) fn endpoint(text: &str, variable: &str, place: &str) -> Result<Url, RemoteError> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain = |url: &Url| url.username().is_empty() && url.password().is_none() && url.query().is_none();
    url.filter(plain).ok_or_else(|| {
        let message = format!(
            "cannot be reached: the environment variable {variable} is not the address of a service; set it as in \"https://store.example.com\""
        );
        RemoteError::config(place, message)
    })
}

/// `text` as an address; `place` names it in the error.
pub(crate) fn parse(text: &str, place: &str) -> Result<Url, RemoteError> {
    Url::parse(text).map_err(|error| {
        RemoteError::config(place, "does not make an address; check the bucket, the region and the endpoint")
            .because(error)
    })
}

/// What an object that is not there means.
pub(crate) fn no_such_file(place: &str) -> RemoteError {
    RemoteError::missing(place, "there is no such file; check the path, or whether its system delivers later")
}

/// What a refusal without a code of its own means; `settings` are the variables that say where the store is.
pub(crate) fn refused(place: &str, status: StatusCode, settings: &str) -> RemoteError {
    if status == StatusCode::NOT_FOUND {
        let message = format!("there is no such file ({status}); check the path, {settings}");
        return RemoteError::missing(place, message);
    }
    RemoteError::config(place, format!("answered {status}; check the address, {settings}"))
}

/// An environment of the tests.
#[cfg(test)]
pub(crate) fn environment_of(variables: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    |wanted| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
}
