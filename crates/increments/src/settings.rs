//! What a pipeline file says of an incremental source, and what a run asks for.

use arrow::datatypes::{DataType, Schema};
use goldsmith_source::cursor::can_be_cursor;
use goldsmith_source::{SourceError, request};

/// How the tables of a source are read by increments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The column that grows with every change of a row.
    pub cursor: String,
    /// The columns that tell rows apart. At least one.
    pub key: Vec<String>,
    /// How far behind the last cursor to begin, for commits that come late.
    pub lag: Lag,
    /// The column that says that a row is gone.
    pub deleted: Option<String>,
    pub deletes: Deletes,
}

/// A distance on a cursor column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lag {
    None,
    /// Of dates, times and text that holds them. Days are whole: any part of one counts as one.
    Seconds(u64),
    /// Of whole numbers.
    Count(u64),
}

/// How rows that vanished from the table are found. Tombstones count in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletes {
    /// They are not.
    None,
    /// By reading the key columns of all rows.
    Keys,
    /// By reading everything and comparing it with the state.
    Full,
}

/// What a run wants of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// What changed since the mark of the state.
    Live,
    /// Everything, as if there were no state.
    Refresh,
    /// The rows of an interval once more, left edge included; the mark stays.
    Backfill { from: Option<String>, until: Option<String> },
}

impl Settings {
    /// The columns of a table that have to be read whatever is mapped: key, cursor and tombstone.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.key.iter().chain([&self.cursor]).chain(&self.deleted).map(String::as_str)
    }

    /// Whether a table is read by increments: only one that has the cursor. Others are read whole.
    #[must_use]
    pub fn concern(&self, schema: &Schema) -> bool {
        schema.field_with_name(&self.cursor).is_ok()
    }

    /// Checks that a table has the columns, and that they are of types that fit.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Config`], naming the column and the way out.
    pub fn check(&self, schema: &Schema, place: &str) -> Result<(), SourceError> {
        let names: Vec<String> = self.columns().map(str::to_owned).collect();
        request::projection(Some(&names), schema, place)?;
        let data_type = schema.field_with_name(&self.cursor).map_or(&DataType::Null, |field| field.data_type());
        let refuse = |message: String| Err(SourceError::config(message).at(place));
        if !can_be_cursor(data_type) {
            return refuse(format!(
                "column \"{}\" is of type {data_type}, which cannot be a cursor; choose a column of whole numbers, dates, times or text that grows with every change",
                self.cursor
            ));
        }
        let numeric = data_type.is_integer() || matches!(data_type, DataType::Decimal128(..));
        match self.lag {
            Lag::Seconds(_) if numeric => refuse(format!(
                "the cursor \"{}\" is of type {data_type}, so `lag` is a number (`lag: 1000`), not a length of time",
                self.cursor
            )),
            Lag::Count(_) if !numeric => refuse(format!(
                "the cursor \"{}\" is of type {data_type}, so `lag` is a length of time (`lag: 1h`), not a number",
                self.cursor
            )),
            _ => Ok(()),
        }
    }
}
