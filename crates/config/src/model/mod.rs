//! What a pipeline file says, as types. The doc comments are the reference: the JSON Schema, the editor's help and
//! the documentation are made from them.

pub mod incremental;
pub mod quality;
pub mod resolving;
pub mod sources;
pub mod values;

use schemars::JsonSchema;
use serde::Deserialize;

pub use incremental::{Deletes, Incremental, IncrementalTable, Lag};
pub use quality::{
    Check, Comparison, Compression, Coverage, Metric, Privacy, Publish, QualityCheck, QuarantineRaw, Severity,
};
pub use resolving::{
    AttributeDeclaration, AttributeType, BlockingKey, BlockingRule, Compare, CompareRule, DEFAULT_REVIEW,
    DEFAULT_THRESHOLD, Ids, LEAST_THRESHOLD, Match, Strategy, Survivorship,
};
pub use sources::{
    Children, ColumnPolicy, Contract, Defaults, Duplicates, Entity, FailurePolicy, FieldExpr, FieldItem, JoinOn, Keep,
    OnFailure, Record, Source, Volume,
};
pub use values::{Age, DateFormat, Named, OneOrMany, Percent, Ratio, Region, Relation, SecretRef};

/// A pipeline: which sources there are, what their columns mean, how records become customers, where the result goes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The version of this file format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// The pipeline's name. Golden ids derive from it unless `ids.key` is set, so keep it.
    #[schemars(regex(pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"))]
    pub name: String,
    /// What the pipeline is for, in a sentence, for the report.
    pub description: Option<String>,
    /// Values for `${NAME}` anywhere in this file. A variable given on the command line wins over one given here,
    /// one given here over the process environment. A value here may itself use the process environment.
    #[serde(default)]
    pub vars: Named<Variable>,
    /// What holds for all sources that do not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// The systems to read, by name. Names appear in every published table.
    #[schemars(extend("minProperties" = 1), extend("propertyNames" = name_schema()))]
    pub sources: Named<Source>,
    /// Attributes of one's own, beside those every pipeline has: each becomes a typed golden column.
    #[serde(default)]
    #[schemars(extend("propertyNames" = name_schema()))]
    pub attributes: Named<AttributeDeclaration>,
    /// How records of one customer find each other. Leave it out for the defaults of the entity type.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// Which value wins where the records of one customer differ, by attribute.
    #[serde(default)]
    pub survivorship: Named<Survivorship>,
    /// What has to be true of the data; checked before publishing.
    #[serde(default)]
    pub quality: Vec<QualityCheck>,
    /// How many of the customers should have each attribute.
    #[serde(default)]
    pub coverage: Coverage,
    /// Where the tables go.
    pub publish: Publish,
    /// How golden ids are made.
    #[serde(default)]
    pub ids: Ids,
    /// What of the raw data may be kept.
    #[serde(default)]
    pub privacy: Privacy,
}

/// The value of a variable: text, a number or a boolean.
#[derive(Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Variable {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
}

/// Variables often hold what came from the environment.
impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

fn name_schema() -> serde_json::Value {
    serde_json::json!({ "type": "string", "format": "name", "pattern": "^[a-z][a-z0-9_]{0,62}$" })
}
