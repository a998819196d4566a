//! The checks, in the order of [`Check`].

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use serde_json::{Map, Value};

use super::windows::windows;
use super::{Check, Collected, ExpectedReject, Fixture, Violation, collect};
use crate::contract::DEFAULT_BATCH_ROWS;
use crate::{Chunk, ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError};

/// Runs every check.
///
/// # Errors
/// The promises that were broken.
pub fn check_source(fixture: &Fixture<'_>) -> Result<(), Vec<Violation>> {
    let mut report = Report(Vec::new());
    documentation(fixture, &mut report);
    missing(fixture, &mut report);
    unknown_option(fixture, &mut report);
    match baseline(fixture) {
        Ok((source, first)) => {
            locator(fixture, &*source, &mut report);
            tables(fixture, &*source, &mut report);
            schema(fixture, &*source, &mut report);
            let schema = fixture.expected.schema();
            rows(fixture, &first, &mut report);
            row_numbers(&first, &mut report);
            types(&first, &schema, &mut report);
            projection(fixture, &*source, &first, &mut report);
            batch_rows(fixture, &*source, &first, &mut report);
            repeatable(fixture, &*source, &first, &mut report);
            rejected(fixture, &first, &mut report);
            secrecy(&first, &mut report);
            sink_errors(fixture, &*source, &first, &mut report);
            file_done(fixture, &first, &mut report);
            windows(fixture, &*source, &first, &mut report);
        }
        Err(error) => report.add(Check::Reads, format!("the fixture cannot be read: {error}")),
    }
    if report.0.is_empty() { Ok(()) } else { Err(report.0) }
}

pub(super) struct Report(Vec<Violation>);

impl Report {
    pub(super) fn add(&mut self, check: Check, message: impl Into<String>) {
        self.0.push(Violation { check, message: message.into() });
    }

    pub(super) fn expect(&mut self, check: Check, holds: bool, message: impl FnOnce() -> String) {
        if !holds {
            self.add(check, message());
        }
    }

    /// A refusal of the given kind whose text has all of `words`.
    fn refused<T>(&mut self, check: Check, result: Result<T, SourceError>, kind: ErrorKind, words: &[&str]) {
        match result {
            Ok(_) => self.add(check, "was accepted"),
            Err(error) => {
                self.expect(check, error.kind == kind, || format!("is {:?}, not {kind:?}: {error}", error.kind));
                let text = error.to_string();
                for word in words {
                    self.expect(check, text.contains(word), || format!("\"{word}\" is not in \"{text}\""));
                }
            }
        }
    }
}

fn context(fixture: &Fixture<'_>) -> OpenContext {
    OpenContext { source_name: "fixture".to_owned(), base_dir: fixture.base_dir.clone() }
}

fn request(fixture: &Fixture<'_>) -> ReadRequest {
    ReadRequest { table: fixture.table.clone(), ..ReadRequest::default() }
}

fn baseline(fixture: &Fixture<'_>) -> Result<(Box<dyn Source>, Collected), SourceError> {
    let source = fixture.connector.open(&fixture.options, &context(fixture))?;
    let first = collect(&*source, &request(fixture))?;
    Ok((source, first))
}

fn documentation(fixture: &Fixture<'_>, report: &mut Report) {
    let connector = fixture.connector;
    let name = connector.name();
    let lower_snake =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    report.expect(Check::Documentation, lower_snake, || format!("the name \"{name}\" is not in lower_snake_case"));
    report.expect(Check::Documentation, !connector.about().is_empty(), || "says nothing about itself".to_owned());
    let line = format!("connector: {name}");
    report.expect(Check::Documentation, connector.example().contains(&line), || {
        format!("the example has no line \"{line}\"")
    });
    let closed = connector.options_schema().get("additionalProperties") == Some(&Value::Bool(false));
    report.expect(Check::Documentation, closed, || "the schema of the options admits unknown options".to_owned());
    for (option, schema) in properties(fixture) {
        let described = schema.get("description").is_some() || schema.get("$ref").is_some();
        report.expect(Check::Documentation, described, || format!("option \"{option}\" has no description"));
    }
}

