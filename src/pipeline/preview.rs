//! The first rows of a source, as it has them and as a run would normalise them. Writes nothing that stays.

use std::collections::BTreeMap;
use std::path::Path;

use goldsmith_source::contract::DEFAULT_BATCH_ROWS;
use goldsmith_source::{Chunk, ErrorKind, FileRead, ReadRequest, RejectedRow, Sink, SourceError};
use serde::Serialize;
use serde_json::{Map, Value};

use super::RunError;
use super::error::IoContext;
use super::plan::{From, Plan, SourcePlan};
use super::sources::{CheckedSource, check_source, table_of};
use crate::extract::landing::{FILE, Landing, ROW, each_row};
use crate::extract::{ExtractedSource, TableRequest, first_of};
use crate::normalize::layout::{RECORD_HASH, SOURCE_KEY, raw_column};
use crate::normalize::ledger::{Fate, LostRow, Origin};
use crate::normalize::{EntityRecords, Normalized, normalize};
use crate::progress::Progress;

/// What the first rows of one source are and become.
#[derive(Debug, Serialize)]
pub struct Preview {
    pub source: String,
    pub connector: &'static str,
    pub locator: String,
    pub rows: Vec<PreviewRow>,
}

/// A row and what becomes of it.
#[derive(Debug, Serialize)]
pub struct PreviewRow {
    /// The source's table; `None` for a row of a query.
    pub table: Option<String>,
    pub file: Option<String>,
    pub row: Option<i64>,
    /// The landed columns; empty for a row that could not be read, or of a query.
    pub raw: Map<String, Value>,
    pub becomes: Vec<Becomes>,
}

/// One thing that becomes of a row.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    Record {
        entity: String,
        key: String,
        values: Map<String, Value>,
    },
    /// The same key stands in another row of the preview.
    Repeated {
        key: String,
    },
    Filtered,
    /// Why it is no record, without any value of it.
    Quarantined {
        reason: String,
    },
}

/// Reads the first `limit` rows of each main table of the source, the unreadable ones among them, and the tables below
/// these whole.
///
/// # Errors
/// As for the extract and normalise stages of a run.
pub async fn preview(
    plan: &Plan,
    source: &str,
    limit: u64,
    threads: usize,
    progress: &Progress,
) -> Result<Preview, RunError> {
    let number = plan.sources.iter().position(|known| known.name == source).ok_or_else(|| {
        let names: Vec<&str> = plan.sources.iter().map(|known| known.name.as_str()).collect();
        let hint = goldsmith_source::request::suggestion(source, &names);
        RunError::Config(format!("the pipeline has no source `{source}`{hint}"))
    })?;
    let Some(source) = plan.sources.get(number) else {
        return Err(RunError::Internal("a source vanished from its own list".to_owned()));
    };
    let CheckedSource { tables, requests } = check_source(plan, source, None).await?.map_err(RunError::Sql)?;
    let directory = tempfile::tempdir().doing(|| "making a temporary folder for the first rows".to_owned())?;
    let main: Vec<String> =
        source.records.iter().filter_map(|record| table_of(record, tables.first.as_deref())).collect();
    let extracted = land(source, &requests, &main, directory.path(), limit, progress)?;
    let mut all: Vec<Option<ExtractedSource>> = plan.sources.iter().map(|_| None).collect();
    if let Some(slot) = all.get_mut(number) {
        *slot = Some(extracted);
    }
    let nothing: Vec<_> = plan.sources.iter().map(|_| None).collect();
    let normalized = normalize(plan, &all, &nothing, threads, progress).await?;
    let mut rows = Vec::new();
    if let Some(Some(extracted)) = all.get(number) {
        rows = landed_rows(extracted, &main, &normalized)?;
        if source.records.iter().any(|record| matches!(record.from, From::Query(_))) {
            rows.extend(query_rows(&normalized, limit)?);
        }
    }
    Ok(Preview { source: source.name.clone(), connector: source.connector, locator: source.source.locator(), rows })
}

