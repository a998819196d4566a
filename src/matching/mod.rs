//! Third stage: normalised records are coded column by column and handed to the match engine, and its clusters
//! become golden ids.

mod coded;
mod decisions;
mod golden_ids;
mod labels;

pub use coded::coded_records;
pub(crate) use coded::makes_keys;
pub use decisions::{StewardDecisions, named_lines, read_decisions};
pub use golden_ids::{GoldenIds, PreviousIds, Redirect, golden_ids};
pub use labels::labels;
