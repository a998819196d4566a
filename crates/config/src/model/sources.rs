//! Where records come from and what their columns mean.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::incremental::Incremental;
use super::values::{Age, DateFormat, Named, OneOrMany, Percent, Ratio, Region, Relation};

/// One system to read. The keys here are the same for every connector; all other keys of a source are the
/// connector's options.
#[derive(Clone)]
pub struct Source {
    /// The kind of system: one of the connectors of `goldsmith connectors`.
    pub connector: String,
    /// What holds for this source.
    pub defaults: Defaults,
    /// What the source promises, and what happens where it breaks the promise.
    pub contract: Contract,
    /// What happens to the run where the whole source cannot be read.
    pub on_failure: OnFailure,
    /// Whether one customer may have several records in this source.
    pub duplicates: Duplicates,
    /// Columns of record tables to publish beside those the fields use: `source_records` has them as JSON in `kept`.
    pub keep: Keep,
    /// Reading only what changed; everything is read each run where it is not given.
    pub incremental: Option<Incremental>,
    /// What kinds of record the source holds. At least one.
    pub records: Vec<Record>,
    /// The connector's own options, as the file has them, variables filled in.
    pub options: Map<String, Value>,
}

/// What a source says whatever its connector is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommonKeys {
    /// The kind of system: one of the connectors of `goldsmith connectors`.
    connector: String,
    /// What holds for this source where the pipeline's `defaults` do not fit.
    #[serde(default)]
    defaults: Defaults,
    /// What the source promises, and what happens where it breaks the promise.
    #[serde(default)]
    contract: Contract,
    /// What happens to the run where the whole source cannot be read: `fail` (the default), `last_good` (use what
    /// was read last time) or `skip`.
    #[serde(default)]
    on_failure: OnFailure,
    /// `none` states a fact: no customer has two records in this source. Then its records are never joined with
    /// each other directly.
    #[serde(default)]
    duplicates: Duplicates,
    /// Columns to land beside those the fields use: a list, or `all` for full profiling.
    #[serde(default)]
    keep: Keep,
    /// Read only what changed since the last published version, instead of everything.
    incremental: Option<Incremental>,
    /// What kinds of record the source holds, and what their columns mean.
    #[schemars(length(min = 1))]
    records: Vec<Record>,
}

/// The keys every source has; a connector cannot have an option of such a name.
pub const RESERVED_SOURCE_KEYS: [&str; 8] =
    ["connector", "defaults", "contract", "on_failure", "duplicates", "keep", "incremental", "records"];

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut options = Map::deserialize(deserializer)?;
        let mut common = Map::new();
        for key in RESERVED_SOURCE_KEYS {
            if let Some(value) = options.shift_remove(key) {
                common.insert(key.to_owned(), value);
            }
        }
        let CommonKeys { connector, defaults, contract, on_failure, duplicates, keep, incremental, records } =
            serde_json::from_value(Value::Object(common)).map_err(D::Error::custom)?;
        Ok(Self { connector, defaults, contract, on_failure, duplicates, keep, incremental, records, options })
    }
}

impl JsonSchema for Source {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        CommonKeys::json_schema(generator)
    }
}

/// Options can hold what came from the environment: only their names show.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("connector", &self.connector)
            .field("defaults", &self.defaults)
            .field("contract", &self.contract)
            .field("on_failure", &self.on_failure)
            .field("duplicates", &self.duplicates)
            .field("keep", &self.keep)
            .field("incremental", &self.incremental)
            .field("records", &self.records)
            .field("options", &self.options.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// What holds for values that do not say it themselves.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Defaults {
    /// The country of phone numbers without country code and of addresses without country.
    pub region: Option<Region>,
    /// How dates are written, in strftime (`%d/%m/%Y`): one format, or a list tried in order. ISO 8601 is always read.
    pub date_format: Option<DateFormats>,
}

/// One date format, or a list tried in order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DateFormats {
    /// One format.
    One(DateFormat),
    /// Several, tried in order.
    Many(#[schemars(length(min = 1))] Vec<DateFormat>),
}

impl DateFormats {
    /// All of them, in the order to try.
    pub fn as_slice(&self) -> &[DateFormat] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What a source promises. A promise broken is dealt with before any record is used.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Contract {
    /// A column that was not there in the last published run. Default: `evolve`.
    pub new_column: ColumnPolicy,
    /// A column that was there in the last published run and is gone. Default: `fail`.
    pub missing_column: ColumnPolicy,
    /// A column whose type changed. Default: `fail`.
    pub retyped_column: ColumnPolicy,
    /// The largest share of rows that may go to quarantine before the source fails. Without it there is no limit.
    pub max_quarantined: Option<Percent>,
    /// How many rows there may be, beside the last published run.
    pub volume: Option<Volume>,
}

impl Default for Contract {
    fn default() -> Self {
        Self {
            new_column: ColumnPolicy::Evolve,
            missing_column: ColumnPolicy::Fail,
            retyped_column: ColumnPolicy::Fail,
            max_quarantined: None,
            volume: None,
        }
    }
}

/// What happens where a column is new, missing or retyped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnPolicy {
    /// Take it as it is now and say nothing.
    Evolve,
    /// Take it as it is now and say so in the report.
    Warn,
    /// Put the rows concerned into quarantine.
    Quarantine,
    /// Fail the source.
    Fail,
}

