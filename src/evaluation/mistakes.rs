//! The largest mistakes and what is published of their evidence: comparisons and levels, never values.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float32Type, Int64Type};
use goldsmith_resolve::evaluate::{evaluate, mixtures};
use hashbrown::{HashMap, HashSet};
use serde::Serialize;

use super::pairs::{Found, Row};
use super::{Joined, Scores};
use crate::pipeline::RunError;
use crate::publish::previous::{Version, read_batches};

/// Pairs that are shown of one profile or customer.
const LINKS: usize = 2;
/// Parts that are shown of one profile or customer, and records that are looked at in each part.
const PARTS: usize = 20;
const RECORDS: usize = 32;

/// What went wrong.
#[derive(Debug, Default, Serialize)]
pub struct Mistakes {
    pub false_pairs: FalsePairs,
    pub missed_pairs: MissedPairs,
    /// Profiles that hold several customers: how many, and those with most false pairs.
    pub wrong_profiles: usize,
    pub largest_wrong_profiles: Vec<WrongProfile>,
    /// Customers spread over several profiles: how many, and those with most missed pairs.
    pub split_customers: usize,
    pub largest_split_customers: Vec<SplitCustomer>,
    /// Pairs in one profile that are two customers, the most probable first.
    pub most_probable_false: Vec<Pair>,
    /// Pairs in two profiles that are one customer, the most probable first.
    pub most_probable_missed: Vec<Pair>,
}

/// Pairs in one profile that are two customers.
#[derive(Debug, Default, Serialize)]
pub struct FalsePairs {
    pub pairs: u64,
    /// With evidence of their own in `match_pairs`.
    pub matched: u64,
    /// Joined by a steward.
    pub forced: u64,
    /// Joined through other records of the profile only.
    pub without_row: u64,
}

/// Pairs of one customer in two profiles; each is counted once.
#[derive(Debug, Default, Serialize)]
pub struct MissedPairs {
    pub pairs: u64,
    pub of_records_not_published: u64,
    /// Records of two entity types are never compared.
    pub across_entity_types: u64,
    /// Good enough as pairs, by the reason why they were kept apart.
    pub cut_by_guard: BTreeMap<String, u64>,
    pub review: u64,
    pub forced_no_match: u64,
    /// Scored below review.
    pub below_review: u64,
    /// The others: scored lower still, of which only a sample has a row, or never compared.
    pub others: u64,
    /// Rows of that sample among them.
    pub others_sampled_rows: u64,
    /// How many of the others those rows stand for; a coarse estimate where they are few.
    pub others_scored_estimate: f64,
}

/// A profile that holds several customers.
#[derive(Debug, Serialize)]
pub struct WrongProfile {
    pub golden_id: String,
    pub records: u64,
    pub customers: u64,
    pub false_pairs: u64,
    /// Records of each customer, the largest first.
    pub parts: Vec<u64>,
    /// The most probable of its false pairs.
    pub pairs: Vec<Pair>,
}

/// A customer in several profiles.
#[derive(Debug, Serialize)]
pub struct SplitCustomer {
    pub records: u64,
    pub profiles: u64,
    pub missed_pairs: u64,
    /// The profiles, that with most of its records first.
    pub parts: Vec<Part>,
    /// The most probable of its missed pairs.
    pub pairs: Vec<Pair>,
    /// Two of its records in different profiles without a row in `match_pairs`.
    pub without_row: Option<(String, String)>,
}

/// A customer's records in one profile.
#[derive(Debug, Serialize)]
pub struct Part {
    pub golden_id: String,
    pub records: u64,
    /// One of them.
    pub record: String,
}

/// A pair with its evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Pair {
    pub left: String,
    pub right: String,
    pub probability: f64,
    pub score: f64,
    pub decision: String,
    pub cut_reason: Option<String>,
    pub sampled: bool,
    pub blocking_keys: Vec<String>,
    /// Bits added or taken because the agreeing values are rare or common.
    pub tf_adjust: f64,
    pub levels: Vec<Level>,
    #[serde(skip)]
    pattern: (String, i64),
}

