//! The conformance battery, contacts of each version in the forms that phones and address books use, and files that are
//! broken.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray as _, BooleanArray, ListArray, RecordBatch, StringArray, StructArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::Field;
use connector_vcard::VCard;
use goldsmith_source::conformance::{Collected, ExpectedFile, ExpectedReject, Fixture, check_source, collect};
use goldsmith_source::{Connector as _, ErrorKind, OpenContext, ReadRequest, Source, SourceError};
use serde_json::{Value, json};

fn open(folder: &Path, options: &Value) -> Box<dyn Source> {
    let context = OpenContext { source_name: "contacts".to_owned(), base_dir: folder.to_owned() };
    VCard.open(options, &context).unwrap()
}

fn read(content: &[u8], encoding: &str) -> Result<Collected, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.vcf"), content).unwrap();
    collect(&*open(folder.path(), &json!({ "path": "a.vcf", "encoding": encoding })), &ReadRequest::default())
}

/// The rows as JSON, nulls left out.
fn rows(content: &[u8]) -> Vec<Value> {
    let collected = read(content, "utf-8").unwrap();
    assert!(collected.rejected.is_empty(), "{:?}", collected.rejected);
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    for chunk in &collected.chunks {
        writer.write(&chunk.batch).unwrap();
    }
    writer.finish().unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let first = "BEGIN:VCARD\nVERSION:3.0\nFN:Zoë\nTEL;TYPE=CELL:1\nEND:VCARD\n\nBEGIN:VCARD\nFN:Mallory\nBEGIN:VCARD\nFN:Li\nEND:VCARD\nstray words\n\nBEGIN:VCARD\nFN:Erased\nnonsense\nEND:VCARD\n";
    let second = "BEGIN:VCARD\nFN:Ada\nTEL:2\nTEL;PREF=1:tel:3\nEND:VCARD\nBEGIN:VCARD\nFN:Torn";
    std::fs::write(folder.path().join("1.vcf"), first).unwrap();
    std::fs::write(folder.path().join("2.vcf"), second).unwrap();
    let schema = open(folder.path(), &json!({ "path": "1.vcf" })).schema(None).unwrap();
    let texts = |values: [Option<&str>; 3]| -> ArrayRef { Arc::new(StringArray::from(values.to_vec())) };
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match field.name().as_str() {
            "full_name" => texts([Some("Zoë"), Some("Li"), Some("Ada")]),
            "version" => texts([Some("3.0"), None, None]),
            "phones" => phones(field),
            _ => new_null_array(field.data_type(), 3),
        })
        .collect();
    let rejected = |file: &str, row, rule: &str, raw: &str| ExpectedReject {
        file: file.to_owned(),
        row,
        rule: rule.to_owned(),
        raw: raw.as_bytes().to_vec(),
    };
    let fixture = Fixture {
        connector: &VCard,
        options: json!({ "path": "*.vcf" }),
        base_dir: folder.path().to_owned(),
        table: None,
        expected: RecordBatch::try_new(schema, columns).unwrap(),
        rejected: vec![
            rejected("1.vcf", 2, "unclosed_card", "BEGIN:VCARD\nFN:Mallory"),
            rejected("1.vcf", 4, "not_a_card", "stray words"),
            rejected("1.vcf", 5, "invalid_property", "BEGIN:VCARD\nFN:Erased\nnonsense\nEND:VCARD"),
            rejected("2.vcf", 2, "torn_row", "BEGIN:VCARD\nFN:Torn"),
        ],
        files: vec![
            ExpectedFile { name: "1.vcf".to_owned(), rows: 5, path: Some(folder.path().join("1.vcf")) },
            ExpectedFile { name: "2.vcf".to_owned(), rows: 2, path: Some(folder.path().join("2.vcf")) },
        ],
        missing: Some(json!({ "path": "nowhere.vcf" })),
        canaries: Vec::new(),
    };
    check_source(&fixture).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let offsets: Vec<Option<u64>> =
        collect(&*open(folder.path(), &json!({ "path": "1.vcf" })), &ReadRequest::default())
            .unwrap()
            .rejected
            .iter()
            .map(|row| row.byte_offset)
            .collect();
    let at = |text: &str| first.find(text).map(|at| at as u64);
    assert_eq!(offsets, [at("BEGIN:VCARD\nFN:Mallory"), at("stray"), at("BEGIN:VCARD\nFN:Erased")]);
}

