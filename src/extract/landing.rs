//! Landing files: what a source delivered, as an uncompressed Arrow file, with the place of every row.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::ipc::writer::FileWriter;
use goldsmith_increments::NewState;
use goldsmith_source::contract::RejectedBytes;
use goldsmith_source::{Chunk, ErrorKind, FileRead, RejectedRow, Sink, SourceError};

use super::Quarantined;
use crate::pipeline::RunError;
use crate::pipeline::error::IoContext;
use crate::progress::Progress;

/// Begins the names of columns that are the program's own: a control character, which no column of a source has.
pub const OWN: char = '\u{1f}';
/// Landing column: index of the row's file in [`LandedTable::files`].
pub const FILE: &str = "\u{1f}file";
/// Landing column: number of the row in its file, from 1.
pub const ROW: &str = "\u{1f}row";

/// A table as it was landed.
#[derive(Debug, Clone)]
pub struct LandedTable {
    pub path: PathBuf,
    /// The landed columns, then [`FILE`] and [`ROW`].
    pub schema: SchemaRef,
    /// All columns the source had, landed or not, and those it no longer has but are landed as nulls: what the next
    /// run's contract compares.
    pub source_schema: SchemaRef,
    /// File names by the index in [`FILE`].
    pub files: Vec<String>,
    /// Rows landed.
    pub rows: u64,
    /// Rows that could not be read, or were kept out.
    pub rejected: u64,
    /// All rows were kept out, because the table's columns broke the contract.
    pub refused: bool,
    /// How it was read by increments, where it was.
    pub increment: Option<LandedIncrement>,
}

/// A table that was read by increments: the rows landed are merged ones.
#[derive(Debug, Clone)]
pub struct LandedIncrement {
    /// The file of its state, relative to the version's directory.
    pub path: PathBuf,
    pub state: NewState,
}

/// Takes what a source pushes and writes it down.
pub struct Landing<'a> {
    source: String,
    table: String,
    path: PathBuf,
    columns: Vec<String>,
    gone: Vec<Arc<Field>>,
    source_schema: SchemaRef,
    schema: SchemaRef,
    writer: FileWriter<BufWriter<File>>,
    files: Vec<Arc<str>>,
    rows: u64,
    rejected: u64,
    rejected_bytes: RejectedBytes,
    done: Vec<FileRead>,
    quarantined: Vec<Quarantined>,
    progress: &'a Progress,
}

impl<'a> Landing<'a> {
    /// Opens the landing file for `columns` (all for `None`) of a table with `source_schema`, and `gone` ones as nulls.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn create(
        source: &str,
        table: &str,
        path: PathBuf,
        source_schema: &SchemaRef,
        columns: Option<&[String]>,
        gone: &[Arc<Field>],
        progress: &'a Progress,
    ) -> Result<Self, RunError> {
        let columns: Vec<String> = match columns {
            Some(columns) => columns.to_vec(),
            None => source_schema.fields().iter().map(|field| field.name().clone()).collect(),
        };
        let mut fields = Vec::with_capacity(columns.len() + gone.len() + 2);
        for name in &columns {
            let field = source_schema.field_with_name(name).map_err(|_| {
                RunError::Internal(format!("source `{source}` has no column `{name}` that was asked for"))
            })?;
            fields.push(field.clone());
        }
        fields.extend(gone.iter().map(|field| field.as_ref().clone()));
        fields.push(Field::new(FILE, DataType::Int32, false));
        fields.push(Field::new(ROW, DataType::Int64, false));
        let schema = Arc::new(Schema::new(fields));
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).doing(|| format!("creating {}", directory.display()))?;
        }
        let file = File::create(&path).doing(|| format!("creating {}", path.display()))?;
        let writer = FileWriter::try_new(BufWriter::with_capacity(1 << 20, file), &schema)?;
        Ok(Self {
            source: source.to_owned(),
            table: table.to_owned(),
            path,
            columns,
            gone: gone.to_vec(),
            source_schema: Arc::new(Schema::new(
                source_schema.fields().iter().chain(gone).cloned().collect::<Fields>(),
            )),
            schema,
            writer,
            files: Vec::new(),
            rows: 0,
            rejected: 0,
            rejected_bytes: RejectedBytes::default(),
            done: Vec::new(),
            quarantined: Vec::new(),
            progress,
        })
    }

    /// The columns to ask the source for.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Closes the landing file.
    ///
    /// # Errors
    /// Where it cannot be written to its end.
    pub fn finish(mut self) -> Result<(LandedTable, Vec<FileRead>, Vec<Quarantined>), RunError> {
        self.writer.finish()?;
        let table = LandedTable {
            path: self.path,
            schema: self.schema,
            source_schema: self.source_schema,
            files: self.files.iter().map(ToString::to_string).collect(),
            rows: self.rows,
            rejected: self.rejected,
            refused: false,
            increment: None,
        };
        Ok((table, self.done, self.quarantined))
    }

    fn file_index(&mut self, file: &Arc<str>) -> i32 {
        let known = self.files.iter().rposition(|known| known == file);
        let index = known.unwrap_or_else(|| {
            self.files.push(Arc::clone(file));
            self.files.len() - 1
        });
        i32::try_from(index).unwrap_or(i32::MAX)
    }
}

