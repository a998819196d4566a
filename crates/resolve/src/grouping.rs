//! Grouping: the records that carry equal keys.
//!
//! Keys are hashes. They are read record by record, several rules at a time, and grouped by hash; groups come in the order
//! of their first records.

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::features::{Features, mix};
use crate::keys::Key;

/// Records one task reads.
const RECORDS_AT_ONCE: u32 = 65_536;
const _: () = assert!(RECORDS_AT_ONCE <= 1 << 16, "where a record lies among those of a task is kept in 16 bits");
/// Records for which one key is read before the next: a processor fetches what they need at the same time.
const KEYS_AT_ONCE: usize = 256;

/// Keys of records that follow each other, each with the record that carries it.
struct Entries {
    /// The first record that may be among them.
    first: u32,
    keys: Vec<u64>,
    /// By key how many records after the first.
    after: Vec<u16>,
}

impl Entries {
    /// Room for a key of each of [`RECORDS_AT_ONCE`] records.
    fn new(first: u32, records: usize) -> Self {
        Self { first, keys: Vec::with_capacity(records), after: Vec::with_capacity(records) }
    }

    fn push(&mut self, keys: &[u64], position: u32) {
        self.keys.extend_from_slice(keys);
        self.after.extend(keys.iter().map(|_| (position - self.first) as u16));
    }

    fn iter(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        self.keys.iter().zip(&self.after).map(|(&key, &after)| (key, self.first + u32::from(after)))
    }
}

/// The keys one rule finds.
pub(crate) struct Carriers {
    /// In the order of the records, in parts of [`RECORDS_AT_ONCE`].
    entries: Vec<Entries>,
    /// Records that carry a key.
    pub(crate) records: u64,
}

/// The carriers of several rules. Each key is read once a record, however many rules share it.
pub(crate) fn carriers(f: &Features<'_>, rules: &[&[Key]]) -> Vec<Carriers> {
    let mut keys: Vec<&Key> = Vec::new();
    let wanted: Vec<Vec<usize>> = rules
        .iter()
        .map(|of_rule| {
            let number = |key| {
                keys.iter().position(|known| known.is(key)).unwrap_or_else(|| {
                    keys.push(key);
                    keys.len() - 1
                })
            };
            of_rule.iter().map(number).collect()
        })
        .collect();
    let ranges = (0..f.len() as u32).step_by(RECORDS_AT_ONCE as usize).collect::<Vec<u32>>();
    let parts: Vec<Vec<(Entries, u64)>> = ranges
        .into_par_iter()
        .map(|start| {
            let positions: Vec<u32> = (start..(start + RECORDS_AT_ONCE).min(f.len() as u32)).collect();
            let mut found: Vec<(Entries, u64)> =
                rules.iter().map(|_| (Entries::new(start, positions.len()), 0)).collect();
            let mut read: Vec<Lists> = keys.iter().map(|_| Lists::default()).collect();
            let mut combined = Combined::default();
            for positions in positions.chunks(KEYS_AT_ONCE) {
                for (key, lists) in keys.iter().zip(&mut read) {
                    lists.read(f, key, positions);
                }
                for (wanted, (entries, records)) in wanted.iter().zip(&mut found) {
                    for (index, &position) in positions.iter().enumerate() {
                        let hashes = combined.of(wanted.iter().map(|&key| read[key].of(index)));
                        entries.push(hashes, position);
                        *records += u64::from(!hashes.is_empty());
                    }
                }
            }
            found
        })
        .collect();
    let mut carriers: Vec<Carriers> = rules.iter().map(|_| Carriers { entries: Vec::new(), records: 0 }).collect();
    for part in parts {
        for (of_rule, (entries, records)) in carriers.iter_mut().zip(part) {
            of_rule.entries.push(entries);
            of_rule.records += records;
        }
    }
    carriers
}

/// The records that carry one key.
#[derive(Clone, Copy)]
pub(crate) struct Block<'b> {
    pub(crate) key: u64,
    /// Ascending.
    pub(crate) records: &'b [u32],
}

impl Block<'_> {
    pub(crate) fn pairs(&self) -> u64 {
        self.records.len() as u64 * (self.records.len() as u64 - 1) / 2
    }
}

/// The blocks of a rule, in the order of their first records, so that a record's blocks lie where those of the record
/// before it do.
pub(crate) struct Grouped {
    keys: Vec<u64>,
    ends: Vec<u32>,
    records: Vec<u32>,
}

