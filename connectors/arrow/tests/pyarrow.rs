//! The conformance battery on a file and streams that pyarrow wrote.
//!
//! `PYTHON` names an interpreter that has pyarrow (`python3 -m venv DIR`, then `DIR/bin/pip install pyarrow==26.0.1`);
//! by default it is `python3`. Where pyarrow is missing the test says so and passes; with `REQUIRE_SERVERS=1` it fails.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Schema};
use connector_arrow::ArrowIpc;
use goldsmith_source::conformance::{ExpectedFile, Fixture, check_source};
use serde_json::json;

/// Writes two batches each: to `1.arrow`, compressed inside; to `2.arrows`, where the second replaces the dictionary of
/// the first; and to `3.arrows`, where it adds to it.
const SCRIPT: &str = r#"
import datetime, decimal
import pyarrow as pa

def batch(ids, names, status):
    count = len(ids)
    day = datetime.date(1990, 2, 1)
    moment = datetime.datetime(2024, 2, 1, 13, 5, tzinfo=datetime.timezone.utc)
    def some(value):
        return [value] + [None] * (count - 1)
    return pa.record_batch({
        "id": pa.array(ids, pa.int64()),
        "name": pa.array(names, pa.large_string()),
        "status": pa.array(status).dictionary_encode(),
        "seen": pa.array(names, pa.string_view()),
        "vip": pa.array(some(True), pa.bool_()),
        "score": pa.array(some(0.5), pa.float64()),
        "spent": pa.array(some(decimal.Decimal("12.10")), pa.decimal128(12, 2)),
        "born": pa.array(some(day), pa.date32()),
        "at": pa.array(some(moment), pa.timestamp("us", "UTC")),
        "tags": pa.array(some(["a", None]), pa.large_list(pa.string())),
        "address": pa.array(some({"city": "Graz"}), pa.struct([("city", pa.string())])),
    })

first = batch([1, 2], ["Zoë", None], ["new", "old"])
second = batch([3], ["Li"], ["new"])
third = batch([4], ["Ada"], ["gone"])
with pa.OSFile("1.arrow", "wb") as sink:
    options = pa.ipc.IpcWriteOptions(compression="zstd", unify_dictionaries=True)
    with pa.ipc.new_file(sink, first.schema, options=options) as writer:
        writer.write_table(pa.Table.from_batches([first, second]))
with pa.OSFile("2.arrows", "wb") as sink:
    with pa.ipc.new_stream(sink, first.schema) as writer:
        writer.write_batch(second)
        writer.write_batch(third)

grown = pa.DictionaryArray.from_arrays(pa.array([1], pa.int32()), pa.array(["new", "gone"]))
fourth = third.set_column(2, "status", grown)
with pa.OSFile("3.arrows", "wb") as sink:
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with pa.ipc.new_stream(sink, first.schema, options=options) as writer:
        writer.write_batch(second)
        writer.write_batch(fourth)
        assert writer.stats.num_dictionary_deltas == 1
"#;

/// Has pyarrow write into `folder`, where there is one.
fn write(folder: &Path) -> bool {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let version = Command::new(&python).args(["-c", "import pyarrow; print(pyarrow.__version__)"]).output();
    if !version.is_ok_and(|version| version.status.success()) {
        let message =
            "pyarrow is not installed, so nothing that it wrote was read; see connectors/arrow/tests/pyarrow.rs";
        assert_ne!(std::env::var("REQUIRE_SERVERS").as_deref(), Ok("1"), "{message}");
        // Loud even where the test harness captures output.
        let _ = writeln!(std::io::stderr(), "NOT TESTED: {message}");
        return false;
    }
    let output = Command::new(&python).args(["-c", SCRIPT]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

const HAS_ALL: [bool; 7] = [true, false, true, true, true, true, true];

/// Values of the seven rows, of which the first of each batch has them all.
fn some<T: Clone>(value: &T) -> Vec<Option<T>> {
    HAS_ALL.map(|has| has.then(|| value.clone())).to_vec()
}

#[test]
fn what_pyarrow_wrote_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    if !write(folder.path()) {
        return;
    }
    let valid = || Some(HAS_ALL.to_vec().into());
    let names: ArrayRef = Arc::new(StringArray::from(
        ["Zoë", "", "Li", "Li", "Ada", "Li", "Ada"].map(|name| Some(name).filter(|name| !name.is_empty())).to_vec(),
    ));
    let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
    let tags = StringArray::from([Some("a"), None].repeat(6));
    let tags = ListArray::new(item, OffsetBuffer::from_lengths([2, 0, 2, 2, 2, 2, 2]), Arc::new(tags), valid());
    let city = Arc::new(Field::new("city", DataType::Utf8, true));
    let cities = StringArray::from(some(&"Graz"));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 3, 4, 3, 4]))),
        ("name", Arc::clone(&names)),
        ("status", Arc::new(StringArray::from(vec!["new", "old", "new", "new", "gone", "new", "gone"]))),
        ("seen", names),
        ("vip", Arc::new(BooleanArray::from(some(&true)))),
        ("score", Arc::new(Float64Array::from(some(&0.5)))),
        ("spent", Arc::new(Decimal128Array::from(some(&1_210)).with_precision_and_scale(12, 2).unwrap())),
        ("born", Arc::new(Date32Array::from(some(&7_336)))),
        ("at", Arc::new(TimestampMicrosecondArray::from(some(&1_706_792_700_000_000)).with_timezone("UTC"))),
        ("tags", Arc::new(tags)),
        ("address", Arc::new(StructArray::new(vec![city].into(), vec![Arc::new(cities)], valid()))),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let whole = |name: &str, rows| ExpectedFile { name: name.to_owned(), rows, path: Some(folder.path().join(name)) };
    let fixture = Fixture {
        connector: &ArrowIpc,
        options: json!({ "path": "*.arrow*" }),
        base_dir: folder.path().to_owned(),
        table: None,
        expected: RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap(),
        rejected: Vec::new(),
        files: vec![whole("1.arrow", 3), whole("2.arrows", 2), whole("3.arrows", 2)],
        missing: Some(json!({ "path": "nowhere.arrow" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}
