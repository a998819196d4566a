//! What a run would do, from counts alone: nothing is landed, matched or written.

use goldsmith_source::{Chunk, FileRead, ReadRequest, RejectedRow, Sink, SourceError};

use super::RunError;
use super::check::NotChecked;
use super::memory::Memory;
use super::plan::{From, Plan, SourcePlan};
use crate::publish::Store;
use crate::publish::previous::{Version, previous_model, read_table};

/// Candidate pairs a record meets where nothing is known yet, from runs on the project's own synthetic data.
const PAIRS_PER_RECORD: u64 = 8;
/// Bytes a run needs at its peak whatever it reads; with those below from runs over 5 thousand records (191 MB),
/// 100 thousand (389 MB), a million (1.18 GB) and ten million (8.0 GB) of four systems.
const BYTES_FIXED: u64 = 280 << 20;
/// Bytes for each of the first million records.
const BYTES_PER_RECORD: u64 = 900;
/// Bytes for each record after the first million.
const BYTES_PER_LATER_RECORD: u64 = 760;
const FIRST_RECORDS: u64 = 1_000_000;

/// The expected work of a run.
#[derive(Debug, serde::Serialize)]
pub struct Estimate {
    pub pipeline: String,
    pub next_version: i64,
    pub publish_to: String,
    pub sources: Vec<SourceEstimate>,
    pub entities: Vec<String>,
    /// Rows of all main tables.
    pub rows: u64,
    pub predicted_pairs: u64,
    /// What the prediction rests on.
    pub pairs_basis: String,
    pub memory_bytes: u64,
    /// Those of them that lie in a file where a run is not told otherwise, as far as the store's disk can have one.
    pub beyond_memory_bytes: u64,
    /// Whether models are reused or trained.
    pub models: String,
    pub not_checked: Vec<NotChecked>,
}

#[derive(Debug, serde::Serialize)]
pub struct SourceEstimate {
    pub name: String,
    pub connector: String,
    pub locator: String,
    /// Rows of its main tables; unknown where the source cannot be reached.
    pub rows: Option<u64>,
    /// Every table the pipeline reads, with its rows; unknown where it cannot be read.
    pub tables: Vec<(String, Option<u64>)>,
}

/// Counts the rows of every source, and predicts pairs and memory from them and from the last published run.
///
/// # Errors
/// A store that cannot be read.
pub fn estimate(plan: &Plan) -> Result<Estimate, RunError> {
    let store = Store::new(plan.publish.to.clone());
    let last = store.latest()?;
    let sources: Vec<SourceEstimate> = plan.sources.iter().map(source_estimate).collect();
    let rows: u64 = sources.iter().filter_map(|source| source.rows).sum();
    let last_pairs = last.as_ref().and_then(|last| {
        let version = Version { store: &store, manifest: last };
        let batches = read_table(version, "match_blocks", &["pairs"]).ok()?;
        let pairs: i64 = batches
            .iter()
            .filter_map(|batch| {
                arrow::compute::sum(arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(batch.column(0)))
            })
            .sum();
        let records: u64 = last.sources.iter().map(|source| source.records.records).sum();
        (records > 0).then(|| (u64::try_from(pairs).unwrap_or(0), records))
    });
    let (predicted_pairs, pairs_basis) = match last_pairs {
        Some((pairs, records)) => (
            u64::try_from(u128::from(pairs) * u128::from(rows) / u128::from(records)).unwrap_or(u64::MAX),
            "from the pairs per record of the last published version".to_owned(),
        ),
        None => (rows * PAIRS_PER_RECORD, format!("{PAIRS_PER_RECORD} a record, as nothing is published yet")),
    };
    Ok(Estimate {
        pipeline: plan.name.clone(),
        next_version: last.as_ref().map_or(0, |last| last.version) + 1,
        publish_to: plan.publish.to.display().to_string(),
        entities: plan.entities.iter().map(|entity| entity.entity.clone()).collect(),
        sources,
        rows,
        predicted_pairs,
        pairs_basis,
        memory_bytes: memory(rows),
        beyond_memory_bytes: memory(rows).saturating_sub(Memory::usual().map_or(u64::MAX, goldsmith_memory::plain)),
        models: match (&plan.matching.model, &last) {
            (Some(path), _) if plan.entities.len() > 1 => {
                format!("read from {} for its entity type, the others reused or trained", path.display())
            }
            (Some(path), _) => format!("read from {}", path.display()),
            (None, Some(last)) => reused(plan, Version { store: &store, manifest: last }),
            (None, None) => "trained, then pinned by the first published version".to_owned(),
        },
        not_checked: Vec::new(),
    })
}

/// What becomes of the published models in the next run.
fn reused(plan: &Plan, version: Version<'_>) -> String {
    let published = plan.entities.iter().filter(|entity| version.manifest.models.contains_key(&entity.entity));
    let mut unusable = published.filter_map(|entity| previous_model(version, &entity.entity).err());
    match unusable.next() {
        Some(error) => format!("a run would fail: {error}"),
        None => format!("reused from version {}", version.manifest.version),
    }
}

fn memory(rows: u64) -> u64 {
    let later = rows.saturating_sub(FIRST_RECORDS);
    BYTES_FIXED + (rows - later) * BYTES_PER_RECORD + later * BYTES_PER_LATER_RECORD
}

fn source_estimate(source: &SourcePlan) -> SourceEstimate {
    let mut tables = Vec::new();
    let mut rows = Some(0);
    if let Ok(known) = source.source.tables() {
        for table in &known {
            let is_main = source.records.iter().any(|record| matches!(&record.from, From::Table(main) if main.as_ref().map_or(known.first() == Some(table), |main| main == table)));
            let is_child = source
                .records
                .iter()
                .flat_map(|record| &record.children)
                .any(|child| matches!(&child.from, From::Table(Some(from)) if from == table));
            if !is_main && !is_child {
                continue;
            }
            let count = source.source.row_estimate(Some(table)).or_else(|| count(source, table));
            tables.push((table.clone(), count));
            if is_main {
                rows = rows.zip(count).map(|(rows, count)| rows + count);
            }
        }
    } else {
        rows = None;
    }
    SourceEstimate {
        name: source.name.clone(),
        connector: source.connector.to_owned(),
        locator: source.source.locator(),
        rows,
        tables,
    }
}

/// Counts a table by reading one column of it.
fn count(source: &SourcePlan, table: &str) -> Option<u64> {
    let schema = source.source.schema(Some(table)).ok()?;
    let column = schema.fields().first()?.name().clone();
    let mut counter = Counter(0);
    let request = ReadRequest { table: Some(table.to_owned()), columns: Some(vec![column]), ..ReadRequest::default() };
    source.source.read(&request, &mut counter).ok()?;
    Some(counter.0)
}

struct Counter(u64);

impl Sink for Counter {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        self.0 += chunk.rows.len() as u64;
        Ok(())
    }

    fn reject(&mut self, _: RejectedRow) -> Result<(), SourceError> {
        self.0 += 1;
        Ok(())
    }

    fn file_done(&mut self, _: FileRead) -> Result<(), SourceError> {
        Ok(())
    }
}
