//! The way through: extract, normalise, resolve, survive, publish, report. This is the only place that knows the
//! order of the stages.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use goldsmith_increments::NewState;
use goldsmith_resolve::Model;

use super::RunError;
use super::incremental::{Reread, carry_states};
use super::inputs::inputs_hash;
use super::memory::Memory;
use super::model::{is_for, named_model};
use super::plan::{ContractPlan, Drift, MatchPlan, Plan};
use super::sources::{CheckedSource, Delivered, Directories, check_source, land};
use crate::extract::contract::{Verdict, check_columns, columns};
use crate::extract::{ExtractedSource, LandedIncrement, LandedTable, Quarantined};
use crate::golden::{Clusters, Golden, survive};
use crate::matching::{StewardDecisions, coded_records, golden_ids, read_decisions};
use crate::normalize::records::{EntityRecords, LastGood, Normalized, RecordCounts, normalize};
use crate::progress::Progress;
use crate::publish::manifest::{
    FileEntry, Gate, Manifest, SCHEMA_VERSION, SourceEntry, StageEntry, StateEntry, TableEntry,
};
use crate::publish::previous::Version;
use crate::publish::results::RunFacts;
use crate::publish::table::create_private_dir;
use crate::publish::{EntityResult, Results, Store, commit, previous, tables};
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

/// Files that end in the middle of a row, as one does whose delivery was cut short.
fn torn_files(rows: &[&Quarantined]) -> Vec<String> {
    let torn = rows.iter().filter(|row| row.rule == "torn_row");
    torn.map(|row| {
        format!(
            "source `{}`: {} ends in the middle of a row, so its end may be missing; compare its size with that at its sender",
            row.source, row.file
        )
    })
    .collect()
}

/// How many rows went to quarantine, by source and rule.
fn quarantined(rows: &[&Quarantined]) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry((row.source.clone(), row.rule.clone())).or_default() += 1;
    }
    counts
}

/// Where SQL does not fit because a source lost a column it had in the last published version, the source broke its
/// contract; the pipeline file is right.
fn lost_columns(plan: &Plan, last: Option<&Manifest>) -> Option<RunError> {
    let last = last?;
    let mut breaches = Vec::new();
    for source in plan.sources.iter().filter(|source| source.contract.missing_column == Drift::Fail) {
        let Some(before) = last.sources.iter().find(|entry| entry.name == source.name) else { continue };
        let Ok(found) = crate::extract::schemas(source) else { continue };
        let tables: Vec<_> = found.schemas.iter().map(|(table, schema)| (table.clone(), columns(schema))).collect();
        let contract =
            ContractPlan { new_column: Drift::Evolve, retyped_column: Drift::Evolve, ..source.contract.clone() };
        breaches.extend(check_columns(&source.name, &contract, &tables, before).breaches);
    }
    (!breaches.is_empty()).then(|| RunError::Gate(breaches.join("\n")))
}

fn tables_read(delivered: &[Delivered]) -> u64 {
    delivered
        .iter()
        .map(|delivered| if let Delivered::Fresh(extracted) = delivered { extracted.tables.len() as u64 } else { 0 })
        .sum()
}

/// A comparison has drifted where this share of the candidate pairs shows another level than in training.
const MOST_DRIFT: f64 = 0.1;

/// Says where the pairs of this run are far from those the model was trained on.
fn drifted(results: &Results<'_>) -> Vec<String> {
    let of = |(records, entity): (&EntityRecords, &EntityResult)| {
        let far = entity.resolution.drift.iter().filter(|drift| drift.distance > MOST_DRIFT);
        let far: Vec<String> =
            far.map(|drift| format!("{} {:.0}%", drift.comparison, drift.distance * 100.0)).collect();
        (!far.is_empty()).then(|| {
            format!(
                "the {} records are no longer like those their match model was trained on; so many of the candidate pairs agree otherwise than then: {}. If the change is real, train a new model with --retrain",
                records.plan.entity,
                far.join(", ")
            )
        })
    };
    results.normalized.entities.iter().zip(&results.entities).filter_map(of).collect()
}

/// Lines of decisions that a warning names.
const SHOWN_LINES: usize = 5;

/// Says which decisions are about records that are not there, which nothing can obey.
fn unknown_decisions(path: &Path, steward: &StewardDecisions, entities: &[EntityResult]) -> Option<String> {
    let known: hashbrown::HashSet<_> = entities.iter().flat_map(|entity| &entity.ids).collect();
    let lines = steward.unknown(|id| known.contains(id));
    let shown: Vec<String> = lines.iter().take(SHOWN_LINES).map(u64::to_string).collect();
    let more = if lines.len() > SHOWN_LINES { ", …" } else { "" };
    (!lines.is_empty()).then(|| {
        format!(
            "{}: {} with a record that is not there (line {}{more}), which nothing can obey; check source and key",
            path.display(),
            counted(lines.len() as u64, "decision"),
            shown.join(", ")
        )
    })
}

