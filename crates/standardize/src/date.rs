//! Dates and timestamps.
//!
//! Years of two digits follow POSIX: 69–99 are 1969–1999, 00–68 are 2000–2068. A birth date written so that comes out
//! in the future is for [`plausible_birth_date`] to refuse; nothing is shifted by a century on a guess.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};

use crate::placeholder::{PlaceholderKind, is_placeholder};

/// Nobody has lived longer, by verified records, than 122 years.
const OLDEST: i32 = 122;

/// Reads a date by the first of `formats` (strftime) that fits. A time of day after the date is ignored, so that
/// `2001-02-03 00:00:00` fits `%Y-%m-%d`. Without formats, ISO 8601 is read (`2001-02-03`, `20010203`, with `/` or
/// `.`, with a time) and the notations that leave no doubt: a month in English words, `3.2.2001` (dotted is day first
/// everywhere), and with slashes or dashes where one number is above twelve or both are equal. Placeholders such as
/// 1900-01-01 are `None`.
///
/// ```
/// use goldsmith_standardize::date::parse;
/// let iso = |d: Option<chrono::NaiveDate>| d.map(|d| d.to_string());
/// assert_eq!(iso(parse("03/02/2001", &["%d/%m/%Y"])).as_deref(), Some("2001-02-03"));
/// assert_eq!(iso(parse("2001-02-03T10:00:00Z", &[])).as_deref(), Some("2001-02-03"));
/// assert_eq!(iso(parse("25/12/2001", &[])).as_deref(), Some("2001-12-25"));
/// assert_eq!(iso(parse("3 February 2001", &[])).as_deref(), Some("2001-02-03"));
/// assert_eq!(parse("03/02/2001", &[]), None);
/// ```
#[must_use]
pub fn parse(raw: &str, formats: &[&str]) -> Option<NaiveDate> {
    let raw = raw.trim();
    if raw.is_empty() || raw.len() > 64 || is_placeholder(PlaceholderKind::Date, raw) {
        return None;
    }
    if formats.is_empty() {
        return undeclared(raw);
    }
    // ISO 8601 means one thing whatever is declared, unless that is year, day, month.
    let iso = || raw.len() == 10 && !formats.iter().any(|format| format.starts_with("%Y-%d"));
    let read = formats.iter().find_map(|format| declared(raw, format));
    read.or_else(|| iso().then(|| declared(raw, "%Y-%m-%d")).flatten())
}

/// Days since 1970-01-01, as tables count them.
#[must_use]
pub fn days_since_epoch(date: NaiveDate) -> i32 {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).unwrap_or(0)
}

/// Whether a person living at `as_of` can have been born on `date`: not after `as_of`, and at most 122 years before.
///
/// ```
/// use chrono::NaiveDate;
/// use goldsmith_standardize::date::plausible_birth_date;
/// let day = |y| NaiveDate::from_ymd_opt(y, 6, 1).unwrap();
/// assert!(plausible_birth_date(day(1950), day(2025)));
/// assert!(!plausible_birth_date(day(2026), day(2025)));
/// assert!(!plausible_birth_date(day(1899), day(2025)));
/// ```
#[must_use]
pub fn plausible_birth_date(date: NaiveDate, as_of: NaiveDate) -> bool {
    date <= as_of && as_of.year() - date.year() <= OLDEST
}

