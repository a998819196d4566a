//! Every way a list goes on, and lists that do not end as they should.

use goldsmith_source::ErrorKind;
use serde_json::{Value, json};

use crate::support::{Service, answer, error, ids, ok, open, options, param, read, rows, target};

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