/// Limits of a source's row count, beside its count in the last published run.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// The least: `50%` stops a source that delivers half of last time or less. Default: `50%`.
    pub min: Option<Ratio>,
    /// The most: `200%`, which is the default.
    pub max: Option<Ratio>,
}

/// What happens to the run where a whole source cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "OnFailureForm")]
pub struct OnFailure {
    /// What to do.
    pub policy: FailurePolicy,
    /// With `last_good`: how old the last good data may be. Without it, any age.
    pub max_age: Option<Age>,
}

impl Default for OnFailure {
    fn default() -> Self {
        Self { policy: FailurePolicy::Fail, max_age: None }
    }
}

/// A policy, or a policy with its limit.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum OnFailureForm {
    Name(FailurePolicy),
    Full(OnFailureFull),
}

/// A policy with its limit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OnFailureFull {
    /// What to do.
    policy: FailurePolicy,
    /// With `last_good`: how old the last good data may be (`7d`). Without it, any age.
    max_age: Option<Age>,
}

impl From<OnFailureForm> for OnFailure {
    fn from(form: OnFailureForm) -> Self {
        match form {
            OnFailureForm::Name(policy) => Self { policy, max_age: None },
            OnFailureForm::Full(OnFailureFull { policy, max_age }) => Self { policy, max_age },
        }
    }
}

/// What to do without a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailurePolicy {
    /// The run fails; the published version stays.
    Fail,
    /// Use what the source delivered last time.
    LastGood,
    /// Go on without it.
    Skip,
}

/// Whether one customer may have several records in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// One may have several records in the source.
    #[default]
    Allowed,
    /// Each has one record in the source at most: a fact about it.
    None,
}

/// Columns of record tables to publish beside those the fields use, as JSON in the column `kept` of `source_records`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Keep {
    /// Every column.
    All(All),
    /// These columns.
    Columns(Vec<String>),
}

impl Default for Keep {
    fn default() -> Self {
        Self::Columns(Vec::new())
    }
}

/// The word `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum All {
    /// Every column.
    All,
}

/// What a record is about. Blocking, comparisons and survivorship have defaults for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// A human being.
    Person,
    /// A company, an authority, a club.
    Organisation,
    /// Anything else: products, restaurants, citations.
    Generic,
}

impl Entity {
    /// The name in a pipeline file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::Generic => "generic",
        }
    }
}

/// One kind of record of a source, and what its columns mean. A record is a row of its main table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What the record is about.
    pub entity: Entity,
    /// A name for it in reports, where one source has several kinds of record.
    #[schemars(extend("format" = "name", "pattern" = "^[a-z][a-z0-9_]{0,62}$"))]
    pub name: Option<String>,
    /// The table, a SELECT over the source's tables, or the path of a `.sql` file. Left out, it is the source's first table.
    pub from: Option<Relation>,
    /// SQL over the source's columns: rows for which it is not true are counted as filtered.
    #[serde(rename = "where")]
    #[schemars(extend("format" = "not_empty"))]
    pub filter: Option<String>,
    /// The column that identifies a record in this source, or a list of columns that do together.
    pub key: OneOrMany,
    /// SQL for the time of the record's last change; decides what is most recent.
    #[schemars(extend("format" = "not_empty"))]
    pub updated_at: Option<String>,
    /// What the columns mean: for each attribute, SQL over the source's columns. Values stay raw here; the
    /// attribute's kind normalises them.
    #[schemars(extend("minProperties" = 1))]
    pub fields: Named<FieldExpr>,
    /// Rows of another table of the same source, attached as lists: for each list attribute, where they come from.
    #[serde(default)]
    pub children: Named<Children>,
}

/// Where the value of an attribute comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FieldExpr {
    /// SQL over the source's columns: a column name, or any expression.
    Sql(#[schemars(extend("format" = "not_empty"))] String),
    /// The items of a list attribute.
    List(#[schemars(length(min = 1))] Vec<FieldItem>),
    /// SQL for each part of a composite attribute.
    Parts(#[schemars(extend("minProperties" = 1))] Named<String>),
}

/// One item of a list attribute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum FieldItem {
    /// SQL for the item's main part.
    Sql(#[schemars(extend("format" = "not_empty"))] String),
    /// SQL for each part of the item.
    Parts(#[schemars(extend("minProperties" = 1))] Named<String>),
}

/// Rows of another table, attached to a record as a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Children {
    /// The table, a SELECT over the source's tables, or the path of a `.sql` file.
    pub from: Relation,
    /// The column that holds the record's key, or, for several, a map from the child's column to the record's.
    pub on: JoinOn,
    /// SQL over the child's columns: rows for which it is not true are left out.
    #[serde(rename = "where")]
    #[schemars(extend("format" = "not_empty"))]
    pub filter: Option<String>,
    /// SQL over the child's columns for each part of the attribute.
    #[schemars(extend("minProperties" = 1))]
    pub fields: Named<String>,
}

/// How child rows find their record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum JoinOn {
    /// The child's column that holds the record's key.
    Key(String),
    /// The child's columns, each with the column of the record it equals.
    Columns(#[schemars(extend("minProperties" = 1))] Named<String>),
}
