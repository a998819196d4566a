//! The sources of a run: their schemas held against the plan, their rows landed, their policies applied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};

use super::RunError;
use super::incremental::{Increments, Reread, add_columns};
use super::plan::{Drift, From, Keep, OnFailure, Plan, RecordPlan, SourcePlan};
use crate::extract::contract::{Verdict, check_columns, check_rows, columns};
use crate::extract::{ExtractedSource, SourceTables, TableRequest, extract, quarantine_table, schemas};
use crate::normalize::select::{SqlMistake, plan_record};
use crate::normalize::session;
use crate::progress::Progress;
use crate::publish::Manifest;
use crate::publish::manifest::SourceEntry;

/// What a run got of a source.
pub enum Delivered {
    /// Read now.
    Fresh(ExtractedSource),
    /// Not read now; the last published version stands in.
    LastGood { why: String },
    /// Left out.
    Skipped { why: String },
}

impl Delivered {
    /// Its name in the manifest.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Fresh(_) => "fresh",
            Self::LastGood { .. } => "last_good",
            Self::Skipped { .. } => "skipped",
        }
    }

    /// The source's rows, where they were read now.
    #[must_use]
    pub fn into_fresh(self) -> Option<ExtractedSource> {
        match self {
            Self::Fresh(extracted) => Some(extracted),
            Self::LastGood { .. } | Self::Skipped { .. } => None,
        }
    }
}

/// A source whose schemas are known and whose SQL fits them.
pub struct CheckedSource {
    /// Its tables as they are now.
    pub tables: SourceTables,
    pub requests: Vec<TableRequest>,
}

/// Asks a source for its schemas and plans every record type against them. Reads no rows. A column that `last`, the
/// last published version, had and that is gone is a null where the contract takes that; a table without columns has
/// no rows to plan for.
///
/// # Errors
/// A source that cannot be reached (outer), or every mistake in its SQL (inner).
pub async fn check_source(
    plan: &Plan,
    source: &SourcePlan,
    last: Option<&SourceEntry>,
) -> Result<Result<CheckedSource, Vec<SqlMistake>>, RunError> {
    let found = schemas(source)?;
    let gone = gone_columns(source, &found.schemas, last);
    let schemas = found
        .schemas
        .iter()
        .map(|(table, schema)| {
            let fields = schema.fields().iter().cloned().chain(gone.get(table).into_iter().flatten().cloned());
            (table.clone(), SchemaRef::new(Schema::new(fields.collect::<Fields>())))
        })
        .collect();
    let tables = SourceTables { schemas, first: found.first.clone() };
    let context = session::session(1);
    session::register_empty(&context, &tables.schemas)?;
    let mut mistakes = Vec::new();
    let mut needs: BTreeMap<String, Option<BTreeSet<String>>> = BTreeMap::new();
    for record in &source.records {
        let Some(entity) = plan.entities.iter().find(|entity| entity.entity == record.entity) else { continue };
        if let Some(table) = table_without_columns(record, &tables) {
            needs.entry(table).or_insert_with(|| Some(BTreeSet::new()));
            continue;
        }
        match plan_record(&context, &tables, record, &source.keep, entity).await {
            Ok(select) => {
                for (table, columns) in select.needs {
                    match (needs.entry(table).or_insert_with(|| Some(BTreeSet::new())), columns) {
                        (Some(known), Some(columns)) => known.extend(columns),
                        (slot, None) => *slot = None,
                        (None, Some(_)) => {}
                    }
                }
            }
            Err(found) => mistakes.extend(found),
        }
    }
    keep_columns(source, &tables, &mut needs, &mut mistakes);
    add_columns(source, &found.schemas, &mut needs, &mut mistakes);
    if !mistakes.is_empty() {
        return Ok(Err(mistakes));
    }
    let requests = needs
        .into_iter()
        .map(|(table, columns)| TableRequest {
            gone: gone
                .get(&table)
                .into_iter()
                .flatten()
                .filter(|field| columns.as_ref().is_none_or(|wanted| wanted.contains(field.name())))
                .cloned()
                .collect(),
            // The order of the source, so that landing does not depend on the order of the mapping.
            columns: columns.map(|wanted| match found.schemas.get(&table) {
                Some(schema) => schema
                    .fields()
                    .iter()
                    .map(|field| field.name().clone())
                    .filter(|name| wanted.contains(name))
                    .collect(),
                None => wanted.into_iter().collect(),
            }),
            is_first: found.first.as_ref() == Some(&table),
            table,
        })
        .collect();
    Ok(Ok(CheckedSource { tables: found, requests }))
}

