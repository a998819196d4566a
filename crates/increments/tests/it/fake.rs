//! A system of one table in memory that can be read in windows, and runs that read it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt32Type};
use goldsmith_increments::{Increment, Mode, NewState, PreviousState, Settings, read_increment};
use goldsmith_source::conformance::Collected;
use goldsmith_source::{Chunk, FileRead, ReadRequest, Sink, Source, SourceError};
use tempfile::TempDir;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Customer {
    pub(crate) id: i64,
    pub(crate) cursor: Option<i64>,
    pub(crate) value: u32,
    pub(crate) deleted: bool,
}

/// The table as it is now, in the order rows were inserted.
pub(crate) struct Fake {
    rows: Vec<Customer>,
    batch_rows: usize,
    /// A change adds a row instead of replacing one.
    versions: bool,
}

impl Fake {
    pub(crate) fn new(batch_rows: usize, versions: bool) -> Self {
        Self { rows: Vec::new(), batch_rows, versions }
    }

    pub(crate) fn put(&mut self, customer: Customer) {
        match self.rows.iter_mut().find(|row| row.id == customer.id) {
            Some(row) if !self.versions => *row = customer,
            _ => self.rows.push(customer),
        }
    }

    pub(crate) fn remove(&mut self, id: i64) {
        self.rows.retain(|row| row.id != id);
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.rows.iter().map(|row| row.id).collect()
    }

    /// The newest row of every key: the one with the largest cursor, and of equal ones the last.
    pub(crate) fn newest(&self) -> Vec<Customer> {
        let is_newest = |(at, row): &(usize, &Customer)| {
            let newer = |(other_at, other): (usize, &Customer)| {
                other.id == row.id && (other.cursor, other_at) > (row.cursor, *at)
            };
            !self.rows.iter().enumerate().any(newer)
        };
        self.rows.iter().enumerate().filter(is_newest).map(|(_, row)| row.clone()).collect()
    }
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("modified_at", DataType::Int64, true),
        Field::new("value", DataType::UInt32, true),
        Field::new("is_deleted", DataType::Boolean, true),
    ]))
}

impl Source for Fake {
    fn locator(&self) -> String {
        "fake".to_owned()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(vec!["customers".to_owned()])
    }

    fn schema(&self, _: Option<&str>) -> Result<SchemaRef, SourceError> {
        Ok(schema())
    }

    fn obeys_windows(&self) -> bool {
        true
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let edge = |mark: &Option<goldsmith_source::Mark>| mark.as_ref().map(|mark| mark.text.parse::<i64>().unwrap());
        let (from, until) =
            request.window.as_ref().map_or((None, None), |window| (edge(&window.from), edge(&window.until)));
        let inside = |row: &&Customer| {
            let inside = |cursor| from.is_none_or(|from| cursor >= from) && until.is_none_or(|until| cursor < until);
            row.cursor.is_none_or(inside)
        };
        let rows: Vec<&Customer> = self.rows.iter().filter(inside).collect();
        for (number, rows) in rows.chunks(self.batch_rows).enumerate() {
            let batch = RecordBatch::try_new(
                schema(),
                vec![
                    Arc::new(rows.iter().map(|row| Some(row.id)).collect::<Int64Array>()),
                    Arc::new(rows.iter().map(|row| row.cursor).collect::<Int64Array>()),
                    Arc::new(rows.iter().map(|row| Some(row.value)).collect::<UInt32Array>()),
                    Arc::new(rows.iter().map(|row| Some(row.deleted)).collect::<BooleanArray>()),
                ],
            );
            let names = request.columns.clone().unwrap();
            let places: Vec<usize> = names.iter().map(|name| schema().index_of(name).unwrap()).collect();
            let batch = batch.unwrap().project(&places).unwrap();
            let first = number * self.batch_rows + 1;
            let rows = (first..first + rows.len()).map(|row| row as u64).collect();
            sink.chunk(Chunk { file: "customers".into(), rows, batch })?;
        }
        sink.file_done(FileRead { file: "customers".into(), bytes: 0, checksum: None, rows: rows.len() as u64 })
    }
}

/// Runs over the table, and the state of the last one that was committed.
pub(crate) struct Run {
    pub(crate) settings: Settings,
    pub(crate) mark: Option<String>,
    previous: Option<PreviousState>,
    folder: TempDir,
    count: u32,
}

/// What a run read, before it is committed.
pub(crate) struct Read {
    pub(crate) customers: Vec<Customer>,
    collected: Collected,
    new: NewState,
    path: PathBuf,
}

impl Read {
    /// How many places the rows come from.
    pub(crate) fn places(&self) -> usize {
        self.collected.rows().into_iter().collect::<BTreeSet<_>>().len()
    }
}

/// States are made durable, which takes a disk its time; in memory there is nothing to wait for.
fn folder() -> TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

impl Run {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, mark: None, previous: None, folder: folder(), count: 0 }
    }

    pub(crate) fn has_state(&self) -> bool {
        self.previous.is_some()
    }

    pub(crate) fn read(&mut self, fake: &Fake, mode: &Mode) -> Result<Read, SourceError> {
        self.count += 1;
        let path = self.folder.path().join(format!("{}.parquet", self.count));
        let mut collected = Collected::default();
        let new = read_increment(
            &Increment {
                source: fake,
                table: "customers",
                schema: &schema(),
                columns: None,
                gone: &[],
                settings: &self.settings,
                identity: "fake",
                mode,
                now: 0,
                previous: self.previous.as_ref(),
                state: &path,
                spool: &self.folder.path().join("spool"),
            },
            &mut collected,
        )?;
        let batch = collected.batch(&schema()).unwrap();
        let (ids, cursors) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_primitive::<Int64Type>());
        let (values, deleted) = (batch.column(2).as_primitive::<UInt32Type>(), batch.column(3).as_boolean());
        let customers = (0..batch.num_rows())
            .map(|row| Customer {
                id: ids.value(row),
                cursor: cursors.iter().nth(row).flatten(),
                value: values.value(row),
                deleted: deleted.value(row),
            })
            .collect();
        Ok(Read { customers, collected, new, path })
    }

    pub(crate) fn commit(&mut self, read: Read) {
        self.mark = read.new.mark.map(|mark| mark.text);
        let way_out = "goldsmith run --refresh crm".to_owned();
        self.previous = Some(PreviousState { path: read.path, blake3: read.new.file.blake3, way_out });
    }
}
