//! The conformance battery, and files that are broken or do not fit each other.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal128Array, DictionaryArray, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use connector_parquet::Parquet;
use goldsmith_source::conformance::{Collected, ExpectedFile, Fixture, check_source, collect};
use goldsmith_source::{Connector, ErrorKind, OpenContext, ReadRequest, Source, SourceError};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::json;

fn write(path: &Path, batch: &RecordBatch, compression: Compression) {
    let properties =
        WriterProperties::builder().set_compression(compression).set_max_row_group_row_count(Some(4)).build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

fn source(folder: &Path, path: &str) -> Box<dyn Source> {
    let context = OpenContext { source_name: "billing".to_owned(), base_dir: folder.to_owned() };
    Parquet.open(&json!({ "path": path }), &context).unwrap()
}

fn read(folder: &Path, path: &str) -> Result<Collected, SourceError> {
    collect(&*source(folder, path), &ReadRequest::default())
}

fn refused(folder: &Path, path: &str) -> SourceError {
    match read(folder, path) {
        Ok(_) => panic!("{path} was read"),
        Err(error) => error,
    }
}

fn ids(rows: i64) -> RecordBatch {
    let names: Vec<String> = (0..rows).map(|row| format!("customer number {row}")).collect();
    batch(vec![("id", Arc::new(Int64Array::from_iter_values(0..rows))), ("name", Arc::new(StringArray::from(names)))])
}

/// Columns of every kind that matters for customers, and the schema they must come out with.
fn rich(rows: usize) -> RecordBatch {
    let number = |row: usize| i64::try_from(row).unwrap();
    let amounts = (0..rows).map(|row| (row % 3 > 0).then(|| i128::from(number(row)) * 101));
    let amounts = Decimal128Array::from_iter(amounts).with_precision_and_scale(12, 2).unwrap();
    let paid =
        TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| number(row) * 1_000_001)).with_timezone("UTC");
    let city: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("town {row}"))));
    let floor: ArrayRef = Arc::new(Int64Array::from_iter((0..rows).map(|row| (row % 2 == 0).then(|| number(row)))));
    let address = StructArray::from(vec![
        (Arc::new(Field::new("city", DataType::Utf8, true)), city),
        (Arc::new(Field::new("floor", DataType::Int64, true)), floor),
    ]);
    let lists = (0..rows).map(|row| (row % 4 != 1).then(|| vec![Some(7); row % 3]));
    let tags = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    batch(vec![
        ("id", Arc::new(Int64Array::from_iter_values((0..rows).map(number)))),
        ("amount", Arc::new(amounts)),
        ("paid_at", Arc::new(paid)),
        ("address", Arc::new(address)),
        ("tags", Arc::new(tags)),
    ])
}

fn nullable(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true)).collect::<Vec<_>>()))
}

fn fixture(folder: &Path, path: &str, expected: RecordBatch, files: &[(&str, u64)]) -> Result<(), String> {
    let fixture = Fixture {
        connector: &Parquet,
        options: json!({ "path": path }),
        base_dir: folder.to_owned(),
        table: None,
        expected,
        rejected: Vec::new(),
        files: files
            .iter()
            .map(|(name, rows)| ExpectedFile { name: (*name).to_owned(), rows: *rows, path: Some(folder.join(name)) })
            .collect(),
        missing: Some(json!({ "path": "nowhere.parquet" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).map_err(|violations| violations.iter().map(|v| format!("{v}\n")).collect())
}

#[test]
fn keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rich(11);
    write(&folder.path().join("bills.parquet"), &rows, Compression::SNAPPY);
    let expected = RecordBatch::try_new(nullable(&rows.schema()), rows.columns().to_vec()).unwrap();
    fixture(folder.path(), "bills.parquet", expected, &[("bills.parquet", 11)])
        .unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn several_files_are_one_table_by_column_name() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["gold", "silver", "gold"];
    let one = batch(vec![
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("tier", Arc::new(words.into_iter().collect::<DictionaryArray<Int32Type>>())),
    ]);
    let two = batch(vec![
        ("tier", Arc::new(StringViewArray::from(vec!["bronze", "none"]))),
        ("note", Arc::new(LargeStringArray::from(vec![None, Some("late")]))),
        ("id", Arc::new(Int64Array::from(vec![4, 5]))),
    ]);
    write(&folder.path().join("a.parquet"), &one, Compression::UNCOMPRESSED);
    write(&folder.path().join("b.parquet"), &two, Compression::ZSTD(ZstdLevel::default()));
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("tier", DataType::Utf8, true),
        Field::new("note", DataType::Utf8, true),
    ]));
    let first: Vec<ArrayRef> =
        vec![one.column(0).clone(), Arc::new(StringArray::from(words.to_vec())), new_null_array(&DataType::Utf8, 3)];
    let second: Vec<ArrayRef> = vec![
        two.column(2).clone(),
        Arc::new(StringArray::from(vec!["bronze", "none"])),
        Arc::new(StringArray::from(vec![None, Some("late")])),
    ];
    let parts = [first, second].map(|columns| RecordBatch::try_new(schema.clone(), columns).unwrap());
    let expected = concat_batches(&schema, &parts).unwrap();
    fixture(folder.path(), "*.parquet", expected, &[("a.parquet", 3), ("b.parquet", 2)])
        .unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn a_count_needs_no_column() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.parquet"), &ids(9), Compression::UNCOMPRESSED);
    let request = ReadRequest { columns: Some(Vec::new()), ..ReadRequest::default() };
    let source = source(folder.path(), "a.parquet");
    let collected = collect(&*source, &request).unwrap();
    assert_eq!(collected.rows().len(), 9);
    assert!(collected.chunks.iter().all(|chunk| chunk.batch.num_columns() == 0));
    assert_eq!(source.row_estimate(None), Some(9));
}