/// `1`, nothing, and `2` and `3`.
fn phones(field: &Arc<Field>) -> ArrayRef {
    let arrow::datatypes::DataType::List(item) = field.data_type() else { panic!("{field}") };
    let arrow::datatypes::DataType::Struct(fields) = item.data_type() else { panic!("{field}") };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["1", "2", "3"])),
        Arc::new(StringArray::from(vec![Some("cell"), None, None])),
        Arc::new(BooleanArray::from(vec![false, false, true])),
    ];
    let items = StructArray::new(fields.clone(), columns, None);
    let valid = Some(vec![true, false, true].into());
    Arc::new(ListArray::new(item.clone(), OffsetBuffer::from_lengths([1, 0, 2]), Arc::new(items), valid))
}

#[test]
fn version_2_1_of_an_old_phone() {
    let card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=4D=C3=BCller;J=C3=B6rg;;Dr.;\r\n\
        FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Dr. J=F6rg M=\r\n=FCller\r\nTEL;HOME;VOICE;PREF:+43 316 1\r\n\
        TEL;CELL:+43 664 2\r\nADR;WORK;ENCODING=QUOTED-PRINTABLE:;;Hauptstra=C3=9Fe 1=0D=0ATop 2;Graz;;8010;Austria\r\n\
        PHOTO;JPEG;ENCODING=BASE64:\r\n /9j/4AAQSkZJRg\r\nABAQEASABIAAD\r\n\r\nAGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:Agent\r\n\
        END:VCARD\r\nNOTE:C:\\temp\\x\r\nEND:VCARD\r\n";
    let expected = json!({
        "version": "2.1", "full_name": "Dr. Jörg Müller", "family_name": "Müller", "given_name": "Jörg", "name_prefix": "Dr.",
        "note": "C:\\temp\\x",
        "phones": [
            { "number": "+43 316 1", "type": "home,voice", "preferred": true },
            { "number": "+43 664 2", "type": "cell", "preferred": false },
        ],
        "addresses": [{
            "street": "Hauptstraße 1\r\nTop 2", "city": "Graz", "postal_code": "8010", "country": "Austria", "type": "work",
            "preferred": false,
        }],
    });
    assert_eq!(rows(card), [expected]);
}

#[test]
fn version_3_0_of_an_address_book() {
    let card = "BEGIN:VCARD\nVERSION:3.0\nPRODID:-//Example//Address Book//EN\nN:O'Neil;Mary,Ann;Jane Q.;;PhD\nFN:Mary Ann O'Neil\n\
        ORG:Smith\\, Jones & Co.;Research;Lab 2\nTITLE:Head\nitem1.EMAIL;type=INTERNET;type=pref:mary@example.com\n\
        item1.X-ABLabel:_$!<Other>!$_\nEMAIL;type=INTERNET;type=WORK:m@example.org\nitem2.URL;type=pref:https\\://example.com/a\n\
        item2.X-ABLabel:_$!<HomePage>!$_\nitem3.ADR;type=HOME:;;1 Infinite Loop\\nSuite 2;Cupertino;CA;95014;USA\n\
        item3.X-ABADR:us\nBDAY;value=date:1990-02-01\nNOTE:first\\, with a comma and a very long\n  text that goes on\nNOTE:second\n\
        CATEGORIES:friends,family,friends\nX-GENDER:Female\nREV:2024-02-01T13:05:00Z\nUID:abc-1\nEND:VCARD\n";
    let expected = json!({
        "uid": "abc-1", "version": "3.0", "full_name": "Mary Ann O'Neil", "family_name": "O'Neil", "given_name": "Mary Ann",
        "additional_names": "Jane Q.", "name_suffix": "PhD", "organization": "Smith, Jones & Co.",
        "department": "Research, Lab 2", "title": "Head", "birthday": "1990-02-01", "gender": "Female",
        "note": "first, with a comma and a very long text that goes on\nsecond", "revised_at": "2024-02-01T13:05:00Z",
        "categories": ["friends", "family"],
        "emails": [
            { "address": "mary@example.com", "type": "internet,other", "preferred": true },
            { "address": "m@example.org", "type": "internet,work", "preferred": false },
        ],
        "urls": [{ "url": "https://example.com/a", "type": "homepage", "preferred": true }],
        "addresses": [{
            "street": "1 Infinite Loop\nSuite 2", "city": "Cupertino", "region": "CA", "postal_code": "95014", "country": "USA",
            "type": "home", "preferred": false,
        }],
    });
    assert_eq!(rows(card.as_bytes()), [expected]);
}

