//! Values that stand for "unknown": `test@test.com`, `1900-01-01`, `0000000`.
//!
//! They are found by what they do, not by a list: a value shared by people of too many different names identifies
//! nobody. Such a value is evidence of nothing and blocks nothing.

use hashbrown::{HashMap, HashSet};

use crate::kernels::soundex;
use crate::records::{ColumnKind, Records};

/// One value that is treated as missing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Placeholder {
    /// Index of the column.
    pub column: usize,
    /// The value's code in the column's pool.
    pub code: u32,
    /// How many records hold it.
    pub records: u32,
    /// How many different names those records bear.
    pub names: u32,
}

/// A mailbox, phone or identifier shared by fewer names than this is a family's or an office's, and kept.
const FEWEST_NAMES: u32 = 8;
/// A value must have this many times the names that values of its column have on average.
const TIMES_AVERAGE: f64 = 8.0;

/// The placeholders among e-mails, phones, birth dates and identifiers, sorted by column and code.
pub(crate) fn find(records: &Records) -> Vec<Placeholder> {
    let name_columns: Vec<usize> = [ColumnKind::FamilyName, ColumnKind::OrganisationName, ColumnKind::GivenName]
        .iter()
        .filter_map(|kind| records.columns.iter().position(|column| column.kind == *kind))
        .collect();
    if name_columns.is_empty() {
        return Vec::new();
    }
    // Names are folded to their sound, so that typing errors in one name do not count as many names.
    let sounds: Vec<Vec<u32>> = name_columns
        .iter()
        .map(|&index| records.columns[index].pool.iter().map(|(_, value)| soundex(value)).collect())
        .collect();
    let name_of = |row: usize| {
        name_columns
            .iter()
            .zip(&sounds)
            .find_map(|(&index, sounds)| records.columns[index].values(row).first().map(|&code| sounds[code as usize]))
    };

    let mut found = Vec::new();
    for (index, column) in records.columns.iter().enumerate() {
        let identifies = matches!(
            column.kind,
            ColumnKind::Email | ColumnKind::Phone | ColumnKind::BirthDate | ColumnKind::Identifier(_)
        );
        if !identifies || column.pool.is_empty() {
            continue;
        }
        let held: u64 = (0..column.pool.len() as u32).map(|code| u64::from(column.pool.frequency(code))).sum();
        let average = held as f64 / column.pool.len() as f64;
        let limit = (TIMES_AVERAGE * average).max(f64::from(FEWEST_NAMES));
        let mut names: HashMap<u32, HashSet<u32>> = (0..column.pool.len() as u32)
            .filter(|&code| f64::from(column.pool.frequency(code)) >= limit)
            .map(|code| (code, HashSet::new()))
            .collect();
        if names.is_empty() {
            continue;
        }
        for row in 0..records.len() {
            for code in column.values(row) {
                if let (Some(set), Some(name)) = (names.get_mut(code), name_of(row)) {
                    set.insert(name);
                }
            }
        }
        found.extend(names.into_iter().filter(|(_, set)| set.len() as f64 >= limit).map(|(code, set)| Placeholder {
            column: index,
            code,
            records: column.pool.frequency(code),
            names: set.len() as u32,
        }));
    }
    found.sort_unstable_by_key(|p| (p.column, p.code));
    found
}
