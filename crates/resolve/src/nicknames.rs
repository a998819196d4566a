//! Nicknames that no table knows, learnt from the records.
//!
//! People of one family name who are born on one day are mostly one person, and seldom twins. Where two given names
//! meet among them in more families than chance explains, and mostly with one mailbox, phone or identifier, people use
//! one for the other. Twins that are customarily named alike, as Taiwo and Kehinde, have mailboxes of their own. That
//! needs no labels, knows every language, and is pinned in the model.

use hashbrown::HashMap;

use crate::agreement::{CLOSE_GIVEN, SIMILAR_GIVEN};
use crate::features::{Features, NONE, mix, text_hash};
use crate::kernels::{jaro_winkler_from, within_edits};
use crate::keys::{first_word, given_roots};
use crate::model::Nickname;
use crate::records::ColumnKind;

/// Two names must meet in so many families.
const FEWEST_FAMILIES: u32 = 3;
/// Where more names share a family name and a birth date, the two are common and say little.
const MOST_NAMES: usize = 4;
/// Records of a name in a family whose mailboxes and phones are looked at.
const MOST_RECORDS: usize = 8;
/// Natural logarithm of the odds against a single name learnt by chance, among all pairs of names that met.
const SURE: f64 = 3.0;

/// The pairs of given names that people use for one another, sorted. Those that the table knows or that differ by a slip
/// are left out.
pub(crate) fn learn(f: &Features<'_>) -> Vec<Nickname> {
    let first = |kind: ColumnKind| f.of_kind(&kind).first().copied();
    let (Some(given), Some(family), Some(born)) =
        (first(ColumnKind::GivenName), first(ColumnKind::FamilyName), first(ColumnKind::BirthDate))
    else {
        return Vec::new();
    };
    let words = Words::of(f.pool(given).iter().map(|(_, name)| name));
    let mut bearers: Vec<Bearer> = (0..f.len() as u32)
        .filter_map(|position| {
            let one = |field: usize| match f.values(field, position) {
                [code] => Some(*code),
                _ => None,
            };
            let word = words.of_name[one(given)? as usize];
            (word != NONE).then_some(Bearer { person: (one(family)?, one(born)?), word, position })
        })
        .collect();
    bearers.sort_unstable();
    let contacts = contacts(f);
    let mut met: HashMap<(u32, u32), Met, foldhash::fast::FixedState> = HashMap::default();
    for together in bearers.chunk_by(|x, y| x.person == y.person) {
        let names: Vec<&[Bearer]> = together.chunk_by(|x, y| x.word == y.word).take(MOST_NAMES + 1).collect();
        if !(2..=MOST_NAMES).contains(&names.len()) {
            continue;
        }
        let family = together[0].person.0;
        for (index, x) in names.iter().enumerate() {
            for y in &names[index + 1..] {
                let pair = met.entry((x[0].word, y[0].word)).or_insert_with(|| Met {
                    alike: words.alike(x[0].word, y[0].word),
                    last: NONE,
                    ..Met::default()
                });
                // Families are met one after the other.
                if !pair.alike && pair.last != family {
                    pair.last = family;
                    pair.families += 1;
                    match one_contact(f, &contacts, x, y) {
                        Some(true) => pair.one += 1,
                        Some(false) => pair.two += 1,
                        None => {}
                    }
                }
            }
        }
    }
    let mut of_word: HashMap<u32, u32, foldhash::fast::FixedState> = HashMap::default();
    let (mut all, mut pairs) = (0u32, 0u32);
    for (&(x, y), pair) in met.iter().filter(|(_, pair)| pair.families > 0) {
        for word in [x, y] {
            *of_word.entry(word).or_default() += pair.families;
        }
        all += pair.families;
        pairs += 1;
    }
    let mut learnt: Vec<Nickname> = met
        .iter()
        .filter(|(_, pair)| pair.families >= FEWEST_FAMILIES && pair.one > pair.two)
        .filter(|((x, y), pair)| {
            // How often each meets others tells how often the two would meet.
            let others = |word: &u32| f64::from(of_word[word] - pair.families + 1);
            let by_chance = others(x) * others(y) / (2.0 * f64::from(all));
            surprise(f64::from(pair.families), by_chance) >= f64::from(pairs).ln() + SURE
        })
        .map(|(&(x, y), pair)| {
            let (x, y) = (words.text[x as usize], words.text[y as usize]);
            Nickname { names: [x.min(y).to_owned(), x.max(y).to_owned()], families: pair.families }
        })
        .collect();
    learnt.sort_unstable();
    learnt
}

/// A record of a name; `person` is family name and birth date.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Bearer {
    person: (u32, u32),
    word: u32,
    position: u32,
}

