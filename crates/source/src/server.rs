//! Where a server is and how it is spoken to: options that say it in parts or as a URL, checked. No IO happens here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// What tells one kind of database from another.
#[derive(Debug, Clone, Copy)]
pub struct ServerKind {
    /// The connector whose options these are.
    pub connector: &'static str,
    /// What a URL may begin with, the usual one first.
    pub schemes: &'static [&'static str],
    pub port: u16,
    /// The options that stand for what other programs take as settings in a URL, as a list in words.
    pub settings: &'static str,
}

/// Whether a connection is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Encrypted, and the server must prove by its certificate that it is the host of that name.
    #[default]
    Verify,
    /// Not encrypted: whoever is on the way reads the data and can change it. For a network nobody else is in.
    Disable,
}

/// The options as a pipeline file has them.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerOptions<'a> {
    pub url: Option<&'a str>,
    pub host: Option<&'a str>,
    pub port: Option<u16>,
    pub database: Option<&'a str>,
    pub user: Option<&'a str>,
}

/// A server, a database on it, and as whom to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
}

/// Takes what clients call TLS (`sslmode=disable`, `ssl-mode=REQUIRED`, `ssl=false`) off an address and tells whether it
/// is switched off. Other settings stay, and are refused where the address is opened.
pub fn take_tls(url: &mut Url) -> bool {
    let mut is_plain = false;
    let mut others = Vec::new();
    for (name, value) in url.query_pairs() {
        let word = |text: &str| text.to_lowercase().replace(['-', '_'], "");
        match (word(&name).as_str(), word(&value).as_str()) {
            ("sslmode" | "tls", "disable" | "disabled") | ("ssl", "false" | "0") => is_plain = true,
            // Certificates are checked whatever less is asked for.
            ("sslmode", "require" | "required" | "verifyca" | "verifyfull" | "verifyidentity")
            | ("ssl", "true" | "1") => {}
            _ => others.push((name.into_owned(), value.into_owned())),
        }
    }
    url.set_query(None);
    if !others.is_empty() {
        url.query_pairs_mut().extend_pairs(others);
    }
    is_plain
}

impl ServerKind {
    /// The server that the options name.
    ///
    /// # Errors
    /// A sentence about the option at fault. A URL may hold a secret, so nothing of it is repeated.
    pub fn server(&self, options: &ServerOptions<'_>) -> Result<Server, String> {
        match options.url {
            Some(url) => self.server_of_url(url, options),
            None => self.server_of_parts(options),
        }
    }

    fn server_of_parts(&self, options: &ServerOptions<'_>) -> Result<Server, String> {
        let connector = self.connector;
        let needed = |name: &str, value: Option<&str>| match value {
            None | Some("") => Err(format!(
                "option \"{name}\" of connector {connector} is missing; add it, or \"url\" with all of them"
            )),
            Some(text) if text.contains('\0') => {
                Err(format!("option \"{name}\" of connector {connector} has a NUL character"))
            }
            Some(text) => Ok(text.to_owned()),
        };
        Ok(Server {
            host: needed("host", options.host)?,
            port: options.port.unwrap_or(self.port),
            database: needed("database", options.database)?,
            user: needed("user", options.user)?,
        })
    }

    fn server_of_url(&self, url: &str, options: &ServerOptions<'_>) -> Result<Server, String> {
        let connector = self.connector;
        let given = [
            ("host", options.host.is_some()),
            ("port", options.port.is_some()),
            ("database", options.database.is_some()),
            ("user", options.user.is_some()),
        ];
        if let Some((name, _)) = given.iter().find(|(_, given)| *given) {
            return Err(format!(
                "options \"url\" and \"{name}\" of connector {connector} say the same twice; remove one"
            ));
        }
        let url = Url::parse(url).map_err(|_| self.wrong("is not a URL"))?;
        if !self.schemes.contains(&url.scheme()) {
            let schemes: Vec<String> = self.schemes.iter().map(|scheme| format!("{scheme}://")).collect();
            return Err(self.wrong(&format!("does not start with {}", schemes.join(" or "))));
        }
        if url.password().is_some() {
            return Err(format!(
                "option \"url\" of connector {connector} has a password in it; take it out and name with \"password\" the environment variable or file that holds it"
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!(
                "option \"url\" of connector {connector} has settings after the database; use the options {}",
                self.settings
            ));
        }
        let host = url.host_str().map(|host| host.trim_matches(['[', ']'])).unwrap_or_default();
        let part = |text: &str| -> Result<String, String> {
            let text = percent_decoded(text).ok_or_else(|| self.wrong("has a % that is not an escape"))?;
            if text.is_empty() || text.contains('\0') { Err(self.wrong("lacks a part")) } else { Ok(text) }
        };
        Ok(Server {
            host: part(host)?,
            port: url.port().unwrap_or(self.port),
            database: part(url.path().trim_start_matches('/'))?,
            user: part(url.username())?,
        })
    }

    fn wrong(&self, fault: &str) -> String {
        let scheme = self.schemes.first().copied().unwrap_or_default();
        format!(
            "option \"url\" of connector {} {fault}; write {scheme}://user@host:{}/database",
            self.connector, self.port
        )
    }
}

impl Server {
    /// The host as a URL has it, with brackets around an address of numbers and colons, and the port.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    /// Whether the host is a path: that of a Unix socket, or of its folder.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
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
