//! Brings whole Arrow columns of raw text into the standard form of their attribute.
//!
//! | module | idea |
//! |---|---|
//! | [`layout`] | the Arrow type of every kind of attribute |
//! | [`scalar`] | attributes with one value a record |
//! | [`person_name`] | the columns of a person's name, which fill each other |
//! | [`lists`], `elements` | attributes with a list of values a record |
//! | [`record_hash`] | one hash over the raw values of a record |
//! | `memo` | a value that repeats is read once |
//!
//! What a single value becomes is for `goldsmith-standardize` to say. Here columns are taken apart and put together, with
//! as few copies as it takes, because this is done for every value of every record.

mod elements;
pub mod layout;
pub mod lists;
mod memo;
pub mod person_name;
pub mod record_hash;
pub mod scalar;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use goldsmith_standardize::date;

/// What the values of a record type are read with.
#[derive(Debug, Clone)]
pub struct Reading {
    /// ISO 3166 alpha-2.
    pub region: String,
    /// strftime formats; ISO 8601 where empty.
    pub date_formats: Vec<String>,
}

impl Reading {
    fn formats(&self) -> Vec<&str> {
        self.date_formats.iter().map(String::as_str).collect()
    }
}

/// A column as plain text.
fn text_of(array: &ArrayRef) -> Result<StringArray, ArrowError> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// The value of a row, where it is not null.
fn present(values: &StringArray, row: usize) -> Option<&str> {
    values.is_valid(row).then(|| values.value(row))
}

/// A moment by the formats of its source, else by those that leave no doubt.
fn moment(raw: &str, formats: &[&str]) -> Option<i64> {
    date::parse_timestamp(raw, formats)
        .or_else(|| if formats.is_empty() { None } else { date::parse_timestamp(raw, &[]) })
}
