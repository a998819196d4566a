//! `match_pairs`: the compared pairs and what became of them; of the improbable ones a sample.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array};
use arrow::datatypes::{DataType, Field};
use goldsmith_resolve::{PairDecision, Resolution, ScoredPair};

use super::cluster_edges_cut::{CUT_REASONS, cut_number, reason_name};
use super::{append_list, text_list_builder};
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::columns::{Names, Origins, counts, repeated, source_names, texts};
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, maybe_text, text, text_list};

pub const NAME: &str = "match_pairs";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("entity_type", "person, organisation or generic"),
        text("left_source", "system of the left record"),
        text("left_key", "key of the left record"),
        text("right_source", "system of the right record"),
        text("right_key", "key of the right record"),
        text_list("blocking_keys", "the blocking rules that brought the pair together"),
        column("score", DataType::Float32, false, "match weight in bits, prior included"),
        column("probability", DataType::Float32, false, "probability that the records are one customer"),
        text("decision", "match, review, no_match, forced_match, forced_no_match or cut_by_guard"),
        maybe_text("cut_reason", "why a pair that is good enough was kept apart"),
        text("model_version", "the model that scored it"),
        count("pattern_id", "its evidence in match_patterns, within the entity type"),
        column(
            "tf_adjust",
            DataType::Float32,
            false,
            "bits added or taken because the agreeing values are rare or common",
        ),
        column(
            "sampled",
            DataType::Boolean,
            false,
            "whether the row is one of the hundredth that is drawn from the pairs below a probability of .05, or below review where that is lower",
        ),
    ]
}

const DECISIONS: [&str; 6] = ["match", "review", "no_match", "forced_match", "forced_no_match", "cut_by_guard"];

/// The decision's number among [`DECISIONS`].
fn decision_number(decision: PairDecision) -> u32 {
    match decision {
        PairDecision::Match => 0,
        PairDecision::Review => 1,
        PairDecision::NoMatch => 2,
        PairDecision::ForcedMatch => 3,
        PairDecision::ForcedNoMatch => 4,
        PairDecision::CutByGuard(_) => 5,
    }
}

/// The decision's name in the table.
#[must_use]
pub fn decision(decision: PairDecision) -> &'static str {
    DECISIONS.get(decision_number(decision) as usize).copied().unwrap_or_default()
}

/// Weights are 1/1024 bit.
#[expect(clippy::cast_precision_loss, reason = "a weight in bits")]
pub(super) fn bits(weight: impl Into<i64>) -> f32 {
    weight.into() as f32 / 1024.0
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    let (sources, decisions) = (source_names(results.plan), Names::of(DECISIONS));
    let reasons = Names::of(CUT_REASONS.map(reason_name));
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let origins = Origins::of(results.plan, records)?;
        let entity_type = Names::of([records.plan.entity.as_str()]);
        let model = Names::of([entity.model_version.as_str()]);
        for pairs in entity.resolution.pairs.chunks(BATCH_ROWS) {
            #[expect(clippy::cast_possible_truncation, reason = "a probability")]
            let probability = pairs.iter().map(|pair| pair.probability() as f32);
            writer.write(vec![
                repeated(&entity_type, pairs.len())?,
                sources.column(pairs.iter().map(|pair| origins.source(pair.left)))?,
                texts(pairs.iter().map(|pair| origins.key(pair.left))),
                sources.column(pairs.iter().map(|pair| origins.source(pair.right)))?,
                texts(pairs.iter().map(|pair| origins.key(pair.right))),
                rules(&entity.resolution, pairs),
                Arc::new(Float32Array::from_iter_values(pairs.iter().map(|pair| bits(pair.weight)))),
                Arc::new(Float32Array::from_iter_values(probability)),
                decisions.column(pairs.iter().map(|pair| decision_number(pair.decision)))?,
                reasons.maybe_column(pairs.iter().map(|pair| cut_number(pair.decision)))?,
                repeated(&model, pairs.len())?,
                counts(pairs.iter().map(|pair| i64::from(pair.pattern))),
                Arc::new(Float32Array::from_iter_values(pairs.iter().map(|pair| bits(pair.tf_adjust)))),
                Arc::new(pairs.iter().map(|pair| Some(pair.sampled)).collect::<BooleanArray>()),
            ])?;
        }
    }
    writer.finish()
}

/// The names of the rules that brought each pair together.
fn rules(resolution: &Resolution, pairs: &[ScoredPair]) -> ArrayRef {
    let mut lists = text_list_builder();
    for pair in pairs {
        let named = resolution.rules.iter().enumerate().filter(|(bit, _)| pair.rules >> bit & 1 == 1);
        append_list(&mut lists, named.map(|(_, rule)| rule.rule.as_str()));
    }
    Arc::new(lists.finish())
}
