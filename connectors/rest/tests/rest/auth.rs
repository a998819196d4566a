//! Credentials: what is sent where, tokens that expire, and refusals.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use goldsmith_source::ErrorKind;
use goldsmith_source::ReadRequest;
use goldsmith_source::conformance::collect;
use serde_json::{Value, json};

use crate::support::{
    Service, answer, body, error, header, ids, ok, open, options, param, read, read_table, rows, secret, target,
};

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
