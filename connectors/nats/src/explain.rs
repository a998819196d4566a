//! What the server and the network complain about, in a sentence that says who must act.

use std::error::Error as StdError;
use std::io;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{RequestError, RequestErrorKind};
use async_nats::{ConnectError, ConnectErrorKind};
use goldsmith_source::server::Tls;
use goldsmith_source::{ErrorKind, SourceError};

use crate::connect::Connection;
use crate::target::{Login, Target};

const STRANGE: &str = "what answers there does not speak as NATS does; check the host and the port";

/// A connection that was not made.
pub(crate) fn connecting(error: ConnectError, target: &Target) -> SourceError {
    let (kind, message) = match error.kind() {
        ConnectErrorKind::AuthorizationViolation => (ErrorKind::Config, refused(target)),
        ConnectErrorKind::Authentication => {
            let held = target.login.secret().map_or_else(String::new, |secret| format!(" in {}", secret.describe()));
            (
                ErrorKind::Config,
                format!("the key{held} is not the seed of a user's NKey; put one there (it starts with SU)"),
            )
        }
        ConnectErrorKind::ServerParse => {
            (ErrorKind::Config, "option \"servers\" has an entry that is no address; write host:port".to_owned())
        }
        ConnectErrorKind::Dns => (
            ErrorKind::Unavailable,
            "the host cannot be found; check the names in \"servers\" and the network".to_owned(),
        ),
        ConnectErrorKind::TimedOut => timeout(target),
        ConnectErrorKind::Tls | ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => broken(&error, target),
    };
    SourceError::new(kind, message).at(target.locator())
}

fn timeout(target: &Target) -> (ErrorKind, String) {
    let seconds = target.timeout.as_secs();
    let message = format!(
        "did not answer within {seconds} s; check the host, the port and the firewall, or raise \"timeout_seconds\""
    );
    (ErrorKind::Unavailable, message)
}

/// The server wants another login.
fn refused(target: &Target) -> String {
    let Some(secret) = target.login.secret() else {
        return "the server lets nobody in without a login; say with \"password\", \"token\", \"nkey_seed\" or \
                \"credentials\" where one is kept"
            .to_owned();
    };
    let what = match &target.login {
        Login::Password(..) => "user or password; check \"user\" and",
        Login::Token(_) => "token; check",
        Login::NKey(_) => "NKey; check",
        Login::Nobody | Login::Credentials(_) => "credentials; check",
    };
    format!("the server refuses the {what} what is in {}", secret.describe())
}

/// A connection that broke while it was made.
fn broken(error: &ConnectError, target: &Target) -> (ErrorKind, String) {
    if let Some(fault) = find::<rustls::Error>(error) {
        return (ErrorKind::Config, certificate(fault).to_owned());
    }
    let text = chain(error).map(ToString::to_string).collect::<Vec<_>>().join(": ").to_lowercase();
    if text.contains("expected info") || text.contains("invalid server operation") || text.contains("parse") {
        return (ErrorKind::Config, STRANGE.to_owned());
    }
    if text.contains("tls required") || text.contains("secure connection") {
        return (ErrorKind::Config, "the server wants an encrypted connection; take \"tls: disable\" out".to_owned());
    }
    if text.contains("authentication") || text.contains("expired") || text.contains("revoked") {
        return (ErrorKind::Config, refused(target));
    }
    if text.contains("maximum connections") {
        return (ErrorKind::Unavailable, "the server has no free connection; try again later".to_owned());
    }
    let message = match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            "nothing answers at this port; start the server, or correct \"servers\""
        }
        Some(io::ErrorKind::TimedOut) => return timeout(target),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe) => {
            "the connection broke while it was made; try again"
        }
        _ if target.tls == Tls::Verify && error.kind() == ConnectErrorKind::Tls => {
            "the encrypted connection could not be made; ask the server's owner which TLS versions it speaks"
        }
        _ => "the host cannot be reached; check \"servers\" and the network",
    };
    (ErrorKind::Unavailable, message.to_owned())
}

