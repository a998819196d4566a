//! `record_ledger`: the one fate of every extracted row.

use std::path::Path;
use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field};

use crate::normalize::{Fate, layout};
use crate::pipeline::RunError;
use crate::publish::columns::{Names, Texts, maybe_texts};
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

/// One line of the ledger. Names are numbers that sort as the names do.
struct Line<'a> {
    source: u32,
    key: Option<&'a str>,
    entity: Option<u32>,
    file: Option<u32>,
    row: Option<i64>,
    state: u32,
    /// The number of its golden id over all entity types.
    golden_id: Option<u32>,
    /// The record it became, by entity type and number.
    record: Option<(u16, u32)>,
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

/// # Errors
/// Where the table cannot be written.
pub fn write(results: &Results<'_>, version: &Path) -> Result<WrittenTable, RunError> {
    let rejected = || {
        let sources = results.extracted.iter().zip(&results.normalized.main_tables);
        sources.flat_map(|(source, main)| {
            let rows = source.iter().flat_map(|source| &source.quarantined);
            rows.filter(|row| row.table.as_ref().is_some_and(|table| main.contains(table)))
        })
    };
    let ledger = &results.normalized.ledger;
    let sources = Sorted::of(
        results.plan.sources.iter().map(|source| source.name.as_str()).chain(rejected().map(|row| row.source.as_str())),
    );
    let entities = Sorted::of(results.normalized.entities.iter().map(|records| records.plan.entity.as_str()));
    // Rows of one file follow each other, and its name is looked up once for all of them.
    let mut files: Vec<&str> = ledger.iter().filter_map(|entry| entry.file.as_deref()).collect();
    files.dedup();
    let files = Sorted::of(files.into_iter().chain(rejected().map(|row| row.file.as_str())));
    let keys: Vec<Texts<'_>> = results
        .normalized
        .entities
        .iter()
        .map(|records| Texts::column(records, layout::SOURCE_KEY))
        .collect::<Result<_, _>>()?;
    let mut lines = lines(results, &keys, &sources, &entities, &files);
    lines.extend(rejected().map(|row| Line {
        source: sources.number(&row.source).unwrap_or(u32::MAX),
        key: None,
        entity: None,
        file: files.number(&row.file),
        row: Some(row.row),
        state: QUARANTINED,
        golden_id: None,
        record: None,
    }));
    // Records are sorted by source and key already: in their order the lines are long runs, which are only merged.
    lines.sort_unstable_by_key(|line| line.record);
    lines.sort_by(|a, b| {
        (a.source, a.key, a.entity, a.file, a.row, a.state).cmp(&(b.source, b.key, b.entity, b.file, b.row, b.state))
    });
    let golden = Names::of(results.entities.iter().flat_map(|entity| &entity.golden_ids.ids).map(String::as_str));
    let (sources, entities, files) = (sources.names(), entities.names(), files.names());
    let states = Names::of(STATES);
    let mut writer = TableWriter::create(version, NAME, fields(), results.plan.publish.compression)?;
    for lines in lines.chunks(BATCH_ROWS) {
        writer.write(vec![
            sources.column(lines.iter().map(|line| line.source))?,
            maybe_texts(lines.iter().map(|line| line.key)),
            files.maybe_column(lines.iter().map(|line| line.file))?,
            Arc::new(lines.iter().map(|line| line.row).collect::<Int64Array>()),
            states.column(lines.iter().map(|line| line.state))?,
            entities.maybe_column(lines.iter().map(|line| line.entity))?,
            golden.maybe_column(lines.iter().map(|line| line.golden_id))?,
        ])?;
    }
    writer.finish()
}

/// The lines of the rows that were read, in no order.
fn lines<'a>(
    results: &'a Results<'_>,
    keys: &'a [Texts<'a>],
    sources: &Sorted<'_>,
    entities: &Sorted<'_>,
    files: &Sorted<'_>,
) -> Vec<Line<'a>> {
    let source_numbers: Vec<Option<u32>> =
        results.plan.sources.iter().map(|source| sources.number(&source.name)).collect();
    let mut types = Vec::new();
    let mut first_id = 0_usize;
    for ((records, entity), keys) in results.normalized.entities.iter().zip(&results.entities).zip(keys) {
        types.push(Type { number: entities.number(&records.plan.entity), result: entity, first_id, keys });
        first_id += entity.golden_ids.ids.len();
    }
    let mut file: (Option<&str>, Option<u32>) = (None, None);
    let lines = results.normalized.ledger.iter().map(|entry| {
        if file.0 != entry.file.as_deref() {
            file = (entry.file.as_deref(), entry.file.as_deref().and_then(|name| files.number(name)));
        }
        let of = types.get(usize::from(entry.entity));
        let mut line = Line {
            source: source_numbers.get(usize::from(entry.source)).copied().flatten().unwrap_or(u32::MAX),
            key: entry.source_key.as_deref(),
            entity: of.and_then(|of| of.number),
            file: file.1,
            row: entry.row,
            state: match entry.fate {
                Fate::Record(_) => SINGLETON,
                Fate::DuplicateRow => 0,
                Fate::Superseded => 5,
                Fate::Quarantined => QUARANTINED,
                Fate::Filtered => 1,
            },
            golden_id: None,
            record: None,
        };
        if let (Fate::Record(record), Some(of)) = (entry.fate, of) {
            let cluster = of.result.clusters.of(record as usize);
            line.golden_id = u32::try_from(of.first_id + cluster).ok();
            line.record = Some((entry.entity, record));
            if of.result.clusters.members(cluster).len() > 1 {
                line.state = LINKED;
            }
            line.key = of.keys.of(record);
        }
        line
    });
    lines.collect()
}

/// One entity type as its lines need it.
struct Type<'a> {
    number: Option<u32>,
    result: &'a EntityResult,
    /// The number of its first golden id over all entity types.
    first_id: usize,
    keys: &'a Texts<'a>,
}
