//! Files of web servers.

use reqwest::StatusCode;
use url::Url;

use crate::RemoteError;
use crate::client::{Client, Failure, Refusal, Request, Target, block_on};
use crate::fetched::Fetched;

/// `url` without user, query and fragment, which may hold what nobody should read.
pub(crate) fn shown(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    format!("{origin}{}", url.path())
}

pub(crate) fn fetch(url: &Url, shown: &str, fetched: &mut Fetched) -> Result<(), RemoteError> {
    fetch_each(std::slice::from_ref(url), shown, fetched)
}

/// Fetches the files at `urls`.
pub(crate) fn fetch_each(urls: &[Url], place: &str, fetched: &mut Fetched) -> Result<(), RemoteError> {
    let work = async {
        let client = Client::new(place)?;
        for url in urls {
            let shown = shown(url);
            let (_, mut file) = fetched.create(&shown, url.path())?;
            let request = Request { place: &shown, url: url.clone(), signer: None };
            client.get(&request, &mut Target::File(&mut file)).await.map_err(|failure| match failure {
                Failure::Refused(refusal) => explain(&shown, &refusal),
                Failure::Other(error) => error,
            })?;
        }
        Ok(())
    };
    block_on(place, work)
}

fn explain(place: &str, refusal: &Refusal) -> RemoteError {
    let status = refusal.status;
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => RemoteError::missing(
            place,
            format!("there is no such file ({status}); check the address, or whether its system delivers later"),
        ),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let message = format!(
                "may not be read ({status}); only open or signed addresses can be, so check the signature or ask its owner for one"
            );
            RemoteError::config(place, message)
        }
        _ => RemoteError::config(place, format!("answered {status}; check the address")),
    }
}
