//! Matching ends when nobody waits for it any more.

use std::sync::atomic::{AtomicU32, Ordering};

use goldsmith_resolve::{Decisions, Labels, Options, Progress, ResolveError, resolve, train};

use crate::people::{population, records};

/// Is asked so many times before it stops what asks.
struct Patience {
    left: AtomicU32,
    stages: AtomicU32,
}

impl Patience {
    fn of(times: u32) -> Self {
        Self { left: AtomicU32::new(times), stages: AtomicU32::new(0) }
    }
}

impl Progress for Patience {
    fn stage(&self, _: &str) {
        self.stages.fetch_add(1, Ordering::Relaxed);
    }

    fn advance(&self, _: u64) {}

    fn is_stopped(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }
}

#[test]
fn every_stage_can_be_the_last() {
    let rows = population(100, 3);
    let options = Options { threads: Some(1), ..Options::default() };
    let run = |patience: &Patience| resolve(&mut records(&rows), &options, None, &Decisions::default(), patience);
    let mut seen = Vec::new();
    for times in 0.. {
        let patience = Patience::of(times);
        match run(&patience) {
            Err(error) => assert!(matches!(error, ResolveError::Stopped), "{error}"),
            Ok(_) => break,
        }
        seen.push(patience.stages.into_inner());
    }
    // Before each stage, and twice while pairs are compared: before a part of them and after it.
    assert_eq!(seen, [0, 1, 2, 3, 3, 3, 4]);
    let trained = train(&mut records(&rows), &options, &Labels::default(), &Patience::of(1));
    assert!(matches!(trained, Err(ResolveError::Stopped)));
}
