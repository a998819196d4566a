//! The conformance battery on a file and a stream in one source, and files that are broken.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, DictionaryArray, Int64Array, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use connector_arrow::ArrowIpc;
use goldsmith_source::conformance::{Collected, ExpectedFile, Fixture, check_source, collect};
use goldsmith_source::{Connector as _, ErrorKind, OpenContext, ReadRequest, SourceError};
use serde_json::json;

fn batch(columns: Vec<(&str, ArrayRef)>, nullable: bool) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), nullable)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = FileWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

fn read(folder: &Path, path: &str) -> Result<Collected, SourceError> {
    let context = OpenContext { source_name: "erp".to_owned(), base_dir: folder.to_owned() };
    collect(&*ArrowIpc.open(&json!({ "path": path }), &context)?, &ReadRequest::default())
}

fn people(names: ArrayRef, ids: Vec<i64>) -> RecordBatch {
    batch(vec![("id", Arc::new(Int64Array::from(ids))), ("name", names)], false)
}

#[test]
fn keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let dictionary: DictionaryArray<Int32Type> = ["Zoë", "Li", "Zoë"].into_iter().collect();
    let other: DictionaryArray<Int32Type> = ["Ada", "Bo"].into_iter().collect();
    write("1.arrow", &file(&[people(Arc::new(dictionary), vec![1, 2, 3])]));
    write("2.arrow", &stream(&[people(Arc::new(other), vec![5, 6])]));
    let at = TimestampMicrosecondArray::from(vec![7]).with_timezone("UTC");
    let third = batch(vec![("at", Arc::new(at)), ("name", Arc::new(StringViewArray::from(vec!["Cy"])))], true);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&file(&[third])).unwrap();
    write("3.arrow.gz", &gzip.finish().unwrap());
    let at = TimestampMicrosecondArray::from(vec![None, None, None, None, None, Some(7)]).with_timezone("UTC");
    let expected = batch(
        vec![
            ("id", Arc::new(Int64Array::from(vec![Some(1), Some(2), Some(3), Some(5), Some(6), None]))),
            ("name", Arc::new(StringArray::from(vec!["Zoë", "Li", "Zoë", "Ada", "Bo", "Cy"]))),
            ("at", Arc::new(at)),
        ],
        true,
    );
    let whole = |name: &str, rows| ExpectedFile { name: name.to_owned(), rows, path: Some(folder.path().join(name)) };
    let fixture = Fixture {
        connector: &ArrowIpc,
        options: json!({ "path": "*.arrow*" }),
        base_dir: folder.path().to_owned(),
        table: None,
        expected,
        rejected: Vec::new(),
        files: vec![whole("1.arrow", 3), whole("2.arrow", 2), whole("3.arrow.gz", 1)],
        missing: Some(json!({ "path": "nowhere.arrow" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
}

#[test]
fn compression_inside_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let batch = people(Arc::new(StringArray::from(vec!["customer"; 500])), (0..500).collect());
    for codec in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let options = IpcWriteOptions::default().try_with_compression(Some(codec)).unwrap();
        let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        std::fs::write(folder.path().join("a.arrow"), writer.into_inner().unwrap()).unwrap();
        let collected = read(folder.path(), "a.arrow").unwrap();
        assert_eq!(
            collected.chunks[0].batch.column(1).as_string::<i32>().iter().flatten().next_back(),
            Some("customer")
        );
    }
}

#[test]
fn broken_files_are_corrupt_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let names: ArrayRef = Arc::new(StringArray::from(vec!["customer"; 500]));
    let batch = people(names, (0..500).collect());
    for whole in [file(&[batch.clone(), batch.clone()]), stream(&[batch.clone(), batch.clone()])] {
        let mut damaged: Vec<Vec<u8>> =
            [0, 5, whole.len() / 2, whole.len() - 1].map(|length| whole[..length].to_vec()).into();
        damaged.push(b"id,name\n1,Li\n".repeat(9));
        for bytes in damaged {
            std::fs::write(folder.path().join("a.arrow"), &bytes).unwrap();
            let error = read(folder.path(), "a.arrow").map(|_| ()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Corrupt, "{}: {error}", bytes.len());
            assert!(error.to_string().starts_with("a.arrow: is no whole Arrow IPC file or stream: "), "{error}");
        }
        // Noise at any place is an error or other values, never a panic or an endless read.
        for at in (0..whole.len()).step_by(97) {
            let mut noise = whole.clone();
            noise.iter_mut().skip(at).take(16).for_each(|byte| *byte = 0xa7);
            std::fs::write(folder.path().join("a.arrow"), &noise).unwrap();
            if let Err(error) = read(folder.path(), "a.arrow") {
                assert_eq!(error.kind, ErrorKind::Corrupt, "{at}: {error}");
            }
        }
    }
}

#[test]
fn one_name_with_two_types_names_both_files() {
    let folder = tempfile::tempdir().unwrap();
    let one = batch(vec![("id", Arc::new(Int64Array::from(vec![1])))], true);
    let two = batch(vec![("id", Arc::new(StringArray::from(vec!["1"])))], true);
    std::fs::write(folder.path().join("1.arrow"), file(&[one])).unwrap();
    std::fs::write(folder.path().join("2.arrow"), stream(&[two])).unwrap();
    let error = read(folder.path(), "*.arrow").unwrap_err().to_string();
    assert!(error.starts_with("2.arrow: column \"id\" is Utf8 here and Int64 in 1.arrow"), "{error}");
}
