//! `golden_addresses`: the addresses of every customer, the current one first.

use std::path::Path;

use arrow::array::ArrayRef;
use arrow::datatypes::Field;
use goldsmith_config::attributes::AttributeKind;

use crate::golden::RankedValue;
use crate::normalize::layout;
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
            let pickers = PARTS
                .map(|part| records.part_picker(&attribute.plan.name, part))
                .into_iter()
                .collect::<Result<Vec<_>, _>>()?;
            let mut flush = |rows: &[Row]| -> Result<(), RunError> {
                let mut columns: Vec<ArrayRef> = vec![
                    golden.column(rows.iter().map(|row| row.cluster))?,
                    counts(rows.iter().map(|row| count_of(row.rank))),
                ];
                for picker in &pickers {
                    columns.push(picker.elements(rows.iter().map(|row| Some(&row.value)))?);
                }
                columns.push(
                    sources.column(rows.iter().map(|row| origins.source(entity.clusters.record(row.value.place))))?,
                );
                columns.push(counts(rows.iter().map(|row| i64::from(row.value.support()))));
                writer.write(columns)
            };
            let mut rows: Vec<Row> = Vec::new();
            for cluster in entity.clusters.numbers() {
                let ranked = attribute.of(cluster as usize).iter();
                rows.extend(ranked.zip(1..).map(|(value, rank)| Row { cluster, rank, value: *value }));
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
