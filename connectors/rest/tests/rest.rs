//! The conformance battery against a small service, and services that misbehave. The service counts what it was
//! asked, so that what was *not* sent can be asserted too.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use connector_rest::Rest;
use goldsmith_source::conformance::{Collected, ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::{Connector, ErrorKind, OpenContext, ReadRequest, Source, SourceError};
use serde_json::{Value, json};

struct Service {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// Answers the n-th request (from 0), given its head, with the bytes of `answer`.
    fn start(answer: impl Fn(usize, &str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut buffer = [0; 1024];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(read) if read > 0 => head.extend_from_slice(&buffer[..read]),
                        _ => break,
                    }
                }
                let head = String::from_utf8(head).unwrap();
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

    /// The targets asked for, in order.
    fn targets(&self) -> Vec<String> {
        self.requests().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect()
    }
}

fn answer(status: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
        .into_bytes()
}

fn ok(body: &Value) -> Vec<u8> {
    answer("200 OK", &[("content-type", "application/json")], &body.to_string())
}

/// The value of a query parameter of the request with this head.
fn param<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let target = head.split(' ').nth(1)?;
    let pairs = target.split_once('?')?.1.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next()
}

fn options(service: &Service, paginate: &Value) -> Value {
    json!({ "base_url": service.url, "resource": { "path": "/contacts", "records": "$.data", "paginate": paginate } })
}

fn open(options: &Value) -> Result<Box<dyn Source>, SourceError> {
    Rest.open(options, &OpenContext { source_name: "support".to_owned(), base_dir: std::env::temp_dir() })
}

fn read(options: &Value) -> Result<Collected, SourceError> {
    collect(&*open(options)?, &ReadRequest::default())
}

fn error(options: &Value) -> (ErrorKind, String) {
    let error = read(options).unwrap_err();
    (error.kind, error.to_string())
}

fn ids(collected: &Collected) -> Vec<i64> {
    collected
        .chunks
        .iter()
        .flat_map(|chunk| chunk.batch.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect()
}

/// Rows `from..to` of a list of seven.
fn rows(from: usize, to: usize) -> Value {
    (from..to.min(7)).map(|id| json!({ "id": id })).collect()
}

#[test]
fn keeps_the_contract() {
    let page = |next: Option<&str>, data: Value| ok(&json!({ "data": data, "next": next }));
    let service = Service::start(move |_, head| match param(head, "after") {
        None => page(Some("b"), json!([{ "id": 1, "contact": { "mail": "a@x", "fax": null } }, "hunter2"])),
        Some(_) => page(None, json!([{ "id": 2, "contact": null }, { "contact": { "mail": "c@x" }, "id": 3 }])),
    });
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("token"), "t0p-secret\n").unwrap();
    let mut options = options(&service, &json!({ "cursor": { "next": "$.next", "param": "after" } }));
    options["auth"] = json!({ "bearer": { "file": "token" } });
    options["headers"] = json!({ "X-Version": 2 });
    let mails: ArrayRef = Arc::new(StringArray::from(vec![Some("a@x"), None, Some("c@x")]));
    let faxes: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; 3]));
    let fields = vec![Field::new("mail", DataType::Utf8, true), Field::new("fax", DataType::Utf8, true)];
    let contact = StructArray::new(fields.clone().into(), vec![mails, faxes], Some(vec![true, false, true].into()));
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("contact", DataType::Struct(fields.into()), true),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1, 2, 3])), Arc::new(contact)];
    let mut missing = options.clone();
    // A port nobody listens on.
    missing["base_url"] = json!("http://127.0.0.1:1");
    let fixture = Fixture {
        connector: &Rest,
        options,
        base_dir: secret.path().to_owned(),
        table: Some("contacts".to_owned()),
        expected: RecordBatch::try_new(Arc::new(schema), columns).unwrap(),
        rejected: vec![ExpectedReject {
            file: "contacts".to_owned(),
            row: 2,
            rule: "not_an_object".to_owned(),
            raw: b"\"hunter2\"".to_vec(),
        }],
        files: vec![ExpectedFile { name: "contacts".to_owned(), rows: 4, path: None }],
        missing: Some(missing),
        canaries: vec!["t0p-secret".to_owned()],
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let requests = service.requests();
    assert!(requests.iter().all(|head| head.contains("authorization: Bearer t0p-secret\r\n")));
    assert!(requests.iter().all(|head| head.contains("x-version: 2\r\n")));
}

#[test]
fn what_the_schema_needed_serves_the_read() {
    let service = Service::start(|_, _| ok(&json!({ "data": rows(0, 7) })));
    let source = open(&options(&service, &json!("none"))).unwrap();
    assert_eq!(source.schema(None).unwrap().fields().len(), 1);
    assert_eq!(ids(&collect(&*source, &ReadRequest::default()).unwrap()).len(), 7);
    assert_eq!(service.requests().len(), 1);
    collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(service.requests().len(), 2, "a second read asks again");
}

