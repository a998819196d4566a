//! Wrong logins, certificates, permissions and names: one sentence each, with the way out and without a secret.

use std::path::PathBuf;
use std::sync::OnceLock;

use async_nats::jetstream::stream::{Config, RetentionPolicy};
use goldsmith_source::{ErrorKind, SourceError};
use serde_json::{Value, json};

use crate::server::Server;
use crate::{named, open, read, request, shared, stream, with};

const PASSWORD: &str = "hunter2-canary";
/// The seed of RFC 8032's first test, as an NKey.
const NKEY: &str = "SUAJ2YNRTXX72WTAXKCEV5ES5QWMIRCJYVUXWMTJDFYDXLADDSXH6YALCA";

/// A file with a secret.
fn secret(name: &str, text: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, format!("{text}\n")).unwrap();
    json!({ "file": path })
}

fn refusal(options: &Value) -> SourceError {
    let error = open(options).tables().unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    error
}

fn check(options: &Value, kind: ErrorKind, words: &str) {
    let error = refusal(options);
    assert!(error.kind == kind && error.message.contains(words), "{:?} {error}", error.kind);
}

/// A server with users: `ann` may read, `bob` may only ask for one stream.
fn guarded() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let settings = format!(
        "authorization {{ users: [\n\
           {{ user: ann, password: \"{PASSWORD}\" }}\n\
           {{ user: bob, password: \"{PASSWORD}\", permissions: {{ publish: [\"$JS.API.STREAM.INFO.>\", \"$JS.API.STREAM.NAMES\"], subscribe: \"_INBOX.>\" }} }}\n\
           {{ nkey: UDLVVGABQKYQVN6VJP7NHSLEA45A5YLS6PNKMIZFV4BBU2HXA5IRUVAL }}\n\
         ] }}"
    );
    SERVER.get_or_init(|| Server::start("", &settings)).as_ref()
}

#[test]
fn a_wrong_login_is_told_by_what_is_wrong_with_it() {
    let Some(server) = guarded() else { return };
    let options = server.options();
    check(&options, ErrorKind::Config, "lets nobody in without a login; say with \"password\", \"token\"");
    let login = |user: &str, password: &str| {
        with(
            options.clone(),
            json!({"user": user, "password": secret(&format!("nats-password-{}", password.len()), password)}),
        )
    };
    check(
        &login("ann", "wrong-canary"),
        ErrorKind::Config,
        "refuses the user or password; check \"user\" and what is in file",
    );
    let token = with(options.clone(), json!({"token": secret("nats-token", "canary")}));
    check(&token, ErrorKind::Config, "refuses the token; check what is in file");
    let missing = with(options.clone(), json!({"token": {"env": "GOLDSMITH_NO_SUCH_VARIABLE"}}));
    check(&missing, ErrorKind::Config, "environment variable GOLDSMITH_NO_SUCH_VARIABLE is not set");
    let key = with(options.clone(), json!({"nkey_seed": secret("nats-key", "SUcanary")}));
    check(&key, ErrorKind::Config, "is not the seed of a user's NKey");
    let key = with(options.clone(), json!({"nkey_seed": secret("nats-good-key", NKEY)}));
    assert!(open(&key).tables().is_ok());
    let credentials = with(options.clone(), json!({"credentials": secret("nats-creds", "canary")}));
    check(&credentials, ErrorKind::Config, "are not those of a user; put the content of a .creds file there");
    assert!(open(&login("ann", PASSWORD)).tables().is_ok());
}

#[test]
fn a_token_is_a_login() {
    let Some(server) = Server::start("", &format!("authorization {{ token: \"{PASSWORD}\" }}")) else { return };
    check(&server.options(), ErrorKind::Config, "lets nobody in without a login");
    let token = with(server.options(), json!({"token": secret("nats-right-token", PASSWORD)}));
    assert!(open(&token).tables().is_ok());
}

