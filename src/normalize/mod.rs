//! Second stage: DataFusion turns landed rows into normalised records.
//!
//! ```text
//! landed tables ──select.rs: the file's SQL──▶ raw columns ──order.rs, records.rs──▶ one row a key ──standard.rs──▶ normal form ──▶ entity_records.rs
//! ```
//! Within a run this is the only stage that knows DataFusion; outside of it `query` and `evaluate` ask it for tables.

pub(crate) mod attempt;
mod columns;
mod entity_records;
mod exact;
pub mod functions;
mod last_good;
pub mod layout;
pub mod ledger;
mod lost_rows;
mod order;
mod places;
pub mod record_columns;
mod records;
pub mod select;
pub mod session;
mod standard;

pub use entity_records::{EntityRecords, Picker};
pub use last_good::LastGood;
pub use ledger::{Fate, Ledger};
pub use places::Places;
pub use records::{Normalized, RecordCounts, normalize};

/// Column: whether the record type's `where` holds.
pub(crate) const SELECTED: &str = "\u{1f}selected";
