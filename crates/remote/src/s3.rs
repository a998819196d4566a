//! S3, and what speaks its protocol.

use std::time::SystemTime;

use percent_encoding::percent_decode_str;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use url::Url;

use crate::address::InStore;
use crate::client::{Refusal, Signer};
use crate::fetched::Fetched;
use crate::sigv4::{self, Keys};
use crate::store::{self, Page, Store, encode, encode_path};
use crate::{Environment, RemoteError, variable, xml};

/// A bucket.
struct S3 {
    bucket: String,
    /// `None` where the environment has none: requests are anonymous.
    keys: Option<Keys>,
    region: String,
    /// `None` for AWS itself.
    endpoint: Option<Url>,
}

pub(crate) fn fetch(
    object: &InStore,
    shown: &str,
    environment: Environment<'_>,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    store::fetch(&mut S3::new(&object.bucket, shown, environment)?, &object.path, shown, fetched)
}

/// Fetches the objects at `paths`, none of them a pattern.
pub(crate) fn fetch_each(
    bucket: &str,
    paths: &[String],
    shown: &str,
    environment: Environment<'_>,
    fetched: &mut Fetched,
) -> Result<(), RemoteError> {
    store::fetch_each(&mut S3::new(bucket, shown, environment)?, paths, shown, fetched)
}

/// The paths of all objects that start with `prefix`.
pub(crate) fn list(
    bucket: &str,
    prefix: &str,
    shown: &str,
    environment: Environment<'_>,
) -> Result<Vec<String>, RemoteError> {
    store::names(&mut S3::new(bucket, shown, environment)?, prefix, shown)
}

impl S3 {
    fn new(bucket: &str, shown: &str, environment: Environment<'_>) -> Result<Self, RemoteError> {
        let get = |name| variable(environment, name);
        let keys = match (get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")) {
            (Some(id), Some(secret)) => Some(Keys { id, secret, token: get("AWS_SESSION_TOKEN") }),
            (None, None) => None,
            (found, _) => {
                let missing = if found.is_some() { "AWS_SECRET_ACCESS_KEY" } else { "AWS_ACCESS_KEY_ID" };
                let message = format!("cannot be read: half of the access key is set; set {missing} too");
                return Err(RemoteError::config(shown, message));
            }
        };
        let endpoint =
            ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].into_iter().find_map(|name| Some((get(name)?, name)));
        let endpoint = endpoint.map(|(text, name)| store::endpoint(&text, name, shown)).transpose()?;
        let region = get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")).unwrap_or_else(|| "us-east-1".to_owned());
        if !region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err(RemoteError::config(
                shown,
                "cannot be read: AWS_REGION is not a region; set it as in \"eu-central-1\"",
            ));
        }
        Ok(Self { bucket: bucket.to_owned(), keys, region, endpoint })
    }

    /// The address of the bucket, with a slash at its end. A name with dots does not fit the certificate of AWS, and
    /// other services know the bucket by the path.
    fn base(&self) -> String {
        let bucket = &self.bucket;
        let suffix = if self.region.starts_with("cn-") { ".cn" } else { "" };
        match &self.endpoint {
            Some(endpoint) => format!("{}/{bucket}/", endpoint.as_str().trim_end_matches('/')),
            None if bucket.contains(['.', '_', '$']) || bucket.chars().any(|c| c.is_ascii_uppercase()) => {
                format!("https://s3.{}.amazonaws.com{suffix}/{bucket}/", self.region)
            }
            None => format!("https://{bucket}.s3.{}.amazonaws.com{suffix}/", self.region),
        }
    }
}

impl Signer for S3 {
    fn sign(&self, url: &Url, headers: &mut HeaderMap, now: SystemTime) -> Result<(), RemoteError> {
        let Some(keys) = &self.keys else { return Ok(()) };
        sigv4::sign(keys, &self.region, url, headers, now).ok_or_else(|| {
            let message = "cannot be read: the access key has characters no header can have; correct the AWS variables";
            RemoteError::config(self.shown(), message)
        })
    }
}

impl Store for S3 {
    fn shown(&self) -> String {
        format!("s3://{}", self.bucket)
    }

    fn object(&self, path: &str) -> Result<Url, RemoteError> {
        store::parse(&format!("{}{}", self.base(), encode_path(path)), &self.shown())
    }

    fn listing(&self, prefix: &str, marker: Option<&str>) -> Result<Url, RemoteError> {
        // The signature wants the parameters sorted.
        let after = marker.map(|marker| format!("continuation-token={}&", encode(marker))).unwrap_or_default();
        let query = format!("{after}encoding-type=url&list-type=2&prefix={}", encode(prefix));
        store::parse(&format!("{}?{query}", self.base()), &self.shown())
    }

    fn page(&self, document: &str) -> Option<Page> {
        let mut page = Page::default();
        let (mut is_listing, mut is_encoded) = (false, false);
        xml::walk(document, |element| {
            let path: Vec<&str> = element.path.iter().map(String::as_str).collect();
            match path.as_slice() {
                ["ListBucketResult"] => is_listing = true,
                ["ListBucketResult", "EncodingType"] => is_encoded = element.text == "url",
                ["ListBucketResult", "Contents", "Key"] => page.names.push(element.text.to_owned()),
                ["ListBucketResult", "NextContinuationToken"] if !element.text.is_empty() => {
                    page.marker = Some(element.text.to_owned());
                }
                _ => {}
            }
        })?;
        if is_encoded {
            for name in &mut page.names {
                let spaced = name.replace('+', " ");
                *name = percent_decode_str(&spaced).decode_utf8().ok()?.into_owned();
            }
        }
        is_listing.then_some(page)
    }

