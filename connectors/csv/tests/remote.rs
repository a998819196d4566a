//! Delimited files of other machines: the battery over HTTP, and a bucket with compressed files.
//!
//! The bucket is one of moto (`pip install 'moto[server]'`), found by `MOTO_SERVER` or as `moto_server` in `PATH`. Where
//! it is not, the test says so on stderr and passes; `REQUIRE_SERVERS=1` makes that a failure.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use connector_csv::Csv;
use flate2::Compression;
use flate2::write::GzEncoder;
use goldsmith_source::conformance::{ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::{Connector as _, OpenContext, ReadRequest};
use goldsmith_test_servers::{Server, find_program, free_port};
use serde_json::json;

/// A web server that has one file, whatever it is asked for.
fn serve(content: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            drop(stream.read(&mut buffer));
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", content.len());
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(content)));
        }
    });
    url
}

fn schema(names: &[&str]) -> Arc<Schema> {
    Arc::new(Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>()))
}

#[test]
fn keeps_the_contract_over_http() {
    let content: &[u8] = b"id,name\n1,Ada\n2,Bo,x\n3,Cy\n";
    let name = format!("{}/a.csv", serve(content));
    let folder = tempfile::tempdir().unwrap();
    let same = folder.path().join("same.csv");
    std::fs::write(&same, content).unwrap();
    let columns: Vec<ArrayRef> =
        vec![Arc::new(StringArray::from(vec!["1", "3"])), Arc::new(StringArray::from(vec!["Ada", "Cy"]))];
    let fixture = Fixture {
        connector: &Csv,
        options: json!({"path": format!("{name}?token=hunter2")}),
        base_dir: folder.path().to_owned(),
        table: None,
        expected: RecordBatch::try_new(schema(&["id", "name"]), columns).unwrap(),
        rejected: vec![ExpectedReject {
            file: name.clone(),
            row: 2,
            rule: "wrong_field_count".to_owned(),
            raw: b"2,Bo,x".to_vec(),
        }],
        files: vec![ExpectedFile { name, rows: 3, path: Some(same) }],
        missing: Some(json!({"path": "http://127.0.0.1:1/a.csv?token=hunter2"})),
        canaries: vec!["hunter2".to_owned()],
    };
    assert_eq!(check_source(&fixture).err().unwrap_or_default(), []);
}

fn put(server: &Server, target: &str, body: &[u8]) {
    assert_eq!(server.send("PUT", target, "", body).0, 200, "{target}");
}

/// The variables of AWS belong to the process, so the test starts itself again with them.
#[test]
fn compressed_files_of_a_bucket_are_one_table() {
    if std::env::var_os("AWS_ENDPOINT_URL").is_some_and(|_| std::env::var_os("CSV_TEST_READS").is_some()) {
        return reads_the_bucket();
    }
    let Some(program) = find_program("MOTO_SERVER", "moto_server", "connectors/csv/tests/remote.rs") else { return };
    let port = free_port();
    let mut command = Command::new(program);
    let server = Server::start(command.args(["-H", "127.0.0.1", "-p", &port.to_string()]), port);
    let gzip = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    put(&server, "/crm", b"");
    put(&server, "/crm/in/2024-02.csv.gz", &gzip(b"name,id\nBo,2\n"));
    put(&server, "/crm/in/2024-01.csv.gz", &gzip(b"id,name\n1,Zo\xeb\n"));
    put(&server, "/crm/in/readme.txt", b"not this");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "compressed_files_of_a_bucket_are_one_table", "--nocapture"])
        .env("CSV_TEST_READS", "1")
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("read 2 rows"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn reads_the_bucket() {
    let context = OpenContext { source_name: "crm".to_owned(), base_dir: PathBuf::new() };
    let options = json!({"path": "s3://crm/in/*.csv.gz", "encoding": "iso-8859-1"});
    let source = Csv.open(&options, &context).unwrap();
    let read = collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(source.schema(None).unwrap(), schema(&["id", "name"]));
    let mut rows = Vec::new();
    for chunk in &read.chunks {
        let [id, name] = [0, 1].map(|at| chunk.batch.column(at).as_string::<i32>().value(0).to_owned());
        rows.push((chunk.file.to_string(), id, name));
    }
    let row = |file: &str, id: &str, name: &str| (format!("s3://crm/in/{file}"), id.to_owned(), name.to_owned());
    assert_eq!(rows, [row("2024-01.csv.gz", "1", "Zoë"), row("2024-02.csv.gz", "2", "Bo")]);
    println!("read {} rows", rows.len());
}
