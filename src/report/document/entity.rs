//! The part of the report about one entity type, put together from its measures.

use goldsmith_config::attributes::canonical;
use hashbrown::HashMap;

use super::types::{
    CoverageCell, CoverageLine, EntityDocument, Loss, Overlap, PairCell, PairLine, QualityCell, QualityLine, RetireRow,
    SetRow,
};
use super::{matching, natural};
use crate::normalize::EntityRecords;
use crate::pipeline::plan::{AttributePlan, Plan};
use crate::publish::EntityResult;
use crate::report::measures::{ANY_ATTRIBUTE, CoverageRow, Measures, Metric, OverlapRow, QualityMetric};
use crate::report::quality::share;

/// The attributes a system's retirement is shown to cost.
const LOSSES: usize = 5;
/// The sets of sources that are shown.
const SETS: usize = 12;

pub(super) fn entity(
    plan: &Plan,
    records: &EntityRecords,
    result: &EntityResult,
    measures: &Measures,
) -> EntityDocument {
    let numbers = Numbers::of(&records.plan.entity, measures);
    let attributes = &records.plan.attributes;
    EntityDocument {
        entity_type: records.plan.entity.clone(),
        records: records.len() as u64,
        customers: result.clusters.len() as u64,
        coverage: attributes.iter().map(|attribute| numbers.coverage_line(attribute, &plan.coverage_targets)).collect(),
        retire: numbers.sources.iter().map(|source| numbers.retire(source, attributes)).collect(),
        overlap: numbers.overlap(),
        quality: attributes.iter().map(|attribute| numbers.quality_line(&attribute.name)).collect(),
        matching: matching::matching(plan, records, result, measures),
        sources: numbers.sources.iter().map(|source| (*source).to_owned()).collect(),
    }
}

/// The measures of one entity type, to be looked up by source and attribute.
struct Numbers<'a> {
    sources: Vec<&'a str>,
    coverage: HashMap<(&'a str, &'a str), &'a CoverageRow>,
    quality: HashMap<(Option<&'a str>, &'a str, Metric), &'a QualityMetric>,
    overlap: Vec<&'a OverlapRow>,
}

impl<'a> Numbers<'a> {
    fn of(entity: &str, measures: &'a Measures) -> Self {
        let coverage: Vec<&CoverageRow> = measures.coverage.iter().filter(|row| row.entity_type == entity).collect();
        Self {
            sources: coverage
                .iter()
                .filter(|row| row.attribute == ANY_ATTRIBUTE)
                .map(|row| row.source.as_str())
                .collect(),
            coverage: coverage.into_iter().map(|row| ((row.source.as_str(), row.attribute.as_str()), row)).collect(),
            quality: measures
                .quality
                .iter()
                .filter(|metric| metric.entity_type == entity)
                .filter_map(|metric| {
                    Some(((metric.source.as_deref(), metric.attribute.as_deref()?, metric.metric), metric))
                })
                .collect(),
            overlap: measures.overlap.iter().filter(|row| row.entity_type == entity).collect(),
        }
    }

    fn golden(&self, attribute: &str, metric: Metric) -> (i64, i64) {
        self.quality.get(&(None, attribute, metric)).map_or((0, 0), |metric| (metric.numerator, metric.denominator))
    }

    fn coverage_line(&self, attribute: &AttributePlan, targets: &[(String, f64)]) -> CoverageLine {
        let name = attribute.name.as_str();
        let (valid, _) = self.golden(name, Metric::Valid);
        let (_, customers) = self.golden(name, Metric::Present);
        let cells: Vec<CoverageCell> = self
            .sources
            .iter()
            .map(|source| {
                let Some(row) = self.coverage.get(&(*source, name)) else {
                    return CoverageCell {
                        supplied: false,
                        customers: 0,
                        customers_share: None,
                        records: 0,
                        records_share: None,
                    };
                };
                CoverageCell {
                    supplied: row.records_with_value > 0,
                    customers: natural(row.customers_valid),
                    customers_share: share(row.customers_valid, row.customers_total),
                    records: natural(row.records_valid),
                    records_share: share(row.records_valid, row.records_total),
                }
            })
            .collect();
        CoverageLine {
            attribute: name.to_owned(),
            description: attribute.description.clone(),
            target: targets.iter().find(|(target, _)| canonical(target) == name).map(|(_, share)| *share),
            golden: natural(valid),
            golden_share: share(valid, customers),
            suppliers: cells.iter().filter(|cell| cell.customers > 0).count() as u64,
            cells,
        }
    }

