//! Azure Blob Storage, with an account key, a SAS token, or open containers.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, IF_MATCH, RANGE};
use ring::hmac;
use url::Url;

use crate::address::InStore;
use crate::client::{Refusal, Signer};
use crate::fetched::Fetched;
use crate::store::{self, Page, Store, encode, encode_path};
use crate::{Environment, RemoteError, variable, xml};

/// The version of the protocol.
const VERSION: &str = "2021-12-02";

/// A container.
struct Azure {
    container: String,
    account: String,
    credentials: Credentials,
    endpoint: Url,
}

enum Credentials {
    /// The environment has none: requests are anonymous.
    None,
    Key(hmac::Key),
    /// Goes into the query of every address.
    Sas(String),
}

pub(crate) fn fetch(
    object: &InStore,
    shown: &str,
    environment: Environment<'_>,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    store::fetch(&mut Azure::new(&object.bucket, shown, environment)?, &object.path, shown, fetched)
}

/// Fetches the objects at `paths`, none of them a pattern.
pub(crate) fn fetch_each(
    bucket: &str,
    paths: &[String],
    shown: &str,
    environment: Environment<'_>,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    store::fetch_each(&mut Azure::new(bucket, shown, environment)?, paths, shown, fetched)
}

/// The paths of all objects that start with `prefix`.
pub(crate) fn list(
    bucket: &str,
    prefix: &str,
    shown: &str,
    environment: Environment<'_>,
) -> Result<Vec<String>, RemoteError> {
    store::names(&mut Azure::new(bucket, shown, environment)?, prefix, shown)
}

impl Azure {
    fn new(container: &str, shown: &str, environment: Environment<'_>) -> Result<Self, RemoteError> {
        let connection = variable(environment, "AZURE_STORAGE_CONNECTION_STRING").unwrap_or_default();
        // What is set by itself goes before what the connection string says.
        let get = |name: &str, in_connection: &str| {
            variable(environment, name).or_else(|| {
                let mut pairs = connection.split(';').filter_map(|pair| pair.trim().split_once('='));
                pairs.find(|(name, _)| name.eq_ignore_ascii_case(in_connection)).map(|(_, value)| value.to_owned())
            })
        };
        let fault = |message: &str| RemoteError::config(shown, message);
        let account = get("AZURE_STORAGE_ACCOUNT", "AccountName")
            .ok_or_else(|| fault("cannot be read: no storage account is named; set AZURE_STORAGE_ACCOUNT"))?;
        if !account.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(fault(
                "cannot be read: AZURE_STORAGE_ACCOUNT is not the name of a storage account; correct it",
            ));
        }
        let credentials =
            match (get("AZURE_STORAGE_KEY", "AccountKey"), get("AZURE_STORAGE_SAS_TOKEN", "SharedAccessSignature")) {
                (Some(key), _) => {
                    let key = STANDARD.decode(key.trim()).map_err(|_| {
                        fault("cannot be read: AZURE_STORAGE_KEY is no account key, which is in base64; correct it")
                    })?;
                    Credentials::Key(hmac::Key::new(hmac::HMAC_SHA256, &key))
                }
                (None, Some(token)) => Credentials::Sas(token.trim().trim_start_matches('?').to_owned()),
                (None, None) => Credentials::None,
            };
        let endpoint = match get("AZURE_STORAGE_SERVICE_ENDPOINT", "BlobEndpoint") {
            Some(text) => store::endpoint(&text, "AZURE_STORAGE_SERVICE_ENDPOINT", shown)?,
            None => store::parse(&format!("https://{account}.blob.core.windows.net"), shown)?,
        };
        Ok(Self { container: container.to_owned(), account, credentials, endpoint })
    }

    /// The address of `rest` (a path or a query) in the container, with the SAS token.
    fn url(&self, rest: &str) -> Result<Url, RemoteError> {
        let mut text = format!("{}/{}{rest}", self.endpoint.as_str().trim_end_matches('/'), self.container);
        if let Credentials::Sas(token) = &self.credentials {
            text.push(if text.contains('?') { '&' } else { '?' });
            text.push_str(token);
        }
        store::parse(&text, &self.shown())
    }
}

