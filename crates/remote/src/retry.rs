//! Trying again over HTTP: how often, how long to wait, and what a failure is called.

use std::time::{Duration, SystemTime};

use chrono::DateTime;

/// Tries of one request, or without progress of one download.
pub const MAX_TRIES: u32 = 5;
/// The longest wait a server may ask for.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(120);
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The wait after the `tried`-th try (from 1) where the server does not say: doubling, and somewhere in its upper
/// half, so that many readers do not come back at once.
#[must_use]
pub fn backoff(tried: u32) -> Duration {
    let most = FIRST_WAIT * 2_u32.saturating_pow(tried.saturating_sub(1).min(6));
    most.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// What a `Retry-After` header asks for (RFC 9110, 10.2.3): seconds, or a date.
#[must_use]
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(date(header)?.duration_since(now).unwrap_or_default())
}

/// The time in a `Date` header: `Sun, 06 Nov 1994 08:49:37 GMT`.
#[must_use]
pub fn date(header: &str) -> Option<SystemTime> {
    // A wrong day of the week is no reason not to believe the rest.
    let date = header.split_once(',').map_or(header, |(_, date)| date);
    DateTime::parse_from_rfc2822(date.trim()).ok().map(SystemTime::from)
}

/// What became of a request that met no answer, or half of one, [`MAX_TRIES`] times, and what to do. The address is
/// left out.
#[must_use]
pub fn unanswered(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    let what = if error.is_timeout() {
        "did not answer in time".to_owned()
    } else if error.is_connect() {
        format!("cannot be reached ({deepest})")
    } else {
        format!("broke off its answer ({deepest})")
    };
    format!("{what}, {MAX_TRIES} times; check the address and the network, and run again later")
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn both_forms_of_retry_after_are_understood() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn dates_of_headers_are_understood() {
        let seconds = |header: &str| date(header)?.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
        assert_eq!(seconds(" Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(seconds("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(seconds("Mon, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(seconds("2024-02-29"), None);
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        for tried in 1..40 {
            let most = FIRST_WAIT * 2_u32.pow((tried - 1).min(6));
            let wait = backoff(tried);
            assert!(wait >= most / 2 && wait <= most, "{tried}: {wait:?}");
        }
    }
}
