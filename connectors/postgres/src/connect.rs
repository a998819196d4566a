//! One connection: TLS, password, patience.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use goldsmith_source::SourceError;
use goldsmith_source::server::Tls;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::explain;
use crate::gather::Gather;
use crate::rows::Rows;
use crate::tap::{Outlet, Tap, TapTls};
use crate::target::Target;

/// How long a server that is gone without a word is waited for while it should be sending.
const SILENCE: Duration = Duration::from_secs(60);

/// How long a closing connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(250);

/// A connection, and the task that speaks for it.
pub(crate) struct Connection {
    pub(crate) client: Client,
    outlet: Outlet,
    speaker: JoinHandle<()>,
}

impl Connection {
    /// Connects and proves who we are.
    pub(crate) async fn open(target: &Target) -> Result<Self, SourceError> {
        let mut config = Config::new();
        config.user(&target.server.user).dbname(&target.server.database).application_name("goldsmith");
        if let Some(password) = &target.password {
            config.password(password.resolve(&target.base_dir).map_err(|error| error.at(target.locator()))?);
        }
        let connecting = connect(config, target);
        tokio::time::timeout(target.connect_timeout, connecting).await.unwrap_or_else(|_| Err(explain::timeout(target)))
    }

    /// Has `rows` take what is copied from now on; with `None`, takes back those that did.
    pub(crate) fn tap(&self, rows: Option<Rows>) -> Option<Rows> {
        std::mem::replace(&mut *self.outlet.lock().unwrap_or_else(PoisonError::into_inner), rows)
    }

    /// Says goodbye, if the server listens.
    pub(crate) async fn close(self) {
        let Self { client, speaker, .. } = self;
        drop(client);
        drop(tokio::time::timeout(GOODBYE, speaker).await);
    }
}

async fn connect(mut config: Config, target: &Target) -> Result<Connection, SourceError> {
    let outlet = Outlet::default();
    let unreachable = |error| explain::unreachable(error, target);
    if target.server.is_socket() {
        let path = Path::new(&target.server.host).join(format!(".s.PGSQL.{}", target.server.port));
        let stream = UnixStream::connect(path).await.map_err(unreachable)?;
        config.ssl_mode(SslMode::Disable);
        let stream = Gather { socket: stream, outlet: Arc::clone(&outlet) };
        return log_in(Tap::new(stream, Arc::clone(&outlet)), NoTls, &config, outlet, target).await;
    }
    let stream = TcpStream::connect((target.server.host.as_str(), target.server.port)).await.map_err(unreachable)?;
    be_patient(&stream).map_err(unreachable)?;
    let stream = Gather { socket: stream, outlet: Arc::clone(&outlet) };
    if target.tls == Tls::Disable {
        config.ssl_mode(SslMode::Disable);
        return log_in(Tap::new(stream, Arc::clone(&outlet)), NoTls, &config, outlet, target).await;
    }
    config.ssl_mode(SslMode::Require);
    let mut tls = MakeRustlsConnect::new(tls(target)?);
    let Ok(tls) = MakeTlsConnect::<Gather<TcpStream>>::make_tls_connect(&mut tls, &target.server.host);
    log_in(stream, TapTls { tls, outlet: Arc::clone(&outlet) }, &config, outlet, target).await
}

/// How long a silent server is waited for.
fn be_patient(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENCE))?;
    let alive = TcpKeepalive::new().with_time(SILENCE / 4).with_interval(SILENCE / 4).with_retries(3);
    socket.set_tcp_keepalive(&alive)
}

async fn log_in<S, T>(
    stream: S,
    tls: T,
    config: &Config,
    outlet: Outlet,
    target: &Target,
) -> Result<Connection, SourceError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsConnect<S>,
    T::Stream: Send + 'static,
{
    let connected = config.connect_raw(stream, tls).await;
    let (client, connection) = connected.map_err(|error| explain::connecting(error, target))?;
    // What ends the connection shows at the client's next question.
    let speaker = tokio::spawn(async move { drop(connection.await) });
    Ok(Connection { client, outlet, speaker })
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
