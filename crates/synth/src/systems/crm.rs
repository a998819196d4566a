//! The CRM's export: gzipped CSV in Latin-1 with semicolons, British dates, and the name in one column.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};

use crate::plan::{Plan, Source};
use crate::rng::{Rng, Stream};
use crate::seen::{Seen, see};
use crate::{Cause, Ticker, Work, calendar, script};

use super::{street_line, unit_line};

const HEADER: &str = "customer_id;name;dob;gender;email;email_2;mobile;landline;address_1;address_2;city;county;postcode;\
    country;status;tier;modified_at\r\n";

pub(crate) struct ExtraRows {
    pub(crate) test: usize,
    pub(crate) broken: usize,
}

/// Rows that stand between the customers': tests by the staff, and rows cut off by a bad transfer.
pub(crate) fn extra_rows(plan: &Plan) -> ExtraRows {
    let rows = plan.slots[Source::Crm as usize].len();
    ExtraRows { test: rows / 120, broken: rows / 400 }
}

pub(crate) fn write(work: &Work<'_>, path: &Path, ticker: &Ticker) -> Result<u64, Cause> {
    let slots = &work.plan.slots[Source::Crm as usize];
    let extra = extra_rows(work.plan);
    let file = BufWriter::new(File::create(path)?);
    // Quick writing matters more here than the last bytes.
    let mut gzip = GzBuilder::new().mtime(0).write(file, Compression::new(1));
    let mut rows = Vec::with_capacity(1 << 16);
    rows.extend_from_slice(HEADER.as_bytes());
    let mut key = slots.len();
    let mut next_key = || {
        key += 1;
        Source::Crm.key(key - 1)
    };
    for (row, slot) in slots.iter().enumerate() {
        let seen = see(work.world, work.plan, Source::Crm, slot);
        if row % 120 == 77 && row / 120 < extra.test {
            test_row(&next_key(), row, &mut rows);
        }
        if row % 400 == 211 && row / 400 < extra.broken {
            let start = rows.len();
            customer_row(&next_key(), &seen, &mut rows);
            let cut = rows[start..].iter().enumerate().filter(|(_, byte)| **byte == b';').nth(3);
            let keep = cut.map_or(rows.len(), |(at, _)| start + at);
            rows.truncate(keep);
            rows.extend_from_slice(b"\r\n");
        }
        customer_row(&Source::Crm.key(row), &seen, &mut rows);
        if rows.len() > 60_000 {
            gzip.write_all(&rows)?;
            rows.clear();
        }
        ticker.row(Source::Crm, row, slots.len());
    }
    gzip.write_all(&rows)?;
    gzip.finish().and_then(|mut file| file.flush())?;
    Ok((slots.len() + extra.test) as u64)
}

fn customer_row(key: &str, seen: &Seen, out: &mut Vec<u8>) {
    let mut rng = seen.rng.clone();
    let mut text = String::with_capacity(256);
    let Seen { given, middle, family, .. } = seen;
    let name = match (middle.is_empty(), seen.suffix.is_empty()) {
        (true, true) => [family, ", ", given].concat(),
        (false, true) => [family, ", ", given, " ", middle].concat(),
        (true, false) => [family, " ", seen.suffix, ", ", given].concat(),
        (false, false) => [family, ", ", given, " ", middle, " ", seen.suffix].concat(),
    };
    for value in [key, &name] {
        push_field(value, &mut text);
    }
    if let Some(birth) = seen.birth {
        calendar::push_british(birth, &mut text);
    }
    text.push(';');
    push_field(
        if rng.chance(0.25) {
            ""
        } else if seen.female {
            "F"
        } else {
            "M"
        },
        &mut text,
    );
    for nth in 0..2 {
        push_field(seen.emails.get(nth).map_or("", String::as_str), &mut text);
    }
    push_field(&seen.mobile, &mut text);
    push_field(&seen.landline, &mut text);
    match &seen.address {
        Some(address) => {
            push_field(&street_line(&address.house, &address.street, seen.country), &mut text);
            push_field(&unit_line(address.unit, seen.country), &mut text);
            push_field(&address.city, &mut text);
            push_field(if rng.chance(0.5) { address.region } else { "" }, &mut text);
            push_field(&address.postcode, &mut text);
        }
        None => text.push_str(";;;;;"),
    }
    push_field(if rng.chance(0.7) { seen.country.name() } else { seen.country.code() }, &mut text);
    push_field(
        ["active", "active", "active", "active", "active", "active", "lapsed", "closed"][rng.below(8)],
        &mut text,
    );
    push_field(["", "bronze", "bronze", "bronze", "silver", "silver", "gold", "platinum"][rng.below(8)], &mut text);
    calendar::push_british(seen.day, &mut text);
    text.push_str("\r\n");
    script::push_latin1(&text, out);
}

fn test_row(key: &str, row: usize, out: &mut Vec<u8>) {
    let mut rng = Rng::of(0, Stream::Details, row as u64);
    let name = rng.pick(&["Test, Test", "Tester, QA", "Doe, John", "Mustermann, Max", "Test, Do Not Use"]);
    let city = rng.pick(&["London", "Test", ""]);
    let line = format!(
        "{key};{name};01/01/1900;;test@test.com;;0000000;;1 Test Street;;{city};;;United Kingdom;test;;01/01/2020\r\n"
    );
    out.extend_from_slice(line.as_bytes());
}

/// A field and the delimiter after it; quoted where it holds what would break the row.
fn push_field(value: &str, out: &mut String) {
    if value.bytes().any(|byte| matches!(byte, b';' | b'"' | b'\n')) {
        out.push('"');
        out.push_str(&value.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(value);
    }
    out.push(';');
}
