//! The file, and the pieces of it that are handed to the allocator.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Address space and length of file of the first piece: of each the allocator takes a three hundredth for itself.
const FIRST_PIECE: usize = 1 << 30;
/// Those of the later ones. The allocator takes up to sixteen gibibytes, less what it needs itself.
const PIECE: usize = 8 << 30;
/// What the allocator has taken by itself before anything is bounded.
const FIRST: u64 = 1 << 30;
/// Less is not worth a piece.
const LEAST: u64 = 64 << 20;

/// `commit`, `start`, `size`, `is_zero`, `argument`; whether it could be done.
type CommitFunction = unsafe extern "C" fn(bool, *mut c_void, usize, *mut bool, *mut c_void) -> bool;

// Of mimalloc 3, whose header documents both.
unsafe extern "C" {
    fn mi_reserve_os_memory(size: usize, commit: bool, allow_large: bool) -> c_int;
    fn mi_manage_memory(
        start: *mut c_void,
        size: usize,
        is_committed: bool,
        is_pinned: bool,
        is_zero: bool,
        numa_node: c_int,
        exclusive: bool,
        commit: CommitFunction,
        argument: *mut c_void,
        id: *mut *mut c_void,
    ) -> bool;
}

/// The bytes of all pieces that were ever used, without what the allocator itself took.
static LENGTH: AtomicU64 = AtomicU64::new(0);

/// How long the file is that holds what memory does not, in bytes; 0 where nothing ever lay in it.
pub(crate) fn length() -> u64 {
    LENGTH.load(Ordering::Relaxed)
}

/// Address space for so many bytes of memory, which the allocator uses before any file. Taken when it is used.
pub(crate) fn reserve_memory(bytes: u64) {
    let mut rest = bytes.saturating_sub(FIRST);
    while rest >= LEAST {
        let piece = rest.min(PIECE as u64);
        // SAFETY: takes numbers, and may be called at any time.
        let failed = unsafe { mi_reserve_os_memory(usize::try_from(piece).unwrap_or(PIECE), true, false) };
        if failed != 0 {
            return;
        }
        rest -= piece;
    }
}

/// The file that holds what memory does not.
pub(crate) struct Overflow {
    file: File,
    pieces: Vec<&'static Piece>,
}

/// A piece of the file, mapped for as long as the process lives: the allocator never gives it back.
pub(crate) struct Piece {
    file: c_int,
    /// Where it begins in the file.
    offset: usize,
    /// Where it begins in memory.
    start: usize,
    length: usize,
    /// The end of what was ever used of it, from its beginning.
    used: AtomicUsize,
    /// What the allocator itself took of it in the beginning.
    taken: AtomicUsize,
}