/// Asks every source for its schemas and checks all SQL against them, before a row is read.
///
/// # Errors
/// Every mistake in the SQL of every source together.
pub async fn check_sources(
    plan: &Plan,
    last: Option<&Manifest>,
) -> Result<Vec<Result<CheckedSource, RunError>>, RunError> {
    let mut checked = Vec::new();
    let mut mistakes = Vec::new();
    for source in &plan.sources {
        let before = last.and_then(|last| last.sources.iter().find(|entry| entry.name == source.name));
        match check_source(plan, source, before).await {
            Ok(Ok(found)) => checked.push(Ok(found)),
            Ok(Err(found)) => mistakes.extend(found),
            Err(error) => checked.push(Err(error)),
        }
    }
    if mistakes.is_empty() { Ok(checked) } else { Err(RunError::Sql(mistakes)) }
}

#[expect(clippy::too_many_arguments, reason = "the inputs of one stage, each named")]
fn resolve_entity(
    plan: &Plan,
    records: &EntityRecords,
    model: Option<&GivenModel>,
    steward: &StewardDecisions,
    previous: &crate::matching::PreviousIds,
    version: i64,
    options: &RunOptions,
    progress: &Progress,
) -> Result<(EntityResult, hashbrown::HashMap<u32, String>), RunError> {
    let mut coded = coded_records(plan, records)?;
    // Matching works in the pool of the run, whose threads write a table meanwhile.
    let settings = goldsmith_resolve::Options {
        threads: None,
        ..match_options(&plan.matching, &records.plan.entity, options.threads)
    };
    let given = model.map(|(model, _)| model);
    let mut resolution = match goldsmith_resolve::resolve(&mut coded, &settings, given, &steward.decisions, progress) {
        Ok(resolution) => resolution,
        Err(error @ goldsmith_resolve::ResolveError::ModelMismatch { .. }) => {
            // The named model has no published text; another entity type may have a pinned one beside it.
            let mend = match (&plan.matching.model, model) {
                (Some(path), Some((_, None))) => {
                    format!("train {} anew with `goldsmith train --out`, or remove `match: model`", path.display())
                }
                _ => "run with --retrain to train a new model".to_owned(),
            };
            return Err(RunError::Gate(format!("{} records cannot be matched: {error}; {mend}", records.plan.entity)));
        }
        Err(error) => {
            let error = steward.explain(error);
            return Err(RunError::Gate(format!("{} records cannot be matched: {error}", records.plan.entity)));
        }
    };
    let placeholders = report::placeholder_rows(&records.plan, &coded, &resolution);
    let ids = std::mem::take(&mut coded.ids);
    drop(coded);
    let cluster_ids = golden_ids(&records.plan.entity, &ids, &resolution.cluster_of, &plan.ids_key, previous, version);
    let (golden_ids, order) = cluster_ids.in_order(&mut resolution.cluster_of);
    resolution.confidence =
        order.iter().map(|cluster| resolution.confidence.get(*cluster as usize).copied().unwrap_or(1.0)).collect();
    let clusters = Clusters::new(std::mem::take(&mut resolution.cluster_of));
    let mut needs_review = vec![false; clusters.len()];
    for pair in resolution.pairs.iter().filter(|pair| pair.decision == goldsmith_resolve::PairDecision::Review) {
        for record in [pair.left, pair.right] {
            if let Some(flag) = needs_review.get_mut(clusters.of(record as usize)) {
                *flag = true;
            }
        }
    }
    let mut moved = hashbrown::HashMap::new();
    for (record, id) in ids.iter().enumerate() {
        let now = golden_ids.of(clusters.of(record));
        if let Some(before) = previous.of_record.get(id).filter(|before| before.as_str() != now) {
            moved.insert(u32::try_from(record).unwrap_or(u32::MAX), before.clone());
        }
    }
    let model_json = match model.and_then(|(_, text)| text.clone()) {
        Some(text) => text,
        None => resolution
            .model
            .to_json()
            .map_err(|error| RunError::Internal(format!("the model cannot be written: {error}")))?,
    };
    let model_version = previous::model_version(model_json.as_bytes());
    let result = EntityResult {
        ids,
        resolution,
        model_json,
        model_version,
        clusters,
        golden_ids,
        golden: Golden::default(),
        needs_review,
        placeholders,
    };
    Ok((result, moved))
}

/// The match engine's options for a plan.
#[must_use]
pub fn match_options(matching: &MatchPlan, entity: &str, threads: usize) -> goldsmith_resolve::Options {
    goldsmith_resolve::Options {
        threshold: matching.threshold,
        review_from: matching.review_from,
        threads: Some(threads.max(1)),
        overrides: goldsmith_resolve::Overrides {
            blocking: matching.blocking.get(entity).cloned(),
            ..goldsmith_resolve::Overrides::default()
        },
        ..goldsmith_resolve::Options::default()
    }
}