/// How often two names met.
#[derive(Default)]
struct Met {
    families: u32,
    /// Families in which both names have one mailbox, phone or identifier.
    one: u32,
    /// Families in which each has its own.
    two: u32,
    /// The family they met in last.
    last: u32,
    /// Whether the comparison of names finds them alike anyhow.
    alike: bool,
}

/// The columns that tell persons apart.
fn contacts(f: &Features<'_>) -> Vec<usize> {
    let columns = f.records.columns.iter().enumerate();
    columns
        .filter(|(_, column)| matches!(column.kind, ColumnKind::Email | ColumnKind::Phone | ColumnKind::Identifier(_)))
        .map(|(index, _)| index)
        .collect()
}

/// Whether the bearers of two names share a contact; `None` where no contact of one can be held against one of the other.
fn one_contact(f: &Features<'_>, contacts: &[usize], left: &[Bearer], right: &[Bearer]) -> Option<bool> {
    let mut known = false;
    for x in left.iter().take(MOST_RECORDS) {
        for y in right.iter().take(MOST_RECORDS) {
            for &column in contacts {
                let (of_x, of_y) = (f.values(column, x.position), f.values(column, y.position));
                if of_x.iter().any(|code| of_y.contains(code)) {
                    return Some(true);
                }
                known |= !of_x.is_empty() && !of_y.is_empty();
            }
        }
    }
    known.then_some(false)
}

/// By how much more than by chance, as the natural logarithm of a likelihood ratio of Poisson distributions; 0 where it
/// is not more.
fn surprise(met: f64, by_chance: f64) -> f64 {
    if met <= by_chance { 0.0 } else { met * (met / by_chance).ln() - (met - by_chance) }
}

/// The first words of given names, numbered.
struct Words<'p> {
    /// Per name the number of its first word; [`NONE`] for initials.
    of_name: Vec<u32>,
    text: Vec<&'p str>,
}

impl<'p> Words<'p> {
    fn of(names: impl Iterator<Item = &'p str>) -> Self {
        let mut numbers: HashMap<&str, u32, foldhash::fast::FixedState> = HashMap::default();
        let mut text = Vec::new();
        let of_name = names
            .map(first_word)
            .map(|word| {
                if word.chars().nth(1).is_none() {
                    return NONE;
                }
                *numbers.entry(word).or_insert_with(|| {
                    text.push(word);
                    text.len() as u32 - 1
                })
            })
            .collect();
        Self { of_name, text }
    }

    fn alike(&self, x: u32, y: u32) -> bool {
        let (x, y) = (self.text[x as usize], self.text[y as usize]);
        let slip = x.len().min(y.len()) >= 4
            && (within_edits(x, y, 1) || jaro_winkler_from(x, y, SIMILAR_GIVEN) >= CLOSE_GIVEN);
        slip || given_roots(x).iter().any(|root| given_roots(y).contains(root))
    }
}

/// What the learnt pairs add to the names a given name may stand for: a number of their own for each pair, so that the
/// nicknames of one name do not become those of another.
#[derive(Default)]
pub(crate) struct Learnt {
    of_word: HashMap<String, Vec<u64>, foldhash::fast::FixedState>,
}

impl Learnt {
    pub(crate) fn new(nicknames: &[Nickname]) -> Self {
        let mut learnt = Self::default();
        for Nickname { names: [x, y], .. } in nicknames {
            let root = mix(text_hash(x), text_hash(y));
            for name in [x, y] {
                learnt.of_word.entry(name.clone()).or_default().push(root);
            }
        }
        learnt
    }

