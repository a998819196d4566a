//! `coverage_matrix`: what each source contributes to each attribute, in records and in customers.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field};

use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, text};
use crate::report::{CoverageRow, Measures};

pub const NAME: &str = "coverage_matrix";

#[must_use]
pub fn fields() -> Vec<Field> {
    let maybe = |name: &str, meaning: &str| column(name, DataType::Float32, true, meaning);
    vec![
        text("entity_type", "person, organisation or generic"),
        text("source", "the system"),
        text("attribute", "the attribute; * for the records and customers of the system whatever their values"),
        count("records_total", "records of the system"),
        count("records_with_value", "of those, records with a value"),
        count("records_valid", "of those, records with a valid value"),
        count("customers_total", "customers of all systems together"),
        count("customers_covered", "customers for whom the system gives a value"),
        count("customers_valid", "customers for whom the system gives a valid value"),
        count("customers_only_here", "customers for whom no other system gives a valid value"),
        count("wins", "golden values taken from the system"),
        maybe("conflict_rate", "share of customers_valid for whom none of the system's values is the golden one"),
        maybe("freshness_p50_days", "median age in days of the records with a valid value"),
        maybe("freshness_p95_days", "age in days that 95 of 100 of them do not exceed"),
        count("redundancy", "systems that give a valid value for at least one customer"),
        column("required", DataType::Boolean, false, "the pipeline has a coverage target for the attribute"),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, measures: &Measures, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for rows in measures.coverage.chunks(BATCH_ROWS) {
        writer.write(columns(rows))?;
    }
    writer.finish()
}

fn columns(rows: &[CoverageRow]) -> Vec<ArrayRef> {
    let text =
        |of: fn(&CoverageRow) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(rows.iter().map(of))) };
    let count =
        |of: fn(&CoverageRow) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values(rows.iter().map(of))) };
    let maybe = |of: fn(&CoverageRow) -> Option<f64>| -> ArrayRef {
        Arc::new(rows.iter().map(|row| of(row).map(|value| value as f32)).collect::<Float32Array>())
    };
    vec![
        text(|row| &row.entity_type),
        text(|row| &row.source),
        text(|row| &row.attribute),
        count(|row| row.records_total),
        count(|row| row.records_with_value),
        count(|row| row.records_valid),
        count(|row| row.customers_total),
        count(|row| row.customers_covered),
        count(|row| row.customers_valid),
        count(|row| row.customers_only_here),
        count(|row| row.wins),
        maybe(|row| row.conflict_rate),
        maybe(|row| row.freshness_p50_days),
        maybe(|row| row.freshness_p95_days),
        count(|row| row.redundancy),
        Arc::new(rows.iter().map(|row| Some(row.required)).collect::<BooleanArray>()),
    ]
}
