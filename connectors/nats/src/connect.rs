//! One connection on a thread of its own: TLS, login, patience.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{ConnectOptions, Event, ServerAddr, ServerError};
use goldsmith_source::server::Tls;
use goldsmith_source::worker::Worker;
use goldsmith_source::{ErrorKind, SourceError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::explain;
use crate::target::{Login, Target};

/// After this long without a question the connection is closed. Nobody answers the server's pings meanwhile, of which
/// it bears two minutes.
const IDLE: Duration = Duration::from_secs(60);

/// A connection on a thread of its own.
pub(crate) type Session = Worker<Connection>;

/// A connection, and what the server complained about last.
pub(crate) struct Connection {
    pub(crate) jetstream: Context,
    pub(crate) target: Target,
    complaint: Arc<Mutex<Option<String>>>,
}

impl Connection {
    /// What the server said no to since the last time, in its own words.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The longest message the server takes, in bytes.
    pub(crate) fn max_payload(&self) -> usize {
        self.jetstream.client().server_info().max_payload
    }
}

/// Connects and proves who we are.
pub(crate) fn begin(target: &Target) -> Result<Session, SourceError> {
    let target = target.clone();
    Worker::start(IDLE, move |runtime| runtime.block_on(open(target)), |_, connection| drop(connection))
}

async fn open(target: Target) -> Result<Connection, SourceError> {
    let servers: Result<Vec<ServerAddr>, _> = target.servers.iter().map(|server| server.parse()).collect();
    let servers = servers.map_err(|error: std::io::Error| {
        SourceError::config("option \"servers\" has an entry that is no address; write host:port")
            .at(target.locator())
            .because(error)
    })?;
    let complaint: Arc<Mutex<Option<String>>> = Arc::default();
    let heard = Arc::clone(&complaint);
    let mut options = login(&target)?
        .name("goldsmith")
        .connection_timeout(target.timeout)
        .request_timeout(Some(target.timeout))
        .retain_servers_order()
        // A connection that is lost takes its reader along, so the read fails; each server is tried once, or a
        // question would wait for ever.
        .max_reconnects(servers.len())
        .event_callback(move |event| {
            if let Event::ServerError(ServerError::Other(words)) = event {
                *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
            }
            async {}
        });
    if let Some(prefix) = &target.inbox_prefix {
        options = options.custom_inbox_prefix(prefix);
    }
    if target.tls == Tls::Verify {
        options = options.require_tls(true).tls_client_config(tls(&target)?);
    }
    let connecting = options.connect(servers).await;
    let client = connecting.map_err(|error| explain::connecting(error, &target))?;
    let mut jetstream = match &target.domain {
        Some(domain) => ContextBuilder::new().domain(domain).build(client),
        None => async_nats::jetstream::new(client),
    };
    jetstream.set_timeout(target.timeout);
    Ok(Connection { jetstream, target, complaint })
}

fn login(target: &Target) -> Result<ConnectOptions, SourceError> {
    let held = target.login.secret().map(|secret| secret.resolve(&target.base_dir)).transpose();
    let held = held.map_err(|error| error.at(target.locator()))?.unwrap_or_default();
    let options = ConnectOptions::new();
    Ok(match &target.login {
        Login::Nobody => options,
        Login::Password(user, _) => options.user_and_password(user.clone(), held),
        Login::Token(_) => options.token(held),
        Login::NKey(_) => options.nkey(held),
        // The library's own words may quote what it was given.
        Login::Credentials(secret) => options.credentials(&held).map_err(|_| {
            let message = format!(
                "the credentials in {} are not those of a user; put the content of a .creds file there",
                secret.describe()
            );
            SourceError::config(message).at(target.locator())
        })?,
    })
}

/// Certificates are checked against one file or what the machine trusts, never not at all.
fn tls(target: &Target) -> Result<ClientConfig, SourceError> {
    let mut roots = RootCertStore::empty();
    match &target.root_certificate {
        Some(path) => read_roots(path, &mut roots)?,
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if roots.is_empty() {
        let message = "there is no root certificate to check the server's by; name one with \"root_certificate\"";
        return Err(SourceError::config(message).at(target.locator()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| SourceError::new(ErrorKind::Internal, "TLS cannot start").because(error))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn read_roots(path: &Path, roots: &mut RootCertStore) -> Result<(), SourceError> {
    let refuse = |fault: &str| {
        SourceError::config(format!("option \"root_certificate\": {fault}")).at(path.display().to_string())
    };
    let bytes = std::fs::read(path)
        .map_err(|error| refuse("the file cannot be read; correct the path, or grant permission").because(error))?;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let added = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
        added.ok_or_else(|| refuse("the file has a certificate that is damaged; ask for a new copy"))?;
    }
    if roots.is_empty() {
        return Err(refuse("the file has no certificate in it; it must be in PEM form (BEGIN CERTIFICATE)"));
    }
    Ok(())
}
