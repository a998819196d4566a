//! The one fate of every extracted row, as known before matching.
//!
//! Nearly all rows become records, which have their source and key themselves, so of these only the place they were read
//! from is held.

use std::sync::Arc;

/// What became of a row that is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The same key with the same content came before.
    DuplicateRow,
    /// The same key with newer content came before.
    Superseded,
    /// It has no key, or an expression fails on it.
    Quarantined,
    /// No record type's `where` took it.
    Filtered,
}

/// Where a row was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// File, or table of a database, as its number among [`Ledger::files`]; `None` for a row of a query.
    pub file: Option<u32>,
    pub row: Option<i64>,
}

/// A row that became no record.
#[derive(Debug, Clone)]
pub struct LostRow {
    /// Index of the source in the plan.
    pub source: u16,
    /// Index into the entity types.
    pub entity: u16,
    pub source_key: Option<Box<str>>,
    pub origin: Origin,
    pub fate: Fate,
}

/// The fate of every row.
#[derive(Debug, Default)]
pub struct Ledger {
    files: Vec<Arc<str>>,
    /// By entity type.
    records: Vec<Origins>,
    pub lost: Vec<LostRow>,
}

/// Where the records of an entity type were read, in their order.
#[derive(Debug, Clone, Default)]
struct Origins {
    /// [`NOWHERE`] for none.
    files: Vec<u32>,
    /// `i64::MIN` for none.
    rows: Vec<i64>,
}

const NOWHERE: u32 = u32::MAX;

impl Ledger {
    /// No rows yet, of so many entity types.
    #[must_use]
    pub fn new(entities: usize) -> Self {
        Self { records: vec![Origins::default(); entities], ..Self::default() }
    }

    /// The number of a file. Ask once a file: it is searched among all.
    pub fn file(&mut self, name: &Arc<str>) -> u32 {
        let known = self.files.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.files.push(Arc::clone(name));
            self.files.len() - 1
        });
        u32::try_from(number).unwrap_or(NOWHERE)
    }

    /// Files by their number.
    #[must_use]
    pub fn files(&self) -> &[Arc<str>] {
        &self.files
    }

    /// The next record of an entity type was read there.
    pub fn push_record(&mut self, entity: usize, origin: Origin) {
        if let Some(origins) = self.records.get_mut(entity) {
            origins.files.push(origin.file.unwrap_or(NOWHERE));
            origins.rows.push(origin.row.unwrap_or(i64::MIN));
        }
    }

    /// Where a record was read.
    #[must_use]
    pub fn origin(&self, entity: usize, record: usize) -> Origin {
        let origins = self.records.get(entity);
        Origin {
            file: origins.and_then(|of| of.files.get(record)).copied().filter(|file| *file != NOWHERE),
            row: origins.and_then(|of| of.rows.get(record)).copied().filter(|row| *row != i64::MIN),
        }
    }

    /// How many records of an entity type are known.
    #[must_use]
    pub fn records(&self, entity: usize) -> usize {
        self.records.get(entity).map_or(0, |origins| origins.rows.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_come_back() {
        let mut ledger = Ledger::new(2);
        let (a, b): (Arc<str>, Arc<str>) = (Arc::from("a.csv"), Arc::from("b.csv"));
        for (file, row) in [(Some(&a), Some(1)), (Some(&b), Some(1)), (Some(&a), Some(2)), (None, None)] {
            let file = file.map(|file| ledger.file(file));
            ledger.push_record(1, Origin { file, row });
        }
        assert_eq!(ledger.files(), [a, b]);
        assert_eq!((ledger.records(0), ledger.records(1)), (0, 4));
        assert_eq!(ledger.origin(1, 1), Origin { file: Some(1), row: Some(1) });
        assert_eq!(ledger.origin(1, 2), Origin { file: Some(0), row: Some(2) });
        assert_eq!(ledger.origin(1, 3), Origin::default());
        assert_eq!(ledger.origin(0, 0), Origin::default());
    }
}
