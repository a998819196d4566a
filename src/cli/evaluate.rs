//! `goldsmith evaluate`

use std::path::PathBuf;

use clap::Args;

use super::truth::read_truth;
use super::{Failure, PipelineArguments, print, print_json, published, runtime, threads};
use crate::evaluation::{Settings, report};
use crate::pipeline::{RunError, check, exit};
use crate::publish::Store;
use crate::publish::previous::Version;

/// Score the published customers against the truth.
///
/// The truth is a CSV or Parquet file with a row a record: its cluster in `cluster_id` or `customer_id`, and which
/// record it is in `source` and `source_key`, or in `record_id` (the key itself, or `source:key`).
///
/// Beside the scores of the profiles and of each published clustering: what a cut at other probabilities would decide,
/// whether probabilities hold what they claim, and the largest mistakes with their evidence. Records are named by
/// source and key; no value of a record is printed.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith evaluate pipelines/customer-360/pipeline.yaml --truth sample-data/truth.csv"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// The file with the truth.
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// A version other than the newest.
    #[arg(long, value_name = "N")]
    version: Option<i64>,
    /// How many of the largest mistakes of each kind are listed.
    #[arg(long, value_name = "N", default_value_t = 5)]
    mistakes: usize,
    /// Print everything as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let store = Store::new(checked.plan.publish.to.clone());
    let manifest = published(&store, arguments.version, &arguments.pipeline.pipeline)?;
    let (truth, incomplete) = runtime(threads(None))?.block_on(read_truth(&arguments.truth))?;
    let version = Version { store: &store, manifest: &manifest };
    let settings = Settings { review_from: checked.plan.matching.review_from, mistakes: arguments.mistakes };
    let report = report(version, &truth, incomplete, settings).map_err(|error| match error {
        RunError::Config(what) => Failure::config(format!("error: {}: {what}", arguments.truth.display())),
        other => other.into(),
    })?;
    if arguments.json {
        print_json(&report)?;
    } else {
        print(&report.to_text())?;
    }
    Ok(exit::OK)
}
