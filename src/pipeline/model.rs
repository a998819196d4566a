//! The match model that a pipeline file names.

use goldsmith_resolve::{EntityType, Model};

use super::RunError;
use super::plan::Plan;
use crate::publish::Store;
use crate::publish::manifest::Manifest;
use crate::publish::previous::{Version, previous_model, read_model};

/// The model named by `match: model:`, where one is.
///
/// # Errors
/// A file that is missing or no model; a model for records the pipeline does not have.
pub fn named_model(plan: &Plan) -> Result<Option<Model>, RunError> {
    let Some(path) = &plan.matching.model else { return Ok(None) };
    let model = read_model(path)?;
    if plan.entities.iter().any(|entity| is_for(&model, &entity.entity)) {
        return Ok(Some(model));
    }
    let types: Vec<&str> = plan.entities.iter().map(|entity| entity.entity.as_str()).collect();
    Err(RunError::Config(format!(
        "{}: the model is for {} records, and the pipeline has: {}; name one of these, or remove `match: model`",
        path.display(),
        model.entity.name(),
        types.join(", ")
    )))
}

/// Whether a model is for records of this type.
#[must_use]
pub fn is_for(model: &Model, entity: &str) -> bool {
    model.entity == EntityType::of(entity)
}

/// A model to match with, and its published text where it has one.
pub(super) type GivenModel = (Model, Option<String>);

/// The published model. It is never retrained unasked.
pub(super) fn pinned_model(
    store: &Store,
    last: Option<&Manifest>,
    entity: &str,
    retrain: bool,
) -> Result<Option<GivenModel>, RunError> {
    match last {
        Some(last) if !retrain && last.models.contains_key(entity) => {
            let (model, text) = previous_model(Version { store, manifest: last }, entity)?;
            // One that never met two records that could match has nothing to say of those of today.
            Ok(model.has_met_pairs().then_some((model, Some(text))))
        }
        _ => Ok(None),
    }
}
