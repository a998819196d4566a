//! What each comparison does with a pair of records: from codes to a level.

mod address;
mod day;
mod email;
mod name;
mod words;

pub(crate) use address::AddressValues;
pub(crate) use day::{Day, parse_day};
pub(crate) use email::Mailbox;
pub(crate) use name::{CLOSE_GIVEN, FamilyName, GivenName, NameValues, SIMILAR_GIVEN};
pub(crate) use words::{TokenValues, tokens};

use day::day_level;
use email::{EMAIL_DIFFERENT, email_level, follows_from_names, name_values};

use crate::features::{Features, LOCALITY, NONE, POSTCODE, STREET};
use crate::kernels::{is_initial_of, jaro_winkler_from, within_edits};
use crate::letters::{Digits, Letters};
use crate::probability::Weight;

/// How far two records agree, and the correction for how common the value is on which they agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreement {
    pub(crate) level: u8,
    /// Added to the weight against "unrelated".
    pub(crate) tf_unrelated: Weight,
    /// Added to the weight against "related".
    pub(crate) tf_related: Weight,
}

/// The values a comparison reads, with what is worth knowing about each beforehand.
pub(crate) enum Comparator {
    Name(NameValues),
    BirthDate { field: usize, days: Vec<Option<Day>>, tf: Vec<Weight> },
    Email { field: usize, mailboxes: Vec<Mailbox>, given: Option<usize>, family: Option<usize> },
    Phone { field: usize, digits: Vec<Digits> },
    Address(AddressValues),
    MiddleName { field: usize },
    Exact { field: usize },
    Identifier { field: usize },
    Tokens(TokenValues),
    Number { field: usize, values: Vec<Option<f64>> },
    Code { field: usize, letters: Vec<Letters>, tf: Vec<Weight> },
}

/// Remembers results for pairs of codes; a collision overwrites. Results never depend on what it holds.
pub(crate) struct Memo {
    /// Key and result next to each other, so that a look is one cache line.
    tables: Vec<Vec<(u64, u8)>>,
}

const MEMO_BITS: u32 = 13;
/// Tables a comparison may use.
const TABLES: usize = 3;

impl Memo {
    pub(crate) fn new(comparisons: usize) -> Self {
        Self { tables: vec![Vec::new(); comparisons * TABLES] }
    }

    fn get(&mut self, table: usize, a: u32, b: u32, compute: impl FnOnce() -> u8) -> u8 {
        let key = (u64::from(a) << 32) | u64::from(b);
        let slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - MEMO_BITS)) as usize;
        let table = &mut self.tables[table];
        if table.is_empty() {
            table.resize(1 << MEMO_BITS, (u64::MAX, 0));
        }
        let entry = &mut table[slot];
        if entry.0 != key {
            *entry = (key, compute());
        }
        entry.1
    }
}

