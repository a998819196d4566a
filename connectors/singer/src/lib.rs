#![doc = include_str!("../README.md")]

mod catalog;
mod column;
mod config;
mod message;
mod read;
mod tap;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

pub use config::{Selection, SingerConfig};

/// Singer taps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Singer;

impl Connector for Singer {
    fn name(&self) -> &'static str {
        "singer"
    }

    fn about(&self) -> &'static str {
        "Runs a Singer tap and reads its streams, one table each."
    }

    fn example(&self) -> &'static str {
        "connector: singer\nprogram: tap-hubspot\nconfig:\n  start_date: \"2020-01-01T00:00:00Z\"\n  access_token:\n    env: HUBSPOT_TOKEN\nstreams: [contacts]\nlog: tap-hubspot.log\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(SingerConfig)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let config: SingerConfig = request::options(options, context, self.name())?;
        config.check().map_err(|error| error.at(format!("source \"{}\"", context.source_name)))?;
        Ok(Box::new(read::SingerSource::new(config, context)))
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("tap-rest-api-msdk 1.4 (singer-sdk 0.54)")
    }
}
