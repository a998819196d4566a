//! Tables that delta-rs (`pip install deltalake==1.6.6 pyarrow==26.0.1`) wrote, against what it reads from them itself.
//!
//! `DELTA_PYTHON` names an interpreter that has it; by default it is `python3`. Where it is missing the tests say so on
//! stderr and pass; with `REQUIRE_SERVERS=1` they fail.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::FileReader;
use connector_delta::Delta;
use goldsmith_source::conformance::{ExpectedFile, Fixture, check_source, collect};
use goldsmith_source::{Connector as _, ErrorKind, ReadRequest};
use serde_json::json;
use tempfile::TempDir;

use crate::{read, refused, sorted, source, whole};

const SCRIPT: &str = include_str!("tables.py");

/// Runs `script` in `folder`; `false` where there is no delta-rs.
pub(crate) fn python(script: &str, folder: &Path) -> bool {
    let python = std::env::var_os("DELTA_PYTHON").unwrap_or_else(|| "python3".into());
    let has_it = Command::new(&python).args(["-c", "import deltalake, pyarrow"]).output();
    if !has_it.is_ok_and(|output| output.status.success()) {
        let missing = format!("{} has no deltalake; install it or set DELTA_PYTHON", python.display());
        assert!(std::env::var("REQUIRE_SERVERS").is_err(), "{missing}");
        eprintln!("NOT RUN: {missing}");
        return false;
    }
    let output = Command::new(&python).args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

/// The folder of all tables, written once.
pub(crate) fn tables() -> Option<&'static Path> {
    static TABLES: OnceLock<Option<TempDir>> = OnceLock::new();
    let folder = TABLES.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        python(SCRIPT, folder.path()).then_some(folder)
    });
    folder.as_ref().map(TempDir::path)
}

/// What delta-rs reads, in order of the first column.
pub(crate) fn expected(path: &Path) -> RecordBatch {
    let reader = FileReader::try_new(File::open(path).unwrap(), None).unwrap();
    let schema = reader.schema();
    concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>().unwrap()).unwrap()
}

/// Compares version `version` of a table with what delta-rs reads from it.
fn agrees(folder: &Path, table: &str, version: u64) {
    let source = source(folder, &json!({ "path": table, "version": version }));
    let schema = source.schema(None).unwrap();
    let read = sorted(&whole(&collect(&*source, &ReadRequest::default()).unwrap(), &schema));
    let wanted = expected(&folder.join(format!("{table}.{version}.arrow")));
    let fields = |batch: &RecordBatch| {
        let schema = batch.schema();
        schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect::<Vec<_>>()
    };
    assert_eq!(fields(&read), fields(&wanted), "{table} {version}");
    assert_eq!(read.columns(), wanted.columns(), "{table} {version}");
    assert_eq!(source.row_estimate(None), Some(wanted.num_rows() as u64), "{table} {version}");
}

#[test]
fn every_version_is_what_delta_rs_reads() {
    let Some(folder) = tables() else { return };
    let mut compared = 0;
    for entry in folder.read_dir().unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some((table, version)) = name.strip_suffix(".arrow").and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        agrees(folder, table, version.parse().unwrap());
        compared += 1;
    }
    assert_eq!(compared, 18);
}

