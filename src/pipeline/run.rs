//! The way through: extract, normalise, resolve, survive, publish, report. This is the only place that knows the
//! order of the stages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::RunError;
use super::deliver::{Delivered, Directories, degraded, land, last_good, tables_read};
use super::fates::{balance, check_quarantine, quarantined};
use super::incremental::{Reread, carry_states};
use super::inputs::inputs_hash;
use super::manifest::manifest;
use super::memory::Memory;
use super::model::{is_for, named_model, pinned_model};
use super::plan::Plan;
use super::resolve::{previous_ids, resolve_entity};
use super::sources::{check_sources, lost_columns};
use super::warnings::{
    drifted, hardly_read, much_in_quarantine, same_keys, tells_little, torn_files, unknown_decisions,
};
use crate::counted::counted;
use crate::extract::ExtractedSource;
use crate::golden::survive;
use crate::matching::read_decisions;
use crate::normalize::{EntityRecords, normalize};
use crate::progress::Progress;
use crate::publish::manifest::{Gate, Manifest, StageEntry};
use crate::publish::previous;
use crate::publish::results::RunFacts;
use crate::publish::table::create_private_dir;
use crate::publish::{EntityResult, Results, Store, commit, tables};
use crate::report::{self, Measures};

/// What the caller of a run decides.
#[derive(Debug, Clone)]
pub struct RunOptions {
    pub threads: usize,
    /// The only clock of the data tables, microseconds UTC; now where it is not given.
    pub as_of: Option<i64>,
    pub run_id: Option<String>,
    /// How long to wait for another run to end.
    pub wait: Duration,
    /// Publish even where nothing has changed.
    pub force: bool,
    /// Train new models instead of reusing the published ones.
    pub retrain: bool,
    /// Sources that are read otherwise than from their last mark.
    pub reread: Reread,
    pub memory: Memory,
}

/// How a run ended.
pub enum Outcome {
    /// A new version is published.
    Published(Box<Published>),
    /// Nothing the tables depend on has changed since the published version.
    Unchanged {
        version: i64,
        directory: PathBuf,
        /// Sources that were not read, with the reason.
        degraded: Vec<(String, String)>,
        /// What somebody should know nevertheless.
        warnings: Vec<String>,
    },
}

/// A published version, for the summary.
pub struct Published {
    pub manifest: Manifest,
    pub directory: PathBuf,
    pub measures: Measures,
    /// How many rows are in quarantine, by source and rule.
    pub quarantined: BTreeMap<(String, String), u64>,
    /// Versions removed because the pipeline keeps fewer.
    pub removed: usize,
    /// Sources that were not read, with the reason.
    pub degraded: Vec<(String, String)>,
    /// What went wrong after the version was published.
    pub warnings: Vec<String>,
}

