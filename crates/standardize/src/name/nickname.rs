//! Nicknames and the given names they stand for.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::text;

/// `nickname,root`, folded; a nickname with several roots has several lines, the most common root first.
const NICKNAMES: &str = include_str!("../../data/nicknames.csv");

/// How two given names agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GivenNameMatch {
    /// They may not be one name.
    None,
    /// One is the initial of the other.
    Initial,
    /// One is a nickname of the other, or both are of a third.
    Nickname,
    /// They are the same once folded.
    Exact,
}

/// All given names that a folded given name is a nickname of, the most common first; empty where it is none.
///
/// ```
/// use goldsmith_standardize::name::nickname_roots;
/// assert_eq!(nickname_roots("bill"), ["william"]);
/// assert!(nickname_roots("alex").contains(&"alexandra"));
/// assert!(nickname_roots("william").is_empty());
/// ```
#[must_use]
pub fn nickname_roots(folded: &str) -> &'static [&'static str] {
    TABLE.roots.get(folded).map_or(&[], Vec::as_slice)
}

/// The given name a folded given name most commonly stands for; itself where it is no nickname.
///
/// ```
/// use goldsmith_standardize::name::nickname_root;
/// assert_eq!(nickname_root("peggy"), "margaret");
/// assert_eq!(nickname_root("margaret"), "margaret");
/// ```
#[must_use]
pub fn nickname_root(folded: &str) -> &str {
    nickname_roots(folded).first().copied().unwrap_or(folded)
}

/// All nicknames of a folded given name, in the order of the table; empty where none is known.
///
/// ```
/// use goldsmith_standardize::name::nicknames_of;
/// assert!(nicknames_of("robert").contains(&"bob"));
/// assert!(nicknames_of("bob").is_empty());
/// ```
#[must_use]
pub fn nicknames_of(folded: &str) -> &'static [&'static str] {
    TABLE.nicknames.get(folded).map_or(&[], Vec::as_slice)
}

/// Whether two given names can be one person's: the same, nicknames of one another or of one root, or an initial.
/// The names need not be folded. Two empty names do not agree.
///
/// ```
/// use goldsmith_standardize::name::{GivenNameMatch, given_names_compatible};
/// assert_eq!(given_names_compatible("José", "JOSE"), GivenNameMatch::Exact);
/// assert_eq!(given_names_compatible("Bob", "Rob"), GivenNameMatch::Nickname);
/// assert_eq!(given_names_compatible("R.", "Robert"), GivenNameMatch::Initial);
/// assert_eq!(given_names_compatible("Robert", "Roger"), GivenNameMatch::None);
/// ```
#[must_use]
pub fn given_names_compatible(a: &str, b: &str) -> GivenNameMatch {
    let (a, b) = (text::fold(a), text::fold(b));
    let (a, b) = (a.as_str(), b.as_str());
    if a.is_empty() || b.is_empty() {
        return GivenNameMatch::None;
    }
    if a == b {
        return GivenNameMatch::Exact;
    }
    let (roots_a, roots_b) = (nickname_roots(a), nickname_roots(b));
    if roots_a.contains(&b) || roots_b.contains(&a) || roots_a.iter().any(|root| roots_b.contains(root)) {
        return GivenNameMatch::Nickname;
    }
    if (a.len() == 1 || b.len() == 1) && a.as_bytes().first() == b.as_bytes().first() {
        return GivenNameMatch::Initial;
    }
    GivenNameMatch::None
}

#[derive(Default)]
struct Table {
    roots: HashMap<&'static str, Vec<&'static str>>,
    nicknames: HashMap<&'static str, Vec<&'static str>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for (nickname, root) in NICKNAMES.lines().filter_map(|line| line.split_once(',')).skip(1) {
        table.roots.entry(nickname).or_default().push(root);
        table.nicknames.entry(root).or_default().push(nickname);
    }
    table
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_folded_and_says_each_thing_once() {
        let mut seen = std::collections::BTreeSet::new();
        for line in NICKNAMES.lines().skip(1) {
            let (nickname, root) = line.split_once(',').expect(line);
            assert_eq!((text::fold(nickname).as_str(), text::fold(root).as_str()), (nickname, root));
            assert_ne!(nickname, root);
            assert!(seen.insert(line), "{line} stands twice");
        }
        assert!(seen.len() > 600);
    }

    #[test]
    fn given_names() {
        fn check(a: &str, b: &str, expected: GivenNameMatch) {
            assert_eq!(given_names_compatible(a, b), expected, "{a} {b}");
            assert_eq!(given_names_compatible(b, a), expected, "{b} {a}");
        }
        check("Bill", "William", GivenNameMatch::Nickname);
        check("Pepe", "José", GivenNameMatch::Nickname);
        check("Hans", "Johannes", GivenNameMatch::Nickname);
        check("Kasia", "Katarzyna", GivenNameMatch::Nickname);
        check("W", "William", GivenNameMatch::Initial);
        check("B", "William", GivenNameMatch::None);
        check("", "", GivenNameMatch::None);
    }
}
