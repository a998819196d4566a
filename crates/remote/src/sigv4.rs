//! Signatures of AWS, version 4, in the `Authorization` header
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>).

use std::fmt::Write as _;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use ring::{digest, hmac};
use url::Url;

/// SHA-256 of nothing: requests that read have no body.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// An access key.
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Of temporary credentials.
    pub(crate) token: Option<String>,
}

/// Signs a GET of `url` with the `headers` it has; `None` where a key has characters no header can have. The path and
/// the query of `url` are encoded as signatures want them, and the query is sorted.
pub(crate) fn sign(keys: &Keys, region: &str, url: &Url, headers: &mut HeaderMap, now: SystemTime) -> Option<()> {
    let now = DateTime::<Utc>::from(now);
    let time = now.format("%Y%m%dT%H%M%SZ").to_string();
    headers.insert("x-amz-content-sha256", HeaderValue::from_static(EMPTY));
    headers.insert("x-amz-date", HeaderValue::from_str(&time).ok()?);
    if let Some(token) = &keys.token {
        let mut token = HeaderValue::from_str(token).ok()?;
        token.set_sensitive(true);
        headers.insert("x-amz-security-token", token);
    }
    let host = match (url.host_str()?, url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let mut signed: Vec<(&str, &str)> = vec![("host", &host)];
    for (name, value) in headers.iter().filter(|(name, _)| *name != reqwest::header::ACCEPT_ENCODING) {
        signed.push((name.as_str(), value.to_str().ok()?.trim()));
    }
    signed.sort_unstable();
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical = format!("GET\n{}\n{}\n", url.path(), url.query().unwrap_or_default());
    for (name, value) in &signed {
        writeln!(canonical, "{name}:{value}").ok()?;
    }
    write!(canonical, "\n{names}\n{EMPTY}").ok()?;
    let hashed = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let day = now.format("%Y%m%d").to_string();
    let scope = format!("{day}/{region}/s3/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashed}");
    let mut key = format!("AWS4{}", keys.secret).into_bytes();
    for part in [day.as_str(), region, "s3", "aws4_request"] {
        key = mac(&key, part);
    }
    let signature = hex(&mac(&key, &text));
    let value = format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", keys.id);
    let mut value = HeaderValue::from_str(&value).ok()?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Some(())
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use reqwest::header::RANGE;

    use super::*;

    /// The examples of the page above: 2013-05-24T00:00:00Z.
    fn signature(url: &str, range: Option<&'static str>) -> String {
        let keys = Keys {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        };
        let mut headers = HeaderMap::new();
        if let Some(range) = range {
            headers.insert(RANGE, HeaderValue::from_static(range));
        }
        let now = UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        sign(&keys, "us-east-1", &Url::parse(url).unwrap(), &mut headers, now).unwrap();
        headers.get(AUTHORIZATION).unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn signatures_are_those_of_the_published_examples() {
        let object = signature("https://examplebucket.s3.amazonaws.com/test.txt", Some("bytes=0-9"));
        assert_eq!(
            object,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let mut headers = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=1-"))]);
        headers.insert(reqwest::header::IF_MATCH, HeaderValue::from_static("\"v1\""));
        let keys = Keys { id: "id".to_owned(), secret: "secret".to_owned(), token: Some("token".to_owned()) };
        let url = Url::parse("https://h/a").unwrap();
        sign(&keys, "us-east-1", &url, &mut headers, UNIX_EPOCH).unwrap();
        let sorted = "SignedHeaders=host;if-match;range;x-amz-content-sha256;x-amz-date;x-amz-security-token,";
        assert!(headers[AUTHORIZATION].to_str().unwrap().contains(sorted), "signed names are sorted");
        let lifecycle = signature("https://examplebucket.s3.amazonaws.com/?lifecycle=", None);
        assert!(lifecycle.ends_with("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"), "{lifecycle}");
        let list = signature("https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J", None);
        assert!(list.ends_with("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"), "{list}");
    }
}
