//! How long to wait before another try.

use std::time::Duration;

use goldsmith_remote::retry::{MAX_TRIES, backoff};
use goldsmith_source::SourceError;

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
