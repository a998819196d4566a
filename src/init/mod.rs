//! `goldsmith init`: looks at files and writes a pipeline for them that runs as it is.
//!
//! ```text
//! file ──sample──▶ Table of Columns ──assess──▶ what each column holds ──source──▶ SourceDraft ─┐
//!                     (column)        (names, values)       (key, entity, fields,               ├─yaml──▶ text
//! other files … ─────────────────────────────────────────    generic, children) ──▶ SourceDraft ┘
//! ```
//! A column's name proposes what it holds and its values decide; values that leave no doubt need no name. Everything
//! that was decided stands in the file with what spoke for it, so that a person can correct it. Nothing but the shares
//! and names of columns is written: no value of a record.

mod assess;
mod children;
mod column;
mod draft;
mod entity;
mod fields;
mod generic;
mod key;
mod names;
mod region;
mod sample;
mod source;
mod values;
mod yaml;

use std::path::{Path, PathBuf};

use goldsmith_config::model::Entity;
use goldsmith_config::{LoadOptions, Mistakes, load_text};

use self::draft::{Draft, Noted, SourceDraft};
use self::region::Region;
use self::sample::Sampled;
use crate::pipeline::RunError;
use crate::pipeline::check::{Checked, check_sql};
use crate::pipeline::error::IoContext;
use crate::pipeline::plan::Plan;
use crate::registry;

/// A pipeline for some files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The pipeline file.
    pub yaml: String,
    /// Names of its sources.
    pub sources: Vec<String>,
    /// Files that are no sources, with the reason.
    pub left_out: Vec<String>,
}

/// Looks at `files`, which may be addresses (`postgres://…`, `https://…`), and proposes a pipeline that is to lie in
/// `folder`. `name` is that of the pipeline; without it, one is made of the names of files and folders.
///
/// # Errors
/// A file that cannot be read, or files that hold nothing a pipeline could use.
pub fn propose(files: &[PathBuf], folder: &Path, name: Option<&str>) -> Result<Proposal, RunError> {
    let folder = folder.canonicalize().doing(|| format!("looking for the folder {}", folder.display()))?;
    let mut found: Vec<PathBuf> = Vec::new();
    for file in files {
        let file = located(file)?;
        if !found.contains(&file) {
            found.push(file);
        }
    }
    let names = names::source_names(&found);
    let mut left_out = Vec::new();
    let mut sampled: Vec<(PathBuf, String, Sampled, Region)> = Vec::new();
    for (file, name) in found.iter().zip(names) {
        let path = if address(file).is_some() { file.clone() } else { names::relative(file, &folder) };
        let Some(path) = path.to_str() else {
            let message = format!(
                "{}: the path is not valid UTF-8 and cannot stand in a pipeline file; rename it",
                file.display()
            );
            return Err(RunError::Config(message));
        };
        let (connector, options) = sample::opened_by(path)?;
        let sample = sample::sample(connector, &name, &options, &folder)?;
        match source::is_no_source(&sample.tables) {
            Some(why) => left_out.push(format!("{} is left out: {why}.", names::shown(path))),
            None => {
                let region = region::guess(&sample.tables);
                sampled.push((file.clone(), name, sample, region));
            }
        }
    }
    let region = common_region(sampled.iter().map(|(_, _, _, region)| region));
    for (_, _, sample, own) in &mut sampled {
        // Of two countries that phones fit it is rather the one the other sources are of.
        if own.is_weak && own.code != region.text && region::fits(&sample.tables, &region.text) {
            own.why = None;
        }
    }
    let mut draft = Draft {
        name: String::new(),
        left_out,
        region,
        sources: Vec::new(),
        attributes: Vec::new(),
        targets: Vec::new(),
    };
    let mut kept = Vec::new();
    for (file, name, sample, own) in &sampled {
        let code = own.why.as_ref().map_or(draft.region.text.as_str(), |_| own.code.as_str()).to_owned();
        let Some(mut drafted) = source::draft(name, sample, &code) else {
            let file = names::shown(&file.to_string_lossy()).rsplit('/').next().unwrap_or_default().to_owned();
            draft.left_out.push(format!("{file} is left out: none of its columns holds anything a record could use."));
            continue;
        };
        if code != draft.region.text {
            drafted.source.region = own.why.as_ref().map(|why| Noted::new(&code, why));
        }
        source::tidy_date_formats(&mut drafted.source.date_formats);
        for (name, kind) in drafted.attributes {
            declare(&mut draft.attributes, name, kind);
        }
        draft.sources.push(drafted.source);
        kept.push(file.clone());
    }
    if draft.sources.is_empty() {
        let message = format!("there is nothing to make a pipeline of:\n  {}", draft.left_out.join("\n  "));
        return Err(RunError::Config(message));
    }
    draft.targets = targets(&draft.sources);
    let sources: Vec<String> = draft.sources.iter().map(|source| source.name.clone()).collect();
    draft.name = name.map_or_else(|| names::pipeline_name(&kept, &sources), str::to_owned);
    Ok(Proposal { yaml: yaml::render(&draft), sources, left_out: draft.left_out })
}

/// What a file or a system holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Discovery {
    pub connector: &'static str,
    pub tables: Vec<DiscoveredTable>,
}

/// A table and the columns found in its first rows; nested ones are spread out, with dots in their names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DiscoveredTable {
    pub name: String,
    /// Rows that were looked at.
    pub rows_seen: usize,
    pub columns: Vec<DiscoveredColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DiscoveredColumn {
    pub name: String,
    /// text, integer, number, boolean, date, timestamp or opaque.
    pub kind: String,
    /// Rows of those looked at that have a value.
    pub filled: usize,
    /// What it seems to hold, and what speaks for that; empty where nothing does.
    pub holds: String,
}

