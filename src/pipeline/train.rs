//! Training alone: extract and normalise as a run does, then learn the model of one entity type and publish nothing.

use goldsmith_resolve::Model;

use super::RunError;
use super::deliver::{Delivered, Directories, land};
use super::plan::Plan;
use super::resolve::match_options;
use super::run::RunOptions;
use super::sources::check_sources;
use crate::counted::counted;
use crate::evaluation::Truth;
use crate::extract::ExtractedSource;
use crate::matching::{coded_records, labels, read_decisions};
use crate::normalize::normalize;
use crate::progress::Progress;
use crate::publish::Store;

/// The model of one entity type.
pub struct Trained {
    /// Records it was trained on.
    pub records: u64,
    /// Those of them whose customer was known.
    pub labelled: u64,
    pub model: Model,
}

/// The model of the entity type `entity`, trained on what the plan's sources hold now, on the decisions of its stewards
/// and on `truth`, which may be empty. The pipeline's output is only used to work in, under its lock.
///
/// # Errors
/// [`RunError`], as a run would end with it; a type the plan does not have.
pub async fn train(
    plan: &Plan,
    entity: &str,
    options: &RunOptions,
    truth: &[Truth],
    progress: &Progress,
) -> Result<Trained, RunError> {
    let steward = plan.matching.decisions.as_deref().map(read_decisions).transpose()?.unwrap_or_default();
    let as_of = options.as_of.unwrap_or_else(|| chrono::Utc::now().timestamp_micros());
    let store = Store::new(plan.publish.to.clone());
    let lock = store.lock(options.wait)?;
    options.memory.bound(store.root())?;
    let landing = store.landing(&lock)?;
    let checked = check_sources(plan, None).await?;
    let stage = progress.stage("extract", None);
    // No state is gone on from: a model is learnt from everything there is.
    let states = landing.path().join(".states");
    let directories = Directories { landing: landing.path(), staging: &states, last: None };
    let (delivered, _) = land(plan, &checked, &directories, None, &options.reread, as_of, progress)?;
    stage.done(&counted(plan.sources.len() as u64, "source"));
    let extracted: Vec<Option<ExtractedSource>> = delivered.into_iter().map(Delivered::into_fresh).collect();
    let nothing: Vec<_> = plan.sources.iter().map(|_| None).collect();
    let stage = progress.stage("normalise", None);
    let normalized = normalize(plan, &extracted, &nothing, options.threads, progress).await?;
    let records: usize = normalized.entities.iter().map(|records| records.len()).sum();
    stage.done(&counted(records as u64, "record"));
    let records = normalized
        .entities
        .iter()
        .find(|records| records.plan.entity == entity)
        .ok_or_else(|| RunError::Internal(format!("the plan has no {entity} records")))?;
    progress.check_signal()?;
    let mut coded = coded_records(plan, records)?;
    let settings = match_options(&plan.matching, entity, options.threads);
    let labels = labels(plan, records, truth, &steward.decisions)?;
    let trained = goldsmith_resolve::train(&mut coded, &settings, &labels, progress);
    // What was asked to end is no failure of the records.
    progress.check_signal()?;
    let model = trained.map_err(|error| RunError::Gate(format!("{entity} records cannot be learnt from: {error}")))?;
    Ok(Trained { records: coded.len() as u64, labelled: labels.entities.len() as u64, model })
}
