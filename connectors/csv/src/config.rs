//! What a pipeline file says about a delimited file, and what follows from it. No IO.

use goldsmith_source::SourceError;
use goldsmith_source::files::{Compression, Decompression, Encoding, Paths};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scan::Dialect;

/// Options of the `csv` connector.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvConfig {
    /// The file, or a list of files, relative to the pipeline file or at an address; `*`, `?`, `[a-z]` and `**`
    /// match several. Several files make one table: columns are matched by name, and a column a file lacks is null
    /// there.
    pub path: Paths,
    /// The character encoding, by its WHATWG name. A byte-order mark is removed.
    #[serde(default)]
    pub encoding: Encoding,
    /// What separates fields: one ASCII character, or `auto` to choose among comma, semicolon, tab and pipe by
    /// the first lines of each file.
    #[serde(default = "auto")]
    pub delimiter: String,
    /// What encloses fields that hold delimiters or line ends: one ASCII character, or `none`. Doubled inside
    /// a field it stands for itself.
    #[serde(default = "double_quote")]
    pub quote: String,
    /// A character that takes away the meaning of the next one inside quotes, for files that write `\"`.
    #[serde(default)]
    pub escape: Option<String>,
    /// Whether the first row names the columns. Without header and `columns` they are `column_1`, `column_2` …
    #[serde(default = "yes")]
    pub header: bool,
    /// Names of the columns, in order; with a header they replace its names.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// Values that mean there is none, quoted or not.
    #[serde(default = "empty_string")]
    pub null_values: Vec<String>,
    /// Lines to pass over before the header.
    #[serde(default)]
    pub skip_rows: u64,
    /// A character that makes a line a comment where it stands first.
    #[serde(default)]
    pub comment: Option<String>,
    /// How the files are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// What a compressed file may grow to.
    #[serde(default)]
    pub decompression: Decompression,
}

/// The validated shape of the file. The delimiter in `dialect` counts only where `detect` is false.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) dialect: Dialect,
    pub(crate) detect: bool,
}

impl CsvConfig {
    pub(crate) fn layout(&self) -> Result<Layout, SourceError> {
        let detect = self.delimiter == "auto";
        let delimiter = if detect { b',' } else { character("delimiter", &self.delimiter)? };
        let quote = if self.quote == "none" { None } else { Some(character("quote", &self.quote)?) };
        let escape = self.escape.as_deref().map(|escape| character("escape", escape)).transpose()?;
        let comment = self.comment.as_deref().map(|comment| character("comment", comment)).transpose()?;
        let given = [(!detect).then_some(delimiter), quote, escape.filter(|_| escape != quote), comment];
        let given: Vec<u8> = given.into_iter().flatten().collect();
        if given.iter().enumerate().any(|(at, one)| given.iter().skip(at + 1).any(|other| one == other)) {
            let message = "delimiter, quote, escape and comment must be different characters; change one of them";
            return Err(SourceError::config(message));
        }
        if let Some(columns) = &self.columns {
            if columns.is_empty() {
                return Err(SourceError::config("option \"columns\" is empty; name the columns or leave it out"));
            }
            if let Some(twice) = twice(columns) {
                return Err(SourceError::config(format!("option \"columns\" names \"{twice}\" twice; rename one")));
            }
        }
        // A quote as its own escape is the doubled quote, which is understood anyway.
        Ok(Layout {
            dialect: Dialect { delimiter, quote, escape: escape.filter(|_| escape != quote), comment },
            detect,
        })
    }
}

/// The first name that comes a second time.
pub(crate) fn twice(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|other| other == *name)).map(|(_, name)| name)
}

fn character(option: &str, text: &str) -> Result<u8, SourceError> {
    match (text, text.as_bytes()) {
        ("tab" | "\\t", _) => Ok(b'\t'),
        (_, &[byte]) if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\r' | b'\n') => Ok(byte),
        _ => {
            let message =
                format!("option \"{option}\" must be one ASCII character that is no letter, digit or line end");
            Err(SourceError::config(message))
        }
    }
}

fn auto() -> String {
    "auto".to_owned()
}

fn double_quote() -> String {
    "\"".to_owned()
}

fn yes() -> bool {
    true
}

fn empty_string() -> Vec<String> {
    vec![String::new()]
}
