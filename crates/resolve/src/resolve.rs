//! The way through: records in, clusters and their evidence out.

use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use crate::blocking::{Blocks, LargeBlock, Rule, RuleStats};
use crate::clustering::cluster;
use crate::comparison::Comparison;
use crate::constraints::{Constraints, CutReason};
use crate::copies::without_copies;
use crate::drift::{Drift, drift, see_anew, shares};
use crate::entity::{comparisons, rules};
use crate::error::ResolveError;
use crate::features::{Features, LaidOut, text_hash};
use crate::labels::Labels;
use crate::learn::{learn, shown_by_candidates};
use crate::model::{ColumnFrequencies, Model, Nickname};
use crate::nicknames;
use crate::pattern::{Layout, Pattern};
use crate::placeholder::{self, Placeholder};
use crate::probability::{BIT, Weight, from_probability, to_probability};
use crate::records::{ColumnKind, EntityType, RecordId, Records};
use crate::score::{Comparing, Edge, Found, Keep, Scored};
use crate::term_frequency;

/// What a caller may set; the defaults suit every size.
#[derive(Clone, Debug)]
pub struct Options {
    /// The precision expected of a match, between 0.5 and 1.
    pub threshold: f64,
    /// Pairs from this probability up to the threshold are reported for review.
    pub review_from: f64,
    /// Seed of the samples.
    pub seed: u64,
    /// Threads to use; `None` for all of the surrounding pool.
    pub threads: Option<usize>,
    /// Largest block that is compared whole.
    pub max_block: usize,
    /// Share of the pairs below [`PROBABLE`] and review that is reported, by hash; the others are reported all.
    pub sample: f64,
    /// Departures from the defaults of the entity type.
    pub overrides: Overrides,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threshold: 0.95,
            review_from: 0.5,
            seed: 1,
            threads: None,
            max_block: 60,
            sample: 0.01,
            overrides: Overrides::default(),
        }
    }
}

/// Departures from an entity type's default comparisons and blocking rules.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Comparisons to leave out, by name.
    pub without: Vec<String>,
    /// Blocking rules instead of the default ones, each a list of keys that must all be equal.
    pub blocking: Option<Vec<Vec<String>>>,
}

/// What stewards decided; obeyed always. Decisions about records that are not there are passed over.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    /// Pairs that are one entity.
    pub same: Vec<(RecordId, RecordId)>,
    /// Pairs that are two.
    pub not_same: Vec<(RecordId, RecordId)>,
}

/// Hears how far a run is, and may end it. `()` hears nothing.
pub trait Progress: Sync {
    /// A stage begins.
    fn stage(&self, name: &str);
    /// Some more pairs are compared.
    fn advance(&self, pairs: u64);
    /// Whether nobody waits for the outcome any more. Asked before each stage, and while pairs are compared.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// A stage begins, unless nobody waits for it any more.
fn begin(progress: &dyn Progress, stage: &str) -> Result<(), ResolveError> {
    if progress.is_stopped() {
        return Err(ResolveError::Stopped);
    }
    progress.stage(stage);
    Ok(())
}

impl Progress for () {
    fn stage(&self, _: &str) {}
    fn advance(&self, _: u64) {}
}

/// The outcome, in the order of the input rows.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Per row its cluster at the threshold; dense, numbered by the smallest record id in each.
    pub cluster_of: Vec<u32>,
    /// Per row its cluster at a stricter threshold.
    pub cluster_conservative: Vec<u32>,
    /// Per row its cluster at a looser threshold.
    pub cluster_wide: Vec<u32>,
    /// Per cluster of `cluster_of` the probability of its weakest kept bridge; 1 for a single record.
    pub confidence: Vec<f64>,
    /// The compared pairs from [`PROBABLE`] up, a sample of the others, and those of the decisions; sorted by record ids.
    pub pairs: Vec<ScoredPair>,
    /// Every pattern that candidates showed; [`ScoredPair::pattern`] points here.
    pub patterns: Vec<PatternEvidence>,
    /// The comparisons, in the order of the levels of a pattern.
    pub comparisons: Vec<String>,
    /// What each blocking rule did, in the order of the bits of [`ScoredPair::rules`].
    pub rules: Vec<RuleStats>,
    /// The largest blocks of each rule.
    pub largest_blocks: Vec<LargeBlock>,
    /// Values treated as missing.
    pub placeholders: Vec<Placeholder>,
    /// The model that was used.
    pub model: Model,
    /// How many candidate pairs were compared.
    pub candidates: u64,
    /// How far the pairs are from those the model was trained on, comparison by comparison.
    pub drift: Vec<Drift>,
}

