//! A line cut into cells, and cells into columns.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Builder, StringBuilder};
use arrow::error::ArrowError;

use crate::config::{FixedWidthConfig, PRECISION, ShortLines, Slot};

/// A value of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Null,
    Text(&'a str),
    /// In units of the last decimal.
    Number(i128),
}

/// Why a line is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has so many characters.
    Short(usize),
    /// The column at that position holds no number.
    NoNumber(usize),
}

/// The cells of a line.
pub(crate) fn cut<'a>(line: &'a str, slots: &[Slot], config: &FixedWidthConfig) -> Result<Vec<Cell<'a>>, Fault> {
    // Where the characters start, and where the last ends; for ASCII these are the bytes themselves.
    let starts: Option<Vec<usize>> =
        (!line.is_ascii()).then(|| line.char_indices().map(|(at, _)| at).chain(std::iter::once(line.len())).collect());
    let length = starts.as_ref().map_or(line.len(), |starts| starts.len() - 1);
    let byte = |at: usize| {
        let at = at.min(length);
        starts.as_ref().map_or(at, |starts| starts.get(at).copied().unwrap_or(line.len()))
    };
    let end = slots.iter().map(|slot| slot.end).max().unwrap_or_default();
    if length < end && config.short_lines == ShortLines::Reject {
        return Err(Fault::Short(length));
    }
    let cell = |(at, slot): (usize, &Slot)| {
        let whole = line.get(byte(slot.start)..byte(slot.end)).unwrap_or_default();
        let value = if config.trim || slot.decimals.is_some() { whole.trim() } else { whole };
        if value.is_empty() && slot.decimals.is_some() || config.null_values.iter().any(|null| null == value) {
            return Ok(Cell::Null);
        }
        match slot.decimals {
            None => Ok(Cell::Text(value)),
            Some(_) => number(value).map(Cell::Number).ok_or(Fault::NoNumber(at)),
        }
    };
    slots.iter().enumerate().map(cell).collect()
}

/// Digits with a sign before or after them.
fn number(text: &str) -> Option<i128> {
    let (negative, digits) = match (text.strip_prefix(['-', '+']), text.strip_suffix(['-', '+'])) {
        (Some(digits), _) => (text.starts_with('-'), digits),
        (None, Some(digits)) => (text.ends_with('-'), digits),
        (None, None) => (false, text),
    };
    if digits.is_empty() || digits.len() > usize::from(PRECISION) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<i128>().ok().map(|value| if negative { -value } else { value })
}

/// The values of one column of a batch in the making.
pub(crate) enum Builder {
    Text(StringBuilder),
    Number(Decimal128Builder, i8),
}

impl Builder {
    pub(crate) fn new(slot: &Slot) -> Self {
        match slot.decimals {
            None => Self::Text(StringBuilder::new()),
            Some(decimals) => Self::Number(Decimal128Builder::new(), i8::try_from(decimals).unwrap_or_default()),
        }
    }

    pub(crate) fn append(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Text(values), Cell::Text(text)) => values.append_value(text),
            (Self::Text(values), _) => values.append_null(),
            (Self::Number(values, _), Cell::Number(number)) => values.append_value(number),
            (Self::Number(values, _), _) => values.append_null(),
        }
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Text(values) => Arc::new(values.finish()),
            Self::Number(values, scale) => Arc::new(values.finish().with_precision_and_scale(PRECISION, *scale)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn signs_stand_on_either_side() {
        let cases = [
            ("00012345", Some(12_345)),
            ("-5", Some(-5)),
            ("5-", Some(-5)),
            ("+5", Some(5)),
            ("5+", Some(5)),
            ("", None),
            ("-", None),
            ("-5-", None),
            ("1.5", None),
            ("1 5", None),
            ("٣", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text}");
        }
        assert_eq!(number(&"9".repeat(38)), Some(10_i128.pow(38) - 1));
        assert_eq!(number(&"9".repeat(39)), None);
    }
}
