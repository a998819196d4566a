//! Runs the queries and keeps one record a key: what is filtered, has no key, repeats or is superseded gets its
//! fate here.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, Int32Array, Int64Array, RecordBatch, StringArray,
    new_null_array,
};
use arrow::compute::{cast, filter_record_batch, interleave};
use arrow::datatypes::{DataType, Int32Type, Int64Type, SchemaRef};
use datafusion::error::DataFusionError;
use futures::StreamExt;
use rayon::prelude::*;

use super::attempt::{fault_parts, kind_of};
use super::exact::exact;
use super::ledger::{Fate, Ledger, LostRow, Origin};
use super::order::{gather, in_order};
use super::places::Places;
use super::record_columns::RecordColumns;
use super::select::{FAULT_COLUMN, RecordSelect, plan_record};
use super::standard::name_column;
use super::{SELECTED, layout, session};
use crate::extract::landing::{FILE, OWN, ROW, each_row};
use crate::extract::{ExtractedSource, Quarantined, SourceTables};
use crate::golden::RankedValue;
use crate::pipeline::RunError;
use crate::pipeline::plan::{EntityPlan, Plan, RecordPlan, SourcePlan};
use crate::pipeline::sources::{table_of, table_without_columns};
use crate::progress::Progress;
use crate::publish::previous::{Version, read_whole_table};

/// An index among sources or entity types; a pipeline has few.
fn few(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// The normalised records of one entity type, sorted by source and key.
pub struct EntityRecords {
    pub plan: EntityPlan,
    pub columns: RecordColumns,
    /// Where what every record has lies: its key, its hash, when it changed; and the values of its attributes until they
    /// are arranged.
    pub places: Places,
    is_arranged: bool,
    /// For each record the index of its source in the plan, ascending.
    pub sources: Vec<u16>,
}

impl EntityRecords {
    /// No records yet.
    #[must_use]
    pub fn new(plan: EntityPlan) -> Self {
        Self {
            columns: RecordColumns::new(layout::record_schema(&plan)),
            plan,
            places: Places::default(),
            is_arranged: false,
            sources: Vec::new(),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where the values of attributes lie, by the place of a record in the order that they were arranged in.
    ///
    /// # Errors
    /// They were not arranged.
    pub fn arranged_places(&self) -> Result<&Places, RunError> {
        if self.is_arranged {
            return Ok(&self.places);
        }
        Err(RunError::Internal("values are not in the order of clusters yet".to_owned()))
    }

    /// All columns, batch by batch.
    ///
    /// # Errors
    /// The values were arranged.
    pub fn batches(&self) -> Result<impl Iterator<Item = Result<RecordBatch, RunError>> + '_, RunError> {
        self.check_not_arranged()?;
        Ok(self.columns.batches())
    }

    fn check_not_arranged(&self) -> Result<(), RunError> {
        if self.is_arranged {
            return Err(RunError::Internal("values are no longer in the order of records".to_owned()));
        }
        Ok(())
    }

    /// Brings the values of all attributes into the order of these records, so that who reads them in this order reads
    /// from front to back: those of the first of them lie in the first of [`Self::places`].
    ///
    /// # Errors
    /// They were arranged before.
    pub fn arrange_values(&mut self, order: &[u32]) -> Result<(), RunError> {
        self.check_not_arranged()?;
        let places: Vec<(usize, usize)> = order.iter().filter_map(|record| self.places.get(*record as usize)).collect();
        for attribute in &self.plan.attributes {
            for field in layout::attribute_fields(attribute) {
                self.columns.arrange(field.name(), &places)?;
            }
        }
        self.is_arranged = true;
        Ok(())
    }

    /// By batch the name of the source that all its records come from.
    #[must_use]
    pub fn source_names<'p>(&self, plan: &'p Plan) -> Vec<&'p str> {
        let mut first = 0;
        let of_batch = |rows: &usize| {
            let source = self.sources.get(first).and_then(|source| plan.sources.get(usize::from(*source)));
            first += rows;
            source.map_or("", |source| source.name.as_str())
        };
        self.columns.lengths().iter().map(of_batch).collect()
    }

    /// The records of a source: they lie together.
    #[must_use]
    pub fn of_source(&self, source: usize) -> std::ops::Range<usize> {
        let before = |number: usize| self.sources.partition_point(|of| usize::from(*of) < number);
        before(source)..before(source + 1)
    }

    /// A column, an array a batch.
    ///
    /// # Errors
    /// Where the records have no such column.
    pub fn column(&self, name: &str) -> Result<&[ArrayRef], RunError> {
        self.columns.column(name)
    }

    /// A column of an attribute to take arranged values from.
    ///
    /// # Errors
    /// Where the records have no such column, or its values are not arranged.
    pub fn picker(&self, name: &str) -> Result<Picker<'_>, RunError> {
        Ok(Picker::of(self.arranged_places()?, self.column(name)?))
    }

    /// One part of the elements of a list column, to take elements from.
    ///
    /// # Errors
    /// Where the attribute has no such part, or its values are not arranged.
    pub fn part_picker(&self, attribute: &str, part: &str) -> Result<Picker<'_>, RunError> {
        let parts = self
            .columns
            .part(attribute, part)?
            .ok_or_else(|| RunError::Internal(format!("{attribute} has no part {part}")))?;
        Ok(Picker::of(self.arranged_places()?, &parts))
    }

    /// Adds a batch; `source` is the index of the one all its records come from.
    pub fn push(&mut self, batch: &RecordBatch, source: usize) {
        let (number, rows) = (self.columns.lengths().len(), batch.num_rows());
        self.places.push_batch(number, rows);
        self.sources.resize(self.sources.len() + rows, few(source));
        self.columns.push(batch);
    }
}

