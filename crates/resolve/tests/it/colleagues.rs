//! Contacts of companies: colleagues share employer, office and switchboard, and nobody's birth date is known.

use goldsmith_resolve::{Decisions, evaluate::evaluate};

use crate::people::{Random, Row, run, truth, word};

/// Contacts of so many companies of one to thirty people, most of whom have one record.
fn contacts(companies: usize, seed: u64) -> Vec<Row> {
    let mut random = Random(seed);
    let given: Vec<String> = (0..200).map(|_| word(&mut random, 2)).collect();
    let family: Vec<String> = (0..2000).map(|_| word(&mut random, 3)).collect();
    let skewed = |random: &mut Random, n: usize| random.below(n) * random.below(n) / n;
    let mut rows: Vec<Row> = Vec::new();
    let mut person = 0;
    for company in 0..companies {
        let employer = format!("{} {}", word(&mut random, 2), word(&mut random, 2));
        let domain = employer.replace(' ', "");
        let office = Row {
            house: format!("{}", 1 + random.below(300)),
            street: format!("{} st", word(&mut random, 2)),
            postcode: format!("{:05}", 10_000 + random.below(40)),
            ..Row::default()
        };
        let switchboard = format!("+1555{:07}", 1_000_000 + company * 1000);
        // Small companies are common, large ones rare.
        for _ in 0..1 + 30 / (1 + random.below(30)) {
            person += 1;
            let (first, last) = (given[skewed(&mut random, 200)].clone(), family[skewed(&mut random, 2000)].clone());
            for copy in 0..[1, 1, 1, 1, 1, 1, 1, 2, 2, 3][random.below(10)] {
                let drawn = |random: &mut Random, percents: [usize; 2], values: [&str; 2]| -> String {
                    let at = random.below(100);
                    let [one, other] = percents;
                    let value = if at < one {
                        values[0]
                    } else if at < one + other {
                        values[1]
                    } else {
                        ""
                    };
                    value.to_owned()
                };
                let mut row = Row {
                    key: format!("{person}-{copy}"),
                    email: drawn(
                        &mut random,
                        [65, 10],
                        [&format!("{first}.{last}@{domain}.com"), &format!("info@{domain}.com")],
                    ),
                    phone: drawn(&mut random, [45, 35], [&switchboard, &format!("+1556{:07}", person * 13)]),
                    employer: drawn(&mut random, [95, 0], [&employer, ""]),
                    given: first.clone(),
                    family: last.clone(),
                    person,
                    ..office.clone()
                };
                if random.below(100) < 15 {
                    (row.house, row.street) = (String::new(), String::new());
                }
                if random.below(100) < 5 {
                    let at = random.below(row.family.len() - 1);
                    row.family.remove(at);
                }
                rows.push(row);
            }
        }
    }
    rows
}

#[test]
fn colleagues_stay_apart_and_their_records_come_together() {
    for seed in [3, 4] {
        let rows = contacts(500, seed);
        let found = evaluate(&truth(&rows), &run(&rows, &Decisions::default()).cluster_of);
        assert!(found.pairwise.precision > 0.97, "{seed}: {found:?}");
        assert!(found.pairwise.recall > 0.97, "{seed}: {found:?}");
    }
}