impl Grouped {
    pub(crate) fn new(carriers: Carriers) -> Self {
        let parts = carriers.entries;
        let count = parts.iter().map(|part| part.keys.len()).sum();
        let shared = Shared::new(count, parts.iter().flat_map(|part| &part.keys).copied());
        let groups = shared.groups();
        let mut numbers: HashMap<u64, u32, foldhash::fast::FixedState> =
            HashMap::with_capacity_and_hasher(groups, foldhash::fast::FixedState::default());
        let mut keys = Vec::with_capacity(groups);
        // Per group how many records it has, and the last of them: a record may carry a key more than once.
        let mut sizes: Vec<(u32, u32)> = Vec::with_capacity(groups);
        // Room that is not used is hardly ever touched; growing would copy.
        let mut entries: Vec<(u32, u32)> = Vec::with_capacity(count);
        for part in parts {
            for (key, position) in part.iter().filter(|entry| shared.may_be(entry.0)) {
                let number = *numbers.entry(key).or_insert_with(|| {
                    keys.push(key);
                    sizes.push((0, u32::MAX));
                    keys.len() as u32 - 1
                });
                let (size, last) = &mut sizes[number as usize];
                if *last != position {
                    (*size, *last) = (*size + 1, position);
                    entries.push((number, position));
                }
            }
        }
        drop(numbers);
        let mut next = Vec::with_capacity(sizes.len());
        let mut sum = 0;
        for (size, _) in sizes {
            next.push(sum);
            sum += size;
        }
        let mut records = vec![0; entries.len()];
        for (number, position) in entries {
            let place = &mut next[number as usize];
            records[*place as usize] = position;
            *place += 1;
        }
        // Where a group's last record went, the next group begins.
        Self { keys, ends: next, records }
    }

    /// The records of all blocks.
    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    /// The blocks of more than `least` records.
    pub(crate) fn larger_than(&self, least: usize) -> impl Iterator<Item = Block<'_>> {
        let mut start = 0;
        let blocks = self.keys.iter().zip(&self.ends).map(move |(&key, &end)| {
            let records = &self.records[start..end as usize];
            start = end as usize;
            Block { key, records }
        });
        blocks.filter(move |block| block.records.len() > least)
    }
}

/// The values of one key for several records.
#[derive(Default)]
struct Lists {
    ends: Vec<u32>,
    values: Vec<u64>,
}

impl Lists {
    fn read(&mut self, f: &Features<'_>, key: &Key, positions: &[u32]) {
        self.ends.clear();
        self.values.clear();
        for &position in positions {
            key.append(f, position, &mut self.values);
            self.ends.push(self.values.len() as u32);
        }
    }

    fn of(&self, index: usize) -> &[u64] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.values[start as usize..self.ends[index] as usize]
    }
}

/// Which hashes occur more than once, with a few false alarms: a cheap look before grouping.
struct Shared {
    again: Vec<u64>,
    shift: u32,
}

impl Shared {
    fn new(count: usize, hashes: impl Iterator<Item = u64>) -> Self {
        let slots = (count * 4).next_power_of_two().max(64);
        let shift = u64::BITS - slots.trailing_zeros();
        let (mut once, mut again) = (vec![0u64; slots / 64], vec![0u64; slots / 64]);
        for hash in hashes {
            let slot = (hash >> shift) as usize;
            let bit = 1u64 << (slot % 64);
            again[slot / 64] |= once[slot / 64] & bit;
            once[slot / 64] |= bit;
        }
        Self { again, shift }
    }

    /// About how many different hashes occur more than once.
    fn groups(&self) -> usize {
        self.again.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn may_be(&self, hash: u64) -> bool {
        let slot = (hash >> self.shift) as usize;
        self.again[slot / 64] >> (slot % 64) & 1 == 1
    }
}

/// All combinations of one value of each key.
#[derive(Default)]
struct Combined {
    hashes: Vec<u64>,
    next: Vec<u64>,
}

impl Combined {
    /// A hash of each combination; none if a key has no value, or there is no key.
    fn of<'v>(&mut self, keys: impl Iterator<Item = &'v [u64]>) -> &[u64] {
        const MOST_COMBINATIONS: usize = 24;
        self.hashes.clear();
        let mut keys = keys.peekable();
        if keys.peek().is_some() {
            self.hashes.push(0);
        }
        for values in keys {
            match (self.hashes.as_mut_slice(), values) {
                ([hash], [value]) => *hash = mix(*hash, *value),
                (hashes, values) => {
                    self.next.clear();
                    for &prefix in hashes.iter() {
                        self.next.extend(values.iter().map(|&value| mix(prefix, value)));
                    }
                    self.next.truncate(MOST_COMBINATIONS);
                    std::mem::swap(&mut self.hashes, &mut self.next);
                }
            }
        }
        &self.hashes
    }
}

/// The hashes under which a rule finds a record.
pub(crate) fn conjunction(f: &Features<'_>, keys: &[Key], position: u32) -> Vec<u64> {
    let values: Vec<Vec<u64>> = keys
        .iter()
        .map(|key| {
            let mut values = Vec::new();
            key.append(f, position, &mut values);
            values
        })
        .collect();
    Combined::default().of(values.iter().map(Vec::as_slice)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_in_the_order_of_their_first_records() {
        let part = |first, found: &[(u64, u32)]| {
            let mut entries = Entries::new(first, 4);
            found.iter().for_each(|&(key, position)| entries.push(&[key], position));
            entries
        };
        let entries = vec![
            part(0, &[(9, 0), (9, 0), (4, 1), (7, 2)]),
            part(3, &[(4, 3), (9, 3), (5, 4), (4, 5), (7, 6), (7, 6)]),
        ];
        let grouped = Grouped::new(Carriers { entries, records: 7 });
        let blocks: Vec<(u64, Vec<u32>)> =
            grouped.larger_than(1).map(|block| (block.key, block.records.to_vec())).collect();
        assert_eq!(blocks, [(9, vec![0, 3]), (4, vec![1, 3, 5]), (7, vec![2, 6])]);
        assert_eq!(grouped.larger_than(2).map(|block| block.pairs()).sum::<u64>(), 3);
    }
}
