//! The default comparisons and blocking rules of each entity type, from the columns that are there.

use crate::ResolveError;
use crate::agreement::{
    AddressValues, Comparator, FamilyName, GivenName, Mailbox, NameValues, TokenValues, parse_day, tokens,
};
use crate::blocking::Rule;
use crate::comparison::{
    self, Comparison, Level, address_levels, birth_date_levels, code_levels, email_levels, gender_levels,
    identifier_levels, middle_name_levels, name_levels, number_levels, phone_levels, suffix_levels, token_levels,
};
use crate::features::{Features, LOCALITY, POSTCODE, STREET};
use crate::keys::{Key, Keys};
use crate::letters::{Digits, Letters};
use crate::model::{ColumnFrequencies, Model, Nickname};
use crate::nicknames::Learnt;
use crate::records::{Column, ColumnKind, EntityType, Pool};
use crate::resolve::Overrides;
use crate::term_frequency::{adjustments, same_by_chance};

/// The comparisons the columns allow, in a fixed order.
pub(crate) fn comparisons(
    f: &Features<'_>,
    frequencies: &[ColumnFrequencies],
    nicknames: &[Nickname],
    overrides: &Overrides,
    model: Option<&Model>,
) -> Result<Vec<Comparison>, ResolveError> {
    let tf = |field: usize| {
        let name = &f.records.columns[field].name;
        adjustments(f.pool(field), frequencies.iter().find(|known| known.column == *name))
    };
    let first = |kind: ColumnKind| f.of_kind(&kind).first().copied();
    let mut list = Vec::new();

    let (given, family) = (first(ColumnKind::GivenName), first(ColumnKind::FamilyName));
    if given.is_some() || family.is_some() {
        let learnt = Learnt::new(nicknames);
        let values = NameValues {
            given,
            family,
            previous: first(ColumnKind::PreviousFamilyName),
            given_names: given
                .map_or_else(Vec::new, |field| of_each(f.pool(field), |name| GivenName::of(name, &learnt))),
            family_names: family.map_or_else(Vec::new, |field| of_each(f.pool(field), FamilyName::of)),
            given_tf: given.map_or_else(Vec::new, tf),
            family_tf: family.map_or_else(Vec::new, tf),
        };
        let factors = Some((comparison::GIVEN.len(), comparison::FAMILY.len()));
        list.push(Comparison { factors, ordered: false, ..plain("name", name_levels(), Comparator::Name(values)) });
    }
    if let Some(field) = first(ColumnKind::OrganisationName) {
        let values = TokenValues::new(field, f.pool(field), true);
        // To a person it is the employer: there are several over time, and colleagues share it.
        let changeable = f.records.entity == EntityType::Person;
        list.push(Comparison { changeable, ..by_token("organisation_name", values) });
    }
    if let Some(field) = first(ColumnKind::BirthDate) {
        let days = f.pool(field).iter().map(|(_, value)| parse_day(value)).collect();
        list.push(plain("birth_date", birth_date_levels(), Comparator::BirthDate { field, days, tf: tf(field) }));
    }
    if let Some(field) = first(ColumnKind::Email) {
        list.push(changeable(
            "email",
            email_levels(),
            Comparator::Email { field, mailboxes: of_each(f.pool(field), Mailbox::of), given, family },
        ));
    }
    if let Some(field) = first(ColumnKind::Phone) {
        let digits = of_each(f.pool(field), Digits::of);
        list.push(changeable("phone", phone_levels(), Comparator::Phone { field, digits }));
    }
    if !f.addresses.parts.is_empty() {
        let part_tf = |kind| first(kind).map_or_else(Vec::new, tf);
        let letters = |part: usize| f.address_pool(part).map_or_else(Vec::new, |pool| of_each(pool, Letters::of));
        let values = AddressValues {
            tf: [part_tf(ColumnKind::AddressPostcode), part_tf(ColumnKind::AddressLocality)],
            streets: letters(STREET),
            postcodes: letters(POSTCODE),
            towns: letters(LOCALITY),
        };
        let address = changeable("address", address_levels(), Comparator::Address(values));
        list.push(Comparison { ordered: false, ..address });
    }
    if let Some(field) = first(ColumnKind::MiddleName) {
        list.push(plain("middle_name", middle_name_levels(), Comparator::MiddleName { field }));
    }
    if let Some(field) = first(ColumnKind::NameSuffix) {
        list.push(plain("name_suffix", suffix_levels(), Comparator::Exact { field }));
    }
    if let Some(field) = first(ColumnKind::Gender) {
        list.push(plain("gender", gender_levels(), Comparator::Exact { field }));
    }
    for (field, column) in f.records.columns.iter().enumerate() {
        let name = column.name.as_str();
        let pool = &column.pool;
        match &column.kind {
            ColumnKind::Identifier(_) => {
                list.push(plain(name, identifier_levels(), Comparator::Identifier { field }));
            }
            ColumnKind::Text if by_words(column, model) => {
                list.push(by_token(name, TokenValues::new(field, pool, true)))
            }
            ColumnKind::Text => list.push(plain(name, code_levels(), code(field, pool, tf(field)))),
            ColumnKind::Number => {
                let values = pool.iter().map(|(_, value)| value.trim().parse().ok()).collect();
                list.push(plain(name, number_levels(), Comparator::Number { field, values }));
            }
            ColumnKind::Date => {
                let days = pool.iter().map(|(_, value)| parse_day(value)).collect();
                let comparator = Comparator::BirthDate { field, days, tf: tf(field) };
                list.push(plain(name, birth_date_levels(), comparator));
            }
            ColumnKind::Category => {
                list.push(plain(name, code_levels(), code(field, pool, tf(field))));
            }
            _ => {}
        }
    }
    for wanted in &overrides.without {
        if !list.iter().any(|c| c.name == *wanted) {
            return Err(ResolveError::UnknownComparison {
                name: wanted.clone(),
                valid: list.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
            });
        }
    }
    list.retain(|comparison| !overrides.without.contains(&comparison.name));
    Ok(list)
}