/// Looks at the tables and columns of a file or an address.
///
/// # Errors
/// Where it cannot be read.
pub fn discover(target: &Path) -> Result<Discovery, RunError> {
    let target = located(target)?;
    let path = target.to_str().ok_or_else(|| RunError::Config("the path is not valid UTF-8; rename it".to_owned()))?;
    let (connector, options) = sample::opened_by(path)?;
    let sampled = sample::sample(connector, &names::shown(path), &options, Path::new("/"))?;
    let region = region::guess(&sampled.tables).code;
    let tables = sampled.tables.iter().map(|table| {
        let columns = table.columns.iter().zip(assess::assess(table, &region)).map(|(column, assessed)| {
            let kind = format!("{:?}", column.native).to_lowercase();
            DiscoveredColumn { name: column.label(), kind, filled: column.filled(), holds: assessed.seen }
        });
        DiscoveredTable { name: table.name.clone(), rows_seen: table.rows, columns: columns.collect() }
    });
    Ok(Discovery { connector: connector.name(), tables: tables.collect() })
}

/// The address that stands in place of a file.
fn address(file: &Path) -> Option<&str> {
    file.to_str().filter(|text| text.contains("://"))
}

/// A file as it will be opened, or the address that stands for one.
fn located(file: &Path) -> Result<PathBuf, RunError> {
    let Some(text) = address(file) else { return whereabouts(file) };
    let url = url::Url::parse(text).ok().filter(|url| url.password().is_some());
    let variable = match url.as_ref().map(url::Url::scheme) {
        Some("postgres" | "postgresql") => Some("PGPASSWORD"),
        Some("mysql" | "mariadb") => Some("MYSQL_PWD"),
        _ => None,
    };
    if let Some(variable) = variable {
        return Err(RunError::Config(format!(
            "{}: the address has a password in it, which the list of processes and the history of the shell show; take it out and set {variable} instead",
            names::shown(text)
        )));
    }
    Ok(file.to_owned())
}

/// Where a file is, with the links of its folder followed and its own name kept.
fn whereabouts(file: &Path) -> Result<PathBuf, RunError> {
    let doing = || format!("looking for {}", names::shown(&file.to_string_lossy()));
    let is_table =
        || file.to_str().is_some_and(|path| registry::CONNECTORS.iter().any(|it| it.options_for(path).is_some()));
    if file.metadata().doing(doing)?.is_dir() && !is_table() {
        let message = format!("{} is a folder; name its files, as in {}", file.display(), file.join("*").display());
        return Err(RunError::Config(message));
    }
    let absolute = std::path::absolute(file).doing(doing)?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(parent), Some(name)) => Ok(parent.canonicalize().doing(doing)?.join(name)),
        _ => Ok(absolute),
    }
}

/// The country most sources are of.
fn common_region<'a>(regions: impl Iterator<Item = &'a Region>) -> Noted {
    let told: Vec<&Region> = regions.filter(|region| region.why.is_some()).collect();
    let strong: Vec<&Region> = told.iter().copied().filter(|region| !region.is_weak).collect();
    let sure = if strong.is_empty() { told } else { strong };
    let votes = |region: &Region| sure.iter().filter(|other| other.code == region.code).count();
    // The first of equals: `max_by_key` takes the last.
    let Some(most) = sure.iter().rev().max_by_key(|region| votes(region)) else {
        return Noted::new(region::guess(&[]).code, "a guess: nothing in the files says which country");
    };
    let why = most.why.clone().unwrap_or_default();
    let note = if sure.len() > 1 { format!("so say {} of {} sources that tell", votes(most), sure.len()) } else { why };
    Noted::new(&most.code, note)
}

/// Declares an attribute; one that several sources have gets the type that holds the values of all.
fn declare(attributes: &mut Vec<(String, Noted)>, name: String, kind: Noted) {
    match attributes.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => generic::common_type(&known.text, &kind.text).clone_into(&mut known.text),
        None => attributes.push((name, kind)),
    }
}

/// Attributes worth a target, where some source has them.
fn targets(sources: &[SourceDraft]) -> Vec<&'static str> {
    let records =
        || sources.iter().flat_map(|source| &source.records).filter(|record| record.entity != Entity::Generic);
    let has = |name: &str| {
        records().any(|record| {
            record.fields.iter().any(|field| field.attribute == name)
                || record.children.iter().any(|child| child.attribute == name)
        })
    };
    ["emails", "phones", "addresses", "birth_date"].into_iter().filter(|name| has(name)).collect()
}

/// Loads a proposed pipeline that is to be written to `path` as a run would, its SQL included.
///
/// # Errors
/// Where it does not load: a fault of this program, because nobody has touched the file yet.
pub async fn verify(yaml: &str, path: &Path) -> Result<(), RunError> {
    let fault = |mistakes: Mistakes| {
        RunError::Internal(format!(
            "the pipeline that was written does not load; please report it with the names of the columns:\n{mistakes}"
        ))
    };
    let connectors = registry::schemas();
    let options = LoadOptions { env: None, vars: Vec::new(), connectors: &connectors, process_env: &|_| None };
    let loaded = load_text(yaml, path, &options).map_err(fault)?;
    let plan = Plan::build(&loaded).map_err(|found| {
        fault(
            loaded.mistakes(found.into_iter().map(|mistake| loaded.mistake(&mistake.path, mistake.message)).collect()),
        )
    })?;
    let not_checked = check_sql(&Checked { loaded, plan }).await.map_err(fault)?;
    match not_checked.first() {
        None => Ok(()),
        Some(first) => {
            Err(RunError::Internal(format!("source `{}` cannot be read a second time: {}", first.source, first.why)))
        }
    }
}

#[cfg(test)]
mod tests;
