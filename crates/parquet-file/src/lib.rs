//! One Parquet file, read without trusting it: the footer is compared with the file before anything is decoded, and
//! bytes that make the decoder fail or panic are a fault of the file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use goldsmith_source::SourceError;
use goldsmith_source::files::{InputFile, open_seekable};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type;
use parquet::schema::types::SchemaDescriptor;

/// What every Parquet file ends with, and one whose footer is encrypted.
const MAGIC: &[u8] = b"PAR1";
const MAGIC_ENCRYPTED: &[u8] = b"PARE";

/// A file whose footer has been read and fits it.
pub struct ParquetFile {
    input: InputFile,
    file: File,
    footer: ArrowReaderMetadata,
    rows: u64,
    bytes: u64,
}

/// The rows of a file, a batch at a time.
pub struct Batches {
    input: InputFile,
    reader: ParquetRecordBatchReader,
    promised: u64,
    read: u64,
}

impl ParquetFile {
    /// Reads the footer and checks it against the file: a decoder that trusts a lying footer may ask for more memory
    /// than there is.
    ///
    /// # Errors
    /// Those of [`open_seekable`]; [`goldsmith_source::ErrorKind::Corrupt`] for a footer that is none or lies, and
    /// [`goldsmith_source::ErrorKind::Config`] for one that is encrypted.
    pub fn open(input: InputFile) -> Result<Self, SourceError> {
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
                let inside = start >= 0
                    && end.is_some_and(|end| end >= start && u64::try_from(end).is_ok_and(|end| end <= bytes));
                if !inside {
                    return Err(fault("lies outside the file"));
                }
            }
        }
        if u64::try_from(metadata.file_metadata().num_rows()) != Ok(rows) {
            return Err(corrupt(&input, "its footer contradicts itself about the number of rows"));
        }
        Ok(Self { input, file, footer, rows, bytes })
    }

    /// The same file with the types Parquet itself has, whatever Arrow schema the writer left in the footer. Timestamps
    /// of the old kind (INT96) are microseconds, because nanoseconds end in the year 2262.
    ///
    /// # Errors
    /// As for [`ParquetFile::open`].
    pub fn without_hints(self) -> Result<Self, SourceError> {
        let metadata = self.footer.metadata().clone();
        let old = metadata.file_metadata().schema_descr().columns().iter().any(|it| it.physical_type() == Type::INT96);
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let footer = guarded(&self.input, || {
            let footer = ArrowReaderMetadata::try_new(metadata.clone(), options)?;
            if !old {
                return Ok::<_, parquet::errors::ParquetError>(footer);
            }
            let schema = Schema::new(in_microseconds(footer.schema().fields()));
            ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new().with_schema(Arc::new(schema)))
        })?;
        Ok(Self { footer, ..self })
    }

    /// The file itself.
    #[must_use]
    pub fn input(&self) -> &InputFile {
        &self.input
    }

    /// Its columns.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        self.footer.schema()
    }

    /// The rows its footer promises.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Its length.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads the columns `choose` chooses, at most `batch_rows` rows a batch.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Corrupt`] where the decoder cannot start.
    pub fn batches(
        self,
        choose: impl FnOnce(&SchemaDescriptor) -> ProjectionMask,
        batch_rows: usize,
    ) -> Result<Batches, SourceError> {
        let Self { input, file, footer, rows: promised, .. } = self;
        let reader = guarded(&input, || {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer);
            let mask = choose(builder.parquet_schema());
            builder.with_projection(mask).with_batch_size(batch_rows.max(1)).build()
        })?;
        Ok(Batches { input, reader, promised, read: 0 })
    }
}

impl Batches {
    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// [`goldsmith_source::ErrorKind::Corrupt`] for a page that does not decode and where there are fewer rows than
    /// the footer promises.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, SourceError> {
        let Self { input, reader, promised, read } = self;
        let batch = guarded(input, || reader.next().transpose())?;
        match &batch {
            Some(batch) => *read += batch.num_rows() as u64,
            None if read != promised => {
                return Err(corrupt(input, &format!("its footer promises {promised} rows and it holds {read}")));
            }
            None => {}
        }
        Ok(batch)
    }
}

/// Runs the decoder, or what works on its output. Bytes it did not expect can make it panic; that is a fault of the
/// file, so it ends the read of the file and not the program.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Corrupt`] where `decode` fails or panics.
pub fn guarded<T, E>(input: &InputFile, decode: impl FnOnce() -> Result<T, E>) -> Result<T, SourceError>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(corrupt(input, &error.to_string()).because(error)),
        Err(_) => Err(corrupt(input, "its bytes make no sense to the decoder")),
    }
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

fn corrupt(input: &InputFile, fault: &str) -> SourceError {
    let fault = fault.trim_end_matches('.');
    let message = format!("is a broken Parquet file ({fault}); write it again or ask its owner for a complete copy");
    SourceError::corrupt(&*input.name, message)
}

fn in_microseconds(fields: &Fields) -> Vec<FieldRef> {
    let field = |field: &FieldRef| -> FieldRef {
        let changed = |data_type| Arc::new(field.as_ref().clone().with_data_type(data_type));
        let inner = |item: &FieldRef| -> FieldRef {
            in_microseconds(&Fields::from(vec![item.clone()])).pop().unwrap_or_else(|| item.clone())
        };
        match field.data_type() {
            DataType::Timestamp(TimeUnit::Nanosecond, None) => {
                changed(DataType::Timestamp(TimeUnit::Microsecond, None))
            }
            DataType::Struct(fields) => changed(DataType::Struct(in_microseconds(fields).into())),
            DataType::List(item) => changed(DataType::List(inner(item))),
            DataType::Map(entries, sorted) => changed(DataType::Map(inner(entries), *sorted)),
            _ => field.clone(),
        }
    };
    fields.iter().map(field).collect::<Vec<FieldRef>>()
}
