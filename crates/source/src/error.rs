//! What can go wrong with a source, who must act, and whether another try may help.

use std::fmt;

/// Who must act, and what the process answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The pipeline file, a credential or a permission is wrong: somebody must change it. Exit code 2.
    Config,
    /// The data is broken or breaks its contract: its owner must act. Exit code 3.
    Corrupt,
    /// A file or host is missing, the disk is full, the network failed: worth another try. Exit code 4.
    Unavailable,
    /// A fault of this program. Exit code 1.
    Internal,
}

/// A failure of a whole source. Its text names the thing, the place and the way out, and holds no value of a
/// record and no secret.
#[derive(Debug, thiserror::Error)]
pub struct SourceError {
    pub kind: ErrorKind,
    /// The file, table or address at fault, where there is one.
    pub place: Option<String>,
    /// What is wrong and what to do, as one or two sentences.
    pub message: String,
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl SourceError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, place: None, message: message.into(), cause: None }
    }

    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    pub fn corrupt(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..Self::new(ErrorKind::Corrupt, message) }
    }

    pub fn unavailable(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..Self::new(ErrorKind::Unavailable, message) }
    }

    /// The option of the source that is at fault: the first that the place or the message names, as `option "name"`.
    #[must_use]
    pub fn option(&self) -> Option<&str> {
        fn named(text: &str) -> Option<&str> {
            text.split_once("option \"")?.1.split('"').next()
        }
        self.place.as_deref().and_then(named).or_else(|| named(&self.message))
    }

    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }

    #[must_use]
    pub fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Box::new(cause));
        self
    }
}
