//! What the manifest says of a run.

use std::collections::BTreeMap;

use goldsmith_increments::NewState;

use super::RunError;
use super::run::now;
use crate::extract::contract::{Verdict, columns};
use crate::extract::{LandedIncrement, LandedTable};
use crate::publish::Results;
use crate::publish::manifest::{FileEntry, Manifest, SCHEMA_VERSION, SourceEntry, StateEntry, TableEntry};

pub(super) fn manifest(
    results: &Results<'_>,
    verdict: &Verdict,
    last: Option<&Manifest>,
    inputs: &str,
    states: &[&str],
    started: chrono::DateTime<chrono::Utc>,
) -> Result<Manifest, RunError> {
    let plan = results.plan;
    let mut sources = Vec::new();
    let as_of = chrono::DateTime::from_timestamp_micros(results.facts.as_of)
        .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
        .unwrap_or_default();
    for (number, source) in plan.sources.iter().enumerate() {
        let extracted = results.extracted.get(number).and_then(Option::as_ref);
        let before = last.and_then(|last| last.sources.iter().find(|entry| entry.name == source.name));
        let state = states.get(number).copied().unwrap_or_default();
        let tables = match extracted {
            Some(extracted) => extracted
                .tables
                .iter()
                .map(|(name, table)| TableEntry {
                    name: name.clone(),
                    rows: table.rows,
                    rejected: table.rejected,
                    columns: accepted_columns(name, table, before),
                    state: table.increment.as_ref().map(state_entry),
                })
                .collect(),
            // Contracts go on from what was seen last.
            None => before.map(|before| before.tables.clone()).unwrap_or_default(),
        };
        sources.push(SourceEntry {
            name: source.name.clone(),
            connector: source.connector.to_owned(),
            locator: source.source.locator(),
            read_as_of: if extracted.is_some() {
                as_of.clone()
            } else {
                before.map(|before| before.read_as_of.clone()).unwrap_or_default()
            },
            state: state.to_owned(),
            tables,
            files: extracted
                .map(|extracted| {
                    extracted
                        .files
                        .iter()
                        .map(|file| FileEntry {
                            file: file.file.to_string(),
                            bytes: file.bytes,
                            blake3: file.checksum.clone(),
                            rows: file.rows,
                        })
                        .collect()
                })
                .unwrap_or_default(),
            records: results.normalized.counts.get(number).cloned().unwrap_or_default(),
        });
    }
    let by_entity = || results.normalized.entities.iter().zip(&results.entities);
    Ok(Manifest {
        schema_version: SCHEMA_VERSION,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        pipeline: plan.name.clone(),
        version: results.facts.version,
        previous: last.map(|last| last.version),
        run_id: results.facts.run_id.clone(),
        started_at: started.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        finished_at: now(),
        as_of,
        config_hash: plan.config_hash.clone(),
        inputs_hash: inputs.to_owned(),
        models: by_entity()
            .map(|(records, entity)| (records.plan.entity.clone(), entity.model_version.clone()))
            .collect(),
        sources,
        stages: Vec::new(),
        tables: Vec::new(),
        gates: verdict.gates.clone(),
        golden_profiles: by_entity()
            .map(|(records, entity)| (records.plan.entity.clone(), entity.clusters.len() as u64))
            .collect::<BTreeMap<_, _>>(),
    })
}

fn state_entry(increment: &LandedIncrement) -> StateEntry {
    let NewState { file, mark, whole, counts, .. } = &increment.state;
    StateEntry {
        path: increment.path.display().to_string(),
        bytes: file.bytes,
        blake3: file.blake3.clone(),
        mark: mark.as_ref().map(|mark| mark.text.clone()),
        whole: whole.as_ref().map(ToString::to_string),
        read: counts.read,
        added: counts.added,
        changed: counts.changed,
        carried: counts.carried,
        gone: counts.gone,
    }
}

/// The columns the next run is held against: those of the last version whose columns were accepted.
fn accepted_columns(name: &str, table: &LandedTable, before: Option<&SourceEntry>) -> Vec<(String, String)> {
    before
        .and_then(|before| before.tables.iter().find(|known| known.name == name))
        .filter(|_| table.refused || table.source_schema.fields().is_empty())
        .map_or_else(|| columns(&table.source_schema), |known| known.columns.clone())
}