/// Takes values out of a column, in any order.
pub struct Picker<'a> {
    places: &'a Places,
    /// A null, then the arrays.
    arrays: Vec<ArrayRef>,
}

impl<'a> Picker<'a> {
    fn of(places: &'a Places, arrays: &[ArrayRef]) -> Self {
        let data_type = arrays.first().map_or(DataType::Utf8, |array| array.data_type().clone());
        Self { places, arrays: std::iter::once(new_null_array(&data_type, 1)).chain(arrays.iter().cloned()).collect() }
    }

    /// The golden values, in their order; null for `None`.
    ///
    /// # Errors
    /// None that a caller can meet.
    pub fn values<'v>(&self, values: impl Iterator<Item = Option<&'v RankedValue>>) -> Result<ArrayRef, RunError> {
        self.take(values.map(|value| self.places.get(value?.place as usize)))
    }

    /// A part of the list elements that are golden values, in their order; null for `None`.
    ///
    /// # Errors
    /// None that a caller can meet.
    pub fn elements<'v>(&self, values: impl Iterator<Item = Option<&'v RankedValue>>) -> Result<ArrayRef, RunError> {
        self.take(values.map(|value| {
            let value = value?;
            Some((self.places.get(value.place as usize)?.0, value.element as usize))
        }))
    }

    fn take(&self, places: impl Iterator<Item = Option<(usize, usize)>>) -> Result<ArrayRef, RunError> {
        let arrays: Vec<&dyn Array> = self.arrays.iter().map(|array| array.as_ref()).collect();
        let places: Vec<(usize, usize)> =
            places.map(|place| place.map_or((0, 0), |(batch, row)| (batch + 1, row))).collect();
        Ok(interleave(&arrays, &places)?)
    }
}

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

/// Most bytes that are kept of a quarantined row.
const MAX_RAW: usize = 64 << 10;