impl Sink for Landing<'_> {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        self.progress
            .check_signal()
            .map_err(|signal| SourceError::unavailable(self.source.clone(), signal.to_string()))?;
        let file = self.file_index(&chunk.file);
        let rows = chunk.batch.num_rows();
        let mut columns: Vec<ArrayRef> = chunk.batch.columns().to_vec();
        columns.extend(self.gone.iter().map(|field| new_null_array(field.data_type(), rows)));
        columns.push(Arc::new(Int32Array::from_value(file, rows)));
        columns.push(Arc::new(
            chunk.rows.iter().map(|row| i64::try_from(*row).unwrap_or(i64::MAX)).collect::<Int64Array>(),
        ));
        let landed = RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(|error| {
            let message = format!("table \"{}\": rows came with other columns than were told", self.table);
            SourceError::new(ErrorKind::Internal, message).because(error)
        })?;
        let landed = self.writer.write(&landed).map_err(|error| {
            SourceError::unavailable(
                self.path.display().to_string(),
                "the landing file could not be written; is the disk full?",
            )
            .because(error)
        });
        self.rows += rows as u64;
        self.progress.advance(rows as u64);
        landed
    }

    fn reject(&mut self, row: RejectedRow) -> Result<(), SourceError> {
        self.rejected_bytes.add(&row)?;
        self.rejected += 1;
        self.progress.advance(1);
        self.quarantined.push(Quarantined {
            source: self.source.clone(),
            table: Some(self.table.clone()),
            file: row.file.to_string(),
            row: i64::try_from(row.row).unwrap_or(i64::MAX),
            byte_offset: row.byte_offset.and_then(|offset| i64::try_from(offset).ok()),
            source_key: None,
            stage: "parse",
            rule: row.rule.to_owned(),
            attribute: row.column,
            message: row.message,
            raw: row.raw,
        });
        Ok(())
    }

    fn file_done(&mut self, file: FileRead) -> Result<(), SourceError> {
        self.done.push(file);
        Ok(())
    }
}

/// The place of a row and its columns as JSON.
type TakenRow = (usize, i64, Vec<u8>);

/// Calls `take` with the index of the file, the row number and the columns as JSON of every landed row that is
/// `wanted`.
///
/// # Errors
/// Where the landing file cannot be read back.
pub fn each_row(
    table: &LandedTable,
    wanted: impl Fn(usize, i64) -> bool,
    mut take: impl FnMut(usize, i64, &[u8]),
) -> Result<(), RunError> {
    let file = File::open(&table.path).doing(|| format!("reading back {}", table.path.display()))?;
    let reader = arrow::ipc::reader::FileReader::try_new(std::io::BufReader::new(file), None)?;
    for batch in reader {
        let batch = batch?;
        let columns = batch.num_columns() - 2;
        let files = batch.column(columns).as_primitive::<arrow::datatypes::Int32Type>();
        let numbers = batch.column(columns + 1).as_primitive::<arrow::datatypes::Int64Type>();
        let place = |row: usize| (usize::try_from(files.value(row)).unwrap_or(0), numbers.value(row));
        let rows: UInt32Array = (0..u32::try_from(batch.num_rows()).unwrap_or(u32::MAX))
            .filter(|row| {
                let (file, number) = place(*row as usize);
                wanted(file, number)
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        if columns == 0 {
            for row in rows.values() {
                let (file, number) = place(*row as usize);
                take(file, number, b"{}");
            }
            continue;
        }
        let data = take_record_batch(&batch.project(&(0..columns).collect::<Vec<_>>())?, &rows)?;
        let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
        writer.write(&data)?;
        writer.finish()?;
        let json = writer.into_inner();
        for (row, line) in rows.values().iter().zip(json.split(|byte| *byte == b'\n')) {
            let (file, number) = place(*row as usize);
            take(file, number, line);
        }
    }
    Ok(())
}

/// Empties a landing file and returns what it held: the index of the file, the row number and the columns as JSON
/// of each row, and how many there were.
pub(super) fn take_rows(table: &LandedTable) -> Result<(Vec<TakenRow>, u64), RunError> {
    let mut rows = Vec::new();
    each_row(table, |_, _| true, |file, row, json| rows.push((file, row, json.to_vec())))?;
    let file = File::create(&table.path).doing(|| format!("emptying {}", table.path.display()))?;
    let mut writer = FileWriter::try_new(file, &table.schema)?;
    writer.finish()?;
    let count = rows.len() as u64;
    Ok((rows, count))
}