/// For each table the columns of the last published version that are gone, where the contract goes on without them.
fn gone_columns(
    source: &SourcePlan,
    now: &BTreeMap<String, SchemaRef>,
    last: Option<&SourceEntry>,
) -> BTreeMap<String, Vec<std::sync::Arc<Field>>> {
    let mut gone = BTreeMap::new();
    if source.contract.missing_column == Drift::Fail {
        return gone;
    }
    for known in last.iter().flat_map(|last| &last.tables) {
        let Some(schema) = now.get(&known.name).filter(|schema| !schema.fields().is_empty()) else { continue };
        let fields: Vec<_> = known
            .columns
            .iter()
            .filter(|(name, _)| schema.field_with_name(name).is_err())
            .map(|(name, data_type)| {
                std::sync::Arc::new(Field::new(name, data_type.parse().unwrap_or(DataType::Utf8), true))
            })
            .collect();
        gone.insert(known.name.clone(), fields);
    }
    gone
}

/// The table a record type's rows are those of; none where they come of a query.
#[must_use]
pub fn table_of(record: &RecordPlan, first: Option<&str>) -> Option<String> {
    let From::Table(table) = &record.from else { return None };
    table.clone().or_else(|| first.map(str::to_owned))
}

/// The record type's table, where it has no columns: a JSON file without a record says nothing of its columns.
#[must_use]
pub fn table_without_columns(record: &RecordPlan, tables: &SourceTables) -> Option<String> {
    let table = table_of(record, tables.first.as_deref())?;
    tables.schemas.get(&table).is_some_and(|schema| schema.fields().is_empty()).then_some(table)
}

fn keep_columns(
    source: &SourcePlan,
    tables: &SourceTables,
    needs: &mut BTreeMap<String, Option<BTreeSet<String>>>,
    mistakes: &mut Vec<SqlMistake>,
) {
    let main: BTreeSet<String> =
        source.records.iter().filter_map(|record| table_of(record, tables.first.as_deref())).collect();
    match &source.keep {
        Keep::All => {
            for table in main {
                needs.insert(table, None);
            }
        }
        Keep::Columns(kept) => {
            for column in kept {
                let mut found = false;
                for table in &main {
                    let Some(schema) = tables.schemas.get(table) else {
                        // The table itself is the mistake.
                        found = true;
                        continue;
                    };
                    found |= schema.fields().is_empty();
                    if schema.field_with_name(column).is_ok() {
                        found = true;
                        if let Some(Some(columns)) = needs.get_mut(table) {
                            columns.insert(column.clone());
                        }
                    }
                }
                if !found {
                    mistakes.push(SqlMistake {
                        path: format!("sources.{}.keep", source.name),
                        message: format!("the source has no column `{column}`"),
                    });
                }
            }
        }
    }
}

/// The directories a run lands its sources with.
pub struct Directories<'a> {
    /// For landing files, which go at the end.
    pub landing: &'a Path,
    /// The version that is made, which keeps the states of incremental sources.
    pub staging: &'a Path,
    /// The last published version, which has their states as they were.
    pub last: Option<PathBuf>,
}

