//! Reading by increments, held against what the table is.

mod fake;
mod histories;
mod reads;
mod table;
