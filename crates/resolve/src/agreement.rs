//! What each comparison does with a pair of records: from codes to a level.

use hashbrown::HashMap;

use crate::comparison::{NAME_SWAPPED, NAME_SWAPPED_CLOSE};
use crate::features::{Features, HOUSE, LOCALITY, NONE, POSTCODE, STREET, UNIT};
use crate::kernels::{is_initial_of, jaro_winkler_from, soundex, within_edits};
use crate::probability::Weight;
use crate::records::Pool;

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
    Email { field: usize, given: Option<usize>, family: Option<usize> },
    Phone { field: usize },
    Address { tf: [Vec<Weight>; 2] },
    MiddleName { field: usize },
    Exact { field: usize },
    Identifier { field: usize },
    Tokens(TokenValues),
    Number { field: usize, values: Vec<Option<f64>> },
    Code { field: usize, tf: Vec<Weight> },
}

/// A calendar day and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) number: i32,
}

pub(crate) struct NameValues {
    pub(crate) given: Option<usize>,
    pub(crate) family: Option<usize>,
    pub(crate) previous: Option<usize>,
    /// Per given name, hashes of the formal names it may stand for.
    pub(crate) roots: Vec<Vec<u64>>,
    /// Per given name whether it is one letter.
    pub(crate) initials: Vec<bool>,
    pub(crate) given_tf: Vec<Weight>,
    pub(crate) family_tf: Vec<Weight>,
}

pub(crate) struct TokenValues {
    pub(crate) field: usize,
    /// Per value its words in order of their numbers.
    pub(crate) words: Vec<Vec<u32>>,
    pub(crate) texts: Vec<String>,
    /// Per word its weight: the rarer, the heavier.
    pub(crate) weights: Vec<f64>,
}

/// Remembers results for pairs of codes; a collision overwrites. Results never depend on what it holds.
pub(crate) struct Memo {
    /// Key and result next to each other, so that a look is one cache line.
    tables: Vec<Vec<(u64, u8)>>,
}

const MEMO_BITS: u32 = 13;

impl Memo {
    pub(crate) fn new(comparisons: usize) -> Self {
        Self { tables: vec![Vec::new(); comparisons * 2] }
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
            Self::Name(values) => values.compare(f, a, b, index * 2, memo),
            Self::BirthDate { field, days, tf } => best(f.values(*field, a), f.values(*field, b), |x, y| {
                if x == y {
                    return Agreement { level: 1, tf_unrelated: tf[x as usize], tf_related: 0 };
                }
                plain(memo.get(index * 2, x, y, || day_level(days[x as usize], days[y as usize])))
            }),
            Self::Email { field, given, family } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    if x == y {
                        return plain(1);
                    }
                    let level = memo.get(index * 2, x, y, || email_level(pool.get(x), pool.get(y)));
                    let by_name = |record| [*given, *family].into_iter().flatten().map(move |n| (n, record));
                    let names = || by_name(a).chain(by_name(b)).flat_map(|(n, r)| name_values(f, n, r));
                    plain(match level {
                        2..=4 if follows_from_names(level, pool.get(x), pool.get(y), names) => EMAIL_DIFFERENT,
                        level => level,
                    })
                })
            }
            Self::Phone { field } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    plain(match x == y {
                        true => 1,
                        false if within_edits(pool.get(x), pool.get(y), 1) => 2,
                        false => 3,
                    })
                })
            }
            Self::Address { tf } => address(f, tf, a, b, index * 2, memo),
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
                plain(if x == y { 1 } else { values.level(x, y, index * 2, memo) })
            }),
            Self::Number { field, values } => best(f.values(*field, a), f.values(*field, b), |x, y| {
                plain(number_level(values[x as usize], values[y as usize]))
            }),
            Self::Code { field, tf } => {
                let pool = f.pool(*field);
                best(f.values(*field, a), f.values(*field, b), |x, y| {
                    if x == y {
                        return Agreement { level: 1, tf_unrelated: tf[x as usize], tf_related: 0 };
                    }
                    plain(memo.get(index * 2, x, y, || code_level(pool.get(x), pool.get(y))))
                })
            }
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
            Self::Address { .. } => f.addresses_of(position),
            Self::Tokens(values) => f.values(values.field, position),
            Self::BirthDate { field, .. }
            | Self::Email { field, .. }
            | Self::Phone { field }
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

/// The best agreement among all pairs of values: the lowest level, then the rarer value.
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

