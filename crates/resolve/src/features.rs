//! The records in the order of their names, without placeholders, and the combinations of values a comparison sees.
//!
//! From here on a record is its position in that order, so nothing can depend on the order in which rows arrived. Records
//! that sound alike are compared most: next to each other, a processor finds them in its cache.

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::copies::identifies;
use crate::kernels::soundex;
use crate::placeholder::Placeholder;
use crate::records::{Column, ColumnKind, Pool, RecordId, Records};

/// Marks the absence of a code.
pub(crate) const NONE: u32 = u32::MAX;

/// The sorted view of all records.
pub(crate) struct Features<'r> {
    pub(crate) records: &'r Records,
    /// Position to input row.
    pub(crate) order: Vec<u32>,
    /// Position to place among all ids in ascending order.
    rank: Vec<u32>,
    /// Position to the lowest 32 bits of the id, which is a hash: the ids themselves lie in the order of the input.
    draws: Vec<u32>,
    pub(crate) addresses: Addresses,
    rows: Rows,
    /// Whether any source says that it holds no duplicates.
    duplicates_none: bool,
}

/// All codes of a record next to each other, placeholders left out: comparing two records touches two places in memory
/// and not two for each field.
#[derive(Default)]
struct Rows {
    /// Slots of a record: one per column, and the last for the list of addresses.
    width: usize,
    /// Per record and field the code, or [`NONE`], or from [`SEVERAL`] on where its codes start in `lists`.
    slots: Vec<u32>,
    /// Where a field has several codes: their number, then the codes.
    lists: Vec<u32>,
}

/// Slots from here on refer to a list.
const SEVERAL: u32 = 1 << 31;

impl Rows {
    fn push(&mut self, codes: &[u32]) {
        self.slots.push(match codes {
            [] => NONE,
            [code] => *code,
            _ => {
                let start = self.lists.len() as u32;
                self.lists.push(codes.len() as u32);
                self.lists.extend_from_slice(codes);
                SEVERAL | start
            }
        });
    }

    /// The rows in another order.
    fn arranged(self, order: &[u32]) -> Self {
        let mut slots = Vec::with_capacity(self.slots.len());
        for &row in order {
            let start = row as usize * self.width;
            slots.extend_from_slice(&self.slots[start..start + self.width]);
        }
        Self { slots, ..self }
    }

    #[inline]
    fn values(&self, field: usize, position: u32) -> &[u32] {
        let slot = &self.slots[position as usize * self.width + field];
        if *slot < SEVERAL { std::slice::from_ref(slot) } else { self.several(*slot) }
    }

    fn several(&self, slot: u32) -> &[u32] {
        if slot == NONE {
            return &[];
        }
        let start = (slot - SEVERAL) as usize;
        &self.lists[start + 1..start + 1 + self.lists[start] as usize]
    }
}

/// The five aligned address columns, put together and dictionary-coded.
#[derive(Default)]
pub(crate) struct Addresses {
    /// The column of each part.
    columns: [Option<usize>; 5],
    /// Distinct addresses: codes of house, street, unit, postcode and locality in their pools, or [`NONE`].
    pub(crate) parts: Vec<[u32; 5]>,
}

pub(crate) const HOUSE: usize = 0;
pub(crate) const STREET: usize = 1;
pub(crate) const UNIT: usize = 2;
pub(crate) const POSTCODE: usize = 3;
pub(crate) const LOCALITY: usize = 4;

/// The codes of all records, laid out record by record.
pub(crate) struct LaidOut {
    order: Vec<u32>,
    rank: Vec<u32>,
    draws: Vec<u32>,
    addresses: Addresses,
    rows: Rows,
}

impl LaidOut {
    pub(crate) fn new(records: &Records, placeholders: &[Placeholder]) -> Self {
        // What is sorted holds what it is sorted by: a place of memory for each would be read for every comparison.
        let mut sorted: Vec<((u32, u32), u32, u32)> = sounds(records)
            .into_iter()
            .zip(ranks(&records.ids))
            .zip(0..)
            .map(|((s, rank), row)| (s, rank, row))
            .collect();
        sorted.par_sort_unstable();
        let (rank, order): (Vec<u32>, Vec<u32>) = sorted.into_iter().map(|(_, rank, row)| (rank, row)).unzip();
        let draws = order.iter().map(|&row| records.ids[row as usize].0 as u32).collect();
        let (addresses, rows) = rows(records, placeholders);
        let rows = rows.arranged(&order);
        Self { order, rank, draws, addresses, rows }
    }
}

impl<'r> Features<'r> {
    /// The features of records whose codes are laid out; the codes of their columns are not read any more.
    pub(crate) fn new(records: &'r Records, laid_out: LaidOut) -> Self {
        let LaidOut { order, rank, draws, addresses, rows } = laid_out;
        let duplicates_none = records.duplicates_none.contains(&true);
        Self { records, order, rank, draws, addresses, rows, duplicates_none }
    }

