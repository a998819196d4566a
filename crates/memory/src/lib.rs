//! A memory budget for a whole program.
//!
//! ```text
//!             allocations
//!                  │
//!              [`Allocator`] ── first ──▶ memory, up to three quarters of the budget
//!                  └──────────  then ───▶ a file without a name, mapped; its blocks are taken when they are used
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

mod arena;
mod machine;
mod sweep;

use std::path::Path;
use std::sync::Mutex;

pub use machine::{available, peak};
/// The allocator of the program; [`keep_within`] bounds what it takes.
pub use mimalloc::MiMalloc as Allocator;

/// The smallest budget, in bytes. The allocator begins with a gigabyte that never goes to a file.
pub const SMALLEST: u64 = 1_500_000_000;

/// Bytes of the file that were ever used: 0 where memory was enough.
#[must_use]
pub fn in_file() -> u64 {
    arena::length()
}

/// Of the budget at least so many bytes are for pages of the file; fewer are read again and again.
const FOR_PAGES: u64 = 1_500_000_000;

static ON: Mutex<bool> = Mutex::new(false);

/// From now on the process holds at most `budget` bytes, as far as they come from [`Allocator`]; what is beyond lies in a
/// file in `directory` that has no name and ends with the process. Only the first call of a process counts.
///
/// Not bounded are single allocations of more than two gibibytes, and what other allocators, the stacks of threads and
/// the program itself take. Where the disk is full, memory is taken instead.
///
/// # Errors
/// The directory cannot be written to, lies in memory itself, or its file system cannot set blocks apart for a file.
pub fn keep_within(budget: u64, directory: &Path) -> std::io::Result<()> {
    let mut on = ON.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*on {
        // The allocator takes from what it was given first. The rest of the budget is for pages of the file.
        arena::reserve_memory(budget - (budget / 4).max(FOR_PAGES));
        sweep::start(budget, arena::Overflow::in_directory(directory)?)?;
        *on = true;
    }
    Ok(())
}
