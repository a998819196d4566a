//! Options, checked: which server, database and user, and what to call them. No IO happens here.

use std::path::PathBuf;
use std::time::Duration;

use goldsmith_source::secret::Secret;
use goldsmith_source::{OpenContext, SourceError};
use url::Url;

use crate::config::{MysqlOptions, Tls};

/// Where to connect and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: Option<Secret>,
    pub(crate) tls: Tls,
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) connect_timeout: Duration,
    pub(crate) base_dir: PathBuf,
}

impl Target {
    pub(crate) fn new(options: &MysqlOptions, context: &OpenContext) -> Result<Self, SourceError> {
        let place = format!("source \"{}\"", context.source_name);
        let address = match &options.url {
            Some(url) => from_url(url, options),
            None => from_parts(options),
        }
        .map_err(|message| SourceError::config(message).at(&place))?;
        let refuse = |message: &str| Err(SourceError::config(message).at(&place));
        if options.tls == Tls::Disable && options.root_certificate.is_some() {
            return refuse(
                "option \"root_certificate\" of connector mysql does nothing with \"tls: disable\"; remove one of them",
            );
        }
        let (host, port, database, user) = address;
        let secret = options.password.clone().map(|held| held.place("password", "mysql"));
        Ok(Self {
            host,
            port,
            database,
            user,
            password: secret.transpose().map_err(|error| error.at(&place))?,
            tls: options.tls,
            root_certificate: options.root_certificate.as_ref().map(|path| context.base_dir.join(path)),
            connect_timeout: Duration::from_secs(options.connect_timeout_seconds.max(1)),
            base_dir: context.base_dir.clone(),
        })
    }

    /// The address without user and password.
    pub(crate) fn locator(&self) -> String {
        if self.is_socket() {
            return format!("mysql:{}/{}", self.host, self.database);
        }
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("mysql://{host}:{}/{}", self.port, self.database)
    }

    /// Whether [`Self::host`] is a Unix socket.
    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

type Address = (String, u16, String, String);

fn from_parts(options: &MysqlOptions) -> Result<Address, String> {
    let needed = |name: &str, value: &Option<String>| match value.as_deref() {
        None | Some("") => {
            Err(format!("option \"{name}\" of connector mysql is missing; add it, or \"url\" with all of them"))
        }
        Some(text) if text.contains('\0') => Err(format!("option \"{name}\" of connector mysql has a NUL character")),
        Some(text) => Ok(text.to_owned()),
    };
    Ok((
        needed("host", &options.host)?,
        options.port.unwrap_or(3306),
        needed("database", &options.database)?,
        needed("user", &options.user)?,
    ))
}

/// The parts of a URL, which may hold no secret: nothing of it is repeated in a complaint.
fn from_url(url: &str, options: &MysqlOptions) -> Result<Address, String> {
    let given = [
        ("host", options.host.is_some()),
        ("port", options.port.is_some()),
        ("database", options.database.is_some()),
        ("user", options.user.is_some()),
    ];
    if let Some((name, _)) = given.iter().find(|(_, given)| *given) {
        return Err(format!("options \"url\" and \"{name}\" of connector mysql say the same twice; remove one"));
    }
    let url = Url::parse(url).map_err(|_| wrong("is not a URL"))?;
    if !matches!(url.scheme(), "mysql" | "mariadb") {
        return Err(wrong("does not start with mysql:// or mariadb://"));
    }
    if url.password().is_some() {
        return Err("option \"url\" of connector mysql has a password in it; take it out and name with \"password\" \
                    the environment variable or file that holds it"
            .to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("option \"url\" of connector mysql has settings after the database; use the options \"tls\", \
                    \"root_certificate\" and \"connect_timeout_seconds\""
            .to_owned());
    }
    let host = url.host_str().map(|host| host.trim_matches(['[', ']'])).unwrap_or_default();
    let part = |text: &str| -> Result<String, String> {
        let text = percent_decoded(text).ok_or_else(|| wrong("has a % that is not an escape"))?;
        if text.is_empty() || text.contains('\0') { Err(wrong("lacks a part")) } else { Ok(text) }
    };
    Ok((part(host)?, url.port().unwrap_or(3306), part(url.path().trim_start_matches('/'))?, part(url.username())?))
}

fn wrong(fault: &str) -> String {
    format!("option \"url\" of connector mysql {fault}; write mysql://user@host:3306/database")
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let value = digit(rest.next())? * 16 + digit(rest.next())?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use goldsmith_source::request;
    use serde_json::{Value, json};

    use super::*;

    fn target(options: &Value) -> Result<Target, String> {
        let context = OpenContext { source_name: "shop".to_owned(), base_dir: PathBuf::new() };
        let options = request::options(options, &context, "mysql").map_err(|error| error.to_string())?;
        Target::new(&options, &context).map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_is_the_same_as_its_parts() {
        let url = target(&json!({"url": "mariadb://re%40der@db.example.com:4306/my%20shop"})).unwrap();
        let parts = json!({"host": "db.example.com", "port": 4306, "database": "my shop", "user": "re@der"});
        assert_eq!(format!("{url:?}"), format!("{:?}", target(&parts).unwrap()));
        assert_eq!(url.locator(), "mysql://db.example.com:4306/my shop");
        let six = target(&json!({"url": "mysql://u@[::1]/shop"})).unwrap();
        assert_eq!((six.host.as_str(), six.port, six.locator().as_str()), ("::1", 3306, "mysql://[::1]:3306/shop"));
    }

    #[test]
    fn wrong_options_are_refused_without_a_secret() {
        let url = "option \"url\" of connector mysql";
        let cases = [
            (
                json!({"url": "mysql://u:hunter2@h/d"}),
                format!(
                    "{url} has a password in it; take it out and name with \"password\" the environment variable or file that holds it"
                ),
            ),
            (
                json!({"url": "postgres://u@h/d"}),
                format!("{url} does not start with mysql:// or mariadb://; write mysql://user@host:3306/database"),
            ),
            (json!({"url": "mysql://u@h/"}), format!("{url} lacks a part; write mysql://user@host:3306/database")),
            (
                json!({"url": "mysql://u@h/d?sslmode=disable"}),
                format!(
                    "{url} has settings after the database; use the options \"tls\", \"root_certificate\" and \"connect_timeout_seconds\""
                ),
            ),
            (
                json!({"url": "mysql://u@h/d", "host": "h"}),
                "options \"url\" and \"host\" of connector mysql say the same twice; remove one".to_owned(),
            ),
            (
                json!({"host": "h", "user": "u"}),
                "option \"database\" of connector mysql is missing; add it, or \"url\" with all of them".to_owned(),
            ),
        ];
        for (options, expected) in cases {
            assert_eq!(target(&options).map(|_| ()), Err(format!("source \"shop\": {expected}")), "{options}");
        }
    }
}
