//! Comparisons as data: the levels on which two records can agree, and what is known about each level beforehand.
//!
//! A level belongs to a group; probabilities are stated within a group, so that what is missing (a name without a
//! family name, an address without a street) says nothing. Level 0 is always "missing". The shipped probabilities are
//! blended with what the data says, by weight of evidence; `docs/matching.md` states where each comes from.

use crate::agreement::Comparator;

/// One comparison of a pair of records.
pub(crate) struct Comparison {
    pub(crate) name: String,
    pub(crate) levels: Vec<Level>,
    /// Whether an entity may have several values at one time or over time (mailboxes, phones, addresses); then a
    /// difference says little, and one agreement between two groups of records is enough.
    pub(crate) changeable: bool,
    /// Whether the levels run from the best agreement to the worst.
    pub(crate) ordered: bool,
    /// Levels as a table of rows and columns, for smoothing a joint comparison towards independence.
    pub(crate) factors: Option<(usize, usize)>,
    pub(crate) comparator: Comparator,
}

/// One level of agreement with its shipped probabilities.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub(crate) label: String,
    pub(crate) group: u8,
    /// Among pairs of one entity.
    pub(crate) m: f64,
    /// Among pairs of two related entities: members of a household, namesakes in a family.
    pub(crate) r: f64,
    /// Among unrelated pairs.
    pub(crate) u: f64,
}

fn level(label: &str, group: u8, m: f64, r: f64, u: f64) -> Level {
    Level { label: label.to_owned(), group, m, r, u }
}

fn missing() -> Level {
    level("missing", 0, 1.0, 1.0, 1.0)
}

pub(crate) const GIVEN: [&str; 7] = ["missing", "same", "nickname", "initial", "close", "similar", "different"];
pub(crate) const FAMILY: [&str; 6] = ["missing", "same", "close", "one part same", "similar", "different"];
/// Given and family name the same.
pub(crate) const SAME_NAME: u8 = 7;
pub(crate) const NAME_SWAPPED: u8 = 42;
pub(crate) const NAME_SWAPPED_CLOSE: u8 = 43;

/// Given and family name at once: they are swapped, shared and abbreviated together.
pub(crate) fn name_levels() -> Vec<Level> {
    const GIVEN_PRIOR: [[f64; 3]; 7] = [
        [1.0, 1.0, 1.0],
        [0.76, 0.02, 0.008],
        [0.07, 0.01, 0.003],
        [0.06, 0.02, 0.012],
        [0.07, 0.01, 0.003],
        [0.01, 0.08, 0.06],
        [0.03, 0.86, 0.914],
    ];
    const FAMILY_PRIOR: [[f64; 3]; 6] = [
        [1.0, 1.0, 1.0],
        [0.84, 0.66, 0.004],
        [0.07, 0.06, 0.001],
        [0.02, 0.02, 0.0005],
        [0.01, 0.02, 0.02],
        [0.06, 0.24, 0.9745],
    ];
    let mut levels = Vec::new();
    for (g, given) in GIVEN.iter().enumerate() {
        for (f, family) in FAMILY.iter().enumerate() {
            let group = match (g, f) {
                (0, 0) => 0,
                (0, _) => 1,
                (_, 0) => 2,
                _ => 3,
            };
            let [m, r, u] = [0, 1, 2].map(|class| GIVEN_PRIOR[g][class] * FAMILY_PRIOR[f][class]);
            let label =
                if group == 0 { "missing".to_owned() } else { format!("given name {given}, family name {family}") };
            levels.push(Level { label, group, m, r, u });
        }
    }
    levels.push(level("given and family name swapped", 3, 0.01, 0.0001, 0.000_01));
    levels.push(level("given and family name swapped, close", 3, 0.002, 0.0001, 0.000_01));
    levels
}

pub(crate) fn birth_date_levels() -> Vec<Level> {
    vec![
        missing(),
        level("same day", 1, 0.90, 0.012, 0.000_05),
        level("one digit, two digits swapped, or day and month swapped", 1, 0.04, 0.006, 0.0006),
        level("at most ten days apart", 1, 0.015, 0.004, 0.0004),
        level("two of year, month and day the same", 1, 0.025, 0.02, 0.004),
        level("different", 1, 0.02, 0.958, 0.994_95),
    ]
}

pub(crate) fn email_levels() -> Vec<Level> {
    vec![
        missing(),
        level("same", 1, 0.58, 0.03, 0.000_002),
        level("one or two letters differ", 1, 0.03, 0.002, 0.000_002),
        level("same mailbox name at another provider", 1, 0.06, 0.002, 0.000_02),
        level("similar mailbox name", 1, 0.08, 0.03, 0.0005),
        level("different", 1, 0.25, 0.936, 0.999_476),
    ]
}

