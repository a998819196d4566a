//! Every way a list goes on, and lists that do not end as they should.

use std::time::{Duration, Instant};

use goldsmith_source::ErrorKind;
use serde_json::{Value, json};

use crate::support::{Service, answer, error, ids, ok, options, param, read, rows};

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
fn lists_without_end_are_noticed() {
    let service = Service::start(|_, _| ok(&json!({ "data": rows(0, 2), "next": "again" })));
    let expected = format!(
        "{}/contacts: names a next page that was read before, so the list would never end; tell the service's owner",
        service.url
    );
    let cursor = json!({ "cursor": { "next": "$.next", "param": "after" } });
    assert_eq!(error(&options(&service, &cursor)), (ErrorKind::Corrupt, expected));
    let expected = format!(
        "{}/contacts: gives the same page again, so it does not know the parameter of \"paginate\"; correct it",
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
fn a_cursor_in_the_last_row_goes_on_while_there_is_more() {
    let service = Service::start(|_, request| {
        let from = param(request, "after").map_or(0, |id| id.parse::<usize>().unwrap() + 1);
        ok(&json!({ "data": rows(from, from + 3), "more": from + 3 < 7 }))
    });
    let paginate = json!({ "cursor": { "last_row": "$.id", "param": "after", "more": "$.more" } });
    assert_eq!(ids(&read(&options(&service, &paginate)).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(service.targets(), ["/contacts", "/contacts?after=2", "/contacts?after=5"]);
    let lost = Service::start(|_, _| ok(&json!({ "data": [], "more": true })));
    let expected =
        format!("{}/contacts: says that there is more, and has no cursor to ask for it; check \"paginate\"", lost.url);
    assert_eq!(error(&options(&lost, &paginate)), (ErrorKind::Corrupt, expected));
    let silent = Service::start(|_, _| ok(&json!({ "data": [{ "id": 1 }] })));
    let expected = format!(
        "{}/contacts: has nothing where the pagination of \"contacts\" expects true or false; correct the path",
        silent.url
    );
    assert_eq!(error(&options(&silent, &paginate)), (ErrorKind::Corrupt, expected));
}

/// Pages asked for ahead come in their order, however late each is, and what lies beyond the end does no harm.
#[test]
fn numbered_pages_are_asked_for_ahead_and_kept_in_order() {
    for (concurrency, last_page) in [(3, 4), (8, 4), (4, 1)] {
        let service = Service::start(move |_, request| {
            let page: u64 = param(request, "page").unwrap().parse().unwrap();
            std::thread::sleep(Duration::from_millis(40 * (10_u64.saturating_sub(page) % 3)));
            match page {
                page if page < last_page => ok(&json!({ "data": [{ "id": page }] })),
                page if page == last_page => ok(&json!({ "data": [] })),
                _ => answer("404 Not Found", &[], "no such page"),
            }
        });
        let mut options = options(&service, &json!({ "page": { "param": "page" } }));
        options["limits"] = json!({ "concurrency": concurrency });
        let expected: Vec<i64> = (1..i64::try_from(last_page).unwrap()).collect();
        if last_page == 1 {
            assert_eq!(read(&options).unwrap().files[0].rows, 0);
            assert_eq!(service.requests().len(), 1, "an empty first page is the end");
        } else {
            assert_eq!(ids(&read(&options).unwrap()), expected, "{concurrency}");
        }
    }
    // A page in the middle that is refused ends the read, whatever came of those after it.
    let service = Service::start(|_, request| match param(request, "page") {
        Some("3") => answer("403 Forbidden", &[], ""),
        page => ok(&json!({ "data": [{ "id": page }] })),
    });
    let mut options = options(&service, &json!({ "page": { "param": "page" } }));
    options["limits"] = json!({ "concurrency": 4, "max_pages": 20 });
    assert!(error(&options).1.contains("answered 403 Forbidden"));
}

/// Asked for ten rows, the service gives two, and then fewer: what was asked for ahead started at the wrong rows.
#[test]
fn offsets_asked_for_ahead_go_by_what_came() {
    for concurrency in [1, 2, 5] {
        let service = Service::start(|_, request| {
            let offset: usize = param(request, "skip").unwrap().parse().unwrap();
            let length = if offset == 2 { 1 } else { 2 };
            ok(&json!({ "data": rows(offset, offset + length) }))
        });
        let paginate = json!({ "offset": { "param": "skip", "size_param": "top", "size": 10 } });
        let mut options = options(&service, &paginate);
        options["limits"] = json!({ "concurrency": concurrency });
        assert_eq!(ids(&read(&options).unwrap()), [0, 1, 2, 3, 4, 5, 6], "{concurrency}");
    }
}

#[test]
fn requests_keep_their_distance() {
    let service = Service::start(|_, request| {
        let page: usize = param(request, "page").unwrap().parse().unwrap();
        ok(&json!({ "data": rows(page * 3, page * 3 + 3) }))
    });
    let mut options = options(&service, &json!({ "page": { "param": "page", "start": 0 } }));
    options["limits"] = json!({ "requests_per_second": 10, "concurrency": 4 });
    let start = Instant::now();
    assert_eq!(ids(&read(&options).unwrap()).len(), 7);
    // Four requests at least, the first at once.
    assert!(start.elapsed() >= Duration::from_millis(290), "{:?}", start.elapsed());
}