fn properties(fixture: &Fixture<'_>) -> Map<String, Value> {
    let schema = fixture.connector.options_schema();
    schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn missing(fixture: &Fixture<'_>, report: &mut Report) {
    let Some(options) = &fixture.missing else {
        return;
    };
    match fixture.connector.open(options, &context(fixture)) {
        Err(error) => report.add(Check::OpenTouchesNothing, format!("open failed: {error}")),
        Ok(source) => {
            let table = fixture.table.as_deref();
            report.refused(Check::MissingIsUnavailable, source.schema(table), ErrorKind::Unavailable, &[]);
            let read = collect(&*source, &request(fixture));
            report.refused(Check::MissingIsUnavailable, read, ErrorKind::Unavailable, &[]);
        }
    }
}

fn unknown_option(fixture: &Fixture<'_>, report: &mut Report) {
    let Some(known) = fixture.options.as_object().and_then(|options| options.keys().next()) else {
        report.add(Check::UnknownOption, "the fixture has no option");
        return;
    };
    let wrong = format!("{known}x");
    let mut options = fixture.options.clone();
    if let Some(options) = options.as_object_mut() {
        options.insert(wrong.clone(), Value::Bool(true));
    }
    let opened = fixture.connector.open(&options, &context(fixture));
    report.refused(Check::UnknownOption, opened, ErrorKind::Config, &[&wrong, &format!("\"{known}\"")]);
}

fn locator(fixture: &Fixture<'_>, source: &dyn Source, report: &mut Report) {
    let locator = source.locator();
    report.expect(Check::Locator, !locator.is_empty(), || "is empty".to_owned());
    report.expect(Check::Locator, locator == source.locator(), || "differs from call to call".to_owned());
    for (number, canary) in fixture.canaries.iter().enumerate() {
        report.expect(Check::Locator, !locator.contains(canary), || format!("holds secret {}", number + 1));
    }
}

fn tables(fixture: &Fixture<'_>, source: &dyn Source, report: &mut Report) {
    let tables = match source.tables() {
        Ok(tables) => tables,
        Err(error) => return report.add(Check::Tables, format!("cannot be listed: {error}")),
    };
    report.expect(Check::Tables, !tables.is_empty(), || "there are none".to_owned());
    report.expect(Check::Tables, unique(&tables), || format!("names are not unique: {tables:?}"));
    let again = source.tables().unwrap_or_default();
    report.expect(Check::Tables, tables == again, || "differ from call to call".to_owned());
    if let Some(table) = &fixture.table {
        report.expect(Check::Tables, tables.contains(table), || format!("\"{table}\" is not among {tables:?}"));
    }
    let Some(known) = fixture.table.as_ref().or(tables.first()) else {
        return;
    };
    let wrong = format!("{known}x");
    report.refused(
        Check::UnknownTable,
        source.schema(Some(&wrong)),
        ErrorKind::Config,
        &[&wrong, &format!("\"{known}\"")],
    );
    let request = ReadRequest { table: Some(wrong.clone()), ..ReadRequest::default() };
    report.refused(
        Check::UnknownTable,
        collect(source, &request),
        ErrorKind::Config,
        &[&wrong, &format!("\"{known}\"")],
    );
}

fn schema(fixture: &Fixture<'_>, source: &dyn Source, report: &mut Report) {
    let table = fixture.table.as_deref();
    let found = match source.schema(table) {
        Ok(found) => found,
        Err(error) => return report.add(Check::Schema, format!("cannot be told: {error}")),
    };
    let expected = fixture.expected.schema();
    let names: Vec<&String> = found.fields().iter().map(|field| field.name()).collect();
    report.expect(Check::Schema, unique(&names), || format!("names are not unique: {names:?}"));
    for field in found.fields() {
        report.expect(Check::Schema, field.is_nullable(), || format!("\"{}\" is not nullable", field.name()));
    }
    report.expect(Check::Schema, columns(&found) == columns(&expected), || {
        format!("is {:?}, not {:?}", columns(&found), columns(&expected))
    });
    let again = source.schema(table).ok();
    report.expect(Check::Schema, again.as_ref() == Some(&found), || "differs from call to call".to_owned());
}

fn columns(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type())).collect()
}

fn rows(fixture: &Fixture<'_>, first: &Collected, report: &mut Report) {
    // Types have a check of their own, so values are compared column by column as far as the types agree.
    let got: usize = first.chunks.iter().map(|chunk| chunk.batch.num_rows()).sum();
    let expected = &fixture.expected;
    report.expect(Check::Rows, got == expected.num_rows(), || format!("{got} came, not {}", expected.num_rows()));
    let mut start = 0;
    for chunk in &first.chunks {
        let length = chunk.batch.num_rows().min(expected.num_rows().saturating_sub(start));
        for field in expected.schema().fields() {
            let (Some(wanted), Some(found)) =
                (expected.column_by_name(field.name()), chunk.batch.column_by_name(field.name()))
            else {
                continue;
            };
            for row in 0..length {
                let same_type = wanted.data_type() == found.data_type();
                if same_type && wanted.slice(start + row, 1).to_data() != found.slice(row, 1).to_data() {
                    return report.add(Check::Rows, format!("row {} differs in \"{}\"", start + row + 1, field.name()));
                }
            }
        }
        start += chunk.batch.num_rows();
    }
}

