//! The merge: which row of each key is the newest, and which rows of the state stay.
//!
//! Rows are known by 128 bits of the BLAKE3 of their key, and told to be unchanged by 64 bits of that of all their
//! columns, so that a read of any width costs the same memory a row.

use std::collections::{HashMap, HashSet};

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use goldsmith_source::SourceError;
use goldsmith_source::cursor::CursorValue;

use crate::internal;

/// A key, as the head of its hash.
pub type Key = u128;

/// Turns the rows of batches of one schema into keys.
pub struct Keys {
    columns: Vec<usize>,
    converter: RowConverter,
}

impl Keys {
    /// # Errors
    /// A column that is not there or whose type has no order.
    pub fn new(schema: &SchemaRef, key: &[String]) -> Result<Self, SourceError> {
        let columns: Result<Vec<usize>, _> = key.iter().map(|name| schema.index_of(name)).collect();
        let columns = columns.map_err(internal)?;
        let fields = columns.iter().map(|at| SortField::new(schema.field(*at).data_type().clone())).collect();
        Ok(Self { columns, converter: RowConverter::new(fields).map_err(internal)? })
    }

    /// The key of every row; `None` where a part is null.
    ///
    /// # Errors
    /// A batch of another schema.
    pub fn of(&self, batch: &RecordBatch) -> Result<Vec<Option<Key>>, SourceError> {
        let arrays: Vec<ArrayRef> = self.columns.iter().map(|at| batch.column(*at).clone()).collect();
        let rows = self.converter.convert_columns(&arrays).map_err(internal)?;
        let is_null = |row: usize| arrays.iter().any(|array| array.is_null(row));
        Ok(rows.iter().enumerate().map(|(at, row)| (!is_null(at)).then(|| head(row.as_ref()))).collect())
    }

    /// The key column that is null in a row, where one is.
    #[must_use]
    pub fn missing(&self, batch: &RecordBatch, row: usize) -> Option<String> {
        let null = self.columns.iter().find(|at| batch.column(**at).is_null(row));
        null.map(|at| batch.schema_ref().field(*at).name().clone())
    }
}

fn head(bytes: &[u8]) -> u128 {
    let hash = blake3::hash(bytes);
    hash.as_bytes().first_chunk::<16>().map_or(0, |head| u128::from_le_bytes(*head))
}

/// Tells whether two rows hold the same in all columns.
pub struct Contents(Option<RowConverter>);

impl Contents {
    #[must_use]
    pub fn new(schema: &SchemaRef) -> Self {
        let fields: Vec<SortField> =
            schema.fields().iter().map(|field| SortField::new(field.data_type().clone())).collect();
        // Rows with a column that has no order (a map) are taken for changed whenever they are read.
        Self(RowConverter::supports_fields(&fields).then(|| RowConverter::new(fields).ok()).flatten())
    }

    /// What every row holds, as the head of a hash; nothing where that cannot be told.
    ///
    /// # Errors
    /// A batch of another schema.
    pub fn of(&self, batch: &RecordBatch) -> Result<Option<Vec<u64>>, SourceError> {
        let Some(converter) = &self.0 else { return Ok(None) };
        let rows = converter.convert_columns(batch.columns()).map_err(internal)?;
        #[expect(clippy::cast_possible_truncation, reason = "the head of a hash is wanted")]
        Ok(Some(rows.iter().map(|row| head(row.as_ref()) as u64).collect()))
    }
}

/// A row that was read, as far as the merge has to know it.
#[derive(Debug, Clone)]
pub struct ReadRow {
    pub cursor: Option<CursorValue>,
    pub content: Option<u64>,
    /// Its tombstone says that it is gone.
    pub gone: bool,
}

#[derive(Debug)]
struct Newest {
    row: ReadRow,
    /// Its position among all rows read.
    position: u64,
    in_state: InState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InState {
    No,
    Other,
    Same,
}

/// The newest row of every key that was read.
#[derive(Debug, Default)]
pub struct NewestRows {
    rows: HashMap<Key, Newest>,
    positions: u64,
}

/// What becomes of the rows of the state whose key was not read.
#[derive(Debug, Clone, Copy)]
pub enum Unread<'a> {
    /// They stay: the read was of changes.
    Stay,
    /// They stay where their key is listed: the list is of all keys there are.
    StayWhereListed(&'a HashSet<Key>),
    /// They go: the read was of everything.
    Go,
}

/// What the merge made of a batch of the state.
#[derive(Debug, Clone)]
pub struct Kept {
    /// For each row whether it stays as it is.
    pub stays: BooleanArray,
    /// Rows that go because their row is gone from the table.
    pub gone: u64,
}

/// What the rows read are beside the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beside {
    pub added: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// Rows whose tombstone counts.
    pub tombstones: u64,
}

impl NewestRows {
    /// Takes the next row read. Of one key the row with the larger cursor is the newer one, one without cursor the
    /// oldest, and of equal ones the later.
    pub fn read(&mut self, key: Key, row: ReadRow) {
        let position = self.positions;
        self.positions += 1;
        let newest = Newest { row, position, in_state: InState::No };
        match self.rows.entry(key) {
            std::collections::hash_map::Entry::Vacant(slot) => {
                slot.insert(newest);
            }
            std::collections::hash_map::Entry::Occupied(mut slot) => {
                if newest.row.cursor >= slot.get().row.cursor {
                    slot.insert(newest);
                }
            }
        }
    }

    /// Whether a row of that key was read.
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.rows.contains_key(&key)
    }

    /// Holds a batch of the state against what was read. A row that was read wins over the state; where it holds the
    /// same, the state's row stays in its place, so that an unchanged table gives an unchanged result.
    pub fn hold_against(&mut self, keys: &[Option<Key>], contents: Option<&[u64]>, unread: Unread<'_>) -> Kept {
        let mut gone = 0;
        let stays = keys
            .iter()
            .enumerate()
            .map(|(at, key)| {
                let stays = match key.and_then(|key| self.rows.get_mut(&key)) {
                    Some(newest) if newest.row.gone => {
                        gone += 1;
                        false
                    }
                    Some(newest) => {
                        let content = contents.and_then(|contents| contents.get(at)).copied();
                        let same = content.is_some() && content == newest.row.content;
                        newest.in_state = if same { InState::Same } else { InState::Other };
                        same
                    }
                    None => {
                        let stays = match unread {
                            Unread::Stay => true,
                            Unread::StayWhereListed(listed) => key.is_some_and(|key| listed.contains(&key)),
                            Unread::Go => false,
                        };
                        gone += u64::from(!stays);
                        stays
                    }
                };
                Some(stays)
            })
            .collect();
        Kept { stays, gone }
    }

    /// For every row read, in order, whether it is in the merged table in its own right; and how many are what.
    #[must_use]
    pub fn winners(&self) -> (Vec<bool>, Beside) {
        let mut wins = vec![false; usize::try_from(self.positions).unwrap_or(usize::MAX)];
        let mut beside = Beside::default();
        for newest in self.rows.values() {
            match (newest.row.gone, newest.in_state) {
                (true, _) => beside.tombstones += 1,
                (false, InState::Same) => beside.unchanged += 1,
                (false, state) => {
                    match state {
                        InState::No => beside.added += 1,
                        InState::Other | InState::Same => beside.changed += 1,
                    }
                    if let Some(wins) = usize::try_from(newest.position).ok().and_then(|at| wins.get_mut(at)) {
                        *wins = true;
                    }
                }
            }
        }
        (wins, beside)
    }
}
