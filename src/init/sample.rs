//! The first rows of a file, read through the connector that will read it in a run.

use std::path::Path;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use goldsmith_source::{
    Chunk, Connector, ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError,
};
use goldsmith_standardize::date;
use serde_json::{Map, Value};

use super::column::Table;
use super::draft::Noted;
use super::names;
use super::values;
use crate::pipeline::RunError;
use crate::registry::CONNECTORS;

/// How the addresses of files begin, and those of systems.
const FILE_SCHEMES: [&str; 5] = ["https", "http", "s3", "az", "sftp"];
const SYSTEM_SCHEMES: [&str; 5] = ["postgres", "postgresql", "mysql", "mariadb", "nats"];

/// Rows of each table that are looked at.
pub(super) const ROWS: usize = 2_000;
/// Rows of a text file whose encoding is watched: the first umlaut may come late.
const WATCHED: u64 = 200_000;

/// A connector's options, in the order they are written.
pub(super) type Options = Vec<(String, Noted)>;

/// A file as a pipeline can read it.
pub(super) struct Sampled {
    pub(super) connector: &'static str,
    pub(super) options: Options,
    pub(super) tables: Vec<Table>,
    /// Names of those tables that show rows of others.
    pub(super) views: Vec<String>,
    /// Rows of the sample that could not be read.
    pub(super) rejected: u64,
    /// Rows with bytes the encoding does not have, and values beyond ASCII that it has.
    encoded: (u64, u64),
}

/// The connector for a file or an address, and the options that read it. `path` is as the pipeline will write it.
///
/// # Errors
/// Where no connector reads such files, or such an address.
pub(super) fn opened_by(path: &str) -> Result<(&'static dyn Connector, Options), RunError> {
    let by_ending = by_ending(path).map(|connector| (connector, vec![("path".to_owned(), Noted::plain(path))]));
    let by_address = || {
        let (connector, options) = CONNECTORS.iter().find_map(|it| Some((*it, it.options_for(path)?)))?;
        let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some((connector, options.into_iter().map(|(name, value)| (name, Noted::plain(text(value)))).collect()))
    };
    by_ending.or_else(by_address).ok_or_else(|| RunError::Config(unread(path)))
}

/// Why no connector reads `path`.
fn unread(path: &str) -> String {
    let shown = names::shown(path);
    let scheme = path.split_once("://").map(|(scheme, _)| scheme);
    if let Some(scheme) = scheme.filter(|scheme| !FILE_SCHEMES.contains(scheme)) {
        return if SYSTEM_SCHEMES.contains(&scheme) {
            format!("{shown}: the address is not a URL; write {scheme}://USER@HOST:PORT/NAME, the port a number")
        } else {
            format!(
                "{shown}: no connector reads addresses that begin with {scheme}://; known are those of files ({}) and of systems ({})",
                FILE_SCHEMES.map(|scheme| format!("{scheme}://")).join(", "),
                SYSTEM_SCHEMES.map(|scheme| format!("{scheme}://")).join(", ")
            )
        };
    }
    let known: Vec<String> =
        CONNECTORS.iter().flat_map(|connector| connector.file_endings()).map(|ending| format!(".{ending}")).collect();
    format!(
        "{shown}: no connector reads files that end so; known are {} (also with .gz or .zst after it)",
        known.join(", ")
    )
}

/// The connector that reads files whose names end so.
fn by_ending(path: &str) -> Option<&'static dyn Connector> {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let bare = [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let (_, ending) = bare.rsplit_once('.')?;
    CONNECTORS.iter().copied().find(|connector| connector.file_endings().contains(&ending))
}

/// Reads the first rows of every table of a file or system. Paths in `options` start from `base_dir`.
///
/// # Errors
/// A file that is missing, broken or not what its name says.
pub(super) fn sample(
    connector: &'static dyn Connector,
    source: &str,
    options: &[(String, Noted)],
    base_dir: &Path,
) -> Result<Sampled, RunError> {
    let open = Opener { connector, source, options, base_dir };
    let named = |error| RunError::Source { name: source.to_owned(), error };
    // Only text files have an encoding, and only their rows come in one table.
    if !has_option(connector, "encoding") {
        return open.read(&[]).map_err(named);
    }
    let declared = |encoding: &str, note: &str| ("encoding".to_owned(), Noted::new(encoding, note));
    let plain = open.read(&[]);
    let (bad, good) = plain.as_ref().map_or((0, 0), |sampled| sampled.encoded);
    let mut sampled = match plain {
        // A few broken rows do not make another encoding of a file whose other rows are sound.
        Ok(sampled) if bad <= good => sampled,
        // As UTF-16 nearly any bytes are letters of some language, so its mark has to say so.
        Err(error) if error.message.ends_with("set encoding: utf-16") => {
            open.read(&[declared("utf-16", "by its byte-order mark")]).map_err(named)?
        }
        first => {
            let note = "its bytes are not valid UTF-8; should letters look wrong, name another";
            open.read(&[declared("windows-1252", note)]).or(first).map_err(named)?
        }
    };
    if connector.name() == "csv" && has_no_header(&sampled) {
        let mut options = sampled.options.split_off(1);
        options.push(("header".to_owned(), Noted::new("false", "the first row holds values, not names")));
        sampled = open.read(&options).map_err(named)?;
    }
    Ok(sampled)
}

