//! What a pipeline file says about a workbook. No IO happens here.

use std::num::NonZeroU32;

use goldsmith_source::files::Paths;
use schemars::JsonSchema;
use serde::Deserialize;

/// Options of the `excel` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExcelOptions {
    /// The workbook (.xlsx, .xlsm, .xlsb, .xls, .ods), or a list of workbooks and patterns, relative to the
    /// pipeline file or at an address.
    pub path: Paths,
    /// The only sheet to read. By default every sheet is read: those whose header is that of the first one are one
    /// table with it (exports continue on a new sheet at the row limit), each other is a table named after it.
    #[serde(default)]
    pub sheet: Option<String>,
    /// The row that holds the column names, as the spreadsheet program numbers it, from 1. By default the first row
    /// that is not empty.
    #[serde(default)]
    pub header_row: Option<NonZeroU32>,
    /// Rows right under the header to pass over, such as units or explanations. By default none.
    #[serde(default)]
    pub skip_rows: u32,
}