/// Gives quarantined rows of landed tables what was landed of them.
fn keep_raw(extracted: &ExtractedSource, quarantined: &mut [Quarantined]) -> Result<(), RunError> {
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

#[derive(Clone, Copy)]
struct Place<'a> {
    source: usize,
    entity: usize,
    source_name: &'a str,
    extracted: &'a ExtractedSource,
    table: Option<&'a str>,
    /// The table's files by their index, and their numbers in the ledger.
    files: &'a [(Arc<str>, u32)],
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

/// A query that failed as a whole. The engine's words are left out, because they can hold values of a row.
fn failed_query(source: &str, path: &str, error: &DataFusionError) -> RunError {
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
fn failed_row(place: &Place<'_>, at: (i32, Option<i64>), key: Option<&str>, fault: &str) -> Quarantined {
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

fn missing_key(place: &Place<'_>, at: (i32, Option<i64>)) -> Quarantined {
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

impl Place<'_> {
    /// The file of a row; `None` for a row of a query.
    fn file(&self, index: i32) -> Option<Arc<str>> {
        self.files.get(usize::try_from(index).ok()?).map(|(file, _)| Arc::clone(file))
    }

    /// Where a row was read, by the numbers of the ledger.
    fn origin(&self, (file, row): (i32, Option<i64>)) -> Origin {
        let file = usize::try_from(file).ok().and_then(|file| self.files.get(file));
        Origin { file: file.map(|(_, number)| *number), row }
    }

    /// The file of a row, or where the source is.
    fn place(&self, index: i32) -> String {
        self.file(index).map_or_else(|| self.extracted.locator.clone(), |file| file.to_string())
    }
}

/// The mapped values of a query's row, alone in its batch, as JSON.
fn row_as_json(batch: &RecordBatch) -> Result<Vec<u8>, RunError> {
    let schema = batch.schema();
    let of_source = |name: &str| !name.starts_with(OWN) && name != layout::RECORD_HASH;
    let columns: Vec<usize> =
        (0..schema.fields().len()).filter(|column| of_source(schema.field(*column).name())).collect();
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(&batch.project(&columns)?)?;
    writer.finish()?;
    Ok(writer.into_inner().trim_ascii_end().to_vec())
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
        self.key.is_valid(row).then(|| self.key.value(row)).filter(|key| !key.trim().is_empty())
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

/// The published records of a source that could not be read now.
pub struct LastGood {
    batches: Vec<RecordBatch>,
}

impl LastGood {
    /// Reads the records of `source` from a published version.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub fn read(version: Version<'_>, source: &str) -> Result<Self, RunError> {
        let mut batches = Vec::new();
        for batch in read_whole_table(version, "source_records")? {
            let Some(sources) =
                batch.column_by_name(layout::SOURCE).and_then(|column| column.as_string_opt::<i32>().cloned())
            else {
                continue;
            };
            let keep: BooleanArray = (0..sources.len()).map(|row| Some(sources.value(row) == source)).collect();
            let kept = filter_record_batch(&batch, &keep)?;
            if kept.num_rows() > 0 {
                batches.push(kept);
            }
        }
        Ok(Self { batches })
    }

    /// Adds the records as they were published. An attribute that is new since then is null.
    ///
    /// # Errors
    /// Columns whose types no longer fit.
    pub fn add_to(&self, source: usize, normalized: &mut Normalized) -> Result<(), RunError> {
        for batch in &self.batches {
            let kinds = batch.column_by_name("entity_type").and_then(|column| column.as_string_opt::<i32>().cloned());
            let Some(kinds) = kinds else { continue };
            for (number, entity) in normalized.entities.iter_mut().enumerate() {
                let keep: BooleanArray =
                    (0..kinds.len()).map(|row| Some(kinds.value(row) == entity.plan.entity)).collect();
                let kept = filter_record_batch(batch, &keep)?;
                if kept.num_rows() == 0 {
                    continue;
                }
                let schema = Arc::clone(entity.columns.schema());
                let columns = schema
                    .fields()
                    .iter()
                    .map(|field| match kept.column_by_name(field.name()) {
                        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
                        Some(column) => Ok(cast(column, field.data_type())?),
                        None => Ok(new_null_array(field.data_type(), kept.num_rows())),
                    })
                    .collect::<Result<Vec<_>, RunError>>()?;
                for _ in 0..kept.num_rows() {
                    normalized.ledger.push_record(number, Origin::default());
                }
                entity.push(&RecordBatch::try_new(schema, columns)?, source);
                let rows = kept.num_rows() as u64;
                if let Some(counts) = normalized.counts.get_mut(source) {
                    counts.read += rows;
                    counts.records += rows;
                }
            }
        }
        Ok(())
    }
}
