#![doc = include_str!("../README.md")]

pub mod config;
mod connect;
mod explain;
mod log;
mod message;
mod read;
mod target;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};
use serde_json::{Map, Value, json};
use url::Url;

use crate::config::NatsOptions;
use crate::read::NatsSource;

/// The `nats` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nats;

impl Connector for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn about(&self) -> &'static str {
        "Reads the JSON messages of NATS JetStream streams, each read up to a fixed sequence."
    }

    fn example(&self) -> &'static str {
        "connector: nats\nservers: [nats.example.com:4222]\ncredentials:\n  env: NATS_CREDENTIALS\nstream: CUSTOMERS\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(NatsOptions)
    }

    fn open(&self, options: &Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: NatsOptions = request::options(options, context, self.name())?;
        Ok(Box::new(NatsSource::new(options, context)?))
    }

    fn options_for(&self, address: &str) -> Option<Map<String, Value>> {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "nats" | "tls") && url.has_host())?;
        let mut options = Map::new();
        let host = url.host_str()?;
        options.insert("servers".to_owned(), json!([format!("{host}:{}", url.port().unwrap_or(4222))]));
        if url.password().is_some() {
            options.insert("user".to_owned(), json!(url.username()));
            options.insert("password".to_owned(), json!({ "env": "NATS_PASSWORD" }));
        } else if !url.username().is_empty() {
            options.insert("token".to_owned(), json!({ "env": "NATS_TOKEN" }));
        }
        let is_plain = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            matches!(&*name, "tls" | "sslmode") && value == "disable"
        };
        if url.query_pairs().any(is_plain) {
            options.insert("tls".to_owned(), json!("disable"));
        }
        let stream = url.path().trim_matches('/');
        if !stream.is_empty() {
            options.insert("stream".to_owned(), json!(stream));
        }
        Some(options)
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("a NATS 2.9 server, started by its tests")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_options_without_its_secrets() {
        let options = |address: &str| Nats.options_for(address).map(Value::Object);
        assert_eq!(
            options("nats://ann:hunter2@mq.example.com/CUSTOMERS"),
            Some(json!({
                "servers": ["mq.example.com:4222"], "user": "ann", "password": {"env": "NATS_PASSWORD"},
                "stream": "CUSTOMERS",
            }))
        );
        assert_eq!(
            options("tls://t0ken@mq:5222"),
            Some(json!({"servers": ["mq:5222"], "token": {"env": "NATS_TOKEN"}}))
        );
        assert_eq!(options("nats://mq?tls=disable"), Some(json!({"servers": ["mq:4222"], "tls": "disable"})));
        assert_eq!(options("kafka://mq/customers"), None);
    }
}
