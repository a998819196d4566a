//! Credentials: what is sent where, tokens that expire, and refusals.

use std::sync::atomic::{AtomicUsize, Ordering};

use goldsmith_source::ErrorKind;
use goldsmith_source::ReadRequest;
use goldsmith_source::conformance::collect;
use serde_json::{Value, json};

use crate::support::{Service, answer, body, error, header, ids, ok, open, options, param, read, rows, secret};

#[test]
fn refused_credentials_name_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "s3cret-token").unwrap();
    let path = path.to_str().unwrap();
    let kinds = [
        (json!({ "bearer": { "file": path } }), "authorization: Bearer s3cret-token"),
        (
            json!({ "basic": { "user": "me", "password": { "file": path } } }),
            "authorization: Basic bWU6czNjcmV0LXRva2Vu",
        ),
        (json!({ "api_key": { "header": "X-Api-Key", "file": path } }), "x-api-key: s3cret-token"),
    ];
    for (auth, sent) in kinds {
        // A service that repeats the credentials in its answer.
        let service = Service::start(|_, head| answer("401 Unauthorized", &[], head));
        let mut options = options(&service, &json!("none"));
        options["auth"] = auth;
        let error = read(&options).unwrap_err();
        let expected = format!(
            "{}/contacts: answered 401 Unauthorized; check the credentials in file {path} and what they may read",
            service.url
        );
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Config, expected));
        assert!(!format!("{error:?}").contains("s3cret"));
        assert_eq!(service.requests().len(), 1, "a refusal is final");
        assert!(service.requests()[0].contains(sent), "{:?}", service.requests());
    }
}

/// A token endpoint that gives the tokens `t1`, `t2` …, and a service that takes those for which `takes` says so.
fn with_tokens(takes: impl Fn(usize, &str) -> bool + Send + Sync + 'static) -> (Service, Service) {
    let fetched = AtomicUsize::new(0);
    let endpoint = Service::start(move |_, _| {
        let number = fetched.fetch_add(1, Ordering::SeqCst) + 1;
        ok(&json!({ "access_token": format!("t{number}"), "token_type": "bearer", "expires_in": 3600 }))
    });
    let service = Service::start(move |number, request| {
        let token = header(request, "authorization").unwrap_or_default();
        if !takes(number, token) {
            return answer("401 Unauthorized", &[], "{}");
        }
        let offset: usize = param(request, "skip").map_or(0, |skip| skip.parse().unwrap());
        ok(&json!({ "data": rows(offset, offset + 2) }))
    });
    (endpoint, service)
}

fn with_oauth2(service: &Service, oauth2: Value) -> Value {
    let mut options = options(service, &json!({ "offset": { "param": "skip" } }));
    options["auth"] = json!({ "oauth2": oauth2 });
    options
}

