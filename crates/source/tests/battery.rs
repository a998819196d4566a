//! Each check of the battery is shown to fail, and to fail alone, on a source that breaks one promise.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, LargeStringArray, RecordBatch, StringArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use goldsmith_source::conformance::{Check, ExpectedFile, ExpectedReject, Fixture, check_source};
use goldsmith_source::cursor::CursorColumn;
use goldsmith_source::files::{InputFile, digest};
use goldsmith_source::{
    Chunk, Connector, Mark, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// How the source below breaks the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    ReadFails,
    NoExample,
    OpenLooks,
    MissingIsConfig,
    UnknownOptionAccepted,
    LocatorTellsToken,
    TableTwice,
    UnknownTableAccepted,
    NotNullable,
    RowTwice,
    RowOrder,
    RowLost,
    NumbersFromZero,
    OtherType,
    ProjectionInSchemaOrder,
    ProjectionForgetsRejects,
    UnknownColumnAccepted,
    BatchTooLarge,
    SecondReadDiffers,
    RawBytesLost,
    MessageRepeatsRow,
    SinkErrorSwallowed,
    SinkErrorReplaced,
    GoesOnAfterSinkError,
    ChecksumWrong,
    FileReportedEarly,
    FileReportedTwice,
    FileRowsWrong,
    WindowLeftEdgeOpen,
    WindowRightEdgeClosed,
    WindowForgetsNulls,
    WindowOverturnsOrder,
    WindowIgnored,
    WindowsAllRefused,
}

const FAULTS: &[(Fault, Check)] = &[
    (Fault::ReadFails, Check::Reads),
    (Fault::NoExample, Check::Documentation),
    (Fault::OpenLooks, Check::OpenTouchesNothing),
    (Fault::MissingIsConfig, Check::MissingIsUnavailable),
    (Fault::UnknownOptionAccepted, Check::UnknownOption),
    (Fault::LocatorTellsToken, Check::Locator),
    (Fault::TableTwice, Check::Tables),
    (Fault::UnknownTableAccepted, Check::UnknownTable),
    (Fault::NotNullable, Check::Schema),
    (Fault::RowTwice, Check::Rows),
    (Fault::RowOrder, Check::Rows),
    (Fault::RowLost, Check::Rows),
    (Fault::NumbersFromZero, Check::RowNumbers),
    (Fault::OtherType, Check::Types),
    (Fault::ProjectionInSchemaOrder, Check::Projection),
    (Fault::ProjectionForgetsRejects, Check::Projection),
    (Fault::UnknownColumnAccepted, Check::UnknownColumn),
    (Fault::BatchTooLarge, Check::BatchRows),
    (Fault::SecondReadDiffers, Check::Repeatable),
    (Fault::RawBytesLost, Check::Rejected),
    (Fault::MessageRepeatsRow, Check::Secrecy),
    (Fault::SinkErrorSwallowed, Check::SinkErrors),
    (Fault::SinkErrorReplaced, Check::SinkErrors),
    (Fault::GoesOnAfterSinkError, Check::SinkErrors),
    (Fault::ChecksumWrong, Check::FileDone),
    (Fault::FileReportedEarly, Check::FileDone),
    (Fault::FileReportedTwice, Check::FileDone),
    (Fault::FileRowsWrong, Check::FileDone),
    (Fault::WindowLeftEdgeOpen, Check::Windows),
    (Fault::WindowRightEdgeClosed, Check::Windows),
    (Fault::WindowForgetsNulls, Check::Windows),
    (Fault::WindowOverturnsOrder, Check::Windows),
    (Fault::WindowIgnored, Check::Windows),
    (Fault::WindowsAllRefused, Check::Windows),
];

/// Five good rows; the third of six is rejected.
const NUMBERS: [u64; 5] = [1, 2, 4, 5, 6];
const TOKEN: &str = "canary-4711";

struct Memory(Option<Fault>);

struct MemorySource {
    fault: Option<Fault>,
    options: Options,
    file: InputFile,
    reads: AtomicUsize,
}

/// Where the rows are.
#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Options {
    /// A file that only has to be there.
    path: String,
    /// A secret.
    token: String,
}

fn schema(nullable: bool) -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Utf8, nullable),
        Field::new("name", DataType::Utf8, true),
        Field::new("city", DataType::Utf8, true),
    ]))
}

fn rows() -> RecordBatch {
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["1", "2", "3", "4", "5"]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("Ada"), None, Some("Émile"), Some(""), Some("李")]));
    let cities: ArrayRef = Arc::new(StringArray::from(vec!["Paris", "Rome", "Bern", "Oslo", "Kyiv"]));
    RecordBatch::try_new(schema(true), vec![ids, names, cities]).unwrap()
}

