//! The conformance battery, and workbooks that are odd, hostile or broken.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use connector_excel::Excel;
use goldsmith_source::conformance::{Collected, ExpectedFile, Fixture, check_source, collect};
use goldsmith_source::{Connector, ErrorKind, OpenContext, ReadRequest, Source, SourceError};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use serde_json::{Value, json};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn open(folder: &Path, options: &Value) -> Box<dyn Source> {
    let context = OpenContext { source_name: "loyalty".to_owned(), base_dir: folder.to_owned() };
    Excel.open(options, &context).unwrap()
}

fn read(folder: &Path, options: &Value) -> Result<Collected, SourceError> {
    collect(&*open(folder, options), &ReadRequest::default())
}

fn error(folder: &Path, options: &Value) -> (ErrorKind, String) {
    let error = read(folder, options).unwrap_err();
    (error.kind, error.to_string())
}

fn save(sheets: Vec<Worksheet>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut workbook = Workbook::new();
    sheets.into_iter().for_each(|sheet| workbook.push_worksheet(sheet));
    workbook.save(folder.path().join("members.xlsx")).unwrap();
    folder
}

fn sheet(name: &str, rows: &[&[&str]]) -> Worksheet {
    let mut sheet = Worksheet::new();
    sheet.set_name(name).unwrap();
    for (row, cells) in (0..).zip(rows) {
        for (column, text) in (0..).zip(*cells) {
            sheet.write_string(row, column, *text).unwrap();
        }
    }
    sheet
}

