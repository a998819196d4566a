//! Passwords and tokens: a pipeline file says where one is kept, and it is looked up when the source is read.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::SourceError;

/// Where a secret is kept: `env` or `file`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SecretRef {
    /// The environment variable that holds it.
    pub env: Option<String>,
    /// The file that holds it, relative to the pipeline file; a line end after it is not part of it.
    pub file: Option<String>,
}

/// A reference that names exactly one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    Env(String),
    File(String),
}

impl SecretRef {
    /// The one place it names.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] where it names none or two; `option` of `connector` is at fault.
    pub fn place(self, option: &str, connector: &str) -> Result<Secret, SourceError> {
        match (self.env, self.file) {
            (Some(name), None) => Ok(Secret::Env(name)),
            (None, Some(path)) => Ok(Secret::File(path)),
            _ => Err(SourceError::config(format!(
                "option \"{option}\" of connector {connector} needs either env, the name of an environment variable, or file, a path"
            ))),
        }
    }
}

impl Secret {
    /// The reference, never the secret.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Env(name) => format!("environment variable {name}"),
            Self::File(path) => format!("file {path}"),
        }
    }

    /// The secret itself; paths start from `base_dir`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Config`] where it is missing or empty.
    pub fn resolve(&self, base_dir: &Path) -> Result<String, SourceError> {
        let found = match self {
            Self::Env(name) => std::env::var(name).map_err(|_| "is not set, or is not text; set it"),
            Self::File(path) => std::fs::read_to_string(base_dir.join(path))
                .map_err(|_| "cannot be read; create it, or grant permission"),
        };
        let text = found.map_err(|fault| SourceError::config(format!("{} {fault}", self.describe())))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(SourceError::config(format!("{} is empty; put the secret there", self.describe())));
        }
        Ok(text.to_owned())
    }
}
