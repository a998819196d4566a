//! Records as coded columns: the only input of this crate.
//!
//! Each attribute is dictionary-coded once. A [`Column`] holds, for every record, a list of codes into its [`Pool`] of
//! distinct values; a record may hold several values, or none. From here on an exact comparison is an integer
//! comparison and a fuzzy one is computed once per distinct pair of values.

use std::fmt;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use rayon::prelude::*;

use crate::ResolveError;

/// All records of one entity type, in any order. Nothing that is decided depends on the order.
#[derive(Clone, Debug)]
pub struct Records {
    /// One stable id per record; ties and samples are decided by it.
    pub ids: Vec<RecordId>,
    /// The source each record came from, an index into `duplicates_none`.
    pub source: Vec<u16>,
    /// The attributes; each column covers every record.
    pub columns: Vec<Column>,
    /// What the records describe; decides the default comparisons and blocking rules.
    pub entity: EntityType,
    /// Per source: the source states that it holds no two records of one entity.
    pub duplicates_none: Vec<bool>,
}

/// A stable 128-bit name of a record: a hash of its source and its key in that source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId(pub u128);

/// What the records describe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityType {
    /// Natural persons.
    Person,
    /// Companies, authorities, sites.
    Organisation,
    /// Anything else; choices are made by looking at the values.
    Generic,
}

impl EntityType {
    /// The type a pipeline file calls so.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "person" => Self::Person,
            "organisation" => Self::Organisation,
            _ => Self::Generic,
        }
    }

    /// What a pipeline file calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Organisation => "organisation",
            Self::Generic => "generic",
        }
    }
}

/// What a column means. Values arrive standardised as each variant says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Folded given name (lower case ASCII letters, several values allowed).
    GivenName,
    /// Folded middle names or initials.
    MiddleName,
    /// Folded family name.
    FamilyName,
    /// Folded earlier family name (birth or maiden name).
    PreviousFamilyName,
    /// Folded generation suffix (`jr`, `sr`, `iii`).
    NameSuffix,
    /// Gender, one short code a value.
    Gender,
    /// Date of birth as `YYYY-MM-DD`.
    BirthDate,
    /// Canonical e-mail address.
    Email,
    /// Phone number in E.164.
    Phone,
    /// House number of an address; the five address columns are aligned by position, `""` where a part is missing.
    AddressHouse,
    /// Street of an address.
    AddressStreet,
    /// Unit (flat, apartment) of an address.
    AddressUnit,
    /// Postal code of an address.
    AddressPostcode,
    /// Town of an address.
    AddressLocality,
    /// Folded core of an organisation's name.
    OrganisationName,
    /// An identifier of the named type (tax number, loyalty card …); each type has its own column.
    Identifier(String),
    /// Free text or a title.
    Text,
    /// A number in decimal notation.
    Number,
    /// A date as `YYYY-MM-DD`.
    Date,
    /// One of few codes.
    Category,
}

impl ColumnKind {
    /// Whether the column is one part of the aligned address columns.
    #[must_use]
    pub fn is_address_part(&self) -> bool {
        use ColumnKind::{AddressHouse, AddressLocality, AddressPostcode, AddressStreet, AddressUnit};
        matches!(self, AddressHouse | AddressStreet | AddressUnit | AddressPostcode | AddressLocality)
    }
}

/// One attribute of all records: offsets and codes, and the pool the codes point into.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name the pipeline gives the attribute.
    pub name: String,
    /// What it means.
    pub kind: ColumnKind,
    /// `records + 1` offsets into `codes`.
    pub offsets: Vec<u32>,
    /// Codes into `pool`, record after record.
    pub codes: Vec<u32>,
    /// The distinct values.
    pub pool: Pool,
}