impl NameValues {
    fn compare(&self, f: &Features<'_>, a: u32, b: u32, table: usize, memo: &mut Memo) -> Agreement {
        let of = |field: Option<usize>, at| field.map_or(&[][..], |index| f.values(index, at));
        let (given_a, given_b) = (of(self.given, a), of(self.given, b));
        let (family_a, family_b) = (of(self.family, a), of(self.family, b));
        let given = match self.given {
            Some(field) => best(given_a, given_b, |x, y| {
                if x == y {
                    // One letter is not a name: two equal initials are no more than an initial.
                    if self.initials[x as usize] {
                        return plain(3);
                    }
                    let tf = self.given_tf[x as usize];
                    return Agreement { level: 1, tf_unrelated: tf, tf_related: tf };
                }
                plain(memo.get(table, x, y, || self.given_level(f.pool(field), x, y)))
            }),
            None => Agreement::default(),
        };
        let mut family = match self.family {
            Some(field) => best(family_a, family_b, |x, y| {
                if x == y {
                    return Agreement { level: 1, tf_unrelated: self.family_tf[x as usize], tf_related: 0 };
                }
                plain(memo.get(table + 1, x, y, || family_level(f.pool(field).get(x), f.pool(field).get(y))))
            }),
            None => Agreement::default(),
        };
        if family.level > 3 && (self.shares_previous(f, a, family_b) || self.shares_previous(f, b, family_a)) {
            family = plain(3);
        }
        if given.level >= 4
            && family.level >= 4
            && let Some(level) = self.swapped(f, (given_a, family_a), (given_b, family_b))
        {
            return plain(level);
        }
        Agreement {
            level: given.level * 6 + family.level,
            tf_unrelated: given.tf_unrelated + family.tf_unrelated,
            tf_related: given.tf_related,
        }
    }

    fn given_level(&self, pool: &Pool, x: u32, y: u32) -> u8 {
        let (left, right) = (pool.get(x), pool.get(y));
        if is_initial_of(left, right) || is_initial_of(right, left) {
            return 3;
        }
        let (roots_x, roots_y) = (&self.roots[x as usize], &self.roots[y as usize]);
        if roots_x.iter().any(|root| roots_y.contains(root)) {
            return 2;
        }
        if left.len() < 2 || right.len() < 2 {
            return 6;
        }
        let shortest = left.chars().count().min(right.chars().count());
        // Compound names are written in full or by their first part: "anna maria" and "anna".
        if first_word(left) == first_word(right) && shortest >= 3 {
            return 2;
        }
        let similar = jaro_winkler_from(left, right, 0.85);
        if (shortest >= 4 && within_edits(left, right, 1)) || similar >= 0.93 {
            return 4;
        }
        let starts = shortest >= 3 && (left.starts_with(right) || right.starts_with(left));
        if starts || similar >= 0.85 || (shortest >= 3 && within_edits(left, right, 1)) {
            return 5;
        }
        6
    }

    fn shares_previous(&self, f: &Features<'_>, holder: u32, families: &[u32]) -> bool {
        let (Some(previous), Some(family)) = (self.previous, self.family) else { return false };
        f.values(previous, holder).iter().any(|&code| {
            let value = f.pool(previous).get(code);
            families.iter().any(|&other| f.pool(family).get(other) == value)
        })
    }

    fn swapped(&self, f: &Features<'_>, a: (&[u32], &[u32]), b: (&[u32], &[u32])) -> Option<u8> {
        let (given, family) = (f.pool(self.given?), f.pool(self.family?));
        let (given_a, family_a) = (given.get(*a.0.first()?), family.get(*a.1.first()?));
        let (given_b, family_b) = (given.get(*b.0.first()?), family.get(*b.1.first()?));
        if given_a == family_b && family_a == given_b {
            return Some(NAME_SWAPPED);
        }
        let close = |x: &str, y: &str| x == y || (x.len() >= 4 && y.len() >= 4 && within_edits(x, y, 1));
        (close(given_a, family_b) && close(family_a, given_b)).then_some(NAME_SWAPPED_CLOSE)
    }
}

fn first_word(name: &str) -> &str {
    name.split([' ', '-']).next().unwrap_or(name)
}

fn family_level(left: &str, right: &str) -> u8 {
    let shortest = left.chars().count().min(right.chars().count());
    if (shortest >= 4 && within_edits(left, right, 1)) || jaro_winkler_from(left, right, 0.95) > 0.0 {
        return 2;
    }
    let parts = |name: &str| name.contains([' ', '-']);
    if (parts(left) || parts(right))
        && left.split([' ', '-']).any(|x| x.len() >= 3 && right.split([' ', '-']).any(|y| same_or_close(x, y)))
    {
        return 3;
    }
    if jaro_winkler_from(left, right, 0.88) > 0.0 || (soundex(left) == soundex(right) && soundex(left) != 0) {
        return 4;
    }
    5
}

