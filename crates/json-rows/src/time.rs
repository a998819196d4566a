//! Dates and times in the text of values.

use arrow::compute::kernels::cast_utils::string_to_datetime;
use chrono::{DateTime, NaiveTime, Utc};

/// Days since 1970 of a text such as `2024-02-01`. A time of day is no part of a date, unless it is midnight in UTC.
#[must_use]
pub fn date(text: &str) -> Option<i32> {
    let moment = moment(text).filter(|moment| moment.time() == NaiveTime::MIN)?;
    i32::try_from(moment.timestamp().div_euclid(86_400)).ok()
}

/// Microseconds since 1970 in UTC of a text such as `2024-02-01T13:05:00+01:00`. One without zone is in UTC.
#[must_use]
pub fn timestamp(text: &str) -> Option<i64> {
    moment(text).map(|moment| moment.timestamp_micros())
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    string_to_datetime(&Utc, text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_no_time_of_day() {
        for (text, days) in [("1969-12-31", -1), (" 1970-01-02 ", 1), ("1970-01-02T00:00:00Z", 1)] {
            assert_eq!(date(text), Some(days), "{text}");
        }
        for text in ["1970-01-02T13:00:00Z", "1970-01-02T00:00:00+01:00", "1990-13-01", "1990-02-30", "soon", ""] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_in_utc_where_it_names_no_zone() {
        assert_eq!(timestamp("1970-01-01T01:00:00.5+01:00"), Some(500_000));
        assert_eq!(timestamp("1970-01-01T00:00:01"), Some(1_000_000));
        assert_eq!(timestamp("9999-12-31T00:00:00Z"), Some(253_402_214_400_000_000));
        assert_eq!(timestamp("12:00"), None);
    }
}
