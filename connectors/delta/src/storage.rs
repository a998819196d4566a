//! The table's folder, here or elsewhere: what its log holds, and its files one by one.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use goldsmith_remote::{Fetched, Folder, RemoteError};
use goldsmith_source::SourceError;
use goldsmith_source::files::InputFile;

use crate::LOG;
use crate::location::{Location, locate};

/// The table's folder.
#[derive(Debug)]
pub(crate) enum Storage {
    Here {
        /// As the pipeline names it, without `/` at its end.
        name: String,
        path: PathBuf,
    },
    Elsewhere(Folder),
}

/// A file that can be read. One that was fetched is removed when this is dropped.
pub(crate) struct Held {
    pub(crate) file: InputFile,
    _owner: Option<Arc<Fetched>>,
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Storage {
    /// As it may be shown.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Here { name, .. } => name,
            Self::Elsewhere(folder) => folder.shown(),
        }
    }

    /// The names of the files of the log; `None` where the server does not list them.
    ///
    /// # Errors
    /// Where there is no such folder, or it cannot be looked into.
    pub(crate) fn log_names(&self) -> Result<Option<Vec<String>>, SourceError> {
        let (name, path) = match self {
            Self::Elsewhere(folder) => return Ok(folder.list(LOG, &environment)?),
            Self::Here { name, path } => (name, path),
        };
        let listed = std::fs::read_dir(path.join(LOG)).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok())).collect::<Result<Vec<_>, _>>()
        });
        let error = match listed {
            Ok(names) => {
                let mut names: Vec<String> = names.into_iter().flatten().collect();
                names.sort_unstable();
                return Ok(Some(names));
            }
            Err(error) => error,
        };
        Err(match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory if path.is_dir() => SourceError::config(format!(
                "is no Delta table: it has no folder {LOG}; name the table's own folder, or read plain Parquet files \
                 with connector: parquet and path: {name}/*.parquet"
            )),
            ErrorKind::NotFound | ErrorKind::NotADirectory if path.exists() => {
                SourceError::config("is a file, and a Delta table is a folder; name the folder that holds _delta_log")
            }
            ErrorKind::NotFound => SourceError::unavailable(
                name,
                "there is no such folder; check the path, or whether its system delivers later",
            ),
            ErrorKind::PermissionDenied => {
                SourceError::config("may not be read; grant read permission to the user who runs this")
            }
            _ => SourceError::unavailable(name, "could not be listed; try again"),
        }
        .at(name)
        .because(error))
    }

    /// The files of the log called `names`, in that order.
    ///
    /// # Errors
    /// Where one is missing or cannot be fetched.
    pub(crate) fn log_files(&self, names: &[String]) -> Result<Vec<Held>, SourceError> {
        let paths: Vec<String> = names.iter().map(|name| format!("{LOG}/{name}")).collect();
        match self {
            Self::Here { .. } => Ok(paths.iter().filter_map(|path| self.here(path)).collect()),
            Self::Elsewhere(_) if paths.is_empty() => Ok(Vec::new()),
            Self::Elsewhere(folder) => Ok(fetch(folder, &paths)?),
        }
    }

    /// The file of the log called `name`, unless the server says that there is none.
    ///
    /// # Errors
    /// Where it cannot be fetched.
    pub(crate) fn log_file_if_there(&self, name: &str) -> Result<Option<Held>, SourceError> {
        let path = format!("{LOG}/{name}");
        match self {
            Self::Here { .. } => Ok(self.here(&path).filter(|held| held.file.path.exists())),
            Self::Elsewhere(folder) => match fetch(folder, &[path]) {
                Ok(files) => Ok(files.into_iter().next()),
                Err(error) if error.missing => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// The data file the log calls `written`.
    ///
    /// # Errors
    /// Where the path leads elsewhere, and where the file is missing or cannot be fetched.
    pub(crate) fn data_file(&self, written: &str) -> Result<Held, SourceError> {
        let gone = |name: &str| {
            let message = "is part of this version of the table, and is not there: a clean-up (VACUUM) has removed it; \
                           run again, read a later version, or restore the file";
            SourceError::unavailable(name, message)
        };
        let (folder, paths) = match self {
            Self::Here { path, name } => {
                let root = path.canonicalize().unwrap_or_else(|_| path.clone());
                let Location::Below(below) = locate(written, &root.to_string_lossy(), None, name)? else {
                    return Err(gone(name));
                };
                let held = self.here(&below).ok_or_else(|| gone(name))?;
                return if held.file.path.exists() { Ok(held) } else { Err(gone(&held.file.name)) };
            }
            Self::Elsewhere(folder) => match locate(written, folder.shown(), Some(folder.origin()), folder.shown())? {
                Location::Below(path) => (folder.clone(), [path]),
                Location::BelowTop(path) => (folder.top(), [path]),
            },
        };
        match fetch(&folder, &paths) {
            Ok(files) => files.into_iter().next().ok_or_else(|| gone(self.name())),
            Err(error) if error.missing => Err(gone(&error.place)),
            Err(error) => Err(error.into()),
        }
    }

    /// The file of this machine at `below`.
    fn here(&self, below: &str) -> Option<Held> {
        let Self::Here { name, path } = self else { return None };
        Some(Held { file: InputFile::new(format!("{name}/{below}"), path.join(below)), _owner: None })
    }
}

fn fetch(folder: &Folder, paths: &[String]) -> Result<Vec<Held>, RemoteError> {
    let fetched = Arc::new(folder.fetch(paths, &environment)?);
    let held = |file: &goldsmith_remote::FetchedFile| Held {
        file: InputFile::new(file.name.as_str(), file.path.clone()),
        _owner: Some(fetched.clone()),
    };
    Ok(fetched.files().iter().map(held).collect())
}
