//! The private folder fetched files lie in.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::RemoteError;

/// Characters of a file's own name that its name here ends with: endings tell formats.
const NAME_CHARS: usize = 80;

/// Files that were fetched. They are removed when this is dropped.
#[derive(Debug)]
pub struct Fetched {
    folder: TempDir,
    files: Vec<FetchedFile>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its address without user, password and query.
    pub name: String,
    /// Where it lies; the path ends with the file's own name, as far as a path can hold it.
    pub path: PathBuf,
}

impl Fetched {
    /// A new, empty folder that only this user may look into.
    pub(crate) fn new(place: &str) -> Result<Self, RemoteError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("goldsmith-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir().map_err(|error| local(place, error))?;
        Ok(Self { folder, files: Vec::new() })
    }

    /// The files, in the order they were fetched in.
    #[must_use]
    pub fn files(&self) -> &[FetchedFile] {
        &self.files
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Creates an empty file for what is called `name` and lies at `path` over there.
    pub(crate) fn create(&mut self, name: &str, path: &str) -> Result<(PathBuf, File), RemoteError> {
        let own: Vec<char> = path.rsplit('/').next().unwrap_or_default().chars().collect();
        let own = own.get(own.len().saturating_sub(NAME_CHARS)..).unwrap_or_default();
        let own: String =
            own.iter().map(|&c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
        let path = self.folder.path().join(format!("{}-{own}", self.files.len() + 1));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| local(name, error))?;
        self.files.push(FetchedFile { name: name.to_owned(), path: path.clone() });
        Ok((path, file))
    }
}

/// A failure of the folder here.
pub(crate) fn local(place: &str, error: io::Error) -> RemoteError {
    let folder = std::env::temp_dir();
    let folder = folder.display();
    let message = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("does not fit into the temporary folder {folder}; free room there, or set TMPDIR to a larger disk")
        }
        _ => format!("cannot be kept in the temporary folder {folder}; check it, or set TMPDIR to another"),
    };
    RemoteError::unavailable(place, message).because(error)
}