/// Runs a plan from its sources to a published version.
///
/// # Errors
/// [`RunError`]; then nothing was published and the previous version stands.
pub async fn run(plan: &Plan, options: &RunOptions, progress: &Progress) -> Result<Outcome, RunError> {
    let started = chrono::Utc::now();
    let as_of = options.as_of.unwrap_or_else(|| started.timestamp_micros());
    options.reread.check(plan)?;
    let store = Store::new(plan.publish.to.clone());
    let lock = store.lock(options.wait)?;
    options.memory.bound(store.root())?;
    let last = store.latest()?;
    let facts = RunFacts {
        run_id: options.run_id.clone().unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
        version: last.as_ref().map_or(0, |manifest| manifest.version) + 1,
        as_of,
    };
    // What the pipeline refers to is read before any data is.
    let steward = plan.matching.decisions.as_deref().map(read_decisions).transpose()?.unwrap_or_default();
    let named_model = named_model(plan)?;
    let staging_dir = store.stage(&lock)?;
    let staging = staging_dir.path();
    let landing = store.landing(&lock)?;
    let mut stages = Stages::default();

    // Extract.
    let checked = match check_sources(plan, last.as_ref()).await {
        Err(RunError::Sql(mistakes)) => {
            return Err(lost_columns(plan, last.as_ref()).unwrap_or(RunError::Sql(mistakes)));
        }
        checked => checked?,
    };
    let stage = progress.stage("extract", None);
    let last_dir = last.as_ref().map(|last| store.version_dir(last.version));
    let directories = Directories { landing: landing.path(), staging, last: last_dir };
    let (delivered, mut verdict) = land(plan, &checked, &directories, last.as_ref(), &options.reread, as_of, progress)?;
    let rows_read = delivered
        .iter()
        .map(|delivered| if let Delivered::Fresh(extracted) = delivered { extracted.rows_read() } else { 0 })
        .sum();
    stages.ended(
        "extract",
        stage,
        rows_read,
        rows_read,
        &format!(
            "{} of {} from {}",
            counted(rows_read, "row"),
            counted(tables_read(&delivered), "table"),
            counted(plan.sources.len() as u64, "source")
        ),
    );
    let inputs = inputs_hash(plan, &delivered, options.as_of)?;
    let degraded = degraded(plan, &delivered);
    let states: Vec<&str> = delivered.iter().map(Delivered::state).collect();
    if let Some(last) = last.as_ref().filter(|last| last.inputs_hash == inputs && !options.force && !options.retrain) {
        // A run that was cut off after publishing may have left `latest` behind.
        store.point_latest(last)?;
        let directory = store.version_dir(last.version);
        return Ok(Outcome::Unchanged { version: last.version, directory, degraded, warnings: verdict.warnings });
    }
    for (name, _) in &degraded {
        let before = last.as_ref().and_then(|last| last.sources.iter().find(|entry| entry.name == *name));
        if let (Some(before), Some(directory)) = (before, &directories.last) {
            carry_states(before, directory, staging)?;
        }
    }
    let last_good = last_good(plan, &delivered, &store, last.as_ref())?;
    let extracted: Vec<Option<ExtractedSource>> = delivered.into_iter().map(Delivered::into_fresh).collect();

    // Normalise.
    let stage = progress.stage("normalise", Some(rows_read));
    let mut normalized = normalize(plan, &extracted, &last_good, options.threads, progress).await?;
    let records = normalized.entities.iter().map(|entity| entity.len() as u64).sum();
    stages.ended("normalise", stage, rows_read, records, &counted(records, "record"));

    check_quarantine(plan, &extracted, &normalized, last.as_ref())?;

    // Resolve and survive. Who is who does not change the records: their table, the largest, is written meanwhile, because
    // parts of matching leave cores idle. Then their values are brought into the order of the golden profiles, in which
    // all that follows reads them.
    let stage = progress.stage("resolve", Some(records));
    let resolve = |records: &EntityRecords| {
        progress.check_signal()?;
        let model = match named_model.as_ref().filter(|model| is_for(model, &records.plan.entity)) {
            Some(model) => Some((model.clone(), None)),
            None => pinned_model(&store, last.as_ref(), &records.plan.entity, options.retrain)?,
        };
        let ids = previous_ids(&store, last.as_ref(), &records.plan.entity)?;
        resolve_entity(plan, records, model.as_ref(), &steward, &ids, facts.version, options, progress)
    };
    let failed = AtomicBool::new(false);
    let go_on = || {
        let given_up = || RunError::Internal("records are not written, because they could not be matched".to_owned());
        progress.check_signal()?;
        if failed.load(Ordering::Relaxed) { Err(given_up()) } else { Ok(()) }
    };
    let (entities, source_records) = rayon::join(
        || {
            let entities = normalized.entities.iter().map(resolve).collect::<Result<Vec<_>, _>>();
            failed.store(entities.is_err(), Ordering::Relaxed);
            entities
        },
        || tables::source_records::write(plan, &normalized, staging, &go_on),
    );
    let (entities, source_records) = (entities?, source_records?);
    let (mut entities, previous_ids): (Vec<EntityResult>, Vec<_>) = entities.into_iter().unzip();
    for (records, entity) in normalized.entities.iter_mut().zip(&mut entities) {
        progress.check_signal()?;
        records.arrange_values(entity.clusters.all_members())?;
        entity.golden = survive(plan, records, &entity.ids, &entity.clusters)?;
    }
    let profiles: u64 = entities.iter().map(|entity| entity.clusters.len() as u64).sum();
    stages.ended("resolve", stage, records, profiles, &counted(profiles, "golden profile"));
    let results = Results { plan, facts, extracted: &extracted, normalized: &normalized, entities, previous_ids };

    // Audit.
    let stage = progress.stage("audit", None);
    let measures = report::measure(&results)?;
    verdict.gates.extend(check_gates(&measures));
    balance(plan, &normalized)?;
    stages.ended("audit", stage, profiles, profiles, &counted(verdict.gates.len() as u64, "check"));
    let broken: Vec<String> =
        measures.checks.iter().filter(|check| check.fail && !check.holds).map(|check| check.sentence()).collect();
    if !broken.is_empty() {
        return Err(RunError::Gate(format!(
            "{}\nNothing was published; the previous version stands.",
            broken.join("\n")
        )));
    }

    // Write, report, publish.
    let stage = progress.stage("publish", None);
    let mut written = write_tables(&results, &measures, staging, progress)?;
    written.push(source_records);
    write_models(&results, staging)?;
    let mut manifest = manifest(&results, &verdict, last.as_ref(), &inputs, &states, started)?;
    let document = report::document(&results, &measures, &stages.entries, &verdict.gates);
    commit::write_durable(&staging.join("report.html"), &report::html(&document)?)?;
    commit::write_durable(&staging.join("report.json"), &report::json(&document))?;
    manifest.stages = stages.entries.clone();
    written.sort_by(|a, b| a.table.cmp(&b.table));
    written.push(tables::run_manifest::write(&manifest, staging, plan.publish.compression)?);
    manifest.tables = written;
    manifest.finished_at = now();
    progress.check_signal()?;
    let directory = store.publish(&lock, staging, &manifest)?;
    // From here on the version is published; what fails now is said, and mended by the next run.
    let mut warnings = std::mem::take(&mut verdict.warnings);
    warnings.extend(drifted(&results));
    let in_quarantine = tables::quarantine::rows(&results);
    let quarantined = quarantined(&in_quarantine);
    warnings.extend(torn_files(&in_quarantine));
    warnings.extend(much_in_quarantine(&manifest.sources));
    warnings.extend(same_keys(plan, &manifest.sources));
    warnings.extend(hardly_read(plan, &measures));
    warnings.extend(tells_little(plan, &results, &measures));
    if let Some(path) = &plan.matching.decisions {
        warnings.extend(unknown_decisions(path, &steward, &results.entities));
    }
    if let Err(error) = store.point_latest(&manifest) {
        warnings.push(format!("`latest` still points to the version before: {error}"));
    }
    let removed = plan.publish.keep.map_or(Ok(0), |keep| store.retain(&lock, keep)).unwrap_or_else(|error| {
        warnings.push(format!("old versions were not removed: {error}"));
        0
    });
    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    stage.done(&format!("{}, {}", counted(manifest.tables.len() as u64, "table"), counted(rows, "row")));
    Ok(Outcome::Published(Box::new(Published {
        manifest,
        directory,
        measures,
        quarantined,
        removed,
        degraded,
        warnings,
    })))
}