fn plain(name: &str, levels: Vec<Level>, comparator: Comparator) -> Comparison {
    Comparison { name: name.to_owned(), levels, changeable: false, ordered: true, factors: None, comparator }
}

fn changeable(name: &str, levels: Vec<Level>, comparator: Comparator) -> Comparison {
    Comparison { changeable: true, ..plain(name, levels, comparator) }
}

fn by_token(name: &str, values: TokenValues) -> Comparison {
    Comparison { ordered: false, ..plain(name, token_levels(), Comparator::Tokens(values)) }
}

fn code(field: usize, pool: &Pool, tf: Vec<i32>) -> Comparator {
    Comparator::Code { field, letters: of_each(pool, Letters::of), tf }
}

/// What is known beforehand of each value.
fn of_each<T>(pool: &Pool, of: impl Fn(&str) -> T) -> Vec<T> {
    pool.iter().map(|(_, value)| of(value)).collect()
}

/// Whether a column's values are mostly of several words, and so compared word by word instead of letter by letter; a
/// model pins it.
fn by_words(column: &Column, model: Option<&Model>) -> bool {
    let pool = &column.pool;
    let words = || pool.iter().map(|(_, value)| tokens(value).count()).sum::<usize>();
    let pinned = model.filter(|_| column.kind == ColumnKind::Text).and_then(|model| model.by_words(&column.name));
    pinned.unwrap_or_else(|| words() as f64 >= 1.5 * pool.len().max(1) as f64)
}

