//! How long to wait before another try.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use goldsmith_source::SourceError;

/// Tries of one request.
pub(crate) const MAX_TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The tries of one request.
pub(crate) struct Patience {
    tried: u32,
    /// The wait that is too long.
    most: Duration,
}

impl Patience {
    pub(crate) fn new(max_wait_seconds: u64) -> Self {
        Self { tried: 1, most: Duration::from_secs(max_wait_seconds) }
    }

    /// Waits until the request may be tried again: as long as was `asked` for, or ever longer.
    ///
    /// # Errors
    /// `error` where it was tried often enough, or the wait would be too long.
    pub(crate) async fn again(&mut self, mut error: SourceError, asked: Option<Duration>) -> Result<(), SourceError> {
        if self.tried >= MAX_TRIES {
            return Err(error);
        }
        let wait = asked.unwrap_or_else(|| backoff(self.tried));
        if wait > self.most {
            error.message = format!(
                "asks to wait {} s, and \"limits.max_wait_seconds\" is {}; run again later",
                wait.as_secs(),
                self.most.as_secs()
            );
            return Err(error);
        }
        tokio::time::sleep(wait).await;
        self.tried += 1;
        Ok(())
    }
}

/// The wait after the `tried`-th try (from 1) where the service does not say: doubling, and somewhere in its upper
/// half, so that many readers do not come back at once.
fn backoff(tried: u32) -> Duration {
    let most = FIRST_WAIT * 2_u32.saturating_pow(tried.saturating_sub(1).min(6));
    most.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// What a `Retry-After` header asks for (RFC 9110, 10.2.3): seconds, or a date.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    Some(date(header)?.duration_since(now).unwrap_or_default())
}

/// The time in a `Date` header.
pub(crate) fn date(header: &str) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(http_date(header.trim())?))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.strip_suffix(" GMT")?.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let mut clock = words.next()?.split(':').map(str::parse::<u64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let day: u64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()?;
    let year: u64 = year.parse().ok().filter(|year| (1970..10_000).contains(year))?;
    // Years start in March here, so that the leap day is the last one.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    Some((days.checked_sub(719_468)?) * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_retry_after_are_understood() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
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