/// A model to match with, and its published text where it has one.
type GivenModel = (Model, Option<String>);

/// The published model. It is never retrained unasked.
fn pinned_model(
    store: &Store,
    last: Option<&Manifest>,
    entity: &str,
    retrain: bool,
) -> Result<Option<GivenModel>, RunError> {
    match last {
        Some(last) if !retrain && last.models.contains_key(entity) => {
            let (model, text) = previous::previous_model(Version { store, manifest: last }, entity)?;
            // One that never met two records that could match has nothing to say of those of today.
            Ok(model.has_met_pairs().then_some((model, Some(text))))
        }
        _ => Ok(None),
    }
}

fn previous_ids(
    store: &Store,
    last: Option<&Manifest>,
    entity: &str,
) -> Result<crate::matching::PreviousIds, RunError> {
    last.map_or_else(
        || Ok(crate::matching::PreviousIds::default()),
        |last| previous::previous_ids(Version { store, manifest: last }, entity),
    )
}

fn degraded(plan: &Plan, delivered: &[Delivered]) -> Vec<(String, String)> {
    plan.sources
        .iter()
        .zip(delivered)
        .filter_map(|(source, delivered)| match delivered {
            Delivered::Fresh(_) => None,
            Delivered::LastGood { why } => Some((source.name.clone(), format!("last good data used: {why}"))),
            Delivered::Skipped { why } => Some((source.name.clone(), format!("left out: {why}"))),
        })
        .collect()
}

/// The published records of sources that were not read now.
fn last_good(
    plan: &Plan,
    delivered: &[Delivered],
    store: &Store,
    last: Option<&Manifest>,
) -> Result<Vec<Option<LastGood>>, RunError> {
    plan.sources
        .iter()
        .zip(delivered)
        .map(|(source, delivered)| match (delivered, last) {
            (Delivered::LastGood { .. }, Some(last)) => {
                LastGood::read(Version { store, manifest: last }, &source.name).map(Some)
            }
            _ => Ok(None),
        })
        .collect()
}

/// Every row read has exactly one fate, or the run fails.
fn balance(plan: &Plan, normalized: &Normalized) -> Result<(), RunError> {
    for (source, counts) in plan.sources.iter().zip(&normalized.counts) {
        let fates = counts.records + counts.duplicate_rows + counts.superseded + counts.quarantined + counts.filtered;
        if fates != counts.read + counts.shared {
            return Err(RunError::Internal(format!(
                "the ledger of source `{}` does not balance: {} rows read, {fates} fates",
                source.name, counts.read
            )));
        }
    }
    Ok(())
}

