//! Nicknames that no table knows, learnt from the records.
//!
//! People of one family name who are born on one day are mostly one person (and seldom twins). Where two given names
//! meet among them in more families than chance explains, people use one for the other. That needs no labels, knows
//! every language, and is pinned in the model.

use hashbrown::HashMap;

use crate::features::{Features, NONE, mix, text_hash};
use crate::keys::given_roots;
use crate::model::Nickname;
use crate::records::ColumnKind;

/// Two names must meet in so many families.
const FEWEST_FAMILIES: u32 = 3;
/// Where more names share a family name and a birth date, the two are common and say little.
const MOST_NAMES: usize = 4;
/// Natural logarithm of the odds against a single name learnt by chance, among all pairs of names that met.
const SURE: f64 = 3.0;

/// The first word of a given name, under which it is looked up.
pub(crate) fn first_word(name: &str) -> &str {
    name.split([' ', '-']).next().unwrap_or(name)
}

/// The pairs of given names that people use for one another, sorted; those the table knows are left out.
pub(crate) fn learn(f: &Features<'_>) -> Vec<Nickname> {
    let first = |kind: ColumnKind| f.of_kind(&kind).first().copied();
    let (Some(given), Some(family), Some(born)) =
        (first(ColumnKind::GivenName), first(ColumnKind::FamilyName), first(ColumnKind::BirthDate))
    else {
        return Vec::new();
    };
    let pool = f.pool(given);
    let words = Words::of(pool.iter().map(|(_, name)| name));
    let mut people: Vec<[u32; 3]> = (0..f.len() as u32)
        .filter_map(|position| {
            let one = |field: usize| match f.values(field, position) {
                [code] => Some(*code),
                _ => None,
            };
            let word = words.of_name[one(given)? as usize];
            (word != NONE).then_some([one(family)?, one(born)?, word])
        })
        .collect();
    people.sort_unstable();
    people.dedup();
    let mut met: HashMap<(u32, u32), Met, foldhash::fast::FixedState> = HashMap::default();
    for together in people.chunk_by(|x, y| x[..2] == y[..2]).filter(|names| (2..=MOST_NAMES).contains(&names.len())) {
        for (index, &[family, _, x]) in together.iter().enumerate() {
            for &[_, _, y] in &together[index + 1..] {
                // Families are met one after the other.
                let pair =
                    met.entry((x, y)).or_insert_with(|| Met { families: 0, last: NONE, known: words.alike(x, y) });
                if !pair.known && pair.last != family {
                    pair.families += 1;
                    pair.last = family;
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
        .filter(|(_, pair)| pair.families >= FEWEST_FAMILIES)
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

/// How often two names met.
struct Met {
    families: u32,
    /// The family they met in last.
    last: u32,
    /// Whether the table knows them already.
    known: bool,
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
        let (x, y) = (given_roots(self.text[x as usize]), given_roots(self.text[y as usize]));
        x.iter().any(|root| y.contains(root))
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

    /// Records of given name, family name and birth date.
    fn learnt_from(people: &[(&str, String, String)]) -> Vec<Nickname> {
        let mut columns = [
            ColumnBuilder::new("given_name", ColumnKind::GivenName),
            ColumnBuilder::new("family_name", ColumnKind::FamilyName),
            ColumnBuilder::new("birth_date", ColumnKind::BirthDate),
        ];
        for (given, family, born) in people {
            for (column, value) in columns.iter_mut().zip([given, family.as_str(), born]) {
                column.push_record([value]);
            }
        }
        let records = Records {
            ids: (0..people.len()).map(|row| RecordId::of("test", &row.to_string())).collect(),
            source: vec![0; people.len()],
            columns: columns.into_iter().map(ColumnBuilder::finish).collect(),
            entity: EntityType::Person,
            duplicates_none: vec![false],
        };
        learn(&Features::new(&records, &[]))
    }

    /// A family of each of these pairs of names, born on one day.
    fn families(pairs: &[(&'static str, &'static str)], times: usize) -> Vec<(&'static str, String, String)> {
        let mut people = Vec::new();
        for time in 0..times {
            for (number, (x, y)) in pairs.iter().enumerate() {
                let (family, born) = (format!("family{number}x{time}"), format!("1950-01-{:02}", 1 + number));
                people.push((*x, family.clone(), born.clone()));
                people.push((*y, family, born));
            }
        }
        people
    }

    fn names(learnt: &[Nickname]) -> Vec<[&str; 2]> {
        learnt.iter().map(|nickname| [nickname.names[0].as_str(), nickname.names[1].as_str()]).collect()
    }

    #[test]
    fn names_that_meet_in_several_families_are_learnt() {
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
        let mut people = families(&[("paul", "polly")], 6);
        people.extend(families(&TWINS, 1));
        assert_eq!(names(&learnt_from(&people)), [["paul", "polly"]]);
        assert_eq!(learnt_from(&people)[0].families, 6);
    }

    #[test]
    fn one_family_is_not_enough_however_often_it_stands_there() {
        let people: Vec<_> = (1..=9)
            .flat_map(|day| ["paul", "polly"].map(|name| (name, "smith".to_owned(), format!("1950-01-0{day}"))))
            .collect();
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
