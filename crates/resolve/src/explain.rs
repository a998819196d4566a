//! Why two records are one entity, or why not.

use crate::error::ResolveError;
use crate::grouping::conjunction;
use crate::model::Model;
use crate::probability::{Weight, to_probability};
use crate::records::{ColumnKind, RecordId, Records};
use crate::resolve::{Decisions, Options, prepare};

/// The waterfall of evidence between two records.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Explanation {
    /// Where the evidence starts: the weight of two random records, against "unrelated".
    pub prior: Weight,
    /// One step for each comparison, in the order of the model.
    pub steps: Vec<Step>,
    /// The sum against "unrelated", prior included.
    pub against_unrelated: Weight,
    /// The sum against "related", prior included.
    pub against_related: Weight,
    /// What the calibration adds to the weight against both.
    pub correction: Weight,
    /// The weight against both, corrected.
    pub weight: Weight,
    /// The probability behind it.
    pub probability: f64,
    /// Each blocking rule and whether the two records share a key of it.
    pub rules: Vec<(String, bool)>,
    /// What forbids or forces the pair, whatever the evidence.
    pub constraint: Option<String>,
}

/// One comparison of the waterfall.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Step {
    /// The comparison.
    pub comparison: String,
    /// The level in words.
    pub level: String,
    /// Evidence against "unrelated", 1/1024 bit, without the adjustment.
    pub weight: Weight,
    /// Evidence against "related", 1/1024 bit, without the adjustment.
    pub weight_related: Weight,
    /// The adjustment for how common the value is.
    pub tf_adjust: Weight,
}

/// Explains the pair of two input rows under a model. Takes the codes as [`crate::resolve()`] does.
///
/// # Errors
/// [`ResolveError`] as [`crate::resolve`] gives; rows that do not exist give `Ok(None)`.
pub fn explain(
    records: &mut Records,
    options: &Options,
    model: &Model,
    decisions: &Decisions,
    a: usize,
    b: usize,
) -> Result<Option<Explanation>, ResolveError> {
    records.check()?;
    let prepared = prepare(records, options, Some(model))?;
    let f = &prepared.features;
    let position = |row: usize| f.order.iter().position(|&r| r as usize == row).map(|p| p as u32);
    let (Some(a), Some(b)) = (position(a), position(b)) else { return Ok(None) };
    let (a, b) = (a.min(b), a.max(b));
    let comparing = prepared.comparing();
    let weights = model.weights(&prepared.layout);
    let mut memo = comparing.memo();
    let (mut unrelated, mut related) = (weights.prior_unrelated, weights.prior_related);
    let mut steps = Vec::new();
    for (index, comparison) in prepared.comparisons.iter().enumerate() {
        let agreement = comparison.comparator.compare(f, a, b, index, &mut memo);
        let level = usize::from(agreement.level);
        let step = Step {
            comparison: comparison.name.clone(),
            level: comparison.levels[level].label.clone(),
            weight: weights.unrelated[index][level],
            weight_related: weights.related[index][level],
            tf_adjust: agreement.tf_unrelated,
        };
        unrelated += step.weight + agreement.tf_unrelated;
        related += step.weight_related + agreement.tf_related;
        steps.push(step);
    }
    let repeated = weights.repeated(|c| steps[c].weight);
    if let Some((weaker, less)) = repeated {
        steps[weaker].weight -= less;
        unrelated -= less;
    }
    let repeated = weights.repeated(|c| steps[c].weight_related);
    if let Some((weaker, less)) = repeated {
        steps[weaker].weight_related -= less;
        related -= less;
    }
    let both = crate::probability::against_both(unrelated, related);
    let pattern = comparing.pattern(a, b, &mut memo).pattern;
    let weight = weights.calibrated(&prepared.layout, pattern, (unrelated, related));
    let rules = prepared
        .rules
        .iter()
        .map(|rule| {
            let (left, right) = (conjunction(f, &rule.keys, a), conjunction(f, &rule.keys, b));
            (rule.name.clone(), left.iter().any(|key| right.contains(key)))
        })
        .collect();
    Ok(Some(Explanation {
        prior: weights.prior_unrelated,
        steps,
        against_unrelated: unrelated,
        against_related: related,
        correction: weight - both,
        weight,
        probability: to_probability(weight),
        rules,
        constraint: constraint(f, decisions, a, b),
    }))
}

fn constraint(f: &crate::features::Features<'_>, decisions: &Decisions, a: u32, b: u32) -> Option<String> {
    let ids = (f.id(a), f.id(b));
    let names = |pairs: &[(RecordId, RecordId)]| pairs.iter().any(|&(x, y)| (x, y) == ids || (y, x) == ids);
    if names(&decisions.not_same) {
        return Some("a steward decided that these are two".to_owned());
    }
    if names(&decisions.same) {
        return Some("a steward decided that these are one".to_owned());
    }
    if f.kept_apart_by_source(a, b) {
        return Some("both come from one source that holds no duplicates".to_owned());
    }
    let suffix = f.of_kind(&ColumnKind::NameSuffix).first().copied()?;
    let (x, y) = (f.values(suffix, a).first()?, f.values(suffix, b).first()?);
    (x != y).then(|| "they bear different generation suffixes".to_owned())
}
