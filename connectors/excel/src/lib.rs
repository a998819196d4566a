#![doc = include_str!("../README.md")]

mod archive;
mod column;
pub mod config;
mod layout;
mod read;
mod workbook;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

use crate::config::ExcelOptions;
use crate::read::ExcelSource;

/// The `excel` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Excel;

impl Connector for Excel {
    fn name(&self) -> &'static str {
        "excel"
    }

    fn about(&self) -> &'static str {
        "Reads the sheets of Excel and OpenDocument workbooks."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("workbooks")
    }

    fn example(&self) -> &'static str {
        "connector: excel\npath: loyalty.xlsx\nsheet: Members\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(ExcelOptions)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: ExcelOptions = request::options(options, context, self.name())?;
        Ok(Box::new(ExcelSource::new(options, context)))
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["xlsx", "xlsm", "xlsb", "xls", "ods"]
    }
}
