//! Incremental sources: what the pipeline file says of them, and which state a run reads them with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use goldsmith_config::model;
use goldsmith_increments::{Deletes, Lag, Mode, PreviousState, Settings};
use goldsmith_source::request::suggestion;

use super::RunError;
use super::build::PlanMistake;
use super::error::IoContext;
use super::plan::{IncrementalPlan, Plan, SourcePlan};
use crate::extract::LandedTable;
use crate::normalize::select::SqlMistake;
use crate::publish::Manifest;
use crate::publish::manifest::{SourceEntry, StateEntry};
use crate::publish::table::{create_private_dir, sync_directory};

/// Which sources a run reads otherwise than the pipeline says.
#[derive(Debug, Clone, Default)]
pub struct Reread {
    /// Sources to read whole, as if there were no state.
    pub refresh: Vec<String>,
    /// A source of which an interval is read once more.
    pub backfill: Option<Backfill>,
}

/// An interval of a cursor, the left edge included.
#[derive(Debug, Clone)]
pub struct Backfill {
    pub source: String,
    pub from: Option<String>,
    pub until: Option<String>,
}

impl Reread {
    /// How a source is read.
    #[must_use]
    pub fn mode(&self, source: &str) -> Mode {
        match &self.backfill {
            _ if self.refresh.iter().any(|name| name == source) => Mode::Refresh,
            Some(backfill) if backfill.source == source => {
                Mode::Backfill { from: backfill.from.clone(), until: backfill.until.clone() }
            }
            _ => Mode::Live,
        }
    }

    /// Checks that the sources named are incremental ones of the plan.
    ///
    /// # Errors
    /// A name that is none, with the nearest.
    pub fn check(&self, plan: &Plan) -> Result<(), RunError> {
        let names: Vec<&str> = plan
            .sources
            .iter()
            .filter(|source| source.incremental.is_some())
            .map(|source| source.name.as_str())
            .collect();
        let refreshed = self.refresh.iter().map(|name| ("--refresh", name));
        let filled = self.backfill.iter().map(|backfill| ("--backfill", &backfill.source));
        for (option, name) in refreshed.chain(filled) {
            if !names.contains(&name.as_str()) {
                return Err(RunError::Config(format!(
                    "{option} {name}: no source of that name is `incremental`{}",
                    suggestion(name, &names)
                )));
            }
            let both = self.backfill.as_ref().is_some_and(|backfill| self.refresh.contains(&backfill.source));
            if both {
                return Err(RunError::Config(format!(
                    "{option} {name}: a refresh reads everything anew, so there is nothing to backfill; give one of both"
                )));
            }
        }
        Ok(())
    }
}

/// What the pipeline file says of an incremental source. `secret` keeps what its options hold out of the identity.
pub(super) fn plan_of(
    name: &str,
    source: &model::Source,
    obeys_windows: bool,
    secret: &[u8; 32],
    mistakes: &mut Vec<PlanMistake>,
) -> Option<IncrementalPlan> {
    let said = source.incremental.as_ref()?;
    if !obeys_windows && said.deletes != model::Deletes::Full {
        mistakes.push(PlanMistake {
            path: format!("sources.{name}.incremental"),
            message: format!(
                "connector `{}` always reads everything; remove `incremental`, or set `deletes: full` to compare what it reads with the last version",
                source.connector
            ),
        });
    }
    let options = serde_json::to_vec(&(&source.connector, &source.options)).unwrap_or_default();
    let settings = Settings {
        cursor: said.cursor.clone(),
        key: said.key.as_slice().to_vec(),
        lag: match said.lag {
            model::Lag::None => Lag::None,
            model::Lag::Seconds(seconds) => Lag::Seconds(seconds),
            model::Lag::Count(count) => Lag::Count(count),
        },
        deleted: said.deleted.clone(),
        deletes: match said.deletes {
            model::Deletes::None => Deletes::None,
            model::Deletes::Keys => Deletes::Keys,
            model::Deletes::Full => Deletes::Full,
        },
    };
    let of_table = |(name, table): (&str, &model::IncrementalTable)| {
        let own = Settings {
            cursor: table.cursor.clone().unwrap_or_else(|| settings.cursor.clone()),
            key: table.key.as_slice().to_vec(),
            deleted: table.deleted.clone(),
            ..settings.clone()
        };
        (name.to_owned(), own)
    };
    Some(IncrementalPlan {
        tables: said.tables.iter().map(of_table).collect(),
        settings,
        identity: blake3::keyed_hash(secret, &options).to_hex().to_string(),
    })
}