fn same_or_close(x: &str, y: &str) -> bool {
    x == y || (x.len() >= 5 && y.len() >= 5 && within_edits(x, y, 1))
}

fn day_level(left: Option<Day>, right: Option<Day>) -> u8 {
    let (Some(x), Some(y)) = (left, right) else { return 0 };
    if (x.year == y.year && x.month == y.day && x.day == y.month) || one_slip(x, y) {
        return 2;
    }
    if (x.number - y.number).abs() <= 10 {
        return 3;
    }
    let same = usize::from(x.year == y.year) + usize::from(x.month == y.month) + usize::from(x.day == y.day);
    if same == 2 { 4 } else { 5 }
}

/// Whether one digit of `YYYYMMDD` differs, or two neighbours are swapped.
fn one_slip(x: Day, y: Day) -> bool {
    let digits = |d: Day| {
        let number = d.year as u32 * 10_000 + d.month * 100 + d.day;
        std::array::from_fn::<u32, 8, _>(|i| number / 10u32.pow(7 - i as u32) % 10)
    };
    let (left, right) = (digits(x), digits(y));
    let mut differ = (0..8).filter(|&i| left[i] != right[i]);
    match (differ.next(), differ.next(), differ.next()) {
        (_, None, _) => true,
        (Some(i), Some(j), None) => j == i + 1 && left[i] == right[j] && left[j] == right[i],
        _ => false,
    }
}

/// Reads `YYYY-MM-DD` (days since 1970-01-01 by Hinnant's civil calendar).
pub(crate) fn parse_day(value: &str) -> Option<Day> {
    let mut parts = value.splitn(3, '-');
    let year: i32 = parts.next()?.parse().ok()?;
    let month: u32 = parts.next()?.parse().ok()?;
    let day: u32 = parts.next()?.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(0..=9999).contains(&year) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted - era * 400;
    let of_year = (153 * ((month as i32 + 9) % 12) + 2) / 5 + day as i32 - 1;
    let number = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(Day { year, month, day, number })
}

fn email_level(left: &str, right: &str) -> u8 {
    let (Some((local_x, domain_x)), Some((local_y, domain_y))) = (left.rsplit_once('@'), right.rsplit_once('@')) else {
        return if within_edits(left, right, 1) { 2 } else { EMAIL_DIFFERENT };
    };
    let shortest = local_x.len().min(local_y.len());
    if local_x == local_y {
        return if within_edits(domain_x, domain_y, 2) { 2 } else { 3 };
    }
    let allowed = if shortest >= 10 { 2 } else { 1 };
    if domain_x == domain_y && shortest >= 4 && within_edits(local_x, local_y, allowed) {
        return 2;
    }
    if shortest >= 5 && jaro_winkler_from(local_x, local_y, 0.9) > 0.0 { 4 } else { EMAIL_DIFFERENT }
}

const EMAIL_DIFFERENT: u8 = 5;

fn name_values<'f>(f: &'f Features<'_>, field: usize, record: u32) -> impl Iterator<Item = &'f str> {
    f.values(field, record).iter().map(move |&code| f.pool(field).get(code))
}

/// Whether the likeness of two mailbox names is no more than the names of their holders explain: both are made of
/// these names, and what is not letters does not confirm it. Among namesakes such mailboxes are as different as any.
fn follows_from_names<'f, N: Iterator<Item = &'f str>>(
    level: u8,
    left: &str,
    right: &str,
    names: impl Fn() -> N,
) -> bool {
    let local = |email: &'_ str| email.rsplit_once('@').map_or(email.len(), |parts| parts.0.len());
    let (left, right) = (&left[..local(left)], &right[..local(right)]);
    let digits = |value: &str| value.bytes().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    let (digits_left, digits_right) = (digits(left), digits(right));
    let confirmed = if level == 2 {
        // Letters that differ are a slip; digits that differ are what tells two holders of one name apart.
        digits_left == digits_right
    } else {
        digits_left.len() >= 2 && digits_left == digits_right
    };
    !confirmed && made_of_names(left, names()) && made_of_names(right, names())
}

/// Whether a mailbox name has hardly a letter that is not of one of the names.
fn made_of_names<'f>(local: &str, names: impl Iterator<Item = &'f str>) -> bool {
    let letters: String = local.chars().filter(|c| c.is_alphabetic()).collect();
    let mut rest = letters.clone();
    for name in names {
        let name: String = name.chars().filter(|c| c.is_alphabetic()).collect();
        if name.len() >= 3
            && let Some(at) = rest.find(name.as_str())
        {
            rest.replace_range(at..at + name.len(), "");
        }
    }
    rest.len() < letters.len() && rest.chars().count() <= 2
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Missing,
    Same,
    Close,
    Different,
}