impl Overflow {
    /// An empty file without a name. It ends with the process, however that ends.
    pub(crate) fn in_directory(directory: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(directory)?;
        if is_memory(&file)? {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "its files are held in memory"));
        }
        // Without blocks of its own a page could find the disk full when it is written, which ends a process.
        let can = set_apart(file.as_raw_fd(), 0, 1 << 16).and_then(|()| let_go(file.as_raw_fd(), 0, 1 << 16));
        can.map_err(|error| match error.kind() {
            io::ErrorKind::Unsupported => io::Error::new(error.kind(), "its files cannot be given blocks beforehand"),
            _ => error,
        })?;
        let mut overflow = Self { file, pieces: Vec::new() };
        overflow.grow()?;
        Ok(overflow)
    }

    /// Whether anything lies in the file.
    pub(crate) fn is_used(&self) -> bool {
        self.pieces.iter().any(|piece| piece.used() > piece.taken.load(Ordering::Relaxed))
    }

    /// Whether the file should grow before it is full.
    pub(crate) fn is_nearly_used(&self) -> bool {
        self.pieces.last().is_some_and(|piece| piece.used() > piece.length / 8 * 7)
    }

    /// The used parts of the file: where each begins in memory, and how many bytes it has.
    pub(crate) fn used(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + '_ {
        self.pieces.iter().map(|piece| (piece.start, piece.used()))
    }

    /// Hands one more piece to the allocator.
    pub(crate) fn grow(&mut self) -> io::Result<()> {
        let length = if self.pieces.is_empty() { FIRST_PIECE } else { PIECE };
        let offset = self.pieces.last().map_or(0, |last| last.offset + last.length);
        self.file.set_len((offset + length) as u64)?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
        // SAFETY: a new mapping, wherever there is room.
        let map =
            unsafe { libc::mmap(ptr::null_mut(), length, protection, flags, self.file.as_raw_fd(), position(offset)) };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // Values of records have no place in a core dump.
        // SAFETY: the mapping made above.
        unsafe { libc::madvise(map, length, libc::MADV_DONTDUMP) };
        let piece: &'static Piece = Box::leak(Box::new(Piece {
            file: self.file.as_raw_fd(),
            offset,
            start: map as usize,
            length,
            used: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
        }));
        let argument = ptr::from_ref(piece).cast_mut().cast();
        let mut id = ptr::null_mut();
        // SAFETY: the mapping and the piece stay as long as the process; the file stays open, because the thread that
        // holds `self` does not end before.
        let taken =
            unsafe { mi_manage_memory(map, length, false, false, true, -1, false, commit, argument, &raw mut id) };
        if !taken {
            // SAFETY: the mapping made above, which nobody else knows of.
            unsafe { libc::munmap(map, length) };
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no blocks are left for the file"));
        }
        piece.taken.store(piece.used(), Ordering::Relaxed);
        LENGTH.fetch_sub(piece.used() as u64, Ordering::Relaxed);
        self.pieces.push(piece);
        Ok(())
    }
}

impl Piece {
    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Called by the allocator before it uses a part of a piece, and after it has had no use for one for a while.
unsafe extern "C" fn commit(
    commit: bool,
    start: *mut c_void,
    size: usize,
    is_zero: *mut bool,
    argument: *mut c_void,
) -> bool {
    // SAFETY: `grow` gave the allocator this piece, which is never freed, and nothing writes to it but through atomics.
    let piece = unsafe { &*argument.cast::<Piece>() };
    if !is_zero.is_null() {
        // A part of the range may have been in use all the time.
        // SAFETY: the allocator's own variable.
        unsafe { *is_zero = false };
    }
    let Some(within) = (start as usize).checked_sub(piece.start) else { return false };
    let offset = piece.offset + within;
    if commit {
        let has = set_apart(piece.file, offset, size).is_ok();
        if has {
            let before = piece.used.fetch_max(within + size, Ordering::Relaxed);
            LENGTH.fetch_add((within + size).saturating_sub(before) as u64, Ordering::Relaxed);
        }
        has
    } else {
        // Blocks that stay cost room on the disk, nothing else.
        let _ = let_go(piece.file, offset, size);
        true
    }
}

/// Gives a part of the file blocks on the disk.
fn set_apart(file: c_int, offset: usize, length: usize) -> io::Result<()> {
    allocate(file, 0, offset, length)
}

/// Takes its blocks from a part of the file, and its pages out of memory, without writing them.
fn let_go(file: c_int, offset: usize, length: usize) -> io::Result<()> {
    allocate(file, libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE, offset, length)
}

fn allocate(file: c_int, mode: c_int, offset: usize, length: usize) -> io::Result<()> {
    loop {
        // SAFETY: takes numbers; a descriptor that is none is an error.
        if unsafe { libc::fallocate(file, mode, position(offset), position(length)) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn position(offset: usize) -> libc::off_t {
    libc::off_t::try_from(offset).unwrap_or(libc::off_t::MAX)
}

/// Whether the file system keeps its files in memory.
fn is_memory(file: &File) -> io::Result<bool> {
    // SAFETY: a structure of numbers, for which zero is a value.
    let mut about: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: an open file, and a structure to write to.
    if unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut about) } != 0 {
        return Err(io::Error::last_os_error());
    }
    const RAMFS_MAGIC: u64 = 0x8584_58f6;
    let kind = about.f_type as u64 & 0xffff_ffff;
    Ok(kind == libc::TMPFS_MAGIC as u64 || kind == RAMFS_MAGIC)
}
