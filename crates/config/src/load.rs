//! From a path to a pipeline: the one module that reads files.
//!
//! A file is read, parsed, overlaid, filled in, checked, and only then deserialised. `--env prod` lays
//! `pipeline.prod.yaml`, beside `pipeline.yaml`, over it: maps are merged key by key, everything else is replaced.

use std::fs::File;
use std::io::Read;
use std::path::{Path as FilePath, PathBuf};

use crate::mistakes::{Mistake, Mistakes, Place, SourceFile};
use crate::model::Pipeline;
use crate::place::Positions;
use crate::schema::{ConnectorSchema, json_schema};
use crate::yaml::{Entry, Kind, MAX_BYTES, Node};
use crate::{check, references, substitute, yaml};

/// What a file is loaded with.
pub struct LoadOptions<'a> {
    /// The environment whose overlay is laid over the file: `prod`.
    pub env: Option<String>,
    /// Variables given on the command line; they win over all others, the last of a name over the earlier.
    pub vars: Vec<(String, String)>,
    /// The connectors there are. None accepts any connector with any options.
    pub connectors: &'a [ConnectorSchema],
    /// The process environment.
    pub process_env: &'a dyn Fn(&str) -> Option<String>,
}

/// A file that says what it should.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says, variables filled in.
    pub pipeline: Pipeline,
    /// Where it says it.
    pub positions: Positions,
    /// The folder relative paths start from: that of the pipeline file.
    pub base_dir: PathBuf,
    /// The pipeline file and its overlay, as read.
    pub files: Vec<SourceFile>,
}

impl Loaded {
    /// The pipeline file as read, before anything was filled in.
    pub fn source_text(&self) -> &str {
        self.files.first().map_or("", |file| &file.text)
    }

    /// A mistake that a later check found in the value at `path`.
    pub fn mistake(&self, path: &str, message: String) -> Mistake {
        Mistake::at(&self.positions.value(path), path.to_owned(), message)
    }

    /// Mistakes of later checks, to be shown like those of this crate.
    pub fn mistakes(&self, list: Vec<Mistake>) -> Mistakes {
        Mistakes::new(self.files.clone(), list)
    }
}

/// Loads a pipeline file.
///
/// # Errors
/// Every mistake of the file and its overlay, with its place.
pub fn load(path: &FilePath, options: &LoadOptions<'_>) -> Result<Loaded, Mistakes> {
    let mut files = Vec::new();
    read_into(&mut files, path)?;
    if let Some(env) = &options.env {
        let overlay = overlay_path(path, env, &files)?;
        read_into(&mut files, &overlay)?;
    }
    let base_dir = match path.parent() {
        Some(parent) if parent != FilePath::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    load_files(files, base_dir, options)
}

/// Loads a pipeline from text, for tests and for examples in documents; `path` only names it.
///
/// # Errors
/// As [`load`].
pub fn load_text(text: &str, path: &FilePath, options: &LoadOptions<'_>) -> Result<Loaded, Mistakes> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let files = vec![SourceFile { path: path.to_owned(), text: text.into() }];
    let base_dir = path.parent().map(FilePath::to_owned).unwrap_or_default();
    load_files(files, base_dir, options)
}

/// `path` of a pipeline file, from the folder it is relative to.
pub fn resolve(base_dir: &FilePath, path: &str) -> PathBuf {
    base_dir.join(path)
}

fn load_files(files: Vec<SourceFile>, base_dir: PathBuf, options: &LoadOptions<'_>) -> Result<Loaded, Mistakes> {
    let mut mistakes = Vec::new();
    let mut root: Option<Node> = None;
    let mut broken = false;
    for (index, file) in files.iter().enumerate() {
        let (node, found) = yaml::parse(&file.text, index);
        mistakes.extend(found);
        match (node, &mut root) {
            (Some(node), Some(root)) => merge(root, node),
            (Some(node), root) => *root = Some(node),
            (None, _) => broken = true,
        }
    }
    let Some(mut root) = root.filter(|_| !broken) else {
        return Err(Mistakes::new(files, mistakes));
    };
    substitute::substitute(&mut root, &options.vars, options.process_env, &mut mistakes);
    let (value, found) = check::check(&root, &json_schema(options.connectors));
    mistakes.extend(found);
    mistakes.extend(references::check(&root));
    if !mistakes.is_empty() {
        return Err(Mistakes::new(files, mistakes));
    }
    match serde_json::from_value::<Pipeline>(value) {
        Ok(pipeline) => Ok(Loaded { pipeline, positions: Positions::new(root), base_dir, files }),
        Err(_) => {
            // Serde's words could quote a value. The schema is made from the same types, so only a fault of this
            // program leads here.
            let message = "the file fits the schema and still cannot be read; this is a fault of goldsmith".to_owned();
            let mistake = Mistake { place: Some(root.place), path: String::new(), message, redacted: true };
            Err(Mistakes::new(files, vec![mistake]))
        }
    }
}

/// Lays `over` over `base`.
fn merge(base: &mut Node, over: Node) {
    match (&mut base.kind, over.kind) {
        (Kind::Map(entries), Kind::Map(overs)) => {
            for Entry { key, key_place, value } in overs {
                match entries.iter_mut().find(|entry| entry.key == key) {
                    Some(entry) => {
                        merge(&mut entry.value, value);
                        entry.key_place = key_place;
                    }
                    None => entries.push(Entry { key, key_place, value }),
                }
            }
        }
        (_, kind) => *base = Node { place: over.place, kind },
    }
}

fn overlay_path(path: &FilePath, env: &str, files: &[SourceFile]) -> Result<PathBuf, Mistakes> {
    let named = !env.is_empty() && env.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !named {
        let message = format!("`{}` cannot name an environment: use letters, digits, `-` and `_`", yaml::short(env));
        return Err(whole_file(files.to_vec(), message));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    let overlay = path.with_file_name(format!("{stem}.{env}{ending}"));
    if overlay.exists() {
        return Ok(overlay);
    }
    let message = format!(
        "the environment `{env}` has no overlay: `{}` does not exist; create it or leave `--env` out",
        overlay.display()
    );
    Err(whole_file(files.to_vec(), message))
}

fn read_into(files: &mut Vec<SourceFile>, path: &FilePath) -> Result<(), Mistakes> {
    let fail = |files: &mut Vec<SourceFile>, place: Option<(usize, usize)>, message: String| {
        let file = files.len();
        files.push(SourceFile { path: path.to_owned(), text: "".into() });
        let (line, column) = place.unwrap_or((1, 1));
        let place = Some(Place { file, line, column, length: 1 }).filter(|_| place.is_some() || file > 0);
        Err(Mistakes::new(
            std::mem::take(files),
            vec![Mistake { place, path: String::new(), message, redacted: false }],
        ))
    };
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => "the pipeline file does not exist; check the path".to_owned(),
            _ => format!("the pipeline file cannot be read: {error}"),
        };
        return fail(files, None, message);
    }
    if bytes.len() as u64 > MAX_BYTES {
        return fail(files, None, format!("the pipeline file is larger than {} MiB", MAX_BYTES / 1024 / 1024));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return fail(files, Some((1, 1)), "the file is UTF-16; save it as UTF-8".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            files.push(SourceFile { path: path.to_owned(), text: text.into() });
            Ok(())
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default()).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            fail(files, Some((line, column)), "this byte is not UTF-8; save the file as UTF-8".to_owned())
        }
    }
}

fn whole_file(files: Vec<SourceFile>, message: String) -> Mistakes {
    Mistakes::new(files, vec![Mistake { place: None, path: String::new(), message, redacted: false }])
}
