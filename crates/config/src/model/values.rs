//! The small values a pipeline file is made of: percentages, ages, regions, references to secrets, names in order.
//!
//! A value with a grammar of its own is a type here whose `parse` says in one sentence what is wrong. Its schema
//! names it in `format`, and the checker calls the same `parse` (`format_fault`), so that a mistake reads the
//! same wherever it is found.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::model::quality::Check;

/// A map that keeps the order of the file.
#[derive(Clone, PartialEq, Eq)]
pub struct Named<T>(Vec<(String, T)>);

impl<T> Named<T> {
    /// The entries in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The names in the order of the file.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FromIterator<(String, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

impl<T: fmt::Debug> fmt::Debug for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Named(entries))
            }
        }
        deserializer.deserialize_map(Entries(std::marker::PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

/// One text, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several; at least one.
    Many(#[schemars(length(min = 1))] Vec<String>),
}

impl OneOrMany {
    /// All of them, in the order of the file.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            One(String),
            Many(Vec<String>),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::One(one) => Self::One(one),
            Form::Many(many) => Self::Many(many),
        })
    }
}

/// A secret is never written into a pipeline file, only where to find it. Read at the moment it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("secret" = true))]
pub enum SecretRef {
    /// The environment variable that holds it.
    Env(String),
    /// The file that holds it (without its last line break); relative to the pipeline file.
    File(String),
}

/// A share of a whole, 0 to 1: `80%` or `0.8`. A bare 1 is refused: it could mean all or one percent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

impl Percent {
    /// The share as a fraction, 0 to 1.
    pub fn fraction(self) -> f64 {
        self.0
    }

    /// Reads `80%`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fraction = parse_percent(text)
            .ok_or_else(|| format!("expected a percentage such as `80%` or a fraction such as 0.8, found `{text}`"))?;
        if fraction > 1.0 { Err(format!("`{text}` is more than 100%")) } else { Ok(Self(fraction)) }
    }
}

/// A size beside another: `50%`, `200%`, or `2.0`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// `200%` is 2.0.
    pub fn fraction(self) -> f64 {
        self.0
    }

    /// Reads `200%`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse_percent(text)
            .map(Self)
            .ok_or_else(|| format!("expected a percentage such as `50%` or a ratio such as 0.5, found `{text}`"))
    }
}

/// The fraction `text` states in percent; nothing for signs, exponents, infinities.
fn parse_percent(text: &str) -> Option<f64> {
    let digits = text.strip_suffix('%')?.trim_end();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // Division, not multiplication by .01: 80% has to be the same number as 0.8.
    digits.parse::<f64>().ok().filter(|_| plain && digits.len() <= 12).map(|number| number / 100.0)
}

macro_rules! percentage {
    ($type:ident, $format:literal, $number:tt, $about:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                #[serde(untagged)]
                enum Form {
                    Text(String),
                    Number(f64),
                }
                match Form::deserialize(deserializer)? {
                    Form::Text(text) => Self::parse(&text).map_err(D::Error::custom),
                    Form::Number(number) => Ok(Self(number)),
                }
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "description": $about,
                    "anyOf": [
                        { "type": "string", "format": $format, "pattern": r"^[0-9.]+\s*%$" },
                        $number,
                    ],
                })
            }
        }
    };
}
percentage!(
    Percent,
    "percent",
    { "type": "number", "minimum": 0, "exclusiveMaximum": 1, "hint": "write a percentage as `80%`, and all as `100%`" },
    "A share of a whole: `80%` or `0.8`. The whole is `100%`, because 1 could also mean one percent."
);
percentage!(
    Ratio,
    "ratio",
    { "type": "number", "minimum": 0 },
    "A size beside another: `50%`, `200%`, or `2.0`."
);

/// A length of time: `45m`, `36h`, `7d`, `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age(u64);

impl Age {
    /// The length in seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// Reads `7d`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault = || format!("expected a length of time such as `36h` or `7d`, found `{text}`");
        let unit = text.chars().last().ok_or_else(fault)?;
        let seconds: u64 = match unit {
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
        number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).map(Self).ok_or_else(fault)
    }
}

