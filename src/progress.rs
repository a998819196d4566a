//! What a person sees while a command works: a bar on a terminal, plain lines elsewhere. Everything goes to
//! standard error; standard output is for data.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::pipeline::RunError;
use crate::shown::harmless;

/// How much a command says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Talk {
    /// Errors only.
    Quiet,
    /// Stages as they end, and a bar where there is a terminal.
    Normal,
}

/// Progress of one command. Shared between threads.
pub struct Progress {
    bar: ProgressBar,
    talk: Talk,
    terminal: bool,
    rows: AtomicU64,
    signal: std::sync::Arc<AtomicUsize>,
}

impl Progress {
    #[must_use]
    pub fn new(talk: Talk) -> Self {
        let terminal = std::io::stderr().is_terminal() && talk == Talk::Normal;
        let bar = ProgressBar::with_draw_target(
            None,
            if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
        );
        Self { bar, talk, terminal, rows: AtomicU64::new(0), signal: std::sync::Arc::default() }
    }

    /// Progress that says nothing, for tests and for commands that answer in data.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(Talk::Quiet)
    }

    /// Where a signal handler leaves the number of the signal it caught.
    #[must_use]
    pub fn signal_cell(&self) -> std::sync::Arc<AtomicUsize> {
        std::sync::Arc::clone(&self.signal)
    }

    /// # Errors
    /// [`RunError::Signal`] once the process was asked to end. Stages call this where they can stop cleanly.
    pub fn check_signal(&self) -> Result<(), RunError> {
        match self.signal.load(Ordering::Relaxed) {
            0 => Ok(()),
            1 => Err(RunError::Signal("SIGHUP")),
            2 => Err(RunError::Signal("SIGINT")),
            _ => Err(RunError::Signal("SIGTERM")),
        }
    }

    /// Begins a stage of `total` steps (unknown for `None`). The guard's [`Stage::done`] ends it.
    pub fn stage(&self, name: &'static str, total: Option<u64>) -> Stage<'_> {
        self.rows.store(0, Ordering::Relaxed);
        if self.terminal {
            self.bar.reset();
            self.bar.set_prefix(name);
            match total {
                Some(total) => {
                    self.bar.set_length(total);
                    self.bar
                        .set_style(style("{prefix:>10} [{bar:28}] {human_pos}/{human_len} rows  {per_sec}  eta {eta}"));
                }
                None => self.bar.set_style(style("{prefix:>10} {spinner} {human_pos} rows  {per_sec}  {elapsed}")),
            }
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
        Stage { progress: self, name, started: Instant::now() }
    }

    /// Moves the current stage on.
    pub fn advance(&self, steps: u64) {
        self.rows.fetch_add(steps, Ordering::Relaxed);
        if self.terminal {
            self.bar.inc(steps);
        }
    }

    /// Says a line on standard error, unless quiet.
    pub fn say(&self, line: &str) {
        if self.talk == Talk::Quiet {
            return;
        }
        if self.terminal {
            self.bar.suspend(|| write_line(line));
        } else {
            write_line(line);
        }
    }
}

impl goldsmith_resolve::Progress for Progress {
    fn stage(&self, _: &str) {}

    fn advance(&self, pairs: u64) {
        Self::advance(self, pairs);
    }

    fn is_stopped(&self) -> bool {
        self.check_signal().is_err()
    }
}

/// A stage under way.
pub struct Stage<'a> {
    progress: &'a Progress,
    name: &'static str,
    started: Instant,
}

impl Stage<'_> {
    /// Ends the stage with one line: its name, `summary`, the time it took. Returns the seconds.
    pub fn done(self, summary: &str) -> f64 {
        let seconds = self.started.elapsed().as_secs_f64();
        if self.progress.terminal {
            self.progress.bar.disable_steady_tick();
            self.progress.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.progress.bar.finish_and_clear();
        }
        self.progress.say(&format!("{:>10}  {summary}  {}", self.name, format_seconds(seconds)));
        seconds
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

fn format_seconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1000.0) } else { format!("{seconds:.1} s") }
}

fn write_line(line: &str) {
    use std::io::Write;
    // Where nobody can be told, the run goes on.
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(line));
}
