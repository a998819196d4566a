//! What the report says, before it becomes HTML or JSON.
//!
//! Nothing in a document is a raw value of a customer: values are masked before they get here. Everything except
//! [`Document::run`] is the same for the same input.

use serde::Serialize;

use crate::publish::manifest::{Gate, StageEntry};
use crate::report::measures::{CheckOutcome, PlaceholderRow, TargetRow};

/// Version of the JSON; minor changes only add fields.
pub const DOCUMENT_VERSION: u32 = 1;

/// The whole report.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    pub document_version: u32,
    pub pipeline: String,
    /// What the pipeline is for.
    pub description: Option<String>,
    pub version: i64,
    /// The only clock of the data, ISO 8601 UTC.
    pub as_of: String,
    pub summary: Summary,
    pub sources: Vec<SourceRow>,
    /// One row a source, then their sum.
    pub fates: Vec<FateRow>,
    pub targets: Vec<TargetRow>,
    pub checks: Vec<CheckOutcome>,
    pub gates: Vec<Gate>,
    pub entities: Vec<EntityDocument>,
    pub quarantine: Quarantine,
    /// Differs from run to run.
    pub run: RunSection,
}

/// The numbers a reader takes away.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub sources: u64,
    /// Rows of the main tables, unreadable ones included.
    pub rows_read: u64,
    /// Rows of other tables that are attached to them.
    pub child_rows: u64,
    pub records: u64,
    pub golden_profiles: u64,
    /// Customers known to at least two sources.
    pub customers_in_several_sources: u64,
    pub quarantined: u64,
    pub checks_failed: u64,
    pub targets_met: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct SourceRow {
    pub name: String,
    pub connector: String,
    pub locator: String,
    /// read or skipped.
    pub state: &'static str,
    pub files: u64,
    pub tables: u64,
    /// Rows of all its tables.
    pub rows: u64,
    pub records: u64,
    /// Customers it knows.
    pub customers: u64,
    /// Share of its records that are one customer with another of its records.
    pub duplicates: Option<f64>,
    pub age_p50_days: Option<f64>,
    pub age_p95_days: Option<f64>,
}

/// What became of the rows of a source. The fates add up to `read` and `further_records`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FateRow {
    pub source: String,
    pub read: u64,
    /// Records made from a row beyond the first, where a source has several record types.
    pub further_records: u64,
    pub linked: u64,
    pub singleton: u64,
    pub duplicate_row: u64,
    pub superseded: u64,
    pub quarantined: u64,
    pub filtered: u64,
    /// Child rows whose parent is not there; they are not among the rows read.
    pub orphans: u64,
    pub balances: bool,
}

/// The part of the report about one entity type.
#[derive(Debug, Clone, Serialize)]
pub struct EntityDocument {
    /// person, organisation or generic.
    pub entity_type: String,
    pub records: u64,
    pub customers: u64,
    /// The columns of the tables by source.
    pub sources: Vec<String>,
    pub coverage: Vec<CoverageLine>,
    pub retire: Vec<RetireRow>,
    pub overlap: Overlap,
    pub quality: Vec<QualityLine>,
    pub matching: Matching,
}

