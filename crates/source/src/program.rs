//! Running a program and keeping what it writes: for connectors whose system is a program.
//!
//! The output goes through a pipe into an unnamed temporary file, so that a program is run once for schema and rows, and
//! nothing of it is used unless it ended well. There is no shell, and the program sees only the environment that is
//! named here. The pipe is what bounds it: once it is closed, whoever still writes is ended by the system, be it a
//! program that the program started.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::{ErrorKind, SourceError};

/// Variables a program inherits; everything else is cleared.
pub const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];
/// Bytes of stderr that are kept; what comes after is dropped.
pub const MAX_LOG_BYTES: u64 = 16 << 20;
/// How long stdout and stderr may stay open after the program itself has ended, held by a program it left behind.
const PATIENCE: Duration = Duration::from_secs(2);
const PIPE_BUFFER: usize = 128 << 10;
const LONGEST_NAP: Duration = Duration::from_millis(20);
/// How long a program file may still be open for writing, as it is while it is being installed.
const BUSY: Duration = Duration::from_secs(5);

/// A program and its bounds.
#[derive(Clone)]
pub struct Program {
    /// A name to be found in PATH, or a path; a relative path with a folder in it starts from `base_dir`.
    pub program: String,
    pub args: Vec<String>,
    /// Variables beside the inherited ones. Values may be secret: they are in no error and no `Debug`.
    pub env: Vec<(String, String)>,
    /// The folder of the pipeline file.
    pub base_dir: PathBuf,
    /// The folder to run in.
    pub working_dir: PathBuf,
    pub timeout: Duration,
    /// Bytes it may write to stdout.
    pub max_bytes: u64,
    /// The file that keeps what it writes to stderr, as written in the pipeline file. Made anew by each run, readable
    /// by the owner alone, because programs print values there.
    pub log: Option<String>,
}

/// What a program that ended well wrote to stdout.
#[derive(Debug, Clone)]
pub struct Output {
    file: Arc<File>,
    bytes: u64,
    checksum: String,
}

/// An [`Output`] from its start to its end.
#[derive(Debug)]
pub struct OutputReader {
    file: Arc<File>,
    at: u64,
    end: u64,
}

/// Seconds a program may take where the pipeline file does not say.
#[must_use]
pub fn default_timeout_seconds() -> u64 {
    3_600
}

/// Bytes a program may write where the pipeline file does not say: 16 GiB.
#[must_use]
pub fn default_max_bytes() -> u64 {
    16 << 30
}

/// Checks the options that every program has; `what` is what kind of program it is.
///
/// # Errors
/// [`ErrorKind::Config`], naming the option.
pub fn check_options(program: &str, timeout_seconds: u64, what: &str) -> Result<(), SourceError> {
    if program.is_empty() {
        return Err(SourceError::config(format!("option \"program\" is empty; name a {what}")));
    }
    if timeout_seconds == 0 {
        return Err(SourceError::config(format!("option \"timeout_seconds\" is 0; give the {what} some time")));
    }
    Ok(())
}

impl Program {
    /// Runs the program to its end. `place` stands for it in errors.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] where there is no such program and where it fails, is killed, takes too long or leaves
    /// its output open; [`ErrorKind::Config`] where it may not be run; [`ErrorKind::Corrupt`] where it writes more than
    /// it may.
    pub fn run(&self, place: &str) -> Result<Output, SourceError> {
        let spool = tempfile::tempfile().map_err(|error| no_spool(place, error))?;
        let log = self.log.as_deref().map(|log| self.create_log(log)).transpose()?;
        let mut child = self.spawn(place)?;
        let copied = match (child.stdout.take(), spool.try_clone()) {
            (Some(stdout), Ok(spool)) => copy(stdout, spool, self.max_bytes),
            (_, spool) => {
                end(&mut child);
                let error = spool.err().unwrap_or_else(|| io::Error::other("no pipe to its stdout"));
                return Err(no_spool(place, error));
            }
        };
        let logged = child.stderr.take().zip(log).map(|(stderr, log)| keep_log(stderr, log));
        let ended = self.wait(&mut child, &copied, place);
        if let Some(logged) = logged {
            // A program left behind may hold stderr open; it is not waited for.
            let _ = logged.recv_timeout(PATIENCE);
        }
        let (status, bytes) = ended?;
        if !status.success() {
            let ended = match status.code() {
                Some(code) => format!("ended with exit code {code}"),
                None => format!("was ended from outside ({status})"),
            };
            return Err(SourceError::unavailable(place, format!("{ended}; {}", self.where_to_look())));
        }
        output(spool, bytes).map_err(|error| no_spool(place, error))
    }

