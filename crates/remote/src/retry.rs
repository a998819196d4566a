//! How long to wait before another try.

use std::time::{Duration, SystemTime};

use chrono::DateTime;

/// Tries without progress of one download.
pub(crate) const MAX_TRIES: u32 = 5;
/// The longest wait a server may ask for.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(120);
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The wait after the `tried`-th try (from 1) where the server does not say: doubling, and somewhere in its upper
/// half, so that many readers do not come back at once.
pub(crate) fn backoff(tried: u32) -> Duration {
    let most = FIRST_WAIT * 2_u32.saturating_pow(tried.saturating_sub(1).min(6));
    most.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// What a `Retry-After` header asks for (RFC 9110, 10.2.3): seconds, or a date.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = SystemTime::from(DateTime::parse_from_rfc2822(header).ok()?);
    Some(at.duration_since(now).unwrap_or_default())
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
    fn waits_grow_and_stay_bounded() {
        for tried in 1..40 {
            let most = FIRST_WAIT * 2_u32.pow((tried - 1).min(6));
            let wait = backoff(tried);
            assert!(wait >= most / 2 && wait <= most, "{tried}: {wait:?}");
        }
    }
}
