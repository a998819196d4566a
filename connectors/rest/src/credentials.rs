//! The headers of every request to the data's origin, credentials among them.

use std::path::Path;

use goldsmith_source::SourceError;
use goldsmith_source::secret::Secret;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::plan::{Credentials, Plan};

/// What is secret is marked so, and stays out of logs. A token of OAuth2 is not among them: it changes.
pub(crate) fn headers(plan: &Plan, base_dir: &Path) -> Result<HeaderMap, SourceError> {
    let mut headers = HeaderMap::new();
    let fault = |message: String| SourceError::config(message).at(plan.locator());
    let parse = |name: &str| {
        name.parse::<HeaderName>().map_err(|_| fault(format!("\"{name}\" is not the name of a header; correct it")))
    };
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in &plan.headers {
        let value = HeaderValue::from_str(value).map_err(|_| {
            fault(format!("the value of header \"{name}\" has characters no header can have; correct it"))
        })?;
        headers.insert(parse(name)?, value);
    }
    let resolve = |secret: &Secret| secret.resolve(base_dir).map_err(|error| error.at(plan.locator()));
    let (name, text, secret) = match &plan.credentials {
        Credentials::None | Credentials::OAuth2(_) => return Ok(headers),
        Credentials::Bearer(secret) => (AUTHORIZATION, format!("Bearer {}", resolve(secret)?), secret),
        Credentials::Basic { user, password } => (AUTHORIZATION, basic(user, &resolve(password)?), password),
        Credentials::Header { name, key } => (parse(name)?, resolve(key)?, key),
    };
    let value = secret_value(&text).ok_or_else(|| {
        fault(format!("the secret in {} has characters no header can have; correct it", secret.describe()))
    })?;
    headers.insert(name, value);
    Ok(headers)
}

/// A header value that stays out of logs.
pub(crate) fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The value of `Authorization` for a user and a password (RFC 7617).
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64(format!("{user}:{password}").as_bytes()))
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
}
