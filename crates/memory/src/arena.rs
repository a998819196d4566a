//! The file, and the pieces of it that are handed to the allocator.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Address space and length of file of one piece: the allocator takes sixteen gibibytes less what it needs itself, a five
/// hundredth. A larger array than what is left of a piece goes to memory.
const PIECE: usize = 15 << 30;
/// Address space of one piece of plain memory.
const PLAIN_PIECE: u64 = 8 << 30;
/// Less is not worth a piece.
const LEAST: u64 = 64 << 20;
/// So much of a disk is left to those who publish on it.
const LEFT_FREE: u64 = 256 << 20;

/// `commit`, `start`, `size`, `is_zero`, `argument`; whether it could be done.
type CommitFunction = unsafe extern "C" fn(bool, *mut c_void, usize, *mut bool, *mut c_void) -> bool;

// Of mimalloc 3.3, whose header documents them.
unsafe extern "C" {
    fn mi_version() -> c_int;
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

/// The ends of what was ever used of all pieces, without what the allocator itself took of them.
static EXTENT: AtomicU64 = AtomicU64::new(0);

/// How much of the file was ever used, gaps included, in bytes; 0 where nothing ever lay in it.
pub(crate) fn extent() -> u64 {
    EXTENT.load(Ordering::Relaxed)
}

/// Address space for so many bytes of memory, which the allocator uses before the file. Taken when it is used.
pub(crate) fn reserve_memory(bytes: u64) {
    let mut rest = bytes.saturating_sub(crate::FIRST);
    while rest >= LEAST {
        let piece = rest.min(PLAIN_PIECE);
        // SAFETY: takes numbers, and may be called at any time.
        if unsafe { mi_reserve_os_memory(piece as usize, true, false) } != 0 {
            return;
        }
        rest -= piece;
    }
}

/// The file that holds what memory does not. It is open as long as the process: the allocator never gives it back.
pub(crate) struct Overflow {
    file: &'static File,
    /// Its pages are read from the disk each without those around it, which are mostly not what is read next, and push out
    /// others where there is little room.
    is_uncached: bool,
    pieces: Vec<&'static Piece>,
}

/// A piece of the file, mapped for as long as the process lives.
pub(crate) struct Piece {
    file: &'static File,
    /// Where it begins in the file.
    offset: usize,
    /// Where it begins in memory.
    start: usize,
    /// The end of what was ever used of it, from its beginning.
    used: AtomicUsize,
    /// What the allocator itself took of it in the beginning.
    taken: AtomicUsize,
}

impl Overflow {
    /// An empty file without a name. It ends with the process, however that ends. `is_uncached` says that the system has
    /// little memory left to keep its pages in.
    pub(crate) fn in_directory(directory: &Path, is_uncached: bool) -> io::Result<Self> {
        let unsupported = |what| io::Error::new(io::ErrorKind::Unsupported, what);
        // SAFETY: takes nothing, returns a number.
        if unsafe { mi_version() } / 100 != 303 {
            return Err(unsupported("the allocator is of another version than this program knows"));
        }
        let file = tempfile::tempfile_in(directory)?;
        if !keeps_blocks_apart(&file)? {
            return Err(unsupported("its file system is not one of ext4, XFS and F2FS on a disk"));
        }
        set_apart(&file, 0, 1 << 16).and_then(|()| give_back(&file, 0, 1 << 16))?;
        Ok(Self { file: Box::leak(Box::new(file)), is_uncached, pieces: Vec::new() })
    }

    /// Whether anything lies in the file.
    pub(crate) fn is_used(&self) -> bool {
        self.pieces.iter().any(|piece| piece.used() > piece.taken.load(Ordering::Relaxed))
    }

    /// Whether the file should grow before it is full.
    pub(crate) fn is_nearly_used(&self) -> bool {
        self.pieces.last().is_some_and(|piece| piece.used() > PIECE / 4 * 3)
    }

    /// The used parts of the file: where each begins in memory, and how many bytes it has.
    pub(crate) fn used(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + '_ {
        self.pieces.iter().map(|piece| (piece.start, piece.used()))
    }

    /// Hands one more piece to the allocator.
    pub(crate) fn grow(&mut self) -> io::Result<()> {
        let offset = self.pieces.len() * PIECE;
        // A process that goes beyond is sent a signal that ends it.
        if longest_file()? < (offset + PIECE) as u64 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.set_len((offset + PIECE) as u64)?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_NORESERVE;
        // SAFETY: a new mapping, wherever there is room.
        let map =
            unsafe { libc::mmap(ptr::null_mut(), PIECE, protection, flags, self.file.as_raw_fd(), position(offset)) };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        if self.is_uncached {
            // SAFETY: the mapping made above.
            unsafe { libc::madvise(map, PIECE, libc::MADV_RANDOM) };
        }
        let piece = Box::into_raw(Box::new(Piece {
            file: self.file,
            offset,
            start: map as usize,
            used: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
        }));
        let mut id = ptr::null_mut();
        // SAFETY: the mapping, the piece and its file stay as long as the process, unless the allocator refuses them.
        let taken =
            unsafe { mi_manage_memory(map, PIECE, false, false, true, -1, false, commit, piece.cast(), &raw mut id) };
        if !taken {
            // SAFETY: the mapping and the piece made above, which nobody else knows of.
            unsafe {
                libc::munmap(map, PIECE);
                drop(Box::from_raw(piece));
            }
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk has no room for it"));
        }
        // SAFETY: made above, and never freed from here on.
        let piece: &'static Piece = unsafe { &*piece };
        let used = piece.used();
        piece.taken.store(used, Ordering::Relaxed);
        EXTENT.fetch_sub(used as u64, Ordering::Relaxed);
        self.pieces.push(piece);
        Ok(())
    }
}

impl Piece {
    fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// Called by the allocator before it uses a part of a piece, and after it has had no use for one for a while. It must not
/// allocate.
unsafe extern "C" fn commit(
    commit: bool,
    start: *mut c_void,
    size: usize,
    is_zero: *mut bool,
    argument: *mut c_void,
) -> bool {
    // SAFETY: `grow` gave the allocator this piece, which is not freed while it is in use, and is shared.
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
            EXTENT.fetch_add((within + size).saturating_sub(before) as u64, Ordering::Relaxed);
        }
        has
    } else {
        // Blocks that stay cost room on the disk, nothing else.
        let _ = give_back(piece.file, offset, size);
        true
    }
}

