//! JSON messages of a log as rows, for every connector whose system is one.
//!
//! A log's message is one JSON object and so one row: its members are columns, after the columns that say where it
//! stands in the log. A message that is no such object is rejected, with that place.
//!
//! | module | idea |
//! |---|---|
//! | [`message`] | what a message tells of itself |
//! | [`shape`] | which columns there are: declared, or found by a sample |
//! | [`rows`] | messages to batches and rejected rows |

pub mod message;
pub mod rows;
pub mod shape;

pub use message::Message;
pub use rows::Rows;
pub use shape::{ColumnType, EmptyMessages, Sample, Shape};