/// Rows without a key and rows an expression fails on are quarantined too, and known only now: they count for the
/// limit, and a source most of whose rows are lost that way has shrunk.
fn check_quarantine(
    plan: &Plan,
    extracted: &[Option<ExtractedSource>],
    normalized: &Normalized,
    last: Option<&Manifest>,
) -> Result<(), RunError> {
    for (source, counts) in plan.sources.iter().zip(&normalized.counts) {
        #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
        let share = counts.quarantined as f64 / counts.read.max(1) as f64;
        if share > source.contract.max_quarantined {
            return Err(RunError::Gate(format!(
                "source `{}`: {} of {} rows went to quarantine, {:.1}% are allowed (`contract: max_quarantined`)",
                source.name,
                counts.quarantined,
                counts.read,
                source.contract.max_quarantined * 100.0
            )));
        }
        let usable = |counts: &RecordCounts| counts.read.saturating_sub(counts.quarantined);
        let before = last
            .and_then(|last| last.sources.iter().find(|entry| entry.name == source.name))
            .map_or(0, |entry| usable(&entry.records));
        let lost = normalized.quarantined.iter().filter(|row| row.source == source.name).count();
        let example = || normalized.quarantined.iter().find(|row| row.source == source.name);
        let first = || example().map_or("", |row| row.message.as_str());
        // A first run has nothing to compare with, but a source without one usable row is a mistake in the file.
        if lost > 0 && counts.records == 0 {
            return Err(RunError::Gate(format!(
                "source `{}`: none of its {} rows can be used, because {lost} have no key or an expression fails on them; the first: {}",
                source.name,
                counts.read,
                first()
            )));
        }
        // Rows that a contract keeps out are kept out on purpose.
        let of_source = extracted.iter().flatten().filter(|extracted| extracted.name == source.name);
        let rows = of_source.flat_map(|extracted| &extracted.quarantined);
        let mut unreadable = rows.filter(|row| row.stage == "parse").peekable();
        if let Some(first) = unreadable.peek().filter(|_| counts.records == 0 && counts.quarantined == counts.read) {
            let first = first.message.clone();
            if unreadable.count() as u64 >= counts.read {
                return Err(RunError::Gate(format!(
                    "source `{}`: none of its {} rows can be read; the first: {first}",
                    source.name, counts.read
                )));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
        let share = usable(counts) as f64 / before.max(1) as f64;
        if before > 0 && lost > 0 && share < 1.0 && share <= source.contract.min_volume {
            return Err(RunError::Gate(format!(
                "source `{}`: {} rows can be used where the last published version had {before} ({:.0}%), because {lost} have no key or an expression fails on them; the first: {}. If that is right, set `contract: volume:` for the source",
                source.name,
                usable(counts),
                share * 100.0,
                first()
            )));
        }
    }
    Ok(())
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

fn manifest(
    results: &Results<'_>,
    verdict: &Verdict,
    last: Option<&Manifest>,
    inputs: &str,
    states: &[&str],
    started: chrono::DateTime<chrono::Utc>,
) -> Result<Manifest, RunError> {
    let plan = results.plan;
    let mut sources = Vec::new();
    let as_of = chrono::DateTime::from_timestamp_micros(results.facts.as_of)
        .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
        .unwrap_or_default();
    for (number, source) in plan.sources.iter().enumerate() {
        let extracted = results.extracted.get(number).and_then(Option::as_ref);
        let before = last.and_then(|last| last.sources.iter().find(|entry| entry.name == source.name));
        let state = states.get(number).copied().unwrap_or_default();
        let tables = match extracted {
            Some(extracted) => extracted
                .tables
                .iter()
                .map(|(name, table)| TableEntry {
                    name: name.clone(),
                    rows: table.rows,
                    rejected: table.rejected,
                    columns: accepted_columns(name, table, before),
                    state: table.increment.as_ref().map(state_entry),
                })
                .collect(),
            // Contracts go on from what was seen last.
            None => before.map(|before| before.tables.clone()).unwrap_or_default(),
        };
        sources.push(SourceEntry {
            name: source.name.clone(),
            connector: source.connector.to_owned(),
            locator: source.source.locator(),
            read_as_of: if extracted.is_some() {
                as_of.clone()
            } else {
                before.map(|before| before.read_as_of.clone()).unwrap_or_default()
            },
            state: state.to_owned(),
            tables,
            files: extracted
                .map(|extracted| {
                    extracted
                        .files
                        .iter()
                        .map(|file| FileEntry {
                            file: file.file.to_string(),
                            bytes: file.bytes,
                            blake3: file.checksum.clone(),
                            rows: file.rows,
                        })
                        .collect()
                })
                .unwrap_or_default(),
            records: results.normalized.counts.get(number).cloned().unwrap_or_default(),
        });
    }
    let by_entity = || results.normalized.entities.iter().zip(&results.entities);
    Ok(Manifest {
        schema_version: SCHEMA_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        pipeline: plan.name.clone(),
        version: results.facts.version,
        previous: last.map(|last| last.version),
        run_id: results.facts.run_id.clone(),
        started_at: started.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        finished_at: now(),
        as_of,
        config_hash: plan.config_hash.clone(),
        inputs_hash: inputs.to_owned(),
        models: by_entity()
            .map(|(records, entity)| (records.plan.entity.clone(), entity.model_version.clone()))
            .collect(),
        sources,
        stages: Vec::new(),
        tables: Vec::new(),
        gates: verdict.gates.clone(),
        golden_profiles: by_entity()
            .map(|(records, entity)| (records.plan.entity.clone(), entity.clusters.len() as u64))
            .collect::<BTreeMap<_, _>>(),
    })
}

fn state_entry(increment: &LandedIncrement) -> StateEntry {
    let NewState { file, mark, whole, counts, .. } = &increment.state;
    StateEntry {
        path: increment.path.display().to_string(),
        bytes: file.bytes,
        blake3: file.blake3.clone(),
        mark: mark.as_ref().map(|mark| mark.text.clone()),
        whole: whole.as_ref().map(ToString::to_string),
        read: counts.read,
        added: counts.added,
        changed: counts.changed,
        carried: counts.carried,
        gone: counts.gone,
    }
}

/// The columns the next run is held against: those of the last version whose columns were accepted.
fn accepted_columns(name: &str, table: &LandedTable, before: Option<&SourceEntry>) -> Vec<(String, String)> {
    before
        .and_then(|before| before.tables.iter().find(|known| known.name == name))
        .filter(|_| table.refused || table.source_schema.fields().is_empty())
        .map_or_else(|| columns(&table.source_schema), |known| known.columns.clone())
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

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// So many of something: `1 source`, `1,024 sources`.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", human(count), if count == 1 { "" } else { "s" })
}

/// A count with thousands set apart.
#[must_use]
pub fn human(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
