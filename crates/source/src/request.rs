//! What was asked for against what there is: options, tables, columns, and the nearest name for a wrong one.

use arrow::datatypes::Schema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{OpenContext, SourceError};

/// Decodes the options of a source. A connector's config struct denies unknown fields; this turns what serde
/// says about it into a sentence with the source, the option and the nearest valid name, and keeps the values
/// of options (which may be a password in the wrong place) out of it.
///
/// # Errors
/// [`crate::ErrorKind::Config`] for an unknown or missing option and for a value of the wrong kind.
pub fn options<T: DeserializeOwned>(value: &Value, context: &OpenContext, connector: &str) -> Result<T, SourceError> {
    let error = match T::deserialize(value) {
        Ok(options) => return Ok(options),
        Err(error) => error.to_string(),
    };
    let place = format!("source \"{}\"", context.source_name);
    let fault = match option_at_fault::<T>(value, &error) {
        Some(option) if !error.starts_with(&format!("unknown field `{option}`")) => {
            format!("option \"{option}\" of connector {connector}: {}", explain(&error))
        }
        _ => format!("connector {connector}: {}", explain(&error)),
    };
    Err(SourceError::config(fault).at(place))
}

/// The top-level option without which the complaint changes. Serde does not tell it.
fn option_at_fault<T: DeserializeOwned>(value: &Value, error: &str) -> Option<String> {
    let object = value.as_object()?;
    object.keys().find_map(|key| {
        let mut without = object.clone();
        without.shift_remove(key);
        match T::deserialize(Value::Object(without)) {
            Err(other) if other.to_string() == error => None,
            _ => Some(key.clone()),
        }
    })
}

/// Serde's complaint in our words.
fn explain(error: &str) -> String {
    let quoted: Vec<&str> = error.split('`').skip(1).step_by(2).collect();
    if let Some((unknown, valid)) = quoted.split_first() {
        for (start, noun) in [("unknown field", "option"), ("unknown variant", "value")] {
            if error.starts_with(start) {
                return format!("unknown {noun} \"{unknown}\"{}", suggestion(unknown, valid));
            }
        }
        if error.starts_with("missing field") {
            return format!("option \"{unknown}\" is missing; add it");
        }
    }
    // `invalid type: string "hunter2", expected u64`: the value stays out, its kind is told.
    for start in ["invalid type: ", "invalid value: "] {
        if let Some((found, expected)) = error.strip_prefix(start).and_then(|rest| rest.rsplit_once(", expected ")) {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim();
            return format!("found {kind}, expected {expected}");
        }
    }
    error.to_owned()
}

/// The end of a sentence about an unknown name: `. Did you mean "x"?` or `. Valid are: x, y`.
#[must_use]
pub fn suggestion<S: AsRef<str>>(unknown: &str, valid: &[S]) -> String {
    match nearest(unknown, valid.iter().map(AsRef::as_ref)) {
        Some(near) => format!(". Did you mean \"{near}\"?"),
        None if valid.is_empty() => ". There are none".to_owned(),
        None => {
            let names: Vec<&str> = valid.iter().map(AsRef::as_ref).collect();
            format!(". Valid are: {}", names.join(", "))
        }
    }
}

/// The valid name a person most likely meant, where one is near: at most a third of its letters wrong, or one
/// name the start of the other.
#[must_use]
pub fn nearest<'a>(unknown: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = unknown.to_lowercase();
    let mut best: Option<(usize, &'a str)> = None;
    for name in valid {
        let lower = name.to_lowercase();
        let distance = strsim::damerau_levenshtein(&wanted, &lower);
        let letters = wanted.chars().count().max(lower.chars().count());
        let starts = wanted.chars().count() >= 3 && (lower.starts_with(&wanted) || wanted.starts_with(&lower));
        let near = distance <= (letters / 3).max(1) || (starts && !lower.is_empty());
        if near && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

const NO_TABLE: &str = "no table";

/// Whether an error is that of [`table`] for a name that is not among the tables.
#[must_use]
pub fn is_unknown_table(error: &SourceError) -> bool {
    error.message.starts_with(NO_TABLE)
}

/// The table a request means: the one of that name, or the first.
///
/// # Errors
/// [`crate::ErrorKind::Config`] for an unknown table, naming the nearest, and where there is no table at all.
pub fn table<'a>(requested: Option<&str>, tables: &'a [String], place: &str) -> Result<&'a str, SourceError> {
    let found = match requested {
        None => tables.first(),
        Some(name) => tables.iter().find(|table| *table == name),
    };
    found.map(String::as_str).ok_or_else(|| match requested {
        Some(name) => SourceError::config(format!("{NO_TABLE} \"{name}\"{}", suggestion(name, tables))).at(place),
        None => SourceError::config("holds no table; choose another file or table").at(place),
    })
}

/// The positions in `schema` of the requested columns, in the requested order; all for `None`.
///
/// # Errors
/// [`crate::ErrorKind::Config`] for an unknown column, naming the nearest.
pub fn projection(requested: Option<&[String]>, schema: &Schema, place: &str) -> Result<Vec<usize>, SourceError> {
    let Some(columns) = requested else {
        return Ok((0..schema.fields().len()).collect());
    };
    let position = |name: &String| {
        schema.fields().iter().position(|field| field.name() == name).ok_or_else(|| {
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            SourceError::config(format!("no column \"{name}\"{}", suggestion(name, &names))).at(place)
        })
    };
    columns.iter().map(position).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    enum Mode {
        Auto,
        Lines,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its decoding is tested")]
    struct Options {
        path: String,
        #[serde(default)]
        delimiter: Option<String>,
        #[serde(default)]
        rows: Option<u64>,
        #[serde(default)]
        mode: Option<Mode>,
    }

    fn complaint(value: &Value) -> String {
        let context = OpenContext { source_name: "crm".to_owned(), base_dir: PathBuf::new() };
        options::<Options>(value, &context, "csv").map(|_| ()).expect_err("refused").to_string()
    }

    #[test]
    fn wrong_options_are_named_with_the_way_out() {
        let cases = [
            (json!({"path": "a", "delimeter": ";"}), "unknown option \"delimeter\". Did you mean \"delimiter\"?"),
            (json!({"path": "a", "zzz": 1}), "unknown option \"zzz\". Valid are: path, delimiter, rows, mode"),
            (json!({"rows": 1}), "option \"path\" is missing; add it"),
        ];
        for (value, expected) in cases {
            assert_eq!(complaint(&value), format!("source \"crm\": connector csv: {expected}"));
        }
        assert_eq!(
            complaint(&json!({"path": "a", "mode": "line"})),
            "source \"crm\": option \"mode\" of connector csv: unknown value \"line\". Did you mean \"lines\"?"
        );
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_not_repeated() {
        assert_eq!(
            complaint(&json!({"path": "a", "rows": "hunter2, expected no"})),
            "source \"crm\": option \"rows\" of connector csv: found string, expected u64"
        );
    }

    #[test]
    fn nearest_needs_nearness() {
        assert_eq!(nearest("custmers", ["orders", "customers"]), Some("customers"));
        assert_eq!(nearest("Customers", ["orders", "customers"]), Some("customers"));
        assert_eq!(nearest("xyz", ["orders", "customers"]), None);
    }
}
