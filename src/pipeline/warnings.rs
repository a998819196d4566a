//! What somebody should know of a run, though it published.

use std::path::Path;

use crate::counted::counted;
use crate::extract::Quarantined;
use crate::matching::{StewardDecisions, named_lines};
use crate::normalize::EntityRecords;
use crate::publish::{EntityResult, Results};

/// Files that end in the middle of a row, as one does whose delivery was cut short.
pub(super) fn torn_files(rows: &[&Quarantined]) -> Vec<String> {
    let torn = rows.iter().filter(|row| row.rule == "torn_row");
    torn.map(|row| {
        format!(
            "source `{}`: {} ends in the middle of a row, so its end may be missing; compare its size with that at its sender",
            row.source, row.file
        )
    })
    .collect()
}

/// A comparison has drifted where this share of the candidate pairs shows another level than in training.
const MOST_DRIFT: f64 = 0.1;

/// Says where the pairs of this run are far from those the model was trained on.
pub(super) fn drifted(results: &Results<'_>) -> Vec<String> {
    let of = |(records, entity): (&EntityRecords, &EntityResult)| {
        let far = entity.resolution.drift.iter().filter(|drift| drift.distance > MOST_DRIFT);
        let far: Vec<String> =
            far.map(|drift| format!("{} {:.0}%", drift.comparison, drift.distance * 100.0)).collect();
        (!far.is_empty()).then(|| {
            format!(
                "the {} records are no longer like those their match model was trained on; so many of the candidate pairs agree otherwise than then: {}. If the change is real, train a new model with --retrain",
                records.plan.entity,
                far.join(", ")
            )
        })
    };
    results.normalized.entities.iter().zip(&results.entities).filter_map(of).collect()
}

/// Says which decisions are about records that are not there, or of different entity types, which nothing can obey.
pub(super) fn unknown_decisions(path: &Path, steward: &StewardDecisions, entities: &[EntityResult]) -> Option<String> {
    if steward.decisions.same.is_empty() && steward.decisions.not_same.is_empty() {
        return None;
    }
    let known: Vec<hashbrown::HashSet<_>> = entities.iter().map(|entity| entity.ids.iter().collect()).collect();
    let lines = steward.unknown(|left, right| known.iter().any(|known| known.contains(left) && known.contains(right)));
    (!lines.is_empty()).then(|| {
        format!(
            "{}: {} whose two records are not both there and of one entity type ({}), which nothing can obey; check source and key",
            path.display(),
            counted(lines.len() as u64, "decision"),
            named_lines(&lines)
        )
    })
}
