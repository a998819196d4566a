//! Records without birth dates, of a system that knows people by nicknames, beside one that keeps both.

use goldsmith_resolve::{Decisions, Model, Options, Resolution, resolve};

use crate::people::{Random, Row, records, run, word};

const NAMES: [(&str, &str); 6] = [
    ("william", "bill"),
    ("robert", "bob"),
    ("elizabeth", "beth"),
    ("abigail", "abby"),
    ("abraham", "abe"),
    ("margaret", "peggy"),
];

/// Couples of one family name and one phone. Each person has up to three records with a birth date, of which few bear a
/// nickname, and up to three without, of which many do.
pub(crate) fn couples(households: u32) -> Vec<Row> {
    let mut random = Random(5);
    let mut rows = Vec::new();
    for person in 0..households * 2 {
        let household = person / 2;
        let (formal, nickname) = NAMES[random.below(3) * 2 + person as usize % 2];
        let mut family = Random(u64::from(household));
        let family = word(&mut family, 3);
        let born = format!("{}-{:02}-{:02}", 1940 + random.below(60), 1 + random.below(12), 1 + random.below(28));
        // Nobody else goes by it, and no table has it.
        let unlisted = word(&mut random, 3);
        let (with, without) = (random.below(4), random.below(4));
        for copy in 0..with + without {
            let dated = copy < with;
            let [by_nickname, by_unlisted] = if dated { [4, 3] } else { [30, 15] };
            let given = match random.below(100) {
                n if n < by_nickname => nickname.to_owned(),
                n if n < by_nickname + by_unlisted => unlisted.clone(),
                _ => formal.to_owned(),
            };
            rows.push(Row {
                key: format!("{person}-{copy}"),
                given,
                family: family.clone(),
                born: if dated { born.clone() } else { String::new() },
                phone: format!("+1555{:07}", 1_000_000 + household * 7),
                person,
                ..Row::default()
            });
        }
    }
    rows
}

/// The mean claim, and the share of matches, of the pairs of different given names where a birth date is missing.
fn of_different_names(rows: &[Row], found: &Resolution) -> (f64, f64) {
    let formal = |row: &Row| {
        let known = NAMES.iter().find(|(formal, nickname)| [*formal, *nickname].contains(&row.given.as_str()));
        known.map_or_else(|| row.given.clone(), |(formal, _)| (*formal).to_owned())
    };
    let (mut pairs, mut claimed, mut same) = (0.0, 0.0, 0.0);
    for pair in &found.pairs {
        let [a, b] = [pair.left, pair.right].map(|row| &rows[row as usize]);
        if (a.born.is_empty() || b.born.is_empty()) && formal(a) != formal(b) && a.family == b.family {
            pairs += 1.0;
            claimed += pair.probability();
            same += f64::from(u8::from(a.person == b.person));
        }
    }
    (claimed / pairs, same / pairs)
}

#[test]
fn people_known_by_nicknames_where_no_birth_date_is_kept_are_claimed_for_what_they_are() {
    let rows = couples(1500);
    let trained = run(&rows, &Decisions::default());
    let name = trained.model.comparisons.iter().find(|comparison| comparison.name == "name").expect("names");
    let of = |words: &str| {
        let level = name.levels.iter().find(|level| level.level == words).expect("a level");
        level.without_birth_date
    };
    let nickname = of("given name nickname, family name same");
    assert!((1.0..4.0).contains(&nickname), "{nickname}");
    assert_eq!(of("given name same, family name same"), 0.0, "only nicknames are corrected");
    assert!(!trained.model.different_names_without_birth_date.is_empty());

    let all = Options { sample: 1.0, ..Options::default() };
    let with = |model: &Model| {
        let found = resolve(&mut records(&rows), &all, Some(model), &Decisions::default(), &()).expect("well formed");
        of_different_names(&rows, &found)
    };
    // As it was saved.
    let model =
        Model::from_json(&trained.model.to_json().expect("a model is plain data")).expect("it was just written");
    let (claimed, same) = with(&model);
    let mut uncorrected = model;
    uncorrected.different_names_without_birth_date.clear();
    for level in uncorrected.comparisons.iter_mut().flat_map(|comparison| &mut comparison.levels) {
        level.without_birth_date = 0.0;
    }
    let (before, _) = with(&uncorrected);
    assert!((claimed - same).abs() < 0.1, "claimed {claimed:.3}, true {same:.3}, uncorrected {before:.3}");
    assert!((claimed - same).abs() < (before - same).abs() / 2.0, "uncorrected {before:.3}, {claimed:.3} of {same:.3}");
}
