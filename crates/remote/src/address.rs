//! What an address says, and which are refused. No IO happens here.

use std::fmt;

use url::Url;

use crate::fetched::Fetched;
use crate::pattern::{compile, is_pattern};
use crate::{Environment, RemoteError, azure, http, s3, sftp};

/// Where files are that are not on this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    shown: String,
    pub(crate) place: Place,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Http(Url),
    S3(InStore),
    Azure(InStore),
    Sftp(sftp::Place),
}

/// An object, or several, of a bucket (S3) or container (Azure).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct InStore {
    pub(crate) bucket: String,
    /// Without leading slash, as it is: nothing in it is percent-encoded.
    pub(crate) path: String,
}

impl Address {
    /// What `written` says, or `None` where it is the path of a file here.
    ///
    /// # Errors
    /// [`crate::RemoteErrorKind::Config`] for a scheme that is not known, an address with a password in it, and one
    /// that lacks a part.
    pub fn parse(written: &str) -> Result<Option<Self>, RemoteError> {
        let Some((scheme, rest)) = written.split_once("://") else { return Ok(None) };
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !is_scheme {
            return Ok(None);
        }
        let scheme = scheme.to_ascii_lowercase();
        // Nothing that may be a user, a password or a token is shown.
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let anonymous = format!("{scheme}://{}", host.split(['?', '#']).next().unwrap_or_default());
        let fault = |message: &str| Err(RemoteError::config(&anonymous, message));
        if user.is_some_and(|user| user.contains(':') || scheme != "sftp") {
            return fault(match scheme.as_str() {
                "http" | "https" => {
                    "has a user or password in it; take it out, because only open or signed addresses are read"
                }
                "sftp" => "has a password in it; take it out and log in with a key",
                _ => "has credentials in it; take them out and set them in the environment",
            });
        }
        if written.chars().any(char::is_control) {
            return fault("has a line end or another control character in it; take it out");
        }
        let shown = match scheme.as_str() {
            "http" | "https" => anonymous.clone(),
            _ => format!("{anonymous}/{path}"),
        };
        let in_store = |noun: &str| {
            let message = format!("needs a {noun} and a path, as in \"{scheme}://{noun}/folder/file.csv\"");
            match !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "._-$".contains(c)) {
                true if !path.is_empty() && !path.ends_with('/') => {
                    if path.split('/').any(|part| part == "." || part == "..") {
                        return Err(RemoteError::config(
                            &shown,
                            "has a part . or .. in its path; write the path without",
                        ));
                    }
                    compile_if_pattern(path, &shown)?;
                    Ok(InStore { bucket: host.to_owned(), path: path.to_owned() })
                }
                _ => Err(RemoteError::config(&shown, message)),
            }
        };
        let place = match scheme.as_str() {
            "http" | "https" => {
                let url = Url::parse(written).map_err(|error| {
                    RemoteError::config(&anonymous, format!("is not an address ({error}); correct it"))
                })?;
                let shown = http::shown(&url);
                if url.path().contains(['*', '[']) {
                    let message = "has * or [ in its path, and web servers do not list their files; name each file, or \
                                   write %2A or %5B for the character";
                    return Err(RemoteError::config(shown, message));
                }
                return Ok(Some(Self { shown, place: Place::Http(url) }));
            }
            "s3" => Place::S3(in_store("bucket")?),
            "az" => Place::Azure(in_store("container")?),
            "sftp" => {
                let place =
                    sftp::Place::parse(user, host, path).map_err(|message| RemoteError::config(&shown, message))?;
                compile_if_pattern(&place.path, &shown)?;
                Place::Sftp(place)
            }
            "gs" | "gcs" => {
                return fault(
                    "is an address of Google Cloud Storage; write it with s3://, set AWS_ENDPOINT_URL to \
                     https://storage.googleapis.com and the AWS variables to an HMAC key",
                );
            }
            "abfs" | "abfss" | "wasb" | "wasbs" | "azure" => {
                return fault("is an address of Azure Storage; write it as \"az://container/folder/file.csv\"");
            }
            "file" => return fault("is a file of this machine; write its path without file://"),
            _ => {
                return fault("has a scheme that is not known; known are https, http, s3, az and sftp");
            }
        };
        Ok(Some(Self { shown, place }))
    }

    /// The address without user, password and query.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Fetches the file, or all files that match, sorted by path.
    ///
    /// # Errors
    /// [`crate::RemoteErrorKind::Unavailable`] where there is no such file, the network fails or the disk is full;
    /// [`crate::RemoteErrorKind::Config`] where a host, bucket, credential, permission or certificate is wrong.
    pub fn fetch(&self, environment: Environment<'_>) -> Result<Fetched, RemoteError> {
        let mut fetched = Fetched::new(&self.shown)?;
        match &self.place {
            Place::Http(url) => http::fetch(url, &self.shown, &mut fetched)?,
            Place::S3(object) => s3::fetch(object, &self.shown, environment, &mut fetched)?,
            Place::Azure(object) => azure::fetch(object, &self.shown, environment, &mut fetched)?,
            Place::Sftp(place) => sftp::fetch(place, &self.shown, environment, &mut fetched)?,
        }
        Ok(fetched)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&self.shown).finish()
    }
}

