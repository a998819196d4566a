//! Not more requests in a second than the service, or whoever pays for it, wants.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Requests at even distances.
pub(crate) struct Pace {
    distance: Duration,
    /// When the next request may go.
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// `per_second` is above 0; `None` for as many as there are.
    pub(crate) fn new(per_second: Option<f64>) -> Self {
        // A rate so small that its distance is no duration waits for the longest one that is safe to add.
        let longest = Duration::from_secs(86_400);
        let distance = per_second
            .map(|rate| Duration::try_from_secs_f64(1.0 / rate).unwrap_or(longest).min(longest))
            .unwrap_or_default();
        Self { distance, next: Mutex::new(None) }
    }

    /// Waits for this request's turn.
    pub(crate) async fn turn(&self) {
        if self.distance.is_zero() {
            return;
        }
        tokio::time::sleep(self.wait(Instant::now())).await;
    }

    fn wait(&self, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + self.distance);
        at - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_at_even_distances() {
        let (pace, now) = (Pace::new(Some(4.0)), Instant::now());
        let quarter = Duration::from_millis(250);
        assert_eq!(pace.wait(now), Duration::ZERO);
        assert_eq!(pace.wait(now), quarter);
        assert_eq!(pace.wait(now + quarter), quarter);
        // A pause earns nothing.
        let later = now + quarter * 20;
        assert_eq!(pace.wait(later), Duration::ZERO);
        assert_eq!(pace.wait(later), quarter);
        assert_eq!(Pace::new(Some(1e-300)).wait(now), Duration::ZERO);
    }
}
