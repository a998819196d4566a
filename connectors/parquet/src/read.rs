//! Reading: everything that touches the files.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use goldsmith_parquet_file::{ParquetFile, guarded};
use goldsmith_source::columns::{conform, union};
use goldsmith_source::files::{Paths, digest};
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, Sink, Source, SourceError, request};
use parquet::arrow::ProjectionMask;

use crate::config::ParquetOptions;

pub(crate) struct ParquetSource {
    path: Paths,
    base_dir: PathBuf,
    /// The one table, named after the source.
    tables: Vec<String>,
}

impl ParquetSource {
    pub(crate) fn new(options: ParquetOptions, context: &OpenContext) -> Self {
        Self { path: options.path, base_dir: context.base_dir.clone(), tables: vec![context.source_name.clone()] }
    }

    fn table(&self, requested: Option<&str>) -> Result<(), SourceError> {
        request::table(requested, &self.tables, &self.path.locator()).map(|_| ())
    }

    /// All files and the schema they share.
    fn open(&self) -> Result<(Vec<ParquetFile>, SchemaRef), SourceError> {
        let files =
            self.path.files(&self.base_dir)?.into_iter().map(ParquetFile::open).collect::<Result<Vec<_>, _>>()?;
        let schema = union(files.iter().map(|file| (&*file.input().name, &**file.schema())))?;
        Ok((files, Arc::new(schema)))
    }
}

impl Source for ParquetSource {
    fn locator(&self) -> String {
        self.path.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.tables.clone())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.table(table)?;
        self.open().map(|(_, schema)| schema)
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.table(request.table.as_deref())?;
        let (files, schema) = self.open()?;
        let wanted = request::projection(request.columns.as_deref(), &schema, &self.path.locator())?;
        let wanted = schema.project(&wanted).map(Arc::new).map_err(|error| {
            SourceError::new(ErrorKind::Internal, "the projection does not fit the schema").because(error)
        })?;
        files.into_iter().try_for_each(|file| read_file(file, &wanted, request.batch_rows, sink))
    }

    fn row_estimate(&self, table: Option<&str>) -> Option<u64> {
        self.table(table).ok()?;
        let (files, _) = self.open().ok()?;
        files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.rows()))
    }
}

fn read_file(file: ParquetFile, wanted: &SchemaRef, batch_rows: usize, sink: &mut dyn Sink) -> Result<(), SourceError> {
    let input = file.input().clone();
    let present: Vec<usize> =
        wanted.fields().iter().filter_map(|field| file.schema().index_of(field.name()).ok()).collect();
    let mut batches = file.batches(|schema| ProjectionMask::roots(schema, present), batch_rows)?;
    let mut read = 0_u64;
    while let Some(batch) = batches.next_batch()? {
        let batch = guarded(&input, || conform(&batch, wanted))?;
        let rows: Vec<u64> = (read + 1..).take(batch.num_rows()).collect();
        read += rows.len() as u64;
        sink.chunk(Chunk { file: input.name.clone(), rows, batch })?;
    }
    sink.file_done(digest(&input)?.into_file_read(&input, read))
}