fn check_gates(measures: &Measures) -> Vec<Gate> {
    measures
        .checks
        .iter()
        .map(|check| Gate {
            name: check.name(),
            status: if check.holds {
                "pass"
            } else if check.fail {
                "fail"
            } else {
                "warn"
            }
            .to_owned(),
            observed: check.observed_text(),
            expected: check.text.clone(),
        })
        .collect()
}

/// Writes all tables but that of the records and that of the run itself.
fn write_tables(
    results: &Results<'_>,
    measures: &Measures,
    staging: &Path,
    progress: &Progress,
) -> Result<Vec<crate::publish::table::WrittenTable>, RunError> {
    use rayon::prelude::*;
    type Write<'a> = &'a (dyn Fn(&Results<'_>, &Path) -> Result<crate::publish::table::WrittenTable, RunError> + Sync);
    let quality: Write<'_> = &|results, staging| tables::quality_metrics::write(results, measures, staging);
    let coverage: Write<'_> = &|results, staging| tables::coverage_matrix::write(results, measures, staging);
    let overlap: Write<'_> = &|results, staging| tables::source_overlap::write(results, measures, staging);
    // The largest first: threads take one after the other, so what is left for the end is small.
    let writes: [Write<'_>; 16] = [
        &tables::attribute_provenance::write,
        &tables::match_pairs::write,
        &tables::golden_profiles::write,
        &tables::cross_reference::write,
        &tables::record_ledger::write,
        &tables::golden_identifiers::write,
        &tables::golden_addresses::write,
        &tables::match_patterns::write,
        &tables::cluster_edges_cut::write,
        &tables::consents::write,
        &tables::quarantine::write,
        &tables::match_blocks::write,
        &tables::id_redirects::write,
        quality,
        coverage,
        overlap,
    ];
    writes
        .iter()
        .par_bridge()
        .map(|write| {
            progress.check_signal()?;
            write(results, staging)
        })
        .collect()
}

fn write_models(results: &Results<'_>, staging: &Path) -> Result<(), RunError> {
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let path = previous::model_path(staging, &records.plan.entity);
        if let Some(directory) = path.parent() {
            create_private_dir(directory)?;
        }
        commit::write_durable(&path, entity.model_json.as_bytes())?;
    }
    Ok(())
}

/// Collects what the stages took.
#[derive(Default)]
struct Stages {
    entries: Vec<StageEntry>,
}

impl Stages {
    fn ended(&mut self, name: &str, stage: crate::progress::Stage<'_>, rows_in: u64, rows_out: u64, summary: &str) {
        let seconds = stage.done(summary);
        let (peak_memory, in_file) = (goldsmith_memory::peak(), goldsmith_memory::in_file());
        self.entries.push(StageEntry { stage: name.to_owned(), rows_in, rows_out, seconds, peak_memory, in_file });
    }
}

pub(super) fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
