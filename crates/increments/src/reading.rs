//! What is done with rows while a source pushes them.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, SchemaRef};
use goldsmith_source::contract::RejectedBytes;
use goldsmith_source::cursor::CursorColumn;
use goldsmith_source::{Chunk, FileRead, RejectedRow, Sink, SourceError};

use crate::mark::Cursors;
use crate::merge::{Contents, Key, Keys, NewestRows, ReadRow};
use crate::settings::Settings;
use crate::spool::Spool;
use crate::{Increment, internal, tombstone};

/// Takes the rows of the read: good ones into the spool and the merge, rejected ones to be told at its end.
pub(crate) struct Reading<'a> {
    settings: &'a Settings,
    /// Added to row numbers, so that no two rows of the merged table have the same place.
    offset: u64,
    pub(crate) spool: Spool,
    pub(crate) keys: Keys,
    pub(crate) contents: Contents,
    pub(crate) newest: NewestRows,
    pub(crate) files: Vec<FileRead>,
    pub(crate) last_row: u64,
    pub(crate) cursors: Cursors,
    pub(crate) read: u64,
    pub(crate) rejected: Vec<RejectedRow>,
    rejected_bytes: RejectedBytes,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(increment: &Increment<'a>, schema: &SchemaRef, offset: u64) -> Result<Self, SourceError> {
        let cursor_type = schema
            .field_with_name(&increment.settings.cursor)
            .map_or(DataType::Null, |field| field.data_type().clone());
        Ok(Self {
            settings: increment.settings,
            offset,
            spool: Spool::create(increment.spool, schema)?,
            keys: Keys::new(schema, &increment.settings.key)?,
            contents: Contents::new(schema),
            newest: NewestRows::default(),
            files: Vec::new(),
            last_row: offset,
            cursors: Cursors::new(&cursor_type, increment.now, increment.source.is_log()),
            read: 0,
            rejected: Vec::new(),
            rejected_bytes: RejectedBytes::default(),
        })
    }

    /// Rejects the rows without a key, which could never be replaced, and gives back the others with their keys.
    fn with_keys(&mut self, chunk: Chunk) -> Result<(Chunk, Vec<Key>), SourceError> {
        let keys = self.keys.of(&chunk.batch)?;
        if keys.iter().all(Option::is_some) {
            return Ok((chunk, keys.into_iter().flatten().collect()));
        }
        for (at, number) in chunk.rows.iter().enumerate().filter(|(at, _)| keys.get(*at) == Some(&None)) {
            let column = self.keys.missing(&chunk.batch, at);
            let named = column.as_deref().unwrap_or_default();
            let row = RejectedRow {
                file: chunk.file.clone(),
                row: *number,
                byte_offset: None,
                rule: "no_key",
                message: format!(
                    "{}, row {number}: \"{named}\" of the key is null, so the row cannot be merged",
                    chunk.file
                ),
                raw: RejectedRow::cut(&json(&chunk.batch.slice(at, 1))),
                column,
            };
            self.rejected_bytes.add(&row)?;
            self.rejected.push(row);
        }
        let has_key: BooleanArray = keys.iter().map(|key| Some(key.is_some())).collect();
        let rows = chunk.rows.iter().zip(&keys).filter(|(_, key)| key.is_some()).map(|(row, _)| *row).collect();
        let batch = filter_record_batch(&chunk.batch, &has_key).map_err(internal)?;
        Ok((Chunk { file: chunk.file, rows, batch }, keys.into_iter().flatten().collect()))
    }

    /// For each row whether its tombstone says that it is gone.
    fn gone(&self, chunk: &Chunk) -> Result<Vec<bool>, SourceError> {
        let Some(name) = &self.settings.deleted else { return Ok(vec![false; chunk.rows.len()]) };
        let array = column(&chunk.batch, name)?;
        tombstone::gone(array, name)?.map_err(|row| {
            let number = chunk.rows.get(row).copied().unwrap_or_default();
            SourceError::config(format!(
                "row {number}: column \"{name}\" says neither yes nor no, nor holds a time, so `deleted` cannot be told by it; choose another column"
            ))
            .at(chunk.file.to_string())
        })
    }
}

impl Sink for Reading<'_> {
    fn chunk(&mut self, mut chunk: Chunk) -> Result<(), SourceError> {
        for row in &mut chunk.rows {
            *row = row.saturating_add(self.offset);
            self.last_row = self.last_row.max(*row);
        }
        let cursors = CursorColumn::new(column(&chunk.batch, &self.settings.cursor)?)?;
        for (at, row) in chunk.rows.iter().enumerate() {
            if let Some(cursor) = cursors.value(at) {
                self.cursors.see(cursor, Some((&chunk.file, *row)));
            }
        }
        let (chunk, keys) = self.with_keys(chunk)?;
        self.read += chunk.rows.len() as u64;
        let cursors = CursorColumn::new(column(&chunk.batch, &self.settings.cursor)?)?;
        let contents = self.contents.of(&chunk.batch)?;
        let gone = self.gone(&chunk)?;
        for ((row, key), gone) in keys.into_iter().enumerate().zip(gone) {
            let content = contents.as_ref().and_then(|contents| contents.get(row)).copied();
            self.newest.read(key, ReadRow { cursor: cursors.value(row), content, gone });
        }
        self.spool.write(&chunk)
    }

    fn reject(&mut self, mut row: RejectedRow) -> Result<(), SourceError> {
        row.row = row.row.saturating_add(self.offset);
        self.last_row = self.last_row.max(row.row);
        self.rejected_bytes.add(&row)?;
        self.rejected.push(row);
        Ok(())
    }

    fn file_done(&mut self, file: FileRead) -> Result<(), SourceError> {
        self.files.push(file);
        Ok(())
    }
}

/// Takes the keys of all rows.
pub(crate) struct Listing {
    keys: Keys,
    pub(crate) listed: HashSet<Key>,
    /// Rows whose key could not be read.
    pub(crate) rejected: u64,
}

impl Listing {
    pub(crate) fn new(keys: Keys) -> Self {
        Self { keys, listed: HashSet::new(), rejected: 0 }
    }
}

impl Sink for Listing {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        self.listed.extend(self.keys.of(&chunk.batch)?.into_iter().flatten());
        Ok(())
    }

    fn reject(&mut self, _: RejectedRow) -> Result<(), SourceError> {
        self.rejected += 1;
        Ok(())
    }

    fn file_done(&mut self, _: FileRead) -> Result<(), SourceError> {
        Ok(())
    }
}

pub(crate) fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b Arc<dyn Array>, SourceError> {
    batch.column_by_name(name).ok_or_else(|| {
        SourceError::new(goldsmith_source::ErrorKind::Internal, format!("a batch came without column \"{name}\""))
    })
}

/// A row as quarantine keeps it.
fn json(row: &RecordBatch) -> Vec<u8> {
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    let written = writer.write(row).and_then(|()| writer.finish());
    let mut bytes = if written.is_ok() { writer.into_inner() } else { Vec::new() };
    while bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}
