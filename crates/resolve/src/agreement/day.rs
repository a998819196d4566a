//! Calendar days.

/// A calendar day and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: i32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) number: i32,
    /// `YYYYMMDD` in four bits a digit.
    pub(crate) digits: u32,
}

pub(super) fn day_level(left: Option<Day>, right: Option<Day>) -> u8 {
    let (Some(x), Some(y)) = (left, right) else { return 0 };
    if (x.year == y.year && x.month == y.day && x.day == y.month) || one_slip(x, y) {
        return 2;
    }
    if (x.number - y.number).abs() <= 10 {
        return 3;
    }
    let same = usize::from(x.year == y.year) + usize::from(x.month == y.month) + usize::from(x.day == y.day);
    if same == 2 { 4 } else { 5 }
}

/// Whether one digit of `YYYYMMDD` differs, or two neighbours are swapped.
fn one_slip(x: Day, y: Day) -> bool {
    let differ = x.digits ^ y.digits;
    if differ == 0 {
        return true;
    }
    let (low, high) = (differ.trailing_zeros() / 4, (u32::BITS - 1 - differ.leading_zeros()) / 4);
    let digit = |day: Day, at: u32| day.digits >> (4 * at) & 15;
    low == high || high == low + 1 && digit(x, low) == digit(y, high) && digit(x, high) == digit(y, low)
}

/// Reads `YYYY-MM-DD` (days since 1970-01-01 by Hinnant's civil calendar).
pub(crate) fn parse_day(value: &str) -> Option<Day> {
    let mut parts = value.splitn(3, '-');
    let year: i32 = parts.next()?.parse().ok()?;
    let month: u32 = parts.next()?.parse().ok()?;
    let day: u32 = parts.next()?.parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(0..=9999).contains(&year) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted - era * 400;
    let of_year = (153 * ((month as i32 + 9) % 12) + 2) / 5 + day as i32 - 1;
    let number = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let plain = year as u32 * 10_000 + month * 100 + day;
    let digits = (0..8).fold(0, |packed, place| packed | ((plain / 10u32.pow(place) % 10) << (4 * place)));
    Some(Day { year, month, day, number, digits })
}
