//! What is refused, by whom and with which way out; never with a secret.

use std::error::Error as _;
use std::fs;

use goldsmith_source::conformance::collect;
use goldsmith_source::{ErrorKind, ReadRequest};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server, password_file};
use crate::{cells, open, read, request, shared, with};

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
    server.run("mysql", "CREATE DATABASE doors; CREATE USER outsider IDENTIFIED BY 'hunter2-canary'");
    let options = server.options("doors");
    let wrong = tempfile::NamedTempFile::new().unwrap();
    fs::write(wrong.path(), "wrong-hunter2-canary").unwrap();
    let refused = |path: &std::path::Path| {
        format!(
            "HERE: the server refuses the password; check \"user\" and the password in file {}, from which hosts the user may come, and whether it may come unencrypted",
            path.display()
        )
    };
    let nothing = "HERE: nothing answers at this port; start the server, or correct \"host\" and \"port\"";
    let unencrypted = "HERE: the server does not encrypt; let its owner switch TLS on, or write \"tls: disable\" \
                       (?sslmode=disable after an address) where nobody else is in the network";
    let hidden = "HERE: there is no database \"doors\" that the user may read; correct \"database\", or GRANT SELECT ON its \
                  tables to the user";
    let cases = [
        (json!({"port": 1}), ErrorKind::Unavailable, nothing.to_owned()),
        (
            json!({"host": "nowhere.invalid"}),
            ErrorKind::Unavailable,
            "HERE: the host cannot be found or reached; check \"host\" and the network".to_owned(),
        ),
        (
            json!({"host": "/nowhere/socket"}),
            ErrorKind::Unavailable,
            "HERE: there is no such socket; start the server, or correct \"host\"".to_owned(),
        ),
        (
            json!({"database": "shpo"}),
            ErrorKind::Config,
            "HERE: there is no database \"shpo\"; correct \"database\", or create it".to_owned(),
        ),
        (json!({"password": {"file": wrong.path()}}), ErrorKind::Config, refused(wrong.path())),
        (json!({"user": "nobody"}), ErrorKind::Config, refused(&password_file())),
        (json!({"user": "outsider"}), ErrorKind::Config, hidden.to_owned()),
        (
            json!({"password": null}),
            ErrorKind::Config,
            "HERE: the server refuses a login without a password; say with \"password\" where it is kept".to_owned(),
        ),
        (
            json!({"password": {"env": "NO_SUCH_VARIABLE"}}),
            ErrorKind::Config,
            "HERE: environment variable NO_SUCH_VARIABLE is not set, or is not text; set it".to_owned(),
        ),
        (json!({"tls": "verify"}), ErrorKind::Config, unencrypted.to_owned()),
        (
            json!({}),
            ErrorKind::Config,
            "HERE: the database has no table that the user may read; GRANT SELECT, or correct \"database\"".to_owned(),
        ),
    ];
    for (change, kind, expected) in cases {
        assert_eq!(refusal(&with(options.clone(), change.clone()), None), (kind, expected), "{change}");
    }
}

#[test]
fn a_socket_is_a_host() {
    let Some(server) = shared() else { return };
    server.database("inside", "CREATE TABLE t (i int); INSERT INTO t VALUES (1);");
    // The folder of the server is the user's of the server; only one who may enter it can use the socket.
    let options = with(server.options("inside"), json!({"host": server.folder.join("socket"), "tls": "verify"}));
    assert_eq!(cells(&read(&options, "t"), "i"), ["1"]);
    assert_eq!(open(&options).locator(), format!("mysql:{}/inside", server.folder.join("socket").display()));
}

