//! `match_pairs`: the compared pairs that matter: matches, review, forced and cut ones, and a sample of the rest.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Float32Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use goldsmith_resolve::PairDecision;

use super::cluster_edges_cut::{cut_reason, source_name};
use super::golden_identifiers::source_key;
use super::{append_list, text_list_builder};
use crate::pipeline::RunError;
use crate::publish::Results;
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
        column("sampled", DataType::Boolean, false, "here only as part of the sample of pairs that do not matter"),
    ]
}

/// The decision's name in the table.
#[must_use]
pub fn decision(decision: PairDecision) -> &'static str {
    match decision {
        PairDecision::Match => "match",
        PairDecision::Review => "review",
        PairDecision::NoMatch => "no_match",
        PairDecision::ForcedMatch => "forced_match",
        PairDecision::ForcedNoMatch => "forced_no_match",
        PairDecision::CutByGuard(_) => "cut_by_guard",
    }
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
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        for pairs in entity.resolution.pairs.chunks(BATCH_ROWS) {
            let mut texts: [StringBuilder; 8] = Default::default();
            let mut rules = text_list_builder();
            let (mut score, mut probability, mut tf_adjust) =
                (Float32Builder::new(), Float32Builder::new(), Float32Builder::new());
            let (mut pattern, mut sampled) = (Int64Builder::new(), BooleanBuilder::new());
            for pair in pairs {
                let values = [
                    Some(records.plan.entity.as_str()),
                    Some(source_name(results.plan, records, pair.left)),
                    Some(source_key(records, pair.left)?),
                    Some(source_name(results.plan, records, pair.right)),
                    Some(source_key(records, pair.right)?),
                    Some(decision(pair.decision)),
                    cut_reason(pair.decision),
                    Some(entity.model_version.as_str()),
                ];
                for (builder, value) in texts.iter_mut().zip(values) {
                    builder.append_option(value);
                }
                append_list(
                    &mut rules,
                    entity
                        .resolution
                        .rules
                        .iter()
                        .enumerate()
                        .filter(|(bit, _)| pair.rules >> bit & 1 == 1)
                        .map(|(_, rule)| rule.rule.as_str()),
                );
                score.append_value(bits(pair.weight));
                #[expect(clippy::cast_possible_truncation, reason = "a probability")]
                probability.append_value(pair.probability as f32);
                tf_adjust.append_value(bits(pair.tf_adjust));
                pattern.append_value(i64::from(pair.pattern));
                sampled.append_value(pair.sampled);
            }
            let [
                mut entity_type,
                mut left_source,
                mut left_key,
                mut right_source,
                mut right_key,
                mut decided,
                mut reason,
                mut model,
            ] = texts;
            let columns: Vec<ArrayRef> = vec![
                Arc::new(entity_type.finish()),
                Arc::new(left_source.finish()),
                Arc::new(left_key.finish()),
                Arc::new(right_source.finish()),
                Arc::new(right_key.finish()),
                Arc::new(rules.finish()),
                Arc::new(score.finish()),
                Arc::new(probability.finish()),
                Arc::new(decided.finish()),
                Arc::new(reason.finish()),
                Arc::new(model.finish()),
                Arc::new(pattern.finish()),
                Arc::new(tf_adjust.finish()),
                Arc::new(sampled.finish()),
            ];
            writer.write(columns)?;
        }
    }
    writer.finish()
}
