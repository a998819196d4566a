//! `goldsmith reference`

use clap::{Args, ValueEnum};

use super::{Failure, print};
use crate::pipeline::exit;
use crate::reference;

/// Print the reference in Markdown, generated from the code: pipeline file, attributes, SQL functions, connectors, tables.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  goldsmith reference functions\n  goldsmith reference tables")]
pub(super) struct Arguments {
    #[arg(value_enum)]
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The keys of a pipeline file.
    Pipeline,
    /// What fields can be mapped to.
    Attributes,
    /// goldsmith's own SQL functions.
    Functions,
    /// The systems that can be read, with an example each.
    Connectors,
    /// The published tables and their columns.
    Tables,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    print(&match arguments.part {
        Part::Pipeline => reference::pipeline(),
        Part::Attributes => reference::attributes(),
        Part::Functions => reference::functions(),
        Part::Connectors => reference::connectors(),
        Part::Tables => reference::tables(),
    })?;
    Ok(exit::OK)
}
