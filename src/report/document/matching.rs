//! How well the match engine did, as far as its own numbers tell.

use goldsmith_resolve::{CutReason, Model, PairDecision, Resolution};

use super::types::{Band, BlockingRow, ComparisonRow, CutRow, DecisionRow, LargeCluster, LevelRow, Matching, SizeBand};
use crate::normalize::EntityRecords;
use crate::pipeline::plan::Plan;
use crate::publish::EntityResult;
use crate::report::measures::{Measures, PlaceholderRow};

/// Edges of the bands of probability.
const BAND_EDGES: [f64; 9] = [0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0];
/// First sizes of the bands of cluster size; each ends before the next.
const SIZE_EDGES: [u64; 9] = [1, 2, 3, 4, 5, 6, 11, 21, 51];
/// The largest clusters that are listed.
const LARGEST: usize = 10;
/// The placeholders that are listed.
const PLACEHOLDERS: usize = 12;

/// What is known of the matching of one entity type.
pub(super) fn matching(plan: &Plan, records: &EntityRecords, entity: &EntityResult, measures: &Measures) -> Matching {
    let resolution = &entity.resolution;
    let placeholders: Vec<&PlaceholderRow> =
        measures.placeholders.iter().filter(|row| row.entity_type == records.plan.entity).collect();
    let probabilities = |wanted: fn(PairDecision) -> bool| {
        resolution
            .pairs
            .iter()
            .filter(move |pair| wanted(pair.decision) && !pair.sampled)
            .map(goldsmith_resolve::ScoredPair::probability)
    };
    Matching {
        model_version: entity.model_version.clone(),
        prior: resolution.model.prior_same,
        threshold: plan.matching.threshold,
        review_from: plan.matching.review_from,
        candidates: resolution.candidates,
        candidates_per_record: (!records.is_empty()).then(|| resolution.candidates as f64 / records.len() as f64),
        decisions: decisions(resolution),
        expected_wrong: probabilities(|decision| decision == PairDecision::Match)
            .map(|probability| 1.0 - probability)
            .sum(),
        expected_missed: probabilities(|decision| {
            matches!(decision, PairDecision::Review | PairDecision::CutByGuard(_))
        })
        .sum(),
        bands: bands(resolution),
        clusters: sizes((0..entity.clusters.len()).map(|cluster| entity.clusters.members(cluster).len() as u64)),
        needs_review: entity.needs_review.iter().filter(|review| **review).count() as u64,
        largest: largest(records, entity),
        blocking: resolution
            .rules
            .iter()
            .map(|rule| BlockingRow {
                rule: rule.rule.clone(),
                records: rule.records,
                blocks: rule.blocks,
                pairs: rule.pairs,
                capped: rule.capped,
                pairs_skipped: rule.pairs_skipped,
                recall_loss: rule.recall_loss,
            })
            .collect(),
        recall_loss: of_all_rules(resolution.rules.iter().map(|rule| rule.recall_loss)),
        placeholders_left_out: placeholders.len().saturating_sub(PLACEHOLDERS) as u64,
        placeholders: placeholders.into_iter().take(PLACEHOLDERS).cloned().collect(),
        cuts: cuts(resolution),
        comparisons: comparisons(&resolution.model),
    }
}

/// The share of all true pairs lost where each rule alone would have lost these, and no pair is lost by two of them: at most
/// so much is lost by all.
fn of_all_rules(losses: impl Iterator<Item = f64>) -> f64 {
    // By true pair that was found.
    let lost: f64 = losses.map(|loss| loss / (1.0 - loss).max(f64::EPSILON)).sum();
    lost / (1.0 + lost)
}

fn decisions(resolution: &Resolution) -> Vec<DecisionRow> {
    let pairs = |wanted: fn(PairDecision) -> bool| {
        resolution.pairs.iter().filter(|pair| wanted(pair.decision) && !pair.sampled).count() as u64
    };
    let row = |decision, meaning, pairs| DecisionRow { decision, meaning, pairs };
    let joined = pairs(|decision| decision == PairDecision::Match);
    let review = pairs(|decision| decision == PairDecision::Review);
    let cut = pairs(|decision| matches!(decision, PairDecision::CutByGuard(_)));
    // Of the improbable ones only a sample is kept.
    let apart = resolution.candidates.saturating_sub(joined + review + cut);
    [
        row("match", "one customer", joined),
        row("review", "probable, but not enough", review),
        row("cut_by_guard", "good enough by itself, kept apart by other evidence", cut),
        row(
            "forced_match",
            "one customer, because a steward said so",
            pairs(|decision| decision == PairDecision::ForcedMatch),
        ),
        row(
            "forced_no_match",
            "two customers, because a steward said so",
            pairs(|decision| decision == PairDecision::ForcedNoMatch),
        ),
        row("no_match", "compared and not alike enough", apart),
    ]
    .into_iter()
    .filter(|row| row.pairs > 0 || !row.decision.starts_with("forced"))
    .collect()
}

