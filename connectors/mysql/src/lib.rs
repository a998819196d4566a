#![doc = include_str!("../README.md")]

mod column;
pub mod config;
mod connect;
mod explain;
mod plan;
mod read;
mod session;
mod stream;
mod tables;
mod target;
mod types;
mod value;
mod window;

use goldsmith_source::server::take_tls;
use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};
use serde_json::{Map, Value, json};
use url::Url;

use crate::config::MysqlOptions;
use crate::read::MysqlSource;

/// Where the programs of MySQL and MariaDB look for a password.
const PASSWORD: &str = "MYSQL_PWD";

/// The `mysql` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mysql;

impl Connector for Mysql {
    fn name(&self) -> &'static str {
        "mysql"
    }

    fn about(&self) -> &'static str {
        "Reads tables, views and queries of a MySQL or MariaDB database, read-only and from one snapshot."
    }

    fn example(&self) -> &'static str {
        "connector: mysql\nurl: mysql://reader@db.example.com:3306/shop\npassword:\n  env: SHOP_PASSWORD\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(MysqlOptions)
    }

    fn open(&self, options: &Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: MysqlOptions = request::options(options, context, self.name())?;
        Ok(Box::new(MysqlSource::new(options, context)?))
    }

    fn options_for(&self, address: &str) -> Option<Map<String, Value>> {
        let mut url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "mysql" | "mariadb"))?;
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
        Some("a MariaDB 10.11 server, started by its tests")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_options_without_its_password() {
        for plain in ["ssl-mode=DISABLED", "sslMode=disable", "ssl=false"] {
            let options = Mysql.options_for(&format!("mariadb://ann:hunter2@db:3307/shop?{plain}")).expect("options");
            assert_eq!(
                Value::Object(options),
                json!({ "url": "mariadb://ann@db:3307/shop", "password": { "env": "MYSQL_PWD" }, "tls": "disable" })
            );
        }
        let options = Mysql.options_for("mysql://ann:hunter2@db/shop?ssl-mode=REQUIRED").expect("options");
        assert_eq!((options.get("url"), options.get("tls")), (Some(&json!("mysql://ann@db/shop")), None));
        let options = Mysql.options_for("mysql://db/shop?sslmode=bogus&charset=x").expect("options");
        assert_eq!(options.get("url"), Some(&json!("mysql://db/shop?sslmode=bogus&charset=x")), "to be refused");
        assert!(Mysql.options_for("postgres://db/shop").is_none());
    }
}
