//! `goldsmith completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure, print};
use crate::pipeline::exit;

/// Print the completions of a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  goldsmith completions bash > ~/.local/share/bash-completion/completions/goldsmith")]
pub(super) struct Arguments {
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "goldsmith", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(exit::OK)
}
