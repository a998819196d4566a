//! What became of the rows: every one has exactly one fate, and not too many are lost.

use std::collections::BTreeMap;

use super::RunError;
use super::plan::Plan;
use crate::extract::{ExtractedSource, Quarantined};
use crate::normalize::{Normalized, RecordCounts};
use crate::publish::manifest::Manifest;

/// Every row read has exactly one fate, or the run fails.
pub(super) fn balance(plan: &Plan, normalized: &Normalized) -> Result<(), RunError> {
    for (source, counts) in plan.sources.iter().zip(&normalized.counts) {
        let fates = counts.records + counts.duplicate_rows + counts.superseded + counts.quarantined + counts.filtered;
        if fates != counts.read + counts.shared {
            return Err(RunError::Internal(format!(
                "the ledger of source `{}` does not balance: {} rows read, {fates} fates",
                source.name, counts.read
            )));
        }
    }
    Ok(())
}

/// Rows without a key and rows an expression fails on are quarantined too, and known only now: they count for the
/// limit, and a source most of whose rows are lost that way has shrunk.
pub(super) fn check_quarantine(
    plan: &Plan,
    extracted: &[Option<ExtractedSource>],
    normalized: &Normalized,
    last: Option<&Manifest>,
) -> Result<(), RunError> {
    for (source, counts) in plan.sources.iter().zip(&normalized.counts) {
        #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
        let share = counts.quarantined as f64 / counts.read.max(1) as f64;
        if share > source.contract.max_quarantined {
            return Err(RunError::Gate(format!(
                "source `{}`: {} of {} rows went to quarantine, {:.1}% are allowed (`contract: max_quarantined`)",
                source.name,
                counts.quarantined,
                counts.read,
                source.contract.max_quarantined * 100.0
            )));
        }
        let usable = |counts: &RecordCounts| counts.read.saturating_sub(counts.quarantined);
        let before = last
            .and_then(|last| last.sources.iter().find(|entry| entry.name == source.name))
            .map_or(0, |entry| usable(&entry.records));
        let lost = normalized.quarantined.iter().filter(|row| row.source == source.name).count();
        let example = || normalized.quarantined.iter().find(|row| row.source == source.name);
        let first = || example().map_or("", |row| row.message.as_str());
        // A first run has nothing to compare with, but a source without one usable row is a mistake in the file.
        if lost > 0 && counts.records == 0 {
            return Err(RunError::Gate(format!(
                "source `{}`: none of its {} rows can be used, because {lost} have no key or an expression fails on them; the first: {}",
                source.name,
                counts.read,
                first()
            )));
        }
        // Rows that a contract keeps out are kept out on purpose.
        let of_source = extracted.iter().flatten().filter(|extracted| extracted.name == source.name);
        let rows = of_source.flat_map(|extracted| &extracted.quarantined);
        let mut unreadable = rows.filter(|row| row.stage == "parse").peekable();
        if let Some(first) = unreadable.peek().filter(|_| counts.records == 0 && counts.quarantined == counts.read) {
            let first = first.message.clone();
            if unreadable.count() as u64 >= counts.read {
                return Err(RunError::Gate(format!(
                    "source `{}`: none of its {} rows can be read; the first: {first}",
                    source.name, counts.read
                )));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a share of rows")]
        let share = usable(counts) as f64 / before.max(1) as f64;
        if before > 0 && lost > 0 && share < 1.0 && share <= source.contract.min_volume {
            return Err(RunError::Gate(format!(
                "source `{}`: {} rows can be used where the last published version had {before} ({:.0}%), because {lost} have no key or an expression fails on them; the first: {}. If that is right, set `contract: volume:` for the source",
                source.name,
                usable(counts),
                share * 100.0,
                first()
            )));
        }
    }
    Ok(())
}

/// How many rows went to quarantine, by source and rule.
pub(super) fn quarantined(rows: &[&Quarantined]) -> BTreeMap<(String, String), u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry((row.source.clone(), row.rule.clone())).or_default() += 1;
    }
    counts
}
