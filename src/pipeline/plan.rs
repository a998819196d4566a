//! The validated plan: what the pipeline file says with every default filled in and every reference resolved.
//!
//! Nothing after this looks at the pipeline file again. [`Plan::build`] is the one conversion.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use goldsmith_config::attributes::AttributeKind;
use goldsmith_source::Source;

/// Everything a run needs to know.
pub struct Plan {
    /// Name of the pipeline.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The sources, ordered by name, so that nothing depends on their order in the file.
    pub sources: Vec<SourcePlan>,
    /// For each entity type in use its attributes, in the order they are published.
    pub entities: Vec<EntityPlan>,
    pub matching: MatchPlan,
    pub quality: Vec<QualityCheck>,
    /// Share of customers (0 to 1) that should have a value, by attribute.
    pub coverage_targets: Vec<(String, f64)>,
    pub publish: PublishPlan,
    /// The quarantine table keeps the bytes of bad rows.
    pub keep_raw_quarantine: bool,
    /// Key of golden ids and pseudonyms.
    pub ids_key: IdsKey,
    /// BLAKE3 of the pipeline as resolved, references instead of secrets, in hex.
    pub config_hash: String,
}

/// A source, opened but not yet touched.
pub struct SourcePlan {
    pub name: String,
    pub connector: &'static str,
    pub source: Arc<dyn Source>,
    pub contract: ContractPlan,
    pub on_failure: OnFailure,
    /// The source never holds one customer twice: two of its records never match.
    pub duplicates_none: bool,
    /// Unmapped columns to land.
    pub keep: Keep,
    /// Only what changed is read; everything for `None`.
    pub incremental: Option<IncrementalPlan>,
    pub records: Vec<RecordPlan>,
}

/// How the tables of a source are read by increments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncrementalPlan {
    pub settings: goldsmith_increments::Settings,
    /// Tables of which something else is said, by name.
    pub tables: std::collections::BTreeMap<String, goldsmith_increments::Settings>,
    /// Tells the system and its options from others, without holding them.
    pub identity: String,
}

impl IncrementalPlan {
    /// What is said of a table.
    #[must_use]
    pub fn of(&self, table: &str) -> &goldsmith_increments::Settings {
        self.tables.get(table).unwrap_or(&self.settings)
    }
}

/// What happens to a run when a source cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The run stops.
    Fail,
    /// The run uses what the last published version holds of the source, if it is not older than this many seconds.
    LastGood { max_age: Option<u64> },
    /// The run goes on without the source and says so.
    Skip,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    Columns(Vec<String>),
    All,
}

/// The answer to a column that appeared, vanished or changed its type since the last published version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// Take it and say nothing.
    Evolve,
    /// Take it and warn.
    Warn,
    /// Keep the source's rows out of the run, in quarantine.
    Quarantine,
    /// Stop the run.
    Fail,
}

#[derive(Debug, Clone)]
pub struct ContractPlan {
    pub new_column: Drift,
    pub missing_column: Drift,
    pub retyped_column: Drift,
    /// Share of rows (0 to 1) that may be quarantined before the run stops.
    pub max_quarantined: f64,
    /// The run stops where a table has this share of its last published rows or less.
    pub min_volume: f64,
    /// The run stops where a table has more than this share of its last published rows.
    pub max_volume: f64,
}

/// SQL as written, with its path in the pipeline file.
#[derive(Debug, Clone)]
pub struct Sql {
    pub text: String,
    /// `sources.crm.records[0].fields.emails`: where a mistake in it is reported.
    pub path: String,
}

/// Where the rows of a record type come from.
#[derive(Debug, Clone)]
pub enum From {
    /// A table, or the source's only one.
    Table(Option<String>),
    /// A query over the source's tables.
    Query(Sql),
}

/// One record type of a source: how its rows become records of an entity type.
#[derive(Debug, Clone)]
pub struct RecordPlan {
    /// Path in the pipeline file.
    pub path: String,
    pub entity: String,
    /// Prefix of the source keys where a source has several record types of one entity.
    pub name: Option<String>,
    pub from: From,
    pub filter: Option<Sql>,
    pub key: Vec<Sql>,
    pub updated_at: Option<Sql>,
    pub fields: Vec<FieldPlan>,
    pub children: Vec<ChildPlan>,
    /// Country that phones and addresses are read for, ISO 3166 alpha-2.
    pub region: String,
    /// strftime formats of textual dates; ISO 8601 where empty.
    pub date_formats: Vec<String>,
}

/// What a source says of one attribute.
#[derive(Debug, Clone)]
pub struct FieldPlan {
    pub attribute: String,
    /// For a scalar attribute one entry with one part; for a list one entry an element.
    pub entries: Vec<Vec<(String, Sql)>>,
}

/// Rows of another table of the same source, attached as a list.
#[derive(Debug, Clone)]
pub struct ChildPlan {
    /// Path in the pipeline file.
    pub path: String,
    pub attribute: String,
    pub from: From,
    /// Columns of the child rows, each with the expression over the parent's columns that it equals.
    pub on: Vec<(Sql, Sql)>,
    pub filter: Option<Sql>,
    pub parts: Vec<(String, Sql)>,
}

/// An entity type in use and its attributes.
#[derive(Debug, Clone)]
pub struct EntityPlan {
    pub entity: String,
    pub attributes: Vec<AttributePlan>,
}

/// One attribute as the pipeline uses it.
#[derive(Debug, Clone)]
pub struct AttributePlan {
    pub name: String,
    pub kind: AttributeKind,
    pub description: String,
    pub survive: Survive,
    /// Sources from most to least preferred; others follow.
    pub prefer: Vec<String>,
    /// How it counts where it is an attribute of one's own; those of the catalogue have comparisons of their own.
    pub compare: Compare,
    /// Whether it counts at all when records are compared.
    pub compared: bool,
    pub sensitive: bool,
}

/// How an attribute of one's own counts when records are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    None,
    Exact,
    Text,
    Number,
    Date,
}

/// How the golden value is chosen among those of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survive {
    MostRecent,
    MostFrequent,
    MostTrusted,
    Longest,
    Earliest,
}

#[derive(Debug, Clone)]
pub struct MatchPlan {
    pub threshold: f64,
    pub review_from: f64,
    pub decisions: Option<PathBuf>,
    pub model: Option<PathBuf>,
    /// For entity types with blocking rules of one's own the rules, each a list of keys.
    pub blocking: BTreeMap<String, Vec<Vec<String>>>,
}

/// Something that has to be true of the data.
#[derive(Debug, Clone)]
pub struct QualityCheck {
    pub check: goldsmith_config::model::Check,
    /// In which source; in the golden profiles for `None`.
    pub source: Option<String>,
    pub entity: Option<String>,
    /// Nothing is published where it does not hold.
    pub fail: bool,
    /// Why it matters.
    pub description: Option<String>,
}

#[derive(Debug, Clone)]
pub struct PublishPlan {
    pub to: PathBuf,
    /// Versions kept; all of them for `None`.
    pub keep: Option<usize>,
    pub compression: goldsmith_config::model::Compression,
}

/// Key that golden ids are derived with.
#[derive(Clone)]
pub struct IdsKey {
    pub bytes: [u8; 32],
    /// The key comes from a secret, not from the pipeline's name.
    pub secret: bool,
}

impl std::fmt::Debug for IdsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdsKey").field("secret", &self.secret).finish_non_exhaustive()
    }
}
