//! `run_manifest`: the sources of the run as a table; the manifest itself is JSON.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, StringBuilder};
use arrow::datatypes::Field;
use goldsmith_config::model::Compression;

use crate::pipeline::RunError;
use crate::publish::Manifest;
use crate::publish::table::{TableWriter, WrittenTable, count, text};

pub const NAME: &str = "run_manifest";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("run_id", "the run; differs from run to run"),
        count("version", "the version it published"),
        text("pipeline", "the pipeline's name"),
        text("started_at", "when the run began, UTC; differs from run to run"),
        text("as_of", "the only clock of the data tables"),
        text("tool_version", "the program's version"),
        text("config_hash", "BLAKE3 of the pipeline file"),
        text("inputs_hash", "BLAKE3 of everything the data tables depend on"),
        text("source", "a source of the run"),
        text("connector", "how it was read"),
        text("locator", "where it was read, without secrets"),
        text("state", "fresh, last_good or skipped"),
        count(
            "rows_read",
            "rows of main tables, unreadable ones included, and rows of the queries that stand for one; the sum of the fates that follow, less rows that several record types take",
        ),
        count("records", "rows that became records"),
        count("duplicate_rows", "rows that repeat a record"),
        count(
            "superseded",
            "rows that another of the same key replaces: a newer one, or the first where there is no updated_at",
        ),
        count("quarantined", "rows that could not be read, have no key or an expression fails on"),
        count("filtered", "rows that no record type takes"),
        count("orphans", "child rows whose parent is not there"),
        count(
            "quarantined_beside",
            "quarantined rows of child tables and of tables that a query reads; they have no line in the ledger",
        ),
    ]
}

/// # Errors
/// Where the table cannot be written.
pub fn write(manifest: &Manifest, version: &Path, compression: Compression) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), compression)?;
    let mut texts: [StringBuilder; 11] = Default::default();
    let mut number = Int64Builder::new();
    let mut counts: [Int64Builder; 8] = Default::default();
    for source in &manifest.sources {
        let values = [
            &manifest.run_id,
            &manifest.pipeline,
            &manifest.started_at,
            &manifest.as_of,
            &manifest.tool_version,
            &manifest.config_hash,
            &manifest.inputs_hash,
            &source.name,
            &source.connector,
            &source.locator,
            &source.state,
        ];
        for (builder, value) in texts.iter_mut().zip(values) {
            builder.append_value(value);
        }
        number.append_value(manifest.version);
        let records = &source.records;
        let values = [
            records.read,
            records.records,
            records.duplicate_rows,
            records.superseded,
            records.quarantined,
            records.filtered,
            records.orphans,
            records.quarantined_beside,
        ];
        for (builder, value) in counts.iter_mut().zip(values) {
            builder.append_value(i64::try_from(value).unwrap_or(i64::MAX));
        }
    }
    let mut columns: Vec<ArrayRef> = texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
    columns.insert(1, Arc::new(number.finish()));
    columns.extend(counts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
    writer.write(columns)?;
    writer.finish()
}
