//! How long memory is kept is an option of the allocator, known by its number.

use std::ffi::{c_int, c_long};
use std::time::Duration;

use goldsmith_memory::{Allocator, keep_freed};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

unsafe extern "C" {
    fn mi_option_get(option: c_int) -> c_long;
}

#[test]
fn the_time_of_the_allocator_is_set() {
    // SAFETY: takes a number and returns one.
    let kept = || unsafe { mi_option_get(15) };
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_some() {
        return;
    }
    // The default of this option alone.
    assert_eq!(kept(), 1000);
    keep_freed(Duration::from_secs(4));
    assert_eq!(kept(), 4000);
}