    /// A bucket of another region says which.
    fn learn(&mut self, refusal: &Refusal) -> bool {
        let told =
            refusal.headers.get("x-amz-bucket-region").and_then(|value| value.to_str().ok().map(ToOwned::to_owned));
        let told = told.or_else(|| xml::first(&refusal.body, "Region"));
        let is_region = |region: &String| {
            !region.is_empty()
                && region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && *region != self.region
        };
        match told.filter(is_region) {
            Some(region) => {
                self.region = region;
                true
            }
            None => false,
        }
    }

    fn explain(&self, place: &str, refusal: &Refusal) -> RemoteError {
        let status = refusal.status;
        let code = xml::first(&refusal.body, "Code").unwrap_or_default();
        let bucket = &self.bucket;
        let message = match code.as_str() {
            "NoSuchKey" => return store::no_such_file(place),
            "NoSuchBucket" => format!("there is no bucket \"{bucket}\"; check its name and AWS_ENDPOINT_URL"),
            "InvalidAccessKeyId" => "the access key in AWS_ACCESS_KEY_ID is not known; correct it".to_owned(),
            "SignatureDoesNotMatch" => "the signature is refused; correct AWS_SECRET_ACCESS_KEY".to_owned(),
            "ExpiredToken" | "InvalidToken" => {
                "the temporary credentials are refused or have expired; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and \
                 AWS_SESSION_TOKEN anew"
                    .to_owned()
            }
            "RequestTimeTooSkewed" => "the clock of this machine is wrong; set it".to_owned(),
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect" => {
                format!("the bucket \"{bucket}\" lies elsewhere; set AWS_REGION to its region")
            }
            _ if status == StatusCode::FORBIDDEN || status == StatusCode::UNAUTHORIZED => match &self.keys {
                None => {
                    "may not be read without credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned()
                }
                Some(_) => "may not be read with the access key in AWS_ACCESS_KEY_ID; grant it s3:GetObject, and \
                            s3:ListBucket for patterns, or check the path"
                    .to_owned(),
            },
            _ => return store::refused(place, status, "AWS_REGION and AWS_ENDPOINT_URL"),
        };
        RemoteError::config(place, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str, variables: &'static [(&str, &str)]) -> Result<S3, RemoteError> {
        S3::new(name, "s3://b/a", &store::environment_of(variables))
    }

    #[test]
    fn buckets_are_addressed_by_host_or_by_path() {
        let url = |name, variables| bucket(name, variables).unwrap().object("in/a b+ü.csv").unwrap().to_string();
        assert_eq!(url("crm", &[]), "https://crm.s3.us-east-1.amazonaws.com/in/a%20b%2B%C3%BC.csv");
        assert_eq!(
            url("crm.x", &[("AWS_REGION", "cn-north-1")]),
            "https://s3.cn-north-1.amazonaws.com.cn/crm.x/in/a%20b%2B%C3%BC.csv"
        );
        assert_eq!(
            url("crm", &[("AWS_ENDPOINT_URL", "http://127.0.0.1:9000/")]),
            "http://127.0.0.1:9000/crm/in/a%20b%2B%C3%BC.csv"
        );
    }

    #[test]
    fn half_a_key_and_a_wrong_endpoint_are_refused() {
        let fault = |variables| bucket("crm", variables).err().unwrap().to_string();
        assert_eq!(
            fault(&[("AWS_ACCESS_KEY_ID", "x")]),
            "s3://b/a: cannot be read: half of the access key is set; set AWS_SECRET_ACCESS_KEY too"
        );
        let wrong = fault(&[("AWS_ENDPOINT_URL", "http://id:hunter2@h")]);
        assert!(wrong.contains("AWS_ENDPOINT_URL is not the address of a service"), "{wrong}");
        assert!(!wrong.contains("hunter2"));
    }

    #[test]
    fn names_of_a_listing_are_decoded_where_it_says_so() {
        let page = |document: &str| bucket("crm", &[]).unwrap().page(document);
        let body =
            "<Contents><Key>in/a+b%2B%C3%BC.csv</Key></Contents><NextContinuationToken>t/1=</NextContinuationToken>";
        let listing = |encoding: &str| format!("<ListBucketResult xmlns=\"x\">{body}{encoding}</ListBucketResult>");
        let decoded = page(&listing("<EncodingType>url</EncodingType>")).unwrap();
        assert_eq!(decoded, Page { names: vec!["in/a b+ü.csv".to_owned()], marker: Some("t/1=".to_owned()) });
        assert_eq!(page(&listing("")).unwrap().names, ["in/a+b%2B%C3%BC.csv"]);
        assert_eq!(page("<html></html>"), None);
    }

    #[test]
    fn a_bucket_elsewhere_is_asked_there_once() {
        let mut store = bucket("crm", &[]).unwrap();
        let refusal = |body: &str| Refusal {
            status: StatusCode::MOVED_PERMANENTLY,
            headers: HeaderMap::new(),
            body: body.to_owned(),
        };
        let told = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>";
        assert!(store.learn(&refusal(told)));
        assert!(store.base().starts_with("https://crm.s3.eu-west-3."));
        assert!(!store.learn(&refusal(told)), "it is the region already");
        assert!(!store.learn(&refusal("<Error><Region>evil.example/</Region></Error>")));
    }
}