/// What an account key signs
/// (<https://learn.microsoft.com/en-us/rest/api/storageservices/authorize-with-shared-key>).
fn string_to_sign(account: &str, url: &Url, headers: &HeaderMap, date: &str) -> String {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut text = format!(
        "GET\n\n\n\n\n\n\n\n{}\n\n\n{}\nx-ms-date:{date}\nx-ms-version:{VERSION}\n/{account}{}",
        header(IF_MATCH),
        header(RANGE),
        url.path()
    );
    let mut parameters: Vec<_> = url.query_pairs().collect();
    parameters.sort_unstable();
    for (name, value) in parameters {
        text.push_str(&format!("\n{}:{value}", name.to_ascii_lowercase()));
    }
    text
}

impl Signer for Azure {
    fn sign(&self, url: &Url, headers: &mut HeaderMap, now: SystemTime) -> Result<(), RemoteError> {
        let date = DateTime::<Utc>::from(now).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        headers.insert("x-ms-version", HeaderValue::from_static(VERSION));
        let Credentials::Key(key) = &self.credentials else { return Ok(()) };
        let signature = hmac::sign(key, string_to_sign(&self.account, url, headers, &date).as_bytes());
        let value = format!("SharedKey {}:{}", self.account, STANDARD.encode(signature));
        let (Ok(date), Ok(mut value)) = (HeaderValue::from_str(&date), HeaderValue::from_str(&value)) else {
            return Err(RemoteError::internal(self.shown(), "the signature does not fit into a header"));
        };
        value.set_sensitive(true);
        headers.insert("x-ms-date", date);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}

impl Store for Azure {
    fn shown(&self) -> String {
        format!("az://{}", self.container)
    }

    fn object(&self, path: &str) -> Result<Url, RemoteError> {
        self.url(&format!("/{}", encode_path(path)))
    }

    fn listing(&self, prefix: &str, marker: Option<&str>) -> Result<Url, RemoteError> {
        let after = marker.map(|marker| format!("&marker={}", encode(marker))).unwrap_or_default();
        self.url(&format!("?restype=container&comp=list&prefix={}{after}", encode(prefix)))
    }

    fn page(&self, document: &str) -> Option<Page> {
        let mut page = Page::default();
        let (mut is_listing, mut broken) = (false, false);
        let (mut name, mut is_folder) = (String::new(), false);
        xml::walk(document.trim_start_matches('\u{feff}'), |element| {
            let path: Vec<&str> = element.path.iter().map(String::as_str).collect();
            match path.as_slice() {
                ["EnumerationResults"] => is_listing = true,
                ["EnumerationResults", "Blobs", "Blob", "Name"] if element.encoded => {
                    match percent_decode_str(element.text).decode_utf8() {
                        Ok(decoded) => name = decoded.into_owned(),
                        Err(_) => broken = true,
                    }
                }
                ["EnumerationResults", "Blobs", "Blob", "Name"] => name = element.text.to_owned(),
                ["EnumerationResults", "Blobs", "Blob", "Properties", "ResourceType"] => {
                    is_folder = element.text == "directory";
                }
                ["EnumerationResults", "Blobs", "Blob"] => {
                    let name = std::mem::take(&mut name);
                    if !std::mem::take(&mut is_folder) {
                        page.names.push(name);
                    }
                }
                ["EnumerationResults", "NextMarker"] if !element.text.is_empty() => {
                    page.marker = Some(element.text.to_owned());
                }
                _ => {}
            }
        })?;
        (is_listing && !broken).then_some(page)
    }

    fn learn(&mut self, _: &Refusal) -> bool {
        false
    }

