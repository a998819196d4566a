//! `goldsmith evaluate`

use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use clap::Args;
use datafusion::execution::options::CsvReadOptions;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use goldsmith_resolve::evaluate::{Evaluation, Score, evaluate};
use hashbrown::HashMap;

use super::{Failure, PipelineArguments, print, print_json, runtime, threads};
use crate::normalize::select::plain;
use crate::normalize::session;
use crate::pipeline::run::human;
use crate::pipeline::{check, exit};
use crate::publish::previous::Version;
use crate::publish::{Store, previous};

/// Score the published customers against the truth.
///
/// The truth is a CSV or Parquet file with a row a record: its cluster in `cluster_id` or `customer_id`, and which
/// record it is in `source` and `source_key`, or in `record_id` (the key itself, or `source:key`).
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
    /// Print the scores as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let store = Store::new(checked.plan.publish.to.clone());
    let manifest = match arguments.version {
        Some(version) => store.manifest(version)?,
        None => store
            .latest()?
            .ok_or_else(|| Failure::config(format!("error: nothing is published in {} yet", store.root().display())))?,
    };
    let truth = runtime(threads(None))?.block_on(read_truth(&arguments.truth))?;
    let found = published(Version { store: &store, manifest: &manifest })?;
    let scores = score(&truth, &found)?;
    if arguments.json {
        print_json(&scores.to_json())?;
    } else {
        print(&scores.to_text())?;
    }
    Ok(exit::OK)
}

/// The truth about one record.
struct Truth {
    source: Option<String>,
    key: String,
    cluster: String,
}

async fn read_truth(path: &Path) -> Result<Vec<Truth>, Failure> {
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
    let find = |names: &[&str]| names.iter().find_map(|name| columns.iter().position(|column| column == name));
    let cluster = find(&["cluster_id", "customer_id", "entity_id"])
        .ok_or_else(|| refuse("it has no column cluster_id or customer_id".to_owned()))?;
    let source = find(&["source"]);
    let key = source
        .and_then(|_| find(&["source_key", "source_id", "key"]))
        .or_else(|| find(&["record_id", "source_key"]))
        .ok_or_else(|| refuse("it has no column record_id, or source and source_key".to_owned()))?;
    let source = source.filter(|_| columns.get(key).is_some_and(|name| name != "record_id"));
    let mut truth = Vec::new();
    for batch in frame.collect().await.map_err(|error| refuse(plain(&error)))? {
        let texts =
            |index: usize| cast(batch.column(index), &DataType::Utf8).map_err(|error| refuse(error.to_string()));
        let (clusters, keys) = (texts(cluster)?, texts(key)?);
        let sources = source.map(texts).transpose()?;
        let (clusters, keys) = (clusters.as_string::<i32>(), keys.as_string::<i32>());
        for row in 0..batch.num_rows() {
            if clusters.is_valid(row) && keys.is_valid(row) {
                truth.push(Truth {
                    source: sources.as_ref().map(|sources| sources.as_string::<i32>().value(row).to_owned()),
                    key: keys.value(row).to_owned(),
                    cluster: clusters.value(row).to_owned(),
                });
            }
        }
    }
    Ok(truth)
}

/// Source, key and golden id of every published record.
fn published(version: Version<'_>) -> Result<Vec<(String, String, String)>, Failure> {
    let mut found = Vec::new();
    for batch in previous::read_table(version, "cross_reference", &["source", "source_key", "golden_id"])? {
        let columns: Vec<&arrow::array::StringArray> =
            batch.columns().iter().map(|column| column.as_string::<i32>()).collect();
        if let [source, key, golden] = columns.as_slice() {
            found
                .extend((0..batch.num_rows()).map(|row| {
                    (source.value(row).to_owned(), key.value(row).to_owned(), golden.value(row).to_owned())
                }));
        }
    }
    Ok(found)
}