/// The blocking rules the columns allow; a model says which of the loose ones are left out.
pub(crate) fn rules(f: &Features<'_>, overrides: &Overrides, model: Option<&Model>) -> Result<Vec<Rule>, ResolveError> {
    let keys = Keys { f };
    let mut available: Vec<Key> = [
        keys.email(),
        keys.phone(),
        keys.email_local(),
        keys.email_prefix(),
        keys.full_name(),
        keys.given(),
        keys.given_initial(),
        keys.given_sound(),
        keys.family(),
        keys.family_sound(),
        keys.middle_initial(),
        keys.birth_date(),
        keys.birth_year(),
        keys.postcode(),
        keys.locality(),
        keys.house(),
        keys.house_street(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut wanted: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    let person = [
        (vec!["email"], vec!["given_name", "family_name", "phone", "birth_date"]),
        (vec!["phone"], vec!["given_name", "family_name", "birth_date", "house"]),
        (vec!["family_name", "birth_date"], vec!["given_name", "postcode"]),
        (vec!["given_name", "birth_date"], vec!["family_sound", "postcode", "locality"]),
        (vec!["full_name"], vec!["birth_date", "postcode", "house", "locality", "birth_year", "middle_initial"]),
        (vec!["email_local"], vec!["given_name", "family_name", "postcode"]),
        (vec!["given_name", "house_street"], vec!["postcode", "locality"]),
        (vec!["family_sound", "house", "postcode"], vec!["given_initial"]),
        (vec!["given_name", "postcode"], vec!["family_sound", "house", "birth_year"]),
        (vec!["family_name", "postcode"], vec!["given_initial", "house", "birth_year"]),
        (vec!["birth_date", "postcode"], vec!["given_initial", "family_sound"]),
        (vec!["family_sound", "given_sound", "birth_year"], vec!["postcode", "locality", "middle_initial"]),
        (vec!["family_sound", "given_sound", "locality"], vec!["postcode", "house", "birth_year"]),
    ];
    let loose = [
        vec!["birth_date"],
        vec!["given_sound", "birth_year"],
        vec!["family_sound", "birth_year"],
        vec!["locality", "birth_year"],
        vec!["family_name", "locality"],
        vec!["given_name", "locality"],
        vec!["family_sound", "given_initial"],
        vec!["email_prefix"],
    ];
    wanted.extend(person);
    let mut words: Vec<Rule> = Vec::new();
    let near: Vec<Key> = f
        .records
        .columns
        .iter()
        .enumerate()
        .filter_map(|(field, column)| match column.kind {
            ColumnKind::Date => keys.near_date(field),
            ColumnKind::Number => keys.near_number(field),
            _ => None,
        })
        .collect();
    for (field, column) in f.records.columns.iter().enumerate() {
        let name = match &column.kind {
            ColumnKind::Identifier(_) => Some(("identifier", false)),
            ColumnKind::OrganisationName => Some(("organisation_words", true)),
            ColumnKind::Text => Some(("words", true)),
            ColumnKind::Category => Some(("code", false)),
            _ => None,
        };
        let Some((name, words_count)) = name else { continue };
        let refine: Vec<Key> = available
            .iter()
            .filter(|key| ["postcode", "locality", "house", "birth_year", "given_initial"].contains(&key.name()))
            .chain(&near)
            .cloned()
            .collect();
        if words_count && by_words(column, model) {
            let rule = |key: Key, label: &str| Rule {
                name: format!("{label}({})", column.name),
                keys: vec![key],
                refine: refine.clone(),
                whole_up_to: usize::MAX,
                most_pairs: None,
            };
            words.push(rule(keys.word_pairs(name, field, 4), "word_pair"));
            words.push(rule(keys.words(name, field, 2), "rare_word"));
        } else if name != "code" || column.pool.len() * 4 > f.filled(field) {
            words.push(Rule {
                name: column.name.clone(),
                keys: vec![keys.value(name, field)],
                refine,
                whole_up_to: usize::MAX,
                most_pairs: None,
            });
        }
    }
    if f.records.entity != EntityType::Person {
        available.retain(|key| key.name() != "given_initial");
    }

    let build = |names: &[&str], refine: &[&str]| -> Option<Rule> {
        let find = |name: &&str| available.iter().find(|key| key.name() == *name).cloned();
        Some(Rule {
            name: names.join(" + "),
            keys: names.iter().map(find).collect::<Option<Vec<_>>>()?,
            refine: refine.iter().filter_map(find).collect(),
            whole_up_to: if COMMON.contains(&names) { MOST_IN_COMMON } else { usize::MAX },
            most_pairs: None,
        })
    };
    if let Some(own) = &overrides.blocking {
        let mut rules = Vec::new();
        for names in own {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            if let Some(unknown) = names.iter().find(|name| !available.iter().any(|key| key.name() == **name)) {
                return Err(ResolveError::UnknownKey {
                    name: (*unknown).to_owned(),
                    valid: available.iter().map(Key::name).collect::<Vec<_>>().join(", "),
                });
            }
            let refine = ["birth_date", "postcode", "house", "locality", "birth_year", "given_initial"];
            rules.extend(build(&names, &refine));
        }
        return few_enough(rules);
    }
    let strict = wanted.iter().filter_map(|(names, refine)| build(names, refine));
    let mut rules = few_enough(strict.chain(words).collect())?;
    // Loose rules find what typing errors in several fields hide. They pay in small data; in large data their blocks
    // hold mostly strangers, and the rule is then left out and reported as such. Where there are many identifiers the
    // last of them have no place.
    rules.extend(
        loose
            .iter()
            .filter_map(|names| build(names, &[]))
            .map(|rule| Rule { most_pairs: Some(most_pairs(&rule, f.len(), model)), ..rule }),
    );
    rules.truncate(MOST_RULES);
    Ok(rules)
}

fn few_enough(rules: Vec<Rule>) -> Result<Vec<Rule>, ResolveError> {
    if rules.len() > MOST_RULES {
        return Err(ResolveError::TooManyRules { rules: rules.len(), most: MOST_RULES });
    }
    Ok(rules)
}

/// How many pairs a loose rule may propose: what a model pinned, or by the number of records.
fn most_pairs(rule: &Rule, records: usize, model: Option<&Model>) -> u64 {
    match model {
        Some(model) if model.left_out.contains(&rule.name) => 0,
        Some(_) => u64::MAX,
        None => LOOSE_PAIRS + records as u64,
    }
}

/// Rules that common names and mailboxes meet: what more records have in common says too little, and without this bound
/// the pairs of a record grow with the number of records.
const COMMON: [&[&str]; 5] = [
    &["full_name"],
    &["given_name", "postcode"],
    &["family_name", "postcode"],
    &["email_local"],
    &["family_sound", "given_sound", "birth_year"],
];
const MOST_IN_COMMON: usize = 10;
/// A loose rule may propose a pair a record, and so many more, which small data can afford.
const LOOSE_PAIRS: u64 = 20_000;
/// How many blocking rules there may be: each pair tells which found it, as a set of 32 bits.
pub const MOST_RULES: usize = 32;

/// What a rule's keys say about a comparison beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// Nothing: the comparison's levels are seen as they are among all pairs.
    Free,
    /// Only these levels are possible.
    Levels(u64),
    /// Something that levels do not state exactly; the comparison is not learnt from this rule.
    Out,
}

/// What each comparison may learn from the pairs of a rule.
pub(crate) fn held(rule: &Rule, comparisons: &[Comparison]) -> Vec<Held> {
    let name_levels = |given: &[u64], family: &[u64], swapped: bool| {
        let mut bits = if swapped { 0b11 << 42 } else { 0 };
        for g in given {
            for n in family {
                bits |= 1u64 << (g * 6 + n);
            }
        }
        Held::Levels(bits)
    };
    let all_given: Vec<u64> = (0..7).collect();
    let all_family: Vec<u64> = (0..6).collect();
    comparisons
        .iter()
        .map(|comparison| {
            let mut held = Held::Free;
            for key in &rule.keys {
                let next = match (key, &comparison.comparator) {
                    (Key::NamePair { .. }, Comparator::Name(_)) => name_levels(&[1, 2], &[1, 3], true),
                    // Mailboxes are made of names.
                    (Key::Value { name: "email_prefix", .. }, Comparator::Name(_)) => Held::Out,
                    (Key::Value { field, name, .. }, comparator) => match comparator {
                        Comparator::Name(values) if Some(*field) == values.given => match *name {
                            "given_name" => name_levels(&[1, 2], &all_family, false),
                            _ => Held::Out,
                        },
                        Comparator::Name(values) if Some(*field) == values.family => match *name {
                            "family_name" => name_levels(&all_given, &[1, 3], false),
                            _ => Held::Out,
                        },
                        Comparator::BirthDate { field: of, .. } if of == field => match *name {
                            "birth_date" | "code" => Held::Levels(0b10),
                            _ => Held::Out,
                        },
                        Comparator::Email { field: of, .. } if of == field => match *name {
                            "email" => Held::Levels(0b10),
                            "email_prefix" => Held::Out,
                            _ => Held::Levels(0b1110),
                        },
                        Comparator::Phone { field: of, .. } | Comparator::Identifier { field: of } if of == field => {
                            Held::Levels(0b10)
                        }
                        Comparator::Code { field: of, .. } if of == field => Held::Levels(0b10),
                        Comparator::Tokens(values) if values.field == *field => Held::Out,
                        Comparator::MiddleName { field: of }
                        | Comparator::Exact { field: of }
                        | Comparator::Number { field: of, .. }
                            if of == field =>
                        {
                            Held::Out
                        }
                        _ => Held::Free,
                    },
                    (Key::HouseStreet, Comparator::Address(_)) => Held::Levels(0b11_0110),
                    (Key::Postcode | Key::Locality | Key::House, Comparator::Address(_)) => Held::Out,
                    _ => Held::Free,
                };
                held = match (held, next) {
                    (Held::Out, _) | (_, Held::Out) => Held::Out,
                    (Held::Free, other) | (other, Held::Free) => other,
                    (Held::Levels(x), Held::Levels(y)) => Held::Levels(x & y),
                };
            }
            held
        })
        .collect()
}

/// For comparisons with an exact level, the chance of meeting it, from the frequencies of values.
pub(crate) fn exact_by_chance(f: &Features<'_>, comparison: &Comparison) -> Option<f64> {
    match &comparison.comparator {
        Comparator::BirthDate { field, .. }
        | Comparator::Email { field, .. }
        | Comparator::Phone { field, .. }
        | Comparator::Identifier { field }
        | Comparator::Exact { field }
        | Comparator::Code { field, .. } => Some(chance(f, *field)),
        _ => None,
    }
}

/// As [`exact_by_chance`], for the given and the family name.
pub(crate) fn names_by_chance(f: &Features<'_>, comparison: &Comparison) -> Option<(f64, f64)> {
    match &comparison.comparator {
        Comparator::Name(values) => {
            let of = |field: Option<usize>| field.map_or(0.0, |field| chance(f, field));
            Some((of(values.given), of(values.family)))
        }
        _ => None,
    }
}

fn chance(f: &Features<'_>, field: usize) -> f64 {
    let mut holders = vec![0u32; f.pool(field).len()];
    for position in 0..f.len() as u32 {
        for &code in f.values(field, position) {
            holders[code as usize] += 1;
        }
    }
    same_by_chance(&holders)
}