/// A country as ISO 3166-1 alpha-2: `GB`, `DE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region([u8; 2]);

impl Region {
    /// The two capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Reads `GB`.
    ///
    /// # Errors
    /// A sentence about what is wrong, with the code that was probably meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let [first, second] = text.as_bytes()
            && REGIONS.split(' ').any(|code| code == text)
        {
            return Ok(Self([*first, *second]));
        }
        let upper = text.to_ascii_uppercase();
        let meant = match upper.as_str() {
            "UK" | "GBR" => Some("GB"),
            "USA" => Some("US"),
            "DEU" | "GER" => Some("DE"),
            "FRA" => Some("FR"),
            "EL" => Some("GR"),
            _ => REGIONS.split(' ').find(|code| *code == upper),
        };
        Err(match meant {
            Some(code) => format!("`{text}` is not a country code of ISO 3166-1 alpha-2; did you mean `{code}`?"),
            None => format!("`{text}` is not a country code of ISO 3166-1 alpha-2, such as `GB` or `DE`"),
        })
    }
}

/// How dates are written, in strftime: `%d/%m/%Y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat(String);

impl DateFormat {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads `%d/%m/%Y`.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut characters = text.chars();
        let mut fields = 0;
        while let Some(character) = characters.next() {
            if character != '%' {
                continue;
            }
            let mut field = characters.next();
            if matches!(field, Some('-' | '_' | '0')) {
                field = characters.next();
            }
            match field {
                Some(field) if "YyCmbBhdejaAuwHIMSpPfzZTRFDs%.:3689".contains(field) => fields += 1,
                Some(field) => return Err(format!("`%{field}` is not a field of a date format")),
                None => return Err(format!("the date format `{text}` ends in a lone `%`")),
            }
        }
        if fields == 0 {
            return Err(format!("`{text}` is not a date format; write it as `%d/%m/%Y` (day, month, year)"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// What a record's or child's rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// A table of the source.
    Table(String),
    /// A SELECT over the source's tables.
    Sql(String),
    /// A file that holds such a SELECT, relative to the pipeline file.
    SqlFile(String),
}

impl Relation {
    /// A text that ends in `.sql` is a file, one that starts with SELECT or WITH is SQL, any other a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let first = text.split(|character: char| character.is_whitespace() || character == '(').next();
        let sql = first.is_some_and(|word| word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with"));
        if text.is_empty() {
            Err("expected a table, a SELECT or the path of a .sql file, found an empty text".to_owned())
        } else if sql && text.len() > 6 {
            Ok(Self::Sql(text.to_owned()))
        } else if text.to_ascii_lowercase().ends_with(".sql") {
            Ok(Self::SqlFile(text.to_owned()))
        } else {
            Ok(Self::Table(text.to_owned()))
        }
    }
}

macro_rules! text_value {
    ($type:ident, $format:literal, $about:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": $format, "description": $about })
            }
        }
    };
}
text_value!(Age, "age", "A length of time: `45m`, `36h`, `7d`, `2w`.");
text_value!(Region, "region", "A country as ISO 3166-1 alpha-2: `GB`, `DE`.");
text_value!(DateFormat, "date_format", "How dates are written, in strftime: `%d/%m/%Y`.");
text_value!(
    Relation,
    "relation",
    "A table of the source, a SELECT over its tables, or the path of a `.sql` file relative to the pipeline file."
);
text_value!(
    Check,
    "check",
    "`<metric> <comparison> <limit>`: `email_valid >= 95%`, `birth_date_present >= 80%`, `rows >= 1000`. Metrics: `<attribute>_present`, `<attribute>_valid`, `<attribute>_unique`, `rows`."
);
/// Whether `text` is a value of `format`, or what is wrong with it; nothing for a format that has no parser here.
pub(crate) fn format_fault(format: &str, text: &str) -> Option<Result<(), String>> {
    Some(match format {
        "percent" => Percent::parse(text).map(drop),
        "ratio" => Ratio::parse(text).map(drop),
        "age" => Age::parse(text).map(drop),
        "lag" => crate::model::incremental::Lag::parse(text).map(drop),
        "region" => Region::parse(text).map(drop),
        "date_format" => DateFormat::parse(text).map(drop),
        "relation" => Relation::parse(text).map(drop),
        "check" => Check::parse(text).map(drop),
        "name" => name_fault(text).map_or(Ok(()), Err),
        "not_empty" if text.trim().is_empty() => Err("expected text, found an empty text".to_owned()),
        "not_empty" => Ok(()),
        _ => return None,
    })
}

/// Names become columns, folders and SQL: one spelling for each, no quoting anywhere.
fn name_fault(text: &str) -> Option<String> {
    let mut characters = text.chars();
    let starts = characters.next().is_some_and(|first| first.is_ascii_lowercase());
    let goes_on = characters.all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '_');
    if starts && goes_on && text.len() <= 63 {
        return None;
    }
    Some(format!(
        "`{text}` cannot be a name: a name is lower-case letters, digits and `_`, starts with a letter and has at most 63 of them"
    ))
}