/// Reads a point in time as microseconds since 1970-01-01T00:00:00Z, by the first of `formats` (strftime) that fits.
/// Without formats: ISO 8601 and RFC 3339 with or without offset, RFC 2822, a date alone (midnight), and Unix time of
/// ten digits (seconds), thirteen (milliseconds) or sixteen (microseconds). A time without offset is taken as UTC.
///
/// ```
/// use goldsmith_standardize::date::parse_timestamp;
/// assert_eq!(parse_timestamp("1970-01-01T01:00:00+01:00", &[]), Some(0));
/// assert_eq!(parse_timestamp("1970-01-01 00:00:01.5", &[]), Some(1_500_000));
/// assert_eq!(parse_timestamp("01/02/1970 00:00", &["%d/%m/%Y %H:%M"]), Some(31 * 86_400 * 1_000_000));
/// assert_eq!(parse_timestamp("1600000000", &[]), Some(1_600_000_000_000_000));
/// assert_eq!(parse_timestamp("soon", &[]), None);
/// ```
#[must_use]
pub fn parse_timestamp(raw: &str, formats: &[&str]) -> Option<i64> {
    let raw = raw.trim();
    if raw.is_empty() || raw.len() > 64 {
        return None;
    }
    let micros = |t: NaiveDateTime| t.and_utc().timestamp_micros();
    if !formats.is_empty() {
        return formats.iter().find_map(|format| {
            if *format == "%s" && raw.len() <= 11 && raw.bytes().all(|b| b.is_ascii_digit()) {
                return raw.parse::<i64>().ok()?.checked_mul(1_000_000);
            }
            let moment = if is_of_days(format) {
                None
            } else {
                DateTime::parse_from_str(raw, format)
                    .map(|t| t.timestamp_micros())
                    .or_else(|_| NaiveDateTime::parse_from_str(raw, format).map(micros))
                    .ok()
            };
            moment.or_else(|| declared(raw, format).and_then(|d| d.and_hms_opt(0, 0, 0)).map(micros))
        });
    }
    if raw.bytes().all(|b| b.is_ascii_digit()) && matches!(raw.len(), 10 | 13 | 16) {
        let scale = match raw.len() {
            10 => 1_000_000,
            13 => 1_000,
            _ => 1,
        };
        return raw.parse::<i64>().ok()?.checked_mul(scale);
    }
    iso_timestamp(raw)
        .or_else(|| DateTime::parse_from_rfc2822(raw).ok().map(|t| t.timestamp_micros()))
        .or_else(|| undeclared(raw).filter(|_| !raw.contains(':'))?.and_hms_opt(0, 0, 0).map(micros))
}

/// One declared format. The numeric ones (`%Y %m %d %y`) are read here, ten times as fast as by chrono.
fn declared(raw: &str, format: &str) -> Option<NaiveDate> {
    match numeric(raw.as_bytes(), format.as_bytes()) {
        Numeric::Read(date) => date,
        Numeric::NotNumeric => {
            if format == "%d %b %Y"
                && let Some(date) = day_month_year(raw.as_bytes())
            {
                return Some(date);
            }
            if let Ok((date, rest)) = NaiveDate::parse_and_remainder(raw, format) {
                return is_time_of_day(rest).then_some(date);
            }
            // A format with a time of day in it.
            NaiveDateTime::parse_from_str(raw, format).map(|t| t.date()).ok()
        }
    }
}

/// Whether a format has nothing but parts of a date, so that no time can be read by it.
fn is_of_days(format: &str) -> bool {
    let mut pattern = format.bytes();
    while let Some(byte) = pattern.next() {
        if byte == b'%' && !pattern.next().is_some_and(|part| b"YymdebBhaAj".contains(&part)) {
            return false;
        }
    }
    true
}

/// A day in `%d %b %Y`, written with all its digits; `None` for what else may fit the format.
fn day_month_year(raw: &[u8]) -> Option<NaiveDate> {
    let &[d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4] = raw else { return None };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0')))
    };
    let name = [m1, m2, m3].map(|letter| letter.to_ascii_lowercase());
    let month = MONTHS.iter().zip(1..).find(|(known, _)| known.as_bytes().starts_with(&name))?.1;
    ymd(number(&[y1, y2, y3, y4])?, month, number(&[d1, d2])?)
}

enum Numeric {
    Read(Option<NaiveDate>),
    NotNumeric,
}