fn row_numbers(first: &Collected, report: &mut Report) {
    for chunk in &first.chunks {
        let (rows, length) = (chunk.rows.len(), chunk.batch.num_rows());
        report.expect(Check::RowNumbers, rows == length, || format!("{rows} numbers for {length} rows"));
    }
    let mut numbers: Vec<(String, Vec<u64>)> = Vec::new();
    let good = first.rows();
    for pair in good.windows(2) {
        if let [(file, row), (next_file, next)] = pair {
            report.expect(Check::RowNumbers, file != next_file || row < next, || format!("{next} follows {row}"));
        }
    }
    let bad = first.rejected.iter().map(|row| (row.file.to_string(), row.row));
    for (file, row) in good.into_iter().chain(bad) {
        match numbers.iter_mut().find(|(known, _)| *known == file) {
            Some((_, rows)) => rows.push(row),
            None => numbers.push((file, vec![row])),
        }
    }
    for (file, mut rows) in numbers {
        rows.sort_unstable();
        let complete = rows.iter().zip(1..).all(|(&row, number)| row == number);
        report.expect(Check::RowNumbers, complete, || format!("of {file} do not count 1, 2, 3 …: {rows:?}"));
    }
}

fn types(first: &Collected, schema: &SchemaRef, report: &mut Report) {
    let fault = first.chunks.iter().find(|chunk| columns(&chunk.batch.schema()) != columns(schema));
    if let Some(chunk) = fault {
        report.add(Check::Types, format!("a batch has {:?}", columns(&chunk.batch.schema())));
    }
}

fn projection(fixture: &Fixture<'_>, source: &dyn Source, first: &Collected, report: &mut Report) {
    let names: Vec<String> = fixture.expected.schema().fields().iter().map(|field| field.name().clone()).collect();
    let reversed: Vec<String> = names.iter().rev().cloned().collect();
    let last: Vec<String> = reversed.iter().take(1).cloned().collect();
    let subset: Vec<String> = names.iter().step_by(2).cloned().collect();
    for choice in [reversed, last, subset, names.clone()] {
        let request = ReadRequest { columns: Some(choice.clone()), ..request(fixture) };
        let outcome = collect(source, &request).map_err(|error| error.to_string()).and_then(|chosen| {
            let wanted = chosen_columns(first, &choice)?;
            let (numbers, rejects) = (chosen.rows() == first.rows(), refusals(&chosen) == refusals(first));
            Ok((joined(&chosen)? == wanted, numbers && rejects))
        });
        match outcome {
            Ok((true, true)) => {}
            Ok((false, _)) => report.add(Check::Projection, format!("{choice:?} gives other data")),
            Ok((_, false)) => report.add(Check::Projection, format!("{choice:?} gives or rejects other rows")),
            Err(error) => report.add(Check::Projection, format!("{choice:?}: {error}")),
        }
    }
    let Some(known) = names.first() else { return };
    let wrong = format!("{known}x");
    let request = ReadRequest { columns: Some(vec![wrong.clone()]), ..request(fixture) };
    report.refused(
        Check::UnknownColumn,
        collect(source, &request),
        ErrorKind::Config,
        &[&wrong, &format!("\"{known}\"")],
    );
}

pub(super) fn joined(collected: &Collected) -> Result<Option<RecordBatch>, String> {
    let Some(chunk) = collected.chunks.first() else {
        return Ok(None);
    };
    collected.batch(&chunk.batch.schema()).map(Some).map_err(|error| error.to_string())
}

fn chosen_columns(first: &Collected, names: &[String]) -> Result<Option<RecordBatch>, String> {
    let Some(all) = joined(first)? else {
        return Ok(None);
    };
    let schema = all.schema();
    let positions: Result<Vec<usize>, _> = names.iter().map(|name| schema.index_of(name)).collect();
    positions.and_then(|positions| all.project(&positions)).map(Some).map_err(|error| error.to_string())
}

fn refusals(collected: &Collected) -> Vec<ExpectedReject> {
    let refusal = |row: &RejectedRow| ExpectedReject {
        file: row.file.to_string(),
        row: row.row,
        rule: row.rule.to_owned(),
        raw: row.raw.clone(),
    };
    collected.rejected.iter().map(refusal).collect()
}

/// What is not the same in two reads of the same columns.
fn difference(one: &Collected, other: &Collected) -> Option<&'static str> {
    if joined(one) != joined(other) {
        Some("data")
    } else if one.rows() != other.rows() {
        Some("row numbers")
    } else if refusals(one) != refusals(other) {
        Some("rejected rows")
    } else if one.files != other.files {
        Some("files")
    } else {
        None
    }
}

