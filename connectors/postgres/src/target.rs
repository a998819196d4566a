//! Options, checked: which server, database and user, and what to call them. No IO happens here.

use std::path::PathBuf;
use std::time::Duration;

use goldsmith_source::secret::Secret;
use goldsmith_source::server::{Server, ServerKind, ServerOptions, Tls};
use goldsmith_source::{OpenContext, SourceError};

use crate::config::PostgresOptions;

const KIND: ServerKind = ServerKind {
    connector: "postgres",
    schemes: &["postgres", "postgresql"],
    port: 5432,
    settings: "\"tls\", \"root_certificate\", \"schema\" and \"connect_timeout_seconds\"",
};

/// Where to connect and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) server: Server,
    pub(crate) password: Option<Secret>,
    pub(crate) tls: Tls,
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) connect_timeout: Duration,
    pub(crate) base_dir: PathBuf,
}

impl Target {
    pub(crate) fn new(options: &PostgresOptions, context: &OpenContext) -> Result<Self, SourceError> {
        let place = format!("source \"{}\"", context.source_name);
        let said = ServerOptions {
            url: options.url.as_deref(),
            host: options.host.as_deref(),
            port: options.port,
            database: options.database.as_deref(),
            user: options.user.as_deref(),
        };
        let server = KIND.server(&said).map_err(|message| SourceError::config(message).at(&place))?;
        let refuse = |message: &str| Err(SourceError::config(message).at(&place));
        if !(1..=16).contains(&options.connections) {
            return refuse("option \"connections\" of connector postgres must be 1 to 16");
        }
        if options.tls == Tls::Disable && options.root_certificate.is_some() {
            return refuse(
                "option \"root_certificate\" of connector postgres does nothing with \"tls: disable\"; remove one of them",
            );
        }
        let secret = options.password.clone().map(|held| held.place("password", "postgres"));
        Ok(Self {
            server,
            password: secret.transpose().map_err(|error| error.at(&place))?,
            tls: options.tls,
            root_certificate: options.root_certificate.as_ref().map(|path| context.base_dir.join(path)),
            connect_timeout: Duration::from_secs(options.connect_timeout_seconds.max(1)),
            base_dir: context.base_dir.clone(),
        })
    }

    /// The address without user and password.
    pub(crate) fn locator(&self) -> String {
        format!("postgres://{}/{}", self.server.authority(), self.server.database)
    }
}

#[cfg(test)]
mod tests {
    use goldsmith_source::request;
    use serde_json::{Value, json};

    use super::*;

    fn target(options: &Value) -> Result<Target, String> {
        let context = OpenContext { source_name: "shop".to_owned(), base_dir: PathBuf::new() };
        let options = request::options(options, &context, "postgres").map_err(|error| error.to_string())?;
        Target::new(&options, &context).map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_is_the_same_as_its_parts() {
        let url = target(&json!({"url": "postgresql://re%40der@db.example.com:6432/my%20shop"})).unwrap();
        let parts = json!({"host": "db.example.com", "port": 6432, "database": "my shop", "user": "re@der"});
        assert_eq!(format!("{url:?}"), format!("{:?}", target(&parts).unwrap()));
        assert_eq!(url.locator(), "postgres://db.example.com:6432/my shop");
        let six = target(&json!({"url": "postgres://u@[::1]/shop"})).unwrap();
        assert_eq!(
            (six.server.host.as_str(), six.server.port, six.locator().as_str()),
            ("::1", 5432, "postgres://[::1]:5432/shop")
        );
    }

    #[test]
    fn wrong_options_are_refused_without_a_secret() {
        let url = "option \"url\" of connector postgres";
        let cases = [
            (
                json!({"url": "postgres://u:hunter2@h/d"}),
                format!(
                    "{url} has a password in it; take it out and name with \"password\" the environment variable or file that holds it"
                ),
            ),
            (
                json!({"url": "mysql://u@h/d"}),
                format!(
                    "{url} does not start with postgres:// or postgresql://; write postgres://user@host:5432/database"
                ),
            ),
            (
                json!({"url": "postgres://u@h/"}),
                format!("{url} lacks a part; write postgres://user@host:5432/database"),
            ),
            (
                json!({"url": "postgres://u@h/d?sslmode=disable"}),
                format!(
                    "{url} has settings after the database; use the options \"tls\", \"root_certificate\", \"schema\" and \"connect_timeout_seconds\""
                ),
            ),
            (
                json!({"url": "postgres://u@h/d", "host": "h"}),
                "options \"url\" and \"host\" of connector postgres say the same twice; remove one".to_owned(),
            ),
            (
                json!({"host": "h", "user": "u"}),
                "option \"database\" of connector postgres is missing; add it, or \"url\" with all of them".to_owned(),
            ),
            (
                json!({"url": "postgres://u@h/d", "connections": 0}),
                "option \"connections\" of connector postgres must be 1 to 16".to_owned(),
            ),
        ];
        for (options, expected) in cases {
            assert_eq!(target(&options).map(|_| ()), Err(format!("source \"shop\": {expected}")), "{options}");
        }
    }
}
