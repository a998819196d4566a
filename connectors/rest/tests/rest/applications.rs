//! The connector against applications nobody here wrote: json-server (Node.js) and Datasette (Python).
//!
//! `npm install --prefix DIR json-server@0.17.4` and `pip install datasette==0.65.5` install them. They are looked for
//! at `JSON_SERVER` (such as `DIR/node_modules/.bin/json-server`) and `DATASETTE` (such as `VENV/bin/datasette`), then
//! on the `PATH`. Where one is missing its tests say so and pass; with `REQUIRE_SERVERS=1` they fail.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use connector_rest::Rest;
use goldsmith_source::conformance::{ExpectedFile, Fixture, check_source, collect};
use goldsmith_source::{Mark, ReadRequest, Window};
use goldsmith_test_servers::{find_program, free_port};
use serde_json::{Value, json};

use crate::support::{error, ids, open, read, read_table, shown};

const CONTACTS: i64 = 25;
/// What tells how to install the applications.
const HEAD: &str = "connectors/rest/tests/rest/applications.rs";
/// Nobody, where the tests run as root.
const NOBODY: u32 = 65_534;

/// A server that ends when it is dropped.
struct Server {
    url: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Gives the command to nobody, where this is root and nobody can run it.
fn unprivileged(program: &Path, command: &mut Command) {
    let is_root = fs::metadata("/proc/self").is_ok_and(|owner| owner.uid() == 0);
    let mut version = Command::new(program);
    version.arg("--version").uid(NOBODY).gid(NOBODY).env("HOME", "/tmp").stdout(Stdio::null()).stderr(Stdio::null());
    if is_root && version.status().is_ok_and(|status| status.success()) {
        command.uid(NOBODY).gid(NOBODY);
    }
}

/// Starts `program` with `arguments` for a port, on the files that `prepare` puts into a folder.
fn start(program: &Path, prepare: impl Fn(&Path), arguments: impl Fn(&str) -> Vec<String>, ready: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    for file in fs::read_dir(folder.path()).unwrap().flatten() {
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o666)).unwrap();
    }
    let port = free_port().to_string();
    let mut command = Command::new(program);
    command.args(arguments(&port)).current_dir(folder.path()).env("HOME", folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    unprivileged(program, &mut command);
    let child = command.spawn().unwrap();
    let server = Server { url: format!("http://127.0.0.1:{port}"), child, _folder: folder };
    let options = json!({ "base_url": server.url, "resources": [{ "path": ready }] });
    let begin = Instant::now();
    while let Err(error) = open(&options).unwrap().clock() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{} did not start: {error}", program.display());
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

fn contact(id: i64) -> Value {
    json!({ "id": id, "name": format!("Person {id}"), "updated": format!("2024-05-{id:02}") })
}

fn json_server() -> Option<Server> {
    let program = find_program("JSON_SERVER", "json-server", HEAD)?;
    let contacts: Vec<Value> = (1..=CONTACTS).map(contact).collect();
    let notes: Vec<Value> =
        (1..=40).map(|id| json!({ "id": id, "contactId": id % 10 + 1, "text": format!("note {id}") })).collect();
    let database = json!({ "contacts": contacts, "notes": notes }).to_string();
    let prepare = |folder: &Path| fs::write(folder.join("db.json"), &database).unwrap();
    let arguments = |port: &str| ["--host", "127.0.0.1", "--port", port, "db.json"].map(str::to_owned).to_vec();
    Some(start(&program, prepare, arguments, "/db"))
}

fn datasette() -> Option<Server> {
    let program = find_program("DATASETTE", "datasette", HEAD)?;
    let prepare = |folder: &Path| {
        let database = rusqlite::Connection::open(folder.join("crm.db")).unwrap();
        database.execute_batch("CREATE TABLE contacts (id INTEGER PRIMARY KEY, name TEXT, updated TEXT)").unwrap();
        for id in 1..=CONTACTS {
            let values = (id, format!("Person {id}"), format!("2024-05-{id:02}"));
            database.execute("INSERT INTO contacts VALUES (?1, ?2, ?3)", values).unwrap();
        }
    };
    let arguments = |port: &str| ["serve", "crm.db", "--host", "127.0.0.1", "--port", port].map(str::to_owned).to_vec();
    Some(start(&program, prepare, arguments, "/-/versions.json"))
}

fn everybody() -> Vec<i64> {
    (1..=CONTACTS).collect()
}

fn options(server: &Server, resource: Value) -> Value {
    json!({ "base_url": server.url, "resources": [resource] })
}

/// The battery, with every contact on pages of ten.
fn passes_the_battery(options: Value) {
    let text = |make: &dyn Fn(i64) -> String| -> ArrayRef {
        std::sync::Arc::new(StringArray::from_iter_values((1..=CONTACTS).map(make)))
    };
    let ids: ArrayRef = std::sync::Arc::new(Int64Array::from(everybody()));
    let names = text(&|id| format!("Person {id}"));
    let updated = text(&|id| format!("2024-05-{id:02}"));
    let fixture = Fixture {
        connector: &Rest,
        options,
        base_dir: std::env::temp_dir(),
        table: Some("contacts".to_owned()),
        expected: RecordBatch::try_from_iter_with_nullable([
            ("id", ids, true),
            ("name", names, true),
            ("updated", updated, true),
        ])
        .unwrap(),
        rejected: Vec::new(),
        files: vec![ExpectedFile { name: "contacts".to_owned(), rows: u64::try_from(CONTACTS).unwrap(), path: None }],
        missing: None,
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

/// Contacts changed since a day in May 2024, asked for by this parameter.
fn changed_since(server: &Server, mut resource: Value, param: &str) -> Vec<i64> {
    resource["incremental"] = json!({ "param": param });
    let from = Mark { text: "2024-05-19".to_owned(), data_type: arrow::datatypes::DataType::Utf8 };
    let window = Window { column: "updated".to_owned(), from: Some(from), until: None };
    let source = open(&options(server, resource)).unwrap();
    ids(&collect(&*source, &ReadRequest { window: Some(window), ..ReadRequest::default() }).unwrap())
}

fn tells_the_time(server: &Server, path: &str) {
    let time = open(&options(server, json!({ "path": path }))).unwrap().clock().unwrap().unwrap();
    let now = SystemTime::now();
    let difference = now.duration_since(time).or_else(|_| time.duration_since(now)).unwrap();
    assert!(difference < Duration::from_secs(5), "{difference:?}");
}

#[test]
fn json_server_is_read_in_each_of_its_ways() {
    let Some(server) = json_server() else { return };
    let by_link = json!({ "path": "/contacts", "params": { "_page": 1, "_limit": 10 }, "paginate": "link_header" });
    passes_the_battery(options(&server, by_link.clone()));
    for concurrency in [1, 4] {
        for paginate in [
            json!({ "page": { "param": "_page", "size_param": "_limit", "size": 10 } }),
            json!({ "offset": { "param": "_start", "size_param": "_limit", "size": 7 } }),
        ] {
            let mut options = options(&server, json!({ "path": "/contacts", "paginate": paginate }));
            options["limits"] = json!({ "concurrency": concurrency });
            assert_eq!(ids(&read(&options).unwrap()), everybody(), "{paginate} {concurrency}");
        }
    }
    assert_eq!(changed_since(&server, by_link, "updated_gte"), (19..=CONTACTS).collect::<Vec<_>>());
    tells_the_time(&server, "/contacts");
    let expected = "answered 404 Not Found; check \"base_url\" and the resource's \"path\"";
    assert_eq!(error(&options(&server, json!({ "path": "/nobody" }))).1, format!("{}/nobody: {expected}", server.url));
}

#[test]
fn json_server_has_notes_below_contacts() {
    let Some(server) = json_server() else { return };
    for concurrency in [1, 5] {
        let source = open(&json!({
            "base_url": server.url, "limits": { "concurrency": concurrency },
            "resources": [
                { "path": "/contacts" },
                { "path": "/contacts/{contact}/notes", "parent": { "resource": "contacts", "columns": { "contact": "$.id" } } }
            ]
        }))
        .unwrap();
        let notes = shown(&read_table(&*source, "notes").unwrap());
        let expected: Vec<Value> = (1..=10)
            .flat_map(|contact| (1..=40).filter(move |id| id % 10 + 1 == contact).map(move |id| (contact, id)))
            .map(|(contact, id)| json!({ "contact": contact, "id": id, "contactId": contact, "text": format!("note {id}") }))
            .collect();
        assert_eq!(notes, Value::Array(expected), "{concurrency}");
    }
}

#[test]
fn datasette_is_read_in_each_of_its_ways() {
    let Some(server) = datasette() else { return };
    let resource = |shape: &str, records: &str, paginate: Value| {
        json!({
            "path": "/crm/contacts.json", "params": { "_shape": shape, "_size": 10 }, "records": records, "paginate": paginate
        })
    };
    let by_url = resource("objects", "$.rows", json!({ "next_url": { "path": "$.next_url" } }));
    passes_the_battery(options(&server, by_url.clone()));
    for resource in [
        resource("objects", "$.rows", json!({ "cursor": { "next": "$.next", "param": "_next" } })),
        resource("objects", "$.rows", json!({ "cursor": { "last_row": "$.id", "param": "id__gt" } })),
        resource("array", "$", json!("link_header")),
    ] {
        assert_eq!(ids(&read(&options(&server, resource.clone())).unwrap()), everybody(), "{resource}");
    }
    assert_eq!(changed_since(&server, by_url, "updated__gte"), (19..=CONTACTS).collect::<Vec<_>>());
    tells_the_time(&server, "/crm/contacts.json");
    // Rows as lists are no objects.
    let lists = read(&options(&server, resource("arrays", "$.rows", json!("none")))).unwrap();
    assert_eq!((lists.chunks.len(), lists.rejected.len(), lists.rejected[0].rule), (0, 10, "not_an_object"));
    // Datasette's own page for a table that is not there is JSON with status 404; without .json it is HTML.
    let (_, message) = error(&options(&server, json!({ "path": "/crm/nobody.json" })));
    assert!(message.contains("answered 404 Not Found"), "{message}");
    let (_, message) = error(&options(&server, json!({ "path": "/crm/contacts" })));
    assert!(message.contains("answers with a web page instead of JSON"), "{message}");
}

#[test]
fn datasette_has_a_row_below_each_row() {
    let Some(server) = datasette() else { return };
    let source = open(&json!({
        "base_url": server.url, "limits": { "concurrency": 3 },
        "resources": [
            { "path": "/crm/contacts.json", "params": { "_shape": "array", "_size": 10 }, "paginate": "link_header" },
            {
                "name": "row", "path": "/crm/contacts/{key}.json", "params": { "_shape": "objects" }, "records": "$.rows",
                "parent": { "resource": "contacts", "columns": { "key": "$.id" } }
            }
        ]
    }))
    .unwrap();
    let rows = shown(&read_table(&*source, "row").unwrap());
    let expected: Vec<Value> = (1..=CONTACTS)
        .map(|id| {
            let mut row = contact(id);
            row["key"] = json!(id);
            row
        })
        .collect();
    assert_eq!(rows, Value::Array(expected));
}
