//! Web servers that misbehave. They keep what they were asked, so that what was *not* sent can be asserted too.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use goldsmith_remote::RemoteErrorKind::{Config, Unavailable};

use crate::support::{failure, fetch};

struct Faulty {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Faulty {
    /// Answers the n-th request (from 0), given its head in lower case, with the bytes of `answer`.
    fn start(answer: impl Fn(usize, &str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut head = Vec::new();
                let mut buffer = [0; 1024];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(read) if read > 0 => head.extend_from_slice(&buffer[..read]),
                        _ => break,
                    }
                }
                let head = String::from_utf8(head).unwrap().to_lowercase();
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(head.clone());
                    seen.len() - 1
                };
                drop(stream.write_all(&answer(number, &head)));
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An answer whose headers say it is `length` bytes long, and that has those of `body`.
fn answer(status: &str, headers: &str, length: usize, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", "", body.len(), body)
}

fn body(url: &str) -> String {
    let mut files = fetch(&format!("{url}/a.csv"), &[]).unwrap();
    String::from_utf8(files.pop().unwrap().1).unwrap()
}

const CONTENT: &str = "id,name\n1,Ada\n2,Bo\n";
const RESUMABLE: &str = "etag: \"v1\"\r\naccept-ranges: bytes\r\n";

#[test]
fn what_broke_off_is_resumed_where_the_server_offers_it() {
    let server = Faulty::start(|number, head| match number {
        0 => answer("200 OK", RESUMABLE, CONTENT.len(), &CONTENT[..8]),
        1 => answer("500 Oops", "retry-after: 0\r\n", 0, ""),
        _ => {
            assert!(head.contains("range: bytes=8-\r\n") && head.contains("if-match: \"v1\"\r\n"), "{head}");
            let range = format!("content-range: bytes 8-{}/{}\r\n", CONTENT.len() - 1, CONTENT.len());
            answer("206 Partial Content", &range, CONTENT.len() - 8, &CONTENT[8..])
        }
    });
    assert_eq!(body(&server.url), CONTENT);
    assert_eq!(server.requests().len(), 3);
    assert!(server.requests().iter().all(|head| head.contains("accept-encoding: identity\r\n")));
}

#[test]
fn a_file_that_changed_in_between_is_fetched_anew() {
    let server = Faulty::start(|number, _| match number {
        0 => answer("200 OK", RESUMABLE, CONTENT.len(), &CONTENT[..8]),
        1 => answer("412 Precondition Failed", "", 0, ""),
        _ => ok("id\n9\n"),
    });
    assert_eq!(body(&server.url), "id\n9\n");
    assert!(!server.requests()[2].contains("range:"));
    // A server that sends the whole file again, the rest of another file, another part than was asked for, or less than
    // it says.
    let rest = format!("etag: \"v2\"\r\ncontent-range: bytes 8-{}/{}\r\n", CONTENT.len() - 1, CONTENT.len());
    for second in [
        ok("id\n9\n"),
        answer("206 Partial Content", &rest, CONTENT.len() - 8, &CONTENT[8..]),
        answer("206 Partial Content", "content-range: bytes 0-3/19\r\n", 4, "id\n9"),
        answer("206 Partial Content", "content-range: bytes 8-18/19\r\n", 4, "id\n9"),
    ] {
        let server = Faulty::start(move |number, _| match number {
            0 => answer("200 OK", RESUMABLE, CONTENT.len(), &CONTENT[..8]),
            1 => second.clone(),
            // The whole file, whatever part was asked for.
            _ => ok("id\n9\n"),
        });
        assert_eq!(body(&server.url), "id\n9\n");
    }
}

#[test]
fn a_short_body_is_never_taken_for_the_file() {
    let server = Faulty::start(|_, _| answer("200 OK", "etag: W/\"v1\"\r\naccept-ranges: bytes\r\n", 100, CONTENT));
    let (kind, message) = failure(&format!("{}/a.csv?token=hunter2", server.url), &[]);
    assert_eq!(kind, Unavailable);
    assert!(message.starts_with(&format!("{}/a.csv: broke off its answer (", server.url)), "{message}");
    assert_eq!(server.requests().len(), 5);
    assert!(server.requests().iter().all(|head| !head.contains("range: bytes")), "a weak tag is no promise");
    // Chunks without the last one, which ends the body.
    let server = Faulty::start(|_, _| b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nid\n1\r\n".to_vec());
    assert_eq!(failure(&format!("{}/a.csv", server.url), &[]).0, Unavailable);
}

#[test]
fn a_server_in_trouble_is_asked_again_when_it_says() {
    let server = Faulty::start(|number, _| match number {
        0 => answer("500 Oops", "", 0, ""),
        1 => answer("429 Slow Down", "retry-after: 1\r\n", 0, ""),
        _ => ok(CONTENT),
    });
    let begun = Instant::now();
    assert_eq!(body(&server.url), CONTENT);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let server = Faulty::start(|_, _| answer("503 Closed", "retry-after: 3600\r\n", 0, ""));
    let expected = format!("{}/a.csv: asks to wait 3600 s, which is too long; run again later", server.url);
    assert_eq!(failure(&format!("{}/a.csv", server.url), &[]), (Unavailable, expected));
    assert_eq!(server.requests().len(), 1);
    let server = Faulty::start(|_, _| answer("503 Closed", "", 0, ""));
    let expected = format!("{}/a.csv: answered 503 Service Unavailable 5 times; run again later", server.url);
    assert_eq!(failure(&format!("{}/a.csv", server.url), &[]), (Unavailable, expected));
}

#[test]
fn redirects_are_followed_and_take_nothing_along() {
    let other = Faulty::start(|_, _| ok(CONTENT));
    let target = format!("{}/b.csv", other.url);
    let server = Faulty::start(move |_, _| answer("302 Found", &format!("location: {target}\r\n"), 0, ""));
    let files = fetch(&format!("{}/a.csv?token=hunter2", server.url), &[]).unwrap();
    assert_eq!(
        files,
        [(format!("{}/a.csv", server.url), CONTENT.as_bytes().to_vec())],
        "its name is what was asked for"
    );
    assert!(!other.requests()[0].contains("hunter2") && !other.requests()[0].contains("referer"));
    let server = Faulty::start(|_, _| answer("302 Found", "location: /a.csv\r\n", 0, ""));
    let expected = format!("{}/a.csv: redirects in a circle; correct the address", server.url);
    assert_eq!(failure(&format!("{}/a.csv", server.url), &[]), (Config, expected));
    let server = Faulty::start(|_, _| answer("302 Found", "location: file:///etc/passwd\r\n", 0, ""));
    assert_eq!(failure(&format!("{}/a.csv", server.url), &[]).0, Config);
}

#[test]
fn refusals_say_what_to_mend() {
    let cases = [
        ("403 Forbidden", Config, "may not be read (403 Forbidden); only open or signed addresses can be"),
        ("410 Gone", Unavailable, "there is no such file (410 Gone)"),
        ("418 Teapot", Config, "answered 418 I'm a teapot; check the address"),
        ("204 No Content", Config, "answered 204 No Content; check the address"),
        ("206 Partial Content", Config, "answered 206 Partial Content; check the address"),
    ];
    for (status, expected, words) in cases {
        let server = Faulty::start(move |_, _| answer(status, "", 0, ""));
        let (kind, message) = failure(&format!("{}/a.csv?token=hunter2", server.url), &[]);
        assert_eq!(kind, expected, "{message}");
        assert!(message.starts_with(&format!("{}/a.csv: {words}", server.url)), "{message}");
        assert_eq!(server.requests().len(), 1, "{status}: another try would find the same");
    }
}

#[test]
fn a_host_nobody_answers_at_is_named() {
    let (kind, message) = failure("http://127.0.0.1:1/a.csv?token=hunter2", &[]);
    assert_eq!(kind, Unavailable);
    assert!(message.starts_with("http://127.0.0.1:1/a.csv: cannot be reached ("), "{message}");
}
