//! First stage: sources are read once, and what they delivered is fixed in landing files before anything is
//! computed on it. From then on a row can be read twice, resumed and replayed.
//!
//! ```text
//! Source ──chunks──▶ Landing (one Arrow file a table) ──▶ LandedTable
//!    └────rejected rows──▶ Vec<Quarantined>
//! ```

pub mod contract;
pub mod landing;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, SchemaRef};
use goldsmith_increments::{Increment, NewState, WholeBecause, read_increment};
use goldsmith_source::request::is_unknown_table;
use goldsmith_source::{FileRead, ReadRequest};

use crate::pipeline::RunError;
use crate::pipeline::incremental::{Increments, state_path};
use crate::pipeline::plan::{From, SourcePlan};
use crate::progress::Progress;
pub use landing::{LandedIncrement, LandedTable};

/// A row that did not become a record, with the reason. Its bytes are kept here and in the quarantine table
/// and nowhere else.
#[derive(Clone)]
pub struct Quarantined {
    pub source: String,
    /// The source's table; `None` for a row of a query.
    pub table: Option<String>,
    pub file: String,
    pub row: i64,
    pub byte_offset: Option<i64>,
    pub source_key: Option<String>,
    /// parse, contract, normalise or check.
    pub stage: &'static str,
    pub rule: String,
    pub attribute: Option<String>,
    pub message: String,
    pub raw: Vec<u8>,
}

impl Quarantined {
    /// What is wrong, with the file where the sentence does not name it.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.message.contains(&self.file) {
            self.message.clone()
        } else {
            format!("{}: {}", self.file, self.message)
        }
    }
}

/// What one source delivered.
pub struct ExtractedSource {
    pub name: String,
    pub connector: &'static str,
    pub locator: String,
    pub tables: BTreeMap<String, LandedTable>,
    /// The source's first table, where it was asked for.
    pub first: Option<String>,
    pub files: Vec<FileRead>,
    pub quarantined: Vec<Quarantined>,
    /// Sentences for people about how it was read.
    pub warnings: Vec<String>,
}

impl ExtractedSource {
    /// Rows read, rejected ones included.
    #[must_use]
    pub fn rows_read(&self) -> u64 {
        self.tables.values().map(|table| table.rows + table.rejected).sum()
    }
}

/// The tables of a source.
#[derive(Debug, Clone, Default)]
pub struct SourceTables {
    pub schemas: BTreeMap<String, SchemaRef>,
    /// The one a record type means that names none: the connector's first.
    pub first: Option<String>,
}

/// A table to land and its columns (all of them for `None`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRequest {
    pub table: String,
    pub columns: Option<Vec<String>>,
    /// Columns the source no longer has, which are landed as nulls.
    pub gone: Vec<Arc<Field>>,
    /// Whether it is the source's first table.
    pub is_first: bool,
}

/// The schemas of the tables the source's record types need, asked for once before anything is read: of a database with
/// hundreds of tables only those that are named. Where a query is to be planned, or a name is not among the tables, all
/// of them, because any could be meant.
///
/// # Errors
/// Where the source cannot be reached or is broken.
pub fn schemas(source: &SourcePlan) -> Result<SourceTables, RunError> {
    let named = |error| RunError::Source { name: source.name.clone(), error };
    let tables = source.source.tables().map_err(named)?;
    let froms: Vec<&From> = source
        .records
        .iter()
        .flat_map(|record| std::iter::once(&record.from).chain(record.children.iter().map(|child| &child.from)))
        .collect();
    for from in &froms {
        // A table that is there and may not be read is not listed: the system says what is missing.
        if let From::Table(Some(table)) = from
            && !tables.contains(table)
            && let Err(error) = source.source.schema(Some(table))
            && !is_unknown_table(&error)
        {
            return Err(named(error));
        }
    }
    let wanted: Option<Vec<&String>> = froms
        .into_iter()
        .map(|from| match from {
            From::Table(Some(table)) => tables.iter().find(|known| *known == table),
            From::Table(None) => tables.first(),
            From::Query(_) => None,
        })
        .collect();
    let mut schemas = BTreeMap::new();
    for table in tables.iter().filter(|table| wanted.as_ref().is_none_or(|wanted| wanted.contains(table))) {
        schemas.insert(table.clone(), source.source.schema(Some(table)).map_err(named)?);
    }
    Ok(SourceTables { schemas, first: tables.into_iter().next() })
}

