//! `goldsmith doctor`

use clap::Args;

use super::{Failure, PipelineArguments, print, print_json, runtime};
use crate::pipeline::doctor::{Finding, Status, examine};
use crate::pipeline::{check, exit};

/// Find out whether a run would work, and what to mend where it would not.
///
/// Reaches every source with its credentials, holds its columns against the mapping, reads a row of each table, compares
/// its clock with the one here, and tries the folder the result goes to. Publishes nothing. Exits with the code the run
/// would end with.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith doctor pipeline.yaml\n  goldsmith doctor pipeline.yaml --env prod --json"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// Print the findings as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let findings = runtime(1)?.block_on(examine(&checked));
    if arguments.json {
        print_json(&findings)?;
    } else {
        print(&text(&findings))?;
    }
    // What has to be mended by hand comes before what may pass by itself.
    let code = [exit::CONFIG, exit::DATA, exit::RETRY, exit::LOCKED, exit::INTERNAL]
        .into_iter()
        .find(|code| findings.iter().any(|finding| finding.code == *code));
    Ok(code.unwrap_or(exit::OK))
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.status {
            Status::Ok => "ok  ",
            Status::Warn => "warn",
            Status::Fail => "FAIL",
        };
        text += &format!("{mark}  {:<12}  {:<9}  {}\n", finding.about, finding.check, finding.message);
    }
    let count = |status| findings.iter().filter(|finding| finding.status == status).count();
    text += &match (count(Status::Fail), count(Status::Warn)) {
        (0, 0) => "a run would work\n".to_owned(),
        (0, warnings) => format!("a run would work; {warnings} to look at\n"),
        (failures, _) => format!("a run would not work: {failures} to mend\n"),
    };
    text
}
