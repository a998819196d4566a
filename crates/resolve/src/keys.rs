//! Blocking keys: numbers that two records of one entity are likely to share.

use std::sync::Arc;

use goldsmith_standardize::name::nickname_roots;

use crate::agreement::{parse_day, tokens};
use crate::features::{Features, HOUSE, LOCALITY, NONE, POSTCODE, STREET, mix, text_hash};
use crate::kernels::soundex;
use crate::records::{ColumnKind, Pool};

/// Length of the windows in which days are near each other, in days, and numbers, in their natural logarithm.
const DAYS: f64 = 30.0;
const LOGARITHM: f64 = 0.2;
/// With fewer windows a block would hardly become smaller.
const FEWEST_WINDOWS: usize = 10;

/// What is read from a record.
#[derive(Clone)]
pub(crate) enum Key {
    /// Each value of a field through a table of its codes: itself, its sound, its words …
    Value {
        name: &'static str,
        field: usize,
        table: Arc<KeyTable>,
    },
    /// Given and family name, whichever comes first.
    NamePair {
        given: usize,
        family: usize,
        roots: Arc<KeyTable>,
        families: Arc<KeyTable>,
    },
    Postcode,
    Locality,
    House,
    /// House number and street.
    HouseStreet,
}

/// Per code of a pool its key values.
pub(crate) enum KeyTable {
    /// The value itself is the key; codes say the same and need not be looked up.
    Value,
    /// At most one key a value; 0 stands for none.
    One(Vec<u64>),
    /// The keys of a value next to each other.
    Several { ends: Vec<u32>, values: Vec<u64> },
}

impl KeyTable {
    pub(crate) fn new<V: AsRef<[u64]>>(lists: impl Iterator<Item = V>) -> Self {
        let (mut ends, mut values) = (Vec::with_capacity(lists.size_hint().0), Vec::new());
        let mut most = 0;
        for list in lists {
            most = most.max(list.as_ref().len());
            values.extend_from_slice(list.as_ref());
            ends.push(values.len() as u32);
        }
        if most > 1 {
            return Self::Several { ends, values };
        }
        let mut start = 0;
        Self::One(
            ends.into_iter()
                .map(|end| {
                    let value = values[start..end as usize].first().copied().unwrap_or(0);
                    start = end as usize;
                    value
                })
                .collect(),
        )
    }

    #[inline]
    fn extend(&self, code: u32, out: &mut Vec<u64>) {
        match self {
            Self::Value => out.push(u64::from(code) + 1),
            Self::One(values) => out.extend(Some(values[code as usize]).filter(|&value| value != 0)),
            Self::Several { .. } => out.extend_from_slice(self.several(code)),
        }
    }

    /// The keys of a code in a table of several.
    fn several(&self, code: u32) -> &[u64] {
        match self {
            Self::Several { ends, values } => {
                let code = code as usize;
                let start = if code == 0 { 0 } else { ends[code - 1] };
                &values[start as usize..ends[code] as usize]
            }
            Self::One(values) => {
                let value = &values[code as usize];
                if *value == 0 { &[] } else { std::slice::from_ref(value) }
            }
            Self::Value => &[],
        }
    }
}

impl Key {
    /// Whether two keys read the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value { table: x, .. }, Self::Value { table: y, .. }) => Arc::ptr_eq(x, y),
            (Self::Value { .. }, _) | (_, Self::Value { .. }) => false,
            _ => self.name() == other.name(),
        }
    }

    /// The name by which a pipeline and a report speak of the key.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Value { name, .. } => name,
            Self::NamePair { .. } => "full_name",
            Self::Postcode => "postcode",
            Self::Locality => "locality",
            Self::House => "house",
            Self::HouseStreet => "house_street",
        }
    }

    /// Appends the key's values for a record, in ascending order.
    #[inline]
    pub(crate) fn append(&self, f: &Features<'_>, position: u32, out: &mut Vec<u64>) {
        let start = out.len();
        match self {
            Self::Value { field, table, .. } => {
                for &code in f.values(*field, position) {
                    table.extend(code, out);
                }
            }
            Self::NamePair { given, family, roots, families } => {
                for &g in f.values(*given, position).iter().take(2) {
                    for &root in roots.several(g).iter().take(3) {
                        for &n in f.values(*family, position).iter().take(2) {
                            out.extend(families.several(n).iter().map(|&name| mix(root.min(name), root.max(name))));
                        }
                    }
                }
            }
            Self::Postcode => parts(f, position, &[POSTCODE], out),
            Self::Locality => parts(f, position, &[LOCALITY], out),
            Self::House => parts(f, position, &[HOUSE], out),
            Self::HouseStreet => parts(f, position, &[HOUSE, STREET], out),
        }
        if out.len() > start + 1 {
            let new = &mut out[start..];
            new.sort_unstable();
            let mut kept = 1;
            for index in 1..new.len() {
                if new[index] != new[kept - 1] {
                    new[kept] = new[index];
                    kept += 1;
                }
            }
            out.truncate(start + kept);
        }
    }
}

