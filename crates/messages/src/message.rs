//! What a message tells of itself.

use arrow::array::ArrayRef;
use arrow::datatypes::Field;

/// A message of a log, with its place there.
pub trait Message: Sized {
    /// The columns of places, such as `_sequence`. All nullable, named with an underscore in front.
    fn columns() -> Vec<Field>;

    /// The values in column `at` of [`Message::columns`], one for each message.
    fn values(at: usize, messages: &[Self]) -> ArrayRef;

    /// Its number in the file that rows are said to come from.
    fn row(&self) -> u64;

    /// Its place in a sentence: `sequence 17`.
    fn place(&self) -> String;

    /// What it holds; empty where it holds nothing.
    fn payload(&self) -> &[u8];
}
