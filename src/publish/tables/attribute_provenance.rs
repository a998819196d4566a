//! `attribute_provenance`: for every golden value where it came from, and what else the records said.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Int64Builder, StringArray, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, TimestampMicrosecondType};

use super::golden_identifiers::{part, scalar_text, source_key};
use crate::golden::{RankedAttribute, RankedValue, value_part};
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::pipeline::plan::Survive;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, maybe_text, text};
use crate::publish::{EntityResult, Results};

pub const NAME: &str = "attribute_provenance";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("golden_id", "the customer"),
        text("attribute", "the attribute"),
        count("rank", "1 is the golden value"),
        text("value", "the normalised value as text; for an address its first line"),
        maybe_text("value_raw", "the value as the source has it, where that differs"),
        text("source", "the system of the record that speaks best for it"),
        text("source_key", "that record's key"),
        column("observed_at", layout::timestamp(), true, "when that record last changed"),
        text("validity", "valid or doubtful"),
        text("strategy", "how the winner was chosen"),
        column("is_winner", DataType::Boolean, false, "this is the golden value"),
        count("supported_by", "records that agree on it"),
    ]
}

/// The text columns of one attribute, a batch each.
struct Texts<'a> {
    ranked: &'a RankedAttribute,
    /// Scalar values as text; empty for a repeatable attribute.
    scalars: Vec<StringArray>,
}

struct Row<'a> {
    golden_id: &'a str,
    texts: &'a Texts<'a>,
    rank: usize,
    value: RankedValue,
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let mut texts = Vec::new();
        for ranked in &entity.golden.attributes {
            let scalars = if layout::is_list(ranked.plan.kind) {
                Vec::new()
            } else {
                records
                    .column(&ranked.plan.name)?
                    .into_iter()
                    .map(|array| Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()))
                    .collect::<Result<_, RunError>>()?
            };
            texts.push(Texts { ranked, scalars });
        }
        texts.sort_by(|a, b| a.ranked.plan.name.cmp(&b.ranked.plan.name));
        write_entity(results, records, entity, &texts, &mut writer)?;
    }
    writer.finish()
}

fn write_entity(
    results: &Results<'_>,
    records: &EntityRecords,
    entity: &EntityResult,
    texts: &[Texts<'_>],
    writer: &mut TableWriter,
) -> Result<(), RunError> {
    let mut rows: Vec<Row<'_>> = Vec::with_capacity(BATCH_ROWS + 64);
    for cluster in &entity.order {
        let cluster = *cluster as usize;
        let golden_id = entity.golden_id(cluster);
        for texts in texts {
            rows.extend(texts.ranked.of(cluster).iter().enumerate().map(|(rank, value)| Row {
                golden_id,
                texts,
                rank,
                value: *value,
            }));
        }
        if rows.len() >= BATCH_ROWS {
            flush(results, records, &rows, writer)?;
            rows.clear();
        }
    }
    if rows.is_empty() { Ok(()) } else { flush(results, records, &rows, writer) }
}

fn flush(
    results: &Results<'_>,
    records: &EntityRecords,
    rows: &[Row<'_>],
    writer: &mut TableWriter,
) -> Result<(), RunError> {
    let mut builders: [StringBuilder; 8] = Default::default();
    let (mut rank, mut support) = (Int64Builder::new(), Int64Builder::new());
    let mut observed = TimestampMicrosecondBuilder::new().with_timezone("UTC");
    let mut winner = BooleanBuilder::new();
    let updated = records.column(layout::UPDATED_AT)?;
    for row in rows {
        let plan = &row.texts.ranked.plan;
        let record = row.value.record;
        let Some((batch, at)) = records.places.get(record as usize).copied() else { continue };
        let (value, raw) = if layout::is_list(plan.kind) {
            (
                part(records, &plan.name, &row.value, value_part(plan.kind))?.unwrap_or(""),
                part(records, &plan.name, &row.value, "raw")?,
            )
        } else {
            let value =
                row.texts.scalars.get(batch).filter(|values| values.is_valid(at)).map_or("", |values| values.value(at));
            (value, scalar_text(records, &layout::raw_column(&plan.name), record)?)
        };
        let source = records
            .sources
            .get(record as usize)
            .and_then(|source| results.plan.sources.get(usize::from(*source)))
            .map_or("", |source| source.name.as_str());
        let texts = [
            Some(row.golden_id),
            Some(plan.name.as_str()),
            Some(value),
            raw.filter(|raw| *raw != value),
            Some(source),
            Some(source_key(records, record)?),
            Some(if row.value.valid { "valid" } else { "doubtful" }),
            Some(strategy(plan.survive)),
        ];
        for (builder, text) in builders.iter_mut().zip(texts) {
            builder.append_option(text);
        }
        let moment = updated
            .get(batch)
            .map(|array| array.as_primitive::<TimestampMicrosecondType>())
            .filter(|moments| moments.is_valid(at))
            .map(|moments| moments.value(at));
        observed.append_option(moment);
        rank.append_value(i64::try_from(row.rank + 1).unwrap_or(i64::MAX));
        support.append_value(i64::from(row.value.support));
        winner.append_value(row.rank == 0);
    }
    let [mut golden, mut attribute, mut value, mut raw, mut source, mut key, mut validity, mut how] = builders;
    let columns: Vec<ArrayRef> = vec![
        Arc::new(golden.finish()),
        Arc::new(attribute.finish()),
        Arc::new(rank.finish()),
        Arc::new(value.finish()),
        Arc::new(raw.finish()),
        Arc::new(source.finish()),
        Arc::new(key.finish()),
        Arc::new(observed.finish()),
        Arc::new(validity.finish()),
        Arc::new(how.finish()),
        Arc::new(winner.finish()),
        Arc::new(support.finish()),
    ];
    writer.write(columns)
}

/// The strategy's name in a pipeline file.
#[must_use]
pub fn strategy(survive: Survive) -> &'static str {
    match survive {
        Survive::MostRecent => "most_recent",
        Survive::MostFrequent => "most_frequent",
        Survive::MostTrusted => "most_trusted",
        Survive::Longest => "longest",
        Survive::Earliest => "earliest",
    }
}
