//! Two passes: the first finds the types of all rows, the second builds batches of them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arrow::datatypes::{Schema, SchemaRef};
use goldsmith_json_rows::{MAX_COLUMNS, Members, Table};
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::files::{FileTable, InputFile};
use goldsmith_source::{Chunk, ErrorKind, OpenContext, ReadRequest, Sink, Source, SourceError, request};

use crate::config::JsonConfig;
use crate::rows::{Found, each_row};

pub(crate) struct JsonSource {
    config: JsonConfig,
    members: Vec<String>,
    table: FileTable,
    /// What the last first pass found, and of which files, so that `schema` and `read` share one.
    inferred: Mutex<Option<(Vec<Stamp>, Arc<Members>)>>,
}

/// A file as it was: a change of it makes the inferred types void.
type Stamp = (PathBuf, u64, Option<SystemTime>);

impl JsonSource {
    pub(crate) fn new(config: JsonConfig, members: Vec<String>, context: &OpenContext) -> Self {
        let table = FileTable::new(config.path.clone(), context);
        Self { config, members, table, inferred: Mutex::new(None) }
    }

    fn infer(&self, files: &[InputFile]) -> Result<Arc<Members>, SourceError> {
        let stamps: Vec<Stamp> = files.iter().map(|file| stamp(&file.path)).collect();
        let mut inferred = self.inferred.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, members)) = &*inferred
            && *known == stamps
        {
            return Ok(Arc::clone(members));
        }
        let mut columns = Members::default();
        for file in files {
            each_row(file, &self.config, &self.members, &mut |found| {
                if let Found::Row { object, .. } = found {
                    columns.widen(object);
                }
                if columns.len() > MAX_COLUMNS {
                    let message = format!("its rows have more than {MAX_COLUMNS} different members; are names data?");
                    return Err(SourceError::corrupt(&*file.name, message));
                }
                Ok(())
            })?;
        }
        let columns = Arc::new(columns);
        *inferred = Some((stamps, Arc::clone(&columns)));
        Ok(columns)
    }

    fn read_file(
        &self,
        file: &InputFile,
        table: &mut Table<'_>,
        batch_rows: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let (count, digest) = each_row(file, &self.config, &self.members, &mut |found| match found {
            Found::Rejected(row) => sink.reject(row),
            Found::Row { row, object, bytes: length } => {
                table.push(object).map_err(|_| {
                    SourceError::unavailable(&*file.name, "changed while it was read; run again when it is complete")
                })?;
                rows.push(row);
                bytes += length;
                if rows.len() >= batch_rows || bytes >= MAX_BATCH_BYTES {
                    bytes = 0;
                    flush(file, table, &mut rows, sink)?;
                }
                Ok(())
            }
        })?;
        flush(file, table, &mut rows, sink)?;
        sink.file_done(digest.into_file_read(file, count))
    }
}

impl Source for JsonSource {
    fn locator(&self) -> String {
        self.table.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.table.names())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        let columns = self.infer(&self.table.files(table)?)?;
        Ok(Arc::new(Schema::new(columns.fields())))
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let files = self.table.files(request.table.as_deref())?;
        let columns = self.infer(&files)?;
        let schema = Schema::new(columns.fields());
        let wanted = request::projection(request.columns.as_deref(), &schema, &self.locator())?;
        let mut table = Table::new(&columns, &wanted);
        files.iter().try_for_each(|file| self.read_file(file, &mut table, request.batch_rows.max(1), sink))
    }
}

fn flush(file: &InputFile, table: &mut Table<'_>, rows: &mut Vec<u64>, sink: &mut dyn Sink) -> Result<(), SourceError> {
    if rows.is_empty() {
        return Ok(());
    }
    let batch = table.finish().map_err(|error| {
        let message = "the json connector built a batch that does not fit its schema";
        SourceError::new(ErrorKind::Internal, message).because(error)
    })?;
    sink.chunk(Chunk { file: Arc::clone(&file.name), rows: std::mem::take(rows), batch })
}

fn stamp(path: &Path) -> Stamp {
    let metadata = path.metadata().ok();
    let modified = metadata.as_ref().and_then(|metadata| metadata.modified().ok());
    (path.to_owned(), metadata.map_or(0, |metadata| metadata.len()), modified)
}