impl Comparator {
    /// Compares the records at two positions. `index` is the comparison's own number, its place in the memo.
    pub(crate) fn compare(&self, f: &Features<'_>, a: u32, b: u32, index: usize, memo: &mut Memo) -> Agreement {
        match self {
            Self::Name(values) => values.compare(f, a, b, index * TABLES, memo),
            Self::BirthDate { field, days, tf } => best(f.values(*field, a), f.values(*field, b), |x, y| {
                if x == y {
                    return Agreement { level: 1, tf_unrelated: tf[x as usize], tf_related: 0 };
                }
                plain(day_level(days[x as usize], days[y as usize]))
            }),
            Self::Email { field, mailboxes, given, family } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    if x == y {
                        return plain(1);
                    }
                    if mailboxes[x as usize].is_stranger_to(mailboxes[y as usize]) {
                        return plain(EMAIL_DIFFERENT);
                    }
                    let level = memo.get(index * TABLES, x, y, || {
                        email_level([x, y].map(|code| pool.get(code)), [x, y].map(|code| mailboxes[code as usize]))
                    });
                    let by_name = |record| [*given, *family].into_iter().flatten().map(move |n| (n, record));
                    let names = || by_name(a).chain(by_name(b)).flat_map(|(n, r)| name_values(f, n, r));
                    plain(match level {
                        2..=4 if follows_from_names(level, pool.get(x), pool.get(y), names) => EMAIL_DIFFERENT,
                        level => level,
                    })
                })
            }
            Self::Phone { field, digits } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    if x == y {
                        return plain(1);
                    }
                    let close = digits[x as usize].within_one(digits[y as usize]);
                    plain(if close.unwrap_or_else(|| within_edits(pool.get(x), pool.get(y), 1)) { 2 } else { 3 })
                })
            }
            Self::Address(values) => values.compare(f, a, b, index * TABLES, memo),
            Self::MiddleName { field } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    let (left, right) = (pool.get(x), pool.get(y));
                    plain(match () {
                        () if x == y && left.len() > 1 => 1,
                        () if x == y || is_initial_of(left, right) || is_initial_of(right, left) => 2,
                        () if left.len() > 1 && right.len() > 1 && within_edits(left, right, 1) => 1,
                        () => 3,
                    })
                })
            }
            Self::Exact { field } => {
                best(f.values(*field, a), f.values(*field, b), |x, y| plain(if x == y { 1 } else { 2 }))
            }
            Self::Identifier { field } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    plain(match x == y {
                        true => 1,
                        false if within_edits(pool.get(x), pool.get(y), 1) => 2,
                        false => 3,
                    })
                })
            }
            Self::Tokens(values) => best(f.values(values.field, a), f.values(values.field, b), |x, y| {
                plain(if x == y { 1 } else { values.level(x, y, index * TABLES, memo) })
            }),
            Self::Number { field, values } => best(f.values(*field, a), f.values(*field, b), |x, y| {
                plain(number_level(values[x as usize], values[y as usize]))
            }),
            Self::Code { field, letters, tf } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    if x == y {
                        return Agreement { level: 1, tf_unrelated: tf[x as usize], tf_related: 0 };
                    }
                    let (p, q) = (letters[x as usize], letters[y as usize]);
                    if !p.may_be_within(q, 1) && !p.may_resemble(q, SIMILAR_CODE) {
                        return plain(CODE_DIFFERENT);
                    }
                    plain(memo.get(index * TABLES, x, y, || code_level(pool.get(x), pool.get(y))))
                })
            }
        }
    }

    /// Reads what is known beforehand of the records' values, so that it is at hand.
    pub(crate) fn touch(&self, f: &Features<'_>, records: impl Iterator<Item = u32> + Clone) -> u64 {
        fn each<T>(
            f: &Features<'_>,
            field: usize,
            known: &[T],
            records: impl Iterator<Item = u32>,
            read: impl Fn(&T) -> u64,
        ) -> u64 {
            records.fold(0, |sum, record| sum ^ known.get(f.first(field, record) as usize).map_or(0, &read))
        }
        match self {
            Self::Name(values) => {
                let given = values
                    .given
                    .map_or(0, |field| each(f, field, &values.given_names, records.clone(), |name| name.roots_filter));
                let family = values
                    .family
                    .map_or(0, |field| each(f, field, &values.family_names, records, |name| u64::from(name.sound)));
                given ^ family
            }
            Self::BirthDate { field, days, .. } => {
                each(f, *field, days, records, |day| day.map_or(0, |day| u64::from(day.digits)))
            }
            Self::Email { field, mailboxes, .. } => {
                each(f, *field, mailboxes, records, |mailbox| mailbox.hash.map_or(0, |hash| u64::from(hash.get())))
            }
            Self::Phone { field, digits } => each(f, *field, digits, records, |digits| digits.bits()),
            Self::Address(values) => {
                let field = f.records.columns.len();
                let parts = &f.addresses.parts;
                let of = |part: usize, record: u32| {
                    parts.get(f.first(field, record) as usize).map_or(NONE, |parts| parts[part])
                };
                let letters = |known: &[Letters], part: usize| {
                    records.clone().fold(0, |sum, record| {
                        sum ^ known.get(of(part, record) as usize).map_or(0, |letters| letters.bits())
                    })
                };
                letters(&values.streets, STREET)
                    ^ letters(&values.postcodes, POSTCODE)
                    ^ letters(&values.towns, LOCALITY)
            }
            Self::Code { field, letters, .. } => each(f, *field, letters, records, |letters| letters.bits()),
            _ => 0,
        }
    }

    /// A number that is equal for records with equal values; `None` where the comparison has nothing to read.
    pub(crate) fn signature(&self, f: &Features<'_>, position: u32) -> Option<u64> {
        let hash = |codes: &[u32]| codes.iter().fold(0u64, |h, &code| crate::features::mix(h, u64::from(code)));
        let codes = match self {
            Self::Name(values) => {
                let of = |field: Option<usize>| field.map_or(&[][..], |index| f.values(index, position));
                let (given, family) = (of(values.given), of(values.family));
                return (!given.is_empty() || !family.is_empty())
                    .then(|| crate::features::mix(hash(given), hash(family)));
            }
            Self::Address(_) => f.addresses_of(position),
            Self::Tokens(values) => f.values(values.field, position),
            Self::BirthDate { field, .. }
            | Self::Email { field, .. }
            | Self::Phone { field, .. }
            | Self::MiddleName { field }
            | Self::Exact { field }
            | Self::Identifier { field }
            | Self::Number { field, .. }
            | Self::Code { field, .. } => f.values(*field, position),
        };
        (!codes.is_empty()).then(|| hash(codes))
    }
}

