//! The records of one entity type matched: who is who, and under which golden id.

use goldsmith_resolve::ResolveError;

use super::RunError;
use super::model::GivenModel;
use super::plan::{MatchPlan, Plan};
use super::run::RunOptions;
use crate::golden::{Clusters, Golden};
use crate::matching::{PreviousIds, StewardDecisions, coded_records, golden_ids};
use crate::normalize::EntityRecords;
use crate::progress::Progress;
use crate::publish::manifest::Manifest;
use crate::publish::previous::{self, Version};
use crate::publish::{EntityResult, Store};
use crate::report;

#[expect(clippy::too_many_arguments, reason = "the inputs of one stage, each named")]
pub(super) fn resolve_entity(
    plan: &Plan,
    records: &EntityRecords,
    model: Option<&GivenModel>,
    steward: &StewardDecisions,
    previous: &PreviousIds,
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
        Err(ResolveError::Stopped) => {
            progress.check_signal()?;
            return Err(RunError::Internal("matching stopped by itself".to_owned()));
        }
        Err(error @ ResolveError::ModelMismatch { .. }) => {
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

pub(super) fn previous_ids(store: &Store, last: Option<&Manifest>, entity: &str) -> Result<PreviousIds, RunError> {
    last.map_or_else(
        || Ok(PreviousIds::default()),
        |last| previous::previous_ids(Version { store, manifest: last }, entity),
    )
}
