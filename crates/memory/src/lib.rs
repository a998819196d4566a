//! A memory budget for a whole program.
//!
//! ```text
//!             allocations
//!                  │
//!              [`Allocator`] ── first ──▶ memory, up to what [`plain`] says of the budget
//!                  └──────────  then ───▶ a file without a name, mapped; its blocks are taken when it is used
//!                                              ▲
//!     `sweep`: what the process holds nears the budget ── lets go of pages of the file, which stay in the file
//! ```
//! Nothing else in a program has to know: an array that is larger than memory is an array. What is read from front to
//! back is read from the file as it comes; what is read here and there is slow where the machine has no memory left to
//! cache the file in.
//!
//! | module | what it holds |
//! |---|---|
//! | `arena` | the file, its pieces that are handed to the allocator, and the blocks they take |
//! | `sweep` | the thread that lets go of pages |
//! | `machine` | how much memory there is |
//! | `freed` | how long memory is kept that was let go of |

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod arena;
mod freed;
mod machine;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod sweep;

use std::path::Path;

pub use freed::keep_freed;
pub use machine::{available, peak};
/// The allocator of the program; [`keep_within`] bounds what it takes.
pub use mimalloc::MiMalloc as Allocator;

/// The smallest budget, in bytes. The allocator begins with a gigabyte that never goes to a file.
pub const SMALLEST: u64 = 1_500_000_000;

/// What the allocator has taken by itself before anything is bounded, in bytes.
const FIRST: u64 = 1 << 30;

/// How far the file was ever used, in bytes; 0 where memory was enough.
#[must_use]
pub fn in_file() -> u64 {
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    return arena::extent();
    #[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
    return 0;
}

/// How much of a budget is memory that never goes to the file; the rest is for pages of the file.
#[must_use]
pub fn plain(budget: u64) -> u64 {
    // With less room for them pages are read again and again.
    const FOR_PAGES: u64 = 1_500_000_000;
    budget.saturating_sub((budget / 4).max(FOR_PAGES)).max(FIRST)
}

/// From now on the process holds about `budget` bytes at most, as far as they come from [`Allocator`]; what is beyond lies
/// in a file in `directory` that has no name and ends with the process. Only the first call that succeeds counts.
///
/// Pages are let go every five milliseconds, so what many cores fill in that time may come on top. Not bounded are single
/// allocations of more than two gibibytes, and what other allocators, the stacks of threads and the program itself take.
/// Where the disk has no room, memory is taken instead.
///
/// # Errors
/// A budget below [`SMALLEST`]; a directory that cannot be written to, or whose file system cannot set blocks apart for
/// a file; any system but a Linux of 64 bits.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub fn keep_within(budget: u64, directory: &Path) -> std::io::Result<()> {
    static ON: std::sync::Mutex<bool> = std::sync::Mutex::new(false);
    let mut on = ON.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *on {
        return Ok(());
    }
    if budget < SMALLEST {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "the budget is too small"));
    }
    let is_uncached = available().is_none_or(|available| budget > available / 2);
    let mut file = arena::Overflow::in_directory(directory, is_uncached)?;
    // What the allocator was given first it mostly takes from first.
    arena::reserve_memory(plain(budget));
    file.grow()?;
    sweep::start(budget, file)?;
    *on = true;
    Ok(())
}

/// Bounds nothing here.
///
/// # Errors
/// Always: only a Linux of 64 bits is told how.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
pub fn keep_within(_budget: u64, _directory: &Path) -> std::io::Result<()> {
    Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "memory is bounded on Linux alone"))
}
