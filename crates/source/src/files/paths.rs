//! The `path` option: one path or several, each perhaps a glob pattern, relative to the pipeline file.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

use crate::{ErrorKind, SourceError};

/// The files of a source: a path or a list of paths, relative to the pipeline file, each perhaps with `*`, `?`,
/// `[a-z]` or `**`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths(Vec<String>);

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFile {
    /// As the pipeline names it: relative where the path option was.
    pub name: Arc<str>,
    /// Where it is.
    pub path: PathBuf,
}

impl Paths {
    /// # Errors
    /// [`ErrorKind::Config`] where there is no path, or an empty one.
    pub fn new(paths: Vec<String>) -> Result<Self, SourceError> {
        match fault(&paths) {
            Some(message) => Err(SourceError::config(message)),
            None => Ok(Self(paths)),
        }
    }

    /// The paths as written, for [`crate::Source::locator`].
    #[must_use]
    pub fn locator(&self) -> String {
        self.0.join(", ")
    }

    /// The paths as written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The files there are now: in the order of the list, those of one pattern sorted by path, each file once.
    /// Folders that a pattern matches are passed over, and so are hidden files unless the pattern names the dot.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] where a path or pattern matches no file; [`ErrorKind::Config`] for a pattern
    /// that is none, and for a folder that may not be listed.
    pub fn files(&self, base_dir: &Path) -> Result<Vec<InputFile>, SourceError> {
        let mut files: Vec<InputFile> = Vec::new();
        for written in &self.0 {
            let path = base_dir.join(written);
            // A file whose name has brackets is that file before it is a pattern.
            let is_pattern = written.contains(['*', '?', '[']) && path.symlink_metadata().is_err();
            let found = if is_pattern {
                matches(written, base_dir)?
            } else {
                if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
                    return Err(missing(written, &path, base_dir));
                }
                vec![InputFile { name: Arc::from(written.as_str()), path }]
            };
            for file in found {
                if !files.iter().any(|known| known.path == file.path) {
                    files.push(file);
                }
            }
        }
        Ok(files)
    }
}

fn fault(paths: &[String]) -> Option<&'static str> {
    if paths.is_empty() {
        Some("the list of paths is empty; name at least one file")
    } else if paths.iter().any(String::is_empty) {
        Some("a path is empty; name a file")
    } else {
        None
    }
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
        files.push(InputFile { name: Arc::from(name), path });
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
            fault(&paths).map_or(Ok(Paths(paths)), |message| Err(E::custom(message)))
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
            "description": "A path or a list of paths, relative to the pipeline file; `*`, `?`, `[a-z]` and `**` match several files.",
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 }
            ]
        })
    }
}