#[test]
fn a_permission_that_lacks_is_named() {
    let Some(server) = guarded() else { return };
    let held = secret("nats-password", PASSWORD);
    let ann = async_nats::ConnectOptions::with_user_and_password("ann".to_owned(), PASSWORD.to_owned());
    crate::admin_with(ann, &server.address(), async |context| {
        let config = Config { subjects: vec!["closed.>".to_owned()], ..named("closed") };
        context.create_stream(config).await.unwrap();
        context.publish("closed.x", "{\"n\":1}".into()).await.unwrap().await.unwrap();
    });
    let bob = with(server.options(), json!({"user": "bob", "password": held, "timeout_seconds": 1}));
    assert_eq!(open(&bob).tables().unwrap(), ["closed"]);
    let error = read(&bob, &request("closed")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.message.contains("consumer.create"), "{error}");
    assert!(error.message.starts_with("the user may not do what reading takes"), "{error}");
}

#[test]
fn names_that_are_not_there_are_told_with_the_nearest() {
    let Some(server) = shared() else { return };
    stream(server, named("customers"), &[]);
    let error = read(&server.options(), &request("custmers")).unwrap_err();
    assert!(error.message == "no table \"custmers\". Did you mean \"customers\"?", "{error}");
    let options = with(server.options(), json!({"stream": "custmers"}));
    let error = read(&options, &request("custmers")).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert_eq!(error.message, "there is no stream \"custmers\". Did you mean \"customers\"?");
}

#[test]
fn reading_takes_nothing_away() {
    let Some(server) = shared() else { return };
    for (name, retention, words) in [
        ("queue", RetentionPolicy::WorkQueue, "is a work queue, so that reading would take its messages away"),
        ("interest", RetentionPolicy::Interest, "is kept only for those who are interested"),
    ] {
        stream(server, Config { retention, ..named(name) }, &[]);
        let error = read(&server.options(), &request(name)).unwrap_err();
        assert!(error.kind == ErrorKind::Config && error.message.contains(words), "{error}");
    }
    stream(server, named("left"), &[("left.x", "{\"n\":1}")]);
    read(&server.options(), &request("left")).unwrap();
    crate::admin(&server.address(), async |context| {
        let state = context.get_stream("left").await.unwrap().cached_info().state.clone();
        assert_eq!((state.messages, state.consumer_count), (1, 0), "nor leaves anything behind");
    });
}

#[test]
fn what_answers_and_is_no_nats_server_with_jetstream_is_told() {
    let Some(server) = shared() else { return };
    let encrypted = with(server.options(), json!({"tls": "verify"}));
    check(&encrypted, ErrorKind::Config, "the server does not encrypt; let its owner switch TLS on");
    let domain = with(server.options(), json!({"domain": "elsewhere"}));
    check(&domain, ErrorKind::Config, "there is no JetStream for this user");
    check(&json!({"servers": ["no-such-host.invalid"]}), ErrorKind::Unavailable, "the host cannot be found");
    check(&json!({"servers": ["127.0.0.1:1"]}), ErrorKind::Unavailable, "nothing answers at this port");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let silent = json!({"servers": [format!("127.0.0.1:{port}")], "timeout_seconds": 1, "tls": "disable"});
    check(&silent, ErrorKind::Unavailable, "did not answer within 1 s");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            drop(std::io::Write::write_all(&mut { stream }, b"SSH-2.0-OpenSSH_9.2\r\n"));
        }
    });
    check(&silent, ErrorKind::Config, "does not speak as NATS does");
}

#[test]
fn certificates_are_checked() {
    let prepare = r#"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=authority"
openssl req -newkey rsa:2048 -nodes -keyout key.pem -out cert.csr -subj "/CN=server"
printf "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n" > ext
openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem
"#;
    let settings = "tls { cert_file: \"./cert.pem\", key_file: \"./key.pem\" }";
    let Some(server) = Server::start(prepare, settings) else { return };
    let options = json!({"servers": [format!("localhost:{}", server.port)]});
    check(
        &options,
        ErrorKind::Config,
        "is of an authority this machine does not trust; name that authority's certificate",
    );
    let trusted = with(options.clone(), json!({"root_certificate": server.folder.join("ca.pem")}));
    assert_eq!(open(&trusted).tables().unwrap(), Vec::<String>::new());
    let other = with(trusted.clone(), json!({"servers": [format!("127.0.0.1:{}", server.port)]}));
    check(&other, ErrorKind::Config, "is for another host");
    let none = with(options, json!({"root_certificate": server.folder.join("server.conf")}));
    check(&none, ErrorKind::Config, "has no certificate in it");
}
