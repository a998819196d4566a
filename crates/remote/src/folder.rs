//! A folder of many files, listed and fetched as they are needed: what formats need that are more than one file.

use std::fmt;

use url::Url;

use crate::address::{InStore, Place};
use crate::fetched::Fetched;
use crate::{Address, Environment, RemoteError, azure, http, s3, sftp};

/// A folder that is not on this machine. Nothing in its paths is a pattern.
#[derive(Clone, PartialEq, Eq)]
pub struct Folder {
    shown: String,
    place: Place,
}

impl Folder {
    /// The folder `written` names, or `None` where it is one of this machine.
    ///
    /// # Errors
    /// As for [`Address::parse`].
    pub fn parse(written: &str) -> Result<Option<Self>, RemoteError> {
        let Some(address) = Address::parse(written.trim_end_matches('/'))? else { return Ok(None) };
        let shown = address.shown().trim_end_matches('/').to_owned();
        Ok(Some(Self { shown, place: address.place }))
    }

    /// The address without user, password and query.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The server, bucket or container it lies on, as in `s3://bucket`.
    #[must_use]
    pub fn origin(&self) -> &str {
        let start = self.shown.find("://").map_or(0, |at| at + 3);
        let end = self.shown.get(start..).and_then(|rest| rest.find('/')).map_or(self.shown.len(), |at| start + at);
        self.shown.get(..end).unwrap_or_default()
    }

    /// The folder everything on its origin lies below.
    #[must_use]
    pub fn top(&self) -> Self {
        let mut top = Self { shown: self.origin().to_owned(), place: self.place.clone() };
        match &mut top.place {
            Place::Http(url) => url.set_path(""),
            Place::S3(object) | Place::Azure(object) => object.path.clear(),
            Place::Sftp(place) => "/".clone_into(&mut place.path),
        }
        top
    }

    /// The names of the files directly in the folder `below` this one, sorted; `None` where the server lists nothing,
    /// as web servers do not. An object store, which has no folders, gives an empty list for one that is not there.
    ///
    /// # Errors
    /// As for [`Folder::fetch`].
    pub fn list(&self, below: &str, environment: Environment<'_>) -> Result<Option<Vec<String>>, RemoteError> {
        let place = format!("{}/{below}", self.shown);
        let in_store = |object: &InStore, list: fn(&str, &str, &str, Environment<'_>) -> _| {
            let prefix = format!("{}/", join(&object.path, below));
            let found: Result<Vec<String>, RemoteError> = list(&object.bucket, &prefix, &place, environment);
            found.map(|paths| paths.iter().filter_map(|path| path.strip_prefix(&prefix).map(str::to_owned)).collect())
        };
        let mut names: Vec<String> = match &self.place {
            Place::Http(_) => return Ok(None),
            Place::S3(object) => in_store(object, s3::list)?,
            Place::Azure(object) => in_store(object, azure::list)?,
            Place::Sftp(folder) => sftp::list(folder, &join(&folder.path, below), &place, environment)?,
        };
        names.retain(|name| !name.contains('/'));
        names.sort_unstable();
        Ok(Some(names))
    }

    /// Fetches the files at `paths` below this folder, in that order. Nothing in a path is percent-encoded.
    ///
    /// # Errors
    /// As for [`Address::fetch`]; `RemoteError.missing` tells a file that is not there.
    pub fn fetch(&self, paths: &[String], environment: Environment<'_>) -> Result<Fetched, RemoteError> {
        let mut fetched = Fetched::new(&self.shown)?;
        let full = |start: &str| paths.iter().map(|path| join(start, path)).collect::<Vec<String>>();
        match &self.place {
            Place::Http(url) => {
                let urls = paths.iter().map(|path| self.url(url, path)).collect::<Result<Vec<_>, _>>()?;
                http::fetch_each(&urls, &self.shown, &mut fetched)?;
            }
            Place::S3(object) => {
                s3::fetch_each(&object.bucket, &full(&object.path), &self.shown, environment, &mut fetched)?;
            }
            Place::Azure(object) => {
                azure::fetch_each(&object.bucket, &full(&object.path), &self.shown, environment, &mut fetched)?;
            }
            Place::Sftp(folder) => {
                sftp::fetch_each(folder, &full(&folder.path), &self.shown, environment, &mut fetched)?;
            }
        }
        Ok(fetched)
    }

    /// The address of the file at `path`, with the query of the folder's own: it may be a signature.
    fn url(&self, folder: &Url, path: &str) -> Result<Url, RemoteError> {
        let mut url = folder.clone();
        url.path_segments_mut()
            .map_err(|()| RemoteError::config(&self.shown, "is not an address of a folder; correct it"))?
            .pop_if_empty()
            .extend(path.split('/'));
        Ok(url)
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Folder").field(&self.shown).finish()
    }
}

/// `path` below `folder`, which is empty at the top.
fn join(folder: &str, path: &str) -> String {
    match folder {
        "" => path.to_owned(),
        "/" => format!("/{path}"),
        folder => format!("{folder}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(written: &str) -> Folder {
        Folder::parse(written).unwrap().unwrap()
    }

    #[test]
    fn folders_have_an_origin() {
        for (written, shown, origin) in [
            ("s3://bucket/a/b/", "s3://bucket/a/b", "s3://bucket"),
            ("https://Host:81/a/?sig=hunter2", "https://host:81/a", "https://host:81"),
            ("sftp://me@host/in", "sftp://host/in", "sftp://host"),
        ] {
            let folder = folder(written);
            assert_eq!((folder.shown(), folder.origin(), folder.top().shown()), (shown, origin, origin));
        }
        assert!(Folder::parse("in/table/").unwrap().is_none());
        assert!(Folder::parse("s3://bucket/").is_err());
    }

    #[test]
    fn addresses_of_files_keep_the_signature_and_quote_the_name() {
        let folder = folder("https://host/a%20b/?sig=hunter2");
        let Place::Http(url) = &folder.place else { panic!("no web server") };
        let file = folder.url(url, "day=1%2F2/x y?.parquet").unwrap();
        assert_eq!(file.as_str(), "https://host/a%20b/day=1%252F2/x%20y%3F.parquet?sig=hunter2");
        assert_eq!(format!("{folder:?}"), "Folder(\"https://host/a%20b\")");
    }
}
