//! Reading of a source only what changed.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use super::values::{Named, OneOrMany};

/// Reads only what changed since the last published version, and merges it by key with what was read before. It holds
/// for every table of the source that has the cursor column; others are read whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    /// A column that grows with every change of a row: whole numbers, dates, times, or text that sorts like them (ISO
    /// 8601, all in one form and zone). Rows without a value are read each time.
    #[schemars(extend("format" = "not_empty"))]
    pub cursor: String,
    /// The column that tells rows apart, or a list of columns that do together: the newest row of a key replaces the
    /// others. A row without a key is rejected.
    pub key: OneOrMany,
    /// How far behind the last cursor to begin, for changes that become visible late: `30s`, `15m`, `1h`, `2d`, or a
    /// number where the cursor is one. Default: `0`.
    #[serde(default)]
    pub lag: Lag,
    /// A column that says that a row is gone: true, a number other than 0, or the time it was deleted.
    #[schemars(extend("format" = "not_empty"))]
    pub deleted: Option<String>,
    /// How rows are found that vanished from the table without a word: `none` (the default), `keys` (also read the key
    /// of every row) or `full` (read everything and compare).
    #[serde(default)]
    pub deletes: Deletes,
    /// Tables for which `key` and `deleted` above do not hold, by name.
    #[serde(default)]
    pub tables: Named<IncrementalTable>,
}

/// What holds for one table of an incremental source in place of what is said for the others.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncrementalTable {
    /// Its column that grows with every change. Default: the cursor of the source.
    #[schemars(extend("format" = "not_empty"))]
    pub cursor: Option<String>,
    /// The column that tells its rows apart, or a list of columns that do together.
    pub key: OneOrMany,
    /// Its column that says that a row is gone. Default: it has none.
    #[schemars(extend("format" = "not_empty"))]
    pub deleted: Option<String>,
}

/// How rows that vanished are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deletes {
    /// They are not: what was read once stays until a tombstone or a refresh ends it.
    #[default]
    None,
    /// By reading the key columns of all rows: a row whose key is not there is gone.
    Keys,
    /// By reading everything each run: what is not there is gone. Works with every connector.
    Full,
}

/// A distance on a cursor: a length of time for dates and times, a number for numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lag {
    /// Begin at the last cursor.
    #[default]
    None,
    /// Of time.
    Seconds(u64),
    /// Of a whole number.
    Count(u64),
}

impl Lag {
    /// Reads `15m`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = || {
            format!("expected a length of time such as `30s`, `15m`, `1h` or `2d`, or a whole number, found `{text}`")
        };
        let unit = text.chars().last().ok_or_else(fault)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(fault()),
        };
        let number = text.strip_suffix(unit).unwrap_or_default();
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fault());
        }
        let total = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).ok_or_else(fault)?;
        Ok(if total == 0 { Self::None } else { Self::Seconds(total) })
    }
}

impl<'de> Deserialize<'de> for Lag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(0) => Ok(Self::None),
            Form::Number(number) => Ok(Self::Count(number)),
            Form::Text(text) => Self::parse(&text).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for Lag {
    fn schema_name() -> Cow<'static, str> {
        "Lag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A distance on a cursor: `30s`, `15m`, `1h`, `2d`, `1w` for dates and times, a number for numbers.",
            "anyOf": [
                { "type": "string", "format": "lag", "pattern": "^[0-9]+[smhdw]$" },
                { "type": "integer", "minimum": 0 },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags() {
        let lag = |json: &str| serde_json::from_str::<Lag>(json);
        assert_eq!(lag("\"15m\"").unwrap(), Lag::Seconds(900));
        assert_eq!(lag("\"0h\"").unwrap(), Lag::None);
        assert_eq!(lag("1000").unwrap(), Lag::Count(1_000));
        assert_eq!(lag("0").unwrap(), Lag::None);
        for wrong in ["", "h", "15", "15 m", "-1h", "1.5h", "15M", "99999999999999999999d", "18446744073709551615w"] {
            assert!(Lag::parse(wrong).is_err(), "{wrong}");
        }
    }
}
