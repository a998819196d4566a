//! Runs the queries and keeps one record a key: what is filtered, has no key, repeats or is superseded gets its
//! fate here.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type, SchemaRef};
use datafusion::error::DataFusionError;
use futures::StreamExt;
use rayon::prelude::*;

use super::entity_records::{EntityRecords, few};
use super::exact::exact;
use super::last_good::LastGood;
use super::ledger::{Fate, Ledger, LostRow, Origin};
use super::lost_rows::{Place, failed_query, failed_row, keep_raw, missing_key, row_as_json};
use super::order::{gather, in_order};
use super::select::{FAULT_COLUMN, RecordSelect, plan_record};
use super::standard::name_column;
use super::{SELECTED, layout, session};
use crate::extract::landing::{FILE, ROW, each_row};
use crate::extract::{ExtractedSource, Quarantined, SourceTables};
use crate::pipeline::RunError;
use crate::pipeline::plan::{Plan, RecordPlan, SourcePlan};
use crate::pipeline::sources::{table_of, table_without_columns};
use crate::progress::Progress;

/// What one source contributed, for the ledger's balance.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RecordCounts {
    /// Rows of main tables that were read, unreadable ones included.
    pub read: u64,
    pub records: u64,
    pub duplicate_rows: u64,
    pub superseded: u64,
    pub quarantined: u64,
    pub filtered: u64,
    /// Records over one a row: a row that two record types take has two fates.
    pub shared: u64,
    /// Child rows whose parent is not there.
    pub orphans: u64,
    /// Quarantined rows of child tables and of tables below a query. They are no rows of a main table, so they have
    /// no fate here.
    #[serde(default)]
    pub quarantined_beside: u64,
}

/// Everything the stage made.
pub struct Normalized {
    pub entities: Vec<EntityRecords>,
    pub ledger: Ledger,
    pub quarantined: Vec<Quarantined>,
    /// By source, as in the plan.
    pub counts: Vec<RecordCounts>,
    /// By source, as in the plan, the tables whose rows have a fate each.
    pub main_tables: Vec<BTreeSet<String>>,
}

impl Normalized {
    /// No records yet.
    #[must_use]
    pub fn empty(plan: &Plan) -> Self {
        Self {
            entities: plan.entities.iter().cloned().map(EntityRecords::new).collect(),
            ledger: Ledger::new(plan.entities.len()),
            quarantined: Vec::new(),
            counts: vec![RecordCounts::default(); plan.sources.len()],
            main_tables: vec![BTreeSet::new(); plan.sources.len()],
        }
    }
}

/// Normalises everything that was extracted. `extracted` has one entry a source of the plan, `None` where a
/// source was skipped.
///
/// # Errors
/// SQL that does not fit the landed tables, or a failure of the engine.
pub async fn normalize(
    plan: &Plan,
    extracted: &[Option<ExtractedSource>],
    last_good: &[Option<LastGood>],
    threads: usize,
    progress: &Progress,
) -> Result<Normalized, RunError> {
    let mut normalized = Normalized::empty(plan);
    for (number, source) in plan.sources.iter().enumerate() {
        progress.check_signal()?;
        if let Some(Some(last_good)) = last_good.get(number) {
            last_good.add_to(number, &mut normalized)?;
        }
        let Some(Some(extracted)) = extracted.get(number) else { continue };
        normalize_source(plan, number, source, extracted, threads, progress, &mut normalized).await?;
    }
    Ok(normalized)
}