/// One attribute of the coverage matrix.
#[derive(Debug, Clone, Serialize)]
pub struct CoverageLine {
    pub attribute: String,
    pub description: String,
    pub target: Option<f64>,
    /// Golden profiles with a valid value.
    pub golden: u64,
    pub golden_share: Option<f64>,
    /// Sources that supply it.
    pub suppliers: u64,
    /// By source.
    pub cells: Vec<CoverageCell>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CoverageCell {
    /// The source gives at least one value.
    pub supplied: bool,
    /// Customers with a valid value from the source.
    pub customers: u64,
    /// As a share of all customers.
    pub customers_share: Option<f64>,
    /// Records with a valid value.
    pub records: u64,
    /// As a share of the source's records.
    pub records_share: Option<f64>,
}

/// What would be lost with a source.
#[derive(Debug, Clone, Serialize)]
pub struct RetireRow {
    pub source: String,
    pub customers: u64,
    pub customers_share: Option<f64>,
    /// Customers no other source knows.
    pub only_here: u64,
    pub only_here_share: Option<f64>,
    /// Golden values taken from it.
    pub golden_values: u64,
    /// Attributes whose valid values only it has for some customers, most customers first.
    pub losses: Vec<Loss>,
    /// Attributes beyond those listed.
    pub losses_left_out: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct Loss {
    pub attribute: String,
    pub customers: u64,
    /// Share of the customers that have a valid value from any source.
    pub share: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Overlap {
    /// Sets of sources with customers of their own, most customers first.
    pub sets: Vec<SetRow>,
    /// Sets beyond those listed, and the customers in them.
    pub sets_left_out: u64,
    pub customers_left_out: u64,
    /// A row a source.
    pub pairs: Vec<PairLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct SetRow {
    /// By source, whether it is in the set.
    pub members: Vec<bool>,
    pub exactly: u64,
    pub share: Option<f64>,
    pub at_least: u64,
    pub agreement: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PairLine {
    pub source: String,
    pub customers: u64,
    /// By source; `None` for the source itself.
    pub cells: Vec<Option<PairCell>>,
}

#[derive(Debug, Clone, Serialize)]
pub struct PairCell {
    /// Customers of both.
    pub customers: u64,
    /// As a share of the row's source.
    pub share: Option<f64>,
    pub agreement: Option<f64>,
}

/// One attribute of the quality matrix.
#[derive(Debug, Clone, Serialize)]
pub struct QualityLine {
    pub attribute: String,
    /// By source.
    pub cells: Vec<QualityCell>,
    pub golden: QualityCell,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct QualityCell {
    /// The source gives at least one value.
    pub supplied: bool,
    /// Share of records with at least one valid value.
    pub valid_records: Option<f64>,
    /// Share of records with values none of which is valid.
    pub unusable_records: Option<f64>,
    /// Share of values that are valid.
    pub valid_values: Option<f64>,
    pub placeholders: u64,
    /// Values that are neither valid nor placeholders.
    pub invalid: u64,
    /// Share of values no other record has.
    pub unique: Option<f64>,
}

/// How well the match engine did, as far as can be known without labels.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Matching {
    /// Short hash of the model: equal text, equal model.
    pub model_version: String,
    /// Probability that two random records are one customer.
    pub prior: f64,
    pub threshold: f64,
    pub review_from: f64,
    pub candidates: u64,
    pub candidates_per_record: Option<f64>,
    pub decisions: Vec<DecisionRow>,
    /// Joined pairs that are wrong, by the model's own probabilities.
    pub expected_wrong: f64,
    /// Pairs under review or cut that are right, by the model's own probabilities.
    pub expected_missed: f64,
    pub bands: Vec<Band>,
    pub clusters: Vec<SizeBand>,
    pub needs_review: u64,
    pub largest: Vec<LargeCluster>,
    pub blocking: Vec<BlockingRow>,
    /// Sum over the rules: estimated share of true pairs never compared because of a cap.
    pub recall_loss: f64,
    pub placeholders: Vec<PlaceholderRow>,
    pub placeholders_left_out: u64,
    pub cuts: Vec<CutRow>,
    pub comparisons: Vec<ComparisonRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionRow {
    pub decision: &'static str,
    pub meaning: &'static str,
    pub pairs: u64,
}

/// Pairs by probability.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Band {
    /// From this probability.
    pub from: f64,
    /// Below this one; the last band holds its end.
    pub to: f64,
    /// Candidate pairs, by their probability before term frequencies.
    pub candidates: u64,
    pub joined: u64,
    pub review: u64,
    pub cut: u64,
}

/// Clusters by number of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SizeBand {
    pub from: u64,
    /// `None` for "and more".
    pub to: Option<u64>,
    pub clusters: u64,
    pub records: u64,
}

#[derive(Debug, Clone, Serialize)]
pub struct LargeCluster {
    pub golden_id: String,
    pub records: u64,
    pub sources: u64,
    /// Probability of its weakest bridge.
    pub confidence: f64,
    pub needs_review: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct BlockingRow {
    pub rule: String,
    pub records: u64,
    pub blocks: u64,
    pub pairs: u64,
    pub capped: u64,
    pub pairs_skipped: u64,
    pub recall_loss: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CutRow {
    pub reason: &'static str,
    pub meaning: &'static str,
    pub pairs: u64,
}

/// What the levels of one comparison are worth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonRow {
    pub name: String,
    pub levels: Vec<LevelRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LevelRow {
    pub level: String,
    /// Probability among pairs of one customer.
    pub m: f64,
    /// Probability among unrelated pairs.
    pub u: f64,
    /// log2(m / u).
    pub bits: f64,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Quarantine {
    pub total: u64,
    pub groups: Vec<QuarantineGroup>,
}

#[derive(Debug, Clone, Serialize)]
pub struct QuarantineGroup {
    pub source: String,
    pub stage: &'static str,
    pub rule: String,
    pub rows: u64,
    /// The first few, in the order of files and rows.
    pub examples: Vec<QuarantineExample>,
}

#[derive(Debug, Clone, Serialize)]
pub struct QuarantineExample {
    pub file: String,
    pub row: i64,
    pub message: String,
}

/// What differs from run to run.
#[derive(Debug, Clone, Serialize)]
pub struct RunSection {
    pub run_id: String,
    pub tool_version: &'static str,
    pub stages: Vec<StageEntry>,
}
