//! `goldsmith validate`

use clap::Args;

use super::{Failure, PipelineArguments, print, print_json, runtime, say};
use crate::counted::counted;
use crate::matching::read_decisions;
use crate::pipeline::{check, exit};

/// Check a pipeline file: every mistake at once, each with line, column and mend.
///
/// Checks the file against its schema, the decisions and the model it names, then all SQL against the columns of the sources that can be reached. Reads no
/// rows and writes nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  goldsmith validate pipeline.yaml\n  goldsmith validate pipeline.yaml --offline --json"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// Do not look at the sources.
    #[arg(long)]
    offline: bool,
    /// Print the result as JSON on standard output.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let outcome = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options()).and_then(|checked| {
        if arguments.offline {
            return check::check_files(&checked).map(|()| (checked, Vec::new()));
        }
        match runtime(1) {
            Ok(runtime) => runtime.block_on(check::check_sql(&checked)).map(|not_checked| (checked, not_checked)),
            Err(_) => check::check_files(&checked).map(|()| (checked, Vec::new())),
        }
    });
    match outcome {
        Ok((checked, not_checked)) => {
            let warnings = warnings(&checked);
            if arguments.json {
                print_json(
                    &serde_json::json!({ "valid": true, "mistakes": [], "warnings": warnings, "not_checked": not_checked }),
                )?;
            } else {
                for warning in &warnings {
                    say(&format!("warning: {warning}"));
                }
                for source in &not_checked {
                    say(&format!("warning: source `{}` was not checked: {}", source.source, source.why));
                }
                let verdict = match not_checked.len() as u64 {
                    0 => "valid".to_owned(),
                    some => format!("valid as far as it could be checked, {} was not", counted(some, "source")),
                };
                print(&format!(
                    "{}: {verdict}; {}, entities: {}",
                    arguments.pipeline.pipeline.display(),
                    counted(checked.plan.sources.len() as u64, "source"),
                    checked.plan.entities.iter().map(|entity| entity.entity.as_str()).collect::<Vec<_>>().join(", ")
                ))?;
            }
            Ok(exit::OK)
        }
        Err(mistakes) if arguments.json => {
            print_json(&serde_json::json!({ "valid": false, "mistakes": mistakes.to_json() }))?;
            Ok(exit::CONFIG)
        }
        Err(mistakes) => Err(mistakes.into()),
    }
}

/// Unknown sources that a warning names.
const SHOWN_SOURCES: usize = 5;

fn warnings(checked: &check::Checked) -> Vec<String> {
    let mut warnings = Vec::new();
    if !checked.plan.ids_key.secret {
        warnings.push("golden ids derive from the pipeline's name, so anybody can derive them; set `ids: key:` to a secret before production".to_owned());
    }
    let sources = &checked.plan.sources;
    // A file that cannot be read is a mistake, and was told as one.
    if let Some((path, Ok(steward))) = checked.plan.matching.decisions.as_ref().map(|path| (path, read_decisions(path)))
    {
        let mut unknown: Vec<(u64, &str)> = steward
            .sources()
            .filter(|(name, _)| sources.iter().all(|source| source.name != *name))
            .map(|(name, line)| (line, name))
            .collect();
        unknown.sort_unstable();
        if !unknown.is_empty() {
            let shown: Vec<String> =
                unknown.iter().take(SHOWN_SOURCES).map(|(line, name)| format!("`{name}` (line {line})")).collect();
            let more = unknown.len() - shown.len();
            let known: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
            warnings.push(format!(
                "{}: the pipeline has no source {}{}, so nothing can obey these decisions; it has: {}",
                path.display(),
                shown.join(", "),
                if more > 0 { format!(" and {more} more") } else { String::new() },
                known.join(", ")
            ));
        }
    }
    warnings
}
