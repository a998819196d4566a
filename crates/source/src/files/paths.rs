//! The `path` option: one path or several, each perhaps a glob pattern, relative to the pipeline file, or an address
//! on another machine.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use goldsmith_remote::{Address, Fetched, RemoteError, RemoteErrorKind};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use crate::{ErrorKind, SourceError};

/// The files of a source: a path or a list of paths, each perhaps with `*`, `?`, `[a-z]` or `**`. A path is relative to
/// the pipeline file, or an address: `https://`, `http://`, `s3://bucket/key`, `az://container/blob`,
/// `sftp://user@host/path`.
#[derive(Clone)]
pub struct Paths {
    places: Vec<Place>,
    /// What was fetched from the addresses, by their position: once for all clones of an opened source.
    fetched: Arc<Mutex<BTreeMap<usize, Arc<Fetched>>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// As written.
    Here(String),
    Elsewhere(Address),
}

/// A file to read.
#[derive(Debug, Clone)]
pub struct InputFile {
    /// As the pipeline names it: relative where the path option was; an address without user, password and query.
    pub name: Arc<str>,
    /// Where it is.
    pub path: PathBuf,
    /// Keeps a file that was fetched until nobody can read it any more.
    owner: Option<Arc<Fetched>>,
}

impl InputFile {
    /// The file of this machine at `path`, called `name` in what is reported.
    pub fn new(name: impl Into<Arc<str>>, path: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), path: path.into(), owner: None }
    }

    /// Whether it was fetched from another machine.
    #[must_use]
    pub fn is_fetched(&self) -> bool {
        self.owner.is_some()
    }
}

impl PartialEq for InputFile {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.path == other.path
    }
}

impl Eq for InputFile {}

impl PartialEq for Paths {
    fn eq(&self, other: &Self) -> bool {
        self.places == other.places
    }
}

impl Eq for Paths {}

impl fmt::Debug for Paths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Paths").field(&self.places).finish()
    }
}

impl Paths {
    /// # Errors
    /// [`ErrorKind::Config`] where there is no path, or an empty one, or an address that is refused.
    pub fn new(paths: Vec<String>) -> Result<Self, SourceError> {
        if paths.is_empty() {
            return Err(SourceError::config("the list of paths is empty; name at least one file"));
        }
        let places = paths.into_iter().map(|path| {
            if path.is_empty() {
                return Err(SourceError::config("a path is empty; name a file"));
            }
            Ok(Address::parse(&path)?.map_or(Place::Here(path), Place::Elsewhere))
        });
        Ok(Self { places: places.collect::<Result<_, _>>()?, fetched: Arc::default() })
    }

    /// The paths as written, for [`crate::Source::locator`]; addresses without user, password and query.
    #[must_use]
    pub fn locator(&self) -> String {
        self.iter().collect::<Vec<_>>().join(", ")
    }

    /// The paths as written; addresses without user, password and query.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| match place {
            Place::Here(path) => path.as_str(),
            Place::Elsewhere(address) => address.shown(),
        })
    }

    /// The files there are now: in the order of the list, those of one pattern sorted by path, each file once.
    /// Folders that a pattern matches are passed over, and so are hidden files unless the pattern names the dot.
    ///
    /// Files on other machines are fetched when this is called first, and stay as they were then.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] where a path or pattern matches no file, or a host cannot be reached;
    /// [`ErrorKind::Config`] for a pattern that is none, for a folder that may not be listed, and where another machine
    /// refuses the request.
    pub fn files(&self, base_dir: &Path) -> Result<Vec<InputFile>, SourceError> {
        let mut files: Vec<InputFile> = Vec::new();
        // One file can be named in several ways: through `.`, `..` and links.
        let mut known_here: HashSet<PathBuf> = HashSet::new();
        for (position, place) in self.places.iter().enumerate() {
            let found = match place {
                Place::Elsewhere(_) if self.places.iter().take(position).any(|before| before == place) => continue,
                Place::Elsewhere(address) => self.fetch(position, address)?,
                Place::Here(written) => here(written, base_dir)?,
            };
            for mut file in found {
                let again = if file.is_fetched() {
                    files.iter().any(|known| known.path == file.path || known.name == file.name)
                } else {
                    !known_here.insert(file.path.canonicalize().unwrap_or_else(|_| file.path.clone()))
                };
                match again {
                    true if file.is_fetched() && file.name.starts_with("http") => {
                        // Addresses that differ in what is not shown are different files.
                        let start = format!("{} (", file.name);
                        let again = files.iter().filter(|known| known.name.starts_with(&start)).count();
                        file.name = format!("{start}{})", again + 2).into();
                        files.push(file);
                    }
                    true => {}
                    false => files.push(file),
                }
            }
        }
        Ok(files)
    }

    /// The files at `address`, fetched once.
    fn fetch(&self, position: usize, address: &Address) -> Result<Vec<InputFile>, SourceError> {
        // Held while fetching: whoever else asks waits for the same files.
        let mut kept = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let fetched = match kept.get(&position) {
            Some(fetched) => fetched.clone(),
            None => {
                let fetched = Arc::new(address.fetch(&|name| std::env::var(name).ok())?);
                kept.insert(position, fetched.clone());
                fetched
            }
        };
        let file = |file: &goldsmith_remote::FetchedFile| InputFile {
            name: file.name.as_str().into(),
            path: file.path.clone(),
            owner: Some(fetched.clone()),
        };
        Ok(fetched.files().iter().map(file).collect())
    }
}