async fn normalize_source(
    plan: &Plan,
    number: usize,
    source: &SourcePlan,
    extracted: &ExtractedSource,
    threads: usize,
    progress: &Progress,
    normalized: &mut Normalized,
) -> Result<(), RunError> {
    let quarantined_before = normalized.quarantined.len();
    let context = session::session(threads);
    session::register_landed(&context, &extracted.tables).await?;
    let schemas = extracted.tables.iter().map(|(name, table)| (name.clone(), Arc::clone(&table.schema))).collect();
    let tables = SourceTables { schemas, first: extracted.first.clone() };
    let schemas = extracted.tables.iter().map(|(name, table)| (name.clone(), Arc::clone(&table.source_schema)));
    let of_source = SourceTables { schemas: schemas.collect(), first: extracted.first.clone() };
    let mut files: BTreeMap<&str, Vec<(Arc<str>, u32)>> = BTreeMap::new();
    for (name, table) in &extracted.tables {
        let numbered = table.files.iter().map(|file| {
            let file: Arc<str> = Arc::from(file.as_str());
            let number = normalized.ledger.file(&file);
            (file, number)
        });
        files.insert(name, numbered.collect());
    }
    let place_in = |table: Option<&'_ str>| table.and_then(|table| files.get(table)).map_or(&[][..], Vec::as_slice);
    let mut main_tables: BTreeMap<String, Rows> = BTreeMap::new();
    let mut records: Vec<&RecordPlan> = source.records.iter().collect();
    records.sort_by(|a, b| (&a.entity, &a.name).cmp(&(&b.entity, &b.name)));
    for record in records {
        let Some(entity) = plan.entities.iter().position(|entity| entity.entity == record.entity) else { continue };
        let Some(entity_plan) = plan.entities.get(entity) else { continue };
        if let Some(table) = table_without_columns(record, &of_source) {
            let rows = main_tables.entry(table.clone()).or_default();
            let files = place_in(Some(&table));
            let place =
                Place { source: number, entity, source_name: &source.name, extracted, table: Some(&table), files };
            rows_without_columns(place, rows, normalized)?;
            continue;
        }
        let select = plan_record(&context, &tables, record, &source.keep, entity_plan).await.map_err(|mistakes| {
            RunError::Config(
                mistakes
                    .iter()
                    .map(|mistake| format!("source `{}`: {}", source.name, mistake.message))
                    .collect::<Vec<_>>()
                    .join("\n"),
            )
        })?;
        let table = table_of(record, tables.first.as_deref());
        // Rows of a query belong to its record type alone.
        let rows = main_tables.entry(table.clone().unwrap_or_else(|| format!("query of {}", record.path))).or_default();
        let place = Place {
            source: number,
            entity,
            source_name: &source.name,
            extracted,
            table: table.as_deref(),
            files: place_in(table.as_deref()),
        };
        for child in &select.children {
            let failed = |error: DataFusionError| failed_query(&source.name, &select.path, &error);
            let lost = child.orphans.clone().count().await.map_err(failed)? as u64;
            add(normalized, number, |counts| counts.orphans += lost);
            let Some(faulty) = child.faulty.clone() else { continue };
            let place = Place { table: child.table.as_deref(), files: place_in(child.table.as_deref()), ..place };
            for batch in faulty.collect().await.map_err(failed)? {
                let faults = Faults::of(&batch)?;
                for row in 0..batch.num_rows() {
                    let Some(fault) = faults.fault(row) else { continue };
                    normalized.quarantined.push(failed_row(&place, faults.place(row), None, fault));
                    add(normalized, number, |counts| counts.quarantined_beside += 1);
                }
            }
        }
        run_record(place, select, rows, progress, normalized).await?;
    }
    let beside = extracted
        .quarantined
        .iter()
        .filter(|row| !row.table.as_ref().is_some_and(|table| main_tables.contains_key(table)));
    let beside = beside.count() as u64;
    add(normalized, number, |counts| counts.quarantined_beside += beside);
    if let Some(known) = normalized.main_tables.get_mut(number) {
        known.extend(main_tables.keys().filter(|table| extracted.tables.contains_key(*table)).cloned());
    }
    for (table, rows) in main_tables {
        let landed = extracted.tables.get(&table);
        let read = landed.map_or(rows.query_rows, |landed| landed.rows + landed.rejected);
        let rejected = landed.map_or(0, |landed| landed.rejected);
        let mut filtered = 0;
        let mut seen = HashSet::new();
        for (file, row, key, entity) in rows.filtered {
            let place = row.map(|row| (file, row));
            if place.is_some_and(|place| rows.taken.contains(&place) || !seen.insert(place)) {
                continue;
            }
            filtered += 1;
            let file = usize::try_from(file).ok().and_then(|file| place_in(Some(&table)).get(file));
            let origin = Origin { file: file.map(|(_, number)| *number), row };
            normalized.ledger.lost.push(LostRow {
                source: few(number),
                entity: few(entity),
                source_key: key.map(String::into_boxed_str),
                origin,
                fate: Fate::Filtered,
            });
        }
        add(normalized, number, |counts| {
            counts.read += read;
            counts.filtered += filtered;
            counts.quarantined += rejected;
        });
        let taken = if landed.is_some() { rows.taken.len() as u64 } else { rows.query_rows - filtered };
        add(normalized, number, |counts| counts.shared += rows.fates - taken);
        if read != rejected + filtered + taken {
            return Err(RunError::Internal(format!(
                "the ledger of source `{}` does not balance: {read} rows read, {rejected} rejected, {filtered} filtered, {taken} taken",
                source.name
            )));
        }
    }
    keep_raw(extracted, normalized.quarantined.get_mut(quarantined_before..).unwrap_or_default())
}