    pub(crate) fn roots(&self, name: &str) -> &[u64] {
        self.of_word.get(first_word(name)).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{ColumnBuilder, EntityType, RecordId, Records};

    /// A record's given name, family name, birth date and mailbox.
    type Person = (&'static str, String, String, String);

    fn learnt_from(people: &[Person]) -> Vec<Nickname> {
        let mut columns = [
            ColumnBuilder::new("given_name", ColumnKind::GivenName),
            ColumnBuilder::new("family_name", ColumnKind::FamilyName),
            ColumnBuilder::new("birth_date", ColumnKind::BirthDate),
            ColumnBuilder::new("email", ColumnKind::Email),
        ];
        for (given, family, born, email) in people {
            for (column, value) in columns.iter_mut().zip([given, family.as_str(), born, email]) {
                column.push_record(Some(value).filter(|value| !value.is_empty()));
            }
        }
        let records = Records {
            ids: (0..people.len()).map(|row| RecordId::of("test", &row.to_string())).collect(),
            source: vec![0; people.len()],
            columns: columns.into_iter().map(ColumnBuilder::finish).collect(),
            entity: EntityType::Person,
            duplicates_none: vec![false],
        };
        learn(&Features::new(&records, crate::features::LaidOut::new(&records, &[])))
    }

    /// Families of each of these pairs of names, born on one day, with mailboxes as `mailbox` says.
    fn families_with(
        pairs: &[(&'static str, &'static str)],
        times: usize,
        mailbox: impl Fn(&str, &str) -> String,
    ) -> Vec<Person> {
        let mut people = Vec::new();
        for time in 0..times {
            for (number, (x, y)) in pairs.iter().enumerate() {
                let (family, born) = (format!("family{number}x{time}"), format!("1950-01-{:02}", 1 + number));
                for name in [x, y] {
                    people.push((*name, family.clone(), born.clone(), mailbox(name, &family)));
                }
            }
        }
        people
    }

    /// The same, with one mailbox a family.
    fn families(pairs: &[(&'static str, &'static str)], times: usize) -> Vec<Person> {
        families_with(pairs, times, |_, family| format!("{family}@example.org"))
    }

    fn names(learnt: &[Nickname]) -> Vec<[&str; 2]> {
        learnt.iter().map(|nickname| [nickname.names[0].as_str(), nickname.names[1].as_str()]).collect()
    }

    // Twins, of whom no two pairs bear the same names.
    const TWINS: [(&str, &str); 16] = [
        ("ann", "otto"),
        ("ivo", "carla"),
        ("rosa", "hugo"),
        ("nils", "olga"),
        ("emil", "ada"),
        ("ina", "karl"),
        ("jan", "lea"),
        ("max", "eva"),
        ("udo", "ilse"),
        ("rolf", "ruth"),
        ("kurt", "gerda"),
        ("paul", "ida"),
        ("polly", "fritz"),
        ("hans", "edda"),
        ("lars", "maja"),
        ("finn", "tove"),
    ];

    #[test]
    fn names_that_meet_in_several_families_are_learnt() {
        let mut people = families(&[("paul", "polly")], 6);
        people.extend(families(&TWINS, 1));
        assert_eq!(names(&learnt_from(&people)), [["paul", "polly"]]);
        assert_eq!(learnt_from(&people)[0].families, 6);
    }

    #[test]
    fn one_family_is_not_enough_however_often_it_stands_there() {
        let mut people = families(&TWINS, 1);
        for day in 1..=9 {
            let of = |name| (name, "smith".to_owned(), format!("1950-01-0{day}"), "smith@example.org".to_owned());
            people.extend(["paul", "polly"].map(of));
        }
        assert!(learnt_from(&people).is_empty());
    }

    #[test]
    fn twins_with_mailboxes_of_their_own_are_no_nicknames() {
        let twins = |mailbox: fn(&str, &str) -> String| {
            let mut people = families_with(&[("taiwo", "kehinde")], 6, mailbox);
            people.extend(families(&TWINS, 1));
            learnt_from(&people)
        };
        assert!(twins(|name, family| format!("{name}.{family}@example.org")).is_empty());
        assert!(twins(|_, _| String::new()).is_empty(), "nothing says that they are one person");
        assert_eq!(names(&twins(|_, family| format!("{family}@example.org"))), [["kehinde", "taiwo"]]);
    }

    #[test]
    fn a_slip_is_no_nickname() {
        let mut people = families(&[("caleb", "calbe")], 6);
        people.extend(families(&TWINS, 1));
        assert!(learnt_from(&people).is_empty());
    }

    #[test]
    fn common_names_meet_by_chance() {
        // Twins bear any two of these names, each pair in three families.
        const COMMON: [&str; 6] = ["ann", "otto", "ivo", "carla", "rosa", "hugo"];
        let mut pairs = Vec::new();
        for (index, &x) in COMMON.iter().enumerate() {
            pairs.extend(COMMON[index + 1..].iter().map(|&y| (x, y)));
        }
        assert!(learnt_from(&families(&pairs, 3)).is_empty());
    }

    #[test]
    fn what_the_table_knows_is_not_learnt_again() {
        assert!(learnt_from(&families(&[("william", "bill"), ("robert", "bob")], 5)).is_empty());
    }

    #[test]
    fn a_learnt_pair_says_nothing_of_a_third_name() {
        let pair = |x: &str, y: &str| Nickname { names: [x.to_owned(), y.to_owned()], families: 3 };
        let learnt = Learnt::new(&[pair("paul", "polly"), pair("molly", "polly")]);
        let share = |x: &str, y: &str| learnt.roots(x).iter().any(|root| learnt.roots(y).contains(root));
        assert!(share("paul", "polly ann") && share("molly", "polly"));
        assert!(!share("paul", "molly"));
    }
}
