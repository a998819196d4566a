#![doc = include_str!("../README.md")]

pub mod config;
mod read;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

use crate::config::ParquetOptions;
use crate::read::ParquetSource;

/// The `parquet` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parquet;

impl Connector for Parquet {
    fn name(&self) -> &'static str {
        "parquet"
    }

    fn about(&self) -> &'static str {
        "Reads Parquet files as one table, with their types kept."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("Parquet files")
    }

    fn example(&self) -> &'static str {
        "connector: parquet\npath: billing/*.parquet\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(ParquetOptions)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: ParquetOptions = request::options(options, context, self.name())?;
        Ok(Box::new(ParquetSource::new(options, context)))
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["parquet", "pq"]
    }
}