    /// Whether two records are the same in every field.
    pub(crate) fn are_copies(&self, a: u32, b: u32) -> bool {
        (0..self.rows.width).all(|field| self.rows.values(field, a) == self.rows.values(field, b))
    }

    /// Whether a record has a contact or an identifier that is no placeholder.
    pub(crate) fn is_identified(&self, position: u32) -> bool {
        let columns = self.records.columns.iter().enumerate();
        columns
            .filter(|(_, column)| identifies(&column.kind))
            .any(|(field, _)| !self.values(field, position).is_empty())
    }

    /// A hash of all fields of a record: that of its copies is the same.
    pub(crate) fn hash(&self, position: u32) -> u64 {
        (0..self.rows.width).fold(0, |hash, field| {
            let values = self.rows.values(field, position);
            values.iter().fold(mix(hash, field as u64), |hash, &value| mix(hash, u64::from(value)))
        })
    }

    /// The place of a record among all in the ascending order of their ids, which are hashes: it decides ties.
    #[inline]
    pub(crate) fn rank(&self, position: u32) -> u32 {
        self.rank[position as usize]
    }

    /// A number that the ids of two records decide, whatever the other records, to draw pairs by.
    #[inline]
    pub(crate) fn draw(&self, a: u32, b: u32) -> u64 {
        let (a, b) = (self.draws[a as usize], self.draws[b as usize]);
        mix(u64::from(a.min(b)), u64::from(a.max(b)))
    }

    /// The positions in the ascending order of their ids.
    pub(crate) fn by_id(&self) -> Vec<u32> {
        let mut by_id = vec![0; self.len()];
        for (&rank, position) in self.rank.iter().zip(0..) {
            by_id[rank as usize] = position;
        }
        by_id
    }

    /// Lets go of what records say, when nothing is compared any more; their order and ids stay.
    pub(crate) fn forget_values(&mut self) {
        self.rows = Rows::default();
        self.addresses = Addresses::default();
    }

    /// Reads a record's row, so that it is at hand.
    #[inline]
    pub(crate) fn touch(&self, position: u32) -> u32 {
        let start = position as usize * self.rows.width;
        self.rows.slots[start] ^ self.rows.slots[start + self.rows.width - 1]
    }

    /// The first code of a record in a column, or [`NONE`].
    #[inline]
    pub(crate) fn first(&self, column: usize, position: u32) -> u32 {
        self.rows.slots[position as usize * self.rows.width + column]
    }

    /// A record's codes in a column.
    #[inline]
    pub(crate) fn values(&self, column: usize, position: u32) -> &[u32] {
        self.rows.values(column, position)
    }

    /// A record's addresses, as numbers in [`Addresses::parts`].
    #[inline]
    pub(crate) fn addresses_of(&self, position: u32) -> &[u32] {
        self.rows.values(self.records.columns.len(), position)
    }

