//! Options, checked: which servers, as whom, and what of a stream. No IO happens here.

use std::path::PathBuf;
use std::time::Duration;

use goldsmith_source::secret::{Secret, SecretRef};
use goldsmith_source::server::Tls;
use goldsmith_source::{OpenContext, SourceError};
use url::Url;

use crate::config::NatsOptions;

/// Where to connect and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// `host:port`, at least one.
    pub(crate) servers: Vec<String>,
    pub(crate) login: Login,
    pub(crate) tls: Tls,
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) domain: Option<String>,
    pub(crate) inbox_prefix: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) base_dir: PathBuf,
}

/// Who we are.
#[derive(Debug, Clone)]
pub(crate) enum Login {
    Nobody,
    Password(String, Secret),
    Token(Secret),
    NKey(Secret),
    Credentials(Secret),
}

impl Login {
    /// Where the secret is kept, never the secret.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Nobody => None,
            Self::Password(_, secret) | Self::Token(secret) | Self::NKey(secret) | Self::Credentials(secret) => {
                Some(secret)
            }
        }
    }
}

impl Target {
    pub(crate) fn new(options: &NatsOptions, context: &OpenContext) -> Result<Self, SourceError> {
        checked(options, context)
            .map_err(|message| SourceError::config(message).at(format!("source \"{}\"", context.source_name)))
    }

    /// The servers, without who we are.
    pub(crate) fn locator(&self) -> String {
        format!("nats://{}", self.servers.join(","))
    }
}

fn checked(options: &NatsOptions, context: &OpenContext) -> Result<Target, String> {
    if options.servers.is_empty() {
        return Err(
            "option \"servers\" of connector nats is empty; name a server, such as nats.example.com:4222".to_owned()
        );
    }
    let servers: Result<Vec<String>, String> = options.servers.iter().map(|server| address(server)).collect();
    if options.tls == Tls::Disable && options.root_certificate.is_some() {
        return Err(
            "option \"root_certificate\" of connector nats does nothing with \"tls: disable\"; remove one of them"
                .to_owned(),
        );
    }
    if options.stream.is_none() {
        for (name, given) in [("subject", options.subject.is_some()), ("columns", options.columns.is_some())] {
            if given {
                return Err(format!("option \"{name}\" of connector nats is of one stream; name it with \"stream\""));
            }
        }
    }
    for (name, value) in [("stream", &options.stream), ("subject", &options.subject)] {
        if let Some(value) = value
            && (value.is_empty()
                || value.contains(char::is_whitespace)
                || (name == "stream" && value.contains(['.', '*', '>'])))
        {
            return Err(format!("option \"{name}\" of connector nats is no name of a {name}; correct it"));
        }
    }
    Ok(Target {
        servers: servers?,
        login: login(options)?,
        tls: options.tls,
        root_certificate: options.root_certificate.as_ref().map(|path| context.base_dir.join(path)),
        domain: options.domain.clone(),
        inbox_prefix: options.inbox_prefix.clone(),
        timeout: Duration::from_secs(options.timeout_seconds.max(1)),
        base_dir: context.base_dir.clone(),
    })
}

/// `host:port` of a server, which may be written as an address. It may hold a secret, so it is not repeated.
fn address(server: &str) -> Result<String, String> {
    let refuse = |fault: &str| format!("option \"servers\" of connector nats {fault}; write host:port");
    let url = if server.contains("://") { server.to_owned() } else { format!("nats://{server}") };
    let url = Url::parse(&url).map_err(|_| refuse("has an entry that is no address"))?;
    if !matches!(url.scheme(), "nats" | "tls") {
        return Err(refuse("has an address that does not start with nats:// or tls://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "option \"servers\" of connector nats has a user, password or token in it; take it out and name with \
                    \"password\" or \"token\" the environment variable or file that holds it"
                .to_owned(),
        );
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| refuse("has an entry without a host"))?;
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("has more than a host and a port in an entry"));
    }
    Ok(format!("{host}:{}", url.port().unwrap_or(4222)))
}