fn bands(resolution: &Resolution) -> Vec<Band> {
    let mut bands: Vec<Band> = BAND_EDGES
        .iter()
        .zip(BAND_EDGES.iter().skip(1))
        .map(|(from, to)| Band { from: *from, to: *to, candidates: 0, joined: 0, review: 0, cut: 0 })
        .collect();
    let last = bands.len().saturating_sub(1);
    let band = |probability: f64| BAND_EDGES.iter().rposition(|edge| probability >= *edge).unwrap_or(0).min(last);
    for pattern in &resolution.patterns {
        if let Some(band) = bands.get_mut(band(pattern.probability)) {
            band.candidates += pattern.pairs;
        }
    }
    for pair in resolution.pairs.iter().filter(|pair| !pair.sampled) {
        let Some(band) = bands.get_mut(band(pair.probability())) else { continue };
        match pair.decision {
            PairDecision::Match => band.joined += 1,
            PairDecision::Review => band.review += 1,
            PairDecision::CutByGuard(_) => band.cut += 1,
            PairDecision::NoMatch | PairDecision::ForcedMatch | PairDecision::ForcedNoMatch => {}
        }
    }
    bands
}

/// Clusters by size, up to the largest band in use.
fn sizes(clusters: impl Iterator<Item = u64>) -> Vec<SizeBand> {
    let next = SIZE_EDGES.iter().skip(1).map(|edge| Some(edge - 1)).chain([None]);
    let mut bands: Vec<SizeBand> =
        SIZE_EDGES.iter().zip(next).map(|(from, to)| SizeBand { from: *from, to, clusters: 0, records: 0 }).collect();
    for size in clusters {
        let band = SIZE_EDGES.iter().rposition(|edge| size >= *edge).and_then(|band| bands.get_mut(band));
        if let Some(band) = band {
            band.clusters += 1;
            band.records += size;
        }
    }
    while bands.last().is_some_and(|band| band.clusters == 0) {
        bands.pop();
    }
    bands
}

fn largest(records: &EntityRecords, entity: &EntityResult) -> Vec<LargeCluster> {
    let size = |cluster: &usize| entity.clusters.members(*cluster).len();
    let mut clusters: Vec<usize> = (0..entity.clusters.len()).filter(|cluster| size(cluster) > 1).collect();
    clusters.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| entity.golden_id(*a).cmp(entity.golden_id(*b))));
    clusters
        .into_iter()
        .take(LARGEST)
        .map(|cluster| {
            let members = entity.clusters.members(cluster);
            let mut sources: Vec<u16> =
                members.iter().filter_map(|record| records.sources.get(*record as usize).copied()).collect();
            sources.sort_unstable();
            sources.dedup();
            LargeCluster {
                golden_id: entity.golden_id(cluster).to_owned(),
                records: members.len() as u64,
                sources: sources.len() as u64,
                confidence: entity.resolution.confidence.get(cluster).copied().unwrap_or(1.0),
                needs_review: entity.needs_review.get(cluster).copied().unwrap_or(false),
            }
        })
        .collect()
}

fn cuts(resolution: &Resolution) -> Vec<CutRow> {
    let reasons = [
        (CutReason::Bridge, "bridge", "the other records of the two customers speak against it"),
        (
            CutReason::CannotLink,
            "cannot_link",
            "different generations (Jr, Sr), or two records of a source that never repeats a customer",
        ),
        (CutReason::Steward, "steward", "a steward said that records of the two are different customers"),
    ];
    reasons
        .into_iter()
        .map(|(reason, name, meaning)| {
            let pairs =
                resolution.pairs.iter().filter(|pair| pair.decision == PairDecision::CutByGuard(reason)).count() as u64;
            CutRow { reason: name, meaning, pairs }
        })
        .filter(|row| row.pairs > 0)
        .collect()
}

fn comparisons(model: &Model) -> Vec<ComparisonRow> {
    // Nothing is quite impossible, so that every level has finite bits.
    const LEAST: f64 = 1e-12;
    model
        .comparisons
        .iter()
        .map(|comparison| ComparisonRow {
            name: comparison.name.clone(),
            levels: comparison
                .levels
                .iter()
                .map(|level| LevelRow {
                    level: level.level.clone(),
                    m: level.m,
                    u: level.u,
                    bits: (level.m.max(LEAST) / level.u.max(LEAST)).log2(),
                })
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_fall_into_their_band() {
        let bands = sizes([1, 1, 2, 7, 10, 11].into_iter());
        let of =
            |from: u64| bands.iter().find(|band| band.from == from).map(|band| (band.to, band.clusters, band.records));
        assert_eq!(of(1), Some((Some(1), 2, 2)));
        assert_eq!(of(6), Some((Some(10), 2, 17)));
        assert_eq!(of(11), Some((Some(20), 1, 11)));
        assert_eq!(bands.len(), 7, "bands beyond the largest cluster are left out");
        assert_eq!(sizes([60].into_iter()).last().map(|band| (band.to, band.records)), Some((None, 60)));
        assert!(sizes(std::iter::empty()).is_empty());
    }
}
