//! A server that ends with its test.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server, killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts `command`, which says nothing, and waits until it listens on `port`.
    ///
    /// # Panics
    /// Where it ends at once, or does not listen within two minutes.
    #[must_use]
    pub fn start(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a server");
        let mut server = Self { child, port };
        let until = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().expect("its state").is_none(), "the server ended at once");
            assert!(Instant::now() < until, "the server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// One HTTP request with a body; the status and the body of the answer. `headers` is a line for each, ended by CRLF.
    /// A PUT whose answer is broken off is sent again, as it does the same twice.
    ///
    /// # Panics
    /// Where there is no answer.
    #[must_use]
    pub fn send(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> (u16, String) {
        let host = format!("Host: 127.0.0.1:{}\r\n", self.port);
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        let request = [head.as_bytes(), body].concat();
        let mut answer = self.answer(&request);
        for _ in 0..3 {
            if answer.is_err() && method == "PUT" {
                answer = self.answer(&request);
            }
        }
        let answer = answer.expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
    }

    fn answer(&self, request: &[u8]) -> io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(request)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