/// A pair of records with its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredPair {
    /// The record with the smaller id, as an input row.
    pub left: u32,
    /// The other record, as an input row.
    pub right: u32,
    /// Index into [`Resolution::patterns`].
    pub pattern: u32,
    /// The term-frequency adjustment against "unrelated", 1/1024 bit.
    pub tf_adjust: Weight,
    /// The match weight, prior included, 1/1024 bit.
    pub weight: Weight,
    /// What became of the pair.
    pub decision: PairDecision,
    /// The blocking rules that found it, one bit each.
    pub rules: u32,
    /// Whether the pair is one of the improbable ones, and reported only as part of the sample.
    pub sampled: bool,
}

impl ScoredPair {
    /// The probability behind the weight.
    #[must_use]
    pub fn probability(&self) -> f64 {
        to_probability(self.weight)
    }
}

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairDecision {
    /// In one cluster.
    Match,
    /// Probable, but not enough.
    Review,
    /// Not the same.
    NoMatch,
    /// One entity because a steward said so.
    ForcedMatch,
    /// Two entities because a steward said so.
    ForcedNoMatch,
    /// Good enough by itself, kept apart for the reason given.
    CutByGuard(CutReason),
}

/// A pattern with its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternEvidence {
    /// Per comparison the level, an index into the model's levels.
    pub levels: Vec<u8>,
    /// Per comparison the weight against "unrelated", 1/1024 bit.
    pub weights: Vec<Weight>,
    /// How many candidate pairs show it.
    pub pairs: u64,
    /// The match probability before term frequencies.
    pub probability: f64,
}

/// Resolves the records: which of them are one entity, and why.
///
/// The codes of the columns are taken out of `records`, so that they are not held twice, also where it fails: a second
/// call needs a copy of its own. Ids and pools stay.
///
/// # Errors
/// [`ResolveError`] where the input or the options do not fit together; never for what values say.
pub fn resolve(
    records: &mut Records,
    options: &Options,
    model: Option<&Model>,
    decisions: &Decisions,
    progress: &dyn Progress,
) -> Result<Resolution, ResolveError> {
    within(options, || {
        records.check()?;
        let thinned = if model.is_none() { without_copies(records) } else { None };
        let Some(mut thinned) = thinned else { return Ok(run(records, options, model, decisions, progress)?.0) };
        let labels = Labels { decisions: decisions.clone(), ..Labels::default() };
        let model = trained(&mut thinned, options, &labels, progress)?;
        drop(thinned);
        let (mut resolution, seen) = run(records, options, Some(&model), decisions, progress)?;
        // Later runs look at all candidate pairs again, and so the model has to know what those of now showed.
        see_anew(&mut resolution.model, &seen);
        resolution.drift = drift(&resolution.model, &seen);
        Ok(resolution)
    })
}

/// Trains a model on the records and what is known of them, and resolves nothing. Takes the codes as [`resolve`] does.
///
/// # Errors
/// As [`resolve`].
pub fn train(
    records: &mut Records,
    options: &Options,
    labels: &Labels,
    progress: &dyn Progress,
) -> Result<Model, ResolveError> {
    within(options, || {
        records.check()?;
        let Some(mut thinned) = without_copies(records) else { return trained(records, options, labels, progress) };
        let mut model = trained(&mut thinned, options, labels, progress)?;
        drop(thinned);
        // As `resolve` does.
        let prepared = prepare(records, options, Some(&model))?;
        begin(progress, "blocking")?;
        let blocks = Blocks::new(&prepared.features, &prepared.rules, options.max_block);
        see_anew(&mut model, &shown_by_candidates(&prepared.comparing(), &blocks, options.seed));
        Ok(model)
    })
}

