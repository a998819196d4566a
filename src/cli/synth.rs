//! `goldsmith synth`

use std::path::PathBuf;

use clap::Args;
use goldsmith_synth::{SynthError, SynthOptions, write};

use super::{Failure, print_json};
use crate::counted::human;
use crate::pipeline::exit;
use crate::progress::Progress;

/// Write synthetic customers of five unlike systems, with the truth beside them.
///
/// The same arguments give the same bytes.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  goldsmith synth --records 100000 --seed 1 --out /tmp/customers")]
pub(super) struct Arguments {
    /// Records over all systems.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    records: u64,
    /// Another seed gives other customers.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder for the files.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Rows an Excel sheet holds before the rest goes to the next one.
    #[arg(long, value_name = "N", default_value_t = 1_048_576)]
    sheet_rows: u32,
    /// Print what was written as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, progress: &Progress) -> Result<u8, Failure> {
    let options = SynthOptions {
        records: arguments.records,
        seed: arguments.seed,
        out: arguments.out.clone(),
        sheet_rows: arguments.sheet_rows,
    };
    let stage = progress.stage("synth", Some(arguments.records));
    let done = std::sync::atomic::AtomicU64::new(0);
    let summary = write(&options, &|step| {
        let before = done.swap(step.done, std::sync::atomic::Ordering::Relaxed);
        progress.advance(step.done.saturating_sub(before));
    })
    .map_err(|error| Failure {
        message: format!("error: {error}"),
        code: if matches!(error, SynthError::Write { .. }) { exit::RETRY } else { exit::CONFIG },
    })?;
    stage.done(&format!("{} records of {} customers", human(summary.records), human(summary.customers)));
    for (file, rows) in &summary.files {
        progress.say(&format!("  {:>9} rows  {}", human(*rows), file.display()));
    }
    if arguments.json {
        let files: Vec<_> =
            summary.files.iter().map(|(file, rows)| serde_json::json!({ "file": file, "rows": rows })).collect();
        print_json(&serde_json::json!({ "records": summary.records, "customers": summary.customers, "files": files }))?;
    }
    Ok(exit::OK)
}