fn parts(f: &Features<'_>, position: u32, wanted: &[usize], out: &mut Vec<u64>) {
    for &id in f.addresses_of(position).iter().take(4) {
        let address = &f.addresses.parts[id as usize];
        if wanted.iter().all(|&part| address[part] != NONE) {
            out.push(wanted.iter().fold(1, |hash, &part| mix(hash, u64::from(address[part]))));
        }
    }
}

fn table(pool: &Pool, of: impl Fn(&str) -> Vec<u64>) -> Arc<KeyTable> {
    Arc::new(KeyTable::new(pool.iter().map(|(_, value)| of(value))))
}

fn keep(hash: u64, wanted: bool) -> Vec<u64> {
    if wanted { vec![hash] } else { Vec::new() }
}

/// The keys that the columns allow, for one set of features.
pub(crate) struct Keys<'f, 'r> {
    pub(crate) f: &'f Features<'r>,
}

impl Keys<'_, '_> {
    fn first(&self, kind: &ColumnKind) -> Option<usize> {
        self.f.of_kind(kind).first().copied()
    }

    fn of(&self, name: &'static str, kind: &ColumnKind, of: impl Fn(&str) -> Vec<u64>) -> Option<Key> {
        let field = self.first(kind)?;
        Some(Key::Value { name, field, table: table(self.f.pool(field), of) })
    }

    pub(crate) fn value(&self, name: &'static str, field: usize) -> Key {
        Key::Value { name, field, table: Arc::new(KeyTable::Value) }
    }

    pub(crate) fn email(&self) -> Option<Key> {
        self.first(&ColumnKind::Email).map(|field| self.value("email", field))
    }

    pub(crate) fn email_local(&self) -> Option<Key> {
        self.of("email_local", &ColumnKind::Email, |v| {
            let local = v.rsplit_once('@').map_or(v, |parts| parts.0);
            keep(text_hash(local), local.len() >= 5)
        })
    }

    /// The first letters of a mailbox name: typing errors are as common in its end and its provider.
    pub(crate) fn email_prefix(&self) -> Option<Key> {
        self.of("email_prefix", &ColumnKind::Email, |v| {
            let local = v.rsplit_once('@').map_or(v, |parts| parts.0);
            local.get(..4).map_or_else(Vec::new, |prefix| vec![text_hash(prefix)])
        })
    }

    pub(crate) fn phone(&self) -> Option<Key> {
        self.first(&ColumnKind::Phone).map(|field| self.value("phone", field))
    }

    pub(crate) fn given(&self) -> Option<Key> {
        self.of("given_name", &ColumnKind::GivenName, common_roots)
    }

    pub(crate) fn given_initial(&self) -> Option<Key> {
        self.of("given_initial", &ColumnKind::GivenName, |v| {
            v.chars().next().map_or_else(Vec::new, |c| vec![u64::from(u32::from(c))])
        })
    }

    pub(crate) fn given_sound(&self) -> Option<Key> {
        self.of("given_sound", &ColumnKind::GivenName, sound)
    }

    pub(crate) fn family(&self) -> Option<Key> {
        self.of("family_name", &ColumnKind::FamilyName, family_parts)
    }

    pub(crate) fn family_sound(&self) -> Option<Key> {
        self.of("family_sound", &ColumnKind::FamilyName, sound)
    }

