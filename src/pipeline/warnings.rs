//! What somebody should know of a run, though it published.

use std::path::Path;

use goldsmith_config::attributes::{AttributeKind, NamePart};

use crate::counted::counted;
use crate::extract::Quarantined;
use crate::matching::{StewardDecisions, named_lines};
use crate::normalize::EntityRecords;
use crate::pipeline::plan::{Plan, SourcePlan};
use crate::publish::manifest::SourceEntry;
use crate::publish::{EntityResult, Results};
use crate::report::Measures;
use crate::report::measures::{Metric, Stage};

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

/// Where this share of a source's rows are older than others of the same key, the key is rather not one.
const MUCH_SUPERSEDED: f64 = 2.0 / 3.0;

/// Sources whose keys are not unique, where nothing says which row of a key is the newest, or hardly any row has a key of
/// its own.
pub(super) fn same_keys(plan: &Plan, sources: &[SourceEntry]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (planned, source) in plan.sources.iter().zip(sources) {
        let undated = planned.records.iter().any(|record| record.updated_at.is_none());
        let (superseded, read) = (source.records.superseded, source.records.read);
        if superseded as f64 >= MUCH_SUPERSEDED * read as f64 && superseded > 0 && !undated {
            warnings.push(format!(
                "source `{}`: {superseded} of {read} rows left out, because a newer one has the same key; where they are no earlier versions of the same customers, map a key that no two rows share",
                source.name
            ));
        }
        if superseded > 0 && undated {
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
            (Some(attribute), Metric::Invalid)
                if all >= FEWEST
                    && some as f64 >= if attribute == "addresses" { 1.0 } else { MOSTLY } * all as f64
                    && may_be_valid(plan, source, attribute) =>
            {
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

/// Whether the fields of a source could give valid values: an address without a street is none, many sources have few
/// streets, and where none is mapped nobody expects one.
fn may_be_valid(plan: &Plan, source: &str, attribute: &str) -> bool {
    let streets = ["line1", "line2", "street"];
    let known = plan.sources.iter().filter(|planned| planned.name == source).flat_map(|planned| &planned.records);
    let mut parts = known.flat_map(|record| {
        let of_fields = record.fields.iter().filter(|field| field.attribute == attribute);
        let of_children = record.children.iter().filter(|child| child.attribute == attribute);
        of_fields.flat_map(|field| field.entries.iter().flatten()).chain(of_children.flat_map(|child| &child.parts))
    });
    attribute != "addresses" || parts.any(|(part, _)| streets.contains(&part.as_str()))
}

/// Says where the records of an entity type are so few, so empty or so alike that matching them means little.
pub(super) fn tells_little(plan: &Plan, results: &Results<'_>, measures: &Measures) -> Vec<String> {
    let of = |(records, entity): (&EntityRecords, &EntityResult)| {
        let (all, customers, name) = (records.len() as u64, entity.clusters.len(), records.plan.entity.as_str());
        match all {
            0 => return vec![format!("there is no {name} record, so the tables hold no {name} either")],
            1 => return vec![format!("there is one {name} record, so there was nothing to compare it with")],
            _ => {}
        }
        let mut warnings = Vec::new();
        let few_alike = i64::try_from(all).unwrap_or(i64::MAX) < FEWEST;
        if customers == 1 && !few_alike {
            warnings.push(format!(
                "all {} became one golden profile, because they agree in what tells customers apart; where that is not so, look at what is mapped with `goldsmith preview`",
                counted(all, &format!("{name} record"))
            ));
        }
        let (mut empty, mut same) = (Vec::new(), Vec::new());
        // A mailbox that a few have may well be one.
        let few_values = FEWEST.max(i64::try_from(customers / 2).unwrap_or(i64::MAX));
        for attribute in records.plan.attributes.iter().filter(|attribute| attribute.compared) {
            let golden = |metric| {
                let found = measures.quality.iter().find(|measured| {
                    measured.stage == Stage::Golden
                        && measured.metric == metric
                        && measured.source.is_none()
                        && measured.entity_type == name
                        && measured.attribute.as_deref() == Some(&attribute.name)
                });
                found.map_or(0, |measured| measured.numerator)
            };
            let (with_value, distinct) = (golden(Metric::Present), golden(Metric::Distinct));
            if with_value == 0 && mapped(plan, name, &attribute.name) {
                empty.push(attribute.name.as_str());
            } else if distinct == 1 && with_value >= few_values && tells_apart(name, attribute.kind) {
                same.push(attribute.name.as_str());
            }
        }
        if !empty.is_empty() {
            let what = empty.join(", ");
            warnings.push(format!(
                "no {name} record has a value of {what} that can be read; look at what is mapped with `goldsmith preview`"
            ));
        }
        if !same.is_empty() {
            let what = same.join(", ");
            warnings.push(format!(
                "all golden profiles of {name} records that have {what} have one and the same, which tells nobody apart; look at what is mapped with `goldsmith preview`"
            ));
        }
        warnings
    };
    results.normalized.entities.iter().zip(&results.entities).flat_map(of).collect()
}

/// Whether a source says something of an attribute by name; other attributes come of those, as a suffix of a full name.
fn mapped(plan: &Plan, entity: &str, attribute: &str) -> bool {
    plan.sources.iter().flat_map(|source| &source.records).any(|record| {
        record.entity == entity
            && (record.fields.iter().any(|field| field.attribute == attribute)
                || record.children.iter().any(|child| child.attribute == attribute))
    })
}

/// Whether customers are expected to differ in values of a kind: all may well have one language or one employer, but not one
/// birthday.
fn tells_apart(entity: &str, kind: AttributeKind) -> bool {
    match kind {
        AttributeKind::Organisation => entity == "organisation",
        AttributeKind::PersonName
        | AttributeKind::NamePart(NamePart::Given | NamePart::Family)
        | AttributeKind::Date
        | AttributeKind::Email
        | AttributeKind::Phone
        | AttributeKind::Identifier => true,
        _ => false,
    }
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
