//! GraphQL: cursors, and answers with status 200 that are errors.

use goldsmith_source::ErrorKind;
use serde_json::{Value, json};

use crate::support::{Service, answer, body, error, header, ids, ok, read, secret};

const QUERY: &str = "query ($first: Int, $after: String) { customers(first: $first, after: $after) { nodes { id } } }";

fn options(service: &Service) -> Value {
    json!({
        "base_url": service.url,
        "resources": [{
            "name": "customers", "path": "/graphql",
            "graphql": { "query": QUERY, "variables": { "first": 2 }, "connection": "$.data.customers" }
        }]
    })
}

fn page(ids: &[i64], has_next: bool, end: Value) -> Value {
    let nodes: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
    json!({ "data": { "customers": { "nodes": nodes, "pageInfo": { "hasNextPage": has_next, "endCursor": end } } } })
}

#[test]
fn cursors_are_sent_as_a_variable_until_there_is_no_next_page() {
    let (_folder, path) = secret("t0ken");
    let service = Service::start(|_, request| {
        let sent: Value = serde_json::from_str(body(request)).unwrap();
        ok(&match sent["variables"]["after"].as_str() {
            None => page(&[1, 2], true, json!("c2")),
            Some("c2") => page(&[3, 4], true, json!("c4")),
            // The last page has a cursor too.
            _ => page(&[5], false, json!("c5")),
        })
    });
    let mut options = options(&service);
    options["auth"] = json!({ "bearer": { "file": path } });
    assert_eq!(ids(&read(&options).unwrap()), [1, 2, 3, 4, 5]);
    let requests = service.requests();
    assert_eq!(requests.len(), 3);
    for (request, after) in requests.iter().zip([None, Some("c2"), Some("c4")]) {
        assert!(request.starts_with("POST /graphql HTTP/1.1\r\n"));
        assert_eq!(header(request, "content-type"), Some("application/json"));
        assert_eq!(header(request, "authorization"), Some("Bearer t0ken"));
        let mut variables = json!({ "first": 2 });
        if let Some(after) = after {
            variables["after"] = json!(after);
        }
        assert_eq!(
            serde_json::from_str::<Value>(body(request)).unwrap(),
            json!({ "query": QUERY, "variables": variables })
        );
    }
}

#[test]
fn errors_fail_the_read_whatever_the_status_and_the_data() {
    let errors = json!([{ "message": "Ann Lee may not", "path": ["customers", "nodes", 0, "email"], "extensions": { "code": "FORBIDDEN" } }]);
    let mut partial = page(&[1], false, Value::Null);
    partial["errors"] = errors.clone();
    let service = Service::start(move |_, _| ok(&partial));
    let expected = format!(
        "{}/graphql: answered with an error (path customers.nodes.0.email, code FORBIDDEN); check \"graphql\" and what \
         the credentials may read",
        service.url
    );
    assert_eq!(error(&options(&service)), (ErrorKind::Config, expected));
    assert_eq!(service.requests().len(), 1);
    let busy = json!({ "errors": [{ "message": "slow down", "extensions": { "code": "THROTTLED" } }] });
    let service =
        Service::start(move |number, _| if number < 2 { ok(&busy) } else { ok(&page(&[1], false, Value::Null)) });
    assert_eq!(ids(&read(&options(&service)).unwrap()), [1]);
}

#[test]
fn connections_that_do_not_say_how_they_go_on_are_corrupt() {
    let cases = [
        (
            json!({ "data": { "customers": { "nodes": [] } } }),
            "has no pageInfo where \"graphql.connection\" points; ask for it, or correct the path",
        ),
        (page(&[1], true, Value::Null), "has a next page and no endCursor; ask for it in pageInfo"),
        (
            json!({ "data": { "customers": { "nodes": [], "pageInfo": {} } } }),
            "has nothing where the pagination of \"customers\" expects true or false; correct the path",
        ),
        (
            json!({ "data": { "customers": null } }),
            "has nothing at $.data.customers.nodes, where \"records\" of \"customers\" points, not a list of rows; correct the path",
        ),
        (
            page(&[1], true, json!("again")),
            "names a next page that was read before, so the list would never end; tell the service's owner",
        ),
    ];
    for (answer, message) in cases {
        let service = Service::start(move |_, _| ok(&answer));
        assert_eq!(error(&options(&service)), (ErrorKind::Corrupt, format!("{}/graphql: {message}", service.url)));
    }
}

#[test]
fn a_query_without_connection_is_one_answer() {
    let service = Service::start(|_, _| ok(&json!({ "data": { "everybody": [{ "id": 7 }] } })));
    let mut options = options(&service);
    options["resources"][0]["graphql"] = json!({ "query": "{ everybody { id } }" });
    options["resources"][0]["records"] = json!("$.data.everybody");
    assert_eq!(ids(&read(&options).unwrap()), [7]);
    let refused = Service::start(|_, _| answer("400 Bad Request", &[], "{\"errors\": [{\"message\": \"Ann\"}]}"));
    options["base_url"] = json!(refused.url);
    let expected = format!(
        "{}/graphql: answered 400 Bad Request; check the resource's \"path\" and \"params\" against the service's manual",
        refused.url
    );
    assert_eq!(error(&options), (ErrorKind::Config, expected));
}
