//! Second stage: DataFusion turns landed rows into normalised records.
//!
//! ```text
//! landed tables ──select.rs: the file's SQL──▶ raw columns ──scalars.rs, lists.rs──▶ normal form ──▶ sorted, one row a key
//! ```
//! This is the only part of the program that knows DataFusion.

mod attempt;
pub mod functions;
pub mod layout;
mod lists;
pub mod records;
mod scalars;
pub mod select;
pub mod session;

pub use records::{EntityRecords, Fate, LedgerEntry, RecordCounts, normalize};

/// Column: whether the record type's `where` holds.
pub(crate) const SELECTED: &str = "\u{1f}selected";
