//! Given and family name, compared together.

use super::{Agreement, Memo, best, plain};
use crate::comparison::{NAME_SWAPPED, NAME_SWAPPED_CLOSE};
use crate::features::{Features, text_hash};
use crate::kernels::{is_initial_of, jaro_winkler_from, soundex, within_edits};
use crate::keys::{first_word, given_roots};
use crate::letters::Letters;
use crate::nicknames::Learnt;
use crate::probability::Weight;
use crate::records::Pool;

/// Jaro–Winkler similarities from which names are alike.
pub(crate) const SIMILAR_GIVEN: f64 = 0.85;
pub(crate) const CLOSE_GIVEN: f64 = 0.93;
const SIMILAR_FAMILY: f64 = 0.88;

pub(crate) struct NameValues {
    pub(crate) given: Option<usize>,
    pub(crate) family: Option<usize>,
    pub(crate) previous: Option<usize>,
    pub(crate) given_names: Vec<GivenName>,
    pub(crate) family_names: Vec<FamilyName>,
    pub(crate) given_tf: Vec<Weight>,
    pub(crate) family_tf: Vec<Weight>,
}

/// What is known of a given name before it is read.
pub(crate) struct GivenName {
    letters: Letters,
    /// Hashes of the formal names it may stand for, and of the pairs of nicknames learnt.
    roots: Vec<u64>,
    /// The same as a set of bits.
    pub(super) roots_filter: u64,
    first_word: u32,
    /// One letter or none.
    initial: bool,
}

impl GivenName {
    pub(crate) fn of(name: &str, learnt: &Learnt) -> Self {
        let mut roots = given_roots(name);
        roots.extend_from_slice(learnt.roots(name));
        Self {
            letters: Letters::of(name),
            roots_filter: roots.iter().fold(0, |set, root| set | 1 << (root % 64)),
            roots,
            first_word: text_hash(first_word(name)) as u32,
            initial: name.len() < 2,
        }
    }

    /// Whether two names are different without a doubt.
    fn is_stranger_to(&self, other: &Self) -> bool {
        let (x, y) = (self.letters, other.letters);
        !self.initial
            && !other.initial
            && self.roots_filter & other.roots_filter == 0
            && self.first_word != other.first_word
            && !x.may_begin(y)
            && !x.may_be_within(y, 1)
            && !x.may_resemble(y, SIMILAR_GIVEN)
    }
}

/// What is known of a family name before it is read.
pub(crate) struct FamilyName {
    letters: Letters,
    pub(super) sound: u32,
    several_words: bool,
}

impl FamilyName {
    pub(crate) fn of(name: &str) -> Self {
        Self { letters: Letters::of(name), sound: soundex(name), several_words: name.contains([' ', '-']) }
    }

    /// Whether two names are different without a doubt.
    fn is_stranger_to(&self, other: &Self) -> bool {
        !self.several_words
            && !other.several_words
            && (self.sound != other.sound || self.sound == 0)
            && !self.letters.may_be_within(other.letters, 1)
            && !self.letters.may_resemble(other.letters, SIMILAR_FAMILY)
    }
}

const GIVEN_DIFFERENT: u8 = 6;
const FAMILY_DIFFERENT: u8 = 5;

impl NameValues {
    pub(super) fn compare(&self, f: &Features<'_>, a: u32, b: u32, table: usize, memo: &mut Memo) -> Agreement {
        let of = |field: Option<usize>, at| field.map_or(&[][..], |index| f.values(index, at));
        let (given_a, given_b) = (of(self.given, a), of(self.given, b));
        let (family_a, family_b) = (of(self.family, a), of(self.family, b));
        let given = match self.given {
            Some(field) => best(given_a, given_b, |x, y| {
                if x == y {
                    // One letter is not a name: two equal initials are no more than an initial.
                    if self.given_names[x as usize].initial {
                        return plain(3);
                    }
                    let tf = self.given_tf[x as usize];
                    return Agreement { level: 1, tf_unrelated: tf, tf_related: tf };
                }
                if self.given_names[x as usize].is_stranger_to(&self.given_names[y as usize]) {
                    return plain(GIVEN_DIFFERENT);
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
                if self.family_names[x as usize].is_stranger_to(&self.family_names[y as usize]) {
                    return plain(FAMILY_DIFFERENT);
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
        let (roots_x, roots_y) = (&self.given_names[x as usize].roots, &self.given_names[y as usize].roots);
        if roots_x.iter().any(|root| roots_y.contains(root)) {
            return 2;
        }
        if left.len() < 2 || right.len() < 2 {
            return GIVEN_DIFFERENT;
        }
        let shortest = left.chars().count().min(right.chars().count());
        // Compound names are written in full or by their first part: "anna maria" and "anna".
        if first_word(left) == first_word(right) && shortest >= 3 {
            return 2;
        }
        let similar = jaro_winkler_from(left, right, SIMILAR_GIVEN);
        if (shortest >= 4 && within_edits(left, right, 1)) || similar >= CLOSE_GIVEN {
            return 4;
        }
        let starts = shortest >= 3 && (left.starts_with(right) || right.starts_with(left));
        if starts || similar >= SIMILAR_GIVEN || (shortest >= 3 && within_edits(left, right, 1)) {
            return 5;
        }
        GIVEN_DIFFERENT
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
    if jaro_winkler_from(left, right, SIMILAR_FAMILY) > 0.0 || (soundex(left) == soundex(right) && soundex(left) != 0) {
        return 4;
    }
    FAMILY_DIFFERENT
}

fn same_or_close(x: &str, y: &str) -> bool {
    x == y || (x.len() >= 5 && y.len() >= 5 && within_edits(x, y, 1))
}