impl Column {
    /// The codes of record `row`; empty if the row does not exist.
    #[must_use]
    pub fn values(&self, row: usize) -> &[u32] {
        match (self.offsets.get(row), self.offsets.get(row + 1)) {
            (Some(&start), Some(&end)) => self.codes.get(start as usize..end as usize).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// How many records the column covers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Whether the column covers no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The distinct values of a column in sorted order, with how many records hold each.
#[derive(Clone, Default)]
pub struct Pool {
    bytes: String,
    ends: Vec<u32>,
    records: Vec<u32>,
}

impl Pool {
    /// How many distinct values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The value behind a code; `""` for a code that is not in the pool.
    #[must_use]
    pub fn get(&self, code: u32) -> &str {
        let index = code as usize;
        let Some(&end) = self.ends.get(index) else { return "" };
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.bytes.get(start as usize..end as usize).unwrap_or("")
    }

    /// How many records hold the value.
    #[must_use]
    pub fn frequency(&self, code: u32) -> u32 {
        self.records.get(code as usize).copied().unwrap_or(0)
    }

    /// The code of a value, found by binary search.
    #[must_use]
    pub fn code(&self, value: &str) -> Option<u32> {
        let (mut low, mut high) = (0u32, self.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).cmp(value) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Every value with its code, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..self.len() as u32).map(|code| (code, self.get(code)))
    }
}

// The values are personal data; only their number is shown.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({} values)", self.len())
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl RecordId {
    /// The id of the record `key` of `source`.
    ///
    /// ```
    /// use goldsmith_resolve::RecordId;
    /// assert_ne!(RecordId::of("crm", "1"), RecordId::of("crm1", ""));
    /// ```
    #[must_use]
    pub fn of(source: &str, key: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(source.len() as u64).to_le_bytes());
        hasher.update(source.as_bytes());
        hasher.update(key.as_bytes());
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(u128::from_le_bytes(bytes))
    }
}

impl Records {
    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Lets go of the codes; pools stay.
    pub(crate) fn forget_codes(&mut self) {
        for column in &mut self.columns {
            (column.offsets, column.codes) = (Vec::new(), Vec::new());
        }
    }

    /// Checks that every column covers every record and that no id occurs twice.
    ///
    /// # Errors
    /// [`ResolveError::ColumnLength`] or [`ResolveError::DuplicateId`].
    pub fn check(&self) -> Result<(), ResolveError> {
        let expected = self.len();
        let wrong = |column: &str, found| ResolveError::ColumnLength { column: column.to_owned(), expected, found };
        if self.source.len() != expected {
            return Err(wrong("source", self.source.len()));
        }
        for column in &self.columns {
            if column.len() != expected {
                return Err(wrong(&column.name, column.len()));
            }
        }
        let mut sorted = self.ids.clone();
        sorted.par_sort_unstable();
        match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(ResolveError::DuplicateId { id: pair[0] }),
            None => Ok(()),
        }
    }
}

/// Builds a [`Column`] record by record.
///
/// ```
/// use goldsmith_resolve::{ColumnBuilder, ColumnKind};
/// let mut builder = ColumnBuilder::new("given_name", ColumnKind::GivenName);
/// builder.push_record(["mary", "maria"]);
/// builder.push_record([]);
/// let column = builder.finish();
/// assert_eq!(column.len(), 2);
/// assert_eq!(column.pool.get(column.values(0)[0]), "mary");
/// ```
pub struct ColumnBuilder {
    name: String,
    kind: ColumnKind,
    seen: Seen,
    offsets: Vec<u32>,
    codes: Vec<u32>,
}

impl ColumnBuilder {
    /// An empty column.
    pub fn new(name: impl Into<String>, kind: ColumnKind) -> Self {
        Self { name: name.into(), kind, seen: Seen::default(), offsets: vec![0], codes: Vec::new() }
    }

    /// Room for so many records of about a value each.
    #[must_use]
    pub fn for_records(mut self, records: usize) -> Self {
        self.offsets.reserve_exact(records);
        self.codes.reserve(records);
        self
    }

    /// Adds the next record with its values. Empty values are dropped, except in address columns, where they keep
    /// the parts aligned; a value repeated within a record counts once there too.
    pub fn push_record<'v>(&mut self, values: impl IntoIterator<Item = &'v str>) {
        let start = self.codes.len();
        let aligned = self.kind.is_address_part();
        for value in values {
            if value.is_empty() && !aligned {
                continue;
            }
            let code = self.seen.code(value);
            if aligned || !self.codes[start..].contains(&code) {
                self.codes.push(code);
            }
        }
        self.offsets.push(self.codes.len() as u32);
    }

    /// The finished column, its pool sorted and counted.
    #[must_use]
    pub fn finish(self) -> Column {
        let (mut pool, renumbered) = self.seen.sorted();
        let codes: Vec<u32> = self.codes.iter().map(|&code| renumbered[code as usize]).collect();
        for bounds in self.offsets.windows(2) {
            let list = &codes[bounds[0] as usize..bounds[1] as usize];
            for (i, &code) in list.iter().enumerate() {
                if !list[..i].contains(&code) {
                    pool.records[code as usize] += 1;
                }
            }
        }
        Column { name: self.name, kind: self.kind, offsets: self.offsets, codes, pool }
    }
}