fn add(normalized: &mut Normalized, source: usize, change: impl FnOnce(&mut RecordCounts)) {
    if let Some(counts) = normalized.counts.get_mut(source) {
        change(counts);
    }
}

/// Rows of one main table, over all record types that read it.
#[derive(Default)]
struct Rows {
    taken: hashbrown::HashSet<(i32, i64)>,
    filtered: Vec<(i32, Option<i64>, Option<String>, usize)>,
    query_rows: u64,
    /// Rows taken, once for each record type that took them.
    fates: u64,
}

async fn run_record(
    place: Place<'_>,
    select: RecordSelect,
    rows: &mut Rows,
    progress: &Progress,
    normalized: &mut Normalized,
) -> Result<(), RunError> {
    let RecordSelect { frame, form, path, .. } = select;
    let failed = |error: DataFusionError| failed_query(place.source_name, &path, &error);
    let mut stream = frame.execute_stream().await.map_err(failed)?;
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        progress.check_signal()?;
        let batch = batch.map_err(failed)?;
        progress.advance(batch.num_rows() as u64);
        batches.push(batch);
    }
    let columns = batches.iter().map(Columns::of).collect::<Result<Vec<_>, _>>()?;
    let faults = batches.iter().map(Faults::of).collect::<Result<Vec<_>, _>>()?;
    let first_record = normalized.entities.get(place.entity).map_or(0, EntityRecords::len);
    let rows_read = columns.iter().map(|columns| columns.key.len()).sum();
    let mut kept: Vec<(usize, usize)> = Vec::with_capacity(rows_read);
    for (batch, row) in in_order(&batches)? {
        let (Some(columns_here), Some(faults_here)) = (columns.get(batch), faults.get(batch)) else { continue };
        let at = faults_here.place(row);
        rows.query_rows += 1;
        let key = columns_here.key(row);
        if !columns_here.selected.value(row) {
            rows.filtered.push((at.0, at.1, key.map(str::to_owned), place.entity));
            continue;
        }
        rows.fates += 1;
        if let Some(number) = at.1 {
            rows.taken.insert((at.0, number));
        }
        let bad = match (faults_here.fault(row), key) {
            (Some(fault), _) => Some(failed_row(&place, at, key, fault)),
            (None, None) => Some(missing_key(&place, at)),
            (None, Some(_)) => None,
        };
        let fate = if let Some(bad) = bad {
            // What a query gives has no place to read it back from.
            let raw = if place.table.is_none() {
                row_as_json(&form.of(&gather(&batches, &[(batch, row)])?)?)?
            } else {
                Vec::new()
            };
            normalized.quarantined.push(Quarantined { raw, ..bad });
            Some(Fate::Quarantined)
        } else {
            // The record that was kept last, to tell repeats from older versions.
            let last = kept.last().and_then(|(batch, row)| Some((columns.get(*batch)?, *row)));
            match last.filter(|(columns, row)| columns.key(*row) == key) {
                Some((columns, last)) if columns.hash.value(last) == columns_here.hash.value(row) => {
                    Some(Fate::DuplicateRow)
                }
                Some(_) => Some(Fate::Superseded),
                None => {
                    if u32::try_from(first_record + kept.len()).is_err() {
                        return Err(RunError::Internal("more than 4,294,967,295 records".to_owned()));
                    }
                    kept.push((batch, row));
                    None
                }
            }
        };
        add(normalized, place.source, |counts| match fate {
            None => counts.records += 1,
            Some(Fate::DuplicateRow) => counts.duplicate_rows += 1,
            Some(Fate::Superseded) => counts.superseded += 1,
            Some(Fate::Quarantined) => counts.quarantined += 1,
            Some(Fate::Filtered) => {}
        });
        let origin = place.origin(at);
        match fate {
            None => normalized.ledger.push_record(place.entity, origin),
            Some(fate) => normalized.ledger.lost.push(LostRow {
                source: few(place.source),
                entity: few(place.entity),
                source_key: key.map(Box::from),
                origin,
                fate,
            }),
        }
    }
    if let Some(entity) = normalized.entities.get_mut(place.entity) {
        let at_once = (kept.len() / PIECES).clamp(FEWEST_AT_ONCE, MOST_AT_ONCE);
        let schema = Arc::clone(entity.columns.schema());
        for pieces in kept.chunks(at_once * PIECES) {
            let made: Vec<RecordBatch> = pieces
                .par_chunks(at_once)
                .map(|rows| {
                    progress.check_signal()?;
                    exact(&to_records(&form.of(&gather(&batches, rows)?)?, &schema)?)
                })
                .collect::<Result<_, RunError>>()?;
            for batch in made {
                entity.push(&batch, place.source);
            }
        }
    }
    Ok(())
}

