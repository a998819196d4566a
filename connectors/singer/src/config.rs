//! What a pipeline file says about a Singer tap. No IO.

use goldsmith_source::{SourceError, program};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Options of the `singer` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SingerConfig {
    /// The tap: a name to be found in PATH, or a path, relative to the pipeline file. No shell looks at it.
    pub program: String,
    /// Arguments before those of Singer (`--config` and so on), passed as they are.
    #[serde(default)]
    pub args: Vec<String>,
    /// The tap's configuration. A value `{env: NAME}` or `{file: PATH}` is a secret kept there. The tap gets it in a
    /// file that only its owner can read and that is gone when the tap has ended.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// The streams to read. By default all the tap has.
    #[serde(default)]
    pub streams: Option<Vec<String>>,
    /// How the tap is told which streams to read.
    #[serde(default)]
    pub selection: Selection,
    /// A state file to start from, relative to the pipeline file. It is passed to the tap and never written. By
    /// default the tap reads everything its configuration says.
    #[serde(default)]
    pub state: Option<String>,
    /// The folder it runs in, relative to the pipeline file. By default that of the pipeline file.
    #[serde(default)]
    pub working_dir: String,
    /// Seconds it may take (default 3600).
    #[serde(default = "program::default_timeout_seconds")]
    pub timeout_seconds: u64,
    /// Bytes it may write, which are kept in a temporary file (default 16 GiB).
    #[serde(default = "program::default_max_bytes")]
    pub max_bytes: u64,
    /// The file that keeps the first 16 MiB of what it writes to stderr, relative to the pipeline file and made anew by
    /// each run. By default stderr is dropped.
    #[serde(default)]
    pub log: Option<String>,
}

/// How a tap is told which streams to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Its `--discover` gives a catalog, which goes back with `--catalog`.
    #[default]
    Catalog,
    /// As `catalog`, with `--properties`: for old taps.
    Properties,
    /// It is not told: for taps without `--discover`.
    None,
}

impl SingerConfig {
    /// What cannot be right.
    pub(crate) fn check(&self) -> Result<(), SourceError> {
        program::check_options(&self.program, self.timeout_seconds, "tap")?;
        match &self.streams {
            Some(streams) if streams.is_empty() => {
                Err(SourceError::config("option \"streams\" is empty; name a stream or leave it out"))
            }
            Some(streams) => {
                let twice =
                    streams.iter().enumerate().find(|(at, name)| streams.iter().take(*at).any(|other| other == *name));
                match twice {
                    Some((_, name)) => {
                        Err(SourceError::config(format!("option \"streams\" names \"{name}\" twice; remove one")))
                    }
                    None => Ok(()),
                }
            }
            None => Ok(()),
        }
    }
}
