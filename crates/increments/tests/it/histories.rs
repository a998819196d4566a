//! Random histories: a table changes between reads, commits come late, runs crash; after each committed run the merged
//! table has to be the table.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use goldsmith_increments::{Deletes, Lag, Mode, Settings};

use crate::fake::{Customer, Fake, Run};

const HISTORIES: u64 = 500;
const STEPS: usize = 14;

/// A change that is decided and not yet visible.
struct Pending {
    visible_at: i64,
    customer: Customer,
}

/// The system of one history.
struct System {
    rng: Rng,
    clock: i64,
    lag: i64,
    tombstones: bool,
    /// Every version of a row stays in the table, as a row of its own.
    versions: bool,
    fake: Fake,
    pending: Vec<Pending>,
    /// Rows that were deleted, and may still be in a merged table that nobody told.
    deleted: BTreeSet<i64>,
    next_id: i64,
}

impl System {
    fn change(&mut self) {
        // The clock often stands still, so that many rows share a cursor, also the largest.
        self.clock += self.rng.i64(0..=2);
        let clock = self.clock;
        let (ripe, rest) = std::mem::take(&mut self.pending).into_iter().partition(|late| late.visible_at <= clock);
        self.pending = rest;
        let ripe: Vec<Pending> = ripe;
        for late in ripe {
            self.fake.put(late.customer);
        }
        let busy: BTreeSet<i64> = self.pending.iter().map(|late| late.customer.id).collect();
        let known: Vec<i64> = self.fake.ids().into_iter().filter(|id| !busy.contains(id)).collect();
        let chosen = self.rng.choice(known);
        match (self.rng.u8(0..10), chosen) {
            (0..4, _) | (_, None) => {
                let id = self.next_id;
                self.next_id += 1;
                self.write(id);
            }
            (4..8, Some(id)) => self.write(id),
            (8, Some(id)) if self.tombstones => {
                let customer = Customer { id, cursor: Some(clock), value: self.rng.u32(..), deleted: true };
                self.commit(customer);
            }
            (_, Some(id)) => {
                self.fake.remove(id);
                self.deleted.insert(id);
            }
        }
    }

    fn write(&mut self, id: i64) {
        // A version without a time would be the newest whenever it is read.
        let cursor = (self.versions || self.rng.u8(0..12) > 0).then_some(self.clock);
        let customer = Customer { id, cursor, value: self.rng.u32(0..3), deleted: false };
        self.commit(customer);
    }

    /// Makes a change visible now or, at most a lag later, then.
    fn commit(&mut self, customer: Customer) {
        self.deleted.remove(&customer.id);
        if self.rng.bool() && self.lag > 0 {
            let visible_at = self.clock + self.rng.i64(1..=self.lag);
            self.pending.push(Pending { visible_at, customer });
        } else {
            self.fake.put(customer);
        }
    }
}

fn history(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let lag = if rng.bool() { 0 } else { rng.i64(1..8) };
    let deletes = rng.choice([Deletes::None, Deletes::Keys, Deletes::Full]).unwrap();
    let (tombstones, versions) = (rng.bool(), rng.u8(0..3) == 0);
    let settings = Settings {
        cursor: "modified_at".to_owned(),
        key: vec!["id".to_owned()],
        lag: if lag == 0 { Lag::None } else { Lag::Count(u64::try_from(lag).unwrap()) },
        deleted: tombstones.then(|| "is_deleted".to_owned()),
        deletes,
    };
    let mut system = System {
        fake: Fake::new(rng.usize(1..5), versions),
        rng,
        clock: 100,
        lag,
        tombstones,
        versions,
        pending: Vec::new(),
        deleted: BTreeSet::new(),
        next_id: 0,
    };
    let mut run = Run::new(settings);
    for step in 0..STEPS {
        for _ in 0..system.rng.usize(0..6) {
            system.change();
        }
        let told = format!("history {seed}, step {step}, {:?}", run.settings);
        if system.fake.ids().is_empty() {
            continue;
        }
        let mode = match system.rng.u8(0..12) {
            0 => Mode::Refresh,
            1 if run.has_state() && deletes != Deletes::Full => {
                let from = system.clock - system.rng.i64(0..20);
                let until = from + system.rng.i64(1..20);
                Mode::Backfill {
                    from: Some(from.to_string()),
                    until: (!versions && system.rng.bool()).then(|| until.to_string()),
                }
            }
            _ => Mode::Live,
        };
        let had = run.mark.clone();
        let read = run.read(&system.fake, &mode).unwrap_or_else(|error| panic!("{told}: {error}"));
        if system.rng.u8(0..4) == 0 {
            continue; // The run crashes: what it wrote is not committed.
        }
        let merged = read.customers.clone();
        let (rows, places) = (merged.len(), read.places());
        run.commit(read);
        assert_eq!(places, rows, "{told}: two rows of one place");
        let table: BTreeMap<i64, Customer> = system
            .fake
            .newest()
            .into_iter()
            .filter(|row| !(tombstones && row.deleted))
            .map(|row| (row.id, row))
            .collect();
        let merged: BTreeMap<i64, Customer> = merged.into_iter().map(|row| (row.id, row)).collect();
        assert_eq!(merged.len(), rows, "{told}: a key twice");
        match mode {
            Mode::Backfill { from, until } => {
                assert_eq!(run.mark, had, "{told}: a backfill moved the mark");
                let edge = |text: Option<String>| text.map(|text| text.parse::<i64>().unwrap());
                let (from, until) = (edge(from), edge(until));
                for (id, row) in &table {
                    let inside = row.cursor.is_none_or(|cursor| {
                        from.is_none_or(|from| cursor >= from) && until.is_none_or(|until| cursor < until)
                    });
                    assert!(!inside || merged.get(id) == Some(row), "{told}: {row:?} was not backfilled");
                }
            }
            _ if deletes == Deletes::None => {
                for (id, row) in &table {
                    assert_eq!(merged.get(id), Some(row), "{told}");
                }
                for id in merged.keys().filter(|id| !table.contains_key(id)) {
                    assert!(system.deleted.contains(id), "{told}: {id} came out of nowhere");
                }
                if mode == Mode::Refresh {
                    assert_eq!(merged, table, "{told}");
                }
            }
            _ => assert_eq!(merged, table, "{told}"),
        }
    }
}

#[test]
fn the_merged_table_is_the_table() {
    for seed in 0..HISTORIES {
        history(seed);
    }
}