fn address(f: &Features<'_>, tf: &[Vec<Weight>; 2], a: u32, b: u32, table: usize, memo: &mut Memo) -> Agreement {
    // From the best evidence to the worst; two records may hold several addresses each.
    const RANK: [u8; 15] = [14, 0, 1, 2, 4, 3, 6, 7, 10, 13, 5, 9, 11, 8, 12];
    let mut found = Agreement::default();
    for &x in f.addresses_of(a).iter().take(MOST_VALUES) {
        for &y in f.addresses_of(b).iter().take(MOST_VALUES) {
            let (x, y) = (x.min(y), x.max(y));
            let (p, q) = (&f.addresses.parts[x as usize], &f.addresses.parts[y as usize]);
            let level = if x == y { address_level(f, p, q) } else { memo.get(table, x, y, || address_level(f, p, q)) };
            let part_tf = |table: &Vec<Weight>, part: usize| table.get(p[part] as usize).copied().unwrap_or(0);
            let tf_unrelated = match level {
                7 | 10 if p[POSTCODE] == q[POSTCODE] => part_tf(&tf[0], POSTCODE),
                8 | 13 if p[LOCALITY] == q[LOCALITY] => part_tf(&tf[1], LOCALITY),
                _ => 0,
            };
            if RANK[usize::from(level)] < RANK[usize::from(found.level)] {
                found = Agreement { level, tf_unrelated, tf_related: 0 };
            }
        }
    }
    found
}

/// Whether one street is the other with one more word before or after it: "halsted street" and "halsted".
fn one_word_more(left: &str, right: &str) -> bool {
    let (short, long) = if left.len() < right.len() { (left, right) } else { (right, left) };
    let word = |rest: &str| !rest.is_empty() && !rest.trim().contains(' ');
    let after = long.strip_prefix(short).is_some_and(|rest| rest.starts_with(' ') && word(rest));
    let before = long.strip_suffix(short).is_some_and(|rest| rest.ends_with(' ') && word(rest));
    short.len() >= 4 && (after || before)
}

fn address_level(f: &Features<'_>, p: &[u32; 5], q: &[u32; 5]) -> u8 {
    let part = |index: usize, limit: f64| {
        let (x, y) = (p[index], q[index]);
        if x == NONE || y == NONE {
            return Part::Missing;
        }
        if x == y {
            return Part::Same;
        }
        let Some(pool) = f.address_pool(index) else { return Part::Missing };
        let (left, right) = (pool.get(x), pool.get(y));
        let long = left.len().min(right.len()) >= 4;
        if long && (within_edits(left, right, 1) || jaro_winkler_from(left, right, limit) > 0.0)
            || index == STREET && one_word_more(left, right)
        {
            Part::Close
        } else {
            Part::Different
        }
    };
    let exactly = 2.0;
    let (street, postcode, town) = (part(STREET, 0.93), part(POSTCODE, exactly), part(LOCALITY, 0.93));
    let house = if p[HOUSE] == NONE && q[HOUSE] == NONE {
        Part::Same
    } else {
        match (p[HOUSE], q[HOUSE]) {
            (NONE, _) | (_, NONE) => Part::Missing,
            (x, y) if x == y => Part::Same,
            _ => Part::Different,
        }
    };
    let alike = |part: Part| matches!(part, Part::Same | Part::Close);
    let area_known = postcode != Part::Missing || town != Part::Missing;
    let area_same = alike(postcode) || alike(town);
    if street != Part::Missing && house != Part::Missing {
        let (unit_x, unit_y) = (p[UNIT], q[UNIT]);
        return match () {
            () if alike(street) && house == Part::Same && (area_same || !area_known) => match () {
                () if unit_x != NONE && unit_y != NONE && unit_x != unit_y => 5,
                () if street == Part::Close => 3,
                () if (unit_x == NONE) != (unit_y == NONE) => 2,
                () => 1,
            },
            () if alike(street) && house == Part::Same => 4,
            () if alike(street) && area_same => 6,
            () if postcode == Part::Same => 7,
            () if alike(town) => 8,
            () => 9,
        };
    }
    if postcode != Part::Missing {
        return match () {
            () if postcode == Part::Same => 10,
            () if alike(postcode) || alike(town) => 11,
            () => 12,
        };
    }
    match town {
        Part::Missing => 0,
        Part::Same | Part::Close => 13,
        Part::Different => 14,
    }
}