    fn quality_line(&self, attribute: &str) -> QualityLine {
        let cells = self
            .sources
            .iter()
            .map(|source| {
                let metric = |metric: Metric| self.quality.get(&(Some(*source), attribute, metric)).copied();
                let counted = |of: Metric| metric(of).map_or(0, |metric| natural(metric.numerator));
                let row = self.coverage.get(&(*source, attribute));
                QualityCell {
                    supplied: row.is_some_and(|row| row.records_with_value > 0),
                    valid_records: row.and_then(|row| share(row.records_valid, row.records_total)),
                    unusable_records: row
                        .and_then(|row| share(row.records_with_value - row.records_valid, row.records_total)),
                    valid_values: metric(Metric::Valid).and_then(|metric| metric.value),
                    placeholders: counted(Metric::Placeholder),
                    invalid: counted(Metric::Invalid),
                    unique: metric(Metric::Unique).and_then(|metric| metric.value),
                }
            })
            .collect();
        let (valid, with_value) = self.golden(attribute, Metric::Valid);
        let (_, customers) = self.golden(attribute, Metric::Present);
        let (unique, occurrences) = self.golden(attribute, Metric::Unique);
        let golden = QualityCell {
            supplied: with_value > 0,
            valid_records: share(valid, customers),
            unusable_records: share(with_value - valid, customers),
            valid_values: share(valid, with_value),
            unique: share(unique, occurrences),
            ..QualityCell::default()
        };
        QualityLine { attribute: attribute.to_owned(), cells, golden }
    }

    fn retire(&self, source: &str, attributes: &[AttributePlan]) -> RetireRow {
        let any = self.coverage.get(&(source, ANY_ATTRIBUTE));
        let count = |of: fn(&CoverageRow) -> i64| any.map_or(0, |row| natural(of(row)));
        let of_all = |of: fn(&CoverageRow) -> i64| any.and_then(|row| share(of(row), row.customers_total));
        let mut losses: Vec<Loss> = attributes
            .iter()
            .filter_map(|attribute| self.coverage.get(&(source, attribute.name.as_str())))
            .filter(|row| row.customers_only_here > 0)
            .map(|row| Loss {
                attribute: row.attribute.clone(),
                customers: natural(row.customers_only_here),
                share: share(row.customers_only_here, self.golden(&row.attribute, Metric::Valid).0),
            })
            .collect();
        losses.sort_by(|a, b| b.customers.cmp(&a.customers).then_with(|| a.attribute.cmp(&b.attribute)));
        let losses_left_out = losses.len().saturating_sub(LOSSES) as u64;
        losses.truncate(LOSSES);
        RetireRow {
            source: source.to_owned(),
            customers: count(|row| row.customers_covered),
            customers_share: of_all(|row| row.customers_covered),
            only_here: count(|row| row.customers_only_here),
            only_here_share: of_all(|row| row.customers_only_here),
            golden_values: count(|row| row.wins),
            losses,
            losses_left_out,
        }
    }

    fn overlap(&self) -> Overlap {
        let customers: i64 = self.overlap.iter().map(|row| row.customers_exactly).sum();
        let mut occurring: Vec<&OverlapRow> =
            self.overlap.iter().filter(|row| row.customers_exactly > 0).copied().collect();
        occurring.sort_by(|a, b| b.customers_exactly.cmp(&a.customers_exactly).then_with(|| a.sources.cmp(&b.sources)));
        let left_out = occurring.split_off(occurring.len().min(SETS));
        let known = |set: &[&str]| self.overlap.iter().find(|row| row.sources == set);
        Overlap {
            sets: occurring
                .iter()
                .map(|row| SetRow {
                    members: self
                        .sources
                        .iter()
                        .map(|source| row.sources.iter().any(|member| member == source))
                        .collect(),
                    exactly: natural(row.customers_exactly),
                    share: share(row.customers_exactly, customers),
                    at_least: natural(row.customers_at_least),
                    agreement: row.agreement_rate,
                })
                .collect(),
            sets_left_out: left_out.len() as u64,
            customers_left_out: natural(left_out.iter().map(|row| row.customers_exactly).sum()),
            pairs: self
                .sources
                .iter()
                .map(|source| {
                    let own = known(&[*source]).map_or(0, |row| row.customers_at_least);
                    let cells = self
                        .sources
                        .iter()
                        .map(|other| {
                            let (first, second) = if source < other { (source, other) } else { (other, source) };
                            let row = known(&[*first, *second]).filter(|_| source != other)?;
                            Some(PairCell {
                                customers: natural(row.customers_at_least),
                                share: share(row.customers_at_least, own),
                                agreement: row.agreement_rate,
                            })
                        })
                        .collect();
                    PairLine { source: (*source).to_owned(), customers: natural(own), cells }
                })
                .collect(),
        }
    }
}
