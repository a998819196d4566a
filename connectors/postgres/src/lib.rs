#![doc = include_str!("../README.md")]

mod column;
pub mod config;
mod connect;
mod copy;
mod explain;
mod gather;
mod numeric;
mod plan;
mod read;
mod rows;
mod session;
mod tables;
mod tap;
mod target;
mod types;

use goldsmith_source::server::take_tls;
use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};
use serde_json::{Map, Value, json};
use url::Url;

use crate::config::PostgresOptions;
use crate::read::PostgresSource;

/// Where the programs of PostgreSQL look for a password.
const PASSWORD: &str = "PGPASSWORD";

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

    fn options_for(&self, address: &str) -> Option<Map<String, Value>> {
        let mut url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "postgres" | "postgresql"))?;
        let mut options = Map::new();
        let is_plain = take_tls(&mut url);
        let needs_password = url.password().is_some() || std::env::var_os(PASSWORD).is_some();
        url.set_password(None).ok()?;
        options.insert("url".to_owned(), Value::String(url.to_string()));
        if needs_password {
            options.insert("password".to_owned(), json!({ "env": PASSWORD }));
        }
        if is_plain {
            options.insert("tls".to_owned(), Value::String("disable".to_owned()));
        }
        Some(options)
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("a PostgreSQL 15 server, started by its tests")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_options_without_its_password() {
        let options = Postgres.options_for("postgresql://ann:hunter2@db:5433/shop?sslmode=disable").expect("options");
        assert_eq!(
            Value::Object(options),
            json!({ "url": "postgresql://ann@db:5433/shop", "password": { "env": "PGPASSWORD" }, "tls": "disable" })
        );
        let options = Postgres.options_for("postgres://ann@db/shop?sslmode=disable&schema=crm").expect("options");
        assert_eq!(options.get("url"), Some(&json!("postgres://ann@db/shop?schema=crm")), "to be refused");
        assert!(Postgres.options_for("https://db/shop").is_none());
    }
}
