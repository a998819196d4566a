//! Running the tap: its files, its discovery, its output.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use goldsmith_source::program::{Output, Program, private_file};
use goldsmith_source::secret::Secret;
use goldsmith_source::{ErrorKind, SourceError};
use serde_json::Value;
use tempfile::TempDir;

use crate::catalog::{Discovered, select};
use crate::config::{Selection, SingerConfig};

/// Bytes a catalog may have: it is held in memory.
const MAX_CATALOG: u64 = 64 << 20;

/// What the tap wrote, and the streams that were selected, where it was told.
pub(crate) struct TapRun {
    pub(crate) output: Output,
    pub(crate) selected: Vec<Discovered>,
}

/// Discovers where asked for, and reads the selected streams.
pub(crate) fn run(config: &SingerConfig, base_dir: &Path) -> Result<TapRun, SourceError> {
    let place = config.program.as_str();
    // Removed when this function ends, whichever way.
    let folder = TempDir::new().map_err(|error| unwritable(place, error))?;
    let settings = resolved(&Value::Object(config.config.clone()), base_dir)?;
    let mut args = config.args.clone();
    args.extend(["--config".to_owned(), private(&folder, "config.json", &settings, place)?]);
    let mut selected = Vec::new();
    let flag = match config.selection {
        Selection::Catalog => Some("--catalog"),
        Selection::Properties => Some("--properties"),
        Selection::None => None,
    };
    let discovery = args.iter().cloned().chain(["--discover".to_owned()]).collect();
    if let Some(flag) = flag {
        let mut discovery = program(config, base_dir, discovery);
        let is_bounded = discovery.max_bytes > MAX_CATALOG;
        discovery.max_bytes = discovery.max_bytes.min(MAX_CATALOG);
        let discovered = discovery.run(place).map_err(|error| match error.kind {
            ErrorKind::Corrupt if is_bounded => {
                let most = MAX_CATALOG >> 20;
                let message = format!(
                    "writes more than {most} MiB with --discover, which is no catalog; set selection: none where it knows no --discover"
                );
                SourceError::corrupt(place, message)
            }
            _ => error,
        })?;
        let mut text = Vec::new();
        discovered.reader().read_to_end(&mut text).map_err(|error| {
            SourceError::unavailable(place, "its catalog could not be read back; run again").because(error)
        })?;
        // What is no JSON is no catalog either, and refused as such.
        let mut catalog: Value = serde_json::from_slice(&text).unwrap_or_default();
        selected = select(&mut catalog, config.streams.as_deref(), place)?;
        args.extend([flag.to_owned(), private(&folder, "catalog.json", &catalog, place)?]);
    }
    if let Some(state) = &config.state {
        let path = base_dir.join(state);
        if !path.is_file() {
            let message = "there is no such state file; check option \"state\", or leave it out to read everything";
            return Err(SourceError::unavailable(state, message));
        }
        let path = std::path::absolute(&path).unwrap_or(path);
        args.extend(["--state".to_owned(), path.to_string_lossy().into_owned()]);
    }
    let output = program(config, base_dir, args).run(place)?;
    Ok(TapRun { output, selected })
}

fn program(config: &SingerConfig, base_dir: &Path, args: Vec<String>) -> Program {
    Program {
        program: config.program.clone(),
        args,
        env: Vec::new(),
        base_dir: base_dir.to_owned(),
        working_dir: PathBuf::from(&config.working_dir),
        timeout: Duration::from_secs(config.timeout_seconds),
        max_bytes: config.max_bytes,
        log: config.log.clone(),
    }
}

/// `value` with the secrets in place of their references.
fn resolved(value: &Value, base_dir: &Path) -> Result<Value, SourceError> {
    match value {
        Value::Object(object) => {
            if let Some(secret) = reference(value) {
                return secret.resolve(base_dir).map(Value::String);
            }
            let members: Result<_, SourceError> =
                object.iter().map(|(name, value)| Ok((name.clone(), resolved(value, base_dir)?))).collect();
            members.map(Value::Object)
        }
        Value::Array(items) => {
            let items: Result<_, SourceError> = items.iter().map(|item| resolved(item, base_dir)).collect();
            items.map(Value::Array)
        }
        other => Ok(other.clone()),
    }
}

/// An object of nothing but `env` or `file`, with a text.
fn reference(value: &Value) -> Option<Secret> {
    let mut members = value.as_object()?.iter();
    match (members.next(), members.next()) {
        (Some((name, Value::String(text))), None) if name == "env" => Some(Secret::Env(text.clone())),
        (Some((name, Value::String(text))), None) if name == "file" => Some(Secret::File(text.clone())),
        _ => None,
    }
}

/// Writes a file that only its owner can read, and gives its path.
fn private(folder: &TempDir, name: &str, content: &Value, place: &str) -> Result<String, SourceError> {
    let path = folder.path().join(name);
    private_file(&path)
        .and_then(|mut file| file.write_all(content.to_string().as_bytes()))
        .map_err(|error| unwritable(place, error))?;
    Ok(path.to_string_lossy().into_owned())
}

fn unwritable(place: &str, error: std::io::Error) -> SourceError {
    let message =
        "its configuration cannot be written to a temporary file; make room, or set TMPDIR to a folder with room";
    SourceError::unavailable(place, message).because(error)
}