    fn explain(&self, place: &str, refusal: &Refusal) -> RemoteError {
        let status = refusal.status;
        let code = refusal.headers.get("x-ms-error-code").and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        let code = code.or_else(|| xml::first(&refusal.body, "Code")).unwrap_or_default();
        let held = match &self.credentials {
            Credentials::None => None,
            Credentials::Key(_) => Some("AZURE_STORAGE_KEY"),
            Credentials::Sas(_) => Some("AZURE_STORAGE_SAS_TOKEN"),
        };
        let message = match (code.as_str(), held) {
            ("BlobNotFound", _) => return store::no_such_file(place),
            ("ContainerNotFound", _) => {
                format!("there is no container \"{}\"; check its name and AZURE_STORAGE_ACCOUNT", self.container)
            }
            // An open container does not say whether the blob is missing or hidden.
            ("ResourceNotFound" | "NoAuthenticationInformation" | "PublicAccessNotPermitted", None) => {
                "may not be read without credentials, or is not there; set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN"
                    .to_owned()
            }
            (_, held) if status == StatusCode::FORBIDDEN || status == StatusCode::UNAUTHORIZED => match held {
                None => "may not be read without credentials; set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN".to_owned(),
                Some("AZURE_STORAGE_KEY") => {
                    "the account key is refused; correct AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, and the clock of this machine"
                        .to_owned()
                }
                Some(held) => {
                    format!("the token in {held} is refused; it may have expired, or lack permission to read (and list, for patterns)")
                }
            },
            _ => {
                let settings = "AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_SERVICE_ENDPOINT";
                return store::refused(place, status, settings);
            }
        };
        RemoteError::config(place, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(variables: &'static [(&str, &str)]) -> Result<Azure, RemoteError> {
        Azure::new("crm", "az://crm/a", &store::environment_of(variables))
    }

    #[test]
    fn a_connection_string_names_what_is_not_set_by_itself() {
        let azure = container(&[
            (
                "AZURE_STORAGE_CONNECTION_STRING",
                "AccountName=one;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:1/one;",
            ),
            ("AZURE_STORAGE_ACCOUNT", "two"),
        ])
        .unwrap();
        assert_eq!(azure.account, "two");
        assert!(matches!(azure.credentials, Credentials::Key(_)));
        assert_eq!(azure.object("a b.csv").unwrap().as_str(), "http://127.0.0.1:1/one/crm/a%20b.csv");
    }

    #[test]
    fn a_token_goes_into_every_address_and_into_no_name() {
        let azure =
            container(&[("AZURE_STORAGE_ACCOUNT", "one"), ("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=x%3D")]).unwrap();
        let base = "https://one.blob.core.windows.net/crm";
        assert_eq!(azure.object("a.csv").unwrap().as_str(), format!("{base}/a.csv?sv=1&sig=x%3D"));
        let listing = format!("{base}?restype=container&comp=list&prefix=in%2F&marker=m%26&sv=1&sig=x%3D");
        assert_eq!(azure.listing("in/", Some("m&")).unwrap().as_str(), listing);
        assert_eq!(azure.shown(), "az://crm");
    }

    #[test]
    fn what_is_missing_or_wrong_in_the_environment_is_named() {
        let fault = |variables| container(variables).err().unwrap().to_string();
        assert_eq!(fault(&[]), "az://crm/a: cannot be read: no storage account is named; set AZURE_STORAGE_ACCOUNT");
        let wrong = fault(&[("AZURE_STORAGE_ACCOUNT", "one"), ("AZURE_STORAGE_KEY", "hunter2!")]);
        assert!(wrong.contains("AZURE_STORAGE_KEY is no account key") && !wrong.contains("hunter2"), "{wrong}");
    }

    #[test]
    fn folders_of_a_listing_are_passed_over() {
        let azure = container(&[("AZURE_STORAGE_ACCOUNT", "one")]).unwrap();
        let blob = |name: &str, rest: &str| format!("<Blob><Name{name}</Name><Properties>{rest}</Properties></Blob>");
        let blobs = blob(">in", "<ResourceType>directory</ResourceType>")
            + &blob(">in/a&amp;b.csv", "")
            + &blob(" Encoded=\"true\">in/%EF%BF%BE.csv", "");
        let document = format!("\u{feff}<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker /></EnumerationResults>");
        let names = vec!["in/a&b.csv".to_owned(), "in/\u{fffe}.csv".to_owned()];
        assert_eq!(azure.page(&document), Some(Page { names, marker: None }));
    }
}