/// Why there is no TLS with this server.
fn certificate(fault: &rustls::Error) -> &'static str {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer};
    match fault {
        rustls::Error::InvalidCertificate(UnknownIssuer) => {
            "the server's certificate is of an authority this machine does not trust; name that authority's certificate \
             with \"root_certificate\""
        }
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "the server's certificate is for another host; write in \"servers\" the name that it is for"
        }
        rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }) => {
            "the server's certificate has expired; ask its owner for a new one"
        }
        rustls::Error::InvalidCertificate(_) => {
            "the server's certificate is not valid; ask its owner for one of version 3 with the host's name in it"
        }
        rustls::Error::InvalidMessage(_) => {
            "the server does not encrypt; let its owner switch TLS on, or write \"tls: disable\" where nobody else is in \
             the network"
        }
        _ => {
            "the encrypted connection could not be made; ask the server's owner which TLS versions and which client \
              certificates it wants"
        }
    }
}

/// A question to JetStream about `place` that went wrong: the server's code where it answered, else what came of
/// asking.
pub(crate) fn asking(
    error: &(dyn StdError + 'static),
    answer: Option<&async_nats::jetstream::Error>,
    connection: &Connection,
    place: &str,
) -> SourceError {
    if let Some(answer) = answer {
        return answered(answer, place);
    }
    // What may not be asked is not answered at all; the complaint about it comes beside.
    if let Some(said) = connection.complaint().filter(|said| said.to_lowercase().contains("permissions violation")) {
        let message = format!(
            "the user may not do what reading takes ({}); let the server's owner grant it what the connector's page lists",
            said.to_lowercase().replace('"', "'")
        );
        return SourceError::config(message).at(place);
    }
    // The client tells it in two ways, and wraps one in its like.
    let nobody = chain(error).any(|fault| {
        let asked = fault.downcast_ref::<RequestError>().map(|fault| fault.kind() == RequestErrorKind::NoResponders);
        let sent = fault
            .downcast_ref::<async_nats::RequestError>()
            .map(|fault| fault.kind() == async_nats::RequestErrorKind::NoResponders);
        asked.or(sent).unwrap_or_default()
    });
    if nobody { no_jetstream(place) } else { went_away(place) }
}

/// What JetStream says no with.
fn answered(answer: &async_nats::jetstream::Error, place: &str) -> SourceError {
    match answer.error_code() {
        ErrorCode::STREAM_NOT_FOUND => {
            SourceError::unavailable(place, "the stream was deleted while it was read; run again")
        }
        ErrorCode::CONSUMER_NOT_FOUND => went_away(place),
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => no_jetstream(place),
        ErrorCode(code @ (10002 | 10003 | 10023 | 10026 | 10047)) => SourceError::unavailable(
            place,
            format!("the server has no room for another reader (code {code}); let its owner raise the limits"),
        ),
        // No subject of the stream is one that was asked for.
        ErrorCode(10093) => {
            SourceError::config("\"subject\" matches no subject of the stream; correct it, or leave it out to read all")
                .at(place)
        }
        ErrorCode(code) => SourceError::unavailable(
            place,
            format!("the server refuses to read it (code {code}); see the server's log"),
        ),
    }
}

fn no_jetstream(place: &str) -> SourceError {
    let message = "there is no JetStream for this user on the server; switch it on there, or correct \"domain\"";
    SourceError::config(message).at(place)
}

/// The connection, the server or the reader there is gone.
pub(crate) fn went_away(place: &str) -> SourceError {
    SourceError::unavailable(place, "the server went away while it was read; nothing of it was used, run again")
}

fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>() {
        // An error of TLS hides inside one of IO, which does not tell it as its source.
        Some(fault) => fault.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => error.source(),
    }
}

fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    chain(error).find_map(|error| error.downcast_ref::<E>())
}
