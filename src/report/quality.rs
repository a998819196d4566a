//! Quality by source and attribute, and of the golden profiles.

use super::attribute::{AttributeMeasures, GoldenMeasures, View};
use super::measures::{CheckOutcome, Metric, QualityMetric, Stage, Status};
use super::overlap::SourceSets;
use super::values::{Counted, count};
use crate::pipeline::plan::QualityCheck;
use crate::report::age::Ages;
use crate::report::checks::speaks_of;

/// The metrics of one entity type, checked against nothing yet.
pub(super) fn metrics(view: &View<'_>, sets: &SourceSets, attributes: &[AttributeMeasures]) -> Vec<QualityMetric> {
    let mut metrics = Vec::new();
    let entity = view.records.plan.entity.as_str();
    for (number, source) in view.sources.iter().enumerate() {
        let name = Some(view.name(*source));
        of_source(view, sets, *source, &mut metrics);
        for attribute in attributes {
            let Some(measured) = attribute.sources.get(number) else { continue };
            let place = Place { entity, source: name, attribute: Some(&attribute.attribute.name) };
            of_attribute(&place, &measured.counted, &mut metrics);
        }
    }
    let customers = count(view.clusters.len());
    metrics.push(Place { entity, source: None, attribute: None }.metric(
        Stage::Golden,
        Metric::Rows,
        Some(customers as f64),
        customers,
        customers,
    ));
    for attribute in attributes {
        of_golden(
            &Place { entity, source: None, attribute: Some(&attribute.attribute.name) },
            &attribute.golden,
            &mut metrics,
        );
    }
    metrics
}

/// What a metric speaks of.
struct Place<'a> {
    entity: &'a str,
    source: Option<&'a str>,
    attribute: Option<&'a str>,
}

impl Place<'_> {
    fn metric(
        &self,
        stage: Stage,
        metric: Metric,
        value: Option<f64>,
        numerator: i64,
        denominator: i64,
    ) -> QualityMetric {
        QualityMetric {
            entity_type: self.entity.to_owned(),
            stage,
            source: self.source.map(str::to_owned),
            attribute: self.attribute.map(str::to_owned),
            dimension: metric.dimension(),
            metric,
            value,
            numerator,
            denominator,
            threshold: None,
            status: Status::Info,
        }
    }

    fn share(&self, stage: Stage, metric: Metric, numerator: i64, denominator: i64) -> QualityMetric {
        self.metric(stage, metric, share(numerator, denominator), numerator, denominator)
    }
}

/// A share; `None` of nothing.
pub(super) fn share(numerator: i64, denominator: i64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

fn of_source(view: &View<'_>, sets: &SourceSets, source: u16, metrics: &mut Vec<QualityMetric>) {
    let place = Place { entity: &view.records.plan.entity, source: Some(view.name(source)), attribute: None };
    let (records, ages) = view.members.of_source(source);
    let records = count(records);
    let (customers, _) = sets.customers(source);
    metrics.push(place.metric(Stage::Raw, Metric::Rows, Some(records as f64), records, records));
    metrics.push(place.share(Stage::Golden, Metric::Duplicates, records - customers, records));
    let dated = count(ages.len());
    let age = Ages::percentiles(ages);
    metrics.push(place.metric(Stage::Raw, Metric::FreshnessP50Days, age.map(|age| age.0), dated, records));
    metrics.push(place.metric(Stage::Raw, Metric::FreshnessP95Days, age.map(|age| age.1), dated, records));
}

fn of_attribute(place: &Place<'_>, counted: &Counted, metrics: &mut Vec<QualityMetric>) {
    let repeated = counted.repeated;
    metrics.extend([
        place.share(Stage::Raw, Metric::Present, counted.records_with_value, counted.records),
        place.share(Stage::Normalised, Metric::Valid, counted.values_valid, counted.values),
        place.share(Stage::Normalised, Metric::Placeholder, counted.placeholders, counted.values),
        place.share(Stage::Normalised, Metric::Invalid, counted.invalid, counted.values),
        place.share(Stage::Normalised, Metric::Unique, repeated.unique, repeated.occurrences),
        place.metric(
            Stage::Normalised,
            Metric::Distinct,
            Some(repeated.distinct as f64),
            repeated.distinct,
            repeated.occurrences,
        ),
    ]);
}

fn of_golden(place: &Place<'_>, golden: &GoldenMeasures, metrics: &mut Vec<QualityMetric>) {
    let repeated = golden.repeated;
    metrics.extend([
        place.share(Stage::Golden, Metric::Present, golden.with_value, golden.customers),
        place.share(Stage::Golden, Metric::Valid, golden.valid, golden.with_value),
        place.share(Stage::Golden, Metric::Unique, repeated.unique, repeated.occurrences),
        place.metric(
            Stage::Golden,
            Metric::Distinct,
            Some(repeated.distinct as f64),
            repeated.distinct,
            repeated.occurrences,
        ),
        place.share(Stage::Golden, Metric::Agreement, golden.agreed, golden.compared),
    ]);
}

/// Marks the metrics that checks speak of. Of several checks the worst outcome counts.
pub(super) fn mark(metrics: &mut [QualityMetric], checks: &[QualityCheck], outcomes: &[CheckOutcome]) {
    for metric in metrics {
        let outcomes =
            checks.iter().zip(outcomes).filter(|(check, _)| speaks_of(check, metric)).map(|(check, outcome)| {
                let status = match (outcome.holds, outcome.fail) {
                    (true, _) => Status::Pass,
                    (false, false) => Status::Warn,
                    (false, true) => Status::Fail,
                };
                (status, check.check.limit)
            });
        // The first of the worst.
        let worst = outcomes.reduce(|worst, next| if next.0 > worst.0 { next } else { worst });
        if let Some((status, limit)) = worst {
            metric.status = status;
            metric.threshold = Some(limit);
        }
    }
}
