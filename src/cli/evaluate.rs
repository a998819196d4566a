//! `goldsmith evaluate`

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use clap::Args;
use datafusion::execution::options::CsvReadOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};

use super::{Failure, PipelineArguments, print, print_json, published, runtime, threads};
use crate::evaluation::{Settings, Truth, report};
use crate::normalize::select::plain;
use crate::normalize::session;
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

/// The rows of the truth, and how many lack the record or the customer.
async fn read_truth(path: &Path) -> Result<(Vec<Truth>, usize), Failure> {
    let refuse = |what: String| Failure::config(format!("error: {}: {what}", path.display()));
    let context: SessionContext = session::session(1);
    let text = path.to_string_lossy();
    let frame = if path.extension().is_some_and(|ending| ending == "parquet") {
        context.read_parquet(text.as_ref(), ParquetReadOptions::default()).await
    } else {
        let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
        // Keys like 007 are text; so is every other column.
        let options = CsvReadOptions::new().file_extension(&ending).schema_infer_max_records(0);
        context.read_csv(text.as_ref(), options).await
    };
    let frame = frame.map_err(|error| Failure {
        message: format!("error: {}: {}", path.display(), plain(&error)),
        code: if path.exists() { exit::CONFIG } else { exit::RETRY },
    })?;
    let columns: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    if columns.is_empty() {
        return Err(refuse("it is empty; write a row a record, with a header".to_owned()));
    }
    let has = columns.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let find = |names: &[&str]| names.iter().find_map(|name| columns.iter().position(|column| column == name));
    let cluster = find(&["cluster_id", "customer_id", "entity_id"])
        .ok_or_else(|| refuse(format!("it has no column `cluster_id` or `customer_id` for a record's customer, but {has}; rename the one that says it")))?;
    let source = find(&["source"]);
    let key = source
        .and_then(|_| find(&["source_key", "source_id", "key"]))
        .or_else(|| find(&["record_id", "source_key"]))
        .ok_or_else(|| refuse(format!("it has no column `record_id`, or `source` and `source_key`, for the record, but {has}; rename those that say it")))?;
    let source = source.filter(|_| columns.get(key).is_some_and(|name| name != "record_id"));
    let (mut truth, mut incomplete) = (Vec::new(), 0);
    for batch in frame.collect().await.map_err(|error| refuse(plain(&error)))? {
        let texts =
            |index: usize| cast(batch.column(index), &DataType::Utf8).map_err(|error| refuse(error.to_string()));
        let (clusters, keys) = (texts(cluster)?, texts(key)?);
        let sources = source.map(texts).transpose()?;
        let (clusters, keys) = (clusters.as_string::<i32>(), keys.as_string::<i32>());
        let sources = sources.as_ref().map(|sources| sources.as_string::<i32>());
        for row in 0..batch.num_rows() {
            if clusters.is_null(row) || keys.is_null(row) || sources.is_some_and(|sources| sources.is_null(row)) {
                incomplete += 1;
                continue;
            }
            truth.push(Truth {
                source: sources.map(|sources| sources.value(row).to_owned()),
                key: keys.value(row).to_owned(),
                customer: clusters.value(row).to_owned(),
            });
        }
    }
    Ok((truth, incomplete))
}