#[test]
fn what_is_no_server_of_this_kind_is_not_waited_for() {
    use std::io::Write as _;
    // One accepts and is silent, the other is a web server.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let web = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = |listener: &std::net::TcpListener| {
        let port = listener.local_addr().unwrap().port();
        json!({"host": "127.0.0.1", "port": port, "database": "d", "user": "u", "connect_timeout_seconds": 1, "tls": "disable"})
    };
    let expected = "HERE: did not answer within 1 s; check the host, the port and the firewall, or raise \
                    \"connect_timeout_seconds\"";
    assert_eq!(refusal(&options(&silent), None), (ErrorKind::Unavailable, expected.to_owned()));
    let asked = options(&web);
    std::thread::spawn(move || {
        for stream in web.incoming().flatten() {
            let mut stream = stream;
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
        }
    });
    let expected = "HERE: what answers there does not speak as MySQL does; check \"host\" and \"port\"";
    assert_eq!(refusal(&asked, None), (ErrorKind::Config, expected.to_owned()));
}

#[test]
fn wrong_queries_are_refused_with_the_mend() {
    let Some(server) = shared() else { return };
    server.database(
        "queries",
        "CREATE TABLE t (id int, name text); INSERT INTO t VALUES (0, 'Müller'); CREATE SEQUENCE s;\nDELIMITER //\n\
         CREATE FUNCTION f() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM t; RETURN 1; END//",
    );
    let writes = "a source is only read, and this writes; use a SELECT";
    let not_select = "is not a SELECT; a source is only read";
    let cases = [
        ("SELECT nme FROM t", "is not valid: Unknown column 'nme' in 'SELECT'; correct the SQL"),
        ("SELECT 1 FROM x", "is not valid: Table 'queries.x' doesn't exist; correct the SQL"),
        ("SELECT nothing(1)", "is not valid: FUNCTION queries.nothing does not exist; correct the SQL"),
        ("DELETE FROM t", writes),
        ("INSERT INTO t VALUES (1, 'x') RETURNING id", writes),
        ("DROP TABLE t", not_select),
        ("SHOW TABLES", not_select),
        ("SELECT * FROM t INTO OUTFILE '/tmp/goldsmith-never'", not_select),
        ("SELECT id FROM t WHERE id = ?", "has a parameter (? or :name); write its value"),
        ("SELECT id FROM t WHERE id = :id", "has a parameter (? or :name); write its value"),
        ("SELECT id FROM t WHERE id = :id OR id = ?", "has a parameter (? or :name); write its value"),
        ("SELECT id, ID FROM t", "gives two columns the name \"ID\"; name one with AS"),
        ("SELECT f()", writes),
        ("SELECT NEXTVAL(s)", writes),
        // The server's own words quote the value.
        ("SELECT EXTRACTVALUE('<a/>', '~Müller')", "the server refuses it (code 1105); correct the SQL"),
        ("SELECT 9223372036854775807 + id + 1 FROM t", "the server refuses it (code 1690); correct the SQL"),
    ];
    for (sql, expected) in cases {
        let options = with(server.options("queries"), json!({"query": sql}));
        let (kind, said) = refusal(&options, None);
        // Versions write the place in capitals or not.
        let said = said.replace("'field list'", "'SELECT'");
        assert_eq!((kind, said), (ErrorKind::Config, format!("HERE, option \"query\": {expected}")), "{sql}");
    }
    for sql in ["SELEC 1", "SELECT 1; SELECT 2", "SELECT 1) AS x; DROP TABLE t; -- "] {
        let (kind, said) = refusal(&with(server.options("queries"), json!({"query": sql})), None);
        assert_eq!(kind, ErrorKind::Config);
        assert!(
            said.starts_with("HERE, option \"query\": is not valid: You have an error in your SQL syntax"),
            "{said}"
        );
    }
    assert_eq!(cells(&read(&server.options("queries"), "t"), "id"), ["0"], "nothing was written");
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
        "CREATE TABLE open (salary int PRIMARY KEY, id int, name text); INSERT INTO open VALUES (9, 1, 'Müller'), (8, 2, ''); \
         CREATE TABLE closed (id int); CREATE TABLE blind (id int); CREATE TABLE gone (id int); \
         CREATE VIEW broken AS SELECT id FROM gone; DROP TABLE gone; \
         CREATE VIEW wrong AS SELECT 9223372036854775807 + id AS i FROM open; \
         CREATE USER reader IDENTIFIED BY 'hunter2-canary'; GRANT SELECT (id, name), INSERT (salary) ON open TO reader; \
         GRANT INSERT ON blind TO reader; GRANT SELECT ON broken TO reader; GRANT SELECT ON wrong TO reader;",
    );
    let options = with(server.options("rights"), json!({"user": "reader"}));
    let source = open(&options);
    assert_eq!(source.tables().unwrap(), ["blind", "broken", "open", "wrong"]);
    let schema = source.schema(Some("open")).unwrap();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["id", "name"], "only what may be read");
    assert_eq!(collect(&*source, &request("open")).unwrap().rows().len(), 2);
    let broken = "HERE, table \"broken\": the view names something that is not there, or that its owner may not read; ask \
                  its owner to mend it";
    let wrong = "HERE, table \"wrong\": a value cannot be computed or converted (code 1690); ask its owner to mend it, or \
                 use \"query\"";
    let cases = [
        ("opne", ErrorKind::Config, "HERE: no table \"opne\". Did you mean \"open\"?"),
        ("broken", ErrorKind::Corrupt, broken),
        ("wrong", ErrorKind::Corrupt, wrong),
    ];
    for (table, kind, expected) in cases {
        assert_eq!(refusal(&options, Some(table)), (kind, expected.to_owned()), "{table}");
    }
    let asked = with(options.clone(), json!({"query": "SELECT * FROM closed"}));
    for (place, (kind, said)) in
        [("table \"blind\"", refusal(&options, Some("blind"))), ("option \"query\"", refusal(&asked, None))]
    {
        assert_eq!(kind, ErrorKind::Config);
        assert!(said.starts_with(&format!("HERE, {place}: SELECT command denied to user 'reader'@")), "{said}");
        assert!(said.ends_with("GRANT SELECT on it to the user of this source"), "{said}");
    }
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
    let settings = ["--ssl-cert=../here.crt", "--ssl-key=../here.key", "--require-secure-transport=ON"];
    // The administrator of the tests does not look at certificates, but the server asks for encryption.
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
        assert_eq!(cells(&read(&with(secure("good.pem"), json!({"host": host})), "t"), "i"), ["1"], "{host}");
    }
    let cipher = with(
        secure("good.pem"),
        json!({"query": "SELECT VARIABLE_VALUE <> '' AS safe FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'"}),
    );
    assert_eq!(cells(&read(&cipher, "query"), "safe"), ["1"]);
    let unknown = "HERE: the server's certificate is of an authority this machine does not trust; name that authority's \
                   certificate with \"root_certificate\"";
    assert_eq!(refusal(&secure("other.pem"), None), (ErrorKind::Config, unknown.to_owned()));
    let machine = with(server.options("safe"), json!({"tls": "verify"}));
    let (kind, said) = refusal(&machine, None);
    assert!(kind == ErrorKind::Config && said.contains("\"root_certificate\""), "{said}");
    let (kind, said) = refusal(&secure("empty.pem"), None);
    let expected = format!(
        "{}: option \"root_certificate\": the file has no certificate in it; it must be in PEM form (BEGIN CERTIFICATE)",
        roots.path().join("empty.pem").display()
    );
    assert_eq!((kind, said), (ErrorKind::Config, expected));
    let (kind, said) = refusal(&server.options("safe"), None);
    assert!(kind == ErrorKind::Config && said.ends_with("and whether it may come unencrypted"), "{said}");
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let settings = ["--ssl-cert=../elsewhere.crt", "--ssl-key=../elsewhere.key"];
    let Some(server) = Server::start(CERTIFICATES, &settings) else { return };
    let root = tempfile::NamedTempFile::new().unwrap();
    fs::copy(server.folder.join("good.pem"), root.path()).unwrap();
    let options = with(server.options("mysql"), json!({"tls": "verify", "root_certificate": root.path()}));
    let expected = "HERE: the server's certificate is for another host; write in \"host\" the name that it is for";
    assert_eq!(refusal(&options, None), (ErrorKind::Config, expected.to_owned()));
}