#[test]
fn pages_are_counted_until_an_empty_one() {
    let service = Service::start(|_, head| {
        let page: usize = param(head, "page").unwrap().parse().unwrap();
        ok(&json!({ "data": rows(page * 3, page * 3 + 3) }))
    });
    let paginate = json!({ "page": { "param": "page", "start": 0, "size_param": "per_page", "size": 100 } });
    assert_eq!(ids(&read(&options(&service, &paginate)).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
    let expected: Vec<String> = (0..4).map(|page| format!("/contacts?per_page=100&page={page}")).collect();
    let sorted = |target: &String| target.contains("per_page=100") && target.contains("page=");
    assert_eq!(service.targets().len(), expected.len());
    assert!(service.targets().iter().all(sorted), "{:?}", service.targets());
}

#[test]
fn offsets_go_by_what_came() {
    // Asked for five rows, the service gives two.
    let service = Service::start(|_, head| {
        let offset: usize = param(head, "skip").unwrap().parse().unwrap();
        ok(&json!({ "data": rows(offset, offset + 2) }))
    });
    let paginate = json!({ "offset": { "param": "skip", "size_param": "top", "size": 5 } });
    assert_eq!(ids(&read(&options(&service, &paginate)).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn links_in_header_and_body_are_followed() {
    let in_header = Service::start(|number, _| {
        let link = format!("</contacts?from={}>; rel=\"next\"", number * 4 + 4);
        let headers: &[(&str, &str)] = if number == 0 { &[("link", &link)] } else { &[] };
        answer("200 OK", headers, &json!({ "data": rows(number * 4, number * 4 + 4) }).to_string())
    });
    assert_eq!(ids(&read(&options(&in_header, &json!("link_header"))).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(in_header.targets(), ["/contacts", "/contacts?from=4"]);
    let in_body = Service::start(|number, _| {
        let next = if number == 0 { json!("contacts?from=4") } else { Value::Null };
        ok(&json!({ "data": rows(number * 4, number * 4 + 4), "@odata.nextLink": next }))
    });
    let paginate = json!({ "next_url": { "path": "$['@odata.nextLink']" } });
    assert_eq!(ids(&read(&options(&in_body, &paginate)).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(in_body.targets(), ["/contacts", "/contacts?from=4"]);
}

#[test]
fn transient_faults_are_tried_again() {
    let whole = json!({ "data": rows(0, 7) }).to_string();
    let cut = whole[..20].to_owned();
    let faults: Vec<(&str, Vec<u8>)> = vec![
        ("an internal error", answer("500 Internal Server Error", &[], "")),
        ("a wrong length", {
            let mut cut = answer("200 OK", &[], &whole);
            cut.truncate(cut.len() - 30);
            cut
        }),
        ("JSON that ends early", answer("200 OK", &[], &cut)),
        ("a closed connection", Vec::new()),
    ];
    for (name, fault) in faults {
        let good = answer("200 OK", &[], &whole);
        let service = Service::start(move |number, _| if number < 2 { fault.clone() } else { good.clone() });
        let collected = read(&options(&service, &json!("none"))).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(ids(&collected), [0, 1, 2, 3, 4, 5, 6], "{name}");
    }
}

#[test]
fn patience_is_shown_as_asked() {
    let http_date = |seconds: u64| {
        // Days of one month are enough for the test: the date is told by the clock's own day count.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds;
        let (days, clock) = (now / 86_400, now % 86_400);
        let (mut year, mut left) = (1970, days);
        let length = |year: u64| {
            if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) { 366 } else { 365 }
        };
        while left >= length(year) {
            left -= length(year);
            year += 1;
        }
        let lengths = [31, length(year) - 337, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while left >= lengths[month] {
            left -= lengths[month];
            month += 1;
        }
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        format!("Mon, {:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT", left + 1, names[month])
    };
    for by_date in [false, true] {
        let asked = if by_date { http_date(3) } else { "1".to_owned() };
        let service = Service::start(move |number, _| match number {
            0 => answer("429 Too Many Requests", &[("retry-after", &asked)], ""),
            _ => ok(&json!({ "data": rows(0, 7) })),
        });
        let start = Instant::now();
        assert_eq!(ids(&read(&options(&service, &json!("none"))).unwrap()).len(), 7);
        assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
    }
    let service = Service::start(|_, _| answer("503 Service Unavailable", &[("retry-after", "3600")], ""));
    let expected = format!(
        "{}/contacts: asks to wait 3600 s, and \"limits.max_wait_seconds\" is 120; run again later",
        service.url
    );
    assert_eq!(error(&options(&service, &json!("none"))), (ErrorKind::Unavailable, expected));
}

#[test]
fn five_tries_are_the_most() {
    let service = Service::start(|_, _| answer("502 Bad Gateway", &[], "<html>busy</html>"));
    let expected = format!("{}/contacts: answered 502 Bad Gateway 5 times; run again later", service.url);
    assert_eq!(error(&options(&service, &json!("none"))), (ErrorKind::Unavailable, expected));
    assert_eq!(service.requests().len(), 5);
}

#[test]
fn refused_credentials_name_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "s3cret-token").unwrap();
    let path = path.to_str().unwrap();
    let kinds = [
        (json!({ "bearer": { "file": path } }), "authorization: Bearer s3cret-token"),
        (
            json!({ "basic": { "user": "me", "password": { "file": path } } }),
            "authorization: Basic bWU6czNjcmV0LXRva2Vu",
        ),
        (json!({ "api_key": { "header": "X-Api-Key", "file": path } }), "x-api-key: s3cret-token"),
    ];
    for (auth, sent) in kinds {
        // A service that repeats the credentials in its answer.
        let service = Service::start(|_, head| answer("401 Unauthorized", &[], head));
        let mut options = options(&service, &json!("none"));
        options["auth"] = auth;
        let error = read(&options).unwrap_err();
        let expected = format!(
            "{}/contacts: answered 401 Unauthorized; check the credentials in file {path} and what they may read",
            service.url
        );
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Config, expected));
        assert!(!format!("{error:?}").contains("s3cret"));
        assert_eq!(service.requests().len(), 1, "a refusal is final");
        assert!(service.requests()[0].contains(sent), "{:?}", service.requests());
    }
}

#[test]
fn nothing_is_sent_to_another_host() {
    for kind in ["redirect", "link", "body"] {
        let other = Service::start(|_, _| ok(&json!({ "data": [] })));
        let elsewhere = format!("{}/contacts?stolen=1", other.url);
        let target = elsewhere.clone();
        let service = Service::start(move |_, _| match kind {
            "redirect" => answer("302 Found", &[("location", &target)], ""),
            "link" => answer("200 OK", &[("link", &format!("<{target}>; rel=\"next\""))], "{\"data\": []}"),
            _ => ok(&json!({ "data": rows(0, 2), "next": target })),
        });
        let paginate = if kind == "body" { json!({ "next_url": { "path": "$.next" } }) } else { json!("link_header") };
        let verb = if kind == "redirect" { "redirects" } else { "links its next page" };
        let expected = format!(
            "{}/contacts: {verb} to {}, outside the configured {}; nothing was sent there; correct \"base_url\" if that is \
             right",
            service.url, other.url, service.url
        );
        assert_eq!(error(&options(&service, &paginate)), (ErrorKind::Config, expected), "{kind}");
        assert_eq!(other.requests(), Vec::<String>::new(), "{kind}");
    }
}

#[test]
fn redirects_within_the_origin_are_followed() {
    let service = Service::start(|_, head| {
        if head.starts_with("GET /contacts ") {
            answer("308 Permanent Redirect", &[("location", "/v2/contacts")], "")
        } else {
            ok(&json!({ "data": rows(0, 7) }))
        }
    });
    assert_eq!(ids(&read(&options(&service, &json!("none"))).unwrap()).len(), 7);
    let circle = Service::start(|_, _| answer("302 Found", &[("location", "/contacts")], ""));
    let expected = format!("{}/contacts: redirects in a circle; correct the address", circle.url);
    assert_eq!(error(&options(&circle, &json!("none"))), (ErrorKind::Config, expected));
}

#[test]
fn lists_without_end_are_noticed() {
    let service = Service::start(|_, _| ok(&json!({ "data": rows(0, 2), "next": "again" })));
    let expected = format!(
        "{}/contacts: names a next page that was read before, so the list would never end; tell the service's owner",
        service.url
    );
    let cursor = json!({ "cursor": { "next": "$.next", "param": "after" } });
    assert_eq!(error(&options(&service, &cursor)), (ErrorKind::Corrupt, expected));
    let expected = format!(
        "{}/contacts: gives the same page again, so it does not know the parameter of \"resource.paginate\"; correct it",
        service.url
    );
    assert_eq!(error(&options(&service, &json!({ "page": { "param": "seite" } }))), (ErrorKind::Config, expected));
    let endless = Service::start(|number, _| ok(&json!({ "data": [{ "id": number }] })));
    let mut options = options(&endless, &json!({ "page": { "param": "page" } }));
    options["limits"] = json!({ "max_pages": 3 });
    let expected =
        format!("{}/contacts: has more than 3 pages; ask for larger ones, or raise \"limits.max_pages\"", endless.url);
    assert_eq!(error(&options), (ErrorKind::Config, expected));
}

#[test]
fn answers_that_are_no_rows_are_corrupt() {
    let cases: [(&[u8], ErrorKind, &str); 5] = [
        (
            &answer("200 OK", &[("content-type", "text/html; charset=utf-8")], "please log in"),
            ErrorKind::Corrupt,
            "answers with a web page instead of JSON, as a login page or a proxy does; check \"base_url\", \"resource.path\" \
             and \"auth\"",
        ),
        (
            &answer("200 OK", &[], "{\"data\": [{\"id\": 1}"),
            ErrorKind::Corrupt,
            "answers with JSON that ends early, after 19 bytes; tell its owner",
        ),
        (
            &answer("200 OK", &[], "{\"data\": nope}"),
            ErrorKind::Corrupt,
            "answers with something that is not JSON (line 1, column 11); check \"resource.path\"",
        ),
        (
            &answer("200 OK", &[], "{\"items\": []}"),
            ErrorKind::Corrupt,
            "has nothing where \"resource.records\" points, not a list of rows; correct the path",
        ),
        (
            &answer("404 Not Found", &[], ""),
            ErrorKind::Config,
            "answered 404 Not Found; check \"base_url\" and \"resource.path\"",
        ),
    ];
    for (bytes, kind, message) in cases {
        let bytes = bytes.to_vec();
        let service = Service::start(move |_, _| bytes.clone());
        assert_eq!(error(&options(&service, &json!("none"))), (kind, format!("{}/contacts: {message}", service.url)));
    }
}

#[test]
fn sizes_and_times_have_bounds() {
    let service = Service::start(|_, _| ok(&json!({ "data": rows(0, 7) })));
    let mut bounded = options(&service, &json!("none"));
    bounded["limits"] = json!({ "max_response_bytes": 40 });
    let expected = format!(
        "{}/contacts: answers with more than 40 bytes; ask for smaller pages, or raise \"limits.max_response_bytes\"",
        service.url
    );
    assert_eq!(error(&bounded), (ErrorKind::Config, expected));
    let slow = Service::start(|_, _| {
        std::thread::sleep(Duration::from_millis(1_300));
        ok(&json!({ "data": [] }))
    });
    let mut bounded = options(&slow, &json!("none"));
    bounded["limits"] = json!({ "timeout_seconds": 1 });
    let (kind, message) = error(&bounded);
    assert_eq!(kind, ErrorKind::Unavailable);
    assert!(message.starts_with(&format!("{}/contacts: did not answer in time, 5 times; ", slow.url)), "{message}");
}

#[test]
fn wrong_options_are_refused_before_a_request() {
    let resource = json!({ "path": "/contacts" });
    let cases = [
        (
            json!({ "base_url": "api.example.com", "resource": resource }),
            "option \"base_url\" of connector rest is not an address (relative URL without a base); write it as in \"https://api.example.com\"",
        ),
        (
            json!({ "base_url": "https://me:hunter2@api.example.com", "resource": resource }),
            "option \"base_url\" of connector rest has a user or password in it; use \"auth\" with env or file",
        ),
        (
            json!({ "base_url": "https://a.example", "headers": { "Authorization": "hunter2" }, "resource": resource }),
            "option \"headers\" of connector rest has \"Authorization\", which carries credentials; use \"auth\" with env or file",
        ),
        (
            json!({ "base_url": "https://a.example", "auth": { "bearer": {} }, "resource": resource }),
            "option \"auth.bearer\" of connector rest needs either env, the name of an environment variable, or file, a path",
        ),
        (
            json!({ "base_url": "https://a.example", "auth": { "bearer": "hunter2" }, "resource": resource }),
            "option \"auth\" of connector rest: found string, expected struct SecretRef",
        ),
        (
            json!({ "base_url": "https://a.example", "resource": { "path": "/c", "records": "data" } }),
            "option \"resource.records\" of connector rest is not a path; write it as in \"$.data.items\" or \"$['@odata.nextLink']\"",
        ),
        (
            json!({ "base_url": "https://a.example", "resource": { "path": "/c?x=1" } }),
            "option \"resource.path\" of connector rest has a query or a fragment; write parameters under \"resource.params\"",
        ),
    ];
    for (options, expected) in cases {
        let error = open(&options).map(|_| ()).unwrap_err();
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Config, format!("source \"support\": {expected}")));
    }
    let unset = json!({ "base_url": "http://127.0.0.1:1", "auth": { "bearer": { "env": "NO_SUCH_VARIABLE" } }, "resource": resource });
    let expected =
        "http://127.0.0.1:1/contacts: environment variable NO_SUCH_VARIABLE is not set, or is not text; set it";
    assert_eq!(error(&unset), (ErrorKind::Config, expected.to_owned()));
}
