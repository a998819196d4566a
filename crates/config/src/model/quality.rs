//! What has to be true of the result, and where it goes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sources::Entity;
use super::values::{Named, Percent};

/// Something that has to be true of the data.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualityCheck {
    /// What: `email_valid >= 95%`.
    pub check: Check,
    /// In which source. Without it: in the golden profiles.
    pub source: Option<String>,
    /// Of which records; all where it is left out.
    pub entity: Option<Entity>,
    /// What happens where it is not true. Default: `warn`.
    #[serde(default)]
    pub severity: Severity,
    /// Why it matters, for the report.
    pub description: Option<String>,
}

/// What happens where a check does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The report says so.
    #[default]
    Warn,
    /// Nothing is published.
    Fail,
}

/// `<metric> <comparison> <limit>`.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// As written.
    pub text: String,
    /// What is measured.
    pub metric: Metric,
    /// Of which attribute, as written; none for `rows`.
    pub attribute: Option<String>,
    /// How it compares.
    pub comparison: Comparison,
    /// With what: a fraction for shares, a count for `rows`.
    pub limit: f64,
}

/// What a check measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// The share of records that have a value.
    Present,
    /// The share of values that are valid.
    Valid,
    /// The share of values no other record has.
    Unique,
    /// The number of records.
    Rows,
}

/// How a measured value compares with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `<`
    Below,
    /// `=`
    Equal,
}

impl Comparison {
    /// Whether `measured` fulfils it. Nothing does for a measurement that is not a number.
    pub fn holds(self, measured: f64, limit: f64) -> bool {
        match self {
            Self::AtLeast => measured >= limit,
            Self::AtMost => measured <= limit,
            Self::Above => measured > limit,
            Self::Below => measured < limit,
            Self::Equal => measured == limit,
        }
    }
}

impl Check {
    /// Reads `email_valid >= 95%`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let signs = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            ("==", Comparison::Equal),
            (">", Comparison::Above),
            ("<", Comparison::Below),
            ("=", Comparison::Equal),
        ];
        let found = signs
            .iter()
            .filter_map(|(sign, comparison)| text.split_once(sign).map(|(left, right)| (left, *comparison, right)))
            .min_by_key(|(left, _, _)| left.len());
        let Some((measured, comparison, limit)) = found else {
            return Err(format!("expected a check such as `email_valid >= 95%`, found `{text}`"));
        };
        let (measured, limit_text) = (measured.trim(), limit.trim());
        let (metric, attribute) = parse_metric(measured)?;
        let plain = limit_text.trim_end_matches('%').trim_end();
        let limit = plain
            .parse::<f64>()
            .ok()
            .filter(|_| plain.len() <= 18 && plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
            .ok_or_else(|| format!("expected a limit such as `95%` after the comparison, found `{limit_text}`"))?;
        let percent = limit_text.ends_with('%');
        let limit = if percent { limit / 100.0 } else { limit };
        match metric {
            Metric::Rows if percent => {
                Err("`rows` is a count, not a share: write `rows >= 1000`, or limits beside the last run under the source's `contract: volume:`".to_owned())
            }
            Metric::Present | Metric::Valid | Metric::Unique if limit > 1.0 => {
                Err(format!("`{limit_text}` is more than 100%; write a share such as `95%` or `0.95`"))
            }
            _ => Ok(Self { text: text.trim().to_owned(), metric, attribute, comparison, limit }),
        }
    }
}

fn parse_metric(measured: &str) -> Result<(Metric, Option<String>), String> {
    if measured == "rows" {
        return Ok((Metric::Rows, None));
    }
    let metrics = [("present", Metric::Present), ("valid", Metric::Valid), ("unique", Metric::Unique)];
    let fault = |nearest: Option<String>| {
        let mend = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_else(|| {
            "; metrics are `<attribute>_present`, `<attribute>_valid`, `<attribute>_unique` and `rows`".to_owned()
        });
        format!("unknown metric `{measured}`{mend}")
    };
    let Some((attribute, ending)) = measured.rsplit_once('_').filter(|(attribute, _)| !attribute.is_empty()) else {
        return Err(fault(crate::nearest::nearest(measured, ["rows"]).map(str::to_owned)));
    };
    if let Some((_, metric)) = metrics.iter().find(|(name, _)| *name == ending) {
        return Ok((*metric, Some(attribute.to_owned())));
    }
    let meant = crate::nearest::nearest(ending, metrics.map(|(name, _)| name));
    Err(fault(meant.map(|ending| format!("{attribute}_{ending}"))))
}

/// How many of the customers should have each attribute.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// The share of customers that should have each attribute.
    #[serde(default)]
    pub target: Named<Percent>,
}

/// Where the tables go.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The folder of the published versions, relative to the pipeline file.
    #[schemars(extend("format" = "not_empty"))]
    pub to: String,
    /// How many published versions to keep. Without it, all.
    #[schemars(range(min = 1))]
    pub keep: Option<u32>,
    /// How the Parquet files are compressed. Default: `zstd`.
    #[serde(default)]
    pub compression: Compression,
}

/// How Parquet files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Small files, read by everything of today.
    #[default]
    Zstd,
    /// Read by everything.
    Snappy,
    /// Fast to read.
    Lz4,
    /// Not at all.
    None,
}

/// What of the raw data may be kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Whether the quarantine table keeps the raw bytes of a bad row. Default: `keep`.
    #[serde(default)]
    pub quarantine_raw: QuarantineRaw,
}

/// What the quarantine table holds of a bad row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineRaw {
    /// Its bytes, so that it can be mended and replayed.
    #[default]
    Keep,
    /// Only its place and the reason.
    Omit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks() {
        let check = Check::parse("email_valid >= 95%").unwrap();
        assert_eq!((check.metric, check.attribute.as_deref()), (Metric::Valid, Some("email")));
        assert_eq!((check.comparison, check.limit), (Comparison::AtLeast, 0.95));
        let check = Check::parse("rows>1000").unwrap();
        assert_eq!(
            (check.metric, check.attribute, check.comparison, check.limit),
            (Metric::Rows, None, Comparison::Above, 1000.0)
        );
        let check = Check::parse("loyalty_tier_present = 1").unwrap();
        assert_eq!(check.attribute.as_deref(), Some("loyalty_tier"));
    }

    #[test]
    fn wrong_checks() {
        for (text, sentence) in [
            ("email_valid", "expected a check such as `email_valid >= 95%`, found `email_valid`"),
            ("email_vaild >= 95%", "unknown metric `email_vaild`; did you mean `email_valid`?"),
            ("row >= 5", "unknown metric `row`; did you mean `rows`?"),
            (
                "emails >= 5%",
                "unknown metric `emails`; metrics are `<attribute>_present`, `<attribute>_valid`, `<attribute>_unique` and `rows`",
            ),
            ("email_valid >= most", "expected a limit such as `95%` after the comparison, found `most`"),
            ("email_valid >= 95", "`95` is more than 100%; write a share such as `95%` or `0.95`"),
            ("email_valid >= ", "expected a limit such as `95%` after the comparison, found ``"),
            (
                "rows >= 50%",
                "`rows` is a count, not a share: write `rows >= 1000`, or limits beside the last run under the source's `contract: volume:`",
            ),
        ] {
            assert_eq!(Check::parse(text).unwrap_err(), sentence, "{text}");
        }
    }

    #[test]
    fn nothing_holds_for_nan() {
        assert!(!Comparison::AtLeast.holds(f64::NAN, 0.0) && Comparison::AtLeast.holds(0.95, 0.95));
    }
}