fn nullable(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn texts(batch: &RecordBatch, column: usize) -> Vec<Option<&str>> {
    batch.column(column).as_string::<i32>().iter().collect()
}

/// A sheet with a column of each kind, an empty row and a row of errors.
fn rich() -> Worksheet {
    let mut sheet = Worksheet::new();
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    let header = ["id", "points", "joined", "seen", "active", "phone", "mixed"];
    for (column, name) in (0..).zip(header) {
        sheet.write_string(0, column, name).unwrap();
    }
    for (row, id) in [(1, 7.0), (2, 8.0), (4, 9.0)] {
        let date = ExcelDateTime::from_ymd(2024, 2, u8::try_from(row).unwrap()).unwrap();
        sheet.write_number(row, 0, id).unwrap();
        sheet.write_number(row, 1, id / 2.0).unwrap();
        sheet.write_datetime_with_format(row, 2, &date, &day).unwrap();
        sheet.write_datetime_with_format(row, 3, date.clone().and_hms(13, 5, 0.5).unwrap(), &moment).unwrap();
        sheet.write_boolean(row, 4, row == 1).unwrap();
        sheet.write_string(row, 5, "0044 20").unwrap();
    }
    sheet.write_number(1, 6, 447_911_123_456.0).unwrap();
    sheet.write_string(2, 6, "n/a").unwrap();
    sheet.write_formula(4, 6, Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet
}

#[test]
fn keeps_the_contract() {
    let folder = save(vec![rich(), sheet("Notes", &[&["who", "what"], &["Li", "late"]])]);
    let at = |day: i64| (19_753 + day) * 86_400_000_000 + 47_100_500_000;
    let expected = nullable(vec![
        ("id", Arc::new(Int64Array::from(vec![7, 8, 9]))),
        ("points", Arc::new(Float64Array::from(vec![3.5, 4.0, 4.5]))),
        ("joined", Arc::new(Date32Array::from(vec![19_754, 19_755, 19_757]))),
        ("seen", Arc::new(TimestampMicrosecondArray::from(vec![at(1), at(2), at(4)]))),
        ("active", Arc::new(BooleanArray::from(vec![true, false, false]))),
        ("phone", Arc::new(StringArray::from(vec!["0044 20"; 3]))),
        ("mixed", Arc::new(StringArray::from(vec![Some("447911123456"), Some("n/a"), None]))),
    ]);
    let fixture = Fixture {
        connector: &Excel,
        options: json!({ "path": "members.xlsx" }),
        base_dir: folder.path().to_owned(),
        table: Some("Sheet1".to_owned()),
        expected,
        rejected: Vec::new(),
        files: vec![ExpectedFile {
            name: "members.xlsx".to_owned(),
            rows: 3,
            path: Some(folder.path().join("members.xlsx")),
        }],
        missing: Some(json!({ "path": "nowhere.xlsx" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let source = open(folder.path(), &json!({ "path": "members.xlsx" }));
    assert_eq!(source.tables().unwrap(), ["Sheet1", "Notes"]);
    assert_eq!(source.row_estimate(None), Some(3));
}

#[test]
fn sheets_with_one_header_are_one_table() {
    let folder = save(vec![
        sheet("2023", &[&["id", "name"], &["1", "Li"], &["2", "Zoë"]]),
        sheet("Empty", &[]),
        sheet("2024", &[&[""], &["id", "name"], &["3", "Ann"]]),
    ]);
    let collected = read(folder.path(), &json!({ "path": "members.xlsx" })).unwrap();
    assert_eq!(open(folder.path(), &json!({ "path": "members.xlsx" })).tables().unwrap(), ["2023"]);
    let batch = collected.batch(&collected.chunks[0].batch.schema()).unwrap();
    assert_eq!(texts(&batch, 1), [Some("Li"), Some("Zoë"), Some("Ann")]);
    let rows: Vec<u64> = collected.rows().into_iter().map(|(_, row)| row).collect();
    assert_eq!(rows, [1, 2, 3]);
}

#[test]
fn headers_are_found_told_and_made_unique() {
    let rows: [&[&str]; 5] = [
        &["Members of our club"],
        &[" full \n name ", "mail", "mail", ""],
        &["text", "text", "text"],
        &["Li", "a@x", "b@x", "stray"],
        &["Zoë", "", "c@x"],
    ];
    let folder = save(vec![sheet("S", &rows)]);
    let options = json!({ "path": "members.xlsx", "sheet": "S", "header_row": 2, "skip_rows": 1 });
    let collected = read(folder.path(), &options).unwrap();
    let batch = &collected.chunks[0].batch;
    let names: Vec<&str> = batch.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["full name", "mail", "mail_2", "column_4"]);
    assert_eq!(texts(batch, 1), [Some("a@x"), None]);
    assert_eq!(texts(batch, 3), [Some("stray"), None]);
}

#[test]
fn wrong_options_are_refused_with_the_mend() {
    let folder = save(vec![sheet("Members", &[&["id"], &["1"]]), sheet("Notes", &[&["who"], &["Li"]])]);
    assert_eq!(
        error(folder.path(), &json!({ "path": "members.xlsx", "sheet": "Member" })),
        (ErrorKind::Config, "members.xlsx: no sheet \"Member\". Did you mean \"Members\"?".to_owned())
    );
    assert_eq!(
        error(folder.path(), &json!({ "path": "members.xlsx", "header_row": 9 })),
        (
            ErrorKind::Config,
            "members.xlsx: sheet \"Members\" has no column names in row 9 (its first row with content is 1); correct \
             \"header_row\", or choose a sheet with \"sheet\""
                .to_owned()
        )
    );
}

#[test]
fn workbooks_whose_sheets_differ_name_both() {
    let folder = save(vec![sheet("Members", &[&["id"], &["1"]])]);
    let other = save(vec![sheet("Members", &[&["no"], &["2"]])]);
    std::fs::copy(other.path().join("members.xlsx"), folder.path().join("older.xlsx")).unwrap();
    assert_eq!(
        error(folder.path(), &json!({ "path": "*.xlsx" })),
        (
            ErrorKind::Corrupt,
            "older.xlsx: the header of sheet \"Members\" is not the one it has in members.xlsx; make each workbook a \
             source of its own, or choose a sheet with \"sheet\""
                .to_owned()
        )
    );
}

/// What becomes of a good workbook after `damage`.
fn damaged(damage: impl FnOnce(&mut Vec<u8>)) -> Result<Collected, SourceError> {
    let folder = save(vec![rich()]);
    let path = folder.path().join("members.xlsx");
    let mut bytes = std::fs::read(&path).unwrap();
    damage(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    read(folder.path(), &json!({ "path": "members.xlsx" }))
}

#[test]
fn a_workbook_cut_anywhere_is_corrupt_and_named() {
    for cut in [1_usize, 2, 21, 22, 23, 100, 1000] {
        let error = damaged(|bytes| bytes.truncate(bytes.len() - cut)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Corrupt, "{cut}: {error}");
        assert!(error.to_string().starts_with("members.xlsx: is not a whole workbook ("), "{cut}: {error}");
    }
    let cases: [(&[u8], &str); 2] =
        [(b"", "it is empty"), (b"id;name\n1;Li\n", "it is another format, such as CSV or HTML under a wrong name")];
    for (content, fault) in cases {
        let error = damaged(|bytes| *bytes = content.to_vec()).unwrap_err();
        let expected = format!(
            "members.xlsx: is not a whole workbook ({fault}); save it again or ask its owner for a complete copy"
        );
        assert_eq!((error.kind, error.to_string()), (ErrorKind::Corrupt, expected));
    }
}

#[test]
fn no_flipped_byte_gives_other_rows() {
    let good = damaged(|_| {}).unwrap();
    for at in (0..6_000).step_by(37) {
        let outcome = damaged(|bytes| {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 0x5a;
            }
        });
        match outcome {
            Ok(read) => assert_eq!(format!("{:?}", read.chunks), format!("{:?}", good.chunks), "byte {at}"),
            Err(error) => assert!(error.to_string().starts_with("members.xlsx: "), "byte {at}: {error}"),
        }
    }
}

/// A ZIP archive of these parts.
fn archive(parts: &[(&str, &[u8])], method: CompressionMethod) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = ZipWriter::new(std::fs::File::create(folder.path().join("members.xlsx")).unwrap());
    for (name, content) in parts {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap();
    folder
}

#[test]
fn what_no_spreadsheet_program_writes_is_refused() {
    let sst = "<sst uniqueCount=\"99999999999\"><si><t>a</t></si></sst>";
    let dtd = "<!DOCTYPE lolz [<!ENTITY lol \"lol\">]><worksheet/>";
    let zeros = vec![b'0'; 80 << 20];
    let cases: [(&str, &[u8], &str); 3] = [
        (
            "xl/sharedStrings.xml",
            sst.as_bytes(),
            "its part xl/sharedStrings.xml promises more texts than it has bytes for",
        ),
        ("xl/worksheets/sheet1.xml", dtd.as_bytes(), "its part xl/worksheets/sheet1.xml declares a document type"),
        ("xl/worksheets/sheet1.xml", &zeros, "its part xl/worksheets/sheet1.xml grows out of all proportion"),
    ];
    for (name, content, fault) in cases {
        let folder = archive(&[(name, content)], CompressionMethod::Deflated);
        let expected = format!(
            "members.xlsx: is not a workbook any spreadsheet program writes ({fault}); save it again, or export it as CSV"
        );
        assert_eq!(error(folder.path(), &json!({ "path": "members.xlsx" })), (ErrorKind::Corrupt, expected));
    }
}

#[test]
fn open_document_sheets_are_read_by_content() {
    let content = "<?xml version=\"1.0\"?><office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\">\
         <office:body><office:spreadsheet><table:table table:name=\"Members\">\
         <table:table-row><table:table-cell office:value-type=\"string\"><text:p>id</text:p></table:table-cell>\
         <table:table-cell office:value-type=\"string\"><text:p>born</text:p></table:table-cell></table:table-row>\
         <table:table-row><table:table-cell office:value-type=\"float\" office:value=\"7\"><text:p>7</text:p>\
         </table:table-cell><table:table-cell office:value-type=\"date\" office:date-value=\"1990-02-01\"><text:p>x</text:p>\
         </table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>";
    let mimetype: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";
    let manifest: &[u8] = b"<manifest:manifest xmlns:manifest=\"m\"></manifest:manifest>";
    let parts = [("mimetype", mimetype), ("META-INF/manifest.xml", manifest), ("content.xml", content.as_bytes())];
    let folder = archive(&parts, CompressionMethod::Stored);
    let collected = read(folder.path(), &json!({ "path": "members.xlsx" })).unwrap();
    let batch = &collected.chunks[0].batch;
    let types: Vec<&DataType> = batch.schema_ref().fields().iter().map(|field| field.data_type()).collect();
    assert_eq!(types, [&DataType::Int64, &DataType::Date32]);
    assert_eq!(batch.column(1).as_primitive::<arrow::datatypes::Date32Type>().value(0), 7336);
}
