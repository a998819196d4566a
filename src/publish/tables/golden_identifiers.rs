//! `golden_identifiers`: every e-mail, phone and other identifier of every customer.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, FixedSizeBinaryBuilder};
use arrow::datatypes::{DataType, Field};
use goldsmith_config::attributes::AttributeKind;

use crate::golden::{RankedAttribute, RankedValue};
use crate::normalize::EntityRecords;
use crate::pipeline::RunError;
use crate::publish::columns::{Origins, Texts, counts, golden_names, source_names, texts};
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

/// One attribute with its text columns.
struct Attribute<'a> {
    ranked: &'a RankedAttribute,
    value: Texts<'a>,
    id_type: Texts<'a>,
}

struct Row<'a> {
    cluster: u32,
    id_type: &'a str,
    value: &'a str,
    primary: bool,
    ranked: RankedValue,
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    let sources = source_names(results.plan);
    for (records, entity) in results.normalized.entities.iter().zip(&results.entities) {
        let golden = golden_names(entity);
        let origins = Origins::of(results.plan, records)?;
        let attributes = attributes(records, entity)?;
        let mut flush = |rows: &[Row<'_>]| -> Result<(), RunError> {
            writer.write(vec![
                golden.column(rows.iter().map(|row| row.cluster))?,
                texts(rows.iter().map(|row| row.id_type)),
                texts(rows.iter().map(|row| row.value)),
                hashes(results, rows)?,
                Arc::new(rows.iter().map(|row| Some(row.primary)).collect::<BooleanArray>()),
                Arc::new(rows.iter().map(|row| Some(row.ranked.valid())).collect::<BooleanArray>()),
                sources.column(rows.iter().map(|row| origins.source(entity.clusters.record(row.ranked.place))))?,
                counts(rows.iter().map(|row| i64::from(row.ranked.support()))),
            ])
        };
        let mut rows: Vec<Row<'_>> = Vec::new();
        let mut own = Vec::new();
        for cluster in entity.clusters.numbers() {
            of_cluster(&attributes, cluster, &mut own);
            rows.append(&mut own);
            if rows.len() >= BATCH_ROWS {
                flush(&rows)?;
                rows.clear();
            }
        }
        flush(&rows)?;
    }
    writer.finish()
}

fn attributes<'a>(records: &'a EntityRecords, entity: &'a EntityResult) -> Result<Vec<Attribute<'a>>, RunError> {
    let identifying = |ranked: &&RankedAttribute| {
        matches!(ranked.plan.kind, AttributeKind::Email | AttributeKind::Phone | AttributeKind::Identifier)
    };
    let attributes = entity.golden.attributes.iter().filter(identifying).map(|ranked| {
        let part = |part: &str| Texts::part(records, &ranked.plan.name, part);
        Ok(Attribute { ranked, value: part("value")?, id_type: part("type")? })
    });
    attributes.collect()
}

/// The identifiers of one customer into `rows`, which is empty.
fn of_cluster<'a>(attributes: &'a [Attribute<'a>], cluster: u32, rows: &mut Vec<Row<'a>>) {
    for attribute in attributes {
        for (rank, ranked) in attribute.ranked.of(cluster as usize).iter().enumerate() {
            let Some(value) = attribute.value.element(ranked) else { continue };
            let id_type = match attribute.ranked.plan.kind {
                AttributeKind::Email => "email",
                AttributeKind::Phone => "phone",
                // An attribute other than the list of identifiers is a type by itself.
                _ => attribute.id_type.element(ranked).unwrap_or(match attribute.ranked.plan.name.as_str() {
                    "identifiers" => "identifier",
                    name => name,
                }),
            };
            rows.push(Row { cluster, id_type, value, primary: rank == 0, ranked: *ranked });
        }
    }
    rows.sort_by(|a, b| (a.id_type, a.value).cmp(&(b.id_type, b.value)));
    rows.dedup_by(|a, b| a.id_type == b.id_type && a.value == b.value);
}

fn hashes(results: &Results<'_>, rows: &[Row<'_>]) -> Result<ArrayRef, RunError> {
    let mut hashes = FixedSizeBinaryBuilder::with_capacity(rows.len(), 32);
    for row in rows {
        let mut hasher = blake3::Hasher::new_keyed(&results.plan.ids_key.bytes);
        hasher.update(row.id_type.as_bytes());
        hasher.update(&[0]);
        hasher.update(row.value.as_bytes());
        hashes.append_value(hasher.finalize().as_bytes())?;
    }
    Ok(Arc::new(hashes.finish()))
}