/// Into how many pieces, normalised at the same time, the records of a source are cut. It does not depend on the
/// threads, so that equal input gives equal batches.
const PIECES: usize = 8;
/// Bounds of a piece: a value that repeats is read once a piece, so larger ones take less time and more memory.
const FEWEST_AT_ONCE: usize = 8 << 10;
const MOST_AT_ONCE: usize = 64 << 10;

/// Rows of a table without columns (JSON objects without members) have no key.
fn rows_without_columns(place: Place<'_>, rows: &mut Rows, normalized: &mut Normalized) -> Result<(), RunError> {
    let Some(table) = place.table.and_then(|table| place.extracted.tables.get(table)) else { return Ok(()) };
    let mut found = Vec::new();
    each_row(table, |_, _| true, |file, row, _| found.push((i32::try_from(file).unwrap_or(-1), row)))?;
    for (file, row) in found {
        rows.fates += 1;
        rows.taken.insert((file, row));
        normalized.quarantined.push(missing_key(&place, (file, Some(row))));
        add(normalized, place.source, |counts| counts.quarantined += 1);
        let origin = place.origin((file, Some(row)));
        normalized.ledger.lost.push(LostRow {
            source: few(place.source),
            entity: few(place.entity),
            source_key: None,
            origin,
            fate: Fate::Quarantined,
        });
    }
    Ok(())
}

/// The columns with a row's place and what fails on it.
struct Faults<'a> {
    file: &'a Int32Array,
    row: &'a Int64Array,
    fault: StringArray,
}

impl<'a> Faults<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, RunError> {
        Ok(Self {
            file: the_column(batch, FILE)?.as_primitive::<Int32Type>(),
            row: the_column(batch, ROW)?.as_primitive::<Int64Type>(),
            fault: cast(the_column(batch, FAULT_COLUMN)?, &DataType::Utf8)?.as_string::<i32>().clone(),
        })
    }

    fn fault(&self, row: usize) -> Option<&str> {
        self.fault.is_valid(row).then(|| self.fault.value(row))
    }

    /// The index of the row's file and its number there.
    fn place(&self, row: usize) -> (i32, Option<i64>) {
        let file = if self.file.is_valid(row) { self.file.value(row) } else { -1 };
        (file, self.row.is_valid(row).then(|| self.row.value(row)))
    }
}

pub(super) fn the_column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, RunError> {
    batch.column_by_name(name).ok_or_else(|| RunError::Internal(format!("the query lost its column {name}")))
}

/// The columns that decide a row's fate.
struct Columns<'a> {
    selected: BooleanArray,
    key: StringArray,
    hash: &'a FixedSizeBinaryArray,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, RunError> {
        Ok(Self {
            selected: the_column(batch, SELECTED)?.as_boolean().clone(),
            key: cast(the_column(batch, layout::SOURCE_KEY)?, &DataType::Utf8)?.as_string::<i32>().clone(),
            hash: the_column(batch, layout::RECORD_HASH)?.as_fixed_size_binary(),
        })
    }

    fn key(&self, row: usize) -> Option<&str> {
        self.key.is_valid(row).then(|| self.key.value(row))
    }
}

/// Brings a query's batch into the schema of records: names in parts become columns.
fn to_records(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, RunError> {
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = batch
            .column_by_name(&name_column(field.name()))
            .or_else(|| batch.column_by_name(field.name()))
            .ok_or_else(|| RunError::Internal(format!("the query lost its column {}", field.name())))?;
        columns.push(if column.data_type() == field.data_type() {
            Arc::clone(column)
        } else {
            cast(column, field.data_type())?
        });
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
