//! `quality_metrics`: one number a row about the quality of a source, or of the golden profiles.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};

use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, maybe_text, text};
use crate::report::Measures;

pub const NAME: &str = "quality_metrics";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("entity_type", "person, organisation or generic"),
        text("stage", "where it was measured: raw (as the source has it), normalised or golden"),
        maybe_text("source", "the system; null for the golden profiles"),
        maybe_text("attribute", "the attribute; null for metrics of whole records"),
        text("dimension", "completeness, validity, uniqueness, consistency, timeliness or identity"),
        text(
            "metric",
            "rows, present (share of records with a value), valid, placeholder, invalid (shares of values), unique (share of values no other record has), distinct, duplicates (share of records that repeat a customer of the same source), agreement (share of customers whose sources agree), freshness_p50_days, freshness_p95_days",
        ),
        column(
            "value",
            DataType::Float64,
            true,
            "a share from 0 to 1, a count, or days; null where there was nothing to measure",
        ),
        count("numerator", "what was counted"),
        count("denominator", "out of how many"),
        column("threshold", DataType::Float64, true, "the limit of the check that decides the status"),
        text("status", "pass, warn or fail where the pipeline has a check, else info"),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, measures: &Measures, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for metrics in measures.quality.chunks(BATCH_ROWS) {
        let mut texts: [StringBuilder; 7] = Default::default();
        let (mut value, mut threshold) = (Float64Builder::new(), Float64Builder::new());
        let (mut numerator, mut denominator) = (Int64Builder::new(), Int64Builder::new());
        for metric in metrics {
            let values = [
                Some(metric.entity_type.as_str()),
                Some(metric.stage.as_str()),
                metric.source.as_deref(),
                metric.attribute.as_deref(),
                Some(metric.dimension.as_str()),
                Some(metric.metric.as_str()),
                Some(metric.status.as_str()),
            ];
            for (builder, value) in texts.iter_mut().zip(values) {
                builder.append_option(value);
            }
            value.append_option(metric.value);
            numerator.append_value(metric.numerator);
            denominator.append_value(metric.denominator);
            threshold.append_option(metric.threshold);
        }
        let [mut entity_type, mut stage, mut source, mut attribute, mut dimension, mut metric, mut status] = texts;
        writer.write(vec![
            Arc::new(entity_type.finish()),
            Arc::new(stage.finish()),
            Arc::new(source.finish()),
            Arc::new(attribute.finish()),
            Arc::new(dimension.finish()),
            Arc::new(metric.finish()),
            Arc::new(value.finish()),
            Arc::new(numerator.finish()),
            Arc::new(denominator.finish()),
            Arc::new(threshold.finish()),
            Arc::new(status.finish()),
        ])?;
    }
    writer.finish()
}
