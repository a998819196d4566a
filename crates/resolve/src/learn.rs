//! From prepared records to a model: draws the samples training looks at, and pins what it finds.

use crate::blocking::Blocks;
use crate::calibration::{Compared, calibrate};
use crate::drift::shares;
use crate::entity::{exact_by_chance, held, names_by_chance};
use crate::features::{Features, mix, text_hash};
use crate::fellegi_sunter::{Evidence, Parameters, Selected, train};
use crate::labels::{Known, Labels};
use crate::model::{ComparisonParameters, LevelParameters, MODEL_VERSION, Model, PinnedValue};
use crate::records::EntityType;
use crate::resolve::Prepared;
use crate::score::Comparing;

/// Random pairs drawn for u.
const RANDOM_PAIRS: u64 = 300_000;
/// Candidate pairs sampled for the priors.
const CANDIDATE_SAMPLE: usize = 700_000;
/// Pairs sampled per rule for m and r.
const RULE_SAMPLE: u64 = 120_000;

/// Trains a model on the records themselves and what is known of them.
pub(crate) fn learn(
    prepared: &Prepared<'_>,
    comparing: &Comparing<'_, '_>,
    blocks: &Blocks,
    seed: u64,
    labels: &Labels,
) -> Model {
    let f = &prepared.features;
    let known = Known::new(f, labels);
    let random = comparing.random(RANDOM_PAIRS, seed, &known);
    let per_rule: Vec<Selected> = prepared
        .rules
        .iter()
        .enumerate()
        .map(|(index, rule)| Selected {
            pairs: comparing.sample(&rule_sample(f, blocks, index as u16, seed), &known),
            held: held(rule, &prepared.comparisons),
            meets_relatives: rule.meets_relatives(),
        })
        .collect();
    let (sample, each) = candidate_sample(comparing, blocks, seed);
    let pairs: Vec<(u32, u32)> = sample.iter().map(|pair| (pair.a, pair.b)).collect();
    let found = comparing.compare_all(&pairs);
    let candidates = known.sample(&pairs, &found).scaled(each);
    let exact: Vec<Option<f64>> = prepared.comparisons.iter().map(|c| exact_by_chance(f, c)).collect();
    let names: Vec<Option<(f64, f64)>> = prepared.comparisons.iter().map(|c| names_by_chance(f, c)).collect();
    let parameters = train(&Evidence {
        comparisons: &prepared.comparisons,
        layout: &prepared.layout,
        per_rule: &per_rule,
        random: &random,
        exact: &exact,
        names: &names,
        candidates: &candidates,
        records: f.len(),
        possible_pairs: f.possible_pairs(),
        households: f.records.entity == EntityType::Person,
    });
    let seen = shares(&prepared.layout, &prepared.comparisons, candidates.each().map(|(p, n, _)| (p, n)));
    let mut model = model_of(prepared, blocks, &parameters, &seen);
    calibrate(&Compared { comparing, rules: &prepared.rules, pairs: &sample, found: &found }, &mut model);
    model
}

/// Per comparison and level the share of the candidate pairs that show it, of a sample.
pub(crate) fn shown_by_candidates(comparing: &Comparing<'_, '_>, blocks: &Blocks, seed: u64) -> Vec<Vec<f64>> {
    let (sample, _) = candidate_sample(comparing, blocks, seed);
    let pairs: Vec<(u32, u32)> = sample.iter().map(|pair| (pair.a, pair.b)).collect();
    let found = comparing.compare_all(&pairs);
    shares(comparing.layout, comparing.comparisons, found.iter().map(|found| (found.pattern, 1.0)))
}

fn model_of(prepared: &Prepared<'_>, blocks: &Blocks, p: &Parameters, seen: &[Vec<f64>]) -> Model {
    let records = prepared.features.records;
    Model {
        version: MODEL_VERSION,
        entity: records.entity,
        prior_same: p.prior_same,
        prior_related: p.prior_related,
        calibration: Vec::new(),
        namesake_calibration: Vec::new(),
        contact_calibration: Vec::new(),
        pattern_calibration: Vec::new(),
        different_names_without_birth_date: Vec::new(),
        left_out: blocks.left_out(&prepared.rules),
        comparisons: prepared
            .comparisons
            .iter()
            .enumerate()
            .map(|(c, comparison)| ComparisonParameters {
                name: comparison.name.clone(),
                levels: comparison
                    .levels
                    .iter()
                    .enumerate()
                    .map(|(l, level)| LevelParameters {
                        level: level.label.clone(),
                        m: p.m[c][l],
                        r: p.r[c][l],
                        u: p.u[c][l],
                        without_birth_date: 0.0,
                        seen: seen[c][l],
                    })
                    .collect(),
            })
            .collect(),
        placeholders: prepared
            .placeholders
            .iter()
            .map(|p| PinnedValue {
                column: records.columns[p.column].name.clone(),
                value: format!("{:016x}", text_hash(records.columns[p.column].pool.get(p.code))),
                records: p.records,
            })
            .collect(),
        nicknames: prepared.nicknames.clone(),
        term_frequencies: prepared.frequencies.clone(),
    }
}

/// Pairs of a rule's whole blocks, blocks taken in the order of a seeded hash of their records until there are enough, so
/// that a block more or less elsewhere draws no others.
fn rule_sample(f: &Features<'_>, blocks: &Blocks, rule: u16, seed: u64) -> Vec<(u32, u32)> {
    let mut leaves: Vec<(u64, u32)> = (0..blocks.leaves() as u32)
        .filter(|&leaf| blocks.rule_of[leaf as usize] == rule && blocks.whole[leaf as usize])
        .map(|leaf| {
            let members = blocks.members(leaf);
            (mix(seed, f.draw(members[0], members[members.len() - 1])), leaf)
        })
        .collect();
    leaves.sort_unstable();
    let mut pairs = Vec::new();
    for (_, leaf) in leaves {
        let members = blocks.members(leaf);
        for (index, &a) in members.iter().enumerate() {
            pairs.extend(members[index + 1..].iter().filter(|&&b| !f.kept_apart_by_source(a, b)).map(|&b| (a, b)));
        }
        if pairs.len() as u64 >= RULE_SAMPLE {
            break;
        }
    }
    pairs
}

/// A candidate pair and the rules that find it.
pub(crate) struct Candidate {
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) rules: u32,
    /// Those of them of which they share a whole block.
    pub(crate) whole: u32,
}

/// A sample of all candidate pairs, those of records taken in the order of a seeded hash until there are enough, and for
/// how many each stands.
fn candidate_sample(comparing: &Comparing<'_, '_>, blocks: &Blocks, seed: u64) -> (Vec<Candidate>, f64) {
    let n = comparing.f.len() as u32;
    let mut order: Vec<(u64, u32)> = (0..n).map(|record| (mix(seed ^ 0x5eed, u64::from(record)), record)).collect();
    order.sort_unstable();
    let mut pairs = Vec::new();
    let mut partners = Vec::new();
    let mut taken = 0;
    for (_, a) in order {
        blocks.partners(comparing.f, a, &mut partners);
        pairs.extend(partners.iter().map(|partner| Candidate {
            a,
            b: partner.record,
            rules: partner.rules,
            whole: blocks.rules_by_whole_blocks(a, partner.record),
        }));
        taken += 1;
        if pairs.len() >= CANDIDATE_SAMPLE {
            break;
        }
    }
    (pairs, f64::from(n) / f64::from(taken.max(1)))
}
