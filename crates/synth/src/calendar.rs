//! Days written the ways the systems write them.

use std::fmt::Write;

use chrono::{Datelike, NaiveDate};

use crate::world::Day;

/// Year, month and day of a day.
pub(crate) fn civil(day: Day) -> (i32, u32, u32) {
    let date = NaiveDate::from_epoch_days(day).unwrap_or_default();
    (date.year(), date.month(), date.day())
}

/// The day of a date, where there is such a date.
pub(crate) fn day_of(year: i32, month: u32, day: u32) -> Option<Day> {
    NaiveDate::from_ymd_opt(year, month, day).map(|date| date.to_epoch_days())
}

/// `2025-12-31`
pub(crate) fn push_iso(day: Day, out: &mut String) {
    let (y, m, d) = civil(day);
    let _ = write!(out, "{y:04}-{m:02}-{d:02}");
}

/// `31/12/2025`
pub(crate) fn push_british(day: Day, out: &mut String) {
    let (y, m, d) = civil(day);
    let _ = write!(out, "{d:02}/{m:02}/{y:04}");
}

/// `12:34:56` of a second of the day.
pub(crate) fn push_time(second: u32, out: &mut String) {
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
}
