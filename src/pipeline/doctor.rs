//! Whether a run could work: every source reached, its columns held against the mapping, a first row read of each
//! table, its clock compared with ours; and whether the result could be written. Each finding says what to do.

use std::time::{Duration, SystemTime};

use goldsmith_source::{Chunk, ErrorKind, FileRead, ReadRequest, RejectedRow, Sink, SourceError};
use serde::Serialize;

use super::check::Checked;
use super::model::{is_for, named_model};
use super::plan::SourcePlan;
use super::sources::{CheckedSource, check_source};
use super::{RunError, exit};
use crate::matching::read_decisions;
use crate::publish::Store;
use crate::publish::previous::{Version, previous_model};

/// A difference between a system's clock and ours that is worth a word.
const MOST_SKEW: Duration = Duration::from_secs(60);

/// What was found out about one thing.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The source, or `pipeline`.
    pub about: String,
    /// reach, mapping, read, clock, store, decisions, model.
    pub check: &'static str,
    pub status: Status,
    /// What is so, and for anything but `ok` what to do.
    pub message: String,
    /// The exit code a run would end with because of it.
    #[serde(skip)]
    pub code: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Ok,
    Warn,
    Fail,
}

impl Finding {
    fn ok(about: &str, check: &'static str, message: impl Into<String>) -> Self {
        Self { about: about.to_owned(), check, status: Status::Ok, message: message.into(), code: exit::OK }
    }

    fn warn(about: &str, check: &'static str, message: impl Into<String>) -> Self {
        Self { status: Status::Warn, ..Self::ok(about, check, message) }
    }

    fn fail(about: &str, check: &'static str, error: &RunError) -> Self {
        let message = match error {
            // The source is named already.
            RunError::Source { error, .. } => error.to_string(),
            other => other.to_string(),
        };
        Self { status: Status::Fail, code: error.exit_code(), ..Self::ok(about, check, message) }
    }
}

/// Looks at everything a run would touch. Reads one row of each table and writes nothing that stays.
pub async fn examine(checked: &Checked) -> Vec<Finding> {
    let mut findings = pipeline(checked);
    for source in &checked.plan.sources {
        findings.extend(examine_source(checked, source).await);
    }
    findings
}

const PIPELINE: &str = "pipeline";

fn pipeline(checked: &Checked) -> Vec<Finding> {
    let plan = &checked.plan;
    let mut findings = Vec::new();
    let store = Store::new(plan.publish.to.clone());
    let place = store.root().display().to_string();
    findings.push(match store.check_writable() {
        Ok(()) => Finding::ok(PIPELINE, "store", format!("{place} can be written, and no run holds it")),
        Err(error) => Finding::fail(PIPELINE, "store", &error),
    });
    let latest = store.latest();
    findings.push(match &latest {
        Ok(Some(last)) => Finding::ok(PIPELINE, "store", format!("version {} is published", last.version)),
        Ok(None) => Finding::ok(PIPELINE, "store", "nothing is published yet"),
        Err(error) => Finding::fail(PIPELINE, "store", error),
    });
    if let Some(path) = &plan.matching.decisions {
        findings.push(match read_decisions(path) {
            Ok(found) => {
                let count = found.decisions.same.len() + found.decisions.not_same.len();
                Finding::ok(PIPELINE, "decisions", format!("{}: {count} decisions", path.display()))
            }
            Err(error) => Finding::fail(PIPELINE, "decisions", &error),
        });
    }
    if let Some(path) = &plan.matching.model {
        findings.push(match named_model(plan) {
            Ok(_) => Finding::ok(PIPELINE, "model", format!("{} can be used", path.display())),
            Err(error) => Finding::fail(PIPELINE, "model", &error),
        });
    }
    if let Ok(Some(last)) = &latest {
        let version = Version { store: &store, manifest: last };
        // A run matches with the published models where the pipeline names none.
        let named = named_model(plan).ok().flatten();
        let is_named = |entity: &&String| named.as_ref().is_some_and(|model| is_for(model, entity));
        let is_planned = |entity: &&String| plan.entities.iter().any(|planned| planned.entity == **entity);
        for entity in last.models.keys().filter(|entity| is_planned(entity) && !is_named(entity)) {
            findings.push(match previous_model(version, entity) {
                Ok(_) => Finding::ok(PIPELINE, "model", format!("the published {entity} model can be read")),
                Err(error) => Finding::fail(PIPELINE, "model", &error),
            });
        }
    }
    findings
}