fn trained(
    records: &mut Records,
    options: &Options,
    labels: &Labels,
    progress: &dyn Progress,
) -> Result<Model, ResolveError> {
    let prepared = prepare(records, options, None)?;
    begin(progress, "blocking")?;
    let blocks = Blocks::new(&prepared.features, &prepared.rules, options.max_block);
    begin(progress, "training")?;
    Ok(learn(&prepared, &prepared.comparing(), &blocks, options.seed, labels))
}

/// Works on as many threads as the options say.
fn within<T: Send>(
    options: &Options,
    work: impl FnOnce() -> Result<T, ResolveError> + Send,
) -> Result<T, ResolveError> {
    match options.threads {
        None => work(),
        Some(threads) => rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| ResolveError::Threads { threads, reason: error.to_string() })?
            .install(work),
    }
}

/// Clusters are found without the pairs below this weight, or below the wide cut where that is lower: others of their
/// clusters would have to join them.
const EDGE_FLOOR: Weight = -4 * BIT;
/// Pairs from this probability up are reported all, and from [`Options::review_from`] where that is lower.
pub const PROBABLE: f64 = 0.05;
/// How far the conservative cut lies above the balanced one, and the wide one below.
const CUT_DISTANCE: Weight = 4 * BIT;

/// The smallest weight of at least a probability.
fn at_least(probability: f64) -> Weight {
    let nearest = from_probability(probability);
    nearest + Weight::from(to_probability(nearest) < probability)
}

/// What is prepared before anything is compared.
pub(crate) struct Prepared<'r> {
    pub(crate) features: Features<'r>,
    pub(crate) frequencies: Vec<ColumnFrequencies>,
    pub(crate) comparisons: Vec<Comparison>,
    pub(crate) layout: Layout,
    pub(crate) rules: Vec<Rule>,
    pub(crate) placeholders: Vec<Placeholder>,
    pub(crate) nicknames: Vec<Nickname>,
}

impl Prepared<'_> {
    pub(crate) fn comparing(&self) -> Comparing<'_, '_> {
        Comparing { f: &self.features, comparisons: &self.comparisons, layout: &self.layout }
    }
}

/// `records` are checked.
pub(crate) fn prepare<'r>(
    records: &'r mut Records,
    options: &Options,
    model: Option<&Model>,
) -> Result<Prepared<'r>, ResolveError> {
    let placeholders = match model {
        Some(model) => pinned(records, model),
        None => placeholder::find(records),
    };
    let frequencies = match model {
        Some(model) => model.term_frequencies.clone(),
        None => frequencies(records, &placeholders),
    };
    let laid_out = LaidOut::new(records, &placeholders);
    records.forget_codes();
    let records: &'r Records = records;
    let features = Features::new(records, laid_out);
    let nicknames = model.map_or_else(|| nicknames::learn(&features), |model| model.nicknames.clone());
    let comparisons = comparisons(&features, &frequencies, &nicknames, &options.overrides, model)?;
    if comparisons.is_empty() {
        return Err(ResolveError::NothingToCompare);
    }
    let layout = Layout::of(&comparisons).ok_or(ResolveError::TooManyComparisons { comparisons: comparisons.len() })?;
    if let Some(difference) = model.and_then(|model| model.mismatch(records.entity, &comparisons)) {
        return Err(ResolveError::ModelMismatch { difference });
    }
    let rules = rules(&features, &options.overrides, model)?;
    Ok(Prepared { features, frequencies, comparisons, layout, rules, placeholders, nicknames })
}

fn frequencies(records: &Records, placeholders: &[Placeholder]) -> Vec<ColumnFrequencies> {
    let columns = records.columns.iter().enumerate().filter(|(_, column)| weighed(&column.kind));
    columns
        .map(|(index, column)| {
            let codes: Vec<u32> = placeholders.iter().filter(|p| p.column == index).map(|p| p.code).collect();
            term_frequency::count(column, &codes)
        })
        .collect()
}

/// Columns whose common values say less than their rare ones.
fn weighed(kind: &ColumnKind) -> bool {
    matches!(
        kind,
        ColumnKind::GivenName
            | ColumnKind::FamilyName
            | ColumnKind::BirthDate
            | ColumnKind::AddressPostcode
            | ColumnKind::AddressLocality
            | ColumnKind::Category
            | ColumnKind::Text
            | ColumnKind::Date
    )
}

