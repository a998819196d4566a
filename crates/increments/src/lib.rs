//! Incremental reading: of a table only what changed is read, and merged by key with what was read before.
//!
//! ```text
//!                        window (mark - lag, ...)
//! Source ──chunks──▶ Newest (the last row of every key) ──▶ spool
//!                                                             │ winners
//! state of the last version ──rows whose key was not read──▶ merged table ──▶ Sink, state of the new version
//! ```
//!
//! The state of a table is a Parquet file: the merged rows with the place each came from, and in its metadata what it
//! was read by and how far. It belongs to a published version, so it is never ahead of the data: a run that fails
//! leaves the state it started from. [`read_increment`] is the one way in.
//!
//! | module | idea |
//! |---|---|
//! | [`settings`] | what a pipeline file says of an incremental source; what a run asks for |
//! | [`reach`] | whether a table is read whole or from a mark, and why |
//! | `mark` | which cursors move the mark |
//! | [`merge`] | keys, the newest row of each, which rows of the state stay |
//! | [`state`] | the state file: written, verified, read |
//! | [`spool`] | rows that were read and wait for the end of the read |
//! | [`read`] | one table of one run: all of the above in order |

mod mark;
pub mod merge;
pub mod reach;
pub mod read;
mod reading;
pub mod settings;
pub mod spool;
pub mod state;
mod tombstone;

use arrow::error::ArrowError;
use goldsmith_source::{ErrorKind, SourceError};

pub use reach::WholeBecause;
pub use read::{Counts, Increment, NewState, read_increment};
pub use settings::{Deletes, Lag, Mode, Settings};
pub use state::{PreviousState, StateMeta};

/// A kernel that was called in a way it refuses. Arrow's own words can hold values of a record and stay out.
fn internal(error: ArrowError) -> SourceError {
    SourceError::new(ErrorKind::Internal, "the rows of an incremental read could not be merged").because(error)
}
