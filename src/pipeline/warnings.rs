//! What somebody should know of a run, though it published.

use std::path::Path;

use crate::counted::counted;
use crate::extract::Quarantined;
use crate::matching::{StewardDecisions, named_lines};
use crate::normalize::EntityRecords;
use crate::pipeline::plan::{Plan, SourcePlan};
use crate::publish::manifest::SourceEntry;
use crate::publish::{EntityResult, Results};
use crate::report::Measures;
use crate::report::measures::Metric;

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

/// A source has lost much where this share of its rows is in quarantine.
const MUCH_QUARANTINED: f64 = 0.1;

/// Sources much of which was kept out, which nobody sees who reads exit codes alone.
pub(super) fn much_in_quarantine(sources: &[SourceEntry]) -> Vec<String> {
    let much = |source: &&SourceEntry| {
        let (kept_out, read) = (source.records.quarantined, source.records.read);
        kept_out as f64 >= MUCH_QUARANTINED * read as f64 && kept_out > 0
    };
    let warn = |source: &SourceEntry| {
        let kept_out = counted(source.records.quarantined, "row");
        format!(
            "source `{}`: {kept_out} of {} in quarantine; `contract: max_quarantined:` stops a run at a share of your own, and the table `quarantine` says why each is there",
            source.name, source.records.read
        )
    };
    sources.iter().filter(much).map(warn).collect()
}

/// Sources whose keys are not unique, where nothing says which row of a key is the newest.
pub(super) fn same_keys(plan: &Plan, sources: &[SourceEntry]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (planned, source) in plan.sources.iter().zip(sources) {
        let undated = planned.records.iter().all(|record| record.updated_at.is_none());
        if source.records.superseded > 0 && undated {
            warnings.push(format!(
                "source `{}`: {} left out, because an earlier one has the same key and other values; map `updated_at` so that the newest stays, or a key that no two rows share",
                source.name,
                counted(source.records.superseded, "row")
            ));
        }
    }
    warnings
}

/// Nearly none of the values of an attribute can be read where this share cannot, of so many at least.
const MOSTLY: f64 = 0.5;
const FEWEST: i64 = 20;

/// Attributes of sources whose values are given but mostly not read, as where a date format is wrong.
pub(super) fn hardly_read(plan: &Plan, measures: &Measures) -> Vec<String> {
    let mut warnings = Vec::new();
    for measured in &measures.quality {
        let Some(source) = &measured.source else { continue };
        let (some, all) = (measured.numerator, measured.denominator);
        match (&measured.attribute, measured.metric) {
            (Some(attribute), Metric::Invalid) if all >= FEWEST && some as f64 >= MOSTLY * all as f64 => {
                warnings.push(format!(
                    "source `{source}`: {some} of {all} values of {attribute} ({}) are not valid; look at what is mapped and how it is read (date_format, encoding, region) with `goldsmith preview`",
                    measured.entity_type
                ));
            }
            (None, Metric::FreshnessP50Days) if all >= FEWEST && some == 0 => {
                let maps = |source: &SourcePlan| {
                    source
                        .records
                        .iter()
                        .any(|record| record.entity == measured.entity_type && record.updated_at.is_some())
                };
                if plan.sources.iter().any(|planned| planned.name == *source && maps(planned)) {
                    warnings.push(format!(
                        "source `{source}`: of no {} record can `updated_at` be read, so none is newer than another; look at its column and at date_format",
                        measured.entity_type
                    ));
                }
            }
            _ => {}
        }
    }
    warnings
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
