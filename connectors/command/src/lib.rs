#![doc = include_str!("../README.md")]

mod arrow_stream;
mod config;
mod ndjson;
mod read;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

pub use config::{Column, ColumnType, CommandConfig, Format};

/// Programs that write rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Command;

impl Connector for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn about(&self) -> &'static str {
        "Runs a program and reads what it writes: one JSON object a line, or an Arrow stream."
    }

    fn example(&self) -> &'static str {
        "connector: command\nprogram: ./export-customers.py\nargs: [--all]\nsecrets:\n  CRM_TOKEN:\n    env: CRM_TOKEN\nlog: export.log\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(CommandConfig)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let config: CommandConfig = request::options(options, context, self.name())?;
        let secrets =
            config.check(self.name()).map_err(|error| error.at(format!("source \"{}\"", context.source_name)))?;
        Ok(Box::new(read::CommandSource::new(config, secrets, context)))
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("programs of the operating system")
    }
}
