//! Tables of web servers and of a bucket.
//!
//! The bucket is one of moto (`pip install 'moto[server]'`), found by `MOTO_SERVER` or as `moto_server` in `PATH`. Where
//! it is not, the test says so on stderr and passes; `REQUIRE_SERVERS=1` makes that a failure.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use goldsmith_source::ErrorKind;
use goldsmith_source::conformance::collect;
use goldsmith_test_servers::{Server, find_program, free_port};
use serde_json::json;

use crate::made::{Made, checkpoint, first_actions, people, remove};
use crate::{ids, source};

/// Serves the files of `folder` to whoever has the token. Lists nothing.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).unwrap_or(0);
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let target = request.split(' ').nth(1).unwrap_or_default();
            let path = target.strip_suffix("?sig=hunter2").map(|path| path.replace("%20", " "));
            let found = path.and_then(|path| std::fs::read(folder.join(path.trim_start_matches('/'))).ok());
            let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
            let content = found.unwrap_or_default();
            let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", content.len());
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&content)));
        }
    });
    url
}

/// Four versions, the third with a checkpoint, after which the first commits are gone.
fn table() -> Made {
    let mut made = Made::plain();
    let [one, two, three] = [("a.parquet", 1), ("b c.parquet", 2), ("c.parquet", 3)].map(|(path, id)| {
        let mut add = made.file(path, &people(&[id]));
        add["add"]["path"] = json!(path.replace(' ', "%20"));
        add
    });
    made.commit(std::slice::from_ref(&one));
    made.commit(std::slice::from_ref(&two));
    made.commit(&[three, remove("a.parquet")]);
    let mut actions = first_actions(&made);
    actions.extend([one, two]);
    checkpoint(&made.log("00000000000000000002.checkpoint.parquet"), &actions);
    std::fs::write(made.log("_last_checkpoint"), r#"{"version":2,"size":4}"#).unwrap();
    std::fs::remove_file(made.log("00000000000000000000.json")).unwrap();
    std::fs::remove_file(made.log("00000000000000000001.json")).unwrap();
    made
}

fn rows(rows: &[&str]) -> Vec<(String, u64)> {
    rows.iter().map(|&id| (id.to_owned(), 1)).collect()
}

#[test]
fn web_servers_are_asked_for_one_commit_after_the_other() {
    let made = table();
    let url = serve(made.folder.path().to_owned());
    let at = |version: Option<u64>| {
        let path = format!("{url}/t/?sig=hunter2");
        source(Path::new(""), &version.map_or(json!({ "path": path }), |at| json!({ "path": path, "version": at })))
    };
    let latest = at(None);
    let collected = collect(&*latest, &Default::default()).unwrap();
    assert_eq!(ids(&collected), rows(&["2", "3"]));
    let files: Vec<&str> = collected.files.iter().map(|file| &*file.file).collect();
    let file = |below: &str| format!("{url}/t/{below}");
    assert_eq!(files, [file("b%20c.parquet"), file("c.parquet"), file("_delta_log/00000000000000000003.json")]);
    assert_eq!(latest.locator(), file("").trim_end_matches('/'));
    assert_eq!(ids(&collect(&*at(Some(2)), &Default::default()).unwrap()), rows(&["1", "2"]));
    let error = |version| at(Some(version)).schema(None).unwrap_err().to_string();
    assert!(error(9).ends_with("has no version 9; those that can be read are 2 to 3"), "{}", error(9));
    assert!(error(1).ends_with("has no version 1 any more; the oldest that can be read is 2"), "{}", error(1));

    std::fs::remove_file(made.path("c.parquet")).unwrap();
    let error = collect(&*at(None), &Default::default()).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("/t/c.parquet: is part of this version of the table, and is not there"),
        "{error}"
    );
    std::fs::write(made.log("_last_checkpoint"), "{").unwrap();
    let error = at(None).schema(None).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "_last_checkpoint: does not name a checkpoint; delete it, or read the table from where files can be listed"
        ),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("hunter2"));
    std::fs::write(made.log("_last_checkpoint"), r#"{"version":2,"parts":4294967295}"#).unwrap();
    assert!(at(None).schema(None).unwrap_err().to_string().contains("names a checkpoint that cannot be"));
    let nothing = source(Path::new(""), &json!({ "path": format!("{url}/nothing") })).schema(None).unwrap_err();
    assert_eq!(nothing.kind, ErrorKind::Unavailable);
    assert!(nothing.to_string().contains("/nothing: there is no Delta table"), "{nothing}");
}

fn put(server: &Server, target: &str, body: &[u8]) {
    assert_eq!(server.send("PUT", target, "", body).0, 200, "{target}");
}

/// The variables of AWS belong to the process, so the test starts itself again with them.
#[test]
fn a_bucket_is_listed_and_files_elsewhere_in_it_are_followed() {
    if std::env::var_os("DELTA_TEST_READS").is_some() {
        return reads_the_bucket();
    }
    let Some(program) = find_program("MOTO_SERVER", "moto_server", "connectors/delta/tests/delta/elsewhere.rs") else {
        return;
    };
    let port = free_port();
    let mut command = Command::new(program);
    let server = Server::start(command.args(["-H", "127.0.0.1", "-p", &port.to_string()]), port);
    let mut made = table();
    // As a shallow clone has it: a file of another table in the same bucket.
    let mut other = made.file("other.parquet", &people(&[4]));
    other["add"]["path"] = json!("s3://lake/elsewhere/x%20y.parquet");
    made.commit(&[other]);
    put(&server, "/lake", b"");
    for entry in made.path("").read_dir().unwrap().chain(made.path("_delta_log").read_dir().unwrap()) {
        let path = entry.unwrap().path();
        if path.is_file() {
            let below = path.strip_prefix(made.path("")).unwrap().to_str().unwrap().replace(' ', "%20");
            put(&server, &format!("/lake/in/t/{below}"), &std::fs::read(&path).unwrap());
        }
    }
    put(&server, "/lake/elsewhere/x%20y.parquet", &std::fs::read(made.path("other.parquet")).unwrap());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "elsewhere::a_bucket_is_listed_and_files_elsewhere_in_it_are_followed", "--nocapture"])
        .env("DELTA_TEST_READS", "1")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("read the bucket"), "{said}{failed}");
}

fn reads_the_bucket() {
    let at = |options| source(Path::new(""), &options);
    let collected = collect(&*at(json!({"path": "s3://lake/in/t"})), &Default::default()).unwrap();
    assert_eq!(ids(&collected), rows(&["2", "3", "4"]));
    let files: Vec<&str> = collected.files.iter().map(|file| &*file.file).collect();
    assert_eq!(
        files,
        [
            "s3://lake/in/t/b c.parquet",
            "s3://lake/in/t/c.parquet",
            "s3://lake/elsewhere/x y.parquet",
            "s3://lake/in/t/_delta_log/00000000000000000004.json",
        ]
    );
    let error = at(json!({"path": "s3://lake/in/t/", "version": 1})).schema(None).unwrap_err().to_string();
    assert_eq!(error, "s3://lake/in/t: has no version 1; those that can be read are 2 to 4");
    let error = at(json!({"path": "s3://lake/in"})).schema(None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().starts_with("s3://lake/in: there is no Delta table"), "{error}");
    println!("read the bucket");
}
