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
    /// Whether reports hide its values.
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
    /// Same or not.
    Exact,
    /// By spelling: small differences count little.
    Text,
    /// By words: order and extra words count little.
    Words,
    /// By relative difference.
    Number,
    /// By days, and by swapped or mistyped digits.
    Date,
    /// Not at all.
    None,
}

/// How records of one customer find each other.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The precision expected of a merge: `0.97` or `97%`. Higher means fewer, surer merges.
    pub threshold: Option<Percent>,
    /// Pairs from here up to the threshold are published for review.
    pub review: Option<Percent>,
    /// A CSV file of what a steward said (same / not same); obeyed always. Relative to the pipeline file.
    #[schemars(extend("format" = "not_empty"))]
    pub decisions: Option<String>,
    /// The file of the trained model. Without it the first published run pins one.
    #[schemars(extend("format" = "not_empty"))]
    pub model: Option<String>,
    /// Which records are compared at all, in place of the defaults of the entity type: those that agree on every key
    /// of at least one rule.
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

/// An attribute, or a part of its value, that has to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockingKey {
    /// The normalised value.
    Exact(String),
    /// Its first characters.
    Prefix(String, usize),
    /// What it sounds like.
    Phonetic(String),
    /// The year of a date.
    Year(String),
}

impl BlockingKey {
    /// The attribute as written.
    pub fn attribute(&self) -> &str {
        match self {
            Self::Exact(name) | Self::Prefix(name, _) | Self::Phonetic(name) | Self::Year(name) => name,
        }
    }

    /// Reads `family_name`, `prefix(family_name, 4)`, `phonetic(family_name)`, `year(birth_date)`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let word = |text: &str| {
            let text = text.trim();
            let named = !text.is_empty() && text.chars().all(|next| next.is_ascii_alphanumeric() || next == '_');
            named.then(|| text.to_owned())
        };
        let fault = || {
            format!(
                "expected an attribute, `prefix(attribute, 4)`, `phonetic(attribute)` or `year(attribute)`, found `{text}`"
            )
        };
        let Some((function, rest)) = text.split_once('(') else {
            return word(text).map(Self::Exact).ok_or_else(fault);
        };
        let arguments = rest.trim_end().strip_suffix(')').ok_or_else(fault)?;
        match (function.trim(), arguments.split_once(',')) {
            ("phonetic", None) => word(arguments).map(Self::Phonetic).ok_or_else(fault),
            ("year", None) => word(arguments).map(Self::Year).ok_or_else(fault),
            ("prefix", Some((name, length))) => {
                let length = length.trim().parse::<usize>().ok().filter(|length| (1..=32).contains(length));
                match (word(name), length) {
                    (Some(name), Some(length)) => Ok(Self::Prefix(name, length)),
                    _ => Err(fault()),
                }
            }
            _ => Err(fault()),
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
    /// Every value, best first; for list attributes.
    All,
}

/// How golden ids are made.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    /// The secret that keys golden ids, so that nobody can guess them from a source key. Without it they derive from the
    /// pipeline's name, which suits trials only.
    pub key: Option<SecretRef>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocking_keys() {
        assert_eq!(BlockingKey::parse("email"), Ok(BlockingKey::Exact("email".into())));
        assert_eq!(BlockingKey::parse("prefix(family_name, 4)"), Ok(BlockingKey::Prefix("family_name".into(), 4)));
        assert_eq!(BlockingKey::parse("phonetic( family_name )"), Ok(BlockingKey::Phonetic("family_name".into())));
        assert_eq!(BlockingKey::parse("year(birth_date)"), Ok(BlockingKey::Year("birth_date".into())));
        for wrong in ["", "()", "prefix(a)", "prefix(a, 0)", "prefix(a, 99)", "year(a, 1)", "sound(a)", "year(a", "a b"]
        {
            assert!(BlockingKey::parse(wrong).is_err(), "{wrong}");
        }
    }
}
