//! What the server and the network complain about, in a sentence that says who must act.
//!
//! A server's message may quote a value (`Incorrect date value: '…'`), so only messages about names, permissions and
//! syntax are passed on; of the others the code is told.

use std::io;

use goldsmith_source::server::Tls;
use goldsmith_source::{ErrorKind, SourceError};
use mysql_async::{DriverError, Error, IoError, ServerError, TlsError};

use crate::target::Target;

/// The host was there and did not get on, or was not there.
pub(crate) fn timeout(target: &Target) -> SourceError {
    let message = format!(
        "did not answer within {} s; check the host, the port and the firewall, or raise \"connect_timeout_seconds\"",
        target.connect_timeout.as_secs()
    );
    SourceError::unavailable(target.locator(), message)
}

/// A connection that was not made.
pub(crate) fn connecting(error: Error, target: &Target) -> SourceError {
    let (kind, message) = match &error {
        Error::Server(refusal) => refused(refusal, target),
        Error::Driver(fault) => driver(fault),
        Error::Io(IoError::Tls(fault)) => (ErrorKind::Config, certificate(tls_inner(fault)).to_owned()),
        Error::Io(IoError::Io(fault)) => {
            match fault.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner) => (ErrorKind::Config, certificate(Some(inner)).to_owned()),
                None if fault.kind() == io::ErrorKind::TimedOut => return timeout(target),
                // The library's own complaint about what it was sent.
                None if fault.kind() == io::ErrorKind::Other => (ErrorKind::Config, STRANGE.to_owned()),
                None => (ErrorKind::Unavailable, network(fault.kind(), target).to_owned()),
            }
        }
        Error::Other(_) | Error::Url(_) => (ErrorKind::Unavailable, BROKE.to_owned()),
    };
    because(SourceError::new(kind, message).at(target.locator()), error)
}

const STRANGE: &str = "what answers there does not speak as MySQL does; check \"host\" and \"port\"";
const BROKE: &str = "the connection broke while it was made; try again";

/// The network's own words are kept. The server's may quote a value, and the library's a whole packet.
fn because(said: SourceError, error: Error) -> SourceError {
    match error {
        Error::Io(fault) => said.because(fault),
        _ => said,
    }
}

fn network(kind: io::ErrorKind, target: &Target) -> &'static str {
    match kind {
        io::ErrorKind::NotFound if target.server.is_socket() => {
            "there is no such socket; start the server, or correct \"host\""
        }
        io::ErrorKind::PermissionDenied if target.server.is_socket() => {
            "the socket may not be opened; grant permission to its folder, or name a host"
        }
        io::ErrorKind::ConnectionRefused => {
            "nothing answers at this port; start the server, or correct \"host\" and \"port\""
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => BROKE,
        _ => "the host cannot be found or reached; check \"host\" and the network",
    }
}

fn driver(fault: &DriverError) -> (ErrorKind, String) {
    let message = match fault {
        DriverError::NoClientSslFlagFromServer => {
            "the server does not encrypt; let its owner switch TLS on, or write \"tls: disable\" (?sslmode=disable \
             after an address) where nobody else is in the network"
        }
        DriverError::UnknownAuthPlugin { .. }
        | DriverError::CleartextPluginDisabled
        | DriverError::MysqlOldPasswordDisabled => {
            "the server wants a kind of login that is not supported; ask its owner for one by \
             mysql_native_password or caching_sha2_password"
        }
        DriverError::PacketOutOfOrder
        | DriverError::UnexpectedPacket { .. }
        | DriverError::CantParseServerVersion { .. } => STRANGE,
        _ => return (ErrorKind::Unavailable, BROKE.to_owned()),
    };
    (ErrorKind::Config, message.to_owned())
}

/// What a server says no with.
fn refused(refusal: &ServerError, target: &Target) -> (ErrorKind, String) {
    let held = target.password.as_ref().map_or_else(
        || "say with \"password\" where it is kept".to_owned(),
        |secret| format!("check \"user\" and the password in {}", secret.describe()),
    );
    // A user who may only come encrypted is told so in no other words.
    let unencrypted = match target.tls {
        Tls::Disable => ", and whether it may come unencrypted",
        Tls::Verify => "",
    };
    let database = &target.server.database;
    let (kind, message) = match refusal.code {
        1045 | 1698 if target.password.is_none() => {
            (ErrorKind::Config, format!("the server refuses a login without a password; {held}"))
        }
        1045 | 1698 => (
            ErrorKind::Config,
            format!("the server refuses the password; {held}, from which hosts the user may come{unencrypted}"),
        ),
        1049 => (ErrorKind::Config, format!("there is no database \"{database}\"; correct \"database\", or create it")),
        1044 => (
            ErrorKind::Config,
            format!(
                "there is no database \"{database}\" that the user may read; correct \"database\", or GRANT SELECT ON \
                 its tables to the user"
            ),
        ),
        1130 => (
            ErrorKind::Config,
            "the server lets nobody in from this machine; ask its owner for a user of this host".to_owned(),
        ),
        1129 => (
            ErrorKind::Config,
            "the server has locked this machine out after too many failures; ask its owner for FLUSH HOSTS".to_owned(),
        ),
        1820 | 1862 => {
            (ErrorKind::Config, "the user's password has expired; ask the server's owner for a new one".to_owned())
        }
        3118 | 4151 => (ErrorKind::Config, "the user is locked; ask the server's owner to unlock it".to_owned()),
        3159 => (ErrorKind::Config, "the server wants an encrypted connection; take \"tls: disable\" out".to_owned()),
        1040 | 1203 | 1226 => {
            (ErrorKind::Unavailable, "the server has no free connection for this user; try again later".to_owned())
        }
        1053 => (ErrorKind::Unavailable, "the server is shutting down; try again".to_owned()),
        code => (ErrorKind::Unavailable, format!("the server refuses the connection (code {code}); see its log")),
    };
    (kind, message)
}