impl Connector for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn about(&self) -> &'static str {
        "Gives five rows."
    }

    fn example(&self) -> &'static str {
        if self.0 == Some(Fault::NoExample) { "" } else { "connector: memory\npath: a\n" }
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(Options)
    }

    fn open(&self, options: &Value, context: &OpenContext) -> Result<Box<dyn Source>, SourceError> {
        let mut options = options.clone();
        if self.0 == Some(Fault::UnknownOptionAccepted) {
            options.as_object_mut().unwrap().retain(|name, _| name == "path" || name == "token");
        }
        let options: Options = request::options(&options, context, "memory")?;
        let file = InputFile::new("rows", context.base_dir.join(&options.path));
        if self.0 == Some(Fault::OpenLooks) && !file.path.exists() {
            return Err(SourceError::unavailable("rows", "is not there"));
        }
        Ok(Box::new(MemorySource { fault: self.0, options, file, reads: AtomicUsize::new(0) }))
    }
}

impl MemorySource {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn table_is_known(&self, table: Option<&str>) -> Result<(), SourceError> {
        if self.has(Fault::UnknownTableAccepted) {
            return Ok(());
        }
        request::table(table, &["customers".to_owned()], "memory").map(|_| ())
    }

    fn is_there(&self) -> Result<(), SourceError> {
        match self.file.path.exists() {
            true => Ok(()),
            false if self.has(Fault::MissingIsConfig) => Err(SourceError::config("is not there")),
            false => Err(SourceError::unavailable("rows", "is not there")),
        }
    }

    fn data(&self, request: &ReadRequest) -> RecordBatch {
        let plain = request.columns.is_none() && request.batch_rows == ReadRequest::default().batch_rows;
        let reads = self.reads.fetch_add(usize::from(plain), Ordering::Relaxed);
        let order: [u32; 5] = match self.fault {
            Some(Fault::RowTwice) => [0, 1, 1, 3, 4],
            Some(Fault::RowOrder) => [0, 1, 3, 2, 4],
            Some(Fault::SecondReadDiffers) if plain && reads >= 2 => [0, 1, 2, 3, 3],
            _ => [0, 1, 2, 3, 4],
        };
        let data = take_record_batch(&rows(), &arrow::array::UInt32Array::from(order.to_vec())).unwrap();
        if self.has(Fault::RowLost) { data.slice(0, 4) } else { data }
    }

    /// The rows of the window. A source that does not say that it obeys them is never asked for one.
    fn inside(&self, data: &RecordBatch, request: &ReadRequest) -> Result<UInt32Array, SourceError> {
        let all = 0..u32::try_from(data.num_rows()).unwrap();
        let Some(window) = request.window.as_ref().filter(|_| !self.has(Fault::WindowIgnored)) else {
            return Ok(all.collect::<Vec<_>>().into());
        };
        if self.has(Fault::WindowsAllRefused) {
            return Err(SourceError::config("is not a cursor"));
        }
        let cursors = CursorColumn::new(data.column_by_name(&window.column).unwrap())?;
        let edge = |mark: &Option<Mark>| mark.as_ref().map(|mark| mark.value().unwrap());
        let (from, until) = (edge(&window.from), edge(&window.until));
        let inside = |row: &u32| match cursors.value(*row as usize) {
            None => !self.has(Fault::WindowForgetsNulls),
            Some(value) => {
                let left = |from| value > from || (value == from && !self.has(Fault::WindowLeftEdgeOpen));
                let right = |until| value < until || (value == until && self.has(Fault::WindowRightEdgeClosed));
                from.clone().is_none_or(left) && until.clone().is_none_or(right)
            }
        };
        let mut rows: Vec<u32> = all.filter(inside).collect();
        if self.has(Fault::WindowOverturnsOrder) {
            rows.reverse();
        }
        Ok(rows.into())
    }

    fn batch(&self, data: &RecordBatch, request: &ReadRequest) -> Result<RecordBatch, SourceError> {
        let mut columns = request.columns.clone();
        if self.has(Fault::UnknownColumnAccepted) {
            columns = columns.map(|names| names.into_iter().filter(|name| name != "idx").collect());
        }
        let mut positions = request::projection(columns.as_deref(), &data.schema(), "memory")?;
        if self.has(Fault::ProjectionInSchemaOrder) {
            positions.sort_unstable();
        }
        let batch = data.project(&positions).unwrap();
        if self.has(Fault::OtherType)
            && let Some(at) = batch.schema().index_of("city").ok()
        {
            let mut fields: Vec<Field> = batch.schema().fields().iter().map(|field| (**field).clone()).collect();
            fields[at] = Field::new("city", DataType::LargeUtf8, true);
            let mut arrays = batch.columns().to_vec();
            let cities = arrays[at].as_any().downcast_ref::<StringArray>().unwrap();
            arrays[at] = Arc::new(cities.iter().collect::<LargeStringArray>());
            return Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap());
        }
        Ok(batch)
    }

    /// What happens to a sink's answer.
    fn passed_on(&self, result: Result<(), SourceError>) -> Result<(), SourceError> {
        match result {
            Err(_) if self.has(Fault::SinkErrorReplaced) => Err(SourceError::corrupt("rows", "something went wrong")),
            other => other,
        }
    }
}

