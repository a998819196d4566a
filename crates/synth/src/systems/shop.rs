//! The web shop's database: customers with addresses, orders and consents in tables of their own.

use std::path::Path;

use rusqlite::{Connection, Statement, params};

use crate::plan::Source;
use crate::seen::{Seen, see};
use crate::world::{Day, FIRST_DAY};
use crate::{Cause, Ticker, Work, calendar};

const SCHEMA: &str = "
    PRAGMA page_size = 4096;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    CREATE TABLE customers (
        id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT, phone TEXT, birthday TEXT,
        created_at TEXT NOT NULL, updated_at TEXT NOT NULL
    );
    CREATE TABLE addresses (
        id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, kind TEXT NOT NULL, street TEXT, house_no TEXT, zip TEXT,
        city TEXT, country TEXT, valid_from TEXT
    );
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL, ordered_at TEXT NOT NULL, total_cents INTEGER NOT NULL,
        currency TEXT NOT NULL
    );
    CREATE TABLE marketing_consent (
        customer_id INTEGER NOT NULL, purpose TEXT NOT NULL, channel TEXT NOT NULL, opted_in INTEGER NOT NULL,
        changed_at TEXT NOT NULL
    );
    BEGIN;";

pub(crate) fn write(work: &Work<'_>, path: &Path, ticker: &Ticker) -> Result<u64, Cause> {
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause.into()),
        _ => {}
    }
    let slots = &work.plan.slots[Source::Shop as usize];
    let mut database = Connection::open(path)?;
    database.execute_batch(SCHEMA)?;
    {
        let mut tables = Tables::new(&mut database)?;
        for (row, slot) in slots.iter().enumerate() {
            let seen = see(work.world, work.plan, Source::Shop, slot);
            let id = row as i64 + 1;
            tables.customer(id, &seen)?;
            // Rows of customers deleted by hand stay behind.
            if row % 400 == 123 {
                let gone = id + 1_000_000_000;
                tables.address(gone, &seen, "shipping")?;
                tables.consent(gone, "marketing", "email", true, seen.day, seen.second)?;
            }
            ticker.row(Source::Shop, row, slots.len());
        }
    }
    database.execute_batch("COMMIT")?;
    database.close().map_err(|(_, cause)| cause)?;
    Ok(slots.len() as u64)
}

struct Tables<'a> {
    customers: Statement<'a>,
    addresses: Statement<'a>,
    orders: Statement<'a>,
    consents: Statement<'a>,
    /// Reused for the texts of dates.
    time: String,
    day: String,
}

impl<'a> Tables<'a> {
    fn new(database: &'a mut Connection) -> rusqlite::Result<Self> {
        let database = &*database;
        Ok(Self {
            customers: database.prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?,
            addresses: database.prepare("INSERT INTO addresses VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)")?,
            orders: database.prepare("INSERT INTO orders VALUES (NULL, ?, ?, ?, ?)")?,
            consents: database.prepare("INSERT INTO marketing_consent VALUES (?, ?, ?, ?, ?)")?,
            time: String::new(),
            day: String::new(),
        })
    }

    fn customer(&mut self, id: i64, seen: &Seen) -> rusqlite::Result<()> {
        let mut rng = seen.rng.clone();
        let first_name = match seen.middle.as_str() {
            "" => seen.given.clone(),
            middle => [&seen.given, " ", middle].concat(),
        };
        let last_name = match seen.suffix {
            "" => seen.family.clone(),
            suffix => [&seen.family, " ", suffix].concat(),
        };
        let phone = match (seen.mobile.as_str(), seen.landline.as_str()) {
            ("", landline) => landline,
            (mobile, _) => mobile,
        };
        let birthday = seen.birth.map(|birth| {
            let mut text = String::with_capacity(10);
            calendar::push_iso(birth, &mut text);
            text
        });
        let joined = rng.between(FIRST_DAY, seen.day);
        let mut created = String::with_capacity(19);
        push_timestamp(joined, seen.second / 2 + 7200, &mut created);
        self.time.clear();
        push_timestamp(seen.day, seen.second, &mut self.time);
        let email = seen.emails.first();
        let phone = Some(phone).filter(|phone| !phone.is_empty());
        self.customers.execute(params![id, first_name, last_name, email, phone, birthday, created, self.time])?;
        self.address(id, seen, if rng.chance(0.7) { "shipping" } else { "billing" })?;

        let orders = [0, 0, 0, 1, 1, 1, 1, 2, 2, 5][rng.below(10)];
        for _ in 0..orders {
            self.time.clear();
            push_timestamp(rng.between(joined, seen.day), rng.below(86_400) as u32, &mut self.time);
            let total = 499 + rng.below(120) * rng.below(120) * 2;
            self.orders.execute(params![id, self.time, total as i64, seen.country.currency()])?;
        }
        for (purpose, channel, share) in
            [("marketing", "email", 0.55), ("marketing", "sms", 0.2), ("profiling", "web", 0.25)]
        {
            if rng.chance(share) {
                let opted_in = rng.chance(0.6);
                self.consent(id, purpose, channel, opted_in, joined, seen.second)?;
                // People change their minds, and now and then two systems wrote opposite answers at the same moment.
                if rng.chance(0.12) {
                    self.consent(id, purpose, channel, !opted_in, seen.day, seen.second)?;
                } else if rng.chance(0.01) {
                    self.consent(id, purpose, channel, !opted_in, joined, seen.second)?;
                }
            }
        }
        Ok(())
    }

    fn address(&mut self, customer: i64, seen: &Seen, kind: &str) -> rusqlite::Result<()> {
        let Some(address) = &seen.address else {
            return Ok(());
        };
        self.day.clear();
        calendar::push_iso(seen.day, &mut self.day);
        let unit = super::unit_line(address.unit, seen.country);
        let street = match unit.is_empty() {
            true => address.street.clone(),
            false => [&address.street, ", ", &unit].concat(),
        };
        let postcode = Some(address.postcode.as_str()).filter(|postcode| !postcode.is_empty());
        let country = seen.country.code();
        self.addresses.execute(params![
            customer,
            kind,
            street,
            address.house,
            postcode,
            address.city,
            country,
            self.day
        ])?;
        Ok(())
    }

    fn consent(
        &mut self,
        customer: i64,
        purpose: &str,
        channel: &str,
        opted_in: bool,
        day: Day,
        second: u32,
    ) -> rusqlite::Result<()> {
        self.time.clear();
        push_timestamp(day, second, &mut self.time);
        self.consents.execute(params![customer, purpose, channel, opted_in, self.time])?;
        Ok(())
    }
}

fn push_timestamp(day: Day, second: u32, out: &mut String) {
    calendar::push_iso(day, out);
    out.push(' ');
    calendar::push_time(second, out);
}
