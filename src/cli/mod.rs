//! The command line: one file a command.

mod completions;
mod connectors;
mod discover;
mod doctor;
mod evaluate;
mod explain;
mod init;
mod path;
mod plan;
mod preview;
mod query;
mod reference;
mod run;
mod schema;
mod synth;
mod train;
mod truth;
mod validate;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use goldsmith_config::Mistakes;

use crate::pipeline::check::{Checked, FileOptions};
use crate::pipeline::{RunError, exit};
use crate::progress::{Progress, Talk};
use crate::publish::{Manifest, Store};
use crate::shown::harmless;

/// One golden profile per customer, out of the records of many systems.
#[derive(Debug, Parser)]
#[command(name = "goldsmith", version, about, long_about = None, after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Show no progress and no summary of a run, only warnings and errors.
    #[arg(long, short, global = true)]
    quiet: bool,
}

const AFTER_HELP: &str = "\
First steps:
  goldsmith init customers.csv orders.db > pipeline.yaml   look at files, write a pipeline for them
  goldsmith validate pipeline.yaml                         every mistake, with its line and column
  goldsmith doctor pipeline.yaml                           whether each source can be reached and read
  goldsmith run pipeline.yaml                              read, match, publish

Exit codes: 0 published or nothing to do · 1 a fault of this program · 2 configuration, credentials, permission ·
3 contract, corrupt input or quality gate · 4 worth another try (file or host missing, network, disk) ·
5 published without a source (only with --degraded-exit) · 6 another run holds the lock · 129/130/143 ended by a signal";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Validate(validate::Arguments),
    Plan(plan::Arguments),
    Doctor(doctor::Arguments),
    Preview(preview::Arguments),
    Init(init::Arguments),
    Discover(discover::Arguments),
    Connectors(connectors::Arguments),
    Explain(explain::Arguments),
    Evaluate(evaluate::Arguments),
    Train(train::Arguments),
    Query(query::Arguments),
    Path(path::Arguments),
    Synth(synth::Arguments),
    Schema(schema::Arguments),
    Reference(reference::Arguments),
    Completions(completions::Arguments),
}

/// A pipeline file and what the command line says about it.
#[derive(Debug, Args)]
struct PipelineArguments {
    /// The pipeline file.
    #[arg(value_name = "PIPELINE")]
    pub pipeline: PathBuf,
    /// Lay the overlay of an environment over the file: `--env prod` reads `pipeline.prod.yaml` beside it.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Set a variable of the file; may be repeated.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub vars: Vec<(String, String)>,
}

impl PipelineArguments {
    fn options(&self) -> FileOptions {
        FileOptions { env: self.env.clone(), vars: self.vars.clone() }
    }
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .ok_or_else(|| "write NAME=VALUE".to_owned())
}

/// Why a command failed: what to say and the exit code.
#[derive(Debug)]
pub struct Failure {
    pub message: String,
    pub code: u8,
}

impl Failure {
    fn config(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: exit::CONFIG }
    }

    /// A run's error; a mistake in the SQL of the pipeline file is shown at its place in it.
    fn of_run(error: RunError, checked: &Checked) -> Self {
        let RunError::Sql(mistakes) = error else { return error.into() };
        let loaded = &checked.loaded;
        let list = mistakes.into_iter().map(|mistake| loaded.mistake(&mistake.path, mistake.message)).collect();
        loaded.mistakes(list).into()
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self { code: error.exit_code(), message: format!("error: {error}") }
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        let count = mistakes.list.len();
        let end = if count == 1 { "\n\n1 mistake" } else { "" };
        Self { message: format!("{}{end}; nothing was read", mistakes.to_string().trim_end()), code: exit::CONFIG }
    }
}

/// Parses the command line, does what it says and returns the exit code.
#[must_use]
pub fn main() -> u8 {
    let cli = Cli::parse();
    let progress = Progress::new(if cli.quiet { Talk::Quiet } else { Talk::Normal });
    let result = match cli.command {
        Command::Run(arguments) => run::run(&arguments, &progress),
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Preview(arguments) => preview::run(&arguments, &progress),
        Command::Init(arguments) => init::run(&arguments),
        Command::Discover(arguments) => discover::run(&arguments),
        Command::Connectors(arguments) => connectors::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Train(arguments) => train::run(&arguments, &progress),
        Command::Query(arguments) => query::run(&arguments),
        Command::Path(arguments) => path::run(&arguments),
        Command::Synth(arguments) => synth::run(&arguments, &progress),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Reference(arguments) => reference::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            say(&failure.message);
            failure.code
        }
    }
}

/// The manifest of a version of a pipeline, or of the newest.
fn published(store: &Store, version: Option<i64>, pipeline: &Path) -> Result<Manifest, Failure> {
    let newest = || {
        let nothing = || {
            Failure::config(format!(
                "error: nothing is published in {} yet; run `goldsmith run {}`",
                store.root().display(),
                pipeline.display()
            ))
        };
        store.latest()?.ok_or_else(nothing)
    };
    version.map_or_else(newest, |version| Ok(store.manifest(version)?))
}

/// Text for people, on standard error.
pub fn say(text: &str) {
    use std::io::Write;
    // Where nobody can be told, the work goes on.
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(text));
}

/// An answer for people, on standard output.
fn print(text: &str) -> Result<(), Failure> {
    print_data(&harmless(text))
}

/// Data, on standard output. A reader that went away is no error.
fn print_data(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match out
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") })
        .and_then(|()| out.flush())
    {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure { message: format!("error: standard output: {error}"), code: exit::RETRY }),
    }
}

/// A value as indented JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure { message: format!("error: {error}"), code: exit::INTERNAL })?;
    print_data(&text)
}

/// A runtime for the query engine. Planning recurses deeply, so its threads get large stacks.
fn runtime(threads: usize) -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .thread_stack_size(16 << 20)
        .enable_all()
        .build()
        .map_err(|error| Failure {
            message: format!("error: the threads cannot be started: {error}"),
            code: exit::RETRY,
        })
}

/// The number of threads to work with.
fn threads(wanted: Option<usize>) -> usize {
    wanted.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get)).max(1)
}
