//! Every connector, once. Documentation, the JSON Schema and the conformance tests follow from this list.

use goldsmith_config::ConnectorSchema;
use goldsmith_source::Connector;

/// All connectors, by name.
pub const CONNECTORS: [&dyn Connector; 15] = [
    &connector_arrow::ArrowIpc,
    &connector_command::Command,
    &connector_csv::Csv,
    &connector_delta::Delta,
    &connector_excel::Excel,
    &connector_fixed_width::FixedWidth,
    &connector_json::Json,
    &connector_mysql::Mysql,
    &connector_nats::Nats,
    &connector_parquet::Parquet,
    &connector_postgres::Postgres,
    &connector_rest::Rest,
    &connector_singer::Singer,
    &connector_sqlite::Sqlite,
    &connector_vcard::VCard,
];

/// The connector called `name`.
#[must_use]
pub fn find(name: &str) -> Option<&'static dyn Connector> {
    CONNECTORS.iter().copied().find(|connector| connector.name() == name)
}

/// What the pipeline file's schema needs to know of the connectors.
#[must_use]
pub fn schemas() -> Vec<ConnectorSchema> {
    CONNECTORS
        .iter()
        .map(|connector| ConnectorSchema {
            name: connector.name().to_owned(),
            about: connector.about().to_owned(),
            options: connector.options_schema(),
        })
        .collect()
}
