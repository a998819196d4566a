//! The rows of a window, told by the values SQLite holds.
//!
//! They are picked here and not by a WHERE: SQLite would convert the edges by the column's declaration (a text edge
//! beside a column declared DATE becomes a number where it looks like one), compare text by the column's collation, and
//! order numbers before all text. Every row is looked at for the types anyway.

use arrow::datatypes::{DataType, Schema};
use goldsmith_source::cursor::CursorValue;
use goldsmith_source::{SourceError, Window, request};
use rusqlite::types::ValueRef;

/// A window on a column of the table.
pub(crate) struct Span {
    /// The column's position in the table.
    pub(crate) column: usize,
    from: Option<CursorValue>,
    until: Option<CursorValue>,
}

impl Span {
    pub(crate) fn new(window: &Window, schema: &Schema, place: &str) -> Result<Self, SourceError> {
        let name = window.column.clone();
        let column = request::projection(Some(&[name]), schema, place)?.first().copied().unwrap_or_default();
        let data_type = schema.field(column).data_type();
        if !matches!(data_type, DataType::Int64 | DataType::Utf8) {
            let message = format!(
                "column \"{}\" holds {data_type}, which cannot be a cursor; choose a column of whole numbers or text \
                 that grows with every change",
                window.column
            );
            return Err(SourceError::config(message).at(place));
        }
        let edge = |mark: &Option<goldsmith_source::Mark>| {
            mark.as_ref().map(goldsmith_source::Mark::value).transpose().map_err(|error| error.at(place))
        };
        Ok(Self { column, from: edge(&window.from)?, until: edge(&window.until)? })
    }

    /// Whether a row whose cursor is `value` is in the window. A number in a column of text counts as its text.
    pub(crate) fn holds(&self, value: ValueRef<'_>) -> bool {
        let inside = |value: &CursorValue| {
            self.from.as_ref().is_none_or(|from| value >= from) && self.until.as_ref().is_none_or(|until| value < until)
        };
        let is_text = [&self.from, &self.until].into_iter().flatten().any(|edge| matches!(edge, CursorValue::Text(_)));
        match value {
            ValueRef::Null => true,
            ValueRef::Integer(value) if !is_text => inside(&CursorValue::Number(value.into())),
            ValueRef::Integer(value) => inside(&CursorValue::Text(value.to_string().into())),
            ValueRef::Real(value) => inside(&CursorValue::Text(format!("{value:?}").into())),
            // Text that is not UTF-8 is rejected with its row, whatever the window.
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                std::str::from_utf8(bytes).map_or(true, |text| inside(&CursorValue::Text(text.into())))
            }
        }
    }
}
