//! The conformance battery, and programs that fail in every way a program can. They are scripts of `/bin/sh`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    StringViewArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use arrow::ipc::writer::StreamWriter;
use connector_command::Command;
use goldsmith_source::conformance::{Collected, ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::contract::Mark;
use goldsmith_source::{Connector, ErrorKind, OpenContext, ReadRequest, Source, SourceError, Window};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder with the program `export`.
fn folder(script: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export");
    std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn open(folder: &Path, options: &Value) -> Result<Box<dyn Source>, SourceError> {
    let context = OpenContext { source_name: "crm".to_owned(), base_dir: folder.to_owned() };
    Command.open(options, &context)
}

/// Reads `export` with further options.
fn read(folder: &Path, more: Value) -> Result<Collected, SourceError> {
    let mut options = json!({ "program": "./export" });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    collect(&*open(folder, &options)?, &ReadRequest::default())
}

fn texts(collected: &Collected, column: &str) -> Vec<Option<String>> {
    let column = |batch: &RecordBatch| batch.column_by_name(column).unwrap().clone();
    let arrays: Vec<ArrayRef> = collected.chunks.iter().map(|chunk| column(&chunk.batch)).collect();
    arrays.iter().flat_map(|array| array.as_string::<i32>().iter().map(|text| text.map(str::to_owned))).collect()
}

fn nullable(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let rows = columns.first().map(|(_, array)| array.len());
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let options = RecordBatchOptions::new().with_row_count(rows);
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

const CUSTOMERS: &str = r#"cat <<'END'
{"id":7,"name":"Zoë","spent":10,"phone":447911123456,"tags":["a","b"]}
{"id":8,"name":"cut off

[1,2]
{"id":9,"name":null,"spent":2.5,"phone":"0044","more":{"x":[1]}}
{"id":11,"spent":null,"phone":{"home":"1"},"tags":[]}
END
"#;

#[test]
fn keeps_the_contract() {
    let folder = folder(CUSTOMERS);
    let mut tags = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    tags.append_value([Some("a"), Some("b")]);
    tags.append_null();
    tags.append_value(Vec::<Option<&str>>::new());
    let x = arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int64Type, _, _>([
        None,
        Some(vec![Some(1)]),
        None,
    ]);
    let x_field = Arc::new(Field::new("x", x.data_type().clone(), true));
    let more =
        arrow::array::StructArray::new(vec![x_field].into(), vec![Arc::new(x)], Some(vec![false, true, false].into()));
    let expected = nullable(vec![
        ("id", Arc::new(Int64Array::from(vec![7, 9, 11]))),
        ("name", Arc::new(StringArray::from(vec![Some("Zoë"), None, None]))),
        ("spent", Arc::new(Float64Array::from(vec![Some(10.0), Some(2.5), None]))),
        ("phone", Arc::new(StringArray::from(vec!["447911123456", "0044", r#"{"home":"1"}"#]))),
        ("tags", Arc::new(tags.finish())),
        ("more", Arc::new(more)),
    ]);
    let rejected = |row, rule: &str, raw: &str| ExpectedReject {
        file: "fixture".to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.as_bytes().to_vec(),
    };
    let fixture = Fixture {
        connector: &Command,
        options: json!({ "program": "./export", "secrets": { "TOKEN": { "file": "token" } }, "args": ["hunter2"] }),
        base_dir: folder.path().to_owned(),
        table: None,
        expected,
        rejected: vec![
            rejected(2, "invalid_json", r#"{"id":8,"name":"cut off"#),
            rejected(3, "not_an_object", "[1,2]"),
        ],
        files: vec![ExpectedFile { name: "fixture".to_owned(), rows: 5, path: None }],
        missing: Some(json!({ "program": "./nothing" })),
        canaries: vec!["hunter2".to_owned()],
    };
    std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn an_arrow_stream_keeps_the_contract() {
    let folder = folder("cat stream.arrow");
    let fields = vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8View, true)];
    let names = StringViewArray::from(vec![Some("Li"), None, Some("Zoë")]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1, 2, 3])), Arc::new(names)];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    let bytes = writer.into_inner().unwrap();
    std::fs::write(folder.path().join("stream.arrow"), &bytes).unwrap();
    let expected = nullable(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("name", Arc::new(StringArray::from(vec![Some("Li"), None, Some("Zoë")]))),
    ]);
    let fixture = Fixture {
        connector: &Command,
        options: json!({ "program": "./export", "format": "arrow" }),
        base_dir: folder.path().to_owned(),
        table: None,
        expected,
        rejected: Vec::new(),
        files: vec![ExpectedFile {
            name: "fixture".to_owned(),
            rows: 3,
            path: Some(folder.path().join("stream.arrow")),
        }],
        missing: Some(json!({ "program": "./nothing", "format": "arrow" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));

    let columns = json!([{ "name": "name" }, { "name": "id", "type": "text" }]);
    let declared = read(folder.path(), json!({ "format": "arrow", "columns": columns })).unwrap();
    assert_eq!(texts(&declared, "id"), ["1", "2", "3"].map(|text| Some(text.to_owned())));
    let error = read(folder.path(), json!({ "format": "arrow", "columns": [{ "name": "nam" }] })).unwrap_err();
    assert_eq!(
        error.to_string(),
        "./export: its stream has no column \"nam\"; mend the program, or option \"columns\""
    );
    let wrong = json!([{ "name": "name", "type": "integer" }]);
    let error = read(folder.path(), json!({ "format": "arrow", "columns": wrong })).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Zo"), "{error:?}");

    for keep in [0, 3, bytes.len() / 2, bytes.len() - 8] {
        std::fs::write(folder.path().join("stream.arrow"), &bytes[..keep]).unwrap();
        for options in [json!({ "format": "arrow" }), json!({ "format": "arrow", "columns": [{ "name": "name" }] })] {
            let error = read(folder.path(), options).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Corrupt, "{keep}: {error}");
            assert!(error.to_string().contains("is no whole Arrow IPC stream: it is cut short"), "{keep}: {error}");
        }
    }
    let mut noise = bytes.clone();
    noise[8..64].fill(0xa7);
    std::fs::write(folder.path().join("stream.arrow"), noise).unwrap();
    let error = read(folder.path(), json!({ "format": "arrow" })).unwrap_err();
    assert_eq!((error.kind, error.to_string().contains("Arrow IPC stream")), (ErrorKind::Corrupt, true), "{error}");
}

#[test]
fn the_program_is_run_once_for_schema_and_rows() {
    let folder = folder("echo run >> runs; echo '{\"a\":1}'");
    let source = open(folder.path(), &json!({ "program": "./export" })).unwrap();
    assert!(!folder.path().join("runs").exists(), "opening touches nothing");
    source.tables().unwrap();
    source.schema(None).unwrap();
    collect(&*source, &ReadRequest::default()).unwrap();
    assert_eq!(std::fs::read_to_string(folder.path().join("runs")).unwrap(), "run\n");
}

#[test]
fn it_sees_what_is_declared_and_nothing_else() {
    let script = r#"printf '{"args":"%s|%s","seen":"%s","here":"%s"}\n' "$1" "$2" "$(env | sed 's/=.*//' | sort | tr '\n' ' ')" "$(basename "$PWD") $PLAIN $TOKEN""#;
    let folder = folder(script);
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    let more = json!({
        "args": ["$HOME; echo", "a b"], "env": { "PLAIN": "plain" }, "secrets": { "TOKEN": { "file": "token" } },
        "working_dir": "inner",
    });
    let collected = read(folder.path(), more).unwrap();
    let value = |column: &str| texts(&collected, column)[0].clone().unwrap();
    assert_eq!(value("args"), "$HOME; echo|a b", "no shell has looked at them");
    assert_eq!(value("here"), "inner plain s3cret");
    let seen = value("seen");
    let allowed = ["HOME", "LANG", "PATH", "PLAIN", "PWD", "SHLVL", "TMPDIR", "TOKEN", "_", "OLDPWD"];
    assert!(seen.split_whitespace().all(|name| allowed.contains(&name)), "{seen}");
    assert!(seen.contains("PLAIN") && seen.contains("TOKEN"), "{seen}");
}

#[test]
fn a_program_that_fails_fails_the_source_and_its_stderr_stays_out_of_messages() {
    let cases = [
        ("echo '{\"a\":1}'; echo Li 0044123 >&2; exit 3", "ended with exit code 3"),
        ("echo '{\"a\":1}'; echo Li 0044123 >&2; kill -9 $$", "was ended from outside (signal: 9 (SIGKILL))"),
    ];
    for (script, fault) in cases {
        let folder = folder(script);
        let error = read(folder.path(), json!({})).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert_eq!(error.to_string(), format!("./export: {fault}; set log: to a file to see what it writes to stderr"));
        std::fs::write(folder.path().join("err.log"), "of an earlier run").unwrap();
        let error = read(folder.path(), json!({ "log": "err.log" })).unwrap_err();
        assert_eq!(error.to_string(), format!("./export: {fault}; see what it wrote to stderr in err.log"));
        assert!(!format!("{error:?}").contains("0044123"));
        let log = folder.path().join("err.log");
        assert_eq!(std::fs::read_to_string(&log).unwrap(), "Li 0044123\n");
        assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o600, "it may hold values");
    }
}

#[test]
fn a_script_without_its_interpreter_is_not_called_missing() {
    let folder = folder("");
    std::fs::write(folder.path().join("export"), "#!/no/such/interpreter\n").unwrap();
    let error = read(folder.path(), json!({})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "./export: is there, but not the program that its first line (#!) names; install that, or correct the line"
    );
    std::fs::remove_file(folder.path().join("export")).unwrap();
    let error = read(folder.path(), json!({})).unwrap_err();
    assert!(error.to_string().starts_with("./export: there is no such program"), "{error}");
}

#[test]
fn a_program_that_is_being_installed_is_waited_for() {
    let folder = folder("echo '{\"id\":1}'");
    let installing = std::fs::File::options().append(true).open(folder.path().join("export")).unwrap();
    let installed = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        drop(installing);
    });
    assert_eq!(read(folder.path(), json!({})).unwrap().rows().len(), 1);
    installed.join().unwrap();
}

#[test]
fn what_is_no_program_is_refused_with_the_reason() {
    let folder = folder("");
    std::fs::write(folder.path().join("export"), "echo\n").unwrap();
    let error = read(folder.path(), json!({})).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().contains("Exec format error") && error.to_string().contains("#!"), "{error}");
}

#[test]
fn a_failed_run_is_not_kept() {
    let folder = folder("if [ -e ready ]; then echo '{\"a\":\"x\"}'; else touch ready; exit 1; fi");
    let source = open(folder.path(), &json!({ "program": "./export" })).unwrap();
    assert_eq!(source.schema(None).unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(collect(&*source, &ReadRequest::default()).unwrap().rows().len(), 1);
}

#[test]
fn time_and_size_have_bounds() {
    let slow = folder("sleep 60");
    let start = Instant::now();
    let error = read(slow.path(), json!({ "timeout_seconds": 1 })).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().starts_with("./export: did not end within 1 s; raise timeout_seconds, or "), "{error}");
    for endless in ["yes '{\"a\":1}'", "yes '{\"a\":1}' | head -c 3000"] {
        let folder = folder(endless);
        let error = read(folder.path(), json!({ "max_bytes": 2000 })).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt);
        assert_eq!(error.to_string(), "./export: wrote more than 2000 bytes; raise max_bytes if that is meant");
    }
}

