//! What is measured, as plain values. The tables and the report are made from these and from nothing else.

use serde::Serialize;

/// Everything measured in one run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measures {
    /// Sorted by entity type, source, attribute and metric.
    pub quality: Vec<QualityMetric>,
    /// Sorted by entity type, source and attribute.
    pub coverage: Vec<CoverageRow>,
    /// Sorted by entity type, size of the set and its names.
    pub overlap: Vec<OverlapRow>,
    /// In the order of the pipeline file.
    pub targets: Vec<TargetRow>,
    /// In the order of the pipeline file.
    pub checks: Vec<CheckOutcome>,
    /// Values found to stand for "unknown"; by entity type those of most records first.
    pub placeholders: Vec<PlaceholderRow>,
}

/// Where along the way a metric was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Values as the source has them.
    Raw,
    /// Values in normal form.
    Normalised,
    /// Golden profiles.
    Golden,
}

impl Stage {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Normalised => "normalised",
            Self::Golden => "golden",
        }
    }
}

/// The side of quality a metric speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    Completeness,
    Validity,
    Uniqueness,
    Consistency,
    Timeliness,
    Identity,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The number of records.
    Rows,
    /// The share of records that have a value.
    Present,
    /// The share of values that are valid.
    Valid,
    /// The share of values that stand for "unknown".
    Placeholder,
    /// The share of values that are neither valid nor stand for "unknown".
    Invalid,
    /// The share of values no other record has.
    Unique,
    /// The number of different values.
    Distinct,
    /// The share of records that are one customer with an earlier record of the same source.
    Duplicates,
    /// The share of customers with values from several sources for which all of them agree.
    Agreement,
    /// Median age of the records, in days.
    FreshnessP50Days,
    /// The age in days that 95 of 100 records do not exceed.
    FreshnessP95Days,
}

impl Metric {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Present => "present",
            Self::Valid => "valid",
            Self::Placeholder => "placeholder",
            Self::Invalid => "invalid",
            Self::Unique => "unique",
            Self::Distinct => "distinct",
            Self::Duplicates => "duplicates",
            Self::Agreement => "agreement",
            Self::FreshnessP50Days => "freshness_p50_days",
            Self::FreshnessP95Days => "freshness_p95_days",
        }
    }

    #[must_use]
    pub fn dimension(self) -> Dimension {
        match self {
            Self::Rows | Self::Present => Dimension::Completeness,
            Self::Valid | Self::Placeholder | Self::Invalid => Dimension::Validity,
            Self::Unique | Self::Distinct => Dimension::Uniqueness,
            Self::Duplicates => Dimension::Identity,
            Self::Agreement => Dimension::Consistency,
            Self::FreshnessP50Days | Self::FreshnessP95Days => Dimension::Timeliness,
        }
    }
}

impl Dimension {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completeness => "completeness",
            Self::Validity => "validity",
            Self::Uniqueness => "uniqueness",
            Self::Consistency => "consistency",
            Self::Timeliness => "timeliness",
            Self::Identity => "identity",
        }
    }
}

/// How a metric stands against the checks of the pipeline. Ordered from harmless to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// No check speaks of it.
    Info,
    Pass,
    /// A check does not hold; the report says so.
    Warn,
    /// A check does not hold, and nothing is published.
    Fail,
}

impl Status {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One number about the quality of a source, or of the golden profiles.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QualityMetric {
    pub entity_type: String,
    pub stage: Stage,
    /// `None` for the golden profiles.
    pub source: Option<String>,
    /// `None` for a metric of whole records.
    pub attribute: Option<String>,
    pub dimension: Dimension,
    pub metric: Metric,
    /// A share (0 to 1), a count or days; `None` where there is nothing to measure.
    pub value: Option<f64>,
    pub numerator: i64,
    pub denominator: i64,
    /// The limit of the strictest check that speaks of it.
    pub threshold: Option<f64>,
    pub status: Status,
}

/// Attribute of the coverage rows that count customers and records whatever their values.
pub const ANY_ATTRIBUTE: &str = "*";

/// What one source contributes to one attribute, in records and in customers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoverageRow {
    pub entity_type: String,
    pub source: String,
    /// [`ANY_ATTRIBUTE`] for the customers of the source as such.
    pub attribute: String,
    /// Records of the source.
    pub records_total: i64,
    pub records_with_value: i64,
    pub records_valid: i64,
    /// Customers of all sources together.
    pub customers_total: i64,
    /// Customers for whom the source gives a value.
    pub customers_covered: i64,
    /// Customers for whom the source gives a valid value.
    pub customers_valid: i64,
    /// Customers for whom no other source gives a valid value.
    pub customers_only_here: i64,
    /// Golden values taken from the source.
    pub wins: i64,
    /// Share of `customers_valid` for whom none of the source's values is the golden one.
    pub conflict_rate: Option<f64>,
    /// Median age in days of the records with a valid value.
    pub freshness_p50_days: Option<f64>,
    pub freshness_p95_days: Option<f64>,
    /// Sources that give a valid value for at least one customer.
    pub redundancy: i64,
    /// The pipeline has a coverage target for it.
    pub required: bool,
}

/// How many customers a set of sources has in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OverlapRow {
    pub entity_type: String,
    /// Sorted by name.
    pub sources: Vec<String>,
    /// Customers known to these sources and no other.
    pub customers_exactly: i64,
    /// Customers known to all of these sources.
    pub customers_at_least: i64,
    /// Attributes of single customers for which each of these sources gives a valid value.
    pub values_compared: i64,
    /// Share of those on which all of them agree; `None` for a single source and where nothing can be compared.
    pub agreement_rate: Option<f64>,
}

/// A coverage target and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetRow {
    pub attribute: String,
    /// Share of the customers that should have a valid value, 0 to 1.
    pub target: f64,
    /// Customers of the entity types that have the attribute; all where none has.
    pub customers: i64,
    pub customers_with_value: i64,
    /// Share of the customers that have one; 0 where there are no customers.
    pub measured: f64,
    /// Customers that still lack a value for the target to be met.
    pub gap_customers: u64,
    pub met: bool,
}

/// A check of the pipeline and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckOutcome {
    /// As written: `email_valid >= 95%`.
    pub text: String,
    /// `None` for the golden profiles.
    pub source: Option<String>,
    /// `None` for all of them.
    pub entity_type: Option<String>,
    /// A share, or a count of records; `None` where there was nothing to measure.
    pub observed: Option<f64>,
    /// `observed` is a share of something.
    pub is_share: bool,
    pub numerator: i64,
    pub denominator: i64,
    pub holds: bool,
    /// Nothing is published where it does not hold.
    pub fail: bool,
    /// Why it matters.
    pub description: Option<String>,
}

/// A value that stands for "unknown", found by how many names share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceholderRow {
    pub entity_type: String,
    /// The attribute, with the type of an identifier after a colon.
    pub attribute: String,
    /// Masked: never the value itself.
    pub masked: String,
    pub records: u64,
    /// Different names of those records.
    pub names: u64,
}
