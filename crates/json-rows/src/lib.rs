//! JSON objects as Arrow columns, for every connector whose rows are JSON.
//!
//! A row goes through twice: [`Members::widen`] finds types that hold every value of every row, and then
//! [`Table::push`] builds columns of them. Between the two the rows lie wherever the connector keeps them, so no
//! more than a batch has to be in memory.
//!
//! | module | idea |
//! |---|---|
//! | [`mod@parse`] | JSON text to a tree that borrows from it, numbers as written |
//! | [`infer`] | what the values of each member have in common |
//! | [`build`] | rows to Arrow columns |
//! | [`mod@time`] | dates and times in the text of values |
//!
//! Columns may also be declared ([`Members::declared`]); then [`Members::misfit`] finds the rows that do not fit them.

pub mod build;
mod declared;
pub mod infer;
pub mod parse;
pub mod time;

pub use build::{Changed, Table};
pub use infer::{Kind, MAX_COLUMNS, Members};
pub use parse::{MAX_DEPTH, Node, Object, ParseError, parse, render};
