//! Attributes with one value a record: raw text in, the normal form of the attribute's kind out.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Date32Array, StringArray, StringBuilder, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::error::ArrowError;
use goldsmith_config::attributes::AttributeKind;
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder, is_placeholder_day};
use goldsmith_standardize::{country, date, gender, identifier, name, organisation, text};

use crate::memo::Memo;
use crate::{Reading, layout, moment, present, text_of};

/// The normal form of a column of raw values.
///
/// # Errors
/// Where the column is no text and cannot be made one.
pub fn normalize(kind: AttributeKind, values: &ArrayRef, reading: &Reading) -> Result<ArrayRef, ArrowError> {
    let raw = &text_of(values)?;
    let formats = reading.formats();
    Ok(match kind {
        AttributeKind::Date => {
            let dates: Date32Array = (0..raw.len())
                .map(|row| {
                    let date = date::parse(present(raw, row)?, &formats)?;
                    // A placeholder can hide behind another format.
                    (!is_placeholder_day(date)).then(|| date::days_since_epoch(date))
                })
                .collect();
            Arc::new(dates)
        }
        AttributeKind::Timestamp => {
            let moments: TimestampMicrosecondArray =
                (0..raw.len()).map(|row| moment(present(raw, row)?, &formats)).collect();
            Arc::new(moments.with_timezone("UTC"))
        }
        AttributeKind::Integer | AttributeKind::Decimal | AttributeKind::Number => {
            let trimmed: StringArray = (0..raw.len()).map(|row| present(raw, row).map(str::trim)).collect();
            cast_with_options(
                &trimmed,
                &layout::data_type(kind),
                &CastOptions { safe: true, ..CastOptions::default() },
            )?
        }
        AttributeKind::Boolean => {
            let answers: BooleanArray = (0..raw.len()).map(|row| truth(present(raw, row)?)).collect();
            Arc::new(answers)
        }
        _ => {
            let mut memo = Memo::new();
            let mut out = StringBuilder::with_capacity(raw.len(), raw.value_data().len());
            for row in 0..raw.len() {
                out.append_option(
                    present(raw, row).and_then(|value| memo.get(value, |value| word(kind, value)).as_deref()),
                );
            }
            Arc::new(out.finish())
        }
    })
}

fn word(kind: AttributeKind, value: &str) -> Option<String> {
    match kind {
        AttributeKind::Organisation => {
            if is_placeholder(PlaceholderKind::Text, value) {
                None
            } else {
                organisation::parse(value).map(|parsed| parsed.name)
            }
        }
        AttributeKind::Gender => gender::parse(value).map(|gender| gender.as_str().to_owned()),
        AttributeKind::Country => country::parse(value).map(str::to_owned),
        AttributeKind::Language => country::language(value),
        AttributeKind::Identifier => identifier::clean(value),
        AttributeKind::PersonName | AttributeKind::NamePart(_) => name::person_part(value),
        _ => {
            if is_placeholder(PlaceholderKind::Text, value) {
                None
            } else {
                text::clean(value)
            }
        }
    }
}

fn truth(value: &str) -> Option<bool> {
    match text::fold(value).as_str() {
        "true" | "t" | "yes" | "y" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "0" => Some(false),
        _ => None,
    }
}