/// ISO 3166-1 alpha-2, and XK (Kosovo), which phone plans and addresses use.
const REGIONS: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages() {
        assert_eq!(Percent::parse("80%").unwrap().fraction(), 0.8);
        assert_eq!(Percent::parse("99.5 %").unwrap().fraction(), 0.995);
        assert_eq!(Percent::parse("0%").unwrap().fraction(), 0.0);
        for wrong in ["80", "-1%", "101%", "%", "1e2%", "inf%", "NaN%", "1.2.3%", ""] {
            assert!(Percent::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Ratio::parse("200%").unwrap().fraction(), 2.0);
        assert!(serde_json::from_str::<Percent>("0.25").is_ok_and(|percent| percent.fraction() == 0.25));
    }

    #[test]
    fn ages() {
        assert_eq!(Age::parse("36h").unwrap().seconds(), 129_600);
        assert_eq!(Age::parse("2w").unwrap().seconds(), 1_209_600);
        for wrong in ["", "d", "7", "7 d", "-1d", "+1d", "7é", "99999999999999999999d", "18446744073709551615w"] {
            assert!(Age::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn regions() {
        assert_eq!(Region::parse("NO").unwrap().as_str(), "NO");
        assert!(Region::parse("UK").unwrap_err().ends_with("did you mean `GB`?"));
        assert!(Region::parse("gb").unwrap_err().ends_with("did you mean `GB`?"));
        assert!(Region::parse("XX").unwrap_err().ends_with("such as `GB` or `DE`"));
        assert!(Region::parse(" A").is_err() && Region::parse("D A").is_err() && Region::parse("é").is_err());
    }

    #[test]
    fn date_formats() {
        for right in ["%d/%m/%Y", "%Y-%m-%dT%H:%M:%S%.f%:z", "%-d.%-m.%y", "%s"] {
            assert!(DateFormat::parse(right).is_ok(), "{right}");
        }
        for wrong in ["dd/mm/yyyy", "%Q", "%d/%", "%-", ""] {
            assert!(DateFormat::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn relations() {
        assert_eq!(Relation::parse("customers"), Ok(Relation::Table("customers".into())));
        assert_eq!(Relation::parse("selected"), Ok(Relation::Table("selected".into())));
        assert_eq!(Relation::parse("Join.SQL"), Ok(Relation::SqlFile("Join.SQL".into())));
        assert!(matches!(Relation::parse("select * from a"), Ok(Relation::Sql(_))));
        assert!(matches!(Relation::parse("WITH x AS (SELECT 1) SELECT * FROM x"), Ok(Relation::Sql(_))));
        assert!(Relation::parse("  ").is_err());
    }

    #[test]
    fn names() {
        for right in ["crm", "shop_2", "a"] {
            assert_eq!(name_fault(right), None, "{right}");
        }
        for wrong in ["", "Crm", "2shop", "a-b", "a b", "é", "../x", &"a".repeat(64)] {
            assert!(name_fault(wrong).is_some(), "{wrong}");
        }
    }
}