/// Lands every source, in parallel, and applies contracts and failure policies.
///
/// # Errors
/// Where a source fails whose policy is to fail, or a contract is broken.
pub fn land(
    plan: &Plan,
    checked: &[Result<CheckedSource, RunError>],
    directories: &Directories<'_>,
    previous: Option<&Manifest>,
    reread: &Reread,
    as_of: i64,
    progress: &Progress,
) -> Result<(Vec<Delivered>, Verdict), RunError> {
    let results: Vec<Result<(ExtractedSource, Verdict), RunError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = plan
            .sources
            .iter()
            .zip(checked)
            .map(|(source, checked)| {
                let last = directories.last.as_deref().zip(previous);
                let increments = Increments::new(&source.name, reread, as_of, last, directories.staging);
                scope.spawn(move || land_one(source, checked, directories.landing, &increments, previous, progress))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| {
                    Err(RunError::Internal("a connector panicked; please report the input that did it".to_owned()))
                })
            })
            .collect()
    });
    progress.check_signal()?;
    let mut delivered = Vec::with_capacity(results.len());
    let mut verdict = Verdict::default();
    for (source, result) in plan.sources.iter().zip(results) {
        match result {
            Ok((extracted, found)) => {
                verdict.merge(found);
                delivered.push(Delivered::Fresh(extracted));
            }
            Err(error) => delivered.push(after_failure(source, error, previous, as_of)?),
        }
    }
    Ok((delivered, verdict))
}

fn land_one(
    source: &SourcePlan,
    checked: &Result<CheckedSource, RunError>,
    landing: &Path,
    increments: &Increments<'_>,
    previous: Option<&Manifest>,
    progress: &Progress,
) -> Result<(ExtractedSource, Verdict), RunError> {
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => return Err(error.again()),
    };
    let last = previous.and_then(|manifest| manifest.sources.iter().find(|entry| entry.name == source.name));
    let tables: Vec<(String, Vec<(String, String)>)> = checked
        .requests
        .iter()
        .filter_map(|request| {
            checked.tables.schemas.get(&request.table).map(|schema| (request.table.clone(), columns(schema)))
        })
        .collect();
    let mut verdict = last.map(|last| check_columns(&source.name, &source.contract, &tables, last)).unwrap_or_default();
    let mut extracted = extract(source, &checked.requests, increments, &landing.join(&source.name), progress)?;
    verdict.warnings.append(&mut extracted.warnings);
    for (table, what) in std::mem::take(&mut verdict.quarantined_tables) {
        increments.forget(extracted.tables.get(&table))?;
        quarantine_table(&mut extracted, &table, &what)?;
    }
    for request in &checked.requests {
        for column in &request.gone {
            verdict.warnings.push(format!(
                "source `{}`, table `{}`: column `{}` is gone; it is mapped, and null until it is back",
                source.name,
                request.table,
                column.name()
            ));
        }
    }
    verdict.merge(check_rows(&source.contract, &extracted, last));
    if !verdict.breaches.is_empty() {
        return Err(RunError::Gate(verdict.breaches.join("\n")));
    }
    Ok((extracted, verdict))
}

/// The error of a source whose last good data is asked for, and was never published.
fn nothing_to_stand_in(error: RunError) -> RunError {
    match error {
        RunError::Source { name, mut error } => {
            error.message += "; nothing of it is published yet that could stand in (`on_failure: last_good`)";
            RunError::Source { name, error }
        }
        other => other,
    }
}

/// What the source's policy says to a failure.
fn after_failure(
    source: &SourcePlan,
    error: RunError,
    previous: Option<&Manifest>,
    as_of: i64,
) -> Result<Delivered, RunError> {
    let why = match &error {
        // Whoever says why names the source.
        RunError::Source { error, .. } => error.to_string(),
        other => other.to_string(),
    };
    match source.on_failure {
        OnFailure::Fail => Err(error),
        OnFailure::Skip => Ok(Delivered::Skipped { why }),
        OnFailure::LastGood { max_age } => {
            let last = previous.and_then(|manifest| {
                manifest.sources.iter().find(|entry| entry.name == source.name && entry.state != "skipped")
            });
            let Some(last) = last else {
                return Err(nothing_to_stand_in(error));
            };
            let age = chrono::DateTime::parse_from_rfc3339(&last.read_as_of)
                .map_or(i64::MAX, |at| (as_of - at.timestamp_micros()) / 1_000_000);
            match max_age {
                Some(limit) if age > i64::try_from(limit).unwrap_or(i64::MAX) => Err(RunError::Gate(format!(
                    "{why}; its last good data is {} h old and may be {} h at most (`on_failure: max_age`)",
                    age / 3600,
                    limit / 3600
                ))),
                _ => Ok(Delivered::LastGood { why }),
            }
        }
    }
}
