//! `golden_addresses`: the addresses of every customer, the current one first.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, StringBuilder};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field};
use goldsmith_config::attributes::AttributeKind;

use crate::golden::{RankedAttribute, RankedValue};
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, maybe_text, text};

pub const NAME: &str = "golden_addresses";

/// The parts that are columns.
const PARTS: [&str; 8] = ["line1", "line2", "locality", "region", "postal_code", "country", "kind", "valid_from"];

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("golden_id", "the customer"),
        count("rank", "1 is the current address"),
        maybe_text("line1", "street and house number, or the first line"),
        maybe_text("line2", "what follows the street"),
        maybe_text("locality", "town"),
        maybe_text("region", "state, county or province"),
        maybe_text("postal_code", "postal code in the form of its country"),
        maybe_text("country", "ISO 3166 alpha-2"),
        maybe_text("kind", "what the source calls it: home, billing …"),
        column("valid_from", layout::timestamp(), true, "since when, where the source says"),
        text("source", "the system of the record that speaks best for it"),
        count("record_count", "records that agree on it"),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        for attribute in
            entity.golden.attributes.iter().filter(|attribute| attribute.plan.kind == AttributeKind::Address)
        {
            let mut values: Vec<(&str, usize, RankedValue)> = Vec::new();
            for cluster in &entity.order {
                let id = entity.golden_id(*cluster as usize);
                values.extend(
                    attribute.of(*cluster as usize).iter().enumerate().map(|(rank, value)| (id, rank + 1, *value)),
                );
                if values.len() >= BATCH_ROWS {
                    flush(results, records, attribute, &mut writer, &mut values)?;
                }
            }
            flush(results, records, attribute, &mut writer, &mut values)?;
        }
    }
    writer.finish()
}

fn flush(
    results: &Results<'_>,
    records: &EntityRecords,
    attribute: &RankedAttribute,
    writer: &mut TableWriter,
    values: &mut Vec<(&str, usize, RankedValue)>,
) -> Result<(), RunError> {
    if values.is_empty() {
        return Ok(());
    }
    let (mut golden, mut rank, mut source, mut support) =
        (StringBuilder::new(), Int64Builder::new(), StringBuilder::new(), Int64Builder::new());
    for (id, number, value) in values.iter() {
        golden.append_value(id);
        rank.append_value(i64::try_from(*number).unwrap_or(i64::MAX));
        source.append_value(
            records
                .sources
                .get(value.record as usize)
                .and_then(|source| results.plan.sources.get(usize::from(*source)))
                .map_or("", |source| source.name.as_str()),
        );
        support.append_value(i64::from(value.support));
    }
    let ranked: Vec<Option<RankedValue>> = values.iter().map(|(_, _, value)| Some(*value)).collect();
    values.clear();
    let mut columns: Vec<ArrayRef> = vec![Arc::new(golden.finish()), Arc::new(rank.finish())];
    for part in PARTS {
        columns.push(take_part(records, &attribute.plan.name, part, &ranked)?);
    }
    columns.push(Arc::new(source.finish()));
    columns.push(Arc::new(support.finish()));
    writer.write(columns)
}

/// One part of the given list elements, in their order.
///
/// # Errors
/// Where the attribute has no such part.
pub(super) fn take_part(
    records: &EntityRecords,
    attribute: &str,
    part: &str,
    values: &[Option<RankedValue>],
) -> Result<ArrayRef, RunError> {
    let lists = records.column(attribute)?;
    let mut parts: Vec<&ArrayRef> = Vec::with_capacity(lists.len());
    for list in lists {
        parts.push(
            list.as_list::<i32>()
                .values()
                .as_struct()
                .column_by_name(part)
                .ok_or_else(|| RunError::Internal(format!("{attribute} has no part {part}")))?,
        );
    }
    let data_type = parts.first().map_or(DataType::Utf8, |part| part.data_type().clone());
    let null = arrow::array::new_null_array(&data_type, 1);
    let mut arrays: Vec<&dyn Array> = vec![null.as_ref()];
    arrays.extend(parts.iter().map(|part| part.as_ref()));
    let indices: Vec<(usize, usize)> = values
        .iter()
        .map(|value| {
            value
                .and_then(|value| {
                    records.places.get(value.record as usize).map(|(batch, _)| (batch + 1, value.element as usize))
                })
                .unwrap_or((0, 0))
        })
        .collect();
    Ok(interleave(&arrays, &indices)?)
}
