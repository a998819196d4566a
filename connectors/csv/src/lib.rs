#![doc = include_str!("../README.md")]

mod config;
mod detect;
mod read;
mod records;
mod scan;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

pub use config::CsvConfig;

/// Delimited text files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Csv;

impl Connector for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn about(&self) -> &'static str {
        "Reads delimited text files: comma, semicolon, tab or pipe, any encoding, gzip or zstd."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("delimited files")
    }

    fn example(&self) -> &'static str {
        "connector: csv\npath: exports/customers-*.csv.gz\nencoding: iso-8859-1\nnull_values: [\"\", \"NULL\"]\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(CsvConfig)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let config: CsvConfig = request::options(options, context, self.name())?;
        let layout = config.layout().map_err(|error| error.at(format!("source \"{}\"", context.source_name)))?;
        Ok(Box::new(read::CsvSource::new(config, layout, context)))
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["csv", "tsv", "psv", "txt"]
    }
}