fn numeric(raw: &[u8], format: &[u8]) -> Numeric {
    let (mut year, mut month, mut day) = (None, None, None);
    let mut at = 0usize;
    let mut pattern = format.iter();
    while let Some(&wanted) = pattern.next() {
        if wanted == b'%' {
            let (slot, width) = match pattern.next() {
                Some(b'Y') => (&mut year, 4),
                Some(b'y') => (&mut year, 2),
                Some(b'm') => (&mut month, 2),
                Some(b'd' | b'e') => (&mut day, 2),
                _ => return Numeric::NotNumeric,
            };
            let Some((value, digits)) = number(raw, at, width) else {
                return Numeric::Read(None);
            };
            at += digits;
            *slot = Some(match (width, digits) {
                (4, 4) => value,
                (4, _) => return Numeric::Read(None),
                _ => value,
            });
        } else if raw.get(at) == Some(&wanted) {
            at += 1;
        } else {
            return Numeric::Read(None);
        }
    }
    let rest = raw.get(at..).and_then(|r| std::str::from_utf8(r).ok());
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return Numeric::NotNumeric;
    };
    let short = format.windows(2).any(|w| w == b"%y");
    Numeric::Read(if rest.is_some_and(is_time_of_day) {
        ymd(if short { century(year) } else { year }, month, day)
    } else {
        None
    })
}

fn undeclared(raw: &str) -> Option<NaiveDate> {
    let bytes = raw.as_bytes();
    let (first, width) = match number(bytes, 0, 8) {
        Some(found) => found,
        None => return written_month(raw),
    };
    if width == 8 {
        return is_time_of_day(raw.get(8..)?).then(|| ymd(first / 10_000, first / 100 % 100, first % 100)).flatten();
    }
    let Some(&separator @ (b'-' | b'/' | b'.')) = bytes.get(width) else {
        return written_month(raw);
    };
    let second_at = width + 1;
    let Some((second, second_width)) = number(bytes, second_at, 4).filter(|(_, w)| *w <= 2) else {
        return written_month(raw);
    };
    if bytes.get(second_at + second_width) != Some(&separator) {
        return None;
    }
    let third_at = second_at + second_width + 1;
    let (third, third_width) = number(bytes, third_at, 4)?;
    if !is_time_of_day(raw.get(third_at + third_width..)?) {
        return None;
    }
    match (width, third_width) {
        (4, 1 | 2) => ymd(first, second, third),
        (1 | 2, 4) if separator == b'.' || first == second || first > 12 => ymd(third, second, first),
        (1 | 2, 4) if second > 12 => ymd(third, first, second),
        _ => None,
    }
}

/// `3 Feb 2001`, `February 3rd, 2001`, `03-FEB-2001`, `Sat, 3 Feb 2001`; years of four digits only.
fn written_month(raw: &str) -> Option<NaiveDate> {
    let (mut year, mut month, mut day) = (None, None, None);
    for word in raw.split([' ', ',', '-', '/', '.']).filter(|w| !w.is_empty()) {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            if month.is_none() && day_of_week(word) {
                continue;
            }
            if month.is_some() {
                return None;
            }
            month = Some(month_of(word)?);
        } else {
            let value = number(word.as_bytes(), 0, 4)?.0;
            let rest = word.get(digits..)?;
            match digits {
                4 if year.is_none() && rest.is_empty() => year = Some(value),
                1 | 2 if day.is_none() && (rest.is_empty() || matches!(rest, "st" | "nd" | "rd" | "th")) => {
                    day = Some(value)
                }
                _ if year.is_some() && month.is_some() && day.is_some() && is_time_of_day(&format!(" {word}")) => {
                    break;
                }
                _ => return None,
            }
        }
    }
    ymd(year?, month?, day?)
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn month_of(word: &str) -> Option<u32> {
    let lower = word.to_ascii_lowercase();
    let at = MONTHS
        .iter()
        .position(|m| *m == lower || m.get(..3) == Some(lower.as_str()) || (lower == "sept" && *m == "september"))?;
    u32::try_from(at + 1).ok()
}

fn day_of_week(word: &str) -> bool {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let lower = word.to_ascii_lowercase();
    DAYS.iter().any(|d| *d == lower || d.get(..3) == Some(lower.as_str()))
}

