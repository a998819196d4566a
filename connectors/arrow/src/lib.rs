#![doc = include_str!("../README.md")]

mod config;
mod read;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

pub use config::ArrowConfig;

/// Arrow IPC files and streams.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArrowIpc;

impl Connector for ArrowIpc {
    fn name(&self) -> &'static str {
        "arrow"
    }

    fn about(&self) -> &'static str {
        "Reads Arrow IPC files (Feather version 2) and streams."
    }

    fn example(&self) -> &'static str {
        "connector: arrow\npath: exports/*.arrow\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(ArrowConfig)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let config: ArrowConfig = request::options(options, context, self.name())?;
        Ok(Box::new(read::ArrowSource::new(config, context)))
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("files and streams written by pyarrow 26.0")
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["arrow", "arrows", "feather", "ipc"]
    }
}
