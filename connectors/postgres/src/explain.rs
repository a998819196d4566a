//! What the server and the network complain about, in a sentence that says who must act.
//!
//! A server's message may quote a value (`invalid input syntax for type integer: "…"`), so only messages about names,
//! permissions and syntax are passed on; of the others the code is told.

use std::error::Error as _;
use std::io;

use goldsmith_source::{ErrorKind, SourceError};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition};

use crate::target::Target;

/// The host was there and did not get on, or was not there.
pub(crate) fn timeout(target: &Target) -> SourceError {
    let message = format!(
        "did not answer within {} s; check the host, the port and the firewall, or raise \"connect_timeout_seconds\"",
        target.connect_timeout.as_secs()
    );
    SourceError::unavailable(target.locator(), message)
}

/// A server that was not reached.
pub(crate) fn unreachable(error: io::Error, target: &Target) -> SourceError {
    let message = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing answers at this port; start the server, or correct \"host\" and \"port\""
        }
        io::ErrorKind::TimedOut => return timeout(target),
        io::ErrorKind::NotFound if target.server.is_socket() => {
            "there is no socket in this folder; start the server, or correct \"host\""
        }
        _ => "the host cannot be found or reached; check \"host\" and the network",
    };
    SourceError::unavailable(target.locator(), message).because(error)
}

/// A server that does not let in.
pub(crate) fn connecting(error: Error, target: &Target) -> SourceError {
    let place = target.locator();
    if let Some(refusal) = error.as_db_error() {
        let (kind, message) = refused(refusal, target);
        return SourceError::new(kind, message).at(place);
    }
    let (kind, message) = match (tls_fault(&error), error.to_string()) {
        (Some(message), _) => (ErrorKind::Config, message),
        (_, text) if text.contains("configuration") => {
            let message = match &target.password {
                None => {
                    "the server asks for a password; say with \"password\" where it is kept (of an address: in PGPASSWORD)"
                }
                Some(_) => "the server wants another kind of login than a password; ask its owner for one by password",
            };
            (ErrorKind::Config, message.to_owned())
        }
        (_, text) if text.contains("authentication") => {
            (ErrorKind::Config, "the server could not prove that it knows the password; check \"host\"".to_owned())
        }
        _ => (ErrorKind::Unavailable, "the connection broke while it was made; try again".to_owned()),
    };
    SourceError::new(kind, message).at(place).because(error)
}

/// What a server says no with.
fn refused(refusal: &DbError, target: &Target) -> (ErrorKind, String) {
    let held = target.password.as_ref().map_or_else(
        || "say with \"password\" where it is kept".to_owned(),
        |secret| format!("check \"user\" and the password in {}", secret.describe()),
    );
    match refusal.code().code() {
        "28P01" => (ErrorKind::Config, format!("the server refuses the password; {held}")),
        // The message names the role, the address and the entry that is missing, and nothing else.
        "28000" => (ErrorKind::Config, format!("the server refuses the login; {held}, and what pg_hba.conf allows")),
        "3D000" => (
            ErrorKind::Config,
            format!("there is no database \"{}\"; correct \"database\", or create it", target.server.database),
        ),
        "42501" => (
            ErrorKind::Config,
            format!("the user may not connect; GRANT CONNECT ON DATABASE \"{}\" to it", target.server.database),
        ),
        "53300" => (ErrorKind::Unavailable, "the server has no free connection; try again later".to_owned()),
        "57P03" => (ErrorKind::Unavailable, "the server is starting up or shutting down; try again".to_owned()),
        code => (ErrorKind::Unavailable, format!("the server refuses the connection (code {code}); see its log")),
    }
}

/// Why there is no TLS with this server.
fn tls_fault(error: &Error) -> Option<String> {
    if !error.to_string().contains("TLS") {
        return None;
    }
    let cause = error.source()?;
    let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let fault = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer};
    let message = match fault {
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
        _ if cause.to_string().contains("does not support") => {
            "the server does not encrypt; let its owner switch TLS on, or write \"tls: disable\" (?sslmode=disable \
             after an address) where nobody else is in the network"
        }
        _ => "the encrypted connection could not be made; ask the server's owner which TLS versions it speaks",
    };
    Some(message.to_owned())
}

/// A question that went wrong at `place`. `query` says whether the statement is the user's own.
pub(crate) fn asking(error: Error, place: &str, query: bool) -> SourceError {
    let Some(refusal) = error.as_db_error() else {
        let message = "the server went away while it was read; nothing of it was used, run again";
        return SourceError::unavailable(place, message).because(error);
    };
    let said = refusal.message();
    let code = refusal.code().code();
    let (kind, message) = match code {
        // The code of a wrong statement; of a table, of a view and of what it calls.
        "42601" | "42703" | "42P01" | "42883" | "42702" | "42P10" | "42803" | "42804" | "42725" | "42P02" | "3F000"
        | "42704" | "42P09" | "42846"
            if query =>
        {
            let at = match refusal.position() {
                Some(ErrorPosition::Original(position)) => format!(" at character {position}"),
                _ => String::new(),
            };
            (ErrorKind::Config, format!("is not valid{at}: {said}; correct the SQL"))
        }
        "42P01" | "42703" | "3F000" => {
            (ErrorKind::Unavailable, format!("it was changed while it was read ({said}); run again"))
        }
        "42501" => (ErrorKind::Config, format!("{said}; GRANT SELECT on it to the user of this source")),
        "25006" => (ErrorKind::Config, format!("a source is only read, and this writes ({said}); use a SELECT")),
        "55P03" => (
            ErrorKind::Unavailable,
            "is locked by another program (waited 10 s); run again when that is done".to_owned(),
        ),
        "57014" => (
            ErrorKind::Unavailable,
            "the server ended the statement, by its statement_timeout or by hand; raise the timeout for this user"
                .to_owned(),
        ),
        "40001" => (
            ErrorKind::Unavailable,
            "the replica had to change rows that were being read; run again, or set hot_standby_feedback".to_owned(),
        ),
        "XX001" | "XX002" => (
            ErrorKind::Corrupt,
            format!("the server found its own data damaged (code {code}); ask its owner to mend it"),
        ),
        _ if code.starts_with("22") && query => (
            ErrorKind::Config,
            format!("a value cannot be computed (code {code}); correct the SQL, so that it fits every row"),
        ),
        _ if code.starts_with("22") => (
            ErrorKind::Corrupt,
            format!(
                "a value cannot be computed or converted (code {code}); ask its owner to mend it, or use \"query\""
            ),
        ),
        _ if ["08", "53", "57", "58", "40", "55"].iter().any(|class| code.starts_with(class)) => (
            ErrorKind::Unavailable,
            format!("the server could not go on (code {code}); nothing of it was used, run again"),
        ),
        _ if query => (ErrorKind::Config, format!("the server refuses it (code {code}); correct the SQL")),
        _ => (ErrorKind::Corrupt, format!("the server refuses to read it (code {code}); see the server's log")),
    };
    SourceError::new(kind, message).at(place)
}