fn login(options: &NatsOptions) -> Result<Login, String> {
    let ways = [
        ("password", &options.password),
        ("token", &options.token),
        ("nkey_seed", &options.nkey_seed),
        ("credentials", &options.credentials),
    ];
    let mut given = ways.into_iter().filter_map(|(name, held)| held.as_ref().map(|held| (name, held)));
    let first = given.next();
    if let (Some((one, _)), Some((other, _))) = (first, given.next()) {
        return Err(format!("options \"{one}\" and \"{other}\" of connector nats are two ways to log in; remove one"));
    }
    let place = |name: &str, held: &SecretRef| held.clone().place(name, "nats").map_err(|error| error.message);
    match (first, &options.user) {
        (None, None) => Ok(Login::Nobody),
        (None, Some(_)) => Err("option \"user\" of connector nats needs \"password\"; say where it is kept".to_owned()),
        (Some(("password", held)), Some(user)) => Ok(Login::Password(user.clone(), place("password", held)?)),
        (Some(("password", _)), None) => {
            Err("option \"password\" of connector nats needs \"user\"; add it, or use \"token\"".to_owned())
        }
        (Some((name, _)), Some(_)) => {
            Err(format!("option \"user\" of connector nats does nothing with \"{name}\"; remove it"))
        }
        (Some((name, held)), None) => {
            let secret = place(name, held)?;
            Ok(match name {
                "token" => Login::Token(secret),
                "nkey_seed" => Login::NKey(secret),
                _ => Login::Credentials(secret),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use goldsmith_source::request;
    use serde_json::{Value, json};

    use super::*;

    fn target(options: &Value) -> Result<Target, String> {
        let context = OpenContext { source_name: "mq".to_owned(), base_dir: PathBuf::new() };
        let options = request::options(options, &context, "nats").map_err(|error| error.to_string())?;
        Target::new(&options, &context).map_err(|error| error.to_string())
    }

    #[test]
    fn servers_are_hosts_and_ports_however_they_are_written() {
        let servers = json!({"servers": ["a", "b:5222", "nats://c/", "tls://[::1]:1"]});
        let target = target(&servers).unwrap();
        assert_eq!(target.locator(), "nats://a:4222,b:5222,c:4222,[::1]:1");
    }

    #[test]
    fn wrong_options_are_refused_without_a_secret() {
        let secret = json!({"env": "X"});
        let cases = [
            (json!({"servers": []}), "\"servers\" of connector nats is empty; name a server"),
            (json!({"servers": ["nats://u:hunter2@h"]}), "has a user, password or token in it; take it out"),
            (json!({"servers": ["hunter2@h"]}), "has a user, password or token in it; take it out"),
            (json!({"servers": ["http://h"]}), "does not start with nats:// or tls://; write host:port"),
            (json!({"servers": ["h/x"]}), "has more than a host and a port in an entry"),
            (json!({"servers": ["h"], "user": "u"}), "\"user\" of connector nats needs \"password\""),
            (json!({"servers": ["h"], "password": secret}), "\"password\" of connector nats needs \"user\""),
            (
                json!({"servers": ["h"], "token": secret, "nkey_seed": secret}),
                "options \"token\" and \"nkey_seed\" of connector nats are two ways to log in; remove one",
            ),
            (json!({"servers": ["h"], "user": "u", "token": secret}), "\"user\" of connector nats does nothing with"),
            (json!({"servers": ["h"], "token": {}}), "option \"token\" of connector nats needs either env"),
            (json!({"servers": ["h"], "subject": "a.>"}), "\"subject\" of connector nats is of one stream"),
            (json!({"servers": ["h"], "stream": "a.b"}), "\"stream\" of connector nats is no name of a stream"),
        ];
        for (options, expected) in cases {
            let error = target(&options).map(|_| ()).unwrap_err();
            assert!(error.contains(expected) && error.starts_with("source \"mq\""), "{options}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
