//! Second stage: DataFusion turns landed rows into normalised records.
//!
//! ```text
//! landed tables ──select.rs: the file's SQL──▶ raw columns ──order.rs, records.rs──▶ one row a key ──standard.rs──▶ normal form ──▶ record_columns.rs
//! ```
//! This is the only part of the program that knows DataFusion.

mod attempt;
mod columns;
mod exact;
pub mod functions;
pub mod layout;
pub mod ledger;
mod order;
mod places;
pub mod record_columns;
pub mod records;
pub mod select;
pub mod session;
mod standard;

pub use ledger::{Fate, Ledger};
pub use places::Places;
pub use records::{EntityRecords, RecordCounts, normalize};

/// Column: whether the record type's `where` holds.
pub(crate) const SELECTED: &str = "\u{1f}selected";