fn compile_if_pattern(path: &str, shown: &str) -> Result<(), RemoteError> {
    if is_pattern(path) { compile(path, shown).map(|_| ()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_paths_are_no_addresses() {
        for path in ["a.csv", "/a/b.csv", "C:\\a.csv", "../x", "a b://c", "://x", ""] {
            assert!(Address::parse(path).unwrap().is_none(), "{path}");
        }
    }

    #[test]
    fn what_is_shown_holds_no_user_and_no_query() {
        let cases = [
            ("https://Example.com/a%20b.csv?sig=s3cret#x", "https://example.com/a%20b.csv"),
            ("HTTP://[::1]:8080/a.csv", "http://[::1]:8080/a.csv"),
            ("s3://bucket/in/a*.csv", "s3://bucket/in/a*.csv"),
            ("s3://bucket/a ü?.csv", "s3://bucket/a ü?.csv"),
            ("az://container/a.csv", "az://container/a.csv"),
            ("sftp://me@host:2222/in/a.csv", "sftp://host:2222/in/a.csv"),
            ("sftp://host/~/a.csv", "sftp://host/~/a.csv"),
        ];
        for (written, shown) in cases {
            let address = Address::parse(written).unwrap().unwrap();
            assert_eq!(address.shown(), shown);
            assert_eq!(format!("{address:?}"), format!("Address({shown:?})"));
        }
    }

    #[test]
    fn wrong_addresses_are_refused_with_the_way_out_and_without_the_secret() {
        let cases = [
            ("https://u:hunter2@h/a", "https://h: has a user or password in it"),
            ("https://hunter2@h/a", "https://h: has a user or password in it"),
            ("sftp://u:hunter2@h/a", "sftp://h: has a password in it"),
            ("s3://id:hunter2@b/a", "s3://b: has credentials in it"),
            ("ftp://u:hunter2@h/a", "ftp://h: has credentials in it"),
            ("ftp://h/a", "ftp://h: has a scheme that is not known; known are https, http, s3, az and sftp"),
            ("gs://b/a", "gs://b: is an address of Google Cloud Storage; write it with s3://"),
            ("abfss://c/a", "abfss://c: is an address of Azure Storage; write it as \"az://"),
            ("s3://bucket", "s3://bucket/: needs a bucket and a path, as in \"s3://bucket/folder/file.csv\""),
            ("s3://bucket/in/", "s3://bucket/in/: needs a bucket and a path"),
            ("s3:///a", "s3:///a: needs a bucket and a path"),
            ("s3://b/../a", "s3://b/../a: has a part . or .. in its path"),
            ("s3://b/a***", "s3://b/a***: is not a valid pattern: wildcards are either regular `*` or recursive `**`"),
            ("az://c", "az://c/: needs a container and a path"),
            ("http://h/in/*.csv?sig=hunter2", "http://h/in/*.csv: has * or [ in its path, and web servers do not list"),
            ("https://?sig=hunter2", "https://: is not an address"),
            ("sftp://-oProxyCommand=x/a", "sftp://-oProxyCommand=x/a: has a host that is none"),
            ("sftp://h:x/a", "sftp://h:x/a: has a port that is none"),
            ("sftp://-oX@h/a", "sftp://h/a: has a user that is none"),
            ("sftp://h", "sftp://h/: needs a host and a path"),
            ("sftp://h/a\nrm x", "sftp://h: has a line end or another control character"),
        ];
        for (written, expected) in cases {
            let error = Address::parse(written).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(error.to_string().starts_with(expected), "{written}: {error}");
            assert!(!text.contains("hunter2"), "{text}");
            assert_eq!(error.kind, crate::RemoteErrorKind::Config);
        }
    }
}
