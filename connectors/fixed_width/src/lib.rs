#![doc = include_str!("../README.md")]

mod config;
mod read;
mod row;

use std::sync::Arc;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

pub use config::{Column, FixedWidthConfig, ShortLines};

/// Files of columns of fixed width.
#[derive(Debug, Clone, Copy, Default)]
pub struct FixedWidth;

impl Connector for FixedWidth {
    fn name(&self) -> &'static str {
        "fixed_width"
    }

    fn about(&self) -> &'static str {
        "Reads text files whose columns have fixed places in each line, any encoding, gzip or zstd."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("files of columns in fixed places")
    }

    fn example(&self) -> &'static str {
        "connector: fixed_width\npath: host/customers.txt\nencoding: iso-8859-1\nskip_lines: 1\ncolumns:\n  - {name: id, length: 8}\n  - {name: name, length: 30}\n  - {name: balance, start: 45, length: 10, decimals: 2}\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(FixedWidthConfig)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let config: FixedWidthConfig = request::options(options, context, self.name())?;
        let slots = config.slots().map_err(|error| error.at(format!("source \"{}\"", context.source_name)))?;
        let schema = Arc::new(config::schema(&slots));
        Ok(Box::new(read::FixedWidthSource::new(config, slots, schema, context)))
    }
}
