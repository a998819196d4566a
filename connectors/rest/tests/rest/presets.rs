//! Presets against answers as the vendors' documentation shows them. That proves that the values mean what they should,
//! not that the vendor's service behaves as documented.

use serde_json::{Value, json};

use crate::support::{Service, answer, ok, param, read, shown, target};

/// Reads `path` with a preset and no other settings but `params`.
fn rows(service: &Service, preset: &str, path: &str, params: Value) -> Value {
    let options = json!({
        "base_url": service.url, "preset": preset, "resources": [{ "path": path, "params": params }]
    });
    shown(&read(&options).unwrap())
}

/// <https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html>, "Control Information:
/// nextLink": the link may be relative to the context, and its query is opaque.
#[test]
fn odata() {
    let service = Service::start(|number, request| {
        let context = "http://host/service/$metadata#Customers";
        if number == 0 {
            assert_eq!(target(request), "/service/Customers?%24select=ID");
            let next = "Customers?$select=ID&$skiptoken=342r89";
            ok(&json!({ "@odata.context": context, "value": [{ "ID": "ALFKI" }], "@odata.nextLink": next }))
        } else {
            assert_eq!(target(request), "/service/Customers?$select=ID&$skiptoken=342r89");
            ok(&json!({ "@odata.context": context, "value": [{ "ID": "ANATR" }] }))
        }
    });
    let found = rows(&service, "odata", "/service/Customers", json!({ "$select": "ID" }));
    assert_eq!(found, json!([{ "ID": "ALFKI" }, { "ID": "ANATR" }]));
}

/// <https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_query.htm>: `nextRecordsUrl` is
/// a path from the root of the host.
#[test]
fn salesforce() {
    let record = |id: &str| json!({ "attributes": { "type": "Contact", "url": format!("/services/data/v61.0/sobjects/Contact/{id}") }, "Id": id });
    let service = Service::start(move |_, request| {
        if target(request).starts_with("/services/data/v61.0/query?q=SELECT+Id+FROM+Contact") {
            ok(&json!({
                "totalSize": 2, "done": false, "nextRecordsUrl": "/services/data/v61.0/query/01gD0000002HU6KIAW-2000",
                "records": [record("003A")]
            }))
        } else {
            assert_eq!(target(request), "/services/data/v61.0/query/01gD0000002HU6KIAW-2000");
            ok(&json!({ "totalSize": 2, "done": true, "records": [record("003B")] }))
        }
    });
    let found = rows(&service, "salesforce", "/services/data/v61.0/query", json!({ "q": "SELECT Id FROM Contact" }));
    assert_eq!((&found[0]["Id"], &found[1]["Id"]), (&json!("003A"), &json!("003B")));
}

/// <https://developers.hubspot.com/docs/api/crm/contacts>: `paging` is absent from the last page.
#[test]
fn hubspot() {
    let contact = |id: &str| json!({ "id": id, "properties": { "email": "a@x.example" }, "archived": false });
    let service = Service::start(move |_, request| match param(request, "after") {
        None => ok(&json!({
            "results": [contact("33451")],
            "paging": { "next": { "after": "33452", "link": "https://api.hubapi.com/crm/v3/objects/contacts?after=33452" } }
        })),
        Some(after) => {
            assert_eq!((after, param(request, "limit")), ("33452", Some("100")));
            ok(&json!({ "results": [contact("33452")] }))
        }
    });
    let found = rows(&service, "hubspot", "/crm/v3/objects/contacts", json!({ "properties": "email" }));
    assert_eq!((&found[0]["id"], &found[1]["id"]), (&json!("33451"), &json!("33452")));
    assert!(service.requests().iter().all(|request| param(request, "properties") == Some("email")));
}

/// <https://docs.stripe.com/api/pagination>: the cursor is the id of the last object, and `has_more` says whether to go on.
#[test]
fn stripe() {
    let list = |ids: &[&str], more: bool| {
        let data: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "object": "customer" })).collect();
        ok(&json!({ "object": "list", "url": "/v1/customers", "has_more": more, "data": data }))
    };
    let service = Service::start(move |_, request| match param(request, "starting_after") {
        None => list(&["cus_1", "cus_2"], true),
        Some("cus_2") => list(&["cus_3"], false),
        other => panic!("{other:?}"),
    });
    let found = rows(&service, "stripe", "/v1/customers", json!({ "limit": 2 }));
    assert_eq!(found.as_array().unwrap().len(), 3);
    assert!(service.requests().iter().all(|request| param(request, "limit") == Some("2")), "own values win");
}

/// <https://shopify.dev/docs/api/usage/pagination-rest>: the link holds `page_info`, beside which no other
/// parameter but `limit` may stand.
#[test]
fn shopify() {
    let service = Service::start(|number, request| {
        let path = "/admin/api/2024-07/customers.json";
        if number == 0 {
            assert_eq!(target(request), format!("{path}?limit=250&status=enabled"));
            let link = format!("<{path}?page_info=hijgklmn&limit=250>; rel=\"next\"");
            answer("200 OK", &[("link", &link)], "{\"customers\": [{\"id\": 207119551}]}")
        } else {
            assert_eq!(target(request), format!("{path}?page_info=hijgklmn&limit=250"));
            let link = format!("<{path}?page_info=abc&limit=250>; rel=\"previous\"");
            answer("200 OK", &[("link", &link)], "{\"customers\": [{\"id\": 1073339485}]}")
        }
    });
    let found = rows(&service, "shopify", "/admin/api/2024-07/customers.json", json!({ "status": "enabled" }));
    assert_eq!(found, json!([{ "id": 207_119_551 }, { "id": 1_073_339_485 }]));
}

/// <https://developer.zendesk.com/api-reference/introduction/pagination/>: `meta.has_more` ends the list, although the
/// last page has a cursor too.
#[test]
fn zendesk() {
    let page = |id: i64, more: bool, cursor: &str| {
        ok(&json!({
            "users": [{ "id": id }],
            "meta": { "has_more": more, "after_cursor": cursor, "before_cursor": "yyy" },
            "links": { "next": "https://example.zendesk.com/api/v2/users.json?page[size]=100&page[after]=xxx", "prev": null }
        }))
    };
    let service = Service::start(move |_, request| {
        assert_eq!(param(request, "page%5Bsize%5D"), Some("100"));
        match param(request, "page%5Bafter%5D") {
            None => page(35436, true, "xxx"),
            Some("xxx") => page(35437, false, "zzz"),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(rows(&service, "zendesk", "/api/v2/users.json", json!({})), json!([{ "id": 35436 }, { "id": 35437 }]));
}
