//! `goldsmith train`

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::truth::read_truth;
use super::{Failure, PipelineArguments, print, runtime, say, threads};
use crate::counted::human;
use crate::pipeline::train::{Trained, train};
use crate::pipeline::{Memory, Reread, RunOptions, check, exit};
use crate::progress::Progress;

/// Train a match model on what the sources hold now, without publishing anything.
///
/// A run trains its model by itself and keeps it for the runs after. Train one apart to review it, to keep it under
/// version control, or to use one model for several pipelines: name its file in the pipeline as `match: {model: FILE}`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  goldsmith train pipeline.yaml --out person.model.json")]
pub(super) struct Arguments {
    #[command(flatten)]
    pipeline: PipelineArguments,
    /// A file with the truth about some records, as `goldsmith evaluate` reads it: the model learns from it too.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Where to write the model; standard output where it is left out.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The entity type to train, where the pipeline has several.
    #[arg(long, value_name = "TYPE")]
    entity: Option<String>,
    /// Threads to use; all cores where it is left out. The result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

pub(super) fn run(arguments: &Arguments, progress: &Progress) -> Result<u8, Failure> {
    let checked = check::load_plan(&arguments.pipeline.pipeline, &arguments.pipeline.options())?;
    let types: Vec<&str> = checked.plan.entities.iter().map(|entity| entity.entity.as_str()).collect();
    let wanted = match (&arguments.entity, types.as_slice()) {
        (Some(wanted), types) if types.contains(&wanted.as_str()) => wanted.clone(),
        (None, [only]) => (*only).to_owned(),
        (Some(wanted), types) => {
            let types = types.join(", ");
            return Err(Failure::config(format!("error: the pipeline has no {wanted} records; it has: {types}")));
        }
        (None, types) => {
            let types = types.join(", ");
            return Err(Failure::config(format!(
                "error: the pipeline has several entity types; name one with --entity: {types}"
            )));
        }
    };
    if let Some(path) = arguments.out.as_deref() {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() || !folder.is_dir() {
            return Err(Failure::config(format!(
                "error: {} cannot be a file: it is a folder, or lies in none; name another file with --out",
                path.display()
            )));
        }
    }
    // A model trained before is replaced, anything else is not: a mistyped --out costs nobody a file.
    if let Some(path) = arguments.out.as_deref().filter(|path| path.is_file() && !may_be_replaced(path)) {
        return Err(Failure::config(format!(
            "error: {} is there and is not a model; name another file with --out",
            path.display()
        )));
    }
    let options = RunOptions {
        threads: threads(arguments.threads.map(usize::from)),
        as_of: None,
        run_id: None,
        wait: Duration::ZERO,
        force: false,
        retrain: true,
        reread: Reread::default(),
        memory: Memory::Usual,
    };
    let runtime = runtime(options.threads)?;
    let (truth, incomplete) = match &arguments.truth {
        Some(path) => runtime.block_on(read_truth(path))?,
        None => (Vec::new(), 0),
    };
    if incomplete > 0 {
        say(&format!("warning: {incomplete} rows of the truth lack the record or the customer and are left out"));
    }
    let trained = match runtime.block_on(train(&checked.plan, &wanted, &options, &truth, progress)) {
        Ok(trained) => trained,
        Err(error) => return Err(Failure::of_run(error, &checked)),
    };
    let Trained { records, labelled, model } = trained;
    if let Some(path) = arguments.truth.as_ref().filter(|_| labelled == 0) {
        return Err(Failure::config(format!(
            "error: {}: no {wanted} record of the pipeline is in the truth; its `source` and `source_key` (or `record_id`) have to name records as the pipeline does",
            path.display()
        )));
    }
    // A record may be named twice.
    let named = truth.iter().map(|row| (&row.source, &row.key)).collect::<std::collections::HashSet<_>>().len() as u64;
    if labelled < named {
        say(&format!(
            "warning: the truth names {} records, of which {} are no {wanted} record of the pipeline",
            human(named),
            human(named - labelled)
        ));
    }
    let json = model.to_json().map_err(|error| Failure {
        message: format!("error: the model cannot be written: {error}"),
        code: exit::INTERNAL,
    })?;
    match &arguments.out {
        None => print(&json)?,
        Some(path) => {
            std::fs::write(path, json + "\n").map_err(|error| Failure {
                message: format!("error: writing {}: {error}; name another file with --out", path.display()),
                code: exit::RETRY,
            })?;
            say(&format!(
                "{} holds a model of {} {wanted} records{}; use it with `match: {{model: {}}}`",
                path.display(),
                human(records),
                if labelled > 0 { format!(", {} of them labelled", human(labelled)) } else { String::new() },
                std::path::absolute(path).unwrap_or_else(|_| path.clone()).display()
            ));
        }
    }
    Ok(exit::OK)
}

/// Whether a file is empty or a model, be it of an earlier shape.
fn may_be_replaced(path: &Path) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return false };
    let document = serde_json::from_slice(&bytes).unwrap_or(serde_json::Value::Null);
    bytes.is_empty() || (document["version"].is_u64() && document["comparisons"].is_array())
}
