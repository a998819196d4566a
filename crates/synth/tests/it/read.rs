//! Reads the five systems back, each with a common library for its format.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Date32Type;
use calamine::{Data, DataType as _, Reader, Xlsx};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// What exact rules look at.
#[derive(Default)]
pub(crate) struct Record {
    /// As `record_id` in the truth.
    pub(crate) id: String,
    pub(crate) given: String,
    pub(crate) family: String,
    /// ISO date.
    pub(crate) birth: String,
    pub(crate) emails: Vec<String>,
    pub(crate) phones: Vec<String>,
}

pub(crate) fn records(dir: &Path) -> Vec<Record> {
    let mut records = crm(dir);
    records.extend(shop(dir));
    records.extend(billing(dir));
    records.extend(support(dir));
    records.extend(loyalty(dir));
    records
}

/// Record to customer.
pub(crate) fn truth(dir: &Path) -> HashMap<String, String> {
    let mut reader = csv::Reader::from_path(dir.join("truth.csv")).unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        assert_eq!(row[3], format!("{}:{}", &row[0], &row[1]));
        (row[3].to_owned(), row[2].to_owned())
    });
    rows.collect()
}

pub(crate) fn gunzip(path: &Path) -> String {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes.into_iter().map(char::from).collect()
}

pub(crate) fn sheet_heights(path: &Path) -> Vec<usize> {
    let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
    book.worksheets().iter().map(|(_, range)| range.height()).collect()
}

pub(crate) fn parquet_column(path: &Path, column: &str) -> Vec<String> {
    let mut values = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let texts = batch.column_by_name(column).unwrap().as_string::<i32>();
        values.extend(texts.iter().map(|text| text.unwrap_or_default().to_owned()));
    }
    values
}

fn present(values: impl IntoIterator<Item = String>) -> Vec<String> {
    values.into_iter().filter(|value| !value.is_empty()).collect()
}

/// `Family, Given Middle` or `Title Given Middle Family Suffix`.
fn split_name(name: &str) -> (String, String) {
    let words = |text: &str| -> Vec<String> {
        let known = ["mr", "mrs", "ms", "miss", "dr", "jr", "sr"];
        let words = text.split_whitespace().filter(|word| !known.contains(&word.to_lowercase().as_str()));
        words.map(str::to_owned).collect()
    };
    match name.split_once(", ") {
        Some((family, given)) => {
            (words(given).first().cloned().unwrap_or_default(), words(family).last().cloned().unwrap_or_default())
        }
        None => {
            let words = words(name);
            let family = if words.len() > 1 { words.last().cloned() } else { None };
            (words.first().cloned().unwrap_or_default(), family.unwrap_or_default())
        }
    }
}

fn crm(dir: &Path) -> Vec<Record> {
    let text = gunzip(&dir.join("crm/customers.csv.gz"));
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|field| field == name).unwrap();
    let mut records = Vec::new();
    for row in reader.records() {
        let row = row.unwrap();
        if row.len() < header.len() || &row[column("status")] == "test" {
            continue;
        }
        let text = |name: &str| row[column(name)].to_owned();
        let (given, family) = split_name(&text("name"));
        let dob = text("dob");
        let birth = if dob.is_empty() { dob } else { format!("{}-{}-{}", &dob[6..], &dob[3..5], &dob[..2]) };
        records.push(Record {
            id: format!("crm:{}", text("customer_id")),
            given,
            family,
            birth,
            emails: present([text("email"), text("email_2")]),
            phones: present([text("mobile"), text("landline")]),
        });
    }
    records
}

fn shop(dir: &Path) -> Vec<Record> {
    let database = rusqlite::Connection::open(dir.join("shop.db")).unwrap();
    let mut query =
        database.prepare("SELECT id, first_name, last_name, email, phone, birthday FROM customers").unwrap();
    let rows = query.query_map([], |row| {
        let text = |at| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
        let (given, _) = split_name(&text(1)?);
        let (last, first) = split_name(&text(2)?);
        Ok(Record {
            id: format!("shop:{}", row.get::<_, i64>(0)?),
            given,
            family: if first.is_empty() { last } else { first },
            birth: text(5)?,
            emails: present([text(3)?]),
            phones: present([text(4)?]),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn billing(dir: &Path) -> Vec<Record> {
    let file = File::open(dir.join("billing/accounts.parquet")).unwrap();
    let mut records = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let texts = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>();
        let text = |name: &str, row: usize| -> String {
            let column = texts(name);
            if column.is_null(row) { String::new() } else { column.value(row).to_owned() }
        };
        let births = batch.column_by_name("date_of_birth").unwrap().as_primitive::<Date32Type>();
        for row in 0..batch.num_rows() {
            let person = text("account_type", row) == "person";
            let (given, family) = if person { split_name(&text("holder", row)) } else { Default::default() };
            let birth = births.is_valid(row).then(|| births.value_as_date(row).unwrap().to_string());
            records.push(Record {
                id: format!("billing:{}", text("account_no", row)),
                given,
                family,
                birth: birth.unwrap_or_default(),
                emails: present([text("email", row)]),
                phones: present([text("phone", row)]),
            });
        }
    }
    records
}

fn support(dir: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(dir.join("support/contacts.ndjson")).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines
        .map(|line| {
            let contact = &line["contact"];
            let (given, family) = split_name(contact["name"].as_str().unwrap_or_default());
            let strings = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            Record {
                id: format!("support:{}", strings(&line["id"])),
                given,
                family,
                birth: String::new(),
                emails: contact["emails"].as_array().unwrap().iter().map(strings).collect(),
                phones: contact["phones"].as_array().unwrap().iter().map(|phone| strings(&phone["number"])).collect(),
            }
        })
        .collect()
}

fn loyalty(dir: &Path) -> Vec<Record> {
    let mut book: Xlsx<_> = calamine::open_workbook(dir.join("loyalty/members.xlsx")).unwrap();
    let mut records = Vec::new();
    for (_, range) in book.worksheets() {
        for row in range.rows().skip(1) {
            let text = |at: usize| row.get(at).and_then(Data::get_string).unwrap_or_default().to_owned();
            let birth = row.get(4).and_then(excel_date).map(|date| date.to_string());
            let (last, first) = split_name(&text(3));
            records.push(Record {
                id: format!("loyalty:{}", text(0)),
                given: split_name(&text(2)).0,
                family: if first.is_empty() { last } else { first },
                birth: birth.unwrap_or_default(),
                emails: present([text(5)]),
                phones: present([text(6)]),
            });
        }
    }
    records
}

fn excel_date(cell: &Data) -> Option<chrono::NaiveDate> {
    let Data::DateTime(date) = cell else { return None };
    let serial = date.as_f64() as i32;
    // Excel's first of January 1900 is day 1, and there is a day too many at the end of that February.
    chrono::NaiveDate::from_epoch_days(serial - 25_569 + i32::from(serial < 60))
}
