#![doc = include_str!("../README.md")]

mod column;
pub mod config;
mod database;
mod read;
mod span;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

use crate::config::SqliteOptions;
use crate::read::SqliteSource;

/// The `sqlite` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sqlite;

impl Connector for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn about(&self) -> &'static str {
        "Reads tables, views and queries of a SQLite database, read-only and from one snapshot."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("SQLite databases")
    }

    fn example(&self) -> &'static str {
        "connector: sqlite\npath: shop.db\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(SqliteOptions)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: SqliteOptions = request::options(options, context, self.name())?;
        Ok(Box::new(SqliteSource::new(options, context)?))
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["db", "sqlite", "sqlite3"]
    }
}
