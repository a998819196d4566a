#![doc = include_str!("../README.md")]

mod answer;
mod client;
pub mod config;
mod credentials;
mod fetch;
mod graphql;
mod list;
mod oauth2;
mod pace;
mod path;
mod plan;
mod presets;
mod read;
mod retry;
mod spool;

use goldsmith_source::{Connector, OpenContext, Source, SourceError, request};

use serde_json::{Map, Value, json};
use url::Url;

use crate::config::RestOptions;
use crate::plan::Plan;
use crate::read::RestSource;

/// The `rest` connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rest;

impl Connector for Rest {
    fn name(&self) -> &'static str {
        "rest"
    }

    fn about(&self) -> &'static str {
        "Reads paginated JSON resources over HTTP, GraphQL among them."
    }

    fn example(&self) -> &'static str {
        "connector: rest\n\
         base_url: https://support.example.com/v2\n\
         auth:\n  bearer:\n    env: SUPPORT_TOKEN\n\
         resources:\n  - path: /contacts\n    records: $.data\n    paginate:\n      cursor:\n        next: $.next\n        param: after\n"
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(RestOptions)
    }

    fn open(&self, options: &serde_json::Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let options: RestOptions = request::options(options, context, self.name())?;
        let plan = Plan::new(options).map_err(|error| error.at(format!("source \"{}\"", context.source_name)))?;
        Ok(Box::new(RestSource::new(plan, context)))
    }

    fn options_for(&self, address: &str) -> Option<Map<String, Value>> {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
        let mut resource = json!({ "path": url.path() });
        let params: Map<String, Value> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect();
        if !params.is_empty() {
            resource["params"] = Value::Object(params);
        }
        let mut options = Map::new();
        options.insert("base_url".to_owned(), Value::String(url.origin().ascii_serialization()));
        options.insert("resources".to_owned(), json!([resource]));
        Some(options)
    }

    fn proven_by(&self) -> Option<&'static str> {
        Some("json-server 0.17, Datasette 0.65")
    }
}
