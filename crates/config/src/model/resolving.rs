//! How records become one customer: own attributes, matching, survivorship, ids.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sources::Entity;
use super::values::{OneOrMany, Percent, SecretRef};

/// An attribute of one's own.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeDeclaration {
    /// The type of its golden column.
    #[serde(rename = "type")]
    pub type_: AttributeType,
    /// What it means, for the data dictionary.
    pub description: Option<String>,
    /// Which value wins where records differ. Default: `most_recent`.
    pub survive: Option<Survivorship>,
    /// How it counts when two records are compared. Default: `none`, except in `generic` records, where its type decides.
    pub compare: Option<Compare>,
    /// Whether `goldsmith explain` and the report hide its values, their shape too. The published tables hold them.
    #[serde(default)]
    pub sensitive: bool,
}

/// The type of a golden column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// Text.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// An exact number with four decimals.
    Decimal,
    /// A floating-point number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A day.
    Date,
    /// A point in time.
    Timestamp,
}

/// How two values of an attribute are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// As one code: the same, nearly the same (a letter or two apart, which counts far less), or not.
    Exact,
    /// By words where values have several, else by the value as a whole: order, extra words and small differences
    /// count little.
    Text,
    /// By relative difference.
    Number,
    /// By days, and by swapped or mistyped digits.
    Date,
    /// Not at all.
    None,
}

/// The threshold, where the file does not say.
pub const DEFAULT_THRESHOLD: f64 = 0.95;
/// The least threshold.
pub const LEAST_THRESHOLD: f64 = 0.5;
/// Lower end of the review band, where the file does not say.
pub const DEFAULT_REVIEW: f64 = 0.5;

/// How records of one customer find each other.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The precision expected of the merges: `0.97` or `97%`, at least 0.5; 0.95 where it is left out. Higher means fewer, surer merges.
    pub threshold: Option<Percent>,
    /// Pairs from here up to the threshold are published for review: `50%` or `0.5`, which it is where it is left out.
    pub review: Option<Percent>,
    /// A CSV file of what a steward said (same / not same); obeyed always. Relative to the pipeline file.
    #[schemars(extend("format" = "not_empty"))]
    pub decisions: Option<String>,
    /// The file of the trained model. Without it the first published run pins one.
    #[schemars(extend("format" = "not_empty"))]
    pub model: Option<String>,
    /// Which records are compared at all, in place of the defaults of the entity type: those that agree on every key
    /// of at least one rule. An entity type that no rule is about keeps its defaults.
    #[schemars(length(min = 1))]
    pub blocking: Option<Vec<BlockingRule>>,
    /// How attributes are compared, where the default of the attribute does not fit.
    #[serde(default)]
    pub comparisons: Vec<CompareRule>,
}

/// Records that agree on all its keys are compared.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockingRule {
    /// For which records; all where it is left out.
    pub entity: Option<Entity>,
    /// What has to agree.
    #[schemars(length(min = 1))]
    pub keys: Vec<BlockingKey>,
}

/// What has to agree: an attribute, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockingKey {
    /// An e-mail address.
    Email,
    /// What stands before its `@`.
    EmailLocal,
    /// The first four characters of an e-mail address.
    EmailPrefix,
    /// A phone number.
    Phone,
    /// Given and family name, in either order.
    FullName,
    /// The given name, nicknames as the name behind them.
    GivenName,
    /// Its first letter.
    GivenInitial,
    /// What it sounds like.
    GivenSound,
    /// The family name.
    FamilyName,
    /// What it sounds like.
    FamilySound,
    /// The first letter of the middle name.
    MiddleInitial,
    /// The birth date.
    BirthDate,
    /// Its year.
    BirthYear,
    /// The postcode of an address.
    Postcode,
    /// The town of an address.
    Locality,
    /// The house number of an address.
    House,
    /// House number and street of an address.
    HouseStreet,
}

