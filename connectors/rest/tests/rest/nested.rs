//! Several resources in one source, and resources below the rows of another.

use std::time::Duration;

use goldsmith_source::ErrorKind;
use goldsmith_source::ReadRequest;
use goldsmith_source::conformance::collect;
use serde_json::{Value, json};

use crate::support::{Service, answer, ids, ok, open, param, read_table, shown, target};

/// Contacts 1, 2, 3 on two pages, and notes of each; those of contact 1 on two pages. The earlier the contact, the
/// later its notes are answered.
fn service() -> Service {
    Service::start(|_, request| {
        let page = |data: Value, next: Value| ok(&json!({ "data": data, "next": next }));
        let path = target(request).split('?').next().unwrap().to_owned();
        let after = param(request, "after");
        match (path.as_str(), after) {
            ("/contacts", None) => page(json!([{ "id": 1, "ref": "a b/c" }, { "id": 2, "ref": "b" }]), json!(2)),
            ("/contacts", Some(_)) => page(json!([{ "id": 3, "ref": null }, "no contact"]), Value::Null),
            ("/contacts/1/notes", None) => {
                std::thread::sleep(Duration::from_millis(120));
                page(json!([{ "text": "1a" }]), json!("x"))
            }
            ("/contacts/1/notes", Some(_)) => page(json!([{ "text": "1b" }]), Value::Null),
            ("/contacts/2/notes", _) => {
                std::thread::sleep(Duration::from_millis(60));
                page(json!([]), Value::Null)
            }
            ("/contacts/3/notes", _) => page(json!([{ "text": "3a", "pinned": true }]), Value::Null),
            ("/refs/a%20b%2Fc", None) | ("/refs/b", None) => page(json!([{ "path": path }]), Value::Null),
            _ => answer("404 Not Found", &[], ""),
        }
    })
}

fn options(service: &Service) -> Value {
    let cursor = json!({ "cursor": { "next": "$.next", "param": "after" } });
    json!({
        "base_url": service.url,
        "resources": [
            { "path": "/contacts", "records": "$.data", "paginate": cursor },
            {
                "path": "/contacts/{contact}/notes", "records": "$.data", "paginate": cursor,
                "parent": { "resource": "contacts", "columns": { "contact": "$.id" } }
            },
            { "name": "refs", "path": "/refs/{ref}", "records": "$.data",
                "parent": { "resource": "contacts", "columns": { "ref": "$.ref", "id": "$.id" } } }
        ]
    })
}

#[test]
fn every_resource_is_a_table() {
    let service = service();
    let source = open(&options(&service)).unwrap();
    assert_eq!(source.tables().unwrap(), ["contacts", "notes", "refs"]);
    assert_eq!(ids(&read_table(&*source, "contacts").unwrap()), [1, 2, 3]);
    let first = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(ids(&first), [1, 2, 3], "the first table where none is named");
    let error = source.schema(Some("note")).unwrap_err();
    assert_eq!(error.to_string(), format!("{}/: no table \"note\". Did you mean \"notes\"?", service.url));
}

#[test]
fn rows_come_in_the_order_of_their_parents_with_the_parents_columns() {
    for concurrency in [1, 2, 8] {
        let service = service();
        let mut options = options(&service);
        options["limits"] = json!({ "concurrency": concurrency });
        let source = open(&options).unwrap();
        let notes = read_table(&*source, "notes").unwrap();
        let expected = json!([
            { "contact": 1, "text": "1a" },
            { "contact": 1, "text": "1b" },
            { "contact": 3, "text": "3a", "pinned": true }
        ]);
        assert_eq!(shown(&notes), expected, "{concurrency}");
        assert_eq!(notes.files[0].rows, 3);
        // A value is one part of the path whatever is in it, and a parent without it has no list.
        let refs = read_table(&*source, "refs").unwrap();
        let expected = json!([
            { "id": 1, "ref": "a b/c", "path": "/refs/a%20b%2Fc" },
            { "id": 2, "ref": "b", "path": "/refs/b" }
        ]);
        assert_eq!(shown(&refs), expected, "{concurrency}");
    }
}

#[test]
fn parents_fetched_for_the_schema_serve_their_children() {
    let service = service();
    let source = open(&options(&service)).unwrap();
    source.schema(Some("contacts")).unwrap();
    source.schema(Some("notes")).unwrap();
    read_table(&*source, "contacts").unwrap();
    read_table(&*source, "notes").unwrap();
    let contacts = service.targets().iter().filter(|target| !target.contains("notes")).count();
    assert_eq!((contacts, service.targets().len()), (2, 6), "{:?}", service.targets());
}