/// What one comparison found.
#[derive(Debug, Clone, Serialize)]
pub struct Level {
    pub comparison: String,
    pub level: String,
    /// In bits.
    pub weight: f64,
}

/// The first pairs by score; the earlier in the table where scores are equal.
#[derive(Debug, Default)]
struct Top {
    most: usize,
    pairs: Vec<Pair>,
}

impl Top {
    fn new(most: usize) -> Self {
        Self { most, pairs: Vec::new() }
    }

    fn offer(&mut self, score: f64, pair: impl FnOnce() -> Pair) {
        let place = self.pairs.partition_point(|known| known.score >= score);
        if place < self.most {
            self.pairs.insert(place, pair());
            self.pairs.truncate(self.most);
        }
    }
}

/// The mistakes while pairs are read.
pub(super) struct Listed {
    found: Mistakes,
    wrong: HashMap<u32, (usize, Top)>,
    split: HashMap<u32, (usize, Top)>,
    /// Pairs of the split customers above that have a row.
    rows: HashSet<(u32, u32)>,
    top_false: Top,
    top_missed: Top,
}

impl Listed {
    pub(super) fn new(joined: &Joined, most: usize) -> Self {
        let wrong = mixtures(&joined.golden, &joined.customer);
        let (customers, profiles, _) = published(joined);
        let split = mixtures(&customers, &profiles);
        let mut listed = Self {
            found: Mistakes { wrong_profiles: wrong.len(), split_customers: split.len(), ..Mistakes::default() },
            wrong: HashMap::new(),
            split: HashMap::new(),
            rows: HashSet::new(),
            top_false: Top::new(most),
            top_missed: Top::new(most),
        };
        for (place, group) in wrong.iter().take(most).enumerate() {
            listed.wrong.insert(group.group, (place, Top::new(LINKS)));
            listed.found.largest_wrong_profiles.push(WrongProfile {
                golden_id: joined.golden_ids.get(group.group as usize).cloned().unwrap_or_default(),
                records: group.records,
                customers: group.labels,
                false_pairs: group.pairs,
                parts: Vec::new(),
                pairs: Vec::new(),
            });
        }
        for (place, group) in split.iter().take(most).enumerate() {
            listed.split.insert(group.group, (place, Top::new(LINKS)));
            listed.found.largest_split_customers.push(SplitCustomer {
                records: group.records,
                profiles: group.labels,
                missed_pairs: group.pairs,
                parts: Vec::new(),
                pairs: Vec::new(),
                without_row: None,
            });
        }
        listed
    }

    /// Takes note of a row whose records the truth knows.
    pub(super) fn add(&mut self, joined: &Joined, (left, right): (u32, u32), same: bool, row: Row<'_>) {
        let of = |labels: &[u32], record: u32| labels.get(record as usize).copied().unwrap_or(u32::MAX);
        let golden = of(&joined.golden, left);
        let together = golden == of(&joined.golden, right);
        if same == together {
            return;
        }
        let score = row.bits();
        let described = || pair(joined, left, right, row);
        if together {
            let forced = row.decision() == "forced_match";
            *(if forced { &mut self.found.false_pairs.forced } else { &mut self.found.false_pairs.matched }) += 1;
            self.top_false.offer(score, described);
            if let Some((_, top)) = self.wrong.get_mut(&golden) {
                top.offer(score, described);
            }
            return;
        }
        let missed = &mut self.found.missed_pairs;
        match row.decision() {
            "cut_by_guard" => {
                *missed.cut_by_guard.entry(row.cut_reason().unwrap_or("bridge").to_owned()).or_default() += 1;
            }
            "review" => missed.review += 1,
            "forced_no_match" => missed.forced_no_match += 1,
            _ if row.sampled() => missed.others_sampled_rows += 1,
            _ => missed.below_review += 1,
        }
        self.top_missed.offer(score, described);
        if let Some((_, top)) = self.split.get_mut(&of(&joined.customer, left)) {
            top.offer(score, described);
            self.rows.insert((left.min(right), left.max(right)));
        }
    }

