//! Made-up people and their records, seeded; and the few lines every test needs.

use goldsmith_resolve::{
    ColumnBuilder, ColumnKind, Decisions, EntityType, Options, RecordId, Records, Resolution, resolve,
};

/// One record, values standardised; `""` where there is none.
#[derive(Clone, Default)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) source: u16,
    pub(crate) given: String,
    pub(crate) family: String,
    pub(crate) suffix: String,
    pub(crate) born: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) employer: String,
    pub(crate) house: String,
    pub(crate) street: String,
    pub(crate) postcode: String,
    /// Who it really is.
    pub(crate) person: u32,
}

pub(crate) fn records(rows: &[Row]) -> Records {
    let column = |name: &str, kind: ColumnKind, of: fn(&Row) -> &str| {
        let mut builder = ColumnBuilder::new(name, kind);
        for row in rows {
            builder.push_record([of(row)].into_iter().filter(|value| !value.is_empty()));
        }
        builder.finish()
    };
    let mut columns = vec![
        column("given_name", ColumnKind::GivenName, |r| &r.given),
        column("family_name", ColumnKind::FamilyName, |r| &r.family),
        column("name_suffix", ColumnKind::NameSuffix, |r| &r.suffix),
        column("birth_date", ColumnKind::BirthDate, |r| &r.born),
        column("email", ColumnKind::Email, |r| &r.email),
        column("phone", ColumnKind::Phone, |r| &r.phone),
        column("house", ColumnKind::AddressHouse, |r| &r.house),
        column("street", ColumnKind::AddressStreet, |r| &r.street),
        column("postcode", ColumnKind::AddressPostcode, |r| &r.postcode),
    ];
    if rows.iter().any(|row| !row.employer.is_empty()) {
        columns.push(column("organisation_name", ColumnKind::OrganisationName, |r| &r.employer));
    }
    Records {
        ids: rows.iter().map(|row| RecordId::of("test", &row.key)).collect(),
        source: rows.iter().map(|row| row.source).collect(),
        columns,
        entity: EntityType::Person,
        duplicates_none: vec![false; 4],
    }
}

pub(crate) fn run(rows: &[Row], decisions: &Decisions) -> Resolution {
    resolve(&mut records(rows), &Options::default(), None, decisions, &()).expect("the records are well formed")
}

/// Steele, Lea and Flood's SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

const SYLLABLES: [&str; 24] = [
    "bar", "ven", "tor", "lin", "mas", "kel", "dor", "fen", "gral", "hum", "jor", "pel", "quin", "ras", "sol", "tam",
    "ulf", "wex", "yor", "zan", "cro", "dal", "eft", "nim",
];

pub(crate) fn word(random: &mut Random, syllables: usize) -> String {
    (0..syllables).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect()
}

/// `people` persons with one to three records each, some values missing, few mistaken.
pub(crate) fn population(people: usize, seed: u64) -> Vec<Row> {
    let mut random = Random(seed);
    let given: Vec<String> = (0..120).map(|_| word(&mut random, 2)).collect();
    let family: Vec<String> = (0..900).map(|_| word(&mut random, 3)).collect();
    let mut rows = Vec::new();
    for person in 0..people as u32 {
        // Squaring the draw makes the first names of each list common and the last ones rare.
        let skewed = |random: &mut Random, n: usize| random.below(n) * random.below(n) / n;
        let first = given[skewed(&mut random, given.len())].clone();
        let last = family[skewed(&mut random, family.len())].clone();
        let born = format!("{}-{:02}-{:02}", 1940 + random.below(60), 1 + random.below(12), 1 + random.below(28));
        let row = Row {
            email: format!("{first}.{last}{person}@example.org"),
            phone: format!("+1555{:07}", 1_000_000 + person * 7),
            house: format!("{}", 1 + random.below(300)),
            street: format!("{} st", word(&mut random, 2)),
            postcode: format!("{:05}", 10_000 + random.below(900)),
            given: first,
            family: last,
            born,
            person,
            ..Row::default()
        };
        for copy in 0..1 + random.below(3) {
            let mut next = Row { key: format!("{person}-{copy}"), source: copy as u16, ..row.clone() };
            for (field, percent) in
                [(&mut next.email, 25), (&mut next.phone, 30), (&mut next.born, 30), (&mut next.street, 20)]
            {
                if random.below(100) < percent {
                    field.clear();
                }
            }
            if random.below(100) < 8 {
                let at = random.below(next.family.len() - 1);
                next.family.remove(at);
            }
            rows.push(next);
        }
    }
    rows
}

pub(crate) fn truth(rows: &[Row]) -> Vec<u32> {
    rows.iter().map(|row| row.person).collect()
}