fn has_option(connector: &dyn Connector, option: &str) -> bool {
    connector.options_schema().get("properties").and_then(|options| options.get(option)).is_some()
}

/// Whether the names of the columns are rather values.
fn has_no_header(sampled: &Sampled) -> bool {
    let names = sampled.tables.iter().flat_map(|table| &table.columns).filter_map(|column| column.path.first());
    let names: Vec<&str> = names.map(String::as_str).collect();
    let is_value = |name: &&&str| values::is_email(name) || (name.len() >= 8 && date::parse(name, &[]).is_some());
    // An address of e-mail is the name of no column.
    names.iter().any(|name| values::is_email(name)) || names.iter().filter(is_value).count() * 3 >= names.len().max(1)
}

struct Opener<'a> {
    connector: &'static dyn Connector,
    source: &'a str,
    options: &'a [(String, Noted)],
    base_dir: &'a Path,
}

impl Opener<'_> {
    fn read(&self, more: &[(String, Noted)]) -> Result<Sampled, SourceError> {
        let options: Vec<(String, Noted)> = self.options.iter().chain(more).cloned().collect();
        let value: Map<String, Value> =
            options.iter().map(|(name, option)| (name.clone(), json(&option.text))).collect();
        let context = OpenContext { source_name: self.source.to_owned(), base_dir: self.base_dir.to_owned() };
        let source = self.connector.open(&Value::Object(value), &context)?;
        let mut sampled = Sampled {
            connector: self.connector.name(),
            options,
            tables: Vec::new(),
            views: source.views()?,
            rejected: 0,
            encoded: (0, 0),
        };
        let is_text = has_option(self.connector, "encoding");
        for table in source.tables()? {
            let schema = source.schema(Some(&table))?;
            let sampler = rows_of(source.as_ref(), &table, if is_text { WATCHED } else { 0 })?;
            sampled.rejected += sampler.rejected;
            sampled.encoded.0 += sampler.badly_encoded;
            sampled.encoded.1 += sampler.beyond_ascii;
            sampled.tables.push(Table::new(&table, schema.fields(), &sampler.batches));
        }
        Ok(sampled)
    }
}

/// An option as the pipeline file will say it: true, false, a number, a list or a mapping where it reads as one.
fn json(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Array(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

fn rows_of(source: &dyn Source, table: &str, watched: u64) -> Result<Sampler, SourceError> {
    let mut sampler = Sampler {
        batches: Vec::new(),
        rows: 0,
        seen: 0,
        watched,
        rejected: 0,
        badly_encoded: 0,
        beyond_ascii: 0,
        enough: false,
    };
    let request = ReadRequest {
        table: Some(table.to_owned()),
        batch_rows: ROWS,
        // Text files are read on, for their encoding.
        limit: (watched == 0).then_some(ROWS as u64),
        ..ReadRequest::default()
    };
    match source.read(&request, &mut sampler) {
        Err(error) if !sampler.enough => Err(error),
        _ => Ok(sampler),
    }
}

/// Keeps the first rows and ends the read by an error of its own.
struct Sampler {
    batches: Vec<RecordBatch>,
    rows: usize,
    seen: u64,
    watched: u64,
    rejected: u64,
    badly_encoded: u64,
    /// Values with letters beyond ASCII that were read well.
    beyond_ascii: u64,
    enough: bool,
}

impl Sampler {
    fn check(&mut self) -> Result<(), SourceError> {
        self.enough = self.rows >= ROWS && self.seen >= self.watched;
        if self.enough { Err(SourceError::new(ErrorKind::Internal, "enough rows were seen")) } else { Ok(()) }
    }
}

impl Sink for Sampler {
    fn chunk(&mut self, chunk: Chunk) -> Result<(), SourceError> {
        let rows = chunk.batch.num_rows();
        self.seen += rows as u64;
        if self.watched > 0 {
            self.beyond_ascii += chunk.batch.columns().iter().map(|column| beyond_ascii(column.as_ref())).sum::<u64>();
        }
        let kept = rows.min(ROWS.saturating_sub(self.rows));
        if kept > 0 {
            self.rows += kept;
            self.batches.push(chunk.batch.slice(0, kept));
        }
        self.check()
    }

    fn reject(&mut self, row: RejectedRow) -> Result<(), SourceError> {
        self.seen += 1;
        self.rejected += 1;
        self.badly_encoded += u64::from(row.rule == "invalid_encoding");
        self.check()
    }

    fn file_done(&mut self, _: FileRead) -> Result<(), SourceError> {
        Ok(())
    }
}

fn beyond_ascii(column: &dyn Array) -> u64 {
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().iter().flatten().filter(|value| !value.is_ascii()).count() as u64,
        DataType::Struct(_) => column.as_struct().columns().iter().map(|inner| beyond_ascii(inner.as_ref())).sum(),
        DataType::List(_) => beyond_ascii(column.as_list::<i32>().values().as_ref()),
        _ => 0,
    }
}
