//! Servers that end with their test, and what a fetch gave.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use goldsmith_remote::{Address, RemoteError, RemoteErrorKind};

/// A running server.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Server {
    /// Starts `command` and waits until it listens on `port`.
    pub(crate) fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a server");
        let mut server = Self { child, port };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().expect("its state").is_none(), "the server ended at once");
            assert!(Instant::now() < until, "the server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// One request with a body; the status and the body of the answer.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server");
        let host = format!("Host: 127.0.0.1:{}\r\n", self.port);
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Where the program is: what `variable` names, or `program` in PATH or `/usr/sbin`. Where it is nowhere, says so.
pub(crate) fn find(variable: &str, program: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    let found = named.into_iter().chain(folders.iter().map(|folder| folder.join(program))).find(|path| path.is_file());
    if found.is_none() {
        let message = format!("NOT TESTED: {program} is not installed; see the head of crates/remote/tests/it/main.rs");
        assert!(std::env::var_os("REQUIRE_SERVERS").is_none_or(|required| required != "1"), "{message}");
        // Past the capture of the test harness.
        drop(writeln!(std::io::stderr(), "{message}"));
    }
    found
}

/// Names and contents of the files at `address`, fetched with these variables set.
pub(crate) fn fetch(address: &str, variables: &[(&str, &str)]) -> Result<Vec<(String, Vec<u8>)>, RemoteError> {
    let environment =
        |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
    let fetched = Address::parse(address)?.expect("an address").fetch(&environment)?;
    let paths: Vec<PathBuf> = fetched.files().iter().map(|file| file.path.clone()).collect();
    for path in &paths {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600, "only for this user");
        assert_eq!(path.parent().expect("a folder").metadata().expect("it").permissions().mode() & 0o777, 0o700);
    }
    let files = fetched.files().iter().map(|file| (file.name.clone(), std::fs::read(&file.path).expect("a file")));
    let files = files.collect();
    drop(fetched);
    assert!(paths.iter().all(|path| !path.exists()), "gone with their owner");
    Ok(files)
}

/// The names of the files at `address`.
pub(crate) fn names(address: &str, variables: &[(&str, &str)]) -> Vec<String> {
    fetch(address, variables).expect("files").into_iter().map(|(name, _)| name).collect()
}

/// Why nothing was fetched. No canary may show in it or in its causes.
pub(crate) fn failure(address: &str, variables: &[(&str, &str)]) -> (RemoteErrorKind, String) {
    let error = fetch(address, variables).expect_err("an error");
    let said = format!("{error} {error:?}");
    assert!(!said.contains("hunter2") && !said.contains("Signature=") && !said.contains("sig="), "{said}");
    (error.kind, error.to_string())
}