fn batch_rows(fixture: &Fixture<'_>, source: &dyn Source, first: &Collected, report: &mut Report) {
    for size in [1, 7, DEFAULT_BATCH_ROWS] {
        match collect(source, &ReadRequest { batch_rows: size, ..request(fixture) }) {
            Err(error) => report.add(Check::BatchRows, format!("{size}: {error}")),
            Ok(sized) => {
                let largest = sized.chunks.iter().map(|chunk| chunk.batch.num_rows()).max().unwrap_or_default();
                report.expect(Check::BatchRows, largest <= size, || format!("{size}: a batch has {largest} rows"));
                // At the default size the same request is made again; what changes then is repeatability.
                if size != DEFAULT_BATCH_ROWS
                    && let Some(what) = difference(first, &sized)
                {
                    report.add(Check::BatchRows, format!("{size}: other {what}"));
                }
            }
        }
    }
}

fn repeatable(fixture: &Fixture<'_>, source: &dyn Source, first: &Collected, report: &mut Report) {
    match collect(source, &request(fixture)) {
        Err(error) => report.add(Check::Repeatable, format!("the second read failed: {error}")),
        Ok(second) => {
            if let Some(what) = difference(first, &second) {
                report.add(Check::Repeatable, format!("the second read gave other {what}"));
            }
        }
    }
}

fn rejected(fixture: &Fixture<'_>, first: &Collected, report: &mut Report) {
    let found = refusals(first);
    report.expect(Check::Rejected, found.len() == fixture.rejected.len(), || {
        format!("{} rows, not {}", found.len(), fixture.rejected.len())
    });
    for (found, wanted) in found.iter().zip(&fixture.rejected) {
        report.expect(Check::Rejected, found == wanted, || format!("{found:?}, not {wanted:?}"));
    }
}

fn secrecy(first: &Collected, report: &mut Report) {
    for row in &first.rejected {
        // Runs of letters and digits long enough not to stand in a sentence by chance.
        let raw = String::from_utf8_lossy(&row.raw);
        let words = raw.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 4);
        let leaked = words.filter(|word| row.column.as_deref() != Some(word)).any(|word| row.message.contains(word));
        report.expect(Check::Secrecy, !leaked, || format!("the message of row {} repeats its text", row.row));
    }
}

fn sink_errors(fixture: &Fixture<'_>, source: &dyn Source, first: &Collected, report: &mut Report) {
    let calls = first.chunks.len() + first.rejected.len() + first.files.len();
    for fails_at in 1..=calls {
        let mut sink = Failing { calls: 0, fails_at };
        match source.read(&request(fixture), &mut sink) {
            Ok(()) => report.add(Check::SinkErrors, format!("call {fails_at} failed and nobody was told")),
            Err(error) => {
                let same = error.kind == ErrorKind::Unavailable && error.message == Failing::MESSAGE;
                report.expect(Check::SinkErrors, same, || format!("call {fails_at} came back as: {error}"));
            }
        }
        report.expect(Check::SinkErrors, sink.calls <= fails_at, || format!("goes on after call {fails_at} failed"));
    }
}

struct Failing {
    calls: usize,
    fails_at: usize,
}

impl Failing {
    const MESSAGE: &'static str = "the sink is full";

    fn call(&mut self) -> Result<(), SourceError> {
        self.calls += 1;
        if self.calls < self.fails_at {
            return Ok(());
        }
        Err(SourceError::new(ErrorKind::Unavailable, Self::MESSAGE))
    }
}

impl Sink for Failing {
    fn chunk(&mut self, _: Chunk) -> Result<(), SourceError> {
        self.call()
    }

    fn reject(&mut self, _: RejectedRow) -> Result<(), SourceError> {
        self.call()
    }

    fn file_done(&mut self, _: FileRead) -> Result<(), SourceError> {
        self.call()
    }
}

fn file_done(fixture: &Fixture<'_>, first: &Collected, report: &mut Report) {
    for file in &first.after_done {
        report.add(Check::FileDone, format!("{file}: something came after it was reported as read"));
    }
    let found: Vec<(&str, u64)> = first.files.iter().map(|file| (&*file.file, file.rows)).collect();
    let wanted: Vec<(&str, u64)> = fixture.files.iter().map(|file| (file.name.as_str(), file.rows)).collect();
    report.expect(Check::FileDone, found == wanted, || format!("{found:?} were reported, not {wanted:?}"));
    for (found, wanted) in first.files.iter().zip(&fixture.files) {
        let Some(path) = &wanted.path else { continue };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                report.add(Check::FileDone, format!("the fixture's {} is not readable: {error}", wanted.name));
                continue;
            }
        };
        report.expect(Check::FileDone, found.bytes == bytes.len() as u64, || {
            format!("{}: {} bytes, not {}", wanted.name, found.bytes, bytes.len())
        });
        let checksum = blake3::hash(&bytes).to_hex().to_string();
        report.expect(Check::FileDone, found.checksum.as_ref() == Some(&checksum), || {
            format!("{}: checksum {:?}, not {checksum}", wanted.name, found.checksum)
        });
    }
}

fn unique<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().all(|(at, item)| items.iter().skip(at + 1).all(|other| other != item))
}
