//! Rows that become no record: what quarantine keeps and says of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::DataFusionError;

use super::attempt::{fault_parts, kind_of};
use super::layout;
use super::ledger::Origin;
use crate::extract::landing::{OWN, each_row};
use crate::extract::{ExtractedSource, Quarantined};
use crate::pipeline::RunError;

#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) source: usize,
    pub(super) entity: usize,
    pub(super) source_name: &'a str,
    pub(super) extracted: &'a ExtractedSource,
    pub(super) table: Option<&'a str>,
    /// The table's files by their index, and their numbers in the ledger.
    pub(super) files: &'a [(Arc<str>, u32)],
}

impl Place<'_> {
    /// The file of a row; `None` for a row of a query.
    fn file(&self, index: i32) -> Option<Arc<str>> {
        self.files.get(usize::try_from(index).ok()?).map(|(file, _)| Arc::clone(file))
    }

    /// Where a row was read, by the numbers of the ledger.
    pub(super) fn origin(&self, (file, row): (i32, Option<i64>)) -> Origin {
        let file = usize::try_from(file).ok().and_then(|file| self.files.get(file));
        Origin { file: file.map(|(_, number)| *number), row }
    }

    /// The file of a row, or where the source is.
    pub(super) fn place(&self, index: i32) -> String {
        self.file(index).map_or_else(|| self.extracted.locator.clone(), |file| file.to_string())
    }
}

/// A query that failed as a whole. The engine's words are left out, because they can hold values of a row.
pub(super) fn failed_query(source: &str, path: &str, error: &DataFusionError) -> RunError {
    match (error.find_root(), kind_of(error)) {
        (DataFusionError::IoError(error), _) => RunError::Io {
            message: format!("source `{source}`: reading its landed rows"),
            error: std::io::Error::new(error.kind(), error.to_string()),
        },
        (DataFusionError::ResourcesExhausted(text), _) => {
            RunError::Internal(format!("source `{source}`, {path}: the query engine ran out of something: {text}"))
        }
        (_, kind) => RunError::Gate(format!(
            "source `{source}`, {path}: its query fails on some row: {}. Guard it with CASE, nullif(x, 0) or TRY_CAST, or move the expression from the query to a field, where the row alone goes to quarantine",
            kind.unwrap_or("an error of the engine")
        )),
    }
}

/// A row that an expression fails on.
pub(super) fn failed_row(place: &Place<'_>, at: (i32, Option<i64>), key: Option<&str>, fault: &str) -> Quarantined {
    let (path, kind) = fault_parts(fault);
    let expression = path.split_once("].").map_or(path, |(_, rest)| rest);
    let attribute = ["fields.", "children."].iter().find_map(|prefix| {
        let name = expression.strip_prefix(prefix)?;
        Some(name.split(['.', '[']).next().unwrap_or(name).to_owned())
    });
    let file = place.place(at.0);
    Quarantined {
        source_key: key.map(str::to_owned),
        rule: "expression".to_owned(),
        attribute,
        message: format!("{file}{}: `{expression}` fails: {kind}", row_text(at.1)),
        ..quarantined(place, at)
    }
}

pub(super) fn missing_key(place: &Place<'_>, at: (i32, Option<i64>)) -> Quarantined {
    let file = place.place(at.0);
    Quarantined {
        rule: "missing_key".to_owned(),
        message: format!(
            "{file}{}: the key is empty; a record needs one to be followed from run to run",
            row_text(at.1)
        ),
        ..quarantined(place, at)
    }
}

fn quarantined(place: &Place<'_>, at: (i32, Option<i64>)) -> Quarantined {
    Quarantined {
        source: place.source_name.to_owned(),
        table: place.table.map(str::to_owned),
        file: place.place(at.0),
        row: at.1.unwrap_or(0),
        byte_offset: None,
        source_key: None,
        stage: "normalise",
        rule: String::new(),
        attribute: None,
        message: String::new(),
        raw: Vec::new(),
    }
}

fn row_text(row: Option<i64>) -> String {
    row.map_or_else(|| ", a row of its query".to_owned(), |row| format!(", row {row}"))
}

/// The mapped values of a query's row, alone in its batch, as JSON.
pub(super) fn row_as_json(batch: &RecordBatch) -> Result<Vec<u8>, RunError> {
    let schema = batch.schema();
    let of_source = |name: &str| !name.starts_with(OWN) && name != layout::RECORD_HASH;
    let columns: Vec<usize> =
        (0..schema.fields().len()).filter(|column| of_source(schema.field(*column).name())).collect();
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(&batch.project(&columns)?)?;
    writer.finish()?;
    Ok(writer.into_inner().trim_ascii_end().to_vec())
}

/// Most bytes that are kept of a quarantined row.
const MAX_RAW: usize = 64 << 10;

/// Gives quarantined rows of landed tables what was landed of them.
pub(super) fn keep_raw(extracted: &ExtractedSource, quarantined: &mut [Quarantined]) -> Result<(), RunError> {
    for (name, table) in &extracted.tables {
        let mut wanted: HashMap<(usize, i64), Vec<&mut Quarantined>> = HashMap::new();
        for row in quarantined.iter_mut().filter(|row| row.table.as_ref() == Some(name)) {
            if let Some(file) = table.files.iter().position(|file| *file == row.file) {
                wanted.entry((file, row.row)).or_default().push(row);
            }
        }
        if !wanted.is_empty() {
            let places: HashSet<(usize, i64)> = wanted.keys().copied().collect();
            each_row(
                table,
                |file, row| places.contains(&(file, row)),
                |file, row, json| {
                    for quarantined in wanted.get_mut(&(file, row)).into_iter().flatten() {
                        quarantined.raw = json.get(..MAX_RAW).unwrap_or(json).to_vec();
                    }
                },
            )?;
        }
    }
    Ok(())
}
