//! Services that misbehave: each ends in the right rows or in a clear failure, and nothing is sent elsewhere.

use std::io::Write as _;
use std::net::Shutdown;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use goldsmith_source::ErrorKind;
use serde_json::{Value, json};

use crate::support::{Service, answer, error, ids, ok, options, read, rows, secret, shown, target};

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
