//! What a run gets of its sources: their rows landed, and their policies applied where they fail.

use std::path::{Path, PathBuf};

use super::RunError;
use super::incremental::{Increments, Reread};
use super::plan::{OnFailure, Plan, SourcePlan};
use super::sources::CheckedSource;
use crate::extract::contract::{Verdict, check_columns, check_rows, columns};
use crate::extract::{ExtractedSource, extract, quarantine_table};
use crate::normalize::LastGood;
use crate::progress::Progress;
use crate::publish::Store;
use crate::publish::manifest::Manifest;
use crate::publish::previous::Version;

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

/// How many tables were read now.
pub(super) fn tables_read(delivered: &[Delivered]) -> u64 {
    delivered
        .iter()
        .map(|delivered| if let Delivered::Fresh(extracted) = delivered { extracted.tables.len() as u64 } else { 0 })
        .sum()
}

/// The sources that were not read now, with the reason.
pub(super) fn degraded(plan: &Plan, delivered: &[Delivered]) -> Vec<(String, String)> {
    plan.sources
        .iter()
        .zip(delivered)
        .filter_map(|(source, delivered)| match delivered {
            Delivered::Fresh(_) => None,
            Delivered::LastGood { why } => Some((source.name.clone(), format!("last good data used: {why}"))),
            Delivered::Skipped { why } => Some((source.name.clone(), format!("left out: {why}"))),
        })
        .collect()
}

/// The published records of sources that were not read now.
pub(super) fn last_good(
    plan: &Plan,
    delivered: &[Delivered],
    store: &Store,
    last: Option<&Manifest>,
) -> Result<Vec<Option<LastGood>>, RunError> {
    plan.sources
        .iter()
        .zip(delivered)
        .map(|(source, delivered)| match (delivered, last) {
            (Delivered::LastGood { .. }, Some(last)) => {
                LastGood::read(Version { store, manifest: last }, &source.name).map(Some)
            }
            _ => Ok(None),
        })
        .collect()
}