    pub(crate) fn middle_initial(&self) -> Option<Key> {
        self.of("middle_initial", &ColumnKind::MiddleName, |v| {
            v.chars().next().map_or_else(Vec::new, |c| vec![u64::from(u32::from(c))])
        })
    }

    pub(crate) fn birth_date(&self) -> Option<Key> {
        self.first(&ColumnKind::BirthDate).map(|field| self.value("birth_date", field))
    }

    pub(crate) fn birth_year(&self) -> Option<Key> {
        self.of("birth_year", &ColumnKind::BirthDate, |v| vec![text_hash(v.get(..4).unwrap_or(v))])
    }

    pub(crate) fn full_name(&self) -> Option<Key> {
        let (given, family) = (self.first(&ColumnKind::GivenName)?, self.first(&ColumnKind::FamilyName)?);
        let roots = table(self.f.pool(given), common_roots);
        // A swapped record holds a family name in the given column, so both sides use the same roots.
        let families = table(self.f.pool(family), |v| {
            let mut keys = family_parts(v);
            keys.extend(common_roots(v));
            keys.sort_unstable();
            keys.dedup();
            keys
        });
        Some(Key::NamePair { given, family, roots, families })
    }

    pub(crate) fn postcode(&self) -> Option<Key> {
        self.first(&ColumnKind::AddressPostcode).map(|_| Key::Postcode)
    }

    pub(crate) fn locality(&self) -> Option<Key> {
        self.first(&ColumnKind::AddressLocality).map(|_| Key::Locality)
    }

    pub(crate) fn house(&self) -> Option<Key> {
        self.first(&ColumnKind::AddressHouse).map(|_| Key::House)
    }

    pub(crate) fn house_street(&self) -> Option<Key> {
        self.first(&ColumnKind::AddressHouse).and(self.first(&ColumnKind::AddressStreet)).map(|_| Key::HouseStreet)
    }

    /// Days near each other: in windows of a month that overlap by half, so that two days within a fortnight share one.
    pub(crate) fn near_date(&self, field: usize) -> Option<Key> {
        self.near("near_date", field, |value| parse_day(value).map(|day| f64::from(day.number) / DAYS))
    }

    /// Numbers near each other, in the same way: two that differ by less than a tenth share one.
    pub(crate) fn near_number(&self, field: usize) -> Option<Key> {
        self.near("near_number", field, |value| {
            let number = value.trim().parse::<f64>().ok()?.abs();
            (number.is_finite() && number > 0.0).then(|| number.ln() / LOGARITHM)
        })
    }

    /// The two windows of length one, of a row and of a row half a window further, in which a value's place lies. None
    /// where all values are near each other, as years are among numbers.
    fn near(&self, name: &'static str, field: usize, place: impl Fn(&str) -> Option<f64>) -> Option<Key> {
        let windows = |at: f64| [(0, at), (1, at + 0.5)].map(|(row, at)| mix(row, (at.floor() as i64).cast_unsigned()));
        let lists: Vec<Vec<u64>> = self
            .f
            .pool(field)
            .iter()
            .map(|(_, value)| place(value).map_or_else(Vec::new, |at| windows(at).to_vec()))
            .collect();
        let different: hashbrown::HashSet<u64> = lists.iter().flatten().copied().collect();
        (different.len() >= FEWEST_WINDOWS).then(|| Key::Value {
            name,
            field,
            table: Arc::new(KeyTable::new(lists.into_iter())),
        })
    }

    /// Pairs of a value's rarest words, rarest first.
    pub(crate) fn word_pairs(&self, name: &'static str, field: usize, rarest: usize) -> Key {
        let rare = self.rare_words(field, rarest);
        let pairs = rare.iter().map(|words| {
            let mut keys = Vec::new();
            for (i, &x) in words.iter().enumerate() {
                keys.extend(words[i + 1..].iter().map(|&y| mix(x.min(y), x.max(y))));
            }
            if words.len() == 1 {
                keys.push(mix(words[0], 0));
            }
            keys
        });
        Key::Value { name, field, table: Arc::new(KeyTable::new(pairs)) }
    }

