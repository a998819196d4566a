//! One value as the server sends it: as a number, as days or microseconds, and as text.

use chrono::{NaiveDate, NaiveDateTime};
use mysql_async::Value;

/// A whole number.
pub(crate) fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::UInt(number) => Some(i128::from(*number)),
        _ => None,
    }
}

/// Bits as a number.
pub(crate) fn bits(value: &Value) -> Option<u64> {
    match value {
        Value::Bytes(bytes) if bytes.len() <= 8 => {
            Some(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
        }
        _ => None,
    }
}

/// Decimal digits times ten to the power of `scale`. `None` where there are more digits or places.
pub(crate) fn decimal(value: &Value, precision: u8, scale: u8) -> Option<i128> {
    let Value::Bytes(bytes) = value else { return None };
    let (negative, digits) = match bytes.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, bytes.as_slice()),
    };
    let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
    let (before, after) = digits.split_at_checked(point)?;
    let after = after.get(1..).unwrap_or_default();
    let missing = usize::from(scale).checked_sub(after.len())?;
    let mut number = 0u128;
    for byte in before.iter().chain(after).chain(std::iter::repeat_n(&b'0', missing)) {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number = number.checked_mul(10)?.checked_add(u128::from(digit))?;
    }
    let number = i128::try_from(number).ok().filter(|_| number < 10u128.pow(u32::from(precision)))?;
    Some(if negative { -number } else { number })
}

/// A day that may be there (the zero date is none); the outer `None` where it is no day of the calendar.
pub(crate) fn date(value: &Value) -> Option<Option<i32>> {
    Some(match moment(value)? {
        Some(moment) => Some(i32::try_from(moment.div_euclid(86_400_000_000)).ok()?),
        None => None,
    })
}

/// Microseconds since 1970, as [`date`].
pub(crate) fn moment(value: &Value) -> Option<Option<i64>> {
    match *value {
        Value::Date(0, 0, 0, 0, 0, 0, 0) => Some(None),
        Value::Date(year, month, day, hour, minute, second, micro) => {
            let date = NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))?;
            let time = date.and_hms_micro_opt(u32::from(hour), u32::from(minute), u32::from(second), micro)?;
            Some(Some(time.and_utc().timestamp_micros()))
        }
        _ => None,
    }
}

/// Microseconds of a day.
pub(crate) fn time(value: &Value) -> Option<i64> {
    match *value {
        Value::Time(negative, 0, hour, minute, second, micro) => {
            let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
            let microseconds = seconds * 1_000_000 + i64::from(micro);
            (microseconds == 0 || !negative).then_some(microseconds)
        }
        _ => None,
    }
}

/// A row as text, for a person to look at: values in quotes, bytes in hex.
pub(crate) fn row<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<u8> {
    let values: Vec<String> = values.map(shown).collect();
    format!("({})", values.join(",")).into_bytes()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            Err(_) => bytes.iter().fold("0x".to_owned(), |hex, byte| hex + &format!("{byte:02X}")),
        },
        Value::NULL => "NULL".to_owned(),
        other => format!("'{}'", other.as_sql(true).trim_matches('\'')),
    }
}

/// The moment a text in ISO 8601 tells, as MySQL writes it; `None` where it tells none.
pub(crate) fn written_moment(text: &str) -> Option<String> {
    let plain = text.trim_end_matches('Z');
    let moment = NaiveDateTime::parse_from_str(plain, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(plain, "%Y-%m-%d %H:%M:%S%.f"));
    Some(moment.ok()?.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

/// As [`written_moment`], of a day.
pub(crate) fn written_date(text: &str) -> Option<String> {
    Some(NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.format("%Y-%m-%d").to_string())
}

/// Whether the text is a number in decimal.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (before, after) = digits.split_once('.').unwrap_or((digits, "0"));
    [before, after].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_whole_numbers_of_the_smallest_place() {
        let cases: [(&str, u8, u8, Option<i128>); 9] = [
            ("0", 1, 0, Some(0)),
            ("-1.50", 4, 2, Some(-150)),
            ("1.5", 4, 2, Some(150)),
            ("1.505", 4, 2, None),
            ("100.00", 4, 2, None),
            ("99.99", 4, 2, Some(9_999)),
            ("99999999999999999999999999999999999999", 38, 0, Some(10i128.pow(38) - 1)),
            ("-0.00000000000000000000000000000000000001", 38, 38, Some(-1)),
            ("1e3", 10, 0, None),
        ];
        for (text, precision, scale, expected) in cases {
            assert_eq!(decimal(&Value::from(text), precision, scale), expected, "{text}");
        }
    }

    #[test]
    fn marks_are_written_as_the_server_reads_them() {
        assert_eq!(written_moment("2024-01-03T00:00:00.000001Z").as_deref(), Some("2024-01-03 00:00:00.000001"));
        assert_eq!(written_moment("2024-01-03T10:00:00").as_deref(), Some("2024-01-03 10:00:00.000000"));
        assert_eq!(written_moment("2024-01-03' OR 1"), None);
        assert_eq!(written_date("2024-02-30"), None);
        for (text, number) in [("20", true), ("-2.50", true), ("", false), (".5", false), ("1 OR 1", false)] {
            assert_eq!(is_number(text), number, "{text}");
        }
    }
}
