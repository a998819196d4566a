//! What the truth says about one record.

use std::fmt;

/// A record and the customer it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// The system; none where the key says it (`source:key`) or stands alone.
    pub source: Option<String>,
    pub key: String,
    pub customer: String,
}

impl Truth {
    /// The system, wherever it is told.
    pub(super) fn named_source(&self) -> Option<&str> {
        let of_key = || self.key.split_once(':').map(|(source, _)| source);
        self.source.as_deref().or_else(of_key)
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{source}:{}", self.key),
            None => f.write_str(&self.key),
        }
    }
}