    /// # Errors
    /// A table that is missing or broken.
    pub(super) fn finish(
        mut self,
        version: Version<'_>,
        joined: &Joined,
        found: &Found,
        scores: &Scores,
    ) -> Result<Mistakes, RunError> {
        self.parts_of_profiles(joined);
        self.parts_of_customers(joined);
        let mistakes = &mut self.found;
        let wrong = &mut mistakes.false_pairs;
        wrong.pairs = scores.found_pairs - scores.correct_pairs;
        wrong.without_row = wrong.pairs.saturating_sub(wrong.matched + wrong.forced);

        let (customers, profiles, entities) = published(joined);
        let here = evaluate(&customers, &profiles);
        let missed = &mut mistakes.missed_pairs;
        missed.pairs = scores.true_pairs - scores.correct_pairs;
        missed.of_records_not_published = scores.true_pairs - here.true_pairs;
        missed.across_entity_types = here.true_pairs - evaluate(&customers, &entities).correct_pairs;
        let told = missed.of_records_not_published
            + missed.across_entity_types
            + missed.cut_by_guard.values().sum::<u64>()
            + missed.review
            + missed.below_review
            + missed.forced_no_match;
        missed.others = missed.pairs.saturating_sub(told);
        missed.others_scored_estimate =
            (missed.others_sampled_rows as f64 * found.table.pairs_per_sampled_row).min(missed.others as f64);

        mistakes.most_probable_false = self.top_false.pairs;
        mistakes.most_probable_missed = self.top_missed.pairs;
        for (place, top) in self.wrong.into_values() {
            if let Some(profile) = mistakes.largest_wrong_profiles.get_mut(place) {
                profile.pairs = top.pairs;
            }
        }
        for (place, top) in self.split.into_values() {
            if let Some(customer) = mistakes.largest_split_customers.get_mut(place) {
                customer.pairs = top.pairs;
            }
        }
        explain(version, mistakes)?;
        Ok(self.found)
    }

    fn parts_of_profiles(&mut self, joined: &Joined) {
        let mut parts: BTreeMap<(usize, u32), u64> = BTreeMap::new();
        for (golden, customer) in joined.golden.iter().zip(&joined.customer) {
            if let Some((place, _)) = self.wrong.get(golden) {
                *parts.entry((*place, *customer)).or_default() += 1;
            }
        }
        for ((place, _), records) in parts {
            if let Some(profile) = self.found.largest_wrong_profiles.get_mut(place) {
                profile.parts.push(records);
            }
        }
        for profile in &mut self.found.largest_wrong_profiles {
            profile.parts.sort_unstable_by(|a, b| b.cmp(a));
            profile.parts.truncate(PARTS);
        }
    }

    fn parts_of_customers(&mut self, joined: &Joined) {
        // By customer and profile how many records there are, and the first of them.
        let mut parts: BTreeMap<(usize, u32), (u64, Vec<u32>)> = BTreeMap::new();
        let records = joined.customer.iter().zip(&joined.golden).zip(&joined.published).enumerate();
        for (record, ((customer, golden), _)) in records.filter(|(_, (_, published))| **published) {
            if let Some((place, _)) = self.split.get(customer) {
                let (count, first) = parts.entry((*place, *golden)).or_default();
                *count += 1;
                if first.len() < RECORDS {
                    first.push(u32::try_from(record).unwrap_or(u32::MAX));
                }
            }
        }
        let name = |record: u32| joined.names.get(record as usize).cloned().unwrap_or_default();
        for (place, customer) in self.found.largest_split_customers.iter_mut().enumerate() {
            let mut parts: Vec<_> = parts.range((place, 0)..=(place, u32::MAX)).collect();
            parts.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
            parts.truncate(PARTS);
            let apart = parts.iter().enumerate().flat_map(|(index, (_, (_, left)))| {
                parts.iter().skip(index + 1).flat_map(move |(_, (_, right))| {
                    left.iter().flat_map(move |left| right.iter().map(move |right| (*left, *right)))
                })
            });
            customer.without_row = apart
                .map(|(a, b)| (a.min(b), a.max(b)))
                .find(|pair| !self.rows.contains(pair))
                .map(|(left, right)| (name(left), name(right)));
            customer.parts = parts
                .iter()
                .map(|((_, golden), (records, first))| Part {
                    golden_id: joined.golden_ids.get(*golden as usize).cloned().unwrap_or_default(),
                    records: *records,
                    record: first.first().map(|record| name(*record)).unwrap_or_default(),
                })
                .collect();
        }
    }
}