    fn spawn(&self, place: &str) -> Result<Child, SourceError> {
        let working_dir = self.base_dir.join(&self.working_dir);
        if !working_dir.as_os_str().is_empty() && !working_dir.is_dir() {
            let message = format!("its working folder {} is not there; create it", self.working_dir.display());
            return Err(SourceError::unavailable(place, message));
        }
        let mut command = Command::new(self.path());
        command.args(&self.args).stdin(Stdio::null()).stdout(Stdio::piped()).env_clear();
        command.stderr(if self.log.is_some() { Stdio::piped() } else { Stdio::null() });
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if !working_dir.as_os_str().is_empty() {
            command.current_dir(working_dir);
        }
        let is_there = self.path().components().count() > 1 && self.path().is_file();
        let start = Instant::now();
        loop {
            match command.spawn() {
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && start.elapsed() < BUSY => {
                    thread::sleep(LONGEST_NAP);
                }
                started => return started.map_err(|error| spawn_error(place, error, is_there)),
            }
        }
    }

    /// The program's path: PATH is searched for a bare name, a relative path starts from the pipeline file whatever
    /// the working folder is.
    fn path(&self) -> PathBuf {
        let path = Path::new(&self.program);
        if path.components().count() < 2 {
            return path.to_owned();
        }
        let joined = self.base_dir.join(path);
        std::path::absolute(&joined).unwrap_or(joined)
    }

    fn create_log(&self, log: &str) -> Result<File, SourceError> {
        let path = self.base_dir.join(log);
        let refuse = |error: io::Error| {
            let message = "the log cannot be written; create its folder, or grant permission";
            SourceError::config(message).at(log).because(error)
        };
        // A log of an earlier run may be readable by others: permissions are only set where a file is made.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refuse(error)),
            _ => {}
        }
        private_file(&path).map_err(refuse)
    }

    /// Waits for the end of the program and of its output, and ends the program where it takes too long or writes too
    /// much. Gives how many bytes it wrote.
    fn wait(&self, child: &mut Child, copied: &Copying, place: &str) -> Result<(ExitStatus, u64), SourceError> {
        let start = Instant::now();
        let mut exited: Option<(ExitStatus, Instant)> = None;
        let mut nap = Duration::from_millis(1);
        let fault = loop {
            match (copied.result(), exited) {
                (Some(Ok(bytes)), Some((status, _))) => return Ok((status, bytes)),
                (Some(Err(Stop::TooMuch)), _) => {
                    let message = format!("wrote more than {} bytes; raise max_bytes if that is meant", self.max_bytes);
                    break SourceError::corrupt(place, message);
                }
                (Some(Err(Stop::Io(error))), _) => break no_spool(place, error),
                (None, Some((status, _))) if !status.success() => {
                    copied.stop();
                    return Ok((status, 0));
                }
                (None, Some((_, at))) if at.elapsed() >= PATIENCE && !copied.is_writing() => {
                    let message = "ended and left another program behind that still holds its output; make it wait for \
                                   what it starts";
                    break SourceError::unavailable(place, message);
                }
                _ => {}
            }
            if exited.is_none() {
                match child.try_wait() {
                    Ok(Some(status)) => exited = Some((status, Instant::now())),
                    Ok(None) if start.elapsed() < self.timeout => {}
                    Ok(None) => {
                        let seconds = self.timeout.as_secs();
                        let advice = self.where_to_look();
                        let message = format!("did not end within {seconds} s; raise timeout_seconds, or {advice}");
                        break SourceError::unavailable(place, message);
                    }
                    Err(error) => {
                        break SourceError::unavailable(place, "cannot be waited for; run again").because(error);
                    }
                }
            }
            thread::sleep(nap);
            nap = (nap * 2).min(LONGEST_NAP);
        };
        copied.stop();
        end(child);
        Err(fault)
    }

    fn where_to_look(&self) -> String {
        match &self.log {
            Some(log) => format!("see what it wrote to stderr in {log}"),
            None => "set log: to a file to see what it writes to stderr".to_owned(),
        }
    }
}

/// Output on its way into the temporary file, by a thread of its own.
struct Copying(Arc<Mutex<Copied>>);

#[derive(Default)]
struct Copied {
    bytes: u64,
    /// What was read is being written: the disk may stall, which is no fault of the program.
    is_writing: bool,
    /// Nobody wants more: the pipe is closed at the next write.
    stopped: bool,
    result: Option<Result<(), Stop>>,
}

