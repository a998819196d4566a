//! What a pipeline file says about a file of fixed-width columns, and what follows from it. No IO.

use std::num::NonZeroUsize;

use arrow::datatypes::{DataType, Field, Schema};
use goldsmith_source::SourceError;
use goldsmith_source::files::{Compression, Decompression, Encoding, Paths};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Digits of a number.
pub(crate) const PRECISION: u8 = 38;

/// Options of the `fixed_width` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixedWidthConfig {
    /// The file, or a list of files, relative to the pipeline file; `*`, `?`, `[a-z]` and `**` match several.
    pub path: Paths,
    /// The columns. Characters that belong to none are passed over.
    pub columns: Vec<Column>,
    /// The character encoding, by its WHATWG name. A byte-order mark is removed.
    #[serde(default)]
    pub encoding: Encoding,
    /// Lines at the start to pass over.
    #[serde(default)]
    pub skip_lines: u64,
    /// Whether blanks around a value are removed.
    #[serde(default = "yes")]
    pub trim: bool,
    /// Values that mean there is none.
    #[serde(default = "empty_string")]
    pub null_values: Vec<String>,
    /// What becomes of a line that ends before its last column does.
    #[serde(default)]
    pub short_lines: ShortLines,
    /// How the files are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// What a compressed file may grow to.
    #[serde(default)]
    pub decompression: Decompression,
}

/// A column and its place in a line, counted in characters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The place of its first character, from 1. By default it follows the column before.
    #[serde(default)]
    pub start: Option<NonZeroUsize>,
    /// How many characters it has.
    pub length: NonZeroUsize,
    /// Makes it a number whose last digits, so many, stand after a point that is not written: `00012345` with 2 is
    /// 123.45. A sign may stand before or after the digits. By default the column is text.
    #[serde(default)]
    pub decimals: Option<u8>,
}

/// What becomes of a line that ends before its last column does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShortLines {
    /// It is rejected.
    #[default]
    Reject,
    /// It is read as if blanks followed, for files whose blanks at line ends were removed.
    Pad,
}

/// Where a column is in a line, in characters from 0.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) decimals: Option<u8>,
}

impl FixedWidthConfig {
    pub(crate) fn slots(&self) -> Result<Vec<Slot>, SourceError> {
        if self.columns.is_empty() {
            return Err(SourceError::config("option \"columns\" is empty; name the columns with their lengths"));
        }
        let mut slots: Vec<Slot> = Vec::new();
        for Column { name, start, length, decimals } in &self.columns {
            if slots.iter().any(|slot| slot.name == *name) {
                return Err(SourceError::config(format!("option \"columns\" names \"{name}\" twice; rename one")));
            }
            if decimals.is_some_and(|decimals| decimals > PRECISION) {
                let message = format!("column \"{name}\": decimals is more than {PRECISION}; lower it");
                return Err(SourceError::config(message));
            }
            let start = start.map_or_else(|| slots.last().map_or(0, |slot| slot.end), |start| start.get() - 1);
            let Some(end) = start.checked_add(length.get()) else {
                return Err(SourceError::config(format!("column \"{name}\" ends nowhere; lower its start or length")));
            };
            slots.push(Slot { name: name.clone(), start, end, decimals: *decimals });
        }
        Ok(slots)
    }
}

/// The schema of the columns.
pub(crate) fn schema(slots: &[Slot]) -> Schema {
    let field = |slot: &Slot| {
        let data_type = match slot.decimals {
            // Arrow's scales are signed; the check has it far below the limit.
            Some(decimals) => DataType::Decimal128(PRECISION, i8::try_from(decimals).unwrap_or_default()),
            None => DataType::Utf8,
        };
        Field::new(&slot.name, data_type, true)
    };
    Schema::new(slots.iter().map(field).collect::<Vec<_>>())
}

fn yes() -> bool {
    true
}

fn empty_string() -> Vec<String> {
    vec![String::new()]
}
