//! How long the allocator keeps what the program let go of.

use std::ffi::{c_int, c_long};
use std::time::Duration;

// Of mimalloc 3.3, whose header documents them.
unsafe extern "C" {
    fn mi_version() -> c_int;
    fn mi_option_set_default(option: c_int, value: c_long);
}

/// `mi_option_purge_delay`: milliseconds until memory that was let go of is given back.
const PURGE_DELAY: c_int = 15;

/// Memory that the program lets go of is kept this long, instead of a second, before the system has it back: the system
/// clears every page it hands out, and one stage asks for what another let go of seconds ago. More is held at the peak.
/// The allocator's own variable, `MIMALLOC_PURGE_DELAY`, goes before this.
pub fn keep_freed(time: Duration) {
    // SAFETY: takes nothing, returns a number. Of another version the number of an option may mean another.
    if unsafe { mi_version() } / 100 == 303 {
        let milliseconds = c_long::try_from(time.as_millis()).unwrap_or(c_long::MAX);
        // SAFETY: takes numbers; threads that let go of memory meanwhile read the old one or the new one.
        unsafe { mi_option_set_default(PURGE_DELAY, milliseconds) };
    }
}
