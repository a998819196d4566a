//! A process that needs more memory than it may hold. One test, because the budget is that of the whole process.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use goldsmith_memory::{Allocator, SMALLEST, keep_within};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

const ARRAYS: u64 = 17;
const LENGTH: u64 = 16 << 20;

fn value(array: u64, index: u64) -> u64 {
    (array * LENGTH + index).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What the process holds, in bytes.
fn held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("of this process");
    let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("what it holds");
    held.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}

/// Waits until the pages beyond the budget are let go: on a busy machine the thread that does it may wake late.
fn settle() {
    let until = Instant::now() + Duration::from_secs(60);
    while held() > SMALLEST {
        assert!(Instant::now() < until, "{} bytes are held, {SMALLEST} may be", held());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_beyond_the_budget_is_neither_held_nor_lost() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    match keep_within(SMALLEST, directory.path()) {
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => {
            eprintln!("not tested: {}: {error}", directory.path().display());
            return;
        }
        bounded => bounded.expect("a budget"),
    }
    assert_eq!(std::fs::read_dir(directory.path()).expect("the folder").count(), 0, "the file has a name");
    // Over two gigabytes, in arrays of 128 megabytes, and as much again that is let go at once.
    let mut arrays: Vec<Vec<u64>> = Vec::new();
    for array in 0..ARRAYS {
        let filled: Vec<u64> = (0..LENGTH).map(|index| value(array, index)).collect();
        arrays.push(filled.clone());
        drop(filled);
        settle();
    }
    // Once more from the front, and here and there: by then most of it was let go.
    for (array, values) in (0..).zip(&mut arrays) {
        assert!((0..).zip(values.iter()).all(|(index, found)| *found == value(array, index)), "array {array} differs");
        values.iter_mut().step_by(4099).for_each(|slot| *slot = !*slot);
        settle();
    }
    for (array, values) in (0..).zip(&arrays) {
        let changed = (0..).zip(values).step_by(4099).all(|(index, found)| *found == !value(array, index));
        let rest = (0..).zip(values).skip(1).step_by(4099).all(|(index, found)| *found == value(array, index));
        assert!(changed && rest, "array {array} differs");
        settle();
    }
    assert!(arrays.len() as u64 * LENGTH * 8 > SMALLEST / 2 * 3);
    drop(arrays);
    assert!(vec![0_u64; LENGTH as usize].iter().all(|value| *value == 0), "what was freed came back");
    assert!(keep_within(SMALLEST - 1, directory.path()).is_ok(), "the first budget stays");
}
