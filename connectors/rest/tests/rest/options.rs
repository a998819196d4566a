//! Options that make no sense are refused before a request, with the way out.

use goldsmith_source::ErrorKind;
use serde_json::{Value, json};

use crate::support::{error, open};

/// The complaint about a source with these options besides `base_url`.
fn complaint(more: Value) -> String {
    let mut options = json!({ "base_url": "https://a.example", "resources": [{ "path": "/contacts" }] });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let error = open(&options).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    error.to_string().strip_prefix("source \"support\": ").unwrap().to_owned()
}

#[test]
fn wrong_addresses_and_credentials_are_refused() {
    let cases = [
        (
            json!({ "base_url": "api.example.com" }),
            "option \"base_url\" of connector rest is not an address (relative URL without a base); write it as in \"https://api.example.com\"",
        ),
        (
            json!({ "base_url": "https://me:hunter2@api.example.com" }),
            "option \"base_url\" of connector rest has a user or password in it; use \"auth\" with env or file",
        ),
        (
            json!({ "headers": { "Authorization": "hunter2" } }),
            "option \"headers\" of connector rest has \"Authorization\", which carries credentials; use \"auth\" with env or file",
        ),
        (
            json!({ "auth": { "bearer": {} } }),
            "option \"auth.bearer\" of connector rest needs either env, the name of an environment variable, or file, a path",
        ),
        (
            json!({ "auth": { "bearer": "hunter2" } }),
            "option \"auth\" of connector rest: found string, expected struct SecretRef",
        ),
        (
            json!({ "auth": { "oauth2": { "token_url": "https://a.example/token", "client_id": "me" } } }),
            "option \"auth.oauth2\" of connector rest has neither client_secret nor refresh_token; add the one you were given",
        ),
        (
            json!({ "auth": { "oauth2": { "token_url": "a.example", "client_id": "me", "client_secret": { "env": "X" } } } }),
            "option \"auth.oauth2.token_url\" of connector rest is not an address (relative URL without a base); write it as in \"https://api.example.com\"",
        ),
        (
            json!({ "auth": { "oauth2": { "token_url": "https://a.example", "client_id": "me", "client_secret": { "env": "X" },
                "params": { "client_secret": "hunter2" } } } }),
            "option \"auth.oauth2.params\" of connector rest has \"client_secret\", which has an option of its own or none",
        ),
        (
            json!({ "auth": { "bearer": { "env": "X" }, "api_key": { "header": "k", "env": "X" } } }),
            "option \"auth\" of connector rest has several kinds; keep one of bearer, basic, api_key and oauth2",
        ),
        (
            json!({ "limits": { "requests_per_second": 0 } }),
            "option \"limits.requests_per_second\" of connector rest is not above 0; write a number such as 2 or 0.5",
        ),
        (
            json!({ "limits": { "concurrency": 0 } }),
            "option \"limits.concurrency\" of connector rest is 0, so nothing could be asked; write 1 or more",
        ),
        (
            json!({ "preset": "hubspt" }),
            "option \"preset\" of connector rest: unknown value \"hubspt\". Did you mean \"hubspot\"?",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(complaint(options), expected);
    }
}

#[test]
fn wrong_resources_are_refused() {
    let notes = |more: Value| {
        let mut notes = json!({ "path": "/contacts/{id}/notes", "parent": { "resource": "contacts", "columns": { "id": "$.id" } } });
        notes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([{ "path": "/contacts" }, notes])
    };
    let cases = [
        (json!([]), "option \"resources\" of connector rest is empty; name at least one, as in \"- path: /contacts\""),
        (
            json!([{ "path": "/c", "records": "data" }]),
            "option \"resources[0].records\" of connector rest is not a path; write it as in \"$.data.items\" or \"$['@odata.nextLink']\"",
        ),
        (
            json!([{ "path": "/c?x=1" }]),
            "option \"resources[0].path\" of connector rest has a query or a fragment; write parameters under \"params\"",
        ),
        (
            json!([{ "path": "/v1/c" }, { "path": "/v2/c.json" }]),
            "option \"resources[1].name\" of connector rest is \"c\" as that of a resource before it; give it another",
        ),
        (
            json!([{ "path": "/c/{id}" }]),
            "option \"resources[0].path\" of connector rest has a name in braces, which needs \"parent\" with a column of that name",
        ),
        (
            notes(json!({ "parent": { "resource": "contact", "columns": { "id": "$.id" } } })),
            "option \"resources[1].parent.resource\" of connector rest is \"contact\", which no resource before it is called. Did you mean \"contacts\"?",
        ),
        (
            notes(json!({ "parent": { "resource": "contacts", "columns": { "key": "$.id" } } })),
            "option \"resources[1].path\" of connector rest holds no column of \"parent\" in braces, as in \"/contacts/{contact_id}/notes\"",
        ),
        (
            notes(json!({ "path": "/contacts/{id}/{no}" })),
            "option \"resources[1].path\" of connector rest has a name in braces that is no column of \"parent\"; those are: id",
        ),
        (
            notes(json!({ "columns": { "text": "text" } })),
            "option \"resources[1].columns\" of connector rest lacks \"id\", a column of \"parent\"; declare it too",
        ),
        (
            json!([{ "path": "/c", "paginate": { "cursor": { "param": "after" } } }]),
            "option \"resources[0].paginate.cursor\" of connector rest needs either next or last_row, the path of the cursor",
        ),
        (
            json!([{ "path": "/c", "paginate": { "page": { "param": "p", "size": 3 } } }]),
            "option \"resources[0].paginate.page\" of connector rest needs size_param and size together, and a size above 0",
        ),
        (
            json!([{ "path": "/graphql", "graphql": { "query": "{a}" }, "paginate": "link_header" }]),
            "option \"resources[0].paginate\" of connector rest stands beside \"graphql\", whose lists go on by \"connection\"; remove it",
        ),
        (
            json!([{ "path": "/c", "colums": {} }]),
            "option \"resources\" of connector rest: unknown option \"colums\". Did you mean \"columns\"?",
        ),
    ];
    for (resources, expected) in cases {
        assert_eq!(complaint(json!({ "resources": resources })), expected);
    }
}

#[test]
fn a_secret_that_is_not_there_is_named() {
    let unset = json!({
        "base_url": "http://127.0.0.1:1",
        "auth": { "bearer": { "env": "NO_SUCH_VARIABLE" } },
        "resources": [{ "path": "/contacts" }]
    });
    let expected = "http://127.0.0.1:1/: environment variable NO_SUCH_VARIABLE is not set, or is not text; set it";
    assert_eq!(error(&unset), (ErrorKind::Config, expected.to_owned()));
}