impl From<RemoteError> for SourceError {
    fn from(error: RemoteError) -> Self {
        let kind = match error.kind {
            RemoteErrorKind::Config => ErrorKind::Config,
            RemoteErrorKind::Unavailable => ErrorKind::Unavailable,
            RemoteErrorKind::Internal => ErrorKind::Internal,
        };
        Self { kind, place: Some(error.place), message: error.message, cause: error.cause }
    }
}

/// The files of this machine that `written` means.
fn here(written: &str, base_dir: &Path) -> Result<Vec<InputFile>, SourceError> {
    let path = base_dir.join(written);
    // A file whose name has brackets is that file before it is a pattern.
    if written.contains(['*', '?', '[']) && path.symlink_metadata().is_err() {
        return matches(written, base_dir);
    }
    if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Err(missing(written, &path, base_dir));
    }
    Ok(vec![InputFile::new(written, path)])
}

fn missing(written: &str, path: &Path, base_dir: &Path) -> SourceError {
    let near = path.parent().and_then(|folder| nearest_in(folder, path));
    let advice = match near {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None if Path::new(written).is_absolute() => "; check the path, or whether its system delivers later".to_owned(),
        None => format!("; relative paths start from {}", shown(base_dir)),
    };
    SourceError::unavailable(written, format!("there is no such file{advice}"))
}

fn nearest_in(folder: &Path, path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let mut names: Vec<String> =
        folder.read_dir().ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort_unstable();
    crate::request::nearest(wanted, names.iter().map(String::as_str)).map(ToOwned::to_owned)
}

fn matches(written: &str, base_dir: &Path) -> Result<Vec<InputFile>, SourceError> {
    let relative = !Path::new(written).is_absolute();
    let pattern = if relative && !base_dir.as_os_str().is_empty() {
        format!("{}/{written}", glob::Pattern::escape(&base_dir.to_string_lossy()))
    } else {
        written.to_owned()
    };
    let options =
        glob::MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
    let entries = glob::glob_with(&pattern, options)
        .map_err(|error| SourceError::config(format!("is not a valid pattern: {}", error.msg)).at(written))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| {
            let folder = shown(error.path());
            SourceError::config(format!("the folder {folder} may not be listed; grant read permission to it"))
                .at(written)
                .because(std::io::Error::from(error))
        })?;
        if path.is_dir() {
            continue;
        }
        let name = path.strip_prefix(base_dir).ok().filter(|_| relative).unwrap_or(&path).to_string_lossy();
        let name: Arc<str> = name.into();
        files.push(InputFile::new(name, path));
    }
    if files.is_empty() {
        return Err(SourceError::new(
            ErrorKind::Unavailable,
            format!("no file matches this pattern; relative patterns start from {}", shown(base_dir)),
        )
        .at(written));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { "the working folder".to_owned() } else { folder.display().to_string() }
}

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PathsVisitor;
        impl<'de> Visitor<'de> for PathsVisitor {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or a list of paths")
            }

            fn visit_str<E: de::Error>(self, path: &str) -> Result<Paths, E> {
                checked(vec![path.to_owned()])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Paths, A::Error> {
                let mut paths = Vec::new();
                while let Some(path) = seq.next_element::<String>()? {
                    paths.push(path);
                }
                checked(paths)
            }
        }
        fn checked<E: de::Error>(paths: Vec<String>) -> Result<Paths, E> {
            Paths::new(paths).map_err(E::custom)
        }
        deserializer.deserialize_any(PathsVisitor)
    }
}

impl JsonSchema for Paths {
    fn schema_name() -> Cow<'static, str> {
        "Paths".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A path or a list of paths, relative to the pipeline file, or addresses (https, http, s3, az, sftp); `*`, `?`, `[a-z]` and `**` match several files.",
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 }
            ]
        })
    }
}
