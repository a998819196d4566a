//! What is refused, by whom and with which way out; never with a secret.

use std::error::Error as _;
use std::fs;

use goldsmith_source::conformance::collect;
use goldsmith_source::{ErrorKind, ReadRequest};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server};
use crate::{open, request, shared, with};

/// What a read says instead of rows, after its address.
fn refusal(options: &Value, table: Option<&str>) -> (ErrorKind, String) {
    let request = ReadRequest { table: table.map(str::to_owned), ..ReadRequest::default() };
    let source = open(options);
    let error = collect(&*source, &request).map(|_| ()).unwrap_err();
    let (text, debug) = (error.to_string(), format!("{error:?}"));
    let mut cause = error.source();
    let mut causes = String::new();
    while let Some(inner) = cause {
        causes.push_str(&inner.to_string());
        cause = inner.source();
    }
    for said in [&text, &debug, &causes] {
        assert!(!said.contains(PASSWORD) && !said.contains("Müller"), "{said}");
    }
    (error.kind, text.replace(&source.locator(), "HERE"))
}

#[test]
fn wrong_addresses_and_logins_are_told_apart() {
    let Some(server) = shared() else { return };
    server.run(
        "postgres",
        "CREATE DATABASE doors; CREATE ROLE nologin; CREATE ROLE outsider LOGIN PASSWORD 'hunter2-canary'; \
         REVOKE CONNECT ON DATABASE doors FROM public",
    );
    let options = server.options("doors");
    let wrong = server.folder.with_extension("wrong");
    fs::write(&wrong, "wrong-hunter2-canary").unwrap();
    let held = format!("check \"user\" and the password in file {}", crate::server::password_file().display());
    let cases = [
        (json!({"port": 1}), ErrorKind::Unavailable, "HERE: nothing answers at this port; start the server, or correct \"host\" and \"port\"".to_owned()),
        (json!({"host": "nowhere.invalid"}), ErrorKind::Unavailable, "HERE: the host cannot be found or reached; check \"host\" and the network".to_owned()),
        (json!({"host": "/nowhere"}), ErrorKind::Unavailable, "HERE: there is no socket in this folder; start the server, or correct \"host\"".to_owned()),
        (json!({"database": "shpo"}), ErrorKind::Config, "HERE: there is no database \"shpo\"; correct \"database\", or create it".to_owned()),
        (json!({"password": {"file": wrong}}), ErrorKind::Config, format!("HERE: the server refuses the password; check \"user\" and the password in file {}", wrong.display())),
        (json!({"user": "nobody"}), ErrorKind::Config, format!("HERE: the server refuses the password; {held}")),
        (json!({"user": "nologin"}), ErrorKind::Config, format!("HERE: the server refuses the password; {held}")),
        (json!({"user": "outsider"}), ErrorKind::Config, "HERE: the user may not connect; GRANT CONNECT ON DATABASE \"doors\" to it".to_owned()),
        (json!({"password": null}), ErrorKind::Config, "HERE: the server asks for a password; say with \"password\" where it is kept (of an address: in PGPASSWORD)".to_owned()),
        (json!({"password": {"env": "NO_SUCH_VARIABLE"}}), ErrorKind::Config, "HERE: environment variable NO_SUCH_VARIABLE is not set, or is not text; set it".to_owned()),
        (json!({"tls": "verify"}), ErrorKind::Config, "HERE: the server does not encrypt; let its owner switch TLS on, or write \"tls: disable\" (?sslmode=disable after an address) where nobody else is in the network".to_owned()),
    ];
    for (change, kind, expected) in cases {
        assert_eq!(refusal(&with(options.clone(), change.clone()), None), (kind, expected), "{change}");
    }
    fs::remove_file(wrong).unwrap();
}