/// Gives a part of the file blocks on the disk: without them a page could find the disk full when it is written, which
/// ends a process.
fn set_apart(file: &File, offset: usize, length: usize) -> io::Result<()> {
    // What was allocated before a disk is found full stays allocated, so it is looked at first.
    if free(file)? < length as u64 + LEFT_FREE {
        return Err(io::ErrorKind::StorageFull.into());
    }
    allocate(file, 0, offset, length)
}

/// Takes its blocks from a part of the file, and its pages out of memory, without writing them.
fn give_back(file: &File, offset: usize, length: usize) -> io::Result<()> {
    allocate(file, libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE, offset, length)
}

fn allocate(file: &File, mode: c_int, offset: usize, length: usize) -> io::Result<()> {
    loop {
        // SAFETY: an open file, and numbers.
        if unsafe { libc::fallocate(file.as_raw_fd(), mode, position(offset), position(length)) } == 0 {
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

/// Whether blocks that a file was given beforehand serve every later write of it. On file systems that write each block to
/// a new place they do not, and those on other machines promise nothing; some are memory themselves. A layered one, as
/// containers have, is taken for what it mostly lies on.
fn keeps_blocks_apart(file: &File) -> io::Result<bool> {
    const EXT: u64 = 0xef53;
    const XFS: u64 = 0x5846_5342;
    const F2FS: u64 = 0xf2f5_2010;
    const OVERLAY: u64 = 0x794c_7630;
    // SAFETY: a structure of numbers, for which zero is a value.
    let mut about: libc::statfs = unsafe { std::mem::zeroed() };
    // SAFETY: an open file, and a structure to write to.
    if unsafe { libc::fstatfs(file.as_raw_fd(), &raw mut about) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok([EXT, XFS, F2FS, OVERLAY].contains(&(about.f_type as u64 & 0xffff_ffff)))
}

/// How long a file of the process may be, in bytes.
fn longest_file() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a structure to write to.
    if unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(limit.rlim_cur)
}

/// Bytes of the disk that are free.
fn free(file: &File) -> io::Result<u64> {
    // SAFETY: a structure of numbers, for which zero is a value.
    let mut about: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: an open file, and a structure to write to.
    if unsafe { libc::fstatvfs(file.as_raw_fd(), &raw mut about) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}
