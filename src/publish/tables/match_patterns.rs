//! `match_patterns`: the evidence behind pairs: for each combination of agreement levels what it weighs.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Builder, Int64Builder, ListBuilder, StringBuilder, StructBuilder};
use arrow::datatypes::{DataType, Field, Fields};
use goldsmith_resolve::Model;

use super::match_pairs::bits;
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::columns::{Names, repeated};
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, text};

pub const NAME: &str = "match_patterns";

fn level_fields() -> Fields {
    Fields::from(vec![
        Field::new("comparison", DataType::Utf8, true),
        Field::new("level", DataType::Utf8, true),
        Field::new("weight", DataType::Float32, true),
    ])
}

#[must_use]
pub fn fields() -> Vec<Field> {
    let item = Arc::new(Field::new("item", DataType::Struct(level_fields()), true));
    vec![
        text("entity_type", "person, organisation or generic"),
        count("pattern_id", "the pattern, within the entity type"),
        column("levels", DataType::List(item), false, "for each comparison its level and what that weighs in bits"),
        count("pairs", "candidate pairs that show the pattern"),
        column("probability", DataType::Float32, false, "match probability before term frequencies"),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let resolution = &entity.resolution;
        let entity_type = Names::of([records.plan.entity.as_str()]);
        for (chunk, patterns) in resolution.patterns.chunks(BATCH_ROWS).enumerate() {
            let (mut id, mut pairs, mut probability) =
                (Int64Builder::new(), Int64Builder::new(), Float32Builder::new());
            let mut levels = ListBuilder::new(StructBuilder::from_fields(level_fields(), patterns.len()));
            for (number, pattern) in patterns.iter().enumerate() {
                id.append_value(i64::try_from(chunk * BATCH_ROWS + number).unwrap_or(i64::MAX));
                for ((comparison, level), weight) in
                    resolution.comparisons.iter().zip(&pattern.levels).zip(&pattern.weights)
                {
                    let fields = levels.values();
                    if let Some(builder) = fields.field_builder::<StringBuilder>(0) {
                        builder.append_value(comparison);
                    }
                    if let Some(builder) = fields.field_builder::<StringBuilder>(1) {
                        builder.append_option(level_name(&resolution.model, comparison, *level));
                    }
                    if let Some(builder) = fields.field_builder::<Float32Builder>(2) {
                        builder.append_value(bits(*weight));
                    }
                    fields.append(true);
                }
                levels.append(true);
                pairs.append_value(i64::try_from(pattern.pairs).unwrap_or(i64::MAX));
                #[expect(clippy::cast_possible_truncation, reason = "a probability")]
                probability.append_value(pattern.probability as f32);
            }
            let columns: Vec<ArrayRef> = vec![
                repeated(&entity_type, patterns.len())?,
                Arc::new(id.finish()),
                Arc::new(levels.finish()),
                Arc::new(pairs.finish()),
                Arc::new(probability.finish()),
            ];
            writer.write(columns)?;
        }
    }
    writer.finish()
}

fn level_name<'a>(model: &'a Model, comparison: &str, level: u8) -> Option<&'a str> {
    let comparison = model.comparisons.iter().find(|known| known.name == comparison)?;
    comparison.levels.get(usize::from(level)).map(|level| level.level.as_str())
}
