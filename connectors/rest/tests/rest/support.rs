//! A small service on a socket. It keeps what it was asked, so that what was *not* sent can be asserted too.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use connector_rest::Rest;
use goldsmith_source::conformance::{Collected, collect};
use goldsmith_source::{Connector, ErrorKind, OpenContext, ReadRequest, Source, SourceError};
use serde_json::{Value, json};

pub(crate) struct Service {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Answers the n-th request (from 0), given its head and body, with these bytes.
    pub(crate) fn start(answer: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_raw(move |number, request, stream| drop(stream.write_all(&answer(number, request))))
    }

    /// Lets `answer` do with the connection as it likes. Each has a thread of its own.
    pub(crate) fn start_raw(answer: impl Fn(usize, &str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, answer, seen) = (stream.unwrap(), answer.clone(), seen.clone());
                std::thread::spawn(move || {
                    let request = receive(&mut stream);
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    answer(number, &request, &mut stream);
                });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The targets asked for, in order.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.requests().iter().map(|head| target(head).to_owned()).collect()
    }
}

/// Head and body of one request.
fn receive(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "content-length").map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return text.into_owned();
            }
        }
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&buffer[..read]),
            _ => return String::from_utf8(bytes).unwrap(),
        }
    }
}

pub(crate) fn target(request: &str) -> &str {
    request.split(' ').nth(1).unwrap_or_default()
}

/// The value of a header of a request.
pub(crate) fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = request.split("\r\n").take_while(|line| !line.is_empty());
    lines.find_map(|line| {
        line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

pub(crate) fn body(request: &str) -> &str {
    request.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The value of a query parameter of a request, as it was sent.
pub(crate) fn param<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let pairs = target(request).split_once('?')?.1.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next()
}

pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
        .into_bytes()
}

pub(crate) fn ok(body: &Value) -> Vec<u8> {
    answer("200 OK", &[("content-type", "application/json")], &body.to_string())
}

/// A source of the one resource `contacts`, whose rows are at `$.data`.
pub(crate) fn options(service: &Service, paginate: &Value) -> Value {
    json!({
        "base_url": service.url,
        "resources": [{ "path": "/contacts", "records": "$.data", "paginate": paginate }]
    })
}

pub(crate) fn open(options: &Value) -> Result<Box<dyn Source>, SourceError> {
    Rest.open(options, &OpenContext { source_name: "support".to_owned(), base_dir: std::env::temp_dir() })
}

pub(crate) fn read(options: &Value) -> Result<Collected, SourceError> {
    collect(&*open(options)?, &ReadRequest::default())
}

pub(crate) fn read_table(source: &dyn Source, table: &str) -> Result<Collected, SourceError> {
    collect(source, &ReadRequest { table: Some(table.to_owned()), ..ReadRequest::default() })
}

pub(crate) fn error(options: &Value) -> (ErrorKind, String) {
    let error = read(options).unwrap_err();
    (error.kind, error.to_string())
}

/// The values of the first column.
pub(crate) fn ids(collected: &Collected) -> Vec<i64> {
    collected
        .chunks
        .iter()
        .flat_map(|chunk| chunk.batch.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect()
}

/// All rows as JSON, with the names of the columns.
pub(crate) fn shown(collected: &Collected) -> Value {
    let mut rows = Vec::new();
    for chunk in &collected.chunks {
        let mut writer = arrow::json::ArrayWriter::new(Vec::new());
        writer.write(&chunk.batch).unwrap();
        writer.finish().unwrap();
        let text = String::from_utf8(writer.into_inner()).unwrap();
        rows.extend(serde_json::from_str::<Vec<Value>>(&text).unwrap());
    }
    Value::Array(rows)
}

/// Rows `from..to` of a list of seven.
pub(crate) fn rows(from: usize, to: usize) -> Value {
    (from..to.min(7)).map(|id| json!({ "id": id })).collect()
}

/// A folder with a secret in the file `secret`, and the path of that.
pub(crate) fn secret(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}
