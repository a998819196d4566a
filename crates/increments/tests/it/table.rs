//! A source of one table that is given as a batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use goldsmith_source::cursor::CursorColumn;
use goldsmith_source::{Chunk, FileRead, ReadRequest, RejectedRow, Sink, Source, SourceError, request};

pub(crate) struct Table {
    pub(crate) batch: RecordBatch,
    pub(crate) windows: bool,
    pub(crate) is_log: bool,
    /// Rows that cannot be read, at the end of every read.
    pub(crate) broken: u64,
}

impl Table {
    pub(crate) fn of(columns: Vec<(&str, ArrayRef)>) -> Self {
        let fields: Vec<Field> =
            columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
        Self { batch, windows: true, is_log: false, broken: 0 }
    }
}

impl Source for Table {
    fn locator(&self) -> String {
        "table".to_owned()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(vec!["customers".to_owned()])
    }

    fn schema(&self, _: Option<&str>) -> Result<SchemaRef, SourceError> {
        Ok(self.batch.schema())
    }

    fn obeys_windows(&self) -> bool {
        self.windows
    }

    fn is_log(&self) -> bool {
        self.is_log
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let places = request::projection(request.columns.as_deref(), self.batch.schema_ref(), "table")?;
        let mut inside: Vec<u32> = (0..u32::try_from(self.batch.num_rows()).unwrap()).collect();
        if let Some(window) = &request.window {
            let cursors = CursorColumn::new(self.batch.column_by_name(&window.column).unwrap())?;
            let (from, until) = (window.from.as_ref(), window.until.as_ref());
            inside.retain(|row| {
                cursors.value(*row as usize).is_none_or(|value| {
                    from.is_none_or(|from| value >= from.value().unwrap())
                        && until.is_none_or(|until| value < until.value().unwrap())
                })
            });
        }
        let rows = (1..=inside.len() as u64).collect();
        let last = inside.len() as u64;
        let batch = take_record_batch(&self.batch, &UInt32Array::from(inside)).unwrap().project(&places).unwrap();
        sink.chunk(Chunk { file: "customers".into(), rows, batch })?;
        for number in 1..=self.broken {
            sink.reject(RejectedRow {
                file: "customers".into(),
                row: last + number,
                byte_offset: None,
                column: None,
                rule: "invalid_encoding",
                message: "is not UTF-8".to_owned(),
                raw: Vec::new(),
            })?;
        }
        sink.file_done(FileRead { file: "customers".into(), bytes: 0, checksum: None, rows: last + self.broken })
    }
}
