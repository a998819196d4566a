//! The records in the order of their ids, without placeholders, and the combinations of values a comparison sees.
//!
//! From here on a record is its position in that order, so nothing can depend on the order in which rows arrived.

use hashbrown::HashMap;

use crate::placeholder::Placeholder;
use crate::records::{ColumnKind, Pool, RecordId, Records};

/// Marks the absence of a code.
pub(crate) const NONE: u32 = u32::MAX;

/// The sorted view of all records.
pub(crate) struct Features<'r> {
    pub(crate) records: &'r Records,
    /// Position to input row.
    pub(crate) order: Vec<u32>,
    pub(crate) fields: Vec<Field>,
    pub(crate) addresses: Addresses,
}

/// One column in sorted order, placeholders left out.
pub(crate) struct Field {
    pub(crate) kind: ColumnKind,
    offsets: Vec<u32>,
    codes: Vec<u32>,
}

impl Field {
    pub(crate) fn values(&self, position: u32) -> &[u32] {
        let position = position as usize;
        &self.codes[self.offsets[position] as usize..self.offsets[position + 1] as usize]
    }

    /// How many records have a value.
    pub(crate) fn filled(&self) -> usize {
        self.offsets.windows(2).filter(|bounds| bounds[0] < bounds[1]).count()
    }
}

/// The five aligned address columns, put together and dictionary-coded.
#[derive(Default)]
pub(crate) struct Addresses {
    offsets: Vec<u32>,
    ids: Vec<u32>,
    /// The field of each part.
    columns: [Option<usize>; 5],
    /// Distinct addresses: codes of house, street, unit, postcode and locality in their pools, or [`NONE`].
    pub(crate) parts: Vec<[u32; 5]>,
}

pub(crate) const HOUSE: usize = 0;
pub(crate) const STREET: usize = 1;
pub(crate) const UNIT: usize = 2;
pub(crate) const POSTCODE: usize = 3;
pub(crate) const LOCALITY: usize = 4;

impl Addresses {
    pub(crate) fn of(&self, position: u32) -> &[u32] {
        let position = position as usize;
        match (self.offsets.get(position), self.offsets.get(position + 1)) {
            (Some(&start), Some(&end)) => &self.ids[start as usize..end as usize],
            _ => &[],
        }
    }
}

impl<'r> Features<'r> {
    pub(crate) fn new(records: &'r Records, placeholders: &[Placeholder]) -> Self {
        let mut order: Vec<u32> = (0..records.len() as u32).collect();
        order.sort_unstable_by_key(|&row| records.ids[row as usize]);
        let fields: Vec<Field> = records
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let hidden: Vec<u32> = placeholders.iter().filter(|p| p.column == index).map(|p| p.code).collect();
                let mut offsets = Vec::with_capacity(order.len() + 1);
                let mut codes = Vec::with_capacity(column.codes.len());
                offsets.push(0);
                for &row in &order {
                    codes.extend(column.values(row as usize).iter().filter(|code| !hidden.contains(code)));
                    offsets.push(codes.len() as u32);
                }
                Field { kind: column.kind.clone(), offsets, codes }
            })
            .collect();
        let addresses = addresses(records, &fields, order.len());
        Self { records, order, fields, addresses }
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
        (0..self.fields.len()).filter(|&index| self.fields[index].kind == *kind).collect()
    }

    /// The pool of an address part.
    pub(crate) fn address_pool(&self, part: usize) -> Option<&Pool> {
        self.addresses.columns[part].map(|field| self.pool(field))
    }

    /// Two records of one source that says it holds no duplicates.
    pub(crate) fn kept_apart_by_source(&self, a: u32, b: u32) -> bool {
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

fn addresses(records: &Records, fields: &[Field], n: usize) -> Addresses {
    let columns = ADDRESS_KINDS.map(|kind| fields.iter().position(|field| field.kind == kind));
    if columns.iter().all(Option::is_none) {
        return Addresses::default();
    }
    let empty: Vec<Option<u32>> =
        columns.iter().map(|column| column.and_then(|index| records.columns[index].pool.code(""))).collect();
    let mut table = Addresses { offsets: vec![0], columns, ..Addresses::default() };
    let mut seen: HashMap<[u32; 5], u32, foldhash::fast::FixedState> = HashMap::default();
    for position in 0..n as u32 {
        let values = |part: usize| columns[part].map_or(&[][..], |index| fields[index].values(position));
        let count = (0..5).map(|part| values(part).len()).max().unwrap_or(0);
        let start = table.ids.len();
        for index in 0..count {
            let mut parts = [NONE; 5];
            for (part, slot) in parts.iter_mut().enumerate() {
                *slot = values(part).get(index).copied().filter(|&code| Some(code) != empty[part]).unwrap_or(NONE);
            }
            if parts.iter().all(|&code| code == NONE) {
                continue;
            }
            let id = *seen.entry(parts).or_insert_with(|| {
                table.parts.push(parts);
                table.parts.len() as u32 - 1
            });
            if !table.ids[start..].contains(&id) {
                table.ids.push(id);
            }
        }
        table.offsets.push(table.ids.len() as u32);
    }
    table
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
