//! The loyalty programme: an Excel workbook, going on to further sheets where one is full.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

use crate::plan::Source;
use crate::seen::{Seen, see};
use crate::world::{Day, FIRST_DAY};
use crate::{Cause, Ticker, Work};

use super::title;

const COLUMNS: [&str; 11] =
    ["member_no", "title", "given_name", "surname", "dob", "email", "phone", "postcode", "points", "tier", "joined"];

pub(crate) fn write(work: &Work<'_>, path: &Path, ticker: &Ticker) -> Result<u64, Cause> {
    let slots = &work.plan.slots[Source::Loyalty as usize];
    let mut workbook = Workbook::new();
    // The time of writing would be put in otherwise, and the bytes differ from run to run.
    let written = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&written));
    workbook.set_zip_compression_level(1);
    let date = Format::new().set_num_format("dd/mm/yyyy");
    workbook.register_format(&date);
    let per_sheet = work.sheet_rows as usize - 1;
    let sheets = slots.len().div_ceil(per_sheet).max(1);
    for nth in 0..sheets {
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(if nth == 0 { "Members".to_owned() } else { format!("Members {}", nth + 1) })?;
        for (column, name) in COLUMNS.into_iter().enumerate() {
            sheet.write_string(0, column as u16, name)?;
        }
        let start = nth * per_sheet;
        for (at, slot) in slots.iter().enumerate().skip(start).take(per_sheet) {
            let row = (at - start) as u32 + 1;
            let mut seen = see(work.world, work.plan, Source::Loyalty, slot);
            let mut rng = seen.rng.clone();
            let title = if rng.chance(0.6) { title(&mut seen) } else { "" };
            let Seen { given, family, suffix, birth, emails, mobile, landline, address, day, .. } = seen;
            let surname = if suffix.is_empty() { family } else { format!("{family} {suffix}") };
            let postcode = address.map(|address| address.postcode).unwrap_or_default();
            let phone = if mobile.is_empty() { landline } else { mobile };
            let email = emails.into_iter().next().unwrap_or_default();
            sheet.write_string(row, 0, Source::Loyalty.key(at))?;
            for (column, text) in [(1, title), (2, &given), (3, &surname)] {
                if !text.is_empty() {
                    sheet.write_string(row, column, text)?;
                }
            }
            if let Some(birth) = birth {
                sheet.write_number_with_format(row, 4, serial(birth), &date)?;
            }
            for (column, text) in [(5, email), (6, phone), (7, postcode)] {
                if !text.is_empty() {
                    sheet.write_string(row, column, text)?;
                }
            }
            let points = rng.below(220) * rng.below(220);
            sheet.write_number(row, 8, points as f64)?;
            let tier = ["basic", "plus", "premier"][usize::from(points > 6_000) + usize::from(points > 25_000)];
            sheet.write_string(row, 9, tier)?;
            sheet.write_number_with_format(row, 10, serial(rng.between(FIRST_DAY, day)), &date)?;
            ticker.row(Source::Loyalty, at, slots.len());
        }
    }
    let file = BufWriter::new(File::create(path)?);
    workbook.save_to_writer(file)?;
    Ok(slots.len() as u64)
}

/// A day as Excel counts it. Excel believes in a 29 February 1900, so the days before it are one less.
fn serial(day: Day) -> f64 {
    let serial = day + 25_569;
    f64::from(if serial > 60 { serial } else { serial - 1 })
}
