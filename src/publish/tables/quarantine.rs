//! `quarantine`: every row that could not become a record, with its place, the reason and its bytes.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{BinaryBuilder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};

use crate::extract::Quarantined;
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, count, maybe_text, text};

pub const NAME: &str = "quarantine";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("source", "the system the row came from"),
        text("file", "file, or table of a database; where the source is, for a row of a query"),
        count("row_no", "number of the row in it, from 1; 0 for a row of a query"),
        column("byte_offset", DataType::Int64, true, "offset of its first byte in the decompressed file"),
        maybe_text(
            "source_key",
            "the record's key; null for a row that its source could not read, and for one without",
        ),
        text("stage", "parse, contract, normalise or check"),
        text(
            "rule",
            "a stable name of the reason: missing_key, expression (SQL of the pipeline fails on the row), column_drift, or what the connector found",
        ),
        maybe_text("attribute", "the column or attribute at fault, where there is one"),
        text("message", "one sentence with the place and the fault"),
        column(
            "raw",
            DataType::Binary,
            true,
            "the row's bytes, at most 64 KiB, or what was read of it as JSON; null where the pipeline omits them",
        ),
    ]
}

/// All quarantined rows of a run, in the order of the table.
#[must_use]
pub fn rows<'a>(results: &'a Results<'_>) -> Vec<&'a Quarantined> {
    let mut rows: Vec<&Quarantined> = results
        .extracted
        .iter()
        .flatten()
        .flat_map(|source| &source.quarantined)
        .chain(&results.normalized.quarantined)
        .collect();
    rows.sort_by(|a, b| {
        (&a.source, &a.file, a.row, &a.rule, &a.attribute).cmp(&(&b.source, &b.file, b.row, &b.rule, &b.attribute))
    });
    rows
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for rows in rows(results).chunks(BATCH_ROWS) {
        let mut texts: [StringBuilder; 7] = Default::default();
        let (mut row_no, mut offset, mut raw) = (Int64Builder::new(), Int64Builder::new(), BinaryBuilder::new());
        for row in rows {
            let values = [
                Some(row.source.as_str()),
                Some(row.file.as_str()),
                row.source_key.as_deref(),
                Some(row.stage),
                Some(row.rule.as_str()),
                row.attribute.as_deref(),
                Some(row.message.as_str()),
            ];
            for (builder, value) in texts.iter_mut().zip(values) {
                builder.append_option(value);
            }
            row_no.append_value(row.row);
            offset.append_option(row.byte_offset);
            raw.append_option(results.plan.keep_raw_quarantine.then_some(row.raw.as_slice()));
        }
        let [mut source, mut file, mut key, mut stage, mut rule, mut attribute, mut message] = texts;
        writer.write(vec![
            Arc::new(source.finish()),
            Arc::new(file.finish()),
            Arc::new(row_no.finish()),
            Arc::new(offset.finish()),
            Arc::new(key.finish()),
            Arc::new(stage.finish()),
            Arc::new(rule.finish()),
            Arc::new(attribute.finish()),
            Arc::new(message.finish()),
            Arc::new(raw.finish()),
        ])?;
    }
    writer.finish()
}
