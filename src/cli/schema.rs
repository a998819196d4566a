//! `goldsmith schema`

use clap::Args;

use super::{Failure, print_json};
use crate::pipeline::exit;
use crate::registry;

/// Print the JSON Schema of pipeline files, for editors.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith schema > pipeline.schema.json\n  # then, as the first line of a pipeline file:\n  # yaml-language-server: $schema=pipeline.schema.json"
)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments) -> Result<u8, Failure> {
    print_json(&goldsmith_config::json_schema(&registry::schemas()))?;
    Ok(exit::OK)
}
