//! The source: the rows of a version, file by file.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use goldsmith_parquet_file::{ParquetFile, guarded};
use goldsmith_remote::Folder;
use goldsmith_source::files::digest;
use goldsmith_source::{Chunk, OpenContext, ReadRequest, Sink, Source, SourceError, request};
use parquet::arrow::ProjectionMask;

use crate::action::Add;
use crate::config::DeltaOptions;
use crate::schema::{Column, Kind};
use crate::shape::{check, find, shaped};
use crate::snapshot::Snapshot;
use crate::storage::{Held, Storage};
use crate::{deletion, partition};

pub(crate) struct DeltaSource {
    storage: Storage,
    version: Option<u64>,
    /// The one table, named after the source.
    tables: Vec<String>,
    /// The version found when the source was first looked at: schema and rows are of the same one.
    snapshot: Mutex<Option<Arc<Snapshot>>>,
}

/// What is asked of every file.
struct Wanted<'a> {
    snapshot: &'a Snapshot,
    columns: Vec<&'a Column>,
    schema: SchemaRef,
    batch_rows: usize,
}

/// Where the values of a column come from.
enum From {
    /// The column of a batch at this position.
    Batch(usize),
    /// The one value all rows of the file have.
    Log(ArrayRef),
    Nowhere,
}

impl DeltaSource {
    pub(crate) fn new(options: DeltaOptions, context: &OpenContext) -> Result<Self, SourceError> {
        let DeltaOptions { path, version } = options;
        if path.is_empty() {
            return Err(SourceError::config("the path is empty; name the table's folder"));
        }
        let storage = match Folder::parse(&path)? {
            Some(folder) => Storage::Elsewhere(folder),
            None => {
                let name = if path.len() > 1 { path.trim_end_matches('/') } else { &path };
                Storage::Here { name: name.to_owned(), path: context.base_dir.join(name) }
            }
        };
        Ok(Self { storage, version, tables: vec![context.source_name.clone()], snapshot: Mutex::default() })
    }

    fn table(&self, requested: Option<&str>) -> Result<(), SourceError> {
        request::table(requested, &self.tables, self.storage.name()).map(|_| ())
    }

    fn snapshot(&self) -> Result<Arc<Snapshot>, SourceError> {
        // Held while loading: whoever else asks waits for the same version.
        let mut kept = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(snapshot) => Ok(snapshot.clone()),
            None => Ok(kept.insert(Arc::new(Snapshot::load(&self.storage, self.version)?)).clone()),
        }
    }

    /// Pushes the rows of a file, at most `left` of them. Whether it was read to its end.
    fn read_file(
        &self,
        add: &Add,
        wanted: &Wanted<'_>,
        left: &mut u64,
        sink: &mut dyn Sink,
    ) -> Result<bool, SourceError> {
        let held = self.storage.data_file(&add.path)?;
        let (file, from, positions) = opened(&held, add, wanted)?;
        let input = file.input().clone();
        let deleted = add.deletion_vector.as_ref();
        let deleted =
            deleted.map(|vector| deletion::deleted(vector, &input.name, file.rows(), &self.storage)).transpose()?;
        let reading = wanted.snapshot.schema.reading;
        let mut batches = file.batches(|schema| ProjectionMask::roots(schema, positions), wanted.batch_rows)?;
        let (mut read, mut pushed) = (0_u64, 0_u64);
        while let Some(batch) = batches.next_batch()? {
            let mut rows: Vec<u64> = (read + 1..).take(batch.num_rows()).collect();
            read += rows.len() as u64;
            let mut batch = guarded(&input, || -> Result<RecordBatch, ArrowError> {
                let count = batch.num_rows();
                let columns = wanted.columns.iter().zip(&from).map(|(column, from)| match from {
                    From::Batch(at) => shaped(batch.column(*at), &column.kind, reading.mapping),
                    From::Log(value) => partition::repeated(value, count),
                    From::Nowhere => Ok(new_null_array(&column.kind.arrow(), count)),
                });
                let columns = columns.collect::<Result<Vec<_>, _>>()?;
                let options = RecordBatchOptions::new().with_row_count(Some(count));
                let batch = RecordBatch::try_new_with_options(wanted.schema.clone(), columns, &options)?;
                let Some(deleted) = &deleted else { return Ok(batch) };
                let keep: Vec<bool> = rows.iter().map(|row| !deleted.contains(row - 1)).collect();
                let mut kept = keep.iter();
                rows.retain(|_| kept.next().is_some_and(|kept| *kept));
                filter_record_batch(&batch, &BooleanArray::from(keep))
            })?;
            if rows.len() as u64 > *left {
                let fewer = usize::try_from(*left).unwrap_or(usize::MAX);
                batch = batch.slice(0, fewer);
                rows.truncate(fewer);
            }
            *left -= rows.len() as u64;
            pushed += rows.len() as u64;
            if !rows.is_empty() {
                sink.chunk(Chunk { file: input.name.clone(), rows, batch })?;
            }
            if *left == 0 {
                return Ok(false);
            }
        }
        sink.file_done(digest(&input)?.into_file_read(&input, pushed))?;
        Ok(true)
    }
}