fn pinned(records: &Records, model: &Model) -> Vec<Placeholder> {
    let mut found = Vec::new();
    for (index, column) in records.columns.iter().enumerate() {
        let known: HashSet<&str> =
            model.placeholders.iter().filter(|p| p.column == column.name).map(|p| p.value.as_str()).collect();
        if known.is_empty() {
            continue;
        }
        for (code, value) in column.pool.iter() {
            if known.contains(format!("{:016x}", text_hash(value)).as_str()) {
                found.push(Placeholder { column: index, code, records: column.pool.frequency(code), names: 0 });
            }
        }
    }
    found
}

/// The resolution, and what its candidate pairs show as [`shares`] has it.
fn run(
    records: &mut Records,
    options: &Options,
    model: Option<&Model>,
    decisions: &Decisions,
    progress: &dyn Progress,
) -> Result<(Resolution, Vec<Vec<f64>>), ResolveError> {
    let mut prepared = prepare(records, options, model)?;
    let constraints = Constraints::new(&prepared.features, decisions)?;
    begin(progress, "blocking")?;
    let mut blocks = Blocks::new(&prepared.features, &prepared.rules, options.max_block);
    let comparing = prepared.comparing();
    let model = match model {
        Some(model) => model.clone(),
        None => {
            begin(progress, "training")?;
            let labels = Labels { decisions: decisions.clone(), ..Labels::default() };
            learn(&prepared, &comparing, &blocks, options.seed, &labels)
        }
    };
    begin(progress, "comparing")?;
    let weights = model.weights(&prepared.layout);
    let threshold = cut_for(options.threshold, prepared.features.records);
    let thresholds = [threshold + CUT_DISTANCE, threshold, threshold - CUT_DISTANCE];
    let floor = EDGE_FLOOR.min(thresholds[2]);
    let keep = Keep::new(at_least(options.review_from.min(PROBABLE)), floor, options.sample);
    let mut scored = comparing.candidates(&blocks, &weights, keep, progress)?;
    let below: Vec<Edge> = scored.edges.extract_if(.., |edge| edge.weight < floor).collect();
    let mut patterns = std::mem::take(&mut scored.patterns);
    let seen = shares(&prepared.layout, &prepared.comparisons, patterns.iter().map(|&(p, n)| (p, n as f64)));
    let drift = drift(&model, &seen);
    let decided = decided(&comparing, &weights, &constraints, &blocks, &mut patterns);
    let passed_over = passed_over(&comparing, &weights, &blocks, floor);
    let mut stats = std::mem::take(&mut blocks.stats);
    let largest_blocks = std::mem::take(&mut blocks.largest);
    drop(blocks);
    begin(progress, "clustering")?;
    let partitions = cluster(&comparing, &weights, &constraints, &scored.edges, &thresholds);
    begin(progress, "reporting")?;
    prepared.features.forget_values();

    let balanced = &partitions.clusters[1];
    count(&mut stats, &scored, &passed_over, balanced);
    let by_id = prepared.features.by_id();
    let (cluster_of, smallest) = numbered(&prepared.features, &by_id, balanced);
    let confidence = smallest
        .iter()
        .map(|&position| match partitions.weakest[1][position as usize] {
            Weight::MAX => 1.0,
            weakest => to_probability(weakest),
        })
        .collect();
    let candidates = scored.rule_pairs.iter().sum();
    let told = [scored.edges, below, decided];
    let pairs = report(&prepared.features, &constraints, told, balanced, &by_id, (options, keep));
    let mut found = prepared.placeholders.clone();
    found.sort_unstable_by_key(|p| (p.column, p.code));
    let resolution = Resolution {
        cluster_of,
        cluster_conservative: numbered(&prepared.features, &by_id, &partitions.clusters[0]).0,
        cluster_wide: numbered(&prepared.features, &by_id, &partitions.clusters[2]).0,
        confidence,
        pairs,
        patterns: patterns.iter().map(|&(pattern, n)| evidence_of(&prepared, &weights, pattern, n)).collect(),
        comparisons: prepared.comparisons.iter().map(|c| c.name.clone()).collect(),
        rules: stats,
        largest_blocks,
        placeholders: found,
        candidates,
        drift,
        model,
    };
    Ok((resolution, seen))
}