fn plain(level: u8) -> Agreement {
    Agreement { level, ..Agreement::default() }
}

/// The best agreement among all pairs of values: the lowest level, then the rarer value. Of texts, which have bands of
/// levels, that is the one with most words the same.
fn best(left: &[u32], right: &[u32], mut compare: impl FnMut(u32, u32) -> Agreement) -> Agreement {
    let mut found = Agreement::default();
    for &x in left.iter().take(MOST_VALUES) {
        for &y in right.iter().take(MOST_VALUES) {
            // Ordered, so that comparing (a, b) and (b, a) is the same computation.
            let next = if x <= y { compare(x, y) } else { compare(y, x) };
            let better = found.level == 0
                || (next.level != 0
                    && (next.level < found.level
                        || (next.level == found.level && next.tf_unrelated > found.tf_unrelated)));
            if better {
                found = next;
            }
        }
    }
    found
}

/// Values of one attribute of one record that are compared.
const MOST_VALUES: usize = 8;

/// The Jaro–Winkler similarity from which codes are alike.
const SIMILAR_CODE: f64 = 0.85;

fn number_level(left: Option<f64>, right: Option<f64>) -> u8 {
    let (Some(x), Some(y)) = (left, right) else { return 0 };
    let scale = x.abs().max(y.abs());
    let apart = if scale == 0.0 { 0.0 } else { (x - y).abs() / scale };
    match () {
        () if x == y => 1,
        () if apart <= 0.01 => 2,
        () if apart <= 0.1 => 3,
        () if apart <= 0.3 => 4,
        () => 5,
    }
}

fn code_level(left: &str, right: &str) -> u8 {
    let shortest = left.chars().count().min(right.chars().count());
    let similar = jaro_winkler_from(left, right, SIMILAR_CODE);
    if shortest >= 4 && (within_edits(left, right, 1) || similar >= 0.95) {
        2
    } else if shortest >= 4 && similar >= SIMILAR_CODE {
        3
    } else {
        CODE_DIFFERENT
    }
}

const CODE_DIFFERENT: u8 = 4;
