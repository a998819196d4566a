//! `goldsmith init`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, print, runtime, say};
use crate::init::{Proposal, propose, verify};
use crate::pipeline::{RunError, exit};

/// Look at files and systems and write a pipeline for them, ready to run.
///
/// Reads the first rows of each file, finds out which columns hold names, e-mail addresses, phones, addresses, dates and
/// keys, and writes a pipeline file that says so, with what was seen as comments. Read it before you trust it. Paths in it
/// are relative to the folder of --out, or to the current folder where it goes to standard output.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith init customers.csv orders.db > pipeline.yaml\n  goldsmith init exports/*.csv.gz --out pipelines/crm/pipeline.yaml\n\nThen:\n  goldsmith validate pipeline.yaml\n  goldsmith run pipeline.yaml"
)]
pub(super) struct Arguments {
    /// The files (.csv, .json, .ndjson, .parquet, .xlsx, .db and their like, also compressed), or addresses of systems.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Write the pipeline to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file of --out where there is one.
    #[arg(long, requires = "out")]
    force: bool,
    /// Name of the pipeline; made from the names of the files where it is left out.
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: Option<String>,
}

fn parse_name(text: &str) -> Result<String, String> {
    let letters = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let starts = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    if letters && starts && text.len() <= 63 {
        Ok(text.to_owned())
    } else {
        Err("a name is letters, digits, `_` and `-`, starts with a letter or digit and has at most 63 of them"
            .to_owned())
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let path = arguments.out.as_deref().unwrap_or(Path::new("pipeline.yaml"));
    if arguments.out.is_some() && !arguments.force && path.exists() {
        return Err(occupied(path));
    }
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let proposal = propose(&arguments.files, folder, arguments.name.as_deref())?;
    runtime(1)?.block_on(verify(&proposal.yaml, path))?;
    if let Some(out) = &arguments.out {
        write(out, &proposal.yaml, arguments.force)?;
        say(&summary(&proposal, out));
    } else {
        print(&proposal.yaml)?;
    }
    Ok(exit::OK)
}

fn occupied(path: &Path) -> Failure {
    Failure::config(format!(
        "error: {} is there already; pass --force to replace it, or name another --out",
        path.display()
    ))
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => occupied(path),
        _ => RunError::Io { message: format!("writing {}", path.display()), error }.into(),
    })
}

fn summary(proposal: &Proposal, out: &Path) -> String {
    let mut text = format!(
        "{}: {} source{} ({})",
        out.display(),
        proposal.sources.len(),
        if proposal.sources.len() == 1 { "" } else { "s" },
        proposal.sources.join(", ")
    );
    for left_out in &proposal.left_out {
        text += &format!("\n  {left_out}");
    }
    text + &format!("\nread it, then: goldsmith run {}", out.display())
}