/// Lands the first `limit` rows of the main tables, and all others whole.
fn land(
    source: &SourcePlan,
    requests: &[TableRequest],
    main: &[String],
    directory: &Path,
    limit: u64,
    progress: &Progress,
) -> Result<ExtractedSource, RunError> {
    let named = |error| RunError::Source { name: source.name.clone(), error };
    let mut extracted = ExtractedSource {
        name: source.name.clone(),
        connector: source.connector,
        locator: source.source.locator(),
        tables: BTreeMap::new(),
        first: first_of(requests),
        files: Vec::new(),
        quarantined: Vec::new(),
        warnings: Vec::new(),
    };
    for (number, request) in requests.iter().enumerate() {
        let schema = source.source.schema(Some(&request.table)).map_err(named)?;
        let path = directory.join(format!("{number}.arrow"));
        let columns = request.columns.as_deref();
        let mut landing =
            Landing::create(&source.name, &request.table, path, &schema, columns, &request.gone, progress)?;
        let is_main = main.contains(&request.table);
        let read = ReadRequest {
            table: Some(request.table.clone()),
            columns: Some(landing.columns().to_vec()),
            // Connectors push rows by the batch, so a batch no larger than the limit is all that is read.
            batch_rows: if is_main { usize::try_from(limit).unwrap_or(usize::MAX) } else { DEFAULT_BATCH_ROWS },
            limit: is_main.then_some(limit),
            ..ReadRequest::default()
        };
        let mut first =
            FirstRows { sink: &mut landing, left: if is_main { limit } else { u64::MAX }, is_enough: false };
        let outcome = source.source.read(&read, &mut first);
        if !first.is_enough {
            outcome.map_err(named)?;
        }
        let (table, _, mut quarantined) = landing.finish()?;
        extracted.tables.insert(request.table.clone(), table);
        extracted.quarantined.append(&mut quarantined);
    }
    Ok(extracted)
}

/// Passes the first rows on and ends the read by an error of its own.
struct FirstRows<'a, 'b> {
    sink: &'a mut Landing<'b>,
    left: u64,
    is_enough: bool,
}

impl Sink for FirstRows<'_, '_> {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        let rows = chunk.batch.num_rows().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let numbers = chunk.rows.get(..rows).unwrap_or_default().to_vec();
        self.sink.chunk(Chunk { file: chunk.file, rows: numbers, batch: chunk.batch.slice(0, rows) })?;
        self.left = self.left.saturating_sub(rows as u64);
        self.is_enough = self.left == 0;
        if self.is_enough { Err(SourceError::new(ErrorKind::Internal, "enough rows were seen")) } else { Ok(()) }
    }

    /// Rows that cannot be read come beside those that can and do not count.
    fn reject(&mut self, row: RejectedRow) -> Result<(), SourceError> {
        self.sink.reject(row)
    }

    fn file_done(&mut self, file: FileRead) -> Result<(), SourceError> {
        self.sink.file_done(file)
    }
}

