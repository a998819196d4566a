//! The error of a run and the exit codes it becomes.

use goldsmith_source::{ErrorKind, SourceError};

/// Exit codes. They are part of the interface: schedulers decide on them.
pub mod exit {
    /// Published, or nothing to do.
    pub const OK: u8 = 0;
    /// A fault of this program.
    pub const INTERNAL: u8 = 1;
    /// The pipeline file, a credential or a permission is wrong. A retry does not help.
    pub const CONFIG: u8 = 2;
    /// A contract, corrupt input or a quality gate. A retry does not help until the data changes.
    pub const DATA: u8 = 3;
    /// A file or host is missing, the network or the disk failed. Worth another try.
    pub const RETRY: u8 = 4;
    /// Published, but without a source that could not be read; only with `--degraded-exit`.
    pub const DEGRADED: u8 = 5;
    /// Another run holds the lock.
    pub const LOCKED: u8 = 6;
    /// Ended by SIGINT.
    pub const INTERRUPTED: u8 = 130;
    /// Ended by SIGHUP: the terminal it was started from was closed.
    pub const HUNG_UP: u8 = 129;
    /// Ended by SIGTERM.
    pub const TERMINATED: u8 = 143;
}

/// Why a run stopped. Nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Mistakes in the pipeline file, already rendered with their places.
    #[error("{0}")]
    Config(String),
    /// Mistakes in the SQL of the pipeline file, by their paths in it.
    #[error("{}", .0.iter().map(|mistake| format!("{}: {}", mistake.path, mistake.message)).collect::<Vec<_>>().join("\n"))]
    Sql(Vec<crate::normalize::select::SqlMistake>),
    #[error("source `{name}`: {}", without_source(name, error))]
    Source {
        name: String,
        #[source]
        error: SourceError,
    },
    /// A contract or quality gate.
    #[error("{0}")]
    Gate(String),
    #[error("{message}: {error}{}", way_out(error))]
    Io {
        /// What was being done, with the path.
        message: String,
        #[source]
        error: std::io::Error,
    },
    #[error("another run holds {path}{holder}; wait for it to end, or pass --wait")]
    Locked { path: String, holder: String },
    #[error("ended by {0}")]
    Signal(&'static str),
    /// A fault of this program, or of the engine below it.
    #[error("{0}")]
    Internal(String),
}

impl RunError {
    /// The same error once more, for a second report of it.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            Self::Source { name, error } => Self::Source {
                name: name.clone(),
                error: SourceError {
                    kind: error.kind,
                    place: error.place.clone(),
                    message: error.message.clone(),
                    cause: None,
                },
            },
            Self::Io { message, error } => {
                Self::Io { message: message.clone(), error: std::io::Error::new(error.kind(), error.to_string()) }
            }
            Self::Config(text) => Self::Config(text.clone()),
            Self::Sql(mistakes) => Self::Sql(mistakes.clone()),
            Self::Gate(text) => Self::Gate(text.clone()),
            Self::Locked { path, holder } => Self::Locked { path: path.clone(), holder: holder.clone() },
            Self::Signal(name) => Self::Signal(name),
            Self::Internal(text) => Self::Internal(text.clone()),
        }
    }

    /// The exit code this error stands for.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Sql(_) => exit::CONFIG,
            Self::Source { error, .. } => match error.kind {
                ErrorKind::Config => exit::CONFIG,
                ErrorKind::Corrupt => exit::DATA,
                ErrorKind::Unavailable => exit::RETRY,
                ErrorKind::Internal => exit::INTERNAL,
            },
            Self::Gate(_) => exit::DATA,
            Self::Io { error, .. } => match error.kind() {
                std::io::ErrorKind::PermissionDenied
                | std::io::ErrorKind::ReadOnlyFilesystem
                | std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::IsADirectory => exit::CONFIG,
                _ => exit::RETRY,
            },
            Self::Locked { .. } => exit::LOCKED,
            Self::Signal("SIGHUP") => exit::HUNG_UP,
            Self::Signal("SIGINT") => exit::INTERRUPTED,
            Self::Signal(_) => exit::TERMINATED,
            Self::Internal(_) => exit::INTERNAL,
        }
    }
}

/// A source's error, without its place where that says the source once more.
fn without_source(name: &str, error: &SourceError) -> String {
    match &error.place {
        Some(place) if place == name || *place == format!("source \"{name}\"") => error.message.clone(),
        _ => error.to_string(),
    }
}

/// What to do about an IO error, where its kind tells.
fn way_out(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied => "; grant the user who runs this the permission, or name another place",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room and run again",
        ErrorKind::ReadOnlyFilesystem => "; name a place that can be written",
        ErrorKind::NotFound => "; check the path",
        _ => "",
    }
}

/// Adds what was being done to an IO error.
pub trait IoContext<T> {
    /// # Errors
    /// The IO error with `message` before it.
    fn doing(self, message: impl FnOnce() -> String) -> Result<T, RunError>;
}

impl<T> IoContext<T> for std::io::Result<T> {
    fn doing(self, message: impl FnOnce() -> String) -> Result<T, RunError> {
        self.map_err(|error| RunError::Io { message: message(), error })
    }
}

/// The engine's words can hold values of a record; only those that speak of plans and resources are passed on.
impl From<datafusion::error::DataFusionError> for RunError {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        use datafusion::error::DataFusionError;
        match error.find_root() {
            DataFusionError::IoError(error) => Self::Io {
                message: "reading landed rows".to_owned(),
                error: std::io::Error::new(error.kind(), error.to_string()),
            },
            DataFusionError::Plan(text)
            | DataFusionError::ResourcesExhausted(text)
            | DataFusionError::NotImplemented(text) => Self::Internal(format!("the query engine failed: {text}")),
            _ => Self::Internal(
                "the query engine failed; its words are left out, because they can hold values of a record".to_owned(),
            ),
        }
    }
}

impl From<arrow::error::ArrowError> for RunError {
    fn from(error: arrow::error::ArrowError) -> Self {
        use arrow::error::ArrowError;
        match error {
            ArrowError::IoError(text, error) => Self::Io { message: text, error },
            ArrowError::SchemaError(text) | ArrowError::InvalidArgumentError(text) | ArrowError::MemoryError(text) => {
                Self::Internal(format!("an Arrow kernel failed: {text}"))
            }
            _ => Self::Internal(
                "an Arrow kernel failed; its words are left out, because they can hold values of a record".to_owned(),
            ),
        }
    }
}
