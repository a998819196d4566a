//! One connection: TLS, password, patience.

use std::path::Path;
use std::time::Duration;

use goldsmith_source::SourceError;
use goldsmith_source::server::Tls;
use mysql_async::{Conn, Opts, OptsBuilder, SslOpts};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::explain;
use crate::target::Target;

/// After this long without a word, it is asked whether the server is still there.
const SILENCE: Duration = Duration::from_secs(15);

/// How long a closing connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(250);

/// Connects and proves who we are.
pub(crate) async fn open(target: &Target) -> Result<Conn, SourceError> {
    let options = options(target)?;
    let connecting = tokio::time::timeout(target.connect_timeout, Conn::new(options)).await;
    let connected = connecting.map_err(|_| explain::timeout(target))?;
    connected.map_err(|error| explain::connecting(error, target))
}

/// Says goodbye, if the server listens.
pub(crate) async fn close(connection: Conn) {
    drop(tokio::time::timeout(GOODBYE, connection.disconnect()).await);
}

fn options(target: &Target) -> Result<Opts, SourceError> {
    let password = match &target.password {
        Some(held) => Some(held.resolve(&target.base_dir).map_err(|error| error.at(target.locator()))?),
        None => None,
    };
    let mut options = OptsBuilder::default()
        .user(Some(target.server.user.as_str()))
        .pass(password)
        .db_name(Some(target.server.database.as_str()))
        .tcp_keepalive(Some(SILENCE))
        // Else a connection to this machine leaves the one that was asked for, with its TLS, for the socket.
        .prefer_socket(Some(false))
        .connect_attribute("program_name", "goldsmith");
    if target.server.is_socket() {
        return Ok(options.socket(Some(target.server.host.as_str())).into());
    }
    options = options.ip_or_hostname(target.server.host.as_str()).tcp_port(target.server.port);
    if target.tls == Tls::Verify {
        options = options.ssl_opts(tls(target)?);
    }
    Ok(options.into())
}

/// Certificates are checked against one file or what the machine trusts, never not at all.
fn tls(target: &Target) -> Result<SslOpts, SourceError> {
    let roots = match &target.root_certificate {
        Some(path) => read_roots(path)?,
        None => {
            let found = rustls_native_certs::load_native_certs().certs;
            found.into_iter().filter(|root| RootCertStore::empty().add(root.clone()).is_ok()).collect()
        }
    };
    if roots.is_empty() {
        let message = "there is no root certificate to check the server's by; name one with \"root_certificate\"";
        return Err(SourceError::config(message).at(target.locator()));
    }
    // The library takes the provider of the process. One that is there already does as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    let roots = roots.into_iter().map(|root| root.to_vec().into()).collect();
    Ok(SslOpts::default().with_root_certs(roots).with_disable_built_in_roots(true))
}

fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, SourceError> {
    let refuse = |fault: &str| {
        SourceError::config(format!("option \"root_certificate\": {fault}")).at(path.display().to_string())
    };
    let bytes = std::fs::read(path)
        .map_err(|error| refuse("the file cannot be read; correct the path, or grant permission").because(error))?;
    let mut roots = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let sound = certificate.ok().filter(|root| RootCertStore::empty().add(root.clone()).is_ok());
        roots.push(sound.ok_or_else(|| refuse("the file has a certificate that is damaged; ask for a new copy"))?);
    }
    if roots.is_empty() {
        return Err(refuse("the file has no certificate in it; it must be in PEM form (BEGIN CERTIFICATE)"));
    }
    Ok(roots)
}