/// The rows of the main tables, each with what becomes of it, in the order of the source.
fn landed_rows(
    extracted: &ExtractedSource,
    main: &[String],
    normalized: &Normalized,
) -> Result<Vec<PreviewRow>, RunError> {
    let mut rows = Vec::new();
    let mut done: Vec<&String> = Vec::new();
    for table in main {
        let Some(landed) = extracted.tables.get(table).filter(|_| !done.contains(&table)) else { continue };
        done.push(table);
        let mut found: BTreeMap<(String, i64), PreviewRow> = BTreeMap::new();
        let blank = |file: &str, row: i64| PreviewRow {
            table: Some(table.clone()),
            file: Some(file.to_owned()),
            row: Some(row),
            raw: Map::new(),
            becomes: Vec::new(),
        };
        each_row(
            landed,
            |_, _| true,
            |file, row, json| {
                let Some(file) = landed.files.get(file) else { return };
                let raw = serde_json::from_slice::<Map<String, Value>>(json).unwrap_or_default();
                let raw = raw.into_iter().filter(|(name, _)| name != FILE && name != ROW).collect();
                found.insert((file.clone(), row), PreviewRow { raw, ..blank(file, row) });
            },
        )?;
        for quarantined in extracted.quarantined.iter().chain(&normalized.quarantined) {
            if quarantined.table.as_ref() != Some(table) {
                continue;
            }
            let place = (quarantined.file.clone(), quarantined.row);
            let row = found.entry(place).or_insert_with(|| blank(&quarantined.file, quarantined.row));
            row.becomes.push(Becomes::Quarantined { reason: quarantined.message.clone() });
        }
        let files = normalized.ledger.files();
        for (origin, fated) in fated(normalized) {
            let (Some(file), Some(row)) = (origin.file.and_then(|file| files.get(file as usize)), origin.row) else {
                continue;
            };
            if let Some(row) = found.get_mut(&(file.to_string(), row)) {
                row.becomes.extend(becomes(fated, normalized)?);
            }
        }
        rows.extend(found.into_values());
    }
    Ok(rows)
}

/// The first records that came of a query, whose rows have no place of their own; then those that became none.
fn query_rows(normalized: &Normalized, limit: u64) -> Result<Vec<PreviewRow>, RunError> {
    fated(normalized)
        .filter(|(origin, _)| origin.row.is_none())
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .map(|(_, fated)| {
            let becomes = becomes(fated, normalized)?.into_iter().collect();
            Ok(PreviewRow { table: None, file: None, row: None, raw: Map::new(), becomes })
        })
        .collect()
}

/// A row whose fate is known.
enum Fated<'a> {
    /// It is this record of this entity type.
    Record(usize, usize),
    Lost(&'a LostRow),
}

/// Every row with where it was read: records, then the others.
fn fated(normalized: &Normalized) -> impl Iterator<Item = (Origin, Fated<'_>)> {
    let ledger = &normalized.ledger;
    let records = (0..normalized.entities.len()).flat_map(move |entity| {
        let of_record = move |record| (ledger.origin(entity, record), Fated::Record(entity, record));
        (0..ledger.records(entity)).map(of_record)
    });
    records.chain(ledger.lost.iter().map(|row| (row.origin, Fated::Lost(row))))
}

fn becomes(fated: Fated<'_>, normalized: &Normalized) -> Result<Option<Becomes>, RunError> {
    Ok(match fated {
        Fated::Lost(row) => match row.fate {
            Fate::Filtered => Some(Becomes::Filtered),
            Fate::DuplicateRow | Fate::Superseded => {
                Some(Becomes::Repeated { key: row.source_key.as_deref().unwrap_or_default().to_owned() })
            }
            // Told with its reason by the quarantined rows.
            Fate::Quarantined => None,
        },
        Fated::Record(entity, record) => {
            let Some(records) = normalized.entities.get(entity) else { return Ok(None) };
            let mut values = record_values(records, record)?;
            let key = values.shift_remove(SOURCE_KEY).and_then(|key| key.as_str().map(str::to_owned));
            Some(Becomes::Record { entity: records.plan.entity.clone(), key: key.unwrap_or_default(), values })
        }
    })
}

/// The normalised values of a record by attribute, without those it does not have.
fn record_values(records: &EntityRecords, record: usize) -> Result<Map<String, Value>, RunError> {
    let Some((batch, row)) = records.places.get(record) else { return Ok(Map::new()) };
    let Some(batch) = records.batches()?.nth(batch).transpose()? else { return Ok(Map::new()) };
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(&batch.slice(row, 1))?;
    writer.finish()?;
    let mut values: Map<String, Value> = serde_json::from_slice(&writer.into_inner()).unwrap_or_default();
    values.retain(|name, value| {
        let is_raw = records.plan.attributes.iter().any(|attribute| raw_column(&attribute.name) == *name);
        let is_empty = match value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        !is_raw && !is_empty && name != RECORD_HASH
    });
    Ok(values)
}
