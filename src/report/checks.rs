//! The checks of the pipeline, held against what was measured.

use goldsmith_config::attributes::canonical;
use goldsmith_config::model;

use super::format::{number, percent};
use super::measures::{CheckOutcome, Metric, QualityMetric};
use super::quality::share;
use crate::pipeline::plan::QualityCheck;

/// The outcome of every check, in their order.
pub(super) fn outcomes(checks: &[QualityCheck], metrics: &[QualityMetric]) -> Vec<CheckOutcome> {
    checks.iter().map(|check| outcome(check, metrics)).collect()
}

fn outcome(check: &QualityCheck, metrics: &[QualityMetric]) -> CheckOutcome {
    let (mut numerator, mut denominator, mut found) = (0, 0, false);
    for metric in metrics.iter().filter(|metric| speaks_of(check, metric)) {
        numerator += metric.numerator;
        denominator += metric.denominator;
        found = true;
    }
    let is_share = check.check.metric != model::Metric::Rows;
    let observed = if is_share { share(numerator, denominator) } else { found.then_some(numerator as f64) };
    CheckOutcome {
        text: check.check.text.clone(),
        source: check.source.clone(),
        entity_type: check.entity.clone(),
        observed,
        is_share,
        numerator,
        denominator,
        holds: check.check.comparison.holds(observed.unwrap_or(f64::NAN), check.check.limit),
        fail: check.fail,
        description: check.description.clone(),
    }
}

/// Whether the check is about this metric. A check without an entity type is about those of all types.
pub(super) fn speaks_of(check: &QualityCheck, metric: &QualityMetric) -> bool {
    let measured = match check.check.metric {
        model::Metric::Present => Metric::Present,
        model::Metric::Valid => Metric::Valid,
        model::Metric::Unique => Metric::Unique,
        model::Metric::Rows => Metric::Rows,
    };
    metric.metric == measured
        && metric.source == check.source
        && metric.attribute.as_deref() == check.check.attribute.as_deref().map(canonical)
        && check.entity.as_ref().is_none_or(|entity| *entity == metric.entity_type)
}

impl CheckOutcome {
    /// What is checked where: `email_valid >= 95% in crm`.
    #[must_use]
    pub fn name(&self) -> String {
        let place = self.source.as_deref().unwrap_or("golden profiles");
        match &self.entity_type {
            Some(entity) => format!("{} in {place} ({entity})", self.text),
            None => format!("{} in {place}", self.text),
        }
    }

    /// What was measured: `91.2% (912 of 1,000)`.
    #[must_use]
    pub fn observed_text(&self) -> String {
        match self.observed {
            None => "nothing to measure".to_owned(),
            Some(_) if self.is_share => {
                let count = |count: i64| number(Some(count as f64));
                format!("{} ({} of {})", percent(self.observed), count(self.numerator), count(self.denominator))
            }
            Some(rows) => number(Some(rows)),
        }
    }

    /// The outcome in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let verb = if self.holds { "holds" } else { "does not hold" };
        format!("the check `{}` {verb}: {}", self.name(), self.observed_text())
    }
}

#[cfg(test)]
mod tests {
    use goldsmith_config::model::Check;

    use super::*;
    use crate::report::measures::{Stage, Status};
    use crate::report::quality::mark;

    fn metric(
        entity: &str,
        source: Option<&str>,
        attribute: Option<&str>,
        metric: Metric,
        numerator: i64,
        denominator: i64,
    ) -> QualityMetric {
        QualityMetric {
            entity_type: entity.to_owned(),
            stage: Stage::Normalised,
            source: source.map(str::to_owned),
            attribute: attribute.map(str::to_owned),
            dimension: metric.dimension(),
            metric,
            value: share(numerator, denominator),
            numerator,
            denominator,
            threshold: None,
            status: Status::Info,
        }
    }

    fn check(text: &str, source: Option<&str>, entity: Option<&str>, fail: bool) -> QualityCheck {
        QualityCheck {
            check: Check::parse(text).unwrap(),
            source: source.map(str::to_owned),
            entity: entity.map(str::to_owned),
            fail,
            description: None,
        }
    }

    fn measured() -> Vec<QualityMetric> {
        vec![
            metric("organisation", Some("crm"), Some("emails"), Metric::Valid, 5, 10),
            metric("organisation", Some("crm"), None, Metric::Rows, 10, 10),
            metric("person", Some("crm"), Some("emails"), Metric::Valid, 95, 100),
            metric("person", Some("crm"), Some("emails"), Metric::Present, 100, 200),
            metric("person", Some("crm"), None, Metric::Rows, 200, 200),
            metric("person", None, Some("emails"), Metric::Valid, 90, 90),
            metric("person", Some("empty"), Some("emails"), Metric::Valid, 0, 0),
        ]
    }

    #[test]
    fn checks_are_held_against_their_metric() {
        for (text, source, entity, observed, holds) in [
            ("email_valid >= 95%", Some("crm"), Some("person"), Some(0.95), true),
            ("email_valid > 95%", Some("crm"), Some("person"), Some(0.95), false),
            ("emails_valid >= 95%", Some("crm"), Some("person"), Some(0.95), true),
            ("email_valid >= 95%", Some("crm"), None, Some(100.0 / 110.0), false),
            ("email_valid >= 95%", None, None, Some(1.0), true),
            ("email_present < 51%", Some("crm"), None, Some(0.5), true),
            ("rows >= 210", Some("crm"), None, Some(210.0), true),
            ("rows >= 201", Some("crm"), Some("person"), Some(200.0), false),
            ("email_valid >= 0%", Some("empty"), None, None, false),
            ("phone_valid >= 0%", Some("crm"), None, None, false),
        ] {
            let outcome = outcome(&check(text, source, entity, true), &measured());
            assert_eq!((outcome.observed, outcome.holds), (observed, holds), "{text} {source:?} {entity:?}");
        }
    }

    #[test]
    fn the_worst_check_marks_a_metric() {
        let checks = [
            check("email_valid >= 90%", Some("crm"), Some("person"), false),
            check("email_valid >= 99%", Some("crm"), Some("person"), false),
            check("email_valid >= 98%", Some("crm"), Some("person"), true),
        ];
        let mut metrics = measured();
        let outcomes = outcomes(&checks, &metrics);
        mark(&mut metrics, &checks, &outcomes);
        let marked: Vec<_> = metrics.iter().filter(|metric| metric.status != Status::Info).collect();
        assert_eq!(marked.len(), 1);
        assert_eq!((marked[0].status, marked[0].threshold), (Status::Fail, Some(0.98)));
    }

    #[test]
    fn outcomes_read_well() {
        let outcome = outcome(&check("email_valid >= 99%", Some("crm"), Some("person"), true), &measured());
        assert_eq!(
            outcome.sentence(),
            "the check `email_valid >= 99% in crm (person)` does not hold: 95.0% (95 of 100)"
        );
        assert_eq!(super::outcome(&check("rows >= 1", None, None, true), &[]).observed_text(), "nothing to measure");
    }
}