#[test]
fn a_host_that_says_nothing_is_not_waited_for() {
    // Accepts and is silent.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let options =
        json!({"host": "127.0.0.1", "port": port, "database": "d", "user": "u", "connect_timeout_seconds": 1});
    let expected = "HERE: did not answer within 1 s; check the host, the port and the firewall, or raise \
                    \"connect_timeout_seconds\"";
    let started = std::time::Instant::now();
    assert_eq!(refusal(&options, None), (ErrorKind::Unavailable, expected.to_owned()));
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn wrong_queries_are_refused_with_the_mend() {
    let Some(server) = shared() else { return };
    server.database(
        "queries",
        "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (0, 'Müller'); CREATE SEQUENCE s;",
    );
    let cases = [
        ("SELEC 1", "is not valid at character 1: syntax error at or near \"SELEC\"; correct the SQL"),
        ("SELECT nme FROM t", "is not valid at character 8: column \"nme\" does not exist; correct the SQL"),
        ("SELECT 1 FROM x", "is not valid at character 15: relation \"x\" does not exist; correct the SQL"),
        (
            "SELECT id + name FROM t",
            "is not valid at character 11: operator does not exist: integer + text; correct the SQL",
        ),
        ("DELETE FROM t", "is not a SELECT; a source is only read"),
        ("INSERT INTO t VALUES (1) RETURNING id", "is not a SELECT; a source is only read"),
        ("WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d", "is not a SELECT; a source is only read"),
        ("SHOW ALL", "is not a SELECT; a source is only read"),
        ("SELECT 1; SELECT 2", "has several statements; write one SELECT"),
        ("SELECT id FROM t WHERE id = $1", "has a parameter ($1); write its value"),
        ("SELECT id, id FROM t", "gives two columns the name \"id\"; name one with AS"),
        (
            "SELECT nextval('s')",
            "a source is only read, and this writes (cannot execute nextval() in a read-only transaction); use a SELECT",
        ),
        ("SELECT 1 / id FROM t", "a value cannot be computed (code 22012); correct the SQL, so that it fits every row"),
        (
            "SELECT name::int FROM t",
            "a value cannot be computed (code 22P02); correct the SQL, so that it fits every row",
        ),
        (
            "SELECT 1) TO STDOUT; DROP TABLE t; --",
            "is not valid at character 9: syntax error at or near \")\"; correct the SQL",
        ),
    ];
    for (sql, expected) in cases {
        let options = with(server.options("queries"), json!({"query": sql}));
        let expected = format!("HERE, option \"query\": {expected}");
        assert_eq!(refusal(&options, None), (ErrorKind::Config, expected), "{sql}");
    }
    server.run("queries", "CREATE TABLE query (i int)");
    let options = with(server.options("queries"), json!({"query": "SELECT 1 AS i"}));
    let expected = "HERE: the database has a table \"query\" of its own, the name that the rows of option \"query\" take; \
                    read that table, or the query, in a view of another name";
    assert_eq!(refusal(&options, None), (ErrorKind::Config, expected.to_owned()));
}

#[test]
fn what_may_not_be_read_is_named() {
    let Some(server) = shared() else { return };
    server.database(
        "rights",
        "CREATE TABLE open (id int, name text, salary int); INSERT INTO open VALUES (1, 'Müller', 9); CREATE TABLE closed (id int); \
         CREATE SCHEMA own; CREATE TABLE own.t (id int); CREATE VIEW broken AS SELECT name::int AS i FROM open; \
         CREATE ROLE reader LOGIN PASSWORD 'hunter2-canary'; GRANT SELECT (id, name) ON open TO reader; \
         GRANT SELECT ON own.t, broken TO reader;",
    );
    let options = with(server.options("rights"), json!({"user": "reader"}));
    let source = open(&options);
    assert_eq!(source.tables().unwrap(), ["broken", "open"]);
    let schema = source.schema(Some("open")).unwrap();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name"], "only what may be read");
    assert_eq!(collect(&*source, &request("open")).unwrap().rows().len(), 1);
    let cases = [
        (
            "closed",
            ErrorKind::Config,
            "HERE, table \"closed\": the user may not read it; GRANT SELECT ON \"public\".\"closed\" to it, and USAGE on its schema",
        ),
        (
            "own.t",
            ErrorKind::Config,
            "HERE, table \"own.t\": the user may not read it; GRANT SELECT ON \"own\".\"t\" to it, and USAGE on its schema",
        ),
        ("opne", ErrorKind::Config, "HERE: no table \"opne\". Did you mean \"open\"?"),
        (
            "broken",
            ErrorKind::Corrupt,
            "HERE, table \"broken\": a value cannot be computed or converted (code 22P02); ask its owner to mend it, or use \"query\"",
        ),
    ];
    for (table, kind, expected) in cases {
        assert_eq!(refusal(&options, Some(table)), (kind, expected.to_owned()), "{table}");
    }
    let expected = "HERE: there is no schema \"oen\" with a table the user may read; correct \"schema\", or grant USAGE and SELECT";
    assert_eq!(refusal(&with(options, json!({"schema": "oen"})), None), (ErrorKind::Config, expected.to_owned()));
}

/// Two authorities; certificates of the first for this host and for another.
const CERTIFICATES: &str = r#"
for ca in good other; do
    openssl req -x509 -newkey rsa:2048 -nodes -keyout $ca.key -out $ca.pem -days 2 -subj "/CN=$ca authority"
done
sign() { # name, days, host
    openssl req -newkey rsa:2048 -nodes -keyout $1.key -out $1.csr -subj "/CN=$1"
    printf "subjectAltName=$3\nbasicConstraints=CA:FALSE\n" > $1.ext
    openssl x509 -req -in $1.csr -CA good.pem -CAkey good.key -CAcreateserial -days $2 -extfile $1.ext -out $1.crt
    chmod 600 $1.key
}
sign here 2 DNS:localhost,IP:127.0.0.1
sign elsewhere 2 DNS:db.example.com
printf 'no certificate' > empty.pem
"#;

#[test]
fn certificates_are_checked() {
    let settings = ["-c", "ssl=on", "-c", "ssl_cert_file=../here.crt", "-c", "ssl_key_file=../here.key"];
    let Some(server) = Server::start(CERTIFICATES, &settings) else { return };
    server.database("safe", "CREATE TABLE t (i int); INSERT INTO t VALUES (1);");
    // The folder is the server's own; the root certificates in it are for anybody.
    let roots = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        fs::copy(server.folder.join(name), roots.path().join(name)).unwrap();
        roots.path().join(name)
    };
    let secure = |root: &str| with(server.options("safe"), json!({"tls": "verify", "root_certificate": path(root)}));
    for host in ["localhost", "127.0.0.1"] {
        let source = open(&with(secure("good.pem"), json!({"host": host})));
        assert_eq!(collect(&*source, &request("t")).unwrap().rows().len(), 1, "{host}");
    }
    let unknown = "HERE: the server's certificate is of an authority this machine does not trust; name that authority's \
                   certificate with \"root_certificate\"";
    assert_eq!(refusal(&secure("other.pem"), None), (ErrorKind::Config, unknown.to_owned()));
    let (kind, said) = refusal(&secure("empty.pem"), None);
    let expected = format!(
        "{}: option \"root_certificate\": the file has no certificate in it; it must be in PEM form (BEGIN CERTIFICATE)",
        roots.path().join("empty.pem").display()
    );
    assert_eq!((kind, said), (ErrorKind::Config, expected));
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let settings = ["-c", "ssl=on", "-c", "ssl_cert_file=../elsewhere.crt", "-c", "ssl_key_file=../elsewhere.key"];
    let Some(server) = Server::start(CERTIFICATES, &settings) else { return };
    let root = tempfile::NamedTempFile::new().unwrap();
    fs::copy(server.folder.join("good.pem"), root.path()).unwrap();
    let options = with(server.options("postgres"), json!({"tls": "verify", "root_certificate": root.path()}));
    let expected = "HERE: the server's certificate is for another host; write in \"host\" the name that it is for";
    assert_eq!(refusal(&options, None), (ErrorKind::Config, expected.to_owned()));
}
