//! What can go wrong with a remote file, and who must act.

/// Who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteErrorKind {
    /// The address, a credential or a permission is wrong: somebody must change it.
    Config,
    /// A file or host is missing, the network failed, the disk is full: worth another try.
    Unavailable,
    /// A fault of this program.
    Internal,
}

/// Why a file was not fetched. Its text holds no user, password, signature or query.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct RemoteError {
    pub kind: RemoteErrorKind,
    /// The address at fault, as it may be shown.
    pub place: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether the server answered that there is no such file.
    pub missing: bool,
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl RemoteError {
    pub(crate) fn config(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: RemoteErrorKind::Config,
            place: place.into(),
            message: message.into(),
            missing: false,
            cause: None,
        }
    }

    pub(crate) fn unavailable(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: RemoteErrorKind::Unavailable, ..Self::config(place, message) }
    }

    /// The server says that there is no such file.
    pub(crate) fn missing(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { missing: true, ..Self::unavailable(place, message) }
    }

    pub(crate) fn internal(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: RemoteErrorKind::Internal, ..Self::config(place, message) }
    }

    pub(crate) fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }
}
