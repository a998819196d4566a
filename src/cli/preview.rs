//! `goldsmith preview`

use std::fmt::Write;

use clap::Args;
use serde_json::{Map, Value};

use super::{Failure, PipelineArguments, print, print_json, runtime};
use crate::pipeline::check;
use crate::pipeline::exit;
use crate::pipeline::preview::{Becomes, Preview, PreviewRow, preview};
use crate::progress::Progress;

/// Show the first rows of a source, as it has them and as a run would normalise them.
///
/// Tables below the rows (addresses, consents) are read whole. The values of records are printed on standard output;
/// nothing is kept.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith preview pipeline.yaml crm\n  goldsmith preview pipeline.yaml crm --rows 100 --json | jq '.rows[].becomes'"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// The source's name in the pipeline file.
    #[arg(value_name = "SOURCE")]
    source: String,
    /// Rows to show of each table.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rows: u64,
    /// Print the rows as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, progress: &Progress) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let shown = runtime(1)?.block_on(preview(&checked.plan, &arguments.source, arguments.rows, 1, progress));
    let shown = match shown {
        Ok(shown) => shown,
        Err(error) => return Err(Failure::of_run(error, &checked)),
    };
    if arguments.json {
        print_json(&shown)?
    } else {
        print(&text(&shown))?
    }
    Ok(exit::OK)
}

fn text(preview: &Preview) -> String {
    let mut text = format!("{}  {}  {}\n", preview.source, preview.connector, preview.locator);
    for row in &preview.rows {
        text.push('\n');
        let _ = writeln!(text, "{}", place(row));
        values(&mut text, &row.raw);
        for becomes in &row.becomes {
            match becomes {
                Becomes::Record { entity, key, values: normalised } => {
                    let _ = writeln!(text, "  becomes {entity} {key}");
                    values(&mut text, normalised);
                }
                Becomes::Repeated { key } => {
                    let _ = writeln!(text, "  repeats key {key}, of which another row is kept");
                }
                Becomes::Filtered => text.push_str("  is left out by `where:`\n"),
                Becomes::Quarantined { reason } => {
                    let _ = writeln!(text, "  goes to quarantine: {reason}");
                }
            }
        }
    }
    if preview.rows.is_empty() {
        text.push_str("\nno rows\n");
    }
    text
}

fn place(row: &PreviewRow) -> String {
    match (&row.file, row.row) {
        (Some(file), Some(number)) => format!("{file}, row {number}"),
        _ => "a row of the query".to_owned(),
    }
}

fn values(text: &mut String, values: &Map<String, Value>) {
    let width = values.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, value) in values {
        let _ = writeln!(text, "    {name:width$}  {}", shown(value));
    }
}

/// A value on one line: the parts of a list apart from each other, without what they do not have.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""),
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(" | "),
        Value::Object(parts) => {
            // The normal form and its parts; the raw text stands above.
            let told =
                parts.iter().filter(|(name, value)| !value.is_null() && !["raw", "valid"].contains(&name.as_str()));
            let told = told.map(|(name, value)| format!("{name} {}", shown(value))).collect::<Vec<_>>().join(", ");
            let is_valid = parts.get("valid").and_then(Value::as_bool).unwrap_or(true);
            match (is_valid, told.is_empty()) {
                (true, _) => told,
                (false, true) => "not valid: no normal form, never compared".to_owned(),
                (false, false) => format!("{told} (not valid)"),
            }
        }
        other => other.to_string(),
    }
}
