//! `goldsmith discover`

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, print, print_json, say};
use crate::counted::human;
use crate::init::{Discovery, discover, propose};
use crate::pipeline::exit;

/// Show what a file or a system holds: its tables, their columns, what these seem to hold, and a mapping for them.
///
/// Looks at the first rows of each table. Prints no value of a record.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith discover exports/customers.csv\n  goldsmith discover shop.db --json | jq '.tables[].name'"
)]
pub(super) struct Arguments {
    /// A file, or the address of a system.
    #[arg(value_name = "FILE|ADDRESS")]
    target: PathBuf,
    /// Print what was found as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let found = discover(&arguments.target)?;
    if arguments.json {
        print_json(&found)?;
        return Ok(exit::OK);
    }
    let mut text = listing(&found);
    match propose(std::slice::from_ref(&arguments.target), Path::new("."), None) {
        Ok(proposal) => text += &format!("\nA pipeline for it, as `goldsmith init` writes it:\n\n{}", proposal.yaml),
        Err(error) => say(&format!("there is no mapping to suggest: {error}")),
    }
    print(&text)?;
    Ok(exit::OK)
}

fn listing(found: &Discovery) -> String {
    let mut text = format!("connector: {}\n", found.connector);
    for table in &found.tables {
        let rows = human(table.rows_seen as u64);
        text += &format!("\n{}  ({} columns; {rows} rows looked at)\n", table.name, table.columns.len());
        let width = table.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0);
        for column in &table.columns {
            text += &format!("  {:width$}  {:<9}  {}\n", column.name, column.kind, column.holds);
        }
    }
    text
}