/// Adds to the columns of the tables that are read by increments what that needs, and reports what does not fit.
pub(super) fn add_columns(
    source: &SourcePlan,
    schemas: &BTreeMap<String, SchemaRef>,
    needs: &mut BTreeMap<String, Option<BTreeSet<String>>>,
    mistakes: &mut Vec<SqlMistake>,
) {
    let Some(plan) = &source.incremental else { return };
    let mistake =
        |key: &str, message: String| SqlMistake { path: format!("sources.{}.incremental.{key}", source.name), message };
    let names: Vec<&str> = needs.keys().map(String::as_str).collect();
    for table in plan.tables.keys().filter(|table| !needs.contains_key(*table)) {
        let message = format!("no table `{table}` is read{}", suggestion(table, &names));
        mistakes.push(mistake(&format!("tables.{table}"), message));
    }
    let mut read: Vec<&SchemaRef> = Vec::new();
    for (table, columns) in needs.iter_mut() {
        let Some(schema) = schemas.get(table).filter(|schema| !schema.fields().is_empty()) else { continue };
        let settings = plan.of(table);
        let place = |key: &str| match plan.tables.get(table) {
            Some(own) if key != "cursor" || own.cursor != plan.settings.cursor => format!("tables.{table}.{key}"),
            _ => key.to_owned(),
        };
        if let Some(own) = plan.tables.get(table) {
            if !own.concern(schema) {
                let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                let message = format!(
                    "table `{table}` has no column `{}` to be its cursor{}",
                    own.cursor,
                    suggestion(&own.cursor, &names)
                );
                mistakes.push(mistake(&format!("tables.{table}"), message));
                continue;
            }
        } else {
            read.push(schema);
        }
        if !settings.concern(schema) {
            continue;
        }
        let of_key = settings.key.iter().map(|column| ("key", column));
        for (key, column) in of_key.chain(settings.deleted.iter().map(|column| ("deleted", column))) {
            if schema.field_with_name(column).is_err() {
                let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                let own = if plan.tables.contains_key(table) {
                    String::new()
                } else {
                    format!("; if only others have it, say what holds for this one under `tables: {table}:`")
                };
                mistakes.push(mistake(
                    &place(key),
                    format!("table `{table}` has no column `{column}`{own}{}", suggestion(column, &names)),
                ));
                return;
            }
        }
        if let Err(error) = settings.check(schema, &format!("table `{table}`")) {
            mistakes.push(mistake(&place("cursor"), error.to_string()));
        }
        if let Some(columns) = columns {
            columns.extend(settings.columns().map(str::to_owned));
        }
    }
    let settings = &plan.settings;
    if !read.is_empty() && plan.tables.is_empty() && !read.iter().any(|schema| settings.concern(schema)) {
        let names: Vec<&str> =
            read.iter().flat_map(|schema| schema.fields()).map(|field| field.name().as_str()).collect();
        let message =
            format!("no table that is read has a column `{}`{}", settings.cursor, suggestion(&settings.cursor, &names));
        mistakes.push(mistake("cursor", message));
    }
}

/// What the tables of one source are read with by increments.
pub struct Increments<'a> {
    pub mode: Mode,
    /// Microseconds since 1970: cursors after it do not move a mark.
    pub now: i64,
    /// The directory of the last published version and what it says of the source.
    pub last: Option<(&'a Path, &'a SourceEntry)>,
    /// The directory of the version that is made, in which states are written.
    pub staging: &'a Path,
}

impl<'a> Increments<'a> {
    #[must_use]
    pub fn new(
        source: &str,
        reread: &Reread,
        now: i64,
        last: Option<(&'a Path, &'a Manifest)>,
        staging: &'a Path,
    ) -> Self {
        let entry = |manifest: &'a Manifest| manifest.sources.iter().find(|entry| entry.name == source);
        Self {
            mode: reread.mode(source),
            now,
            last: last.and_then(|(directory, manifest)| Some((directory, entry(manifest)?))),
            staging,
        }
    }

    /// The state of a table in the last published version.
    #[must_use]
    pub fn previous(&self, source: &str, table: &str) -> Option<PreviousState> {
        let (directory, entry) = self.last?;
        let state = entry.tables.iter().find(|known| known.name == table)?.state.as_ref()?;
        Some(PreviousState {
            path: directory.join(&state.path),
            blake3: state.blake3.clone(),
            way_out: format!("goldsmith run PIPELINE --refresh {source}"),
        })
    }
}

impl Increments<'_> {
    /// Removes the state of a table whose rows are kept out of the run: it is read whole once they are not.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    pub fn forget(&self, table: Option<&LandedTable>) -> Result<(), RunError> {
        let Some(increment) = table.and_then(|table| table.increment.as_ref()) else { return Ok(()) };
        let path = self.staging.join(&increment.path);
        std::fs::remove_file(&path).doing(|| format!("removing {}", path.display()))
    }

    /// Makes the entries of the directories of a source's states durable.
    ///
    /// # Errors
    /// A directory that cannot be synchronised.
    pub fn sync(&self, source: &str) -> Result<(), RunError> {
        let states = self.staging.join("state");
        sync_directory(&states.join(source))?;
        sync_directory(&states)
    }
}

/// Where the state of a source's table lies in a version's directory.
#[must_use]
pub fn state_path(source: &str, number: usize) -> PathBuf {
    Path::new("state").join(source).join(format!("{number}.parquet"))
}

/// Takes the states of a source that was not read over into the version that is made, so that the next run goes on from
/// them.
///
/// # Errors
/// A state that is gone, or a full disk.
pub fn carry_states(entry: &SourceEntry, last: &Path, staging: &Path) -> Result<(), RunError> {
    for StateEntry { path, .. } in entry.tables.iter().filter_map(|table| table.state.as_ref()) {
        let (from, to) = (last.join(path), staging.join(path));
        if let Some(directory) = to.parent() {
            create_private_dir(directory)?;
        }
        // States never change, so versions can share one.
        if std::fs::hard_link(&from, &to).is_err() {
            std::fs::copy(&from, &to).doing(|| format!("keeping the state {}", from.display()))?;
        }
    }
    Ok(())
}