    /// A value's rarest words.
    pub(crate) fn words(&self, name: &'static str, field: usize, rarest: usize) -> Key {
        Key::Value { name, field, table: Arc::new(KeyTable::new(self.rare_words(field, rarest).iter())) }
    }

    fn rare_words(&self, field: usize, rarest: usize) -> Vec<Vec<u64>> {
        let pool = self.f.pool(field);
        let mut holders: hashbrown::HashMap<u64, u32, foldhash::fast::FixedState> = hashbrown::HashMap::default();
        let lists: Vec<Vec<u64>> = pool
            .iter()
            .map(|(code, value)| {
                let mut list: Vec<u64> = tokens(value).map(|word| text_hash(&word)).collect();
                list.sort_unstable();
                list.dedup();
                for &word in &list {
                    *holders.entry(word).or_default() += pool.frequency(code);
                }
                list
            })
            .collect();
        lists
            .into_iter()
            .map(|mut list| {
                list.retain(|word| holders[word] > 1);
                list.sort_unstable_by_key(|word| (holders[word], *word));
                list.truncate(rarest);
                list
            })
            .collect()
    }
}

fn sound(value: &str) -> Vec<u64> {
    match soundex(value) {
        0 => Vec::new(),
        code => vec![u64::from(code)],
    }
}

/// The first word of a given name, under which its nicknames are looked up.
pub(crate) fn first_word(name: &str) -> &str {
    name.split([' ', '-']).next().unwrap_or(name)
}

/// The most common of [`given_roots`]: a block for each would be many.
fn common_roots(value: &str) -> Vec<u64> {
    let mut roots = given_roots(value);
    roots.truncate(4);
    roots
}

/// Hashes of the formal names a given name may stand for, the name itself first; none for a bare initial.
pub(crate) fn given_roots(value: &str) -> Vec<u64> {
    let first = first_word(value);
    if first.chars().count() < 2 {
        return Vec::new();
    }
    std::iter::once(first).chain(nickname_roots(first).iter().copied()).map(text_hash).collect()
}

/// A family name whole and, where it has several, by its parts.
fn family_parts(value: &str) -> Vec<u64> {
    let mut keys = vec![text_hash(value)];
    if value.contains([' ', '-']) {
        keys.extend(value.split([' ', '-']).filter(|part| part.len() >= 4).map(text_hash));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::LaidOut;
    use crate::records::{ColumnBuilder, EntityType, RecordId, Records};

    #[test]
    fn near_values_share_a_window_and_far_ones_do_not() {
        let mut columns = [("day", ColumnKind::Date), ("amount", ColumnKind::Number), ("year", ColumnKind::Number)]
            .map(|(name, kind)| ColumnBuilder::new(name, kind));
        let rows = 40u32;
        for row in 0..rows {
            columns[0].push_record([format!("2026-{:02}-{:02}", 1 + row / 4, 1 + row % 4 * 7).as_str()]);
            columns[1].push_record([format!("{:.2}", 10.0 * 1.04f64.powi(row as i32)).as_str()]);
            columns[2].push_record([(1980 + row).to_string().as_str()]);
        }
        let records = Records {
            ids: (0..rows).map(|row| RecordId(u128::from(row))).collect(),
            source: vec![0; rows as usize],
            columns: columns.map(ColumnBuilder::finish).into(),
            entity: EntityType::Generic,
            duplicates_none: vec![false],
        };
        let f = Features::new(&records, LaidOut::new(&records, &[]));
        let keys = Keys { f: &f };
        let share = |key: &Key, a: u32, b: u32| {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            key.append(&f, a, &mut left);
            key.append(&f, b, &mut right);
            left.iter().any(|value| right.contains(value))
        };
        let (day, amount) = (keys.near_date(0).expect("months"), keys.near_number(1).expect("amounts"));
        for row in 0..rows - 10 {
            assert!(share(&day, row, row + 1), "a week apart");
            assert!(!share(&day, row, row + 5), "more than a month apart");
            assert!(share(&amount, row, row + 2), "eight per cent");
            assert!(!share(&amount, row, row + 8), "a third");
        }
        assert!(keys.near_number(2).is_none(), "years are all near each other");
    }
}
