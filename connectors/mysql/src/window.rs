//! The window of an incremental read of a query, whose rows are looked at here.
//!
//! In a SELECT around it, a query would lose its order.

use goldsmith_source::cursor::CursorValue;
use goldsmith_source::{Mark, SourceError, Window};
use mysql_async::Value;

use crate::types::{Mapping, Wire};
use crate::value::{bits, date, decimal, moment, whole};

/// A window of a column that has an order.
pub(crate) struct Within {
    column: usize,
    wire: Wire,
    from: Option<CursorValue>,
    until: Option<CursorValue>,
}

impl Within {
    /// `None` where `columns` do not have the window's.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Config`] for a mark that is no value of its type.
    pub(crate) fn new(window: &Window, columns: &[(String, Mapping)]) -> Result<Option<Self>, SourceError> {
        let Some(column) = columns.iter().position(|(name, _)| *name == window.column) else { return Ok(None) };
        let Some((_, mapping)) = columns.get(column) else { return Ok(None) };
        let value = |mark: &Option<Mark>| mark.as_ref().map(|mark| edge(mark, mapping.wire)).transpose();
        Ok(Some(Self { column, wire: mapping.wire, from: value(&window.from)?, until: value(&window.until)? }))
    }

    /// Whether a row is read. One without a value is, and one whose value has no place in its type.
    pub(crate) fn holds<'a>(&self, value_at: impl FnOnce(usize) -> Option<&'a Value>) -> bool {
        let value = value_at(self.column).and_then(|value| cursor(value, self.wire));
        value.is_none_or(|value| {
            self.from.as_ref().is_none_or(|from| value >= *from)
                && self.until.as_ref().is_none_or(|until| value < *until)
        })
    }
}

/// Text counts with the blanks around it.
fn edge(mark: &Mark, wire: Wire) -> Result<CursorValue, SourceError> {
    match wire {
        Wire::Text => Ok(CursorValue::Text(mark.text.as_str().into())),
        _ => mark.value(),
    }
}

fn cursor(value: &Value, wire: Wire) -> Option<CursorValue> {
    let number = match wire {
        Wire::Whole => whole(value),
        Wire::Bits => bits(value).map(i128::from),
        Wire::Decimal(precision, scale) => decimal(value, precision, scale),
        Wire::Date => date(value)?.map(i128::from),
        Wire::Moment { .. } => moment(value)?.map(i128::from),
        Wire::Text => match value {
            Value::Bytes(bytes) => return Some(CursorValue::Text(std::str::from_utf8(bytes).ok()?.into())),
            _ => None,
        },
        Wire::Flag | Wire::Real | Wire::Bytes | Wire::Time => None,
    };
    number.map(CursorValue::Number)
}
