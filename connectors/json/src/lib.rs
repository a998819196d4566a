#![doc = include_str!("../README.md")]

mod config;
mod document;
mod lines;
mod read;
mod rows;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

pub use config::{Format, JsonConfig};

/// JSON documents and newline-delimited JSON.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Connector for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "Reads newline-delimited JSON and JSON documents, nested objects and lists included, gzip or zstd."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("files of newline-delimited JSON and JSON documents")
    }

    fn example(&self) -> &'static str {
        "connector: json\npath: exports/contacts-*.ndjson.gz\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(JsonConfig)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let config: JsonConfig = request::options(options, context, self.name())?;
        let members = config.members().map_err(|error| error.at(format!("source \"{}\"", context.source_name)))?;
        Ok(Box::new(read::JsonSource::new(config, members, context)))
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["json", "ndjson", "jsonl"]
    }
}
