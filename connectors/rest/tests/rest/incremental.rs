//! Windows, declared columns, limits and the service's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arrow::datatypes::DataType;
use goldsmith_source::conformance::{Collected, collect};
use goldsmith_source::{Mark, ReadRequest, Source, Window};
use serde_json::{Value, json};

use crate::support::{Service, answer, body, ids, ok, open, options, param, shown};

fn window(column: &str, from: Option<&str>) -> Option<Window> {
    let mark = |text: &str| Mark { text: text.to_owned(), data_type: DataType::Utf8 };
    Some(Window { column: column.to_owned(), from: from.map(mark), until: Some(mark("2030-01-01")) })
}

fn read_window(source: &dyn Source, column: &str, from: Option<&str>) -> Collected {
    collect(source, &ReadRequest { window: window(column, from), ..ReadRequest::default() }).unwrap()
}

/// Rows 0 to 6, those changed since the parameter `since` where it is sent.
fn changes() -> Service {
    Service::start(|_, request| match param(request, "since") {
        None => {
            ok(&json!({ "data": (0..7).map(|id| json!({ "id": id, "share": 0.5, "gone": 1 })).collect::<Value>() }))
        }
        Some(_) => ok(&json!({ "data": [{ "id": 5, "share": 1 }, { "id": 6, "share": 2 }] })),
    })
}

#[test]
fn the_start_of_a_window_is_sent_as_the_parameter() {
    let service = changes();
    let mut options = options(&service, &json!("none"));
    assert!(!open(&options).unwrap().obeys_windows());
    options["resources"][0]["params"] = json!({ "since": "" , "all": true });
    options["resources"][0]["incremental"] = json!({ "param": "since" });
    let source = open(&options).unwrap();
    assert!(source.obeys_windows());
    assert_eq!(ids(&read_window(&*source, "changed_at", Some("2024-05-01T00:00:00Z"))), [5, 6]);
    assert_eq!(service.targets(), ["/contacts?all=true&since=2024-05-01T00%3A00%3A00Z"]);
    // Without a start everything is new.
    read_window(&*source, "changed_at", None);
    assert_eq!(param(&service.requests()[1], "since"), Some(""));
}

#[test]
fn rows_of_a_window_have_the_types_of_the_schema() {
    let service = changes();
    let mut options = options(&service, &json!("none"));
    options["resources"][0]["incremental"] = json!({ "param": "since", "value": "ge {from}", "column": "changed_at" });
    let source = open(&options).unwrap();
    let schema = source.schema(None).unwrap();
    let collected = read_window(&*source, "changed_at", Some("2024"));
    assert_eq!(collected.chunks[0].batch.schema(), schema);
    assert_eq!(shown(&collected), json!([{ "id": 5, "share": 1.0 }, { "id": 6, "share": 2.0 }]));
    assert_eq!(param(&service.requests()[1], "since"), Some("ge+2024"));
    // The parameter does not take values of another column, so the table is read whole.
    assert_eq!(ids(&read_window(&*source, "id", Some("5"))).len(), 7);
}

#[test]
fn a_graphql_query_takes_the_start_as_a_variable() {
    let service = Service::start(|_, _| ok(&json!({ "data": [{ "id": 1 }] })));
    let options = json!({
        "base_url": service.url,
        "resources": [{
            "path": "/graphql", "records": "$.data", "graphql": { "query": "q" }, "incremental": { "param": "since", "value": "updated_at:>={from}" }
        }]
    });
    read_window(&*open(&options).unwrap(), "changed_at", Some("2024"));
    let sent: Value = serde_json::from_str(body(&service.requests()[0])).unwrap();
    assert_eq!(sent["variables"], json!({ "since": "updated_at:>=2024" }));
}

#[test]
fn declared_columns_are_the_schema_without_a_request() {
    let service = Service::start(|_, _| {
        ok(&json!({ "data": [
            { "id": 1, "share": 1, "tags": ["a"], "other": true, "vip": false },
            { "id": "two", "share": 1, "vip": null },
            { "share": 0.5, "vip": true, "tags": "b" },
            { "id": 4, "share": "x" }
        ] }))
    });
    let mut options = options(&service, &json!("none"));
    options["resources"][0]["columns"] =
        json!({ "id": "integer", "share": "number", "tags": "text", "vip": "boolean", "absent": "text" });
    let source = open(&options).unwrap();
    let schema = source.schema(None).unwrap();
    let columns: Vec<String> =
        schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect();
    assert_eq!(columns, ["absent: Utf8", "id: Int64", "share: Float64", "tags: Utf8", "vip: Boolean"]);
    assert_eq!(service.requests(), Vec::<String>::new());
    let collected = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(
        shown(&collected),
        json!([{ "id": 1, "share": 1.0, "tags": "[\"a\"]", "vip": false }, { "share": 0.5, "tags": "b", "vip": true }])
    );
    let rejected: Vec<_> =
        collected.rejected.iter().map(|row| (row.row, row.rule, row.column.as_deref(), row.message.clone())).collect();
    let place = format!("{}/contacts", service.url);
    assert_eq!(
        rejected,
        [
            (
                2,
                "wrong_type",
                Some("id"),
                format!("{place}, row 2: column \"id\" has a text, which does not fit its declared type")
            ),
            (
                4,
                "wrong_type",
                Some("share"),
                format!("{place}, row 4: column \"share\" has a text, which does not fit its declared type")
            ),
        ]
    );
    assert_eq!(collected.files[0].rows, 4);
}

#[test]
fn a_limit_ends_the_rows() {
    let service = changes();
    let source = open(&options(&service, &json!("none"))).unwrap();
    let request = ReadRequest { limit: Some(3), batch_rows: 2, ..ReadRequest::default() };
    assert_eq!(ids(&collect(&*source, &request).unwrap()), [0, 1, 2]);
}

#[test]
fn the_clock_is_that_of_the_first_answer_and_goes_on() {
    let service = Service::start(|number, _| {
        let date = if number == 0 { "Sun, 06 Nov 1994 08:49:37 GMT" } else { "Sun, 06 Nov 2094 08:49:37 GMT" };
        answer("200 OK", &[("date", date)], "{\"data\": []}")
    });
    let source = open(&options(&service, &json!("none"))).unwrap();
    let first = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let near = |time: Option<SystemTime>| time.unwrap().duration_since(first).unwrap() < Duration::from_secs(20);
    assert!(near(source.clock().unwrap()));
    assert_eq!(service.requests().len(), 1);
    collect(&*source, &ReadRequest::default()).unwrap();
    let earlier = source.clock().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert!(near(earlier) && source.clock().unwrap() > earlier);
    assert_eq!(service.requests().len(), 2);
    let without = Service::start(|_, _| ok(&json!({ "data": [] })));
    assert_eq!(open(&options(&without, &json!("none"))).unwrap().clock().unwrap(), None);
}
