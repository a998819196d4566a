//! How far back a read reaches: whole or from a mark, and why.

use std::fmt;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef, TimeUnit};
use goldsmith_source::cursor::CursorValue;
use goldsmith_source::{Mark, SourceError};

use crate::settings::{Lag, Settings};
use crate::state::StateMeta;

/// Why a table is read whole although its source is incremental.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WholeBecause {
    /// There is no state yet.
    First,
    /// It was asked for.
    Refresh,
    /// The pipeline says so (`deletes: full`).
    Full,
    /// The pipeline says otherwise what a change is than when the state was written: the key of `incremental:`.
    SettingChanged(&'static str),
    /// A row could not be read, which could be any of those known.
    Unreadable,
    /// The state has no mark: it met such a row, or no row had a cursor.
    NoMark,
    /// The state is of another system, or of other options of it.
    OtherSource,
    /// A column is of another type than in the state.
    Retyped(String),
    /// A column the state does not have, although the table had it then.
    NotInState(String),
}

impl fmt::Display for WholeBecause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("there is no state yet"),
            Self::Refresh => f.write_str("a refresh was asked for"),
            Self::Full => f.write_str("`deletes: full` compares all rows"),
            Self::SettingChanged(key) => write!(f, "`incremental: {key}:` has changed"),
            Self::Unreadable => f.write_str("a row that cannot be read could be any of those known"),
            Self::NoMark => f.write_str(
                "the run before met rows that cannot be read, or found no cursor, so there is nothing to go on from",
            ),
            Self::OtherSource => f.write_str("the source's options have changed"),
            Self::Retyped(column) => write!(f, "column \"{column}\" has another type than before"),
            Self::NotInState(column) => write!(f, "column \"{column}\" was not read before"),
        }
    }
}

/// Whether the rows of a state can go on, or why the table has to be read whole. `schema` has the columns read now.
///
/// A column the table did not have when the state was written is taken as null in the rows of the state; one that was
/// there and not read, or was gone for a while, is not known of them.
///
/// # Errors
/// The reason to read the table whole.
pub fn can_go_on(
    state: &StateMeta,
    schema: &SchemaRef,
    settings: &Settings,
    identity: &str,
) -> Result<(), WholeBecause> {
    for (key, same) in [
        ("cursor", state.cursor == settings.cursor),
        ("key", state.key == settings.key),
        ("deleted", state.deleted == settings.deleted),
    ] {
        if !same {
            return Err(WholeBecause::SettingChanged(key));
        }
    }
    if state.identity != identity {
        return Err(WholeBecause::OtherSource);
    }
    for field in schema.fields() {
        let name = field.name();
        match state.columns.iter().find(|(known, _)| known == name) {
            Some((_, data_type)) if *data_type != field.data_type().to_string() => {
                return Err(WholeBecause::Retyped(name.clone()));
            }
            Some(_) => {}
            None if state.table_columns.contains(name) => return Err(WholeBecause::NotInState(name.clone())),
            None => {}
        }
    }
    Ok(())
}

/// The mark less the lag: where a read begins.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Config`] where the mark is text that holds no time to count back from.
pub fn begin(mark: &Mark, lag: Lag) -> Result<Mark, SourceError> {
    let amount = match lag {
        Lag::None | Lag::Seconds(0) | Lag::Count(0) => return Ok(mark.clone()),
        Lag::Seconds(amount) | Lag::Count(amount) => i128::from(amount),
    };
    let value = match mark.value()? {
        CursorValue::Text(text) => {
            let text = text_before(&text, amount).ok_or_else(|| {
                SourceError::config(
                    "the cursor holds text that is not a time in ISO 8601, so `lag` cannot count back from it; remove `lag` or choose another cursor",
                )
            })?;
            return Ok(Mark { text, data_type: mark.data_type.clone() });
        }
        CursorValue::Number(value) => value,
    };
    let step = match &mark.data_type {
        DataType::Date32 => return CursorValue::Number(value - (amount + 86_399) / 86_400).mark(&mark.data_type),
        DataType::Timestamp(TimeUnit::Second, _) => 1,
        DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _) => 1_000,
        DataType::Timestamp(TimeUnit::Microsecond, _) => 1_000_000,
        DataType::Timestamp(TimeUnit::Nanosecond, _) => 1_000_000_000,
        DataType::Decimal128(_, scale) => 10_i128.checked_pow(u32::try_from(*scale).unwrap_or(0)).unwrap_or(1),
        _ => 1,
    };
    // A distance that leads out of the type's range leads to its beginning: everything.
    let least = match mark.data_type {
        DataType::Int8 => i128::from(i8::MIN),
        DataType::Int16 => i128::from(i16::MIN),
        DataType::Int32 => i128::from(i32::MIN),
        ref unsigned if unsigned.is_unsigned_integer() => 0,
        _ => i128::from(i64::MIN),
    };
    let value = value.saturating_sub(amount.saturating_mul(step));
    CursorValue::Number(if matches!(mark.data_type, DataType::Decimal128(..)) { value } else { value.max(least) })
        .mark(&mark.data_type)
}

