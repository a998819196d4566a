//! The battery, and what a source keeps from call to call.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Schema};
use connector_rest::Rest;
use goldsmith_source::ReadRequest;
use goldsmith_source::conformance::{ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use serde_json::{Value, json};

use crate::support::{Service, ids, ok, open, options, param, rows};

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
