//! How much a run may hold in memory.

use std::path::Path;
use std::time::Duration;

use super::RunError;

/// What a run may hold in memory; what is beyond lies in a file without a name beside the published versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// What it takes.
    Unbounded,
    /// Seven tenths of what the machine or its container has; unbounded where the file cannot be had.
    Usual,
    /// So many bytes, at least [`goldsmith_memory::SMALLEST`].
    Bytes(u64),
}

/// How long memory is kept that was let go of: it saves 3 to 4 % of a run's CPU and costs 4 to 8 % more memory, which a run
/// with `--memory` has no room for.
const KEPT: Duration = Duration::from_secs(4);

impl Memory {
    /// What [`Memory::Usual`] comes to here, in bytes; `None` where nothing is bounded.
    #[must_use]
    pub fn usual() -> Option<u64> {
        let available = goldsmith_memory::available()?;
        (available > goldsmith_memory::SMALLEST).then(|| (available / 10 * 7).max(goldsmith_memory::SMALLEST))
    }

    /// Bounds the process from now on, with its file in `directory`.
    ///
    /// # Errors
    /// A bound that was asked for and cannot be held.
    pub(crate) fn bound(self, directory: &Path) -> Result<(), RunError> {
        if !matches!(self, Self::Bytes(_)) {
            goldsmith_memory::keep_freed(KEPT);
        }
        match self {
            Self::Unbounded => Ok(()),
            Self::Usual => {
                if let Some(bytes) = Self::usual() {
                    // A run that fits into memory needs no file.
                    let _ = goldsmith_memory::keep_within(bytes, directory);
                }
                Ok(())
            }
            Self::Bytes(bytes) => {
                // More than there is bounds nothing, and has no address.
                let most = goldsmith_memory::available().unwrap_or(u64::MAX).max(goldsmith_memory::SMALLEST);
                goldsmith_memory::keep_within(bytes.min(most), directory).map_err(|error| RunError::Io {
                    message: format!(
                        "--memory needs a file for what memory does not hold, and cannot have one in {}; leave --memory out, or mend this",
                        directory.display()
                    ),
                    error,
                })
            }
        }
    }
}