#[test]
fn client_credentials_go_to_the_token_endpoint_and_tokens_to_the_service() {
    let (_folder, path) = secret("s3cret & more");
    for (how, sent) in [("basic", true), ("body", false)] {
        let (endpoint, service) = with_tokens(|_, token| token == "Bearer t1");
        let options = with_oauth2(
            &service,
            json!({
                "token_url": format!("{}/token", endpoint.url), "client_id": "gold:smith", "client_secret": { "file": path },
                "scope": "contacts.read notes.read", "params": { "audience": "https://api.example.com" }, "client_auth": how
            }),
        );
        assert_eq!(ids(&read(&options).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
        let asked = endpoint.requests();
        assert_eq!(asked.len(), 1);
        assert!(asked[0].starts_with("POST /token HTTP/1.1\r\n"));
        assert_eq!(header(&asked[0], "content-type"), Some("application/x-www-form-urlencoded"));
        let rest = "scope=contacts.read+notes.read&audience=https%3A%2F%2Fapi.example.com";
        if sent {
            // gold%3Asmith:s3cret+%26+more
            assert_eq!(header(&asked[0], "authorization"), Some("Basic Z29sZCUzQXNtaXRoOnMzY3JldCslMjYrbW9yZQ=="));
            assert_eq!(body(&asked[0]), format!("grant_type=client_credentials&{rest}"));
        } else {
            assert_eq!(header(&asked[0], "authorization"), None);
            let client = "client_id=gold%3Asmith&client_secret=s3cret+%26+more";
            assert_eq!(body(&asked[0]), format!("grant_type=client_credentials&{client}&{rest}"));
        }
        assert!(service.requests().iter().all(|request| header(request, "authorization") == Some("Bearer t1")));
        assert!(!format!("{:?}", service.requests()).contains("s3cret"));
    }
}

#[test]
fn a_token_that_expires_mid_read_is_renewed_and_the_request_repeated() {
    let (_folder, path) = secret("s3cret");
    // The third page refuses the first token, and so do all after it.
    let (endpoint, service) = with_tokens(|number, token| (number < 2) == (token == "Bearer t1"));
    let oauth2 = json!({ "token_url": endpoint.url, "client_id": "me", "client_secret": { "file": path } });
    let options = with_oauth2(&service, oauth2);
    assert_eq!(ids(&read(&options).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(endpoint.requests().len(), 2);
    let skipped: Vec<_> = service.requests().iter().map(|request| param(request, "skip").unwrap().to_owned()).collect();
    assert_eq!(skipped, ["0", "2", "4", "4", "6", "7"]);
}

#[test]
fn one_token_is_fetched_at_a_time() {
    let (_folder, path) = secret("s3cret");
    let (endpoint, service) = with_tokens(|number, token| (number < 1) == (token == "Bearer t1"));
    let oauth2 = json!({ "token_url": endpoint.url, "client_id": "me", "client_secret": { "file": path } });
    let mut options = with_oauth2(&service, oauth2);
    options["limits"] = json!({ "concurrency": 4 });
    let source = open(&options).unwrap();
    assert_eq!(ids(&collect(&*source, &ReadRequest::default()).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(endpoint.requests().len(), 2, "four refusals at once are one renewal");
    // The next read goes on with the same token.
    collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(endpoint.requests().len(), 2);
}

#[test]
fn a_token_near_its_end_is_renewed_before_it_is_refused() {
    let (_folder, path) = secret("s3cret");
    let endpoint = Service::start(|number, _| {
        ok(&json!({ "access_token": format!("t{}", number + 1), "token_type": "Bearer", "expires_in": "5" }))
    });
    let service = Service::start(|_, request| {
        let offset: usize = param(request, "skip").unwrap().parse().unwrap();
        ok(&json!({ "data": rows(offset, offset + 4) }))
    });
    let oauth2 = json!({ "token_url": endpoint.url, "client_id": "me", "client_secret": { "file": path } });
    read(&with_oauth2(&service, oauth2)).unwrap();
    let sent: Vec<_> =
        service.requests().iter().map(|request| header(request, "authorization").unwrap().to_owned()).collect();
    assert_eq!(sent, ["Bearer t1", "Bearer t2", "Bearer t3"]);
}

#[test]
fn a_refresh_token_is_sent_and_replaced_by_the_one_that_comes() {
    let (_folder, path) = secret("r0");
    let endpoint = Service::start(|number, _| {
        ok(
            &json!({ "access_token": format!("t{}", number + 1), "token_type": "Bearer", "refresh_token": format!("r{}", number + 1) }),
        )
    });
    let service = Service::start(|number, request| match header(request, "authorization") {
        Some("Bearer t1") if number > 0 => answer("401 Unauthorized", &[], ""),
        _ => {
            let offset: usize = param(request, "skip").unwrap().parse().unwrap();
            ok(&json!({ "data": rows(offset, offset + 4) }))
        }
    });
    let oauth2 = json!({ "token_url": endpoint.url, "client_id": "me", "refresh_token": { "file": path } });
    assert_eq!(ids(&read(&with_oauth2(&service, oauth2)).unwrap()).len(), 7);
    let bodies: Vec<_> = endpoint.requests().iter().map(|request| body(request).to_owned()).collect();
    assert_eq!(
        bodies,
        [
            "grant_type=refresh_token&refresh_token=r0&client_id=me",
            "grant_type=refresh_token&refresh_token=r1&client_id=me"
        ]
    );
}

#[test]
fn a_token_that_is_refused_although_new_ends_the_read() {
    let (_folder, path) = secret("s3cret");
    let (endpoint, service) = with_tokens(|_, _| false);
    let oauth2 = json!({ "token_url": endpoint.url, "client_id": "me", "client_secret": { "file": path } });
    let expected = format!(
        "{}/contacts: answered 401 Unauthorized to its token; check what the client with the credentials in file {path} \
         may read, and \"auth.oauth2.scope\"",
        service.url
    );
    assert_eq!(error(&with_oauth2(&service, oauth2)), (ErrorKind::Config, expected));
    assert_eq!((endpoint.requests().len(), service.requests().len()), (2, 2));
}

#[test]
fn what_a_token_endpoint_refuses_is_told_without_what_it_says() {
    let (_folder, path) = secret("s3cret");
    let held = format!("check \"auth.oauth2\" and file {path}");
    let says = |code: &str| format!("{{\"error\": \"{code}\", \"error_description\": \"no client s3cret\"}}");
    let cases = [
        (
            answer("401 Unauthorized", &[], &says("invalid_client")),
            ErrorKind::Config,
            format!("answered 401 Unauthorized (invalid_client) to the request for a token; {held}"),
        ),
        (
            answer("400 Bad Request", &[], &says("s3cret")),
            ErrorKind::Config,
            format!("answered 400 Bad Request to the request for a token; {held}"),
        ),
        (
            ok(&json!({ "token": "s3cret" })),
            ErrorKind::Corrupt,
            "answers without an access_token of the type Bearer; check \"auth.oauth2.token_url\"".to_owned(),
        ),
        (
            ok(&json!({ "access_token": "s3cret", "token_type": "mac" })),
            ErrorKind::Corrupt,
            "answers without an access_token of the type Bearer; check \"auth.oauth2.token_url\"".to_owned(),
        ),
        (
            ok(&json!({ "access_token": "s3cret\n" })),
            ErrorKind::Corrupt,
            "answers without an access_token of the type Bearer; check \"auth.oauth2.token_url\"".to_owned(),
        ),
    ];
    for (bytes, kind, message) in cases {
        let endpoint = Service::start(move |_, _| bytes.clone());
        let service = Service::start(|_, _| ok(&json!({ "data": [] })));
        let oauth2 = json!({ "token_url": format!("{}/token?tenant=1", endpoint.url), "client_id": "me", "client_secret": { "file": path } });
        let error = read(&with_oauth2(&service, oauth2)).unwrap_err();
        assert_eq!((error.kind, error.to_string()), (kind, format!("{}/token: {message}", endpoint.url)));
        assert!(!format!("{error:?}").contains("s3cret"));
        assert_eq!(service.requests(), Vec::<String>::new(), "nothing is asked without a token");
    }
}

#[test]
fn a_token_endpoint_is_not_followed_elsewhere_and_is_tried_again() {
    let (_folder, path) = secret("s3cret");
    let other = Service::start(|_, _| ok(&json!({ "access_token": "stolen", "token_type": "Bearer" })));
    let elsewhere = other.url.clone();
    let endpoint = Service::start(move |_, _| answer("307 Temporary Redirect", &[("location", &elsewhere)], ""));
    let service = Service::start(|_, _| ok(&json!({ "data": [] })));
    let oauth2 =
        |endpoint: &Service| json!({ "token_url": endpoint.url, "client_id": "me", "client_secret": { "file": path } });
    let expected = format!(
        "{}/: answered 307 Temporary Redirect, and a token endpoint is not followed elsewhere; correct \"auth.oauth2.token_url\"",
        endpoint.url
    );
    assert_eq!(error(&with_oauth2(&service, oauth2(&endpoint))), (ErrorKind::Config, expected));
    assert_eq!(other.requests(), Vec::<String>::new());
    let busy = Service::start(|number, _| match number {
        0 => answer("503 Service Unavailable", &[("retry-after", "0")], ""),
        1 => Vec::new(),
        _ => ok(&json!({ "access_token": "t", "token_type": "Bearer" })),
    });
    read(&with_oauth2(&service, oauth2(&busy))).unwrap();
    assert_eq!(busy.requests().len(), 3);
}
