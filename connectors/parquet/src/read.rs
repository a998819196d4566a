//! Reading: everything that touches the files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use goldsmith_source::columns::{conform, union};
use goldsmith_source::files::{InputFile, Paths, digest, open_seekable};
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, Sink, Source, SourceError, request};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};

use crate::config::ParquetOptions;

/// What every Parquet file ends with, and one whose footer is encrypted.
const MAGIC: &[u8] = b"PAR1";
const MAGIC_ENCRYPTED: &[u8] = b"PARE";

pub(crate) struct ParquetSource {
    path: Paths,
    base_dir: PathBuf,
    /// The one table, named after the source.
    tables: Vec<String>,
}

/// A file whose footer has been read.
struct Opened {
    input: InputFile,
    file: File,
    footer: ArrowReaderMetadata,
    rows: u64,
}

impl ParquetSource {
    pub(crate) fn new(options: ParquetOptions, context: &OpenContext) -> Self {
        Self { path: options.path, base_dir: context.base_dir.clone(), tables: vec![context.source_name.clone()] }
    }

    fn table(&self, requested: Option<&str>) -> Result<(), SourceError> {
        request::table(requested, &self.tables, &self.path.locator()).map(|_| ())
    }

    /// All files and the schema they share.
    fn open(&self) -> Result<(Vec<Opened>, SchemaRef), SourceError> {
        let files = self.path.files(&self.base_dir)?.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let schema = union(files.iter().map(|opened| (&*opened.input.name, &**opened.footer.schema())))?;
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
        files.into_iter().try_for_each(|opened| read_file(opened, &wanted, request.batch_rows, sink))
    }

    fn row_estimate(&self, table: Option<&str>) -> Option<u64> {
        self.table(table).ok()?;
        let (files, _) = self.open().ok()?;
        files.iter().try_fold(0_u64, |sum, opened| sum.checked_add(opened.rows))
    }
}

/// Reads the footer and checks it against the file: a decoder that trusts a lying footer may ask for more memory
/// than there is.
fn open(input: InputFile) -> Result<Opened, SourceError> {
    let mut file = open_seekable(&input)?;
    let bytes = ending(&mut file, &input)?;
    let footer = guarded(&input, || ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()))?;
    let metadata = footer.metadata();
    let mut rows = 0_u64;
    for (at, group) in metadata.row_groups().iter().enumerate() {
        let fault = |what: &str| corrupt(&input, &format!("row group {} {what}", at + 1));
        let counted = u64::try_from(group.num_rows()).ok().and_then(|in_group| rows.checked_add(in_group));
        rows = counted.ok_or_else(|| fault("has an impossible number of rows"))?;
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
            let end = start.checked_add(column.compressed_size());
            let inside =
                start >= 0 && end.is_some_and(|end| end >= start && u64::try_from(end).is_ok_and(|end| end <= bytes));
            if !inside {
                return Err(fault("lies outside the file"));
            }
        }
    }
    if u64::try_from(metadata.file_metadata().num_rows()) != Ok(rows) {
        return Err(corrupt(&input, "its footer contradicts itself about the number of rows"));
    }
    Ok(Opened { input, file, footer, rows })
}

/// Looks at the last bytes and tells the length: they are what a file that is cut short lacks.
fn ending(file: &mut File, input: &InputFile) -> Result<u64, SourceError> {
    let mut end = Vec::new();
    let mut look = || -> std::io::Result<u64> {
        let bytes = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(bytes.saturating_sub(4)))?;
        file.take(4).read_to_end(&mut end)?;
        Ok(bytes)
    };
    let bytes = look()
        .map_err(|error| SourceError::unavailable(&*input.name, "could not be read; try again").because(error))?;
    if end == MAGIC_ENCRYPTED {
        let message = "has an encrypted footer, which cannot be read; ask its owner for a file that is not encrypted";
        return Err(SourceError::config(message).at(&*input.name));
    }
    if end != MAGIC {
        return Err(corrupt(input, "it does not end as a Parquet file does, so it is cut short or another format"));
    }
    Ok(bytes)
}

fn read_file(opened: Opened, wanted: &SchemaRef, batch_rows: usize, sink: &mut dyn Sink) -> Result<(), SourceError> {
    let Opened { input, file, footer, rows: promised } = opened;
    let present: Vec<usize> =
        wanted.fields().iter().filter_map(|field| footer.schema().index_of(field.name()).ok()).collect();
    let mut reader = guarded(&input, || {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer);
        let mask = ProjectionMask::roots(builder.parquet_schema(), present);
        builder.with_projection(mask).with_batch_size(batch_rows.max(1)).build()
    })?;
    let mut read = 0_u64;
    while let Some(batch) = guarded(&input, || reader.next().transpose())? {
        let batch = guarded(&input, || conform(&batch, wanted))?;
        let rows: Vec<u64> = (read + 1..).take(batch.num_rows()).collect();
        read += rows.len() as u64;
        sink.chunk(Chunk { file: input.name.clone(), rows, batch })?;
    }
    if read != promised {
        return Err(corrupt(&input, &format!("its footer promises {promised} rows and it holds {read}")));
    }
    sink.file_done(digest(&input)?.into_file_read(&input, read))
}

/// Runs the decoder. Bytes it did not expect can make it panic; that is a fault of the file, so it ends the read of
/// the file and not the program.
fn guarded<T, E>(input: &InputFile, decode: impl FnOnce() -> Result<T, E>) -> Result<T, SourceError>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(corrupt(input, &error.to_string()).because(error)),
        Err(_) => Err(corrupt(input, "its bytes make no sense to the decoder")),
    }
}

fn corrupt(input: &InputFile, fault: &str) -> SourceError {
    let fault = fault.trim_end_matches('.');
    let message = format!("is a broken Parquet file ({fault}); write it again or ask its owner for a complete copy");
    SourceError::corrupt(&*input.name, message)
}
