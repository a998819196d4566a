//! `goldsmith plan`

use clap::Args;

use super::{Failure, PipelineArguments, print, print_json, runtime, threads};
use crate::counted::human;
use crate::pipeline::estimate::{self, Estimate};
use crate::pipeline::{check, exit};

/// Show what a run would do: sources, rows, predicted pairs and memory. Writes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith plan pipeline.yaml\n  goldsmith plan pipeline.yaml --json | jq .predicted_pairs"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// Print the plan as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let runtime = runtime(threads(None))?;
    let not_checked = runtime.block_on(check::check_sql(&checked))?;
    let mut estimate = estimate::estimate(&checked.plan)?;
    estimate.not_checked = not_checked;
    if arguments.json {
        print_json(&estimate)?;
    } else {
        print(&text(&estimate))?;
    }
    Ok(exit::OK)
}

fn rows(count: Option<u64>) -> String {
    count.map_or_else(|| "?".to_owned(), human)
}

fn text(estimate: &Estimate) -> String {
    let mut text = format!(
        "{}: a run would publish version {} to {}\n\n  source        connector       rows  tables\n",
        estimate.pipeline, estimate.next_version, estimate.publish_to
    );
    for source in &estimate.sources {
        text += &format!(
            "  {:<12}  {:<10} {:>9}  {}\n",
            source.name,
            source.connector,
            rows(source.rows),
            source
                .tables
                .iter()
                .map(|(table, count)| format!("{table} ({})", rows(*count)))
                .collect::<Vec<_>>()
                .join(", ")
        );
    }
    for source in &estimate.not_checked {
        text += &format!("  not reached: {}: {}\n", source.source, source.why);
    }
    text += &format!("\n  entities         {}\n", estimate.entities.join(", "));
    let partial = estimate.sources.iter().any(|source| source.rows.is_none());
    let partial = if partial { ", without the sources whose rows are not known; so are the figures below" } else { "" };
    text += &format!("  rows             {}{partial}\n", human(estimate.rows));
    text += &format!("  predicted pairs  {} ({})\n", human(estimate.predicted_pairs), estimate.pairs_basis);
    let in_file = match estimate.beyond_memory_bytes {
        0 => String::new(),
        bytes => format!(", {} of them in a file beside the published versions", human(bytes / 1_000_000)),
    };
    text += &format!("  memory           about {} MB{in_file}\n", human(estimate.memory_bytes / 1_000_000));
    text += &format!("  models           {}\n", estimate.models);
    text
}