impl Source for MemorySource {
    fn locator(&self) -> String {
        let token = if self.has(Fault::LocatorTellsToken) { self.options.token.as_str() } else { "" };
        format!("memory:{token}")
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        let count = if self.has(Fault::TableTwice) { 2 } else { 1 };
        Ok(vec!["customers".to_owned(); count])
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.table_is_known(table)?;
        self.is_there()?;
        Ok(schema(!self.has(Fault::NotNullable)))
    }

    fn obeys_windows(&self) -> bool {
        true
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.table_is_known(request.table.as_deref())?;
        self.is_there()?;
        if self.has(Fault::ReadFails) {
            return Err(SourceError::corrupt("rows", "cannot be read"));
        }
        let data = self.data(request);
        let inside = self.inside(&data, request)?;
        let batch = self.batch(&take_record_batch(&data, &inside).unwrap(), request)?;
        let numbers: Vec<u64> = inside.values().iter().map(|row| NUMBERS[*row as usize]).collect();
        let mut file_read = digest(&self.file)?.into_file_read(&self.file, 6);
        let push = |result: Result<(), SourceError>| match self.fault {
            Some(Fault::SinkErrorSwallowed | Fault::GoesOnAfterSinkError) => Ok(result.err()),
            _ => self.passed_on(result).map(|()| None),
        };
        let mut first_error = None;
        if self.has(Fault::FileReportedEarly) {
            push(sink.file_done(file_read.clone()))?;
        }
        if !(self.has(Fault::ProjectionForgetsRejects) && request.columns.is_some()) {
            let message = if self.has(Fault::MessageRepeatsRow) { "found broken,row" } else { "has one field" };
            let raw = if self.has(Fault::RawBytesLost) { Vec::new() } else { b"broken,row".to_vec() };
            let row = RejectedRow {
                file: "rows".into(),
                row: 3,
                byte_offset: None,
                column: None,
                rule: "wrong_field_count",
                message: message.to_owned(),
                raw,
            };
            first_error = first_error.or(push(sink.reject(row))?);
        }
        let size = if self.has(Fault::BatchTooLarge) { 5 } else { request.batch_rows };
        for start in (0..batch.num_rows()).step_by(size) {
            let length = size.min(batch.num_rows() - start);
            let mut rows = numbers[start..start + length].to_vec();
            if self.has(Fault::NumbersFromZero) && start == 0 {
                rows[0] = 0;
            }
            let batch = concat_batches(&batch.schema(), [&batch.slice(start, length)]).unwrap();
            first_error = first_error.or(push(sink.chunk(Chunk { file: "rows".into(), rows, batch }))?);
        }
        if self.has(Fault::ChecksumWrong) {
            file_read.checksum = Some("0".repeat(64));
        }
        if self.has(Fault::FileRowsWrong) {
            file_read.rows = 5;
        }
        if !self.has(Fault::FileReportedEarly) {
            first_error = first_error.or(push(sink.file_done(file_read.clone()))?);
        }
        if self.has(Fault::FileReportedTwice) {
            push(sink.file_done(file_read))?;
        }
        match first_error {
            Some(error) if self.has(Fault::GoesOnAfterSinkError) => Err(error),
            _ => Ok(()),
        }
    }
}

fn violations(fault: Option<Fault>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("rows");
    std::fs::write(&path, "whatever").unwrap();
    let fixture = Fixture {
        connector: &Memory(fault),
        options: json!({"path": "rows", "token": TOKEN}),
        base_dir: folder.path().to_owned(),
        table: Some("customers".to_owned()),
        expected: rows(),
        rejected: vec![ExpectedReject {
            file: "rows".to_owned(),
            row: 3,
            rule: "wrong_field_count".to_owned(),
            raw: b"broken,row".to_vec(),
        }],
        files: vec![ExpectedFile { name: "rows".to_owned(), rows: 6, path: Some(path) }],
        missing: Some(json!({"path": "no", "token": TOKEN})),
        canaries: vec![TOKEN.to_owned()],
    };
    let found = check_source(&fixture).err().unwrap_or_default();
    found.iter().map(|violation| format!("{:?}", violation.check)).collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn a_source_that_keeps_its_promises_passes() {
    assert_eq!(violations(None), Vec::<String>::new());
}

#[test]
fn each_broken_promise_is_reported_by_its_check_alone() {
    for &(fault, check) in FAULTS {
        assert_eq!(violations(Some(fault)), [format!("{check:?}")], "{fault:?}");
    }
}

#[test]
fn every_check_has_a_source_that_breaks_it() {
    let broken: BTreeSet<Check> = FAULTS.iter().map(|&(_, check)| check).collect();
    assert_eq!(broken, BTreeSet::from(Check::ALL));
}
