//! `match_blocks`: what each blocking rule did, and its largest blocks.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};

use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{TableWriter, WrittenTable, column, count, maybe_text, text};

pub const NAME: &str = "match_blocks";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("entity_type", "person, organisation or generic"),
        text("rule", "the blocking rule"),
        maybe_text("key_hash", "hash of the block's key; null in the row that sums up the rule"),
        count("records", "records in the block, or with a key of the rule"),
        column("blocks", DataType::Int64, true, "blocks of the rule"),
        column("pairs", DataType::Int64, true, "pairs the rule brought to comparison"),
        column("capped", DataType::Int64, true, "blocks over the cap, which were refined by further keys"),
        count("pairs_skipped", "pairs that were not compared because of the cap"),
        column(
            "recall_loss",
            DataType::Float32,
            true,
            "estimated share of true pairs lost by that: of the pairs skipped those that are not improbable (from 6 % up) and not in one golden profile",
        ),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    let (mut entity_type, mut rule, mut key) = (StringBuilder::new(), StringBuilder::new(), StringBuilder::new());
    let (mut records, mut blocks, mut pairs, mut capped, mut skipped) =
        (Int64Builder::new(), Int64Builder::new(), Int64Builder::new(), Int64Builder::new(), Int64Builder::new());
    let mut loss = Float32Builder::new();
    let int = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    for (of, entity) in results.normalized.entities.iter().zip(&results.entities) {
        for stats in &entity.resolution.rules {
            entity_type.append_value(&of.plan.entity);
            rule.append_value(&stats.rule);
            key.append_null();
            records.append_value(int(stats.records));
            blocks.append_value(int(stats.blocks));
            pairs.append_value(int(stats.pairs));
            capped.append_value(int(stats.capped));
            skipped.append_value(int(stats.pairs_skipped));
            #[expect(clippy::cast_possible_truncation, reason = "a share")]
            loss.append_value(stats.recall_loss as f32);
            for block in entity.resolution.largest_blocks.iter().filter(|block| block.rule == stats.rule) {
                entity_type.append_value(&of.plan.entity);
                rule.append_value(&block.rule);
                key.append_value(format!("{:016x}", block.key));
                records.append_value(i64::from(block.records));
                blocks.append_null();
                pairs.append_null();
                capped.append_null();
                skipped.append_value(int(block.pairs_skipped));
                loss.append_null();
            }
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(entity_type.finish()),
        Arc::new(rule.finish()),
        Arc::new(key.finish()),
        Arc::new(records.finish()),
        Arc::new(blocks.finish()),
        Arc::new(pairs.finish()),
        Arc::new(capped.finish()),
        Arc::new(skipped.finish()),
        Arc::new(loss.finish()),
    ];
    writer.write(columns)?;
    writer.finish()
}