/// Why copying ended before the output did.
enum Stop {
    TooMuch,
    Io(io::Error),
}

impl Copying {
    fn locked(&self) -> std::sync::MutexGuard<'_, Copied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.locked().stopped = true;
    }

    fn is_writing(&self) -> bool {
        self.locked().is_writing
    }

    /// The bytes copied, once the output has ended.
    fn result(&self) -> Option<Result<u64, Stop>> {
        let mut copied = self.locked();
        let bytes = copied.bytes;
        copied.result.take().map(|result| result.map(|()| bytes)).inspect(|result| {
            if result.is_ok() {
                copied.result = Some(Ok(()));
            }
        })
    }
}

/// Copies until the output ends, is too much or is not wanted any more. Then the pipe is closed.
fn copy(mut stdout: ChildStdout, mut spool: File, max_bytes: u64) -> Copying {
    let copying = Copying(Arc::default());
    let shared = Copying(Arc::clone(&copying.0));
    thread::spawn(move || {
        let mut buffer = vec![0; PIPE_BUFFER];
        let mut total = 0;
        loop {
            let read = match stdout.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other,
            };
            shared.locked().is_writing = true;
            let end = match read {
                Ok(0) => Some(Ok(())),
                Ok(read) => {
                    total += read as u64;
                    let bytes = buffer.get(..read).unwrap_or_default();
                    if total > max_bytes {
                        Some(Err(Stop::TooMuch))
                    } else {
                        spool.write_all(bytes).err().map(|error| Err(Stop::Io(error)))
                    }
                }
                Err(error) => Some(Err(Stop::Io(error))),
            };
            let mut copied = shared.locked();
            copied.bytes = total;
            copied.is_writing = false;
            if copied.stopped || end.is_some() {
                copied.result = end;
                return;
            }
        }
    });
    copying
}

/// Keeps the start of stderr and drops the rest: whatever happens to the log, the program must not block on a full pipe.
fn keep_log(mut stderr: ChildStderr, mut log: File) -> mpsc::Receiver<()> {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut (&mut stderr).take(MAX_LOG_BYTES), &mut log);
        let _ = io::copy(&mut stderr, &mut io::sink());
        let _ = done.send(());
    });
    wait
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Output {
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// BLAKE3 of the bytes, in hex.
    #[must_use]
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// Reads it from its start, as often as needed.
    #[must_use]
    pub fn reader(&self) -> OutputReader {
        OutputReader { file: Arc::clone(&self.file), at: 0, end: self.bytes }
    }
}

impl Read for OutputReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let room = left.min(buffer.len());
        let Some(buffer) = buffer.get_mut(..room).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let read = read_at(&self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Makes `path`, which must not exist, readable and writable by the owner alone.
///
/// # Errors
/// Those of the file system.
pub fn private_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

fn output(file: File, bytes: u64) -> io::Result<Output> {
    let mut output = Output { file: Arc::new(file), bytes, checksum: String::new() };
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(output.reader())?;
    output.checksum = hasher.finalize().to_hex().to_string();
    Ok(output)
}

/// Why a program did not start; `is_there` says that its file is.
fn spawn_error(place: &str, error: io::Error, is_there: bool) -> SourceError {
    let (kind, message) = match error.kind() {
        io::ErrorKind::NotFound if is_there => (
            ErrorKind::Unavailable,
            "is there, but not the program that its first line (#!) names; install that, or correct the line"
                .to_owned(),
        ),
        io::ErrorKind::NotFound => {
            (ErrorKind::Unavailable, "there is no such program; install it, or check option \"program\"".to_owned())
        }
        io::ErrorKind::PermissionDenied => {
            (ErrorKind::Config, "may not be run; grant execute permission to the user who runs this".to_owned())
        }
        io::ErrorKind::ExecutableFileBusy => {
            (ErrorKind::Unavailable, "is being written by somebody; run again when it is complete".to_owned())
        }
        _ => (
            ErrorKind::Unavailable,
            format!(
                "could not be started: {error}; see that it runs when called by hand, and that a script starts with #!"
            ),
        ),
    };
    SourceError::new(kind, message).at(place).because(error)
}

fn no_spool(place: &str, error: io::Error) -> SourceError {
    let message = "its output cannot be kept in a temporary file; make room, or set TMPDIR to a folder with room";
    SourceError::unavailable(place, message).because(error)
}