/// The distinct values of a column, numbered as they are met.
#[derive(Default)]
struct Seen {
    bytes: String,
    ends: Vec<u32>,
    /// The number of each value, with half of its hash: most others are told from it without being read.
    numbers: HashTable<(u32, u32)>,
}

impl Seen {
    fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.bytes[start as usize..self.ends[number] as usize]
    }

    fn code(&mut self, value: &str) -> u32 {
        let half = foldhash::fast::FixedState::default().hash_one(value) as u32;
        let found = self.numbers.find(spread(half), |&(of, number)| of == half && self.get(number) == value);
        if let Some(&(_, number)) = found {
            return number;
        }
        let number = self.ends.len() as u32;
        self.bytes.push_str(value);
        self.ends.push(self.bytes.len() as u32);
        self.numbers.insert_unique(spread(half), (half, number), |&(half, _)| spread(half));
        number
    }

    /// The values in sorted order, none counted yet, and for each number the place of its value in that order.
    fn sorted(self) -> (Pool, Vec<u32>) {
        drop(self.numbers);
        let seen = Self { numbers: HashTable::new(), ..self };
        let mut order: Vec<([u64; 2], u32)> =
            (0..seen.ends.len() as u32).map(|number| (head(seen.get(number)), number)).collect();
        order.par_sort_unstable_by(|(a_head, a), (b_head, b)| {
            a_head.cmp(b_head).then_with(|| seen.get(*a).cmp(seen.get(*b)))
        });
        let mut pool = Pool {
            bytes: String::with_capacity(seen.bytes.len()),
            ends: Vec::with_capacity(order.len()),
            records: vec![0; order.len()],
        };
        let mut places = vec![0; order.len()];
        for (place, (_, number)) in order.into_iter().enumerate() {
            pool.bytes.push_str(seen.get(number));
            pool.ends.push(pool.bytes.len() as u32);
            places[number as usize] = place as u32;
        }
        (pool, places)
    }
}

/// A hash of 64 bits from one of 32.
fn spread(half: u32) -> u64 {
    u64::from(half).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The first sixteen bytes of a value, as numbers that compare as it does.
fn head(value: &str) -> [u64; 2] {
    let mut bytes = [0; 16];
    let length = value.len().min(16);
    bytes[..length].copy_from_slice(&value.as_bytes()[..length]);
    let number = u128::from_be_bytes(bytes);
    [(number >> 64) as u64, number as u64]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pools_are_sorted_and_codes_lead_back(
            lists in proptest::collection::vec(proptest::collection::vec("[a-b\u{0}]{0,20}|ähnlich.{0,3}", 0..4), 0..40),
        ) {
            let mut builder = ColumnBuilder::new("text", ColumnKind::Text);
            for list in &lists {
                builder.push_record(list.iter().map(String::as_str));
            }
            let column = builder.finish();
            let pool: Vec<&str> = column.pool.iter().map(|(_, value)| value).collect();
            prop_assert!(pool.windows(2).all(|pair| pair[0] < pair[1]));
            for (row, list) in lists.iter().enumerate() {
                let mut wanted: Vec<&str> = Vec::new();
                for value in list.iter().filter(|value| !value.is_empty()) {
                    if !wanted.contains(&value.as_str()) {
                        wanted.push(value);
                    }
                }
                let found: Vec<&str> = column.values(row).iter().map(|&code| column.pool.get(code)).collect();
                prop_assert_eq!(found, wanted);
            }
            for (code, value) in column.pool.iter() {
                let holders = lists.iter().filter(|list| list.iter().any(|of| of == value)).count();
                prop_assert_eq!(column.pool.frequency(code) as usize, holders);
                prop_assert_eq!(column.pool.code(value), Some(code));
            }
        }
    }
}
