//! Names where the witness is silent.
//!
//! Systems that keep no birth dates may also name people otherwise than those that do: by nicknames. The rates of the name
//! levels come from all records, so for pairs without the witness they are off, and the witness cannot tell. Of a given name
//! that is simply different few pairs are beyond doubt. But people who go by two names are known by a nickname of the table
//! or by one it does not list, and of those it lists nearly all are beyond doubt, where a mailbox or a phone agrees. So how
//! much more of them there are without the witness is taken to hold of the others too.

use super::{Compared, PATTERN_HALF_BELIEVED, SURE};
use crate::blocking::Rule;
use crate::comparison::{FAMILY, GIVEN};
use crate::model::Model;
use crate::probability::to_probability;

const NICKNAME: usize = 2;
const DIFFERENT: usize = 6;

/// Matches of one mailbox or phone whose family names agree, and those among them whose given names are nicknames of each
/// other.
#[derive(Clone, Copy, Default)]
struct Named {
    all: f64,
    nicknames: f64,
}

/// The bits to add where given names are different, family names agree and a record has no birth date.
pub(super) fn correction(compared: &Compared<'_, '_>, model: &Model, witness: usize) -> f64 {
    let Some(name) = name_comparison(model) else { return 0.0 };
    let layout = compared.comparing.layout;
    let weights = model.weights(layout);
    let [mut with, mut without] = [Named::default(); 2];
    let by_contact = |rule: &Rule| rule.keys.iter().all(|key| matches!(key.name(), "email" | "phone"));
    for (_, found) in compared.proposed_by(by_contact) {
        let Some(given) = given_where_family_agrees(usize::from(layout.level(found.pattern, name))) else { continue };
        let named = if layout.level(found.pattern, witness) == 0 { &mut without } else { &mut with };
        let probability = to_probability(weights.of(layout, *found));
        named.all += probability;
        if given == NICKNAME {
            named.nicknames += probability;
        }
    }
    excess(with, without)
}

/// The comparison of names, where it tells given from family names.
pub(crate) fn name_comparison(model: &Model) -> Option<usize> {
    model.comparisons.iter().position(|c| c.name == "name" && c.levels.len() > GIVEN.len() * FAMILY.len())
}

/// Whether a level of names is that of different given names where the family names are the same or nearly so.
pub(crate) fn only_given_differs(level: usize) -> bool {
    given_where_family_agrees(level) == Some(DIFFERENT)
}

fn given_where_family_agrees(level: usize) -> Option<usize> {
    let (given, family) = (level / FAMILY.len(), level % FAMILY.len());
    ((1..GIVEN.len()).contains(&given) && (1..=2).contains(&family)).then_some(given)
}

/// How many times as many nicknames there are without the witness, in bits; 0 where that is within chance.
fn excess(with: Named, without: Named) -> f64 {
    let fewer = with.nicknames.min(without.nicknames);
    if fewer < PATTERN_HALF_BELIEVED {
        return 0.0;
    }
    let bits = (without.nicknames / without.all / (with.nicknames / with.all)).log2();
    let error = (1.0 / with.nicknames + 1.0 / without.nicknames).sqrt() / std::f64::consts::LN_2;
    if bits.abs() <= SURE * error { 0.0 } else { bits * fewer / (fewer + PATTERN_HALF_BELIEVED) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_say_how_much_more_often_names_differ() {
        let named = |all: f64, nicknames: f64| Named { all, nicknames };
        let twice = excess(named(1e6, 60_000.0), named(1e6, 120_000.0));
        assert!((twice - 1.0).abs() < 0.01, "{twice}");
        let half = excess(named(1e6, 60_000.0), named(1e6, 30_000.0));
        assert!((half + 1.0).abs() < 0.01, "{half}");
        assert!((excess(named(1000.0, 30.0), named(1000.0, 120.0)) - 1.0).abs() < 1e-9, "so few are half believed");
        assert_eq!(excess(named(1000.0, 29.0), named(1000.0, 200.0)), 0.0, "too few to tell");
        assert_eq!(excess(named(1000.0, 60.0), named(1000.0, 70.0)), 0.0, "chance explains it");
        assert_eq!(excess(Named::default(), named(1000.0, 70.0)), 0.0);
    }

    #[test]
    fn a_level_is_taken_apart() {
        let at = |words: &str| {
            let levels = crate::comparison::name_levels();
            levels.iter().position(|level| level.label == words).expect("a level")
        };
        assert!(only_given_differs(at("given name different, family name same")));
        assert!(only_given_differs(at("given name different, family name close")));
        assert!(!only_given_differs(at("given name different, family name different")));
        assert!(!only_given_differs(at("given name nickname, family name same")));
        assert!(!only_given_differs(at("given and family name swapped")));
        assert_eq!(given_where_family_agrees(at("given name nickname, family name same")), Some(NICKNAME));
    }
}