/// Counts the pairs of each rule and its losses: pairs that its capped blocks hold and no rule compared are lost where they
/// are matches, as the model expects, and nothing else put them into one cluster.
fn count(stats: &mut [RuleStats], scored: &Scored, passed_over: &[Vec<PassedOver>], clusters: &[u32]) {
    let expected: f64 = scored.edges.iter().map(|edge| to_probability(edge.weight)).sum();
    for ((stat, pairs), passed_over) in stats.iter_mut().zip(&scored.rule_pairs).zip(passed_over) {
        stat.pairs = *pairs;
        let apart = passed_over.iter().filter(|pair| clusters[pair.a as usize] != clusters[pair.b as usize]);
        let lost: f64 = apart.map(|pair| pair.matches).sum();
        stat.recall_loss = if lost > 0.0 { lost / (expected + lost) } else { 0.0 };
    }
}

/// The pairs that stewards decided, compared. A decision may concern a pair that blocking never met, so its pattern may
/// be new and is then added.
fn decided(
    comparing: &Comparing<'_, '_>,
    weights: &crate::model::Weights,
    constraints: &Constraints,
    blocks: &Blocks,
    patterns: &mut Vec<(Pattern, u64)>,
) -> Vec<Edge> {
    let known = patterns.len();
    let mut memo = comparing.memo();
    let same = constraints.same.iter().map(|&pair| (pair, PairDecision::ForcedMatch));
    let not_same = constraints.not_same.iter().map(|&pair| (pair, PairDecision::ForcedNoMatch));
    same.chain(not_same)
        .map(|((a, b), decision)| {
            let (a, b) = (a.min(b), a.max(b));
            let found = comparing.pattern(a, b, &mut memo);
            let rules = blocks.shared_rules(a, b);
            let pattern =
                patterns[..known].binary_search_by_key(&found.pattern, |entry| entry.0).unwrap_or_else(|_| {
                    patterns.push((found.pattern, 0));
                    patterns.len() - 1
                });
            let weight = weights.of(comparing.layout, found);
            Edge { a, b, pattern: pattern as u32, rules, tf_unrelated: found.tf_unrelated, weight, decision }
        })
        .collect()
}

/// One of a sample of the pairs that no rule compared.
struct PassedOver {
    a: u32,
    b: u32,
    /// How many matches are expected among the pairs it stands for.
    matches: f64,
}

/// Per rule those of a sample of the pairs that its capped blocks hold and no rule compared that would be edges: comparing
/// the others would have joined nobody.
fn passed_over(
    comparing: &Comparing<'_, '_>,
    weights: &crate::model::Weights,
    blocks: &Blocks,
    floor: Weight,
) -> Vec<Vec<PassedOver>> {
    let mut memo = comparing.memo();
    let mut of_rule = |capped: &crate::blocking::Capped| {
        let each = capped.pairs as f64 / capped.sample.len().max(1) as f64;
        let compared = |a, b| comparing.f.kept_apart_by_source(a, b) || blocks.shared_rules(a, b) != 0;
        let sample = capped.sample.iter().copied().filter(|&(a, b)| !compared(a, b));
        sample
            .map(|(a, b)| (a, b, comparing.weight(a, b, weights, &mut memo)))
            .filter(|(.., weight)| *weight >= floor)
            .map(|(a, b, weight)| PassedOver { a, b, matches: to_probability(weight) * each })
            .collect()
    };
    blocks.capped.iter().map(&mut of_rule).collect()
}

/// The weight from which clusters are joined, for an expected precision.
fn cut_for(precision: f64, records: &Records) -> Weight {
    // A cluster's pairs are mostly far above its weakest bridge; measured over several labelled sets a bridge at even
    // odds keeps the precision of all pairs near .95, and each halving of the error asks for one more bit.
    let base = from_probability(precision.clamp(0.5, 1.0 - 1e-9)) - from_probability(0.95);
    // Columns of unknown meaning are less independent than a person's, so their bits are worth less. Where no source has
    // two records of one entity, a better partner keeps the lesser ones away.
    let each_once = !records.duplicates_none.is_empty() && !records.duplicates_none.contains(&false);
    if records.entity == EntityType::Generic && !each_once { base + 4 * BIT } else { base }
}

