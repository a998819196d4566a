//! Services that misbehave: each ends in the right rows or in a clear failure, and nothing is sent elsewhere.

use std::io::Write as _;
use std::net::Shutdown;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use goldsmith_source::conformance::Collected;
use goldsmith_source::{ErrorKind, ReadRequest};
use serde_json::json;

use crate::support::{Service, answer, error, ids, ok, open, options, read, rows, secret, shown, target};

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
fn answers_that_are_no_rows_are_corrupt() {
    let cases: [(&[u8], ErrorKind, &str); 5] = [
        (
            &answer("200 OK", &[("content-type", "text/html; charset=utf-8")], "please log in"),
            ErrorKind::Corrupt,
            "answers with a web page instead of JSON, as a login page or a proxy does; check \"base_url\", the resource's \"path\" \
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
            "answers with something that is not JSON (line 1, column 10: a value is expected); check the resource's \"path\"",
        ),
        (
            &answer("200 OK", &[], "{\"items\": []}"),
            ErrorKind::Corrupt,
            "has nothing at $.data, where \"records\" of \"contacts\" points, not a list of rows; correct the path",
        ),
        (
            &answer("404 Not Found", &[], ""),
            ErrorKind::Config,
            "answered 404 Not Found; check \"base_url\" and the resource's \"path\"",
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

/// What a connection does, and what must come of it after five tries.
#[test]
fn connections_that_stall_or_end_half_way_are_unavailable() {
    let whole = answer("200 OK", &[], &json!({ "data": rows(0, 7) }).to_string());
    let half = whole[..whole.len() / 2 + 40].to_vec();
    let head = whole.split(|&byte| byte == b'{').next().unwrap().to_vec();
    let cases: [(&str, Vec<u8>, bool, &str); 4] = [
        ("a body that stalls", half.clone(), true, "did not answer in time"),
        ("a head without a body", head, true, "did not answer in time"),
        ("a head that stalls", b"HTTP/1.1 200 OK\r\ncontent-".to_vec(), true, "did not answer in time"),
        ("a socket closed on one side", half, false, "broke off its answer"),
    ];
    std::thread::scope(|scope| {
        for (name, bytes, stalls, expected) in cases {
            scope.spawn(move || {
                let service = Service::start_raw(move |_, _, stream| {
                    drop(stream.write_all(&bytes));
                    if stalls {
                        std::thread::sleep(Duration::from_millis(1_500));
                    } else {
                        // The other side stays open: only the writing ends.
                        drop(stream.shutdown(Shutdown::Write));
                        std::thread::sleep(Duration::from_millis(300));
                    }
                });
                let mut options = options(&service, &json!("none"));
                options["limits"] = json!({ "timeout_seconds": 1 });
                let (kind, message) = error(&options);
                assert_eq!(kind, ErrorKind::Unavailable, "{name}: {message}");
                assert!(message.starts_with(&format!("{}/contacts: {expected}", service.url)), "{name}: {message}");
                assert!(
                    message.ends_with(", 5 times; check the address and the network, and run again later"),
                    "{message}"
                );
                assert_eq!(service.requests().len(), 5, "{name}");
            });
        }
    });
}

#[test]
fn a_slow_answer_within_its_time_is_whole() {
    let whole = answer("200 OK", &[], &json!({ "data": rows(0, 7) }).to_string());
    let service = Service::start_raw(move |_, _, stream| {
        for byte in whole.chunks(9) {
            drop(stream.write_all(byte));
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    assert_eq!(ids(&read(&options(&service, &json!("none"))).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(service.requests().len(), 1);
}

/// A length that is too small cuts the answer; one that is too large makes it end early.
#[test]
fn wrong_lengths_are_never_half_a_list() {
    let body = json!({ "data": rows(0, 7) }).to_string();
    for (length, kind, expected) in [
        (body.len() - 5, ErrorKind::Corrupt, "answers with JSON that ends early"),
        (body.len() + 5, ErrorKind::Unavailable, "broke off its answer"),
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        let service = Service::start(move |_, _| bytes.clone().into_bytes());
        let (found, message) = error(&options(&service, &json!("none")));
        assert_eq!(found, kind, "{message}");
        assert!(message.starts_with(&format!("{}/contacts: {expected}", service.url)), "{message}");
    }
}

/// Whatever goes wrong on the second page, nothing of the first one is passed on.
#[test]
fn nothing_half_is_passed_on() {
    let (_folder, path) = secret("t0ken");
    let faults: [(&str, Vec<u8>); 5] = [
        ("a refusal", answer("403 Forbidden", &[], "")),
        ("a web page", answer("200 OK", &[("content-type", "text/html")], "<html>please log in</html>")),
        ("no list", ok(&json!({ "data": { "id": 2 } }))),
        ("no JSON", answer("200 OK", &[], "{\"data\": [{\"id\": 2},]}")),
        ("no UTF-8", {
            let mut bytes = answer("200 OK", &[], "{\"data\": [\"?\"]}");
            let at = bytes.iter().rposition(|&byte| byte == b'?').unwrap();
            bytes[at] = 0xff;
            bytes
        }),
    ];
    for (name, fault) in faults {
        let service = Service::start(move |number, _| match number {
            0 => ok(&json!({ "data": [{ "id": 1 }], "next": "b" })),
            _ => fault.clone(),
        });
        let mut options = options(&service, &json!({ "cursor": { "next": "$.next", "param": "after" } }));
        options["auth"] = json!({ "bearer": { "file": path } });
        let mut collected = Collected::default();
        let error = open(&options).unwrap().read(&ReadRequest::default(), &mut collected).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Config | ErrorKind::Corrupt), "{name}: {error}");
        assert_eq!((collected.chunks.len(), collected.files.len()), (0, 0), "{name}");
        assert_eq!(service.requests().len(), 2, "{name} is final");
        assert!(!format!("{error:?}").contains("t0ken"), "{name}");
    }
}

/// A column whose kind changes from page to page, or within one, holds every value.
#[test]
fn a_schema_that_changes_on_the_way_loses_nothing() {
    let service = Service::start(|number, _| {
        let data = match number {
            0 => json!([{ "id": 1, "zip": 12345 }, { "id": 2 }]),
            1 => {
                json!([{ "id": 3, "zip": "01234", "new": { "a": 1 } }, { "id": 4, "zip": { "code": 12345678901234567890_u64 } }])
            }
            _ => json!([{ "id": 5, "new": { "a": 0.5, "b": [] } }]),
        };
        ok(&json!({ "data": data, "next": (number < 2).then_some(number) }))
    });
    let collected = read(&options(&service, &json!({ "cursor": { "next": "$.next", "param": "after" } }))).unwrap();
    assert_eq!(
        shown(&collected),
        json!([
            { "id": 1, "zip": "12345" },
            { "id": 2 },
            { "id": 3, "zip": "01234", "new": { "a": 1.0 } },
            { "id": 4, "zip": "{\"code\":12345678901234567890}" },
            { "id": 5, "new": { "a": 0.5, "b": [] } }
        ])
    );
}

/// Neither credentials nor rows go along with a redirect of a later page to another port of the same host.
#[test]
fn another_port_is_another_origin() {
    let (_folder, path) = secret("t0ken");
    let other = Service::start(|_, _| ok(&json!({ "data": [] })));
    let elsewhere = other.url.clone();
    let service = Service::start(move |_, request| {
        if target(request).contains("after") {
            answer("307 Temporary Redirect", &[("location", &format!("{elsewhere}/contacts"))], "")
        } else {
            ok(&json!({ "data": [{ "id": 1 }], "next": "b" }))
        }
    });
    for auth in [
        json!({ "bearer": { "file": path } }),
        json!({ "basic": { "user": "me", "password": { "file": path } } }),
        json!({ "api_key": { "header": "X-Key", "file": path } }),
    ] {
        let mut options = options(&service, &json!({ "cursor": { "next": "$.next", "param": "after" } }));
        options["auth"] = auth;
        let (kind, message) = error(&options);
        assert_eq!(kind, ErrorKind::Config);
        assert!(
            message.contains("redirects to http://127.0.0.1:") && message.contains("nothing was sent there"),
            "{message}"
        );
    }
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_answer() {
    let service = Service::start(|_, _| answer("200 OK", &[], "\u{feff}{\"data\": [{\"id\": 1}]}"));
    assert_eq!(ids(&read(&options(&service, &json!("none"))).unwrap()), [1]);
}

#[test]
fn all_answers_together_have_a_bound() {
    let service = Service::start(|number, _| ok(&json!({ "data": [{ "id": number }], "next": number })));
    let mut options = options(&service, &json!({ "cursor": { "next": "$.next", "param": "after" } }));
    options["limits"] = json!({ "max_total_bytes": 100 });
    let expected = format!(
        "{}/contacts: answers with more than 100 bytes in all; narrow the resource's \"params\", or raise \"limits.max_total_bytes\"",
        service.url
    );
    assert_eq!(error(&options), (ErrorKind::Config, expected));
}
