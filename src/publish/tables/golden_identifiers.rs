//! `golden_identifiers`: every e-mail, phone and other identifier of every customer.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanBuilder, FixedSizeBinaryBuilder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use goldsmith_config::attributes::AttributeKind;

use crate::golden::{RankedAttribute, RankedValue};
use crate::normalize::{EntityRecords, layout};
use crate::pipeline::RunError;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, text};
use crate::publish::{EntityResult, Results};

pub const NAME: &str = "golden_identifiers";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("golden_id", "the customer"),
        text("id_type", "email, phone, or the type the source gives an identifier"),
        text("value_norm", "the value in its normal form"),
        column(
            "value_hash",
            DataType::FixedSizeBinary(32),
            false,
            "keyed BLAKE3 of type and value, for joins without the value",
        ),
        column("is_primary", DataType::Boolean, false, "the one the golden profile shows"),
        column("valid", DataType::Boolean, false, "the value passed its attribute's checks"),
        text("source", "the system of the record that speaks best for it"),
        count("record_count", "records that agree on it"),
    ]
}

struct Row<'a> {
    golden_id: &'a str,
    id_type: String,
    value: &'a str,
    primary: bool,
    valid: bool,
    source: &'a str,
    support: i64,
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let attributes: Vec<&RankedAttribute> = entity
            .golden
            .attributes
            .iter()
            .filter(|attribute| {
                matches!(attribute.plan.kind, AttributeKind::Email | AttributeKind::Phone | AttributeKind::Identifier)
            })
            .collect();
        let mut rows: Vec<Row<'_>> = Vec::new();
        for cluster in &entity.order {
            rows.extend(of_cluster(results, records, entity, &attributes, *cluster as usize)?);
            if rows.len() >= BATCH_ROWS {
                flush(results, &mut writer, &mut rows)?;
            }
        }
        flush(results, &mut writer, &mut rows)?;
    }
    writer.finish()
}

fn of_cluster<'a>(
    results: &'a Results<'_>,
    records: &'a EntityRecords,
    entity: &'a EntityResult,
    attributes: &[&'a RankedAttribute],
    cluster: usize,
) -> Result<Vec<Row<'a>>, RunError> {
    let mut rows = Vec::new();
    for attribute in attributes {
        for (rank, ranked) in attribute.of(cluster).iter().enumerate() {
            let Some(value) = part(records, &attribute.plan.name, ranked, "value")? else { continue };
            let id_type = match attribute.plan.kind {
                AttributeKind::Email => "email".to_owned(),
                AttributeKind::Phone => "phone".to_owned(),
                _ => part(records, &attribute.plan.name, ranked, "type")?.unwrap_or("identifier").to_owned(),
            };
            rows.push(Row {
                golden_id: entity.golden_id(cluster),
                id_type,
                value,
                primary: rank == 0,
                valid: ranked.valid,
                source: records
                    .sources
                    .get(ranked.record as usize)
                    .and_then(|source| results.plan.sources.get(usize::from(*source)))
                    .map_or("", |source| source.name.as_str()),
                support: i64::from(ranked.support),
            });
        }
    }
    rows.sort_by(|a, b| (&a.id_type, a.value).cmp(&(&b.id_type, b.value)));
    rows.dedup_by(|a, b| a.id_type == b.id_type && a.value == b.value);
    Ok(rows)
}

/// One part of a list element; `None` where it is null.
pub(super) fn part<'a>(
    records: &'a EntityRecords,
    attribute: &str,
    value: &RankedValue,
    part: &str,
) -> Result<Option<&'a str>, RunError> {
    let index = records.schema.index_of(attribute)?;
    let Some(batch) = records.places.get(value.record as usize).and_then(|(batch, _)| records.batches.get(*batch))
    else {
        return Ok(None);
    };
    let structs = batch.column(index).as_list::<i32>().values().as_struct();
    let element = value.element as usize;
    Ok(structs
        .column_by_name(part)
        .map(|column| column.as_string::<i32>())
        .filter(|texts| element < texts.len() && texts.is_valid(element))
        .map(|texts| texts.value(element)))
}

fn flush(results: &Results<'_>, writer: &mut TableWriter, rows: &mut Vec<Row<'_>>) -> Result<(), RunError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut texts: [StringBuilder; 4] = Default::default();
    let mut hashes = FixedSizeBinaryBuilder::with_capacity(rows.len(), 32);
    let (mut primary, mut valid, mut support) = (BooleanBuilder::new(), BooleanBuilder::new(), Int64Builder::new());
    for row in rows.iter() {
        for (builder, value) in texts.iter_mut().zip([row.golden_id, row.id_type.as_str(), row.value, row.source]) {
            builder.append_value(value);
        }
        let mut hasher = blake3::Hasher::new_keyed(&results.plan.ids_key.bytes);
        hasher.update(row.id_type.as_bytes());
        hasher.update(&[0]);
        hasher.update(row.value.as_bytes());
        hashes.append_value(hasher.finalize().as_bytes())?;
        primary.append_value(row.primary);
        valid.append_value(row.valid);
        support.append_value(row.support);
    }
    let [mut golden, mut kind, mut value, mut source] = texts;
    rows.clear();
    writer.write(vec![
        Arc::new(golden.finish()),
        Arc::new(kind.finish()),
        Arc::new(value.finish()),
        Arc::new(hashes.finish()),
        Arc::new(primary.finish()),
        Arc::new(valid.finish()),
        Arc::new(source.finish()),
        Arc::new(support.finish()),
    ])
}

/// The value of a scalar attribute's raw or normalised text column at a record.
pub(super) fn scalar_text<'a>(
    records: &'a EntityRecords,
    column: &str,
    record: u32,
) -> Result<Option<&'a str>, RunError> {
    let index = records.schema.index_of(column)?;
    let Some((batch, row)) = records.places.get(record as usize) else { return Ok(None) };
    let Some(batch) = records.batches.get(*batch) else { return Ok(None) };
    Ok(batch.column(index).as_string_opt::<i32>().filter(|texts| texts.is_valid(*row)).map(|texts| texts.value(*row)))
}

/// A record's key in its source.
pub(super) fn source_key(records: &EntityRecords, record: u32) -> Result<&str, RunError> {
    Ok(scalar_text(records, layout::SOURCE_KEY, record)?.unwrap_or(""))
}