fn evidence_of(
    prepared: &Prepared<'_>,
    weights: &crate::model::Weights,
    pattern: Pattern,
    pairs: u64,
) -> PatternEvidence {
    let levels = prepared.layout.levels(pattern);
    let of = |c: usize| weights.unrelated[c][usize::from(levels[c])];
    let mut evidence: Vec<Weight> = (0..levels.len()).map(of).collect();
    if let Some((weaker, less)) = weights.repeated(of) {
        evidence[weaker] -= less;
    }
    PatternEvidence {
        weights: evidence,
        levels,
        pairs,
        probability: to_probability(weights.of(&prepared.layout, Found { pattern, ..Found::default() })),
    }
}

/// Clusters numbered by the smallest id in them, in the order of the input rows, and the record of that id in each.
fn numbered(f: &Features<'_>, by_id: &[u32], clusters: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut number = vec![u32::MAX; clusters.len()];
    let mut smallest = Vec::new();
    let mut of_row = vec![0; clusters.len()];
    for &position in by_id {
        let root = clusters[position as usize];
        // A root is its cluster's smallest, so roots are met in order.
        if number[root as usize] == u32::MAX {
            number[root as usize] = smallest.len() as u32;
            smallest.push(root);
        }
        of_row[f.order[position as usize] as usize] = number[root as usize];
    }
    (of_row, smallest)
}

/// The pairs worth telling of, in the order of their ids.
fn report(
    f: &Features<'_>,
    constraints: &Constraints,
    [mut edges, below, decided]: [Vec<Edge>; 3],
    clusters: &[u32],
    by_id: &[u32],
    (options, keep): (&Options, Keep),
) -> Vec<ScoredPair> {
    // The places of a pair's records in the order of their ids.
    let places = |edge: &Edge| {
        let (a, b) = (f.rank(edge.a), f.rank(edge.b));
        (a.min(b), a.max(b))
    };
    let threshold = from_probability(options.threshold.clamp(0.5, 1.0 - 1e-9));
    let review = from_probability(options.review_from);
    let cut: HashMap<(u32, u32), CutReason, foldhash::fast::FixedState> =
        constraints.cuts(clusters, &edges, threshold).into_iter().collect();
    let forced: HashSet<(u32, u32), foldhash::fast::FixedState> = constraints.same.iter().copied().collect();
    let decision = |edge: &Edge| match () {
        () if clusters[edge.a as usize] == clusters[edge.b as usize] => PairDecision::Match,
        () if edge.weight >= threshold => {
            PairDecision::CutByGuard(cut.get(&(edge.a, edge.b)).copied().unwrap_or(CutReason::Bridge))
        }
        () if edge.weight >= review => PairDecision::Review,
        () => PairDecision::NoMatch,
    };
    edges.extend(below);
    edges.par_iter_mut().for_each(|edge| edge.decision = decision(edge));
    edges.retain(|edge| {
        let pair = (edge.a, edge.b);
        !forced.contains(&pair) && !constraints.not_same.contains(&pair) && keep.reports(f, pair, edge.weight)
    });
    edges.extend(decided);
    edges.par_iter_mut().for_each(|edge| (edge.a, edge.b) = places(edge));
    edges.par_sort_unstable_by_key(|edge| (edge.a, edge.b));
    let row = |place: u32| f.order[by_id[place as usize] as usize];
    edges.par_iter_mut().for_each(|edge| (edge.a, edge.b) = (row(edge.a), row(edge.b)));
    let is_forced = |decision| matches!(decision, PairDecision::ForcedMatch | PairDecision::ForcedNoMatch);
    let told = |edge: Edge| ScoredPair {
        left: edge.a,
        right: edge.b,
        pattern: edge.pattern,
        tf_adjust: edge.tf_unrelated,
        weight: edge.weight,
        decision: edge.decision,
        rules: edge.rules,
        sampled: edge.weight < keep.reported && !is_forced(edge.decision),
    };
    // There are many, so pairs take the place of edges.
    const { assert!(size_of::<Edge>() == size_of::<ScoredPair>()) };
    edges.into_iter().map(told).collect()
}