#[test]
fn version_4_0() {
    let card = "\u{feff}begin:vcard\r\nVERSION:4.0\r\nKIND:individual\r\nFN;ALTID=1;LANGUAGE=ja:山田\r\n 太郎\r\nGENDER:M;male\r\n\
        TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5555\r\nEMAIL:mailto:a@example.com\r\nBDAY:--0415\r\n\
        ANNIVERSARY:20090808\r\nNICKNAME:Taro,T\r\nUID:urn:uuid:4fbe8971\r\nEND:vcard\r\n";
    let expected = json!({
        "version": "4.0", "kind": "individual", "full_name": "山田太郎", "gender": "M", "birthday": "--0415",
        "anniversary": "20090808", "nickname": "Taro, T", "uid": "urn:uuid:4fbe8971",
        "phones": [{ "number": "+1-555-555-5555;ext=5555", "type": "voice,home", "preferred": true }],
        "emails": [{ "address": "a@example.com", "preferred": false }],
    });
    assert_eq!(rows(card.as_bytes()), [expected]);
}

#[test]
fn encodings_of_file_and_property() {
    let name = |content: &[u8], encoding: &str| {
        let collected = read(content, encoding).unwrap();
        collected.chunks[0].batch.column_by_name("full_name").unwrap().as_string::<i32>().value(0).to_owned()
    };
    assert_eq!(name(b"BEGIN:VCARD\nFN:J\xf6rg\nEND:VCARD\n", "iso-8859-1"), "Jörg");
    assert_eq!(name(b"BEGIN:VCARD\nFN;CHARSET=ISO-8859-1:J\xf6rg\nEND:VCARD\n", "utf-8"), "Jörg");
    let utf_16: Vec<u8> =
        "BEGIN:VCARD\nFN;CHARSET=ISO-8859-1:Jörg\nEND:VCARD\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(name(&utf_16, "utf-16"), "Jörg", "a file transcoded as a whole has one encoding");

    let collected = read(b"BEGIN:VCARD\nFN:J\xf6rg\nEND:VCARD\nBEGIN:VCARD\nFN:Li\nEND:VCARD", "utf-8").unwrap();
    assert_eq!(collected.rows().len(), 1);
    assert_eq!(collected.rejected[0].rule, "invalid_encoding");
    assert_eq!(collected.rejected[0].raw, b"BEGIN:VCARD\nFN:J\xf6rg\nEND:VCARD");
    assert_eq!(
        collected.rejected[0].message,
        "row 1 (line 1): line 2 holds bytes that its character set does not have"
    );
}

#[test]
fn a_card_that_is_too_long_is_passed_over() {
    let mut content = b"BEGIN:VCARD\nPHOTO;ENCODING=b:\n".to_vec();
    for _ in 0..(17 << 20) / 76 {
        content.extend(b" ");
        content.extend([b'A'; 75]);
        content.push(b'\n');
    }
    content.extend(b"END:VCARD\nBEGIN:VCARD\nFN:Li\nEND:VCARD\n");
    let collected = read(&content, "utf-8").unwrap();
    assert_eq!(collected.rejected.iter().map(|row| (row.row, row.rule)).collect::<Vec<_>>(), [(1, "row_too_long")]);
    assert_eq!(collected.rejected[0].raw.len(), 64 << 10);
    assert_eq!(collected.rows(), [("a.vcf".to_owned(), 2)]);
}

#[test]
fn a_file_of_something_else_is_corrupt() {
    for content in [&b"id,name\n1,Li\n"[..], b"\xff\xfe\x00\x01", b"BEGIN:VCALENDAR\nEND:VCALENDAR\n"] {
        let error = read(content, "utf-8").map(|_| ()).unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Config), "{error}");
        assert!(error.to_string().starts_with("a.vcf: "), "{error}");
    }
    assert_eq!(read(b"", "utf-8").unwrap().files[0].rows, 0);
}