/// Customers, profiles and entity types of the published records.
fn published(joined: &Joined) -> (Vec<u32>, Vec<u32>, Vec<u32>) {
    let of = |labels: &[u32]| {
        labels.iter().zip(&joined.published).filter(|(_, published)| **published).map(|(label, _)| *label).collect()
    };
    (of(&joined.customer), of(&joined.golden), of(&joined.entity))
}

fn pair(joined: &Joined, left: u32, right: u32, row: Row<'_>) -> Pair {
    let name = |record: u32| joined.names.get(record as usize).cloned().unwrap_or_default();
    Pair {
        left: name(left),
        right: name(right),
        probability: row.probability(),
        score: row.bits(),
        decision: row.decision().to_owned(),
        cut_reason: row.cut_reason().map(str::to_owned),
        sampled: row.sampled(),
        blocking_keys: row.rules(),
        tf_adjust: row.rarity(),
        levels: Vec::new(),
        pattern: (row.entity().to_owned(), row.pattern()),
    }
}

/// Gives the listed pairs their levels.
fn explain(version: Version<'_>, mistakes: &mut Mistakes) -> Result<(), RunError> {
    let profiles = mistakes.largest_wrong_profiles.iter_mut().flat_map(|profile| &mut profile.pairs);
    let customers = mistakes.largest_split_customers.iter_mut().flat_map(|customer| &mut customer.pairs);
    let mut pairs: Vec<&mut Pair> = profiles
        .chain(customers)
        .chain(&mut mistakes.most_probable_false)
        .chain(&mut mistakes.most_probable_missed)
        .collect();
    let mut levels: HashMap<(String, i64), Vec<Level>> =
        pairs.iter().map(|pair| (pair.pattern.clone(), Vec::new())).collect();
    if levels.is_empty() {
        return Ok(());
    }
    read_batches(version, "match_patterns", &["entity_type", "pattern_id", "levels"], |batch| {
        let [entity, id, list] = batch.columns() else { return Ok(()) };
        let (entity, id, list) = (entity.as_string::<i32>(), id.as_primitive::<Int64Type>(), list.as_list::<i32>());
        for row in 0..batch.num_rows() {
            let Some(known) = levels.get_mut(&(entity.value(row).to_owned(), id.value(row))) else { continue };
            let steps = list.value(row);
            if let [comparison, level, weight] = steps.as_struct().columns() {
                let (comparison, level) = (comparison.as_string::<i32>(), level.as_string::<i32>());
                let weight = weight.as_primitive::<Float32Type>();
                *known = (0..steps.len())
                    .map(|step| Level {
                        comparison: comparison.value(step).to_owned(),
                        level: if level.is_valid(step) { level.value(step).to_owned() } else { String::new() },
                        weight: f64::from(weight.value(step)),
                    })
                    .collect();
            }
        }
        Ok(())
    })?;
    for pair in &mut pairs {
        pair.levels = levels.get(&pair.pattern).cloned().unwrap_or_default();
    }
    Ok(())
}