/// The source's first table, where it is among those requested.
#[must_use]
pub fn first_of(requests: &[TableRequest]) -> Option<String> {
    requests.iter().find(|request| request.is_first).map(|request| request.table.clone())
}

/// Reads the requested tables of one source into landing files below `directory`: of an incremental source only what
/// changed is read, and the landing file holds it merged with what was read before.
///
/// # Errors
/// A source fails whole: after an error nothing it delivered is used.
pub fn extract(
    source: &SourcePlan,
    requests: &[TableRequest],
    increments: &Increments<'_>,
    directory: &Path,
    progress: &Progress,
) -> Result<ExtractedSource, RunError> {
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
        let named = |error| RunError::Source { name: source.name.clone(), error };
        let schema = source.source.schema(Some(&request.table)).map_err(named)?;
        let path = directory.join(format!("{number}.arrow"));
        let mut landing = landing::Landing::create(
            &source.name,
            &request.table,
            path,
            &schema,
            request.columns.as_deref(),
            &request.gone,
            progress,
        )?;
        let incremental =
            source.incremental.as_ref().filter(|incremental| incremental.of(&request.table).concern(&schema));
        let increment = match incremental {
            None => {
                let read = ReadRequest {
                    table: Some(request.table.clone()),
                    columns: Some(landing.columns().to_vec()),
                    ..ReadRequest::default()
                };
                source.source.read(&read, &mut landing).map_err(named)?;
                None
            }
            Some(incremental) => {
                let columns = landing.columns().to_vec();
                let relative = state_path(&source.name, number);
                let previous = increments.previous(&source.name, &request.table);
                let (state, spool) = (increments.staging.join(&relative), directory.join(format!("{number}.spool")));
                let increment = Increment {
                    source: &*source.source,
                    table: &request.table,
                    schema: &schema,
                    columns: Some(&columns),
                    gone: &request.gone,
                    settings: incremental.of(&request.table),
                    identity: &incremental.identity,
                    mode: &increments.mode,
                    now: increments.now,
                    previous: previous.as_ref(),
                    state: &state,
                    spool: &spool,
                };
                let state = read_increment(&increment, &mut landing).map_err(named)?;
                extracted.warnings.extend(said_of(&source.name, &request.table, &state));
                Some(LandedIncrement { path: relative, state })
            }
        };
        let (mut table, mut files, mut quarantined) = landing.finish()?;
        table.increment = increment;
        extracted.tables.insert(request.table.clone(), table);
        for file in files.drain(..) {
            if !extracted.files.iter().any(|known| known.file == file.file && known.checksum == file.checksum) {
                extracted.files.push(file);
            }
        }
        extracted.quarantined.append(&mut quarantined);
    }
    if extracted.tables.values().any(|table| table.increment.is_some()) {
        increments.sync(&source.name)?;
    }
    Ok(extracted)
}

/// What somebody should know of a read by increments.
fn said_of(source: &str, table: &str, state: &NewState) -> Vec<String> {
    let whole = match &state.whole {
        None | Some(WholeBecause::First | WholeBecause::Refresh | WholeBecause::Full) => None,
        Some(because) => Some(format!("table \"{table}\" was read whole, because {because}")),
    };
    state.warnings.iter().cloned().chain(whole).map(|said| format!("source `{source}`, {said}")).collect()
}

/// Moves every landed row of a table into quarantine, because the table broke its contract.
///
/// # Errors
/// Where the landing file cannot be read or written again.
pub fn quarantine_table(extracted: &mut ExtractedSource, table: &str, what: &str) -> Result<(), RunError> {
    let Some(landed) = extracted.tables.get_mut(table) else { return Ok(()) };
    let (rows, batches) = landing::take_rows(landed)?;
    for (file, row, raw) in rows {
        let file = landed.files.get(file).cloned().unwrap_or_default();
        let row = contract::contract_row(&extracted.name, table, &file, row, what);
        extracted.quarantined.push(Quarantined { raw, ..row });
    }
    // The table is read whole once its columns are as they should be.
    landed.increment = None;
    landed.rejected += batches;
    landed.rows = 0;
    landed.refused = true;
    Ok(())
}
