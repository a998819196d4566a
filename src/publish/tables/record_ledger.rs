//! `record_ledger`: the one fate of every extracted row.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field};

use crate::normalize::{Fate, LedgerEntry, layout};
use crate::pipeline::RunError;
use crate::publish::Results;
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, maybe_text, text};

pub const NAME: &str = "record_ledger";

#[must_use]
pub fn fields() -> Vec<Field> {
    vec![
        text("source", "the system the row came from"),
        maybe_text("source_key", "the record's key, where it has one"),
        maybe_text(
            "file",
            "file, or table of a database; null for a row of a query and for a record taken over from the last version",
        ),
        column(
            "row_no",
            DataType::Int64,
            true,
            "number of the row in it, from 1; null where `file` is. A physical position: it changes when the input is reordered",
        ),
        text("state", "linked, singleton, duplicate_row, superseded, quarantined or filtered"),
        maybe_text("entity_type", "what the row was read as; null for a row that could not be read"),
        maybe_text("golden_id", "the customer, for linked and singleton"),
    ]
}

/// One line of the ledger.
struct Line<'a> {
    source: &'a str,
    key: Option<&'a str>,
    file: Option<&'a str>,
    row: Option<i64>,
    state: &'static str,
    entity: Option<&'a str>,
    golden_id: Option<&'a str>,
}

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let mut lines: Vec<Line<'_>> = Vec::with_capacity(results.normalized.ledger.len());
    for entry in &results.normalized.ledger {
        lines.push(line(results, entry)?);
    }
    let rejected = results.extracted.iter().zip(&results.normalized.main_tables).flat_map(|(source, main)| {
        let rows = source.iter().flat_map(|source| &source.quarantined);
        rows.filter(|row| row.table.as_ref().is_some_and(|table| main.contains(table)))
    });
    for rejected in rejected {
        lines.push(Line {
            source: &rejected.source,
            key: None,
            file: Some(&rejected.file),
            row: Some(rejected.row),
            state: "quarantined",
            entity: None,
            golden_id: None,
        });
    }
    lines.sort_by(|a, b| {
        (a.source, a.key, a.entity, a.file, a.row, a.state).cmp(&(b.source, b.key, b.entity, b.file, b.row, b.state))
    });
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for lines in lines.chunks(BATCH_ROWS) {
        let mut texts: [StringBuilder; 6] = Default::default();
        let mut row_no = Int64Builder::new();
        for line in lines {
            for (builder, value) in texts.iter_mut().zip([
                Some(line.source),
                line.key,
                line.file,
                Some(line.state),
                line.entity,
                line.golden_id,
            ]) {
                builder.append_option(value);
            }
            row_no.append_option(line.row);
        }
        let [mut source, mut key, mut file, mut state, mut entity, mut golden] = texts;
        writer.write(vec![
            Arc::new(source.finish()),
            Arc::new(key.finish()),
            Arc::new(file.finish()),
            Arc::new(row_no.finish()),
            Arc::new(state.finish()),
            Arc::new(entity.finish()),
            Arc::new(golden.finish()),
        ])?;
    }
    writer.finish()
}

fn line<'a>(results: &'a Results<'_>, entry: &'a LedgerEntry) -> Result<Line<'a>, RunError> {
    let records = results.normalized.entities.get(entry.entity);
    let mut line = Line {
        source: results.plan.sources.get(entry.source).map_or("", |source| source.name.as_str()),
        key: entry.source_key.as_deref(),
        file: entry.file.as_deref(),
        row: entry.row,
        state: match entry.fate {
            Fate::Record(_) => "singleton",
            Fate::DuplicateRow => "duplicate_row",
            Fate::Superseded => "superseded",
            Fate::Quarantined => "quarantined",
            Fate::Filtered => "filtered",
        },
        entity: records.map(|records| records.plan.entity.as_str()),
        golden_id: None,
    };
    if let (Fate::Record(record), Some(records), Some(entity)) =
        (entry.fate, records, results.entities.get(entry.entity))
    {
        let cluster = entity.clusters.of(record as usize);
        line.golden_id = Some(entity.golden_id(cluster));
        if entity.clusters.members(cluster).len() > 1 {
            line.state = "linked";
        }
        if let Some((batch, row)) = records.places.get(record as usize)
            && let Some(batch) = records.batches.get(*batch)
        {
            line.key = batch.column_by_name(layout::SOURCE_KEY).map(|keys| keys.as_string::<i32>().value(*row));
        }
    }
    Ok(line)
}