#[test]
fn one_name_with_two_types_is_refused_before_a_row_is_read() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a.parquet"), &ids(3), Compression::UNCOMPRESSED);
    let other = batch(vec![("id", Arc::new(StringArray::from(vec!["x"])) as ArrayRef)]);
    write(&folder.path().join("b.parquet"), &other, Compression::UNCOMPRESSED);
    let error = refused(folder.path(), "[ab].parquet");
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert_eq!(
        error.to_string(),
        "b.parquet: column \"id\" is Utf8 here and Int64 in a.parquet; write both with one type, or make each file a source \
         of its own"
    );
}

/// What becomes of a good file after `damage`.
fn damaged(compression: Compression, damage: impl FnOnce(&mut Vec<u8>)) -> Result<Collected, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bills.parquet");
    write(&path, &ids(20), compression);
    let mut bytes = std::fs::read(&path).unwrap();
    damage(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    read(folder.path(), "bills.parquet")
}

#[test]
fn a_file_cut_anywhere_is_corrupt_and_named() {
    for keep in [0_usize, 1, 3, 4, 11, 100] {
        let error = damaged(Compression::SNAPPY, |bytes| bytes.truncate(keep)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt, "{keep} bytes kept");
        assert!(error.to_string().starts_with("bills.parquet: is a broken Parquet file ("), "{error}");
    }
    let error = damaged(Compression::SNAPPY, |bytes| bytes.truncate(bytes.len() - 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bills.parquet: is a broken Parquet file (it does not end as a Parquet file does, so it is cut short or another \
         format); write it again or ask its owner for a complete copy"
    );
}

#[test]
fn a_page_that_does_not_decompress_is_corrupt() {
    // Twenty rows in groups of four: the file starts with the pages of the first group.
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let error = damaged(zstd, |bytes| bytes.iter_mut().skip(4).take(90).for_each(|byte| *byte = 0xff)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(error.to_string().starts_with("bills.parquet: is a broken Parquet file ("), "{error}");
}

#[test]
fn a_footer_that_points_outside_the_file_is_corrupt() {
    let error = damaged(Compression::UNCOMPRESSED, |bytes| drop(bytes.drain(4..200))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Corrupt);
    assert!(error.to_string().starts_with("bills.parquet: is a broken Parquet file ("), "{error}");
}

#[test]
fn an_encrypted_footer_is_a_matter_of_configuration() {
    let error = damaged(Compression::SNAPPY, |bytes| {
        let at = bytes.len() - 1;
        bytes[at] = b'E';
    })
    .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        "bills.parquet: has an encrypted footer, which cannot be read; ask its owner for a file that is not encrypted"
    );
}

/// Every byte of a small file turned over, one at a time: each ends in rows or in an error that names the file.
#[test]
fn no_flipped_byte_ends_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bills.parquet");
    write(&path, &ids(5), Compression::SNAPPY);
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        for flip in [0xff, 0x80, 0x01] {
            let mut bytes = good.clone();
            bytes[at] ^= flip;
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = read(folder.path(), "bills.parquet") {
                assert!(error.to_string().starts_with("bills.parquet: "), "byte {at}: {error}");
            }
        }
    }
}
