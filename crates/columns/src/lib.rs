//! One Parquet file, written column by column.
//!
//! ```text
//!  columns ──▶ file.rs ──▶ row group ──┬─▶ parquet's own writer: numbers, lists, text with many values
//!                                      └─▶ chunk.rs: text that comes as codes and names ──▶ hybrid.rs
//! ```
//! Parquet's writer hashes every text to find its place in the dictionary of a column. The tables know that place
//! already: a column given as an Arrow dictionary array is written from its codes, at a tenth of the cost, and reads back
//! as the plain text its schema says it is.

mod chunk;
mod encoding;
mod file;
mod hybrid;

pub use encoding::{Compression, Encodings};
pub use file::FileWriter;
