//! The thread that lets go of pages.
//!
//! Pages of the file are let go one range after the other, round and round, whoever used them last: the kernel keeps them
//! in its cache as long as it has room, so one that is needed again is mapped again, mostly without reading.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use crate::arena::Overflow;

/// How much is let go before memory is looked at again.
const STEP: usize = 32 << 20;
/// While nothing lies in the file, and while something does: two cores fill some ten megabytes in the shorter time.
const IDLE: Duration = Duration::from_millis(50);
const BUSY: Duration = Duration::from_millis(5);
/// A file that cannot grow is not asked to again before.
const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps what the process holds below `budget` bytes for as long as it lives.
pub(crate) fn start(budget: u64, file: Overflow) -> io::Result<()> {
    let held = Held::open()?;
    std::thread::Builder::new().name("memory".to_owned()).spawn(move || watch(budget, file, &held)).map(drop)
}

fn watch(budget: u64, mut file: Overflow, memory: &Held) {
    // What comes while pages are let go has a tenth of the budget.
    let (most, goal) = (budget - budget / 10, budget - budget / 7);
    let mut hand = Hand::default();
    let mut refused: Option<Instant> = None;
    loop {
        if !file.is_used() {
            std::thread::sleep(IDLE);
            continue;
        }
        std::thread::sleep(BUSY);
        if file.is_nearly_used() && refused.is_none_or(|at| at.elapsed() > PATIENCE) {
            // Where it cannot grow, the allocator takes memory.
            refused = file.grow().is_err().then(Instant::now);
        }
        // A process whose pages are not of files cannot be helped by letting go of these.
        let is_helped = |now: Pages| now.of_files > budget / 16;
        if !memory.now().is_some_and(|now| now.all > most && is_helped(now)) {
            continue;
        }
        let mut rest: usize = file.used().map(|(_, used)| used).sum();
        while rest > 0 && memory.now().is_some_and(|now| now.all > goal && is_helped(now)) {
            rest = rest.saturating_sub(hand.let_go(&file));
        }
    }
}

/// Goes round the used parts of the file.
#[derive(Default)]
struct Hand {
    piece: usize,
    within: usize,
}

impl Hand {
    /// Lets go of the next pages; how many bytes it went on by.
    fn let_go(&mut self, file: &Overflow) -> usize {
        let Some((start, used)) = file.used().nth(self.piece) else {
            *self = Self::default();
            return 0;
        };
        let length = STEP.min(used.saturating_sub(self.within));
        if length == 0 {
            *self = Self { piece: self.piece + 1, within: 0 };
            return 0;
        }
        // SAFETY: a part of a mapping of a file that is shared, which `Overflow` never unmaps: what was written to a page
        // that is let go is in the file, and read from there when the page is touched again.
        unsafe { libc::madvise((start + self.within) as *mut libc::c_void, length, libc::MADV_DONTNEED) };
        self.within += length;
        length
    }
}

/// What the process holds.
struct Held {
    statm: File,
    page: u64,
}

#[derive(Clone, Copy)]
struct Pages {
    /// Bytes in memory.
    all: u64,
    /// Those of them that are pages of files.
    of_files: u64,
}

impl Held {
    fn open() -> io::Result<Self> {
        // SAFETY: takes a number, returns one.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        Ok(Self { statm: File::open("/proc/self/statm")?, page: u64::try_from(page).unwrap_or(4096) })
    }

    fn now(&self) -> Option<Pages> {
        let mut text = [0; 128];
        let length = self.statm.read_at(&mut text, 0).ok()?;
        let text = std::str::from_utf8(text.get(..length)?).ok()?;
        let mut pages = text.split(' ').skip(1).map_while(|number| number.parse::<u64>().ok());
        Some(Pages { all: pages.next()? * self.page, of_files: pages.next()? * self.page })
    }
}