fn iso_timestamp(raw: &str) -> Option<i64> {
    let date = ymd_iso(raw.as_bytes())?;
    let rest = raw.get(10..)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?.trim_start();
    let bytes = rest.as_bytes();
    let two = |at: usize| number(bytes, at, 2).filter(|(_, w)| *w == 2).map(|(v, _)| v);
    let (hour, minute) = (two(0)?, (bytes.get(2) == Some(&b':')).then(|| two(3)).flatten()?);
    let mut at = 5;
    let mut second = 0;
    let mut micros = 0;
    if bytes.get(at) == Some(&b':') {
        second = two(at + 1)?;
        at += 3;
        if matches!(bytes.get(at), Some(b'.' | b',')) {
            at += 1;
            let mut scale = 100_000;
            let start = at;
            while let Some(digit) = bytes.get(at).filter(|b| b.is_ascii_digit()) {
                micros += u32::from(digit - b'0') * scale;
                scale /= 10;
                at += 1;
            }
            if at == start {
                return None;
            }
        }
    }
    let offset = offset_seconds(rest.get(at..)?.trim())?;
    // A leap second has no place in Unix time; it is the first of the next minute.
    let leap = i64::from(second == 60);
    let time = NaiveTime::from_hms_micro_opt(hour, minute, second.min(if leap == 1 { 59 } else { second }), micros)?;
    let utc = date.and_time(time).and_utc().timestamp_micros();
    utc.checked_add((leap - offset) * 1_000_000)
}

fn offset_seconds(offset: &str) -> Option<i64> {
    if offset.is_empty()
        || offset.eq_ignore_ascii_case("z")
        || offset.eq_ignore_ascii_case("utc")
        || offset.eq_ignore_ascii_case("gmt")
    {
        return Some(0);
    }
    let sign = match offset.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = offset.get(1..)?.replacen(':', "", 1);
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = if digits.len() == 4 { digits.get(2..)?.parse().ok()? } else { 0 };
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// What may follow a date: nothing, or a time of day, which is not looked at closely.
fn is_time_of_day(rest: &str) -> bool {
    let Some(&first) = rest.as_bytes().first() else {
        return true;
    };
    if !matches!(first, b' ' | b'T' | b't') {
        return false;
    }
    let time = rest.get(1..).unwrap_or_default().trim_start();
    time.is_empty()
        || (time.bytes().next().is_some_and(|b| b.is_ascii_digit())
            && time.contains(':')
            && time.bytes().all(|b| b.is_ascii_digit() || b":.,+-ZzTtUuCcAaPpMmGg ".contains(&b)))
}

/// The number of at most `width` digits that begins at `at`, and how many digits it has.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<(u32, usize)> {
    let mut value = 0u32;
    let mut digits = 0;
    while digits < width
        && let Some(byte) = bytes.get(at + digits).filter(|b| b.is_ascii_digit())
    {
        value = value * 10 + u32::from(byte - b'0');
        digits += 1;
    }
    (digits > 0).then_some((value, digits))
}

fn ymd_iso(bytes: &[u8]) -> Option<NaiveDate> {
    let part = |at, width| number(bytes, at, width).filter(|(_, w)| *w == width).map(|(v, _)| v);
    (bytes.get(4) == Some(&b'-') && bytes.get(7) == Some(&b'-')).then_some(())?;
    ymd(part(0, 4)?, part(5, 2)?, part(8, 2)?)
}

