#![doc = include_str!("../README.md")]

mod action;
mod checkpoint;
pub mod config;
mod deletion;
mod location;
mod log;
mod partition;
mod protocol;
mod read;
mod schema;
mod shape;
mod snapshot;
mod storage;

use std::path::Path;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

use crate::config::DeltaOptions;
use crate::read::DeltaSource;

/// The folder that makes a folder a Delta Lake table.
const LOG: &str = "_delta_log";

/// The `delta` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Delta;

impl Connector for Delta {
    fn name(&self) -> &'static str {
        "delta"
    }

    fn about(&self) -> &'static str {
        "Reads one version of a Delta Lake table."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("tables written by delta-rs")
    }

    fn example(&self) -> &'static str {
        "connector: delta\npath: s3://warehouse/customers\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(DeltaOptions)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: DeltaOptions = request::options(options, context, self.name())?;
        Ok(Box::new(DeltaSource::new(options, context)?))
    }

    /// A folder here that holds `_delta_log`, or the path or address of a `_delta_log` itself.
    fn options_for(&self, address: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
        let folder = address.trim_end_matches('/');
        let table = match folder.strip_suffix(LOG).map(|table| table.trim_end_matches('/')) {
            Some("") => ".",
            Some(table) => table,
            None if Path::new(folder).join(LOG).is_dir() => folder,
            None => return None,
        };
        Some(serde_json::Map::from_iter([("path".to_owned(), table.into())]))
    }
}
