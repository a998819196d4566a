//! From the path of a pipeline file to a plan, with every mistake shown at its place.

use std::path::Path;

use goldsmith_config::{LoadOptions, Loaded, Mistake, Mistakes, load};
use goldsmith_source::ErrorKind;

use super::RunError;
use super::build::source_path;
use super::model::named_model;
use super::plan::{OnFailure, Plan};
use super::sources::check_sources;
use crate::matching::read_decisions;
use crate::publish::Store;
use crate::registry;

/// What a command line says about the pipeline file.
#[derive(Debug, Clone, Default)]
pub struct FileOptions {
    /// The environment whose overlay is laid over the file.
    pub env: Option<String>,
    /// Variables of the command line.
    pub vars: Vec<(String, String)>,
}

/// A pipeline file and its plan.
pub struct Checked {
    pub loaded: Loaded,
    pub plan: Plan,
}

/// Loads and plans a pipeline file. Reads nothing of its sources.
///
/// # Errors
/// Every mistake of the file.
pub fn load_plan(path: &Path, options: &FileOptions) -> Result<Checked, Mistakes> {
    let connectors = registry::schemas();
    let loaded = load(
        path,
        &LoadOptions {
            env: options.env.clone(),
            vars: options.vars.clone(),
            connectors: &connectors,
            process_env: &|name| std::env::var(name).ok(),
        },
    )?;
    match Plan::build(&loaded) {
        Ok(plan) => Ok(Checked { loaded, plan }),
        Err(mistakes) => {
            let list = mistakes.into_iter().map(|mistake| loaded.mistake(&mistake.path, mistake.message)).collect();
            Err(loaded.mistakes(list))
        }
    }
}

/// A source that could not be looked at, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NotChecked {
    pub source: String,
    pub why: String,
}

/// Checks the files that a plan names beside its sources: decisions and a model.
///
/// # Errors
/// Every mistake, at the place that names the file.
pub fn check_files(checked: &Checked) -> Result<(), Mistakes> {
    let list = mistakes_in_files(checked);
    if list.is_empty() { Ok(()) } else { Err(checked.loaded.mistakes(list)) }
}

fn mistakes_in_files(checked: &Checked) -> Vec<Mistake> {
    let matching = &checked.plan.matching;
    let files = [
        ("match.decisions", matching.decisions.as_deref().map(|path| read_decisions(path).map(|_| ()))),
        ("match.model", Some(named_model(&checked.plan).map(|_| ()))),
    ];
    let mistake = |(path, read): (&str, Option<Result<(), RunError>>)| {
        Some(checked.loaded.mistake(path, read?.err()?.to_string()))
    };
    files.into_iter().filter_map(mistake).collect()
}

/// Checks the files of a plan, and all its SQL against the schemas of its sources.
///
/// # Errors
/// Every mistake, at its place.
pub async fn check_sql(checked: &Checked) -> Result<Vec<NotChecked>, Mistakes> {
    // What can be said against the file without its sources is said first.
    let mut list = mistakes_in_files(checked);
    let last = Store::new(checked.plan.publish.to.clone()).latest().ok().flatten();
    match check_sources(&checked.plan, last.as_ref()).await {
        Ok(sources) => {
            let mut not_checked = Vec::new();
            for (source, found) in checked.plan.sources.iter().zip(sources) {
                match found {
                    Ok(_) => {}
                    // Waiting does not mend a wrong query or credential; a run that goes on without the source does.
                    Err(RunError::Source { error, .. })
                        if error.kind == ErrorKind::Config && source.on_failure == OnFailure::Fail =>
                    {
                        list.push(checked.loaded.mistake(&source_path(&source.name, &error), error.to_string()));
                    }
                    Err(RunError::Source { error, .. }) => {
                        not_checked.push(NotChecked { source: source.name.clone(), why: error.to_string() });
                    }
                    Err(error) => not_checked.push(NotChecked { source: source.name.clone(), why: error.to_string() }),
                }
            }
            if list.is_empty() { Ok(not_checked) } else { Err(checked.loaded.mistakes(list)) }
        }
        Err(RunError::Sql(mistakes)) => {
            list.extend(mistakes.into_iter().map(|mistake| checked.loaded.mistake(&mistake.path, mistake.message)));
            Err(checked.loaded.mistakes(list))
        }
        Err(error) => {
            list.push(checked.loaded.mistake("", error.to_string()));
            Err(checked.loaded.mistakes(list))
        }
    }
}