fn ymd(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

const fn century(year: u32) -> u32 {
    if year < 69 { 2000 + year } else { 1900 + year }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_is_read_beside_what_is_declared() {
        let day = NaiveDate::from_ymd_opt(1935, 3, 25);
        assert_eq!(parse("1935-03-25", &["%m/%d/%Y"]), day);
        assert_eq!(parse("1935-03-25", &["%Y-%d-%m"]), None, "it would be the 3rd of no month");
        assert_eq!(parse("25.03.1935", &["%m/%d/%Y"]), None);
    }
    use proptest::prelude::*;

    #[test]
    fn dates() {
        fn check(raw: &str, formats: &[&str], expected: Option<&str>) {
            assert_eq!(parse(raw, formats).map(|d| d.to_string()).as_deref(), expected, "{raw} by {formats:?}");
        }
        let day = Some("2001-02-03");
        check("2001-02-03", &[], day);
        check("2001/2/3", &[], day);
        check("20010203", &[], day);
        check("3.2.2001", &[], day);
        check("03.02.2001", &[], day);
        check("Feb 3rd, 2001", &[], day);
        check("03-FEB-2001", &[], day);
        check("Saturday, February 3, 2001", &[], day);
        check("2001-02-03 10:11:12", &[], day);
        check("2001-02-03", &["%d/%m/%Y", "%Y-%m-%d"], day);
        check("3/2/01", &["%d/%m/%y"], day);
        check("03 Feb 2001", &["%d %b %Y"], day);
        check("03/02/2001 00:00", &["%d/%m/%Y"], day);
        check("03/02/2001 10:11", &["%d/%m/%Y %H:%M"], day);
        check("2/3/69", &["%m/%d/%y"], Some("1969-02-03"));
        check("02/02/2001", &[], Some("2001-02-02"));
        check("12/25/2001", &[], Some("2001-12-25"));
        check("3/2/01", &[], None);
        check("31/02/2001", &["%d/%m/%Y"], None);
        check("03/02/2001 x", &["%d/%m/%Y"], None);
        check("1900-01-01", &[], None);
        check("2001-13-01", &[], None);
        check("2001", &[], None);
        check("tomorrow", &[], None);
        check("01-02-03", &[], None);
    }

    #[test]
    fn timestamps() {
        fn check(raw: &str, formats: &[&str], expected: Option<i64>) {
            assert_eq!(parse_timestamp(raw, formats), expected, "{raw} by {formats:?}");
        }
        let second = 1_000_000;
        check("1970-01-02", &[], Some(86_400 * second));
        check("1970-01-01T00:00Z", &[], Some(0));
        check("1970-01-01T00:00:00.000001Z", &[], Some(1));
        check("1970-01-01 00:00:00-0130", &[], Some(5_400 * second));
        check("Thu, 01 Jan 1970 00:00:10 +0000", &[], Some(10 * second));
        check("1600000000123", &[], Some(1_600_000_000_123_000));
        check("1970-01-01T24:00:00Z", &[], None);
        check("1970-01-01 01:00 +0100", &["%Y-%m-%d %H:%M %z"], Some(0));
        check("02.01.1970", &["%d.%m.%Y"], Some(86_400 * second));
        check("", &[], None);
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,30}", digits in "[0-9 :./+TZ-]{0,30}", format in "[%a-zA-Z/ .-]{0,8}") {
            for raw in [raw, digits] {
                let _ = (parse(&raw, &[]), parse(&raw, &[&format]), parse_timestamp(&raw, &[]), parse_timestamp(&raw, &[&format]));
            }
        }

        #[test]
        fn short_ways_agree_with_chrono(
            days in 0i32..80_000,
            seconds in 0i64..20_000_000_000,
            raw in "[0-3 ]?[0-9] (Jan|FEB|mar|Sept|dec|xyz) [+ ]?[0-9]{3,5}( 10:11)?",
            format in "%d %b %Y|%d %B %Y|%Y%m%d|%d/%m/%y|%Y-%m-%d %H:%M",
        ) {
            let slow = |raw: &str, format: &str| {
                DateTime::parse_from_str(raw, format).map(|t| t.timestamp_micros())
                    .or_else(|_| NaiveDateTime::parse_from_str(raw, format).map(|t| t.and_utc().timestamp_micros())).ok()
            };
            prop_assert_eq!(parse_timestamp(&seconds.to_string(), &["%s"]), slow(&seconds.to_string(), "%s"));
            let written = NaiveDate::from_num_days_from_ce_opt(690_000 + days).unwrap().and_time(NaiveTime::MIN).format(&format).to_string();
            for raw in [raw, written] {
                if is_of_days(&format) {
                    prop_assert_eq!(slow(raw.trim(), &format), None);
                }
                if let Some(day) = day_month_year(raw.as_bytes()) {
                    prop_assert_eq!(NaiveDate::parse_from_str(&raw, "%d %b %Y"), Ok(day));
                }
            }
        }

        #[test]
        fn the_numeric_reader_agrees_with_chrono(days in 0i32..80_000, format in "%Y-%m-%d|%d/%m/%Y|%m\\.%d\\.%Y|%Y%m%d|%e/%m/%Y") {
            let date = NaiveDate::from_num_days_from_ce_opt(690_000 + days).unwrap();
            let raw = date.format(&format).to_string();
            if !is_placeholder(PlaceholderKind::Date, &raw) {
                prop_assert_eq!(parse(&raw, &[&format]), NaiveDate::parse_from_str(&raw, &format).ok());
            }
        }
    }
}