#[test]
fn much_stderr_does_not_block_and_is_bounded() {
    let folder = folder("head -c 20000000 /dev/zero >&2; echo '{\"a\":\"x\"}'");
    assert_eq!(read(folder.path(), json!({})).unwrap().rows().len(), 1);
    assert_eq!(read(folder.path(), json!({ "log": "err.log" })).unwrap().rows().len(), 1);
    assert_eq!(std::fs::metadata(folder.path().join("err.log")).unwrap().len(), 16 << 20);
}

#[test]
fn a_program_left_behind_fails_the_source_and_is_ended_when_it_writes() {
    let folder = folder("echo '{\"a\":\"x\"}'; (sleep 3; echo late; sleep 1; echo late; touch survived) & exit 0");
    let error = read(folder.path(), json!({ "log": "err.log" })).unwrap_err();
    assert_eq!(
        (error.kind, error.to_string().contains("left another program behind")),
        (ErrorKind::Unavailable, true),
        "{error}"
    );
    std::thread::sleep(Duration::from_secs(4));
    assert!(!folder.path().join("survived").exists());
    // One that lets go of stdout is none of our business.
    std::fs::write(folder.path().join("export"), "#!/bin/sh\necho '{\"a\":\"x\"}'; sleep 9 >/dev/null 2>&1 &\n")
        .unwrap();
    assert_eq!(read(folder.path(), json!({})).unwrap().rows().len(), 1);
}

