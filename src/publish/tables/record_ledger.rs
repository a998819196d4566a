//! `record_ledger`: the one fate of every extracted row.

use std::path::Path;
use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field};

use crate::extract::Quarantined;
use crate::normalize::{EntityRecords, Fate};
use crate::pipeline::RunError;
use crate::publish::columns::{Keys, Names, maybe_texts, source_names};
use crate::publish::table::{BATCH_ROWS, TableWriter, WrittenTable, column, maybe_text, text};
use crate::publish::{EntityResult, Results};

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

/// In the order of their names, so that numbers sort as names do.
const STATES: [&str; 6] = ["duplicate_row", "filtered", "linked", "quarantined", "singleton", "superseded"];
const LINKED: u32 = 2;
const QUARANTINED: u32 = 3;
const SINGLETON: u32 = 4;

/// A line of the ledger, before it is written.
#[derive(Clone, Copy)]
enum Line {
    /// A record, by entity type and number.
    Record(u16, u32),
    /// A row that became no record, by its place in the ledger.
    Lost(u32),
    /// A row that could not be read, by its place among these.
    Rejected(u32),
}

/// What a line says. Names are numbers that sort as the names do.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said<'a> {
    key: Option<&'a str>,
    entity: Option<u32>,
    file: Option<u32>,
    row: Option<i64>,
    state: u32,
    /// The number of its golden id over all entity types.
    golden_id: Option<u32>,
}

/// Names in their order.
struct Sorted<'a>(Vec<&'a str>);

impl<'a> Sorted<'a> {
    fn of(names: impl Iterator<Item = &'a str>) -> Self {
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.0.binary_search(&name).ok().and_then(|number| u32::try_from(number).ok())
    }

    fn names(&self) -> Names {
        Names::of(self.0.iter().copied())
    }
}

/// Lines are in the order of sources, keys, entity types, files and rows.
///
/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let rejected: Vec<&Quarantined> = results
        .extracted
        .iter()
        .zip(&results.normalized.main_tables)
        .flat_map(|(source, main)| {
            let rows = source.iter().flat_map(|source| &source.quarantined);
            rows.filter(|row| row.table.as_ref().is_some_and(|table| main.contains(table)))
        })
        .collect();
    let lines = Lines::of(results, rejected)?;
    let golden: Vec<_> = results.entities.iter().map(|entity| &entity.golden_ids.ids).collect();
    let golden = Names::all(&golden)?;
    let (sources, entities, files) = (source_names(results.plan), lines.entities.names(), lines.files.names());
    let states = Names::of(STATES);
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    // The sources of a plan are ordered by name.
    for (number, source) in (0..).zip(0..results.plan.sources.len()) {
        for chunk in lines.of_source(source).chunks(BATCH_ROWS) {
            let said: Vec<Said<'_>> = chunk.iter().map(|line| lines.said(*line)).collect();
            writer.write(vec![
                sources.column(said.iter().map(|_| number))?,
                maybe_texts(said.iter().map(|line| line.key)),
                files.maybe_column(said.iter().map(|line| line.file))?,
                Arc::new(said.iter().map(|line| line.row).collect::<Int64Array>()),
                states.column(said.iter().map(|line| line.state))?,
                entities.maybe_column(said.iter().map(|line| line.entity))?,
                golden.maybe_column(said.iter().map(|line| line.golden_id))?,
            ])?;
        }
    }
    writer.finish()
}

/// All there is to say of lines.
struct Lines<'a> {
    results: &'a Results<'a>,
    rejected: Vec<&'a Quarantined>,
    types: Vec<Type<'a>>,
    entities: Sorted<'a>,
    files: Sorted<'a>,
    /// By number of the ledger the number among `files`.
    file_numbers: Vec<Option<u32>>,
}

/// One entity type.
struct Type<'a> {
    number: Option<u32>,
    records: &'a EntityRecords,
    result: &'a EntityResult,
    /// The number of its first golden id over all entity types.
    first_id: usize,
    keys: Keys<'a>,
}