/// The scores of one version.
struct Scores {
    evaluation: Evaluation,
    truth_records: usize,
    /// Records of the truth that the version does not have; each counts as a customer of its own.
    missing: usize,
    /// Records of the version that the truth does not know; left out.
    unknown: usize,
    profiles: usize,
    customers: usize,
}

fn score(truth: &[Truth], found: &[(String, String, String)]) -> Result<Scores, Failure> {
    let mut by_place: HashMap<(&str, &str), &str> = HashMap::new();
    let mut by_key: HashMap<&str, &str> = HashMap::new();
    let mut by_joined: HashMap<String, &str> = HashMap::new();
    let joined = truth.iter().any(|truth| truth.source.is_none() && truth.key.contains(':'));
    for (source, key, golden) in found {
        by_place.insert((source, key), golden);
        by_key.insert(key, golden);
        if joined {
            by_joined.insert(format!("{source}:{key}"), golden);
        }
    }
    let mut truth_labels = Labels::default();
    let mut found_labels = Labels::default();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut missing = 0;
    for record in truth {
        let golden = match &record.source {
            Some(source) => by_place.get(&(source.as_str(), record.key.as_str())).copied(),
            None => by_joined.get(&record.key).copied().or_else(|| by_key.get(record.key.as_str()).copied()),
        };
        left.push(truth_labels.of(&record.cluster));
        right.push(match golden {
            Some(golden) => found_labels.of(golden),
            None => {
                missing += 1;
                found_labels.of(&format!("missing {missing}"))
            }
        });
    }
    if missing == truth.len() {
        return Err(Failure::config(
            "error: no record of the truth is among the published ones; do its source and source_key (or record_id) name them as the pipeline does?",
        ));
    }
    Ok(Scores {
        evaluation: evaluate(&left, &right),
        truth_records: truth.len(),
        missing,
        unknown: found.len().saturating_sub(truth.len() - missing),
        profiles: found_labels.0.len(),
        customers: truth_labels.0.len(),
    })
}

#[derive(Default)]
struct Labels(HashMap<String, u32>);

impl Labels {
    fn of(&mut self, text: &str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry_ref(text).or_insert(next)
    }
}

impl Scores {
    fn to_json(&self) -> serde_json::Value {
        let evaluation = &self.evaluation;
        serde_json::json!({
            "records": self.truth_records,
            "records_missing": self.missing,
            "records_unknown_to_truth": self.unknown,
            "true_customers": self.customers,
            "golden_profiles": self.profiles,
            "true_pairs": evaluation.true_pairs,
            "found_pairs": evaluation.found_pairs,
            "correct_pairs": evaluation.correct_pairs,
            "pairwise": evaluation.pairwise,
            "b_cubed": evaluation.b_cubed,
            "exact_clusters": evaluation.exact_clusters,
        })
    }

    fn to_text(&self) -> String {
        let line = |name: &str, score: &Score| {
            format!("  {name:<15} {:>9.4} {:>9.4} {:>9.4}\n", score.precision, score.recall, score.f1)
        };
        let mut text = String::from("                  precision   recall        F1\n");
        text += &line("pairwise", &self.evaluation.pairwise);
        text += &line("B-cubed", &self.evaluation.b_cubed);
        text += &line("exact clusters", &self.evaluation.exact_clusters);
        text += &format!(
            "\n  {} records, {} true customers, {} found; {} true pairs, {} found, {} of them true\n",
            human(self.truth_records as u64),
            human(self.customers as u64),
            human(self.profiles as u64),
            human(self.evaluation.true_pairs),
            human(self.evaluation.found_pairs),
            human(self.evaluation.correct_pairs)
        );
        if self.missing > 0 {
            text += &format!(
                "  {} records of the truth are not published; each counts as a customer of its own\n",
                human(self.missing as u64)
            );
        }
        if self.unknown > 0 {
            text +=
                &format!("  {} published records are not in the truth and are left out\n", human(self.unknown as u64));
        }
        text
    }
}