/// The time `seconds` before the one `text` begins with, in the form of `text` as far as whole seconds, without a zone:
/// byte by byte it comes before everything of that second.
fn text_before(text: &str, seconds: i128) -> Option<String> {
    let has_time = text.len() > 10;
    let whole = text.get(..if has_time { 19 } else { 10 })?;
    let array: ArrayRef = std::sync::Arc::new(StringArray::from(vec![whole]));
    let unit = DataType::Timestamp(TimeUnit::Second, None);
    let time = cast(&cast(&array, &unit).ok()?, &DataType::Int64).ok()?;
    let time = time.as_primitive::<Int64Type>().iter().next().flatten()?;
    let before = i64::try_from(i128::from(time) - seconds).ok()?;
    let written = CursorValue::Number(before.into()).mark(&unit).ok()?.text;
    let (day, clock) = (written.get(..10)?, written.get(11..19)?);
    if !has_time {
        return Some(day.to_owned());
    }
    let separator = whole.get(10..11)?;
    Some(format!("{day}{separator}{clock}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str, data_type: DataType) -> Mark {
        Mark { text: text.to_owned(), data_type }
    }

    #[test]
    fn a_lag_counts_back_in_the_unit_of_the_cursor() {
        let micros = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let cases = [
            (mark("100", DataType::Int64), Lag::Count(30), "70"),
            (mark("10", DataType::UInt32), Lag::Count(30), "0"),
            (mark("10", DataType::Int16), Lag::Count(40_000), "-32768"),
            (mark("-9223372036854775808", DataType::Int64), Lag::Count(30), "-9223372036854775808"),
            (mark("7.50", DataType::Decimal128(10, 2)), Lag::Count(2), "5.50"),
            (mark("2026-03-01T00:30:00.25Z", micros.clone()), Lag::Seconds(3_600), "2026-02-28T23:30:00.250Z"),
            (
                mark("2026-03-01T00:30:00", DataType::Timestamp(TimeUnit::Second, None)),
                Lag::Seconds(1),
                "2026-03-01T00:29:59",
            ),
            (mark("2026-03-01", DataType::Date32), Lag::Seconds(1), "2026-02-28"),
            (mark("2026-03-01", DataType::Date32), Lag::Seconds(86_401), "2026-02-27"),
            (mark("2026-03-01T00:30:00.123Z", DataType::Utf8), Lag::Seconds(3_600), "2026-02-28T23:30:00"),
            (mark("2026-03-01 00:30:00+02:00", DataType::Utf8), Lag::Seconds(60), "2026-03-01 00:29:00"),
            (mark("2026-03-01", DataType::Utf8), Lag::Seconds(60), "2026-02-28"),
            (mark("v17", DataType::Utf8), Lag::None, "v17"),
        ];
        for (mark, lag, expected) in cases {
            assert_eq!(begin(&mark, lag).unwrap().text, expected, "{mark:?} {lag:?}");
        }
        let error = begin(&mark("v17", DataType::Utf8), Lag::Seconds(1)).unwrap_err();
        assert!(error.message.contains("text that is not a time"), "{error}");
        assert!(!error.message.contains("v17"), "a cursor may be somebody's: {error}");
    }
}
