#![doc = include_str!("../README.md")]

mod cards;
mod columns;
mod config;
mod contact;
mod property;
mod read;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

pub use config::VCardConfig;

/// Contacts in vCard files.
#[derive(Debug, Clone, Copy, Default)]
pub struct VCard;

impl Connector for VCard {
    fn name(&self) -> &'static str {
        "vcard"
    }

    fn about(&self) -> &'static str {
        "Reads contacts in vCard files of version 2.1, 3.0 and 4.0."
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("files of vCard 2.1, 3.0 and 4.0")
    }

    fn example(&self) -> &'static str {
        "connector: vcard\npath: contacts/*.vcf\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(VCardConfig)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let config: VCardConfig = request::options(options, context, self.name())?;
        Ok(Box::new(read::VCardSource::new(config, context)))
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &["vcf", "vcard"]
    }
}
