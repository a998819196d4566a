//! `golden_addresses`: the addresses of every customer, the current one first.

use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field};
use goldsmith_config::attributes::AttributeKind;

use crate::golden::RankedValue;
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::columns::{Origins, count_of, counts, golden_names, source_names};
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
    let sources = source_names(results.plan);
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let golden = golden_names(entity);
        let origins = Origins::of(results.plan, records)?;
        for attribute in
            entity.golden.attributes.iter().filter(|attribute| attribute.plan.kind == AttributeKind::Address)
        {
            let mut flush = |rows: &[Row]| -> Result<(), RunError> {
                let ranked: Vec<Option<RankedValue>> = rows.iter().map(|row| Some(row.value)).collect();
                let mut columns: Vec<ArrayRef> = vec![
                    golden.column(rows.iter().map(|row| row.cluster))?,
                    counts(rows.iter().map(|row| count_of(row.rank))),
                ];
                for part in PARTS {
                    columns.push(take_part(records, &attribute.plan.name, part, &ranked)?);
                }
                columns.push(sources.column(rows.iter().map(|row| origins.source(row.value.record)))?);
                columns.push(counts(rows.iter().map(|row| i64::from(row.value.support))));
                writer.write(columns)
            };
            let mut rows: Vec<Row> = Vec::new();
            for cluster in &entity.order {
                let ranked = attribute.of(*cluster as usize).iter();
                rows.extend(ranked.zip(1..).map(|(value, rank)| Row { cluster: *cluster, rank, value: *value }));
                if rows.len() >= BATCH_ROWS {
                    flush(&rows)?;
                    rows.clear();
                }
            }
            flush(&rows)?;
        }
    }
    writer.finish()
}

struct Row {
    cluster: u32,
    rank: usize,
    value: RankedValue,
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