#[test]
fn what_writes_too_much_stops_writing_even_where_a_shell_started_it() {
    // Were the pipe left open, the inner program would write on; the file tells that it ended.
    let folder = folder("(trap '' TERM; yes '{\"a\":1}'; touch ended)");
    let error = read(folder.path(), json!({ "max_bytes": 2000 })).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt, "{error}");
    let start = Instant::now();
    while !folder.path().join("ended").exists() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(folder.path().join("ended").exists(), "it still writes");
}

#[test]
fn a_torn_last_line_fails_the_source() {
    let folder = folder("printf '{\"a\":1}\\n{\"a\":'");
    let error = read(folder.path(), json!({})).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert_eq!(
        error.to_string(),
        "./export: its output ends inside line 2, so it is cut short; run again, or mend the program"
    );
    std::fs::write(folder.path().join("export"), "#!/bin/sh\nprintf '{\"a\":1}\\n{\"a\":2}'").unwrap();
    assert_eq!(read(folder.path(), json!({})).unwrap().rows().len(), 2, "a whole last line needs no line end");
}

#[test]
fn digits_are_kept() {
    let folder = folder("echo '{\"id\":123456789012345678901234,\"n\":1e2}'; echo '{\"id\":\"x\",\"n\":2}'");
    let collected = read(folder.path(), json!({})).unwrap();
    assert_eq!(texts(&collected, "id"), [Some("123456789012345678901234".to_owned()), Some("x".to_owned())]);
    let deep = r#"{"id":[123456789012345678901234]}"#;
    std::fs::write(folder.path().join("export"), format!("#!/bin/sh\necho '{deep}'; echo '{{\"id\":1}}'\n")).unwrap();
    let collected = read(folder.path(), json!({})).unwrap();
    assert_eq!(texts(&collected, "id")[0].as_deref(), Some("[123456789012345678901234]"), "inside of JSON text too");
}

