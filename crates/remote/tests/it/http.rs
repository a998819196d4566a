//! A web server that works.

use std::process::Command;

use goldsmith_remote::RemoteErrorKind::{Config, Unavailable};

use goldsmith_test_servers::Server;

use crate::support::{failure, fetch, find};

fn server(folder: &std::path::Path) -> Option<Server> {
    let python = find("PYTHON", "python3")?;
    let port = goldsmith_test_servers::free_port();
    let mut command = Command::new(python);
    command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]).current_dir(folder);
    Some(Server::start(&mut command, port))
}

#[test]
fn files_come_as_they_are_and_missing_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let large: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(folder.path().join("a b.csv.gz"), &large).unwrap();
    std::fs::write(folder.path().join("empty.csv"), b"").unwrap();
    let Some(server) = server(folder.path()) else { return };
    let base = format!("http://127.0.0.1:{}", server.port());
    let files = fetch(&format!("{base}/a%20b.csv.gz?token=hunter2#x"), &[]).unwrap();
    assert_eq!(files, [(format!("{base}/a%20b.csv.gz"), large)]);
    assert_eq!(fetch(&format!("{base}/empty.csv"), &[]).unwrap(), [(format!("{base}/empty.csv"), vec![])]);
    let advice = "there is no such file (404 Not Found); check the address, or whether its system delivers later";
    assert_eq!(
        failure(&format!("{base}/no.csv?token=hunter2"), &[]),
        (Unavailable, format!("{base}/no.csv: {advice}"))
    );
}

#[test]
fn a_certificate_nobody_vouches_for_is_refused_at_once() {
    let Some(python) = find("PYTHON", "python3") else { return };
    let Some(openssl) = find("OPENSSL", "openssl") else { return };
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new(openssl)
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "k.pem",
            "-out",
            "c.pem",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-addext", "subjectAltName=DNS:localhost"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let port = goldsmith_test_servers::free_port();
    let serve = format!(
        "import http.server,ssl\ns=http.server.HTTPServer(('127.0.0.1',{port}),http.server.SimpleHTTPRequestHandler)\n\
         c=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\nc.load_cert_chain('c.pem','k.pem')\n\
         s.socket=c.wrap_socket(s.socket,server_side=True,do_handshake_on_connect=False)\ns.serve_forever()"
    );
    let server = Server::start(Command::new(python).args(["-c", &serve]).current_dir(folder.path()), port);
    let address = format!("https://localhost:{}/c.pem", server.port());
    let begun = std::time::Instant::now();
    let (kind, message) = failure(&address, &[]);
    assert_eq!(kind, Config);
    assert!(message.starts_with(&format!("{address}: has a certificate that is not trusted (")), "{message}");
    assert!(begun.elapsed().as_millis() < 3_000, "another try would find the same");
}
