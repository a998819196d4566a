//! One connection: TLS, password, patience.

use std::path::Path;
use std::time::Duration;

use goldsmith_source::SourceError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::Tls;
use crate::explain;
use crate::target::Target;

/// How long a server that is gone without a word is waited for while it should be sending.
const SILENCE: Duration = Duration::from_secs(60);

/// How long a closing connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(250);

/// A connection, and the task that speaks for it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    speaker: JoinHandle<()>,
}

impl Connection {
    /// Connects and proves who we are.
    pub(crate) async fn open(target: &Target) -> Result<Self, SourceError> {
        let mut config = Config::new();
        config
            .port(target.port)
            .user(&target.user)
            .dbname(&target.database)
            .application_name("goldsmith")
            .connect_timeout(target.connect_timeout)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE / 4)
            .keepalives_interval(SILENCE / 4)
            .keepalives_retries(3);
        if target.is_socket() {
            config.host_path(&target.host)
        } else {
            config.host(&target.host)
        };
        if let Some(password) = &target.password {
            config.password(password.resolve(&target.base_dir).map_err(|error| error.at(target.locator()))?);
        }
        // The library's own limit is for the first packet alone.
        let connecting = async {
            if target.tls == Tls::Disable || target.is_socket() {
                config.ssl_mode(SslMode::Disable);
                connect(&config, NoTls, target).await
            } else {
                config.ssl_mode(SslMode::Require);
                connect(&config, MakeRustlsConnect::new(tls(target)?), target).await
            }
        };
        let limit = target.connect_timeout;
        tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| Err(explain::timeout(target)))
    }

    /// Says goodbye, if the server listens.
    pub(crate) async fn close(self) {
        let Self { client, speaker } = self;
        drop(client);
        drop(tokio::time::timeout(GOODBYE, speaker).await);
    }
}

async fn connect<T>(config: &Config, tls: T, target: &Target) -> Result<Connection, SourceError>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await.map_err(|error| explain::connecting(error, target))?;
    // What ends the connection shows at the client's next question.
    let speaker = tokio::spawn(async move { drop(connection.await) });
    Ok(Connection { client, speaker })
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
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions
        .map_err(|error| SourceError::new(goldsmith_source::ErrorKind::Internal, "TLS cannot start").because(error))?;
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