impl BlockingKey {
    /// Every key.
    pub const ALL: [Self; 17] = [
        Self::Email,
        Self::EmailLocal,
        Self::EmailPrefix,
        Self::Phone,
        Self::FullName,
        Self::GivenName,
        Self::GivenInitial,
        Self::GivenSound,
        Self::FamilyName,
        Self::FamilySound,
        Self::MiddleInitial,
        Self::BirthDate,
        Self::BirthYear,
        Self::Postcode,
        Self::Locality,
        Self::House,
        Self::HouseStreet,
    ];

    /// The key as written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailLocal => "email_local",
            Self::EmailPrefix => "email_prefix",
            Self::Phone => "phone",
            Self::FullName => "full_name",
            Self::GivenName => "given_name",
            Self::GivenInitial => "given_initial",
            Self::GivenSound => "given_sound",
            Self::FamilyName => "family_name",
            Self::FamilySound => "family_sound",
            Self::MiddleInitial => "middle_initial",
            Self::BirthDate => "birth_date",
            Self::BirthYear => "birth_year",
            Self::Postcode => "postcode",
            Self::Locality => "locality",
            Self::House => "house",
            Self::HouseStreet => "house_street",
        }
    }

    /// The attribute it is made of.
    #[must_use]
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Email | Self::EmailLocal | Self::EmailPrefix => "emails",
            Self::Phone => "phones",
            Self::FullName => "full_name",
            Self::GivenName | Self::GivenInitial | Self::GivenSound => "given_name",
            Self::FamilyName | Self::FamilySound => "family_name",
            Self::MiddleInitial => "middle_name",
            Self::BirthDate | Self::BirthYear => "birth_date",
            Self::Postcode | Self::Locality | Self::House | Self::HouseStreet => "addresses",
        }
    }
}

/// How an attribute is compared.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareRule {
    /// For which records; all where it is left out.
    pub entity: Option<Entity>,
    /// The attribute.
    pub attribute: String,
    /// How.
    pub compare: Compare,
}

/// Which value wins: a strategy, or a strategy with its sources in order of trust.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "SurvivorshipForm")]
pub struct Survivorship {
    /// How the winner is chosen.
    pub strategy: Strategy,
    /// Sources in order of trust. With `most_trusted` they decide; with another strategy they break its ties.
    pub prefer: Vec<String>,
}

/// A strategy, or a map.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum SurvivorshipForm {
    Name(Strategy),
    Full(SurvivorshipFull),
}

/// A strategy with its sources in order of trust.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
struct SurvivorshipFull {
    /// How the winner is chosen; `most_trusted` where only `prefer` is given.
    strategy: Option<Strategy>,
    /// Sources in order of trust: one, or a list. With `most_trusted` they decide; with another strategy they break its ties.
    prefer: Option<OneOrMany>,
}

impl From<SurvivorshipForm> for Survivorship {
    fn from(form: SurvivorshipForm) -> Self {
        match form {
            SurvivorshipForm::Name(strategy) => Self { strategy, prefer: Vec::new() },
            SurvivorshipForm::Full(SurvivorshipFull { strategy, prefer }) => Self {
                strategy: strategy.unwrap_or(Strategy::MostTrusted),
                prefer: prefer.map(|sources| sources.as_slice().to_vec()).unwrap_or_default(),
            },
        }
    }
}

/// How the winning value is chosen. Ties go to the value most records agree on, then by a fixed order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The value of the record changed last.
    MostRecent,
    /// The value most records agree on.
    MostFrequent,
    /// The value of the source named first in `prefer`.
    MostTrusted,
    /// The longest value.
    Longest,
    /// The value of the record changed first.
    Earliest,
}

/// How golden ids are made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    /// The secret that keys golden ids, so that nobody can guess them from a source key. Without it they derive from the
    /// pipeline's name, which suits trials only.
    pub key: Option<SecretRef>,
}