impl<'a> Lines<'a> {
    fn of(results: &'a Results<'a>, rejected: Vec<&'a Quarantined>) -> Result<Self, RunError> {
        let ledger = &results.normalized.ledger;
        let entities = Sorted::of(results.normalized.entities.iter().map(|records| records.plan.entity.as_str()));
        let known = ledger.files().iter().map(AsRef::as_ref);
        let files = Sorted::of(known.clone().chain(rejected.iter().map(|row| row.file.as_str())));
        let file_numbers = known.map(|file| files.number(file)).collect();
        let mut types = Vec::new();
        let mut first_id = 0;
        for (records, result) in results.normalized.entities.iter().zip(&results.entities) {
            let number = entities.number(&records.plan.entity);
            let keys = Keys::of_records(records)?;
            types.push(Type { number, records, result, first_id, keys });
            first_id += result.clusters.len();
        }
        Ok(Self { results, rejected, types, entities, files, file_numbers })
    }

    /// The lines of a source, in order. Its records are sorted by key already, so they are a long run that the others are
    /// merged into.
    fn of_source(&self, source: usize) -> Vec<Line> {
        let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
        let mut lines = Vec::new();
        for (entity, of) in (0..).zip(&self.types) {
            let records = of.records.of_source(source);
            lines.extend(records.map(|record| Line::Record(entity, number(record))));
        }
        let lost = self.results.normalized.ledger.lost.iter().enumerate();
        let lost = lost.filter(|(_, row)| usize::from(row.source) == source);
        lines.extend(lost.map(|(index, _)| Line::Lost(number(index))));
        let name = self.results.plan.sources.get(source).map(|source| source.name.as_str());
        let rejected = self.rejected.iter().enumerate().filter(|(_, row)| Some(row.source.as_str()) == name);
        lines.extend(rejected.map(|(index, _)| Line::Rejected(number(index))));
        lines.sort_by(|a, b| self.key(*a).cmp(&self.key(*b)).then_with(|| self.said(*a).cmp(&self.said(*b))));
        lines
    }

    fn key(&self, line: Line) -> Option<&str> {
        match line {
            Line::Record(entity, record) => self.types.get(usize::from(entity))?.keys.of(record),
            Line::Lost(index) => self.results.normalized.ledger.lost.get(index as usize)?.source_key.as_deref(),
            Line::Rejected(_) => None,
        }
    }

    fn said(&self, line: Line) -> Said<'_> {
        let ledger = &self.results.normalized.ledger;
        let file = |file: Option<u32>| file.and_then(|file| self.file_numbers.get(file as usize).copied().flatten());
        match line {
            Line::Record(entity, record) => {
                let of = self.types.get(usize::from(entity));
                let origin = ledger.origin(usize::from(entity), record as usize);
                let cluster = of.map_or(0, |of| of.result.clusters.of(record as usize));
                let members = of.map_or(0, |of| of.result.clusters.members(cluster).len());
                Said {
                    key: self.key(line),
                    entity: of.and_then(|of| of.number),
                    file: file(origin.file),
                    row: origin.row,
                    state: if members > 1 { LINKED } else { SINGLETON },
                    golden_id: of.and_then(|of| u32::try_from(of.first_id + cluster).ok()),
                }
            }
            Line::Lost(index) => {
                let row = ledger.lost.get(index as usize);
                Said {
                    key: self.key(line),
                    entity: row.and_then(|row| self.types.get(usize::from(row.entity))?.number),
                    file: row.and_then(|row| file(row.origin.file)),
                    row: row.and_then(|row| row.origin.row),
                    state: row.map_or(QUARANTINED, |row| state(row.fate)),
                    golden_id: None,
                }
            }
            Line::Rejected(index) => {
                let row = self.rejected.get(index as usize);
                Said {
                    key: self.key(line),
                    entity: None,
                    file: row.and_then(|row| self.files.number(&row.file)),
                    row: row.map(|row| row.row),
                    state: QUARANTINED,
                    golden_id: None,
                }
            }
        }
    }
}

fn state(fate: Fate) -> u32 {
    match fate {
        Fate::DuplicateRow => 0,
        Fate::Superseded => 5,
        Fate::Quarantined => QUARANTINED,
        Fate::Filtered => 1,
    }
}