#[test]
fn a_declared_integer_is_never_cut_to_size() {
    let folder = folder("printf '{\"n\":%s}\\n' 1 2.0 1.5 '\"7\"' 9223372036854775808 null");
    let collected = read(folder.path(), json!({ "columns": [{ "name": "n", "type": "integer" }] })).unwrap();
    assert_eq!(collected.rows().iter().map(|(_, row)| *row).collect::<Vec<_>>(), [1, 2, 6]);
    let values: &Int64Array = collected.chunks[0].batch.column(0).as_primitive();
    assert_eq!(values.iter().collect::<Vec<_>>(), [Some(1), Some(2), None]);
}

#[test]
fn declared_columns_reject_what_does_not_fit() {
    let script = "cat <<'END'\n{\"id\":1,\"born\":\"1990-02-01\",\"at\":\"2024-02-01T13:05:00+01:00\",\"extra\":1}\n\
                  {\"id\":\"seven\",\"name\":\"Li\"}\nnoise\n{\"id\":3,\"name\":{\"x\":1},\"vip\":true}\n\
                  {\"id\":4,\"born\":\"1990-13-01\"}\nEND\n";
    let folder = folder(script);
    let columns = json!([
        { "name": "id", "type": "integer" }, { "name": "name" }, { "name": "born", "type": "date" },
        { "name": "at", "type": "timestamp" }, { "name": "vip", "type": "boolean" },
    ]);
    let collected = read(folder.path(), json!({ "columns": columns })).unwrap();
    assert_eq!(collected.rows().iter().map(|(_, row)| *row).collect::<Vec<_>>(), [1, 4]);
    let rejected: Vec<(u64, &str, Option<&str>)> =
        collected.rejected.iter().map(|row| (row.row, row.rule, row.column.as_deref())).collect();
    assert_eq!(rejected, [(2, "wrong_type", Some("id")), (3, "invalid_json", None), (5, "wrong_type", Some("born"))]);
    assert_eq!(collected.rejected[0].message, "row 2 (line 2): column \"id\" does not hold Int64");
    assert_eq!(texts(&collected, "name"), [None, Some("{\"x\":1}".to_owned())]);
    let at =
        collected.chunks[0].batch.column_by_name("at").unwrap().as_primitive::<TimestampMicrosecondType>().value(0);
    assert_eq!(at, 1_706_789_100_000_000);
    let vip: &BooleanArray = collected.chunks.last().unwrap().batch.column_by_name("vip").unwrap().as_boolean();
    assert!(vip.value(vip.len() - 1));
}