/// The data file `add` names, where each column wanted comes from, and the positions of those that are in the file.
///
/// # Errors
/// Where the file is broken or not what the log says.
fn opened(held: &Held, add: &Add, wanted: &Wanted<'_>) -> Result<(ParquetFile, Vec<From>, Vec<usize>), SourceError> {
    let file = ParquetFile::open(held.file.clone())?.without_hints()?;
    let name = &*held.file.name;
    if file.bytes() != add.size {
        let message = format!(
            "has {} bytes and the table's log says {}: it was changed after it was written; restore it, or read another \
             version with the option version",
            file.bytes(),
            add.size
        );
        return Err(SourceError::corrupt(name, message));
    }
    let fields = file.schema().fields();
    let reading = wanted.snapshot.schema.reading;
    let mut from = Vec::with_capacity(wanted.columns.len());
    let mut positions = Vec::new();
    for column in &wanted.columns {
        if let (true, Kind::Plain(data_type)) = (column.is_partition, &column.kind) {
            let written = add.partition_values.get(&column.physical).and_then(Option::as_deref);
            from.push(From::Log(partition::value(written, data_type, &column.name, name)?));
            continue;
        }
        let Some((at, field)) = find(column, fields, reading.mapping).and_then(|at| Some((at, fields.get(at)?))) else {
            from.push(From::Nowhere);
            continue;
        };
        check(field.data_type(), &column.kind, reading).map_err(|what| {
            let message = format!(
                "column \"{}\" {what}; write the file anew with the table's type, or read another version with the \
                 option version",
                column.name
            );
            SourceError::corrupt(name, message)
        })?;
        positions.push(at);
        from.push(From::Batch(at));
    }
    // A batch holds what was asked for in the order of the file.
    positions.sort_unstable();
    positions.dedup();
    for from in &mut from {
        if let From::Batch(at) = from {
            *at = positions.binary_search(at).unwrap_or(usize::MAX);
        }
    }
    Ok((file, from, positions))
}

impl Source for DeltaSource {
    fn locator(&self) -> String {
        self.storage.name().to_owned()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.tables.clone())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.table(table)?;
        Ok(self.snapshot()?.schema.arrow.clone())
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.table(request.table.as_deref())?;
        let snapshot = self.snapshot()?;
        let whole = &snapshot.schema;
        let positions = request::projection(request.columns.as_deref(), &whole.arrow, self.storage.name())?;
        let columns: Vec<&Column> = positions.iter().filter_map(|at| whole.columns.get(*at)).collect();
        let fields: Vec<_> = columns.iter().map(|column| column.field()).collect();
        let schema = Arc::new(arrow::datatypes::Schema::new(fields));
        let wanted = Wanted { snapshot: &snapshot, columns, schema, batch_rows: request.batch_rows };
        let mut left = request.limit.unwrap_or(u64::MAX);
        for add in &snapshot.files {
            if left == 0 || !self.read_file(add, &wanted, &mut left, sink)? {
                return Ok(());
            }
        }
        sink.file_done(snapshot.end.clone())
    }

    fn row_estimate(&self, table: Option<&str>) -> Option<u64> {
        self.table(table).ok()?;
        let snapshot = self.snapshot().ok()?;
        snapshot.files.iter().try_fold(0_u64, |sum, add| sum.checked_add(add.rows()?))
    }
}