#[test]
fn keeps_the_contract() {
    let Some(folder) = tables() else { return };
    // One data file a commit, so the order by path is found out first and the battery checks the rest against it.
    let table = source(folder, &json!({ "path": "people" }));
    let first = collect(&*table, &ReadRequest::default()).unwrap();
    let rows = whole(&first, &table.schema(None).unwrap());
    assert_eq!(sorted(&rows).columns(), expected(&folder.join("people.2.arrow")).columns());
    let names: Vec<&str> = first.files.iter().map(|file| &*file.file).collect();
    assert!(names[..3].is_sorted() && names[3] == "people/_delta_log/00000000000000000002.json", "{names:?}");
    let files = first.files.iter().map(|file| ExpectedFile {
        name: file.file.to_string(),
        rows: file.rows,
        path: Some(folder.join(&*file.file)),
    });
    let fixture = Fixture {
        connector: &Delta,
        options: json!({ "path": "people" }),
        base_dir: folder.to_owned(),
        table: None,
        expected: rows,
        rejected: Vec::new(),
        files: files.collect(),
        missing: Some(json!({ "path": "nowhere" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn the_latest_version_is_the_default_and_others_have_a_range() {
    let Some(folder) = tables() else { return };
    let latest = source(folder, &json!({ "path": "customers" }));
    let collected = collect(&*latest, &ReadRequest::default()).unwrap();
    let rows = sorted(&whole(&collected, &latest.schema(None).unwrap()));
    assert_eq!(rows.columns(), expected(&folder.join("customers.6.arrow")).columns());

    let error = source(folder, &json!({ "path": "customers", "version": 7 })).schema(None).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert_eq!(error.to_string(), "customers: has no version 7; those that can be read are 0 to 6");
    let error = source(folder, &json!({ "path": "cleaned", "version": 1 })).schema(None).unwrap_err();
    assert_eq!(error.to_string(), "cleaned: has no version 1; those that can be read are 3 to 4");
}

#[test]
fn a_preview_stops_and_a_count_needs_no_column() {
    let Some(folder) = tables() else { return };
    let table = source(folder, &json!({ "path": "people" }));
    let request = ReadRequest { limit: Some(4), ..ReadRequest::default() };
    let collected = collect(&*table, &request).unwrap();
    assert_eq!(collected.rows().len(), 4);
    let request = ReadRequest { columns: Some(Vec::new()), ..ReadRequest::default() };
    let counted = collect(&*table, &request).unwrap();
    assert_eq!(counted.rows().len(), 9);
    assert!(counted.chunks.iter().all(|chunk| chunk.batch.num_columns() == 0));
}

#[test]
fn columns_are_read_in_the_order_asked_for() {
    let Some(folder) = tables() else { return };
    let columns = ["note", "country", "id"].map(str::to_owned).to_vec();
    let table = source(folder, &json!({ "path": "customers" }));
    let collected = collect(&*table, &ReadRequest { columns: Some(columns), ..ReadRequest::default() }).unwrap();
    let schema = collected.chunks[0].batch.schema();
    let rows = whole(&collected, &schema);
    let wanted = expected(&folder.join("customers.6.arrow"));
    let by_id = arrow::compute::sort_to_indices(rows.column(2), None, None).unwrap();
    let rows = arrow::compute::take_record_batch(&rows, &by_id).unwrap();
    for name in ["note", "country", "id"] {
        assert_eq!(rows.column_by_name(name), wanted.column_by_name(name), "{name}");
    }
    assert!(rows.column(2).as_primitive::<Int64Type>().values().is_sorted());
}

#[test]
fn what_a_clean_up_removed_ends_the_read() {
    let Some(folder) = tables() else { return };
    // Version 0 of a table that was overwritten and vacuumed.
    let source = source(folder, &json!({ "path": "vacuumed", "version": 0 }));
    let error = match collect(&*source, &ReadRequest::default()) {
        Ok(_) => panic!("it was read"),
        Err(error) => error,
    };
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.to_string().contains("is not there: a clean-up (VACUUM) has removed it"), "{error}");
    assert!(read(folder, "vacuumed").is_ok());
}

#[test]
fn folders_of_tables_are_known_by_their_log() {
    let Some(folder) = tables() else { return };
    let table = folder.join("people");
    let table = table.to_str().unwrap();
    for address in [table, &format!("{table}/"), &format!("{table}/_delta_log"), &format!("{table}/_delta_log/")] {
        assert_eq!(Delta.options_for(address).unwrap()["path"], table, "{address}");
    }
    assert_eq!(Delta.options_for("s3://b/t/_delta_log").unwrap()["path"], "s3://b/t");
    for other in [folder.to_str().unwrap(), "nowhere", "postgres://h/db", "s3://b/t"] {
        assert!(Delta.options_for(other).is_none(), "{other}");
    }
    let error = refused(folder, ".");
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(error.to_string().starts_with(".: is no Delta table: it has no folder _delta_log"), "{error}");
    assert!(error.to_string().ends_with("with connector: parquet and path: ./*.parquet"), "{error}");
}
