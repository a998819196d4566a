//! The support desk: nested JSON, a line a contact, with all the mailboxes somebody wrote from.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::plan::{Plan, Source};
use crate::seen::{Seen, see};
use crate::stock::companies;
use crate::{Cause, Ticker, Work, calendar};

use super::full_name;

/// Lines cut off in the middle, between the contacts'.
pub(crate) fn broken_rows(plan: &Plan) -> usize {
    plan.slots[Source::Support as usize].len() / 400
}

pub(crate) fn write(work: &Work<'_>, path: &Path, ticker: &Ticker) -> Result<u64, Cause> {
    let slots = &work.plan.slots[Source::Support as usize];
    let broken = broken_rows(work.plan);
    let mut file = BufWriter::with_capacity(1 << 16, File::create(path)?);
    let mut line = String::with_capacity(512);
    for (row, slot) in slots.iter().enumerate() {
        let seen = see(work.world, work.plan, Source::Support, slot);
        line.clear();
        if row % 400 == 311 && row / 400 < broken {
            contact(work, &Source::Support.key(slots.len() + row), &seen, &mut line);
            let cut = line.char_indices().nth(61).map_or(line.len(), |(at, _)| at);
            line.truncate(cut);
            line.push('\n');
        }
        contact(work, &Source::Support.key(row), &seen, &mut line);
        file.write_all(line.as_bytes())?;
        ticker.row(Source::Support, row, slots.len());
    }
    file.flush()?;
    Ok(slots.len() as u64)
}

fn contact(work: &Work<'_>, key: &str, seen: &Seen, out: &mut String) {
    let mut seen_rng = seen.rng.clone();
    let rng = &mut seen_rng;
    out.push_str("{\"id\":");
    push_text(key, out);
    out.push_str(",\"contact\":{\"name\":");
    match &seen.organisation {
        Some(_) => out.push_str("null"),
        None => {
            let name = match rng.below(20) {
                0 => format!("{}, {}", seen.family, seen.given),
                1 => format!(
                    "{} {}",
                    if seen.doctor {
                        "Dr"
                    } else if seen.female {
                        "Ms"
                    } else {
                        "Mr"
                    },
                    full_name(seen)
                ),
                _ => full_name(seen),
            };
            push_text(&name, out);
        }
    }
    out.push_str(",\"emails\":[");
    for (nth, email) in seen.emails.iter().enumerate() {
        if nth > 0 {
            out.push(',');
        }
        push_text(email, out);
    }
    out.push_str("],\"phones\":[");
    let mut first = true;
    for (number, kind) in [(&seen.mobile, "mobile"), (&seen.landline, "landline")] {
        if number.is_empty() {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        out.push_str("{\"number\":");
        push_text(number, out);
        out.push_str(",\"type\":");
        push_text(kind, out);
        out.push('}');
    }
    out.push_str("],\"company\":");
    match &seen.organisation {
        Some(organisation) => push_text(&organisation.name, out),
        None if rng.chance(0.05) => {
            let employer = companies::draw(seen.country, rng, |rng| {
                let stock = work.world.stock.names(seen.country.origins()[0].0);
                stock.families[stock.draw_family(rng)].text.clone()
            });
            push_text(&format!("{} {}", employer.base, employer.form.short), out);
        }
        None => out.push_str("null"),
    }
    out.push_str("},\"tags\":[");
    let mut tags: Vec<&str> = Vec::new();
    if seen.organisation.is_some() {
        tags.push("b2b");
    }
    for _ in 0..rng.below(3) {
        let tag = rng.pick(&["billing", "delivery", "returns", "vip", "complaint", "login", "refund", "newsletter"]);
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    for (nth, tag) in tags.into_iter().enumerate() {
        if nth > 0 {
            out.push(',');
        }
        push_text(tag, out);
    }
    out.push(']');
    if rng.chance(0.5) {
        let answer = |share: f64, rng: &mut crate::rng::Rng| {
            if rng.chance(share) { "true" } else { "false" }
        };
        out.push_str(",\"consent\":{\"marketing_email\":");
        out.push_str(answer(0.5, rng));
        out.push_str(",\"marketing_sms\":");
        out.push_str(answer(0.25, rng));
        if rng.chance(0.5) {
            out.push_str(",\"profiling\":");
            out.push_str(answer(0.3, rng));
        }
        out.push('}');
    }
    out.push_str(",\"last_ticket_at\":\"");
    calendar::push_iso(seen.day, out);
    out.push('T');
    calendar::push_time(seen.second, out);
    out.push_str("Z\",\"locale\":");
    push_text(seen.country.locale(), out);
    out.push_str("}\n");
}

/// A JSON string. The values hold no control characters, so only quote and backslash need care.
fn push_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
}
