//! Days written the ways the systems write them.

use chrono::{Datelike, NaiveDate};

use crate::digits::push_number;
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
    push_number(y.unsigned_abs().into(), 4, out);
    out.push('-');
    push_number(m.into(), 2, out);
    out.push('-');
    push_number(d.into(), 2, out);
}

/// `31/12/2025`
pub(crate) fn push_british(day: Day, out: &mut String) {
    let (y, m, d) = civil(day);
    push_number(d.into(), 2, out);
    out.push('/');
    push_number(m.into(), 2, out);
    out.push('/');
    push_number(y.unsigned_abs().into(), 4, out);
}

/// `12:34:56` of a second of the day.
pub(crate) fn push_time(second: u32, out: &mut String) {
    push_number((second / 3600).into(), 2, out);
    out.push(':');
    push_number((second / 60 % 60).into(), 2, out);
    out.push(':');
    push_number((second % 60).into(), 2, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_the_systems_do() {
        let written = |push: fn(Day, &mut String), day| {
            let mut text = String::new();
            push(day, &mut text);
            text
        };
        assert_eq!(written(push_iso, 20_453), "2025-12-31");
        assert_eq!(written(push_british, -25_567), "01/01/1900");
        assert_eq!(day_of(1900, 1, 1), Some(-25_567));
        let mut time = String::new();
        push_time(86_399, &mut time);
        assert_eq!(time, "23:59:59");
    }
}