impl TokenValues {
    pub(crate) fn new(field: usize, pool: &Pool, frequency: bool) -> Self {
        let mut numbers: HashMap<String, u32, foldhash::fast::FixedState> = HashMap::default();
        let (mut texts, mut holders) = (Vec::new(), Vec::<u32>::new());
        let mut total = 0u32;
        let words = pool
            .iter()
            .map(|(code, value)| {
                total += pool.frequency(code);
                let mut list: Vec<u32> = tokens(value)
                    .map(|word| {
                        *numbers.entry(word.clone()).or_insert_with(|| {
                            texts.push(word);
                            holders.push(0);
                            texts.len() as u32 - 1
                        })
                    })
                    .collect();
                list.sort_unstable();
                list.dedup();
                for &word in &list {
                    holders[word as usize] += if frequency { pool.frequency(code) } else { 1 };
                }
                list
            })
            .collect();
        let all = f64::from(total.max(1));
        let weights = holders.iter().map(|&n| (1.0 + all / f64::from(n.max(1))).ln()).collect();
        Self { field, words, texts, weights }
    }

    fn level(&self, x: u32, y: u32, table: usize, memo: &mut Memo) -> u8 {
        let similar = self.similarity(x, y, table, memo);
        const LIMITS: [f64; 6] = [0.98, 0.85, 0.68, 0.5, 0.35, 0.18];
        LIMITS.iter().position(|&limit| similar >= limit).map_or(7, |index| index as u8 + 1)
    }

    /// Cosine of the weighted word sets, where a word may also meet a close one (soft TF-IDF, Cohen, Ravikumar and
    /// Fienberg 2003).
    fn similarity(&self, x: u32, y: u32, table: usize, memo: &mut Memo) -> f64 {
        let (left, right) = (&self.words[x as usize], &self.words[y as usize]);
        let square = |word: u32| self.weights[word as usize] * self.weights[word as usize];
        let norm: f64 = left.iter().map(|&w| square(w)).sum::<f64>() * right.iter().map(|&w| square(w)).sum::<f64>();
        if norm == 0.0 {
            return 0.0;
        }
        let mut common = 0.0;
        let fuzzy = left.len() <= 24 && right.len() <= 24;
        let mut taken = 0u64;
        for &word in left {
            if right.binary_search(&word).is_ok() {
                common += square(word);
            }
        }
        if fuzzy {
            for &word in left.iter().filter(|word| right.binary_search(word).is_err()) {
                let other = right.iter().enumerate().find(|&(index, &other)| {
                    taken & (1 << index) == 0
                        && left.binary_search(&other).is_err()
                        && memo.get(table, word.min(other), word.max(other), || self.close(word, other)) == 1
                });
                if let Some((index, &other)) = other {
                    taken |= 1 << index;
                    common += 0.9 * self.weights[word as usize] * self.weights[other as usize];
                }
            }
        }
        common / norm.sqrt()
    }

    fn close(&self, x: u32, y: u32) -> u8 {
        let (left, right) = (&self.texts[x as usize], &self.texts[y as usize]);
        let digits = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
        let shortest = left.len().min(right.len());
        if digits(left) || digits(right) || shortest < 3 {
            return 0;
        }
        let abbreviates = left.starts_with(right.as_str()) || right.starts_with(left.as_str());
        u8::from(
            abbreviates
                || (shortest >= 4 && (within_edits(left, right, 1) || jaro_winkler_from(left, right, 0.92) > 0.0)),
        )
    }
}

/// The words of a text: runs of letters or digits, lower case.
pub(crate) fn tokens(value: &str) -> impl Iterator<Item = String> {
    value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

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
    let similar = jaro_winkler_from(left, right, 0.85);
    if shortest >= 4 && (within_edits(left, right, 1) || similar >= 0.95) {
        2
    } else if shortest >= 4 && similar >= 0.85 {
        3
    } else {
        4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_that_follow_from_the_names_say_nothing_of_their_own() {
        let names = || ["john", "smith"].into_iter();
        assert!(follows_from_names(3, "john.smith@a.org", "john.smith@b.org", names), "any John Smith has one");
        assert!(follows_from_names(2, "john.smith1@a.org", "john.smith2@a.org", names), "digits tell namesakes apart");
        assert!(!follows_from_names(2, "john.smith@a.org", "jon.smith@a.org", names), "a letter is a slip");
        assert!(!follows_from_names(3, "john.smith84@a.org", "john.smith84@b.org", names), "a number confirms");
        assert!(!follows_from_names(3, "bluebird@a.org", "bluebird@b.org", names), "a word of one's own confirms");
    }
}