pub(crate) fn phone_levels() -> Vec<Level> {
    vec![
        missing(),
        level("same", 1, 0.60, 0.18, 0.000_005),
        level("one digit differs or two are swapped", 1, 0.04, 0.01, 0.000_01),
        level("different", 1, 0.36, 0.81, 0.999_985),
    ]
}

/// House, street, unit, postcode and town at once.
pub(crate) fn address_levels() -> Vec<Level> {
    vec![
        missing(),
        level("same", 1, 0.60, 0.60, 0.000_002),
        level("same, unit on one side only", 1, 0.04, 0.04, 0.000_001),
        level("same house, street close", 1, 0.08, 0.08, 0.000_001),
        level("same house and street in another town", 1, 0.01, 0.008, 0.000_003),
        level("same house, another unit", 1, 0.005, 0.01, 0.000_003),
        level("same street, another house", 1, 0.005, 0.005, 0.000_02),
        level("only the postcode the same", 1, 0.03, 0.03, 0.0005),
        level("only the town the same", 1, 0.06, 0.06, 0.003),
        level("different", 1, 0.17, 0.167, 0.996_471),
        level("postcode the same, street missing", 2, 0.75, 0.72, 0.0005),
        level("town or most of the postcode the same, street missing", 2, 0.08, 0.09, 0.004),
        level("postcode different, street missing", 2, 0.17, 0.19, 0.9955),
        level("town the same, rest missing", 3, 0.82, 0.80, 0.004),
        level("town different, rest missing", 3, 0.18, 0.20, 0.996),
    ]
}

pub(crate) fn middle_name_levels() -> Vec<Level> {
    vec![
        missing(),
        level("same", 1, 0.45, 0.02, 0.01),
        level("same initial", 1, 0.47, 0.06, 0.06),
        level("different", 1, 0.08, 0.92, 0.93),
    ]
}

pub(crate) fn suffix_levels() -> Vec<Level> {
    vec![missing(), level("same", 1, 0.98, 0.55, 0.6), level("different", 1, 0.02, 0.45, 0.4)]
}

pub(crate) fn gender_levels() -> Vec<Level> {
    vec![missing(), level("same", 1, 0.985, 0.40, 0.5), level("different", 1, 0.015, 0.60, 0.5)]
}

pub(crate) fn identifier_levels() -> Vec<Level> {
    vec![
        missing(),
        level("same", 1, 0.92, 0.01, 0.000_001),
        level("one character differs or two are swapped", 1, 0.05, 0.002, 0.000_01),
        level("different", 1, 0.03, 0.988, 0.999_989),
    ]
}

/// Titles, descriptions, organisation names: how many of the words are the same, each weighed by its rarity, and of what
/// kind they are. A rare one that is shared says more than many common ones, and numbers of their own tell editions and
/// variants apart. The order is that of [`crate::agreement::TokenValues`].
pub(crate) fn token_levels() -> Vec<Level> {
    const BANDS: [(&str, f64, f64, f64); 6] = [
        ("nearly all words the same", 0.20, 0.02, 0.0005),
        ("most words the same", 0.15, 0.04, 0.001),
        ("half of the words the same", 0.10, 0.08, 0.003),
        ("some words the same", 0.06, 0.15, 0.015),
        ("few words the same", 0.05, 0.30, 0.10),
        ("hardly a word the same", 0.04, 0.39, 0.8803),
    ];
    const KINDS: [(&str, f64, f64, f64); 3] = [
        (", a rare one among them", 0.5, 0.25, 0.004),
        ("", 0.42, 0.45, 0.746),
        (", and other numbers", 0.08, 0.30, 0.25),
    ];
    let mut levels = vec![missing(), level("same words", 1, 0.40, 0.02, 0.0002)];
    for (band, m, r, u) in BANDS {
        for (kind, m_kind, r_kind, u_kind) in KINDS {
            levels.push(level(&format!("{band}{kind}"), 1, m * m_kind, r * r_kind, u * u_kind));
        }
    }
    levels
}

pub(crate) fn number_levels() -> Vec<Level> {
    vec![
        missing(),
        level("equal", 1, 0.60, 0.10, 0.02),
        level("within 1 %", 1, 0.08, 0.05, 0.02),
        level("within 10 %", 1, 0.15, 0.15, 0.10),
        level("within 30 %", 1, 0.09, 0.20, 0.16),
        level("different", 1, 0.08, 0.50, 0.70),
    ]
}

pub(crate) fn code_levels() -> Vec<Level> {
    vec![
        missing(),
        level("same", 1, 0.80, 0.30, 0.05),
        level("close", 1, 0.08, 0.03, 0.005),
        level("similar", 1, 0.03, 0.05, 0.02),
        level("different", 1, 0.09, 0.62, 0.925),
    ]
}