/// Reads the table `child`, whose parent has the one row `parent`.
fn below(parent: Value, child: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> (ErrorKind, String, Vec<String>) {
    let service = Service::start(move |_, request| match target(request) {
        "/parents" => ok(&json!([parent])),
        _ => child(),
    });
    let options = json!({
        "base_url": service.url,
        "resources": [
            { "path": "/parents" },
            { "name": "child", "path": "/parents/{key}/child", "parent": { "resource": "parents", "columns": { "key": "$.key" } } }
        ]
    });
    let source = open(&options).unwrap();
    let error = read_table(&*source, "child").unwrap_err();
    (error.kind, error.to_string().replace(&service.url, "http://service"), service.targets())
}

#[test]
fn no_value_of_a_parent_leads_elsewhere_or_is_said() {
    let place = "http://service/parents/{key}/child: ";
    for key in ["", ".", ".."] {
        let (kind, message, targets) = below(json!({ "key": key }), || ok(&json!([])));
        let expected = "needs a \"key\" that can stand in an address, and a row of the parent has none";
        assert_eq!((kind, message), (ErrorKind::Corrupt, format!("{place}{expected}")));
        assert_eq!(targets, ["/parents"]);
    }
    let gone = || answer("404 Not Found", &[], "");
    let (kind, message, targets) = below(json!({ "key": "../../ann@x.example?a=b#c" }), gone);
    let expected = "answered 404 Not Found; check \"base_url\" and the resource's \"path\"";
    assert_eq!((kind, message), (ErrorKind::Config, format!("{place}{expected}")));
    assert_eq!(targets[1], "/parents/..%2F..%2Fann%40x.example%3Fa%3Db%23c/child");
    let (kind, message, _) = below(json!({ "key": ["a"] }), || ok(&json!([])));
    let expected = "has a list at $.key, where a child expects one value; correct the path";
    assert_eq!((kind, message), (ErrorKind::Corrupt, format!("http://service/parents: {expected}")));
    let (kind, message, _) = below(json!({ "key": 1 }), || ok(&json!([{ "key": 2 }])));
    let expected = "has rows with a \"key\" of their own; give the column of \"parent\" another name";
    assert_eq!((kind, message), (ErrorKind::Config, format!("{place}{expected}")));
}

#[test]
fn a_child_that_fails_fails_the_table_and_not_its_parent() {
    let service = Service::start(|_, request| match target(request) {
        "/parents" => ok(&json!([{ "id": 1 }, { "id": 2 }])),
        "/parents/1/child" => ok(&json!([{ "a": 1 }])),
        _ => answer("403 Forbidden", &[], ""),
    });
    let options = json!({
        "base_url": service.url, "limits": { "concurrency": 2 },
        "resources": [
            { "path": "/parents" },
            { "name": "child", "path": "/parents/{key}/child", "parent": { "resource": "parents", "columns": { "key": "$.id" } } }
        ]
    });
    let source = open(&options).unwrap();
    assert_eq!(ids(&read_table(&*source, "parents").unwrap()), [1, 2]);
    let error = read_table(&*source, "child").unwrap_err().to_string();
    assert!(
        error.ends_with("/parents/{key}/child: answered 403 Forbidden; add \"auth\" with credentials that may read it"),
        "{error}"
    );
}

/// The parent's rows may repeat a value, as orders do their customer: its list is one all the same.
#[test]
fn a_value_that_repeats_has_one_list() {
    let service = Service::start(|_, request| match target(request) {
        "/orders" => ok(&json!([{ "customer": 7 }, { "customer": 8 }, { "customer": 7 }])),
        path => ok(&json!([{ "name": path }])),
    });
    let options = json!({
        "base_url": service.url,
        "resources": [
            { "path": "/orders" },
            { "name": "customers", "path": "/customers/{id}", "parent": { "resource": "orders", "columns": { "id": "$.customer" } } }
        ]
    });
    let customers = read_table(&*open(&options).unwrap(), "customers").unwrap();
    assert_eq!(shown(&customers), json!([{ "id": 7, "name": "/customers/7" }, { "id": 8, "name": "/customers/8" }]));
}