#[test]
fn a_window_is_passed_and_nothing_runs_before_it() {
    let script = "echo run >> runs; printf '{\"at\":\"%s %s %s\"}\\n' \"$GOLDSMITH_CURSOR_COLUMN\" \"$GOLDSMITH_CURSOR_FROM\" \"${GOLDSMITH_CURSOR_UNTIL-unset}\"";
    let folder = folder(script);
    let options = json!({ "program": "./export", "windowed": true, "columns": [{ "name": "at" }] });
    let source = open(folder.path(), &options).unwrap();
    assert!(source.obeys_windows());
    source.schema(None).unwrap();
    assert!(!folder.path().join("runs").exists());
    let from = Some(Mark { text: "2024-01-01".to_owned(), data_type: DataType::Utf8 });
    let window = Some(Window { column: "at".to_owned(), from, until: None });
    let collected = collect(&*source, &ReadRequest { window, ..ReadRequest::default() }).unwrap();
    assert_eq!(texts(&collected, "at"), [Some("at 2024-01-01 unset".to_owned())]);
    assert!(!open(folder.path(), &json!({ "program": "./export" })).unwrap().obeys_windows());
}

#[test]
fn wrong_options_are_refused_with_the_way_out() {
    let folder = folder("");
    let cases = [
        (json!({ "program": "" }), "option \"program\" is empty; name a program"),
        (
            json!({ "program": "x", "timeout_seconds": 0 }),
            "option \"timeout_seconds\" is 0; give the program some time",
        ),
        (
            json!({ "program": "x", "windowed": true }),
            "option \"windowed\" needs the columns and their types, because they cannot be found without reading all \
             rows; add columns: [...]",
        ),
        (
            json!({ "program": "x", "env": { "A": "1" }, "secrets": { "A": { "env": "B" } } }),
            "variable A stands in env and in secrets; remove one",
        ),
        (
            json!({ "program": "x", "env": { "A=": "1" } }),
            "\"A=\" is no name of a variable; rename it in env or secrets",
        ),
        (
            json!({ "program": "x", "secrets": { "A": {} } }),
            "option \"secrets.A\" of connector command needs either env, the name of an environment variable, or file, a path",
        ),
    ];
    for (options, expected) in cases {
        let error = open(folder.path(), &options).map(|_| ()).unwrap_err();
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Config, format!("source \"crm\": {expected}")));
    }
    std::fs::set_permissions(folder.path().join("export"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = read(folder.path(), json!({})).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config, "{error}");
    let error = read(folder.path(), json!({ "secrets": { "A": { "file": "gone" } } })).unwrap_err();
    assert_eq!(
        (error.kind, error.to_string().starts_with("file gone cannot be read")),
        (ErrorKind::Config, true),
        "{error}"
    );
}