fn tls_inner(fault: &TlsError) -> Option<&rustls::Error> {
    match fault {
        TlsError::Tls(inner) => Some(inner),
        _ => None,
    }
}

/// Why there is no TLS with this server.
fn certificate(fault: Option<&rustls::Error>) -> &'static str {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer};
    match fault {
        Some(rustls::Error::InvalidCertificate(UnknownIssuer)) => {
            "the server's certificate is of an authority this machine does not trust; name that authority's \
             certificate with \"root_certificate\""
        }
        Some(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
            "the server's certificate is for another host; write in \"host\" the name that it is for"
        }
        Some(rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. })) => {
            "the server's certificate has expired; ask its owner for a new one"
        }
        Some(rustls::Error::InvalidCertificate(_)) => {
            "the server's certificate is not valid; ask its owner for one of version 3 with the host's name in it"
        }
        _ => "the encrypted connection could not be made; ask the server's owner which TLS versions it speaks",
    }
}

/// A question that went wrong at `place`. `query` says whether the statement is the user's own.
pub(crate) fn asking(error: Error, place: &str, query: bool) -> SourceError {
    let Error::Server(refusal) = &error else {
        let message = "the server went away while it was read; nothing of it was used, run again";
        return because(SourceError::unavailable(place, message), error);
    };
    let said = &refusal.message;
    let (kind, message) = match refusal.code {
        // Syntax; an unknown table, column, function or variable; ambiguous names; wrong arguments and groups.
        1064 | 1146 | 1051 | 1054 | 1305 | 1193 | 1052 | 1060 | 1055 | 1056 | 1111 | 1140 | 1222 | 1241 | 1242
        | 1247 | 1248 | 1267 | 1582 | 1583 | 1630 | 1066 | 1128 | 1327 | 1580
            if query =>
        {
            (ErrorKind::Config, format!("is not valid: {said}; correct the SQL"))
        }
        1054 | 1146 | 1412 => (ErrorKind::Unavailable, format!("it was changed while it was read ({said}); run again")),
        1044 | 1142 | 1143 | 1227 | 1370 => {
            (ErrorKind::Config, format!("{said}; GRANT SELECT on it to the user of this source"))
        }
        1356 | 1449 => (
            ErrorKind::Corrupt,
            "the view names something that is not there, or that its owner may not read; ask its owner to mend it"
                .to_owned(),
        ),
        1290 | 1792 | 1836 => (ErrorKind::Config, "a source is only read, and this writes; use a SELECT".to_owned()),
        1205 | 1213 => (
            ErrorKind::Unavailable,
            "is locked by another program (waited 10 s); run again when that is done".to_owned(),
        ),
        1317 | 1969 | 3024 => (
            ErrorKind::Unavailable,
            "the server ended the statement, by its time limit or by hand; raise the limit for this user".to_owned(),
        ),
        // Index files and pages that are damaged.
        126 | 127 | 144 | 145 | 1034 | 1035 | 1194 | 1195 | 1712 | 1877 => (
            ErrorKind::Corrupt,
            format!("the server found its own data damaged (code {}); ask its owner to mend it", refusal.code),
        ),
        // Out of memory, disk or threads; shutting down; killed; the network.
        3 | 28 | 1021 | 1030 | 1037 | 1038 | 1041 | 1053 | 1114 | 1135 | 1152 | 1153 | 1158..=1161 | 1927 | 4031 => (
            ErrorKind::Unavailable,
            format!("the server could not go on (code {}); nothing of it was used, run again", refusal.code),
        ),
        code if query => (ErrorKind::Config, format!("the server refuses it (code {code}); correct the SQL")),
        // A number too large, a division by zero, a value that is not of its type: in a view.
        code @ (1264 | 1292 | 1365 | 1366 | 1411 | 1690 | 3140 | 3141) => (
            ErrorKind::Corrupt,
            format!(
                "a value cannot be computed or converted (code {code}); ask its owner to mend it, or use \"query\""
            ),
        ),
        code => (ErrorKind::Corrupt, format!("the server refuses to read it (code {code}); see the server's log")),
    };
    SourceError::new(kind, message).at(place)
}
