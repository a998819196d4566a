#![doc = include_str!("../README.md")]

mod column;
pub mod config;
mod connect;
mod copy;
mod explain;
mod numeric;
mod plan;
mod read;
mod session;
mod tables;
mod target;
mod types;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

use crate::config::PostgresOptions;
use crate::read::PostgresSource;

/// The `postgres` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Postgres;

impl Connector for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn about(&self) -> &'static str {
        "Reads tables, views and queries of a PostgreSQL database, read-only and from one snapshot."
    }

    fn example(&self) -> &'static str {
        "connector: postgres\nurl: postgres://reader@db.example.com:5432/shop\npassword:\n  env: SHOP_PASSWORD\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(PostgresOptions)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: PostgresOptions = request::options(options, context, self.name())?;
        Ok(Box::new(PostgresSource::new(options, context)?))
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("a PostgreSQL 15 server, started by its tests")
    }
}