async fn examine_source(checked: &Checked, source: &SourcePlan) -> Vec<Finding> {
    let name = source.name.as_str();
    let failed = |check, error| Finding::fail(name, check, &RunError::Source { name: name.to_owned(), error });
    let tables = match source.source.tables() {
        Ok(tables) => tables.len(),
        // Nothing further can be known, and the same sentence three times helps nobody.
        Err(error) => return vec![failed("reach", error)],
    };
    let count = if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") };
    let mut findings = vec![Finding::ok(name, "reach", format!("{}: {count}", source.source.locator()))];
    let requests = match check_source(&checked.plan, source, None).await {
        Ok(Ok(CheckedSource { requests, .. })) => {
            findings.push(Finding::ok(name, "mapping", "every column that is mapped is there"));
            requests
        }
        Ok(Err(mistakes)) => {
            findings.extend(mistakes.into_iter().map(|mistake| {
                let text = checked.loaded.mistakes(vec![checked.loaded.mistake(&mistake.path, mistake.message)]);
                Finding::fail(name, "mapping", &RunError::Config(text.to_string()))
            }));
            Vec::new()
        }
        // A source that names its tables without looking (one file) is not reached before its columns are asked for.
        Err(error @ RunError::Source { .. }) => return vec![Finding::fail(name, "reach", &error)],
        Err(error) => {
            findings.push(Finding::fail(name, "mapping", &error));
            Vec::new()
        }
    };
    for request in requests {
        let read = ReadRequest {
            table: Some(request.table.clone()),
            columns: request.columns.clone(),
            batch_rows: 1,
            limit: Some(1),
            ..ReadRequest::default()
        };
        let mut sink = OneRow { seen: false, rejected: None };
        let outcome = source.source.read(&read, &mut sink);
        let table = &request.table;
        findings.push(match (outcome, sink) {
            (_, OneRow { rejected: Some(why), .. }) => {
                Finding::warn(name, "read", format!("{table}: the first row goes to quarantine: {why}"))
            }
            (_, OneRow { seen: true, .. }) => Finding::ok(name, "read", format!("{table}: a row was read")),
            (Ok(()), _) => Finding::warn(name, "read", format!("{table}: it can be read and has no rows")),
            (Err(error), _) => failed("read", error),
        });
    }
    match source.source.clock() {
        Ok(None) => {}
        Ok(Some(theirs)) => findings.push(clock(name, theirs, SystemTime::now())),
        Err(error) => findings.push(failed("clock", error)),
    }
    findings
}

/// Incremental reads go by the system's own times, and tokens expire by them.
fn clock(name: &str, theirs: SystemTime, ours: SystemTime) -> Finding {
    let (skew, word) = match theirs.duration_since(ours) {
        Ok(ahead) => (ahead, "ahead of"),
        Err(error) => (error.duration(), "behind"),
    };
    if skew <= MOST_SKEW {
        return Finding::ok(name, "clock", "its clock agrees with the one here");
    }
    Finding::warn(
        name,
        "clock",
        format!(
            "its clock is {} s {word} the one here; set both by a time server, or give `incremental: lag:` that much",
            skew.as_secs()
        ),
    )
}

/// Takes one row and ends the read by an error of its own.
struct OneRow {
    seen: bool,
    rejected: Option<String>,
}

impl OneRow {
    fn enough() -> SourceError {
        SourceError::new(ErrorKind::Internal, "one row is enough")
    }
}

impl Sink for OneRow {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        self.seen |= chunk.batch.num_rows() > 0;
        if self.seen { Err(Self::enough()) } else { Ok(()) }
    }

    fn reject(&mut self, row: RejectedRow) -> Result<(), SourceError> {
        self.rejected = Some(row.message);
        Err(Self::enough())
    }

    fn file_done(&mut self, _: FileRead) -> Result<(), SourceError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_with_its_direction() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        assert_eq!(clock("crm", now + Duration::from_secs(60), now).status, Status::Ok);
        let ahead = clock("crm", now + Duration::from_secs(61), now);
        assert_eq!(ahead.status, Status::Warn);
        assert!(ahead.message.starts_with("its clock is 61 s ahead of"), "{}", ahead.message);
        let behind = clock("crm", now - Duration::from_secs(3600), now);
        assert!(behind.message.starts_with("its clock is 3600 s behind"), "{}", behind.message);
    }
}