    /// How many records have a value in a column.
    pub(crate) fn filled(&self, column: usize) -> usize {
        (0..self.len() as u32).filter(|&position| !self.values(column, position).is_empty()).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn id(&self, position: u32) -> RecordId {
        self.records.ids[self.order[position as usize] as usize]
    }

    pub(crate) fn source(&self, position: u32) -> u16 {
        self.records.source[self.order[position as usize] as usize]
    }

    pub(crate) fn pool(&self, field: usize) -> &Pool {
        &self.records.columns[field].pool
    }

    /// The fields of a kind, in column order.
    pub(crate) fn of_kind(&self, kind: &ColumnKind) -> Vec<usize> {
        (0..self.records.columns.len()).filter(|&index| self.records.columns[index].kind == *kind).collect()
    }

    /// The pool of an address part.
    pub(crate) fn address_pool(&self, part: usize) -> Option<&Pool> {
        self.addresses.columns[part].map(|field| self.pool(field))
    }

    /// Whether a source says that it holds no duplicates.
    pub(crate) fn some_without_duplicates(&self) -> bool {
        self.duplicates_none
    }

    /// How many pairs of records no source keeps apart.
    pub(crate) fn possible_pairs(&self) -> f64 {
        let pairs = |n: f64| n * (n - 1.0) / 2.0;
        let kept_apart =
            self.records.duplicates_none.iter().zip(0u16..).filter(|(none, _)| **none).map(|(_, source)| {
                let records = self.records.source.iter().filter(|of| **of == source).count();
                pairs(records as f64)
            });
        pairs(self.len() as f64) - kept_apart.sum::<f64>()
    }

    /// Two records of one source that says it holds no duplicates.
    pub(crate) fn kept_apart_by_source(&self, a: u32, b: u32) -> bool {
        if !self.duplicates_none {
            return false;
        }
        let source = self.source(a);
        source == self.source(b) && self.records.duplicates_none.get(usize::from(source)).copied().unwrap_or(false)
    }
}

const ADDRESS_KINDS: [ColumnKind; 5] = [
    ColumnKind::AddressHouse,
    ColumnKind::AddressStreet,
    ColumnKind::AddressUnit,
    ColumnKind::AddressPostcode,
    ColumnKind::AddressLocality,
];

/// For each row its place among all ids in ascending order.
fn ranks(ids: &[RecordId]) -> Vec<u32> {
    // Ids are hashes: their upper half decides nearly always.
    let mut rows: Vec<(u64, u32)> = ids.iter().map(|id| (id.0 >> 64) as u64).zip(0..).collect();
    rows.par_sort_unstable_by(|(a_head, a), (b_head, b)| {
        a_head.cmp(b_head).then_with(|| ids[*a as usize].cmp(&ids[*b as usize]))
    });
    let mut rank = vec![0; ids.len()];
    for ((_, row), place) in rows.into_iter().zip(0..) {
        rank[row as usize] = place;
    }
    rank
}

/// For each row how its name sounds: that of the family, of the organisation or of a title, then the given name. A number
/// that a record alone decides.
fn sounds(records: &Records) -> Vec<(u32, u32)> {
    let of_kind = |kinds: &[ColumnKind]| {
        let column = kinds.iter().find_map(|kind| records.columns.iter().find(|column| column.kind == *kind))?;
        Some((column, column.pool.iter().map(|(_, value)| soundex(value)).collect::<Vec<u32>>()))
    };
    let name = of_kind(&[ColumnKind::FamilyName, ColumnKind::OrganisationName, ColumnKind::Text]);
    let given = of_kind(&[ColumnKind::GivenName]);
    let sound = |of: &Option<(&Column, Vec<u32>)>, row: usize| {
        of.as_ref()
            .and_then(|(column, sounds)| column.values(row).first().map(|&code| sounds[code as usize]))
            .unwrap_or(0)
    };
    (0..records.len()).map(|row| (sound(&name, row), sound(&given, row))).collect()
}

/// The rows in the order of the input, and the addresses they speak of.
fn rows(records: &Records, placeholders: &[Placeholder]) -> (Addresses, Rows) {
    let hidden: Vec<Vec<u32>> = (0..records.columns.len())
        .map(|index| {
            let mut codes: Vec<u32> = placeholders.iter().filter(|p| p.column == index).map(|p| p.code).collect();
            codes.sort_unstable();
            codes
        })
        .collect();
    let columns = ADDRESS_KINDS.map(|kind| records.columns.iter().position(|column| column.kind == kind));
    let empty: Vec<Option<u32>> =
        columns.iter().map(|column| column.and_then(|index| records.columns[index].pool.code(""))).collect();
    let mut addresses = Addresses { columns, parts: Vec::new() };
    let mut seen: HashMap<[u32; 5], u32, foldhash::fast::FixedState> = HashMap::default();
    let width = records.columns.len() + 1;
    let mut rows = Rows { width, slots: Vec::with_capacity(records.len() * width), lists: Vec::new() };
    let mut codes: Vec<u32> = Vec::new();
    for row in 0..records.len() {
        for (column, hidden) in records.columns.iter().zip(&hidden) {
            let values = column.values(row);
            if hidden.is_empty() {
                rows.push(values);
            } else {
                codes.clear();
                codes.extend(values.iter().filter(|code| hidden.binary_search(code).is_err()));
                rows.push(&codes);
            }
        }
        let values = |part: usize| columns[part].map_or(&[][..], |index| records.columns[index].values(row));
        codes.clear();
        for index in 0..(0..5).map(|part| values(part).len()).max().unwrap_or(0) {
            let parts = std::array::from_fn(|part| {
                values(part).get(index).copied().filter(|&code| Some(code) != empty[part]).unwrap_or(NONE)
            });
            if parts.iter().all(|&code| code == NONE) {
                continue;
            }
            let id = *seen.entry(parts).or_insert_with(|| {
                addresses.parts.push(parts);
                addresses.parts.len() as u32 - 1
            });
            if !codes.contains(&id) {
                codes.push(id);
            }
        }
        rows.push(&codes);
    }
    (addresses, rows)
}

/// Mixes two numbers into a key; the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(0x632b_e59b_d9b4_e019);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of a string that is the same in every process.
pub(crate) fn text_hash(value: &str) -> u64 {
    value.as_bytes().chunks(8).fold(value.len() as u64, |hash, chunk| {
        let mut word = [0u8; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash, u64::from_le_bytes(word))
    })
}
