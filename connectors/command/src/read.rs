//! One run of the program for schema and rows; with a window one run for each read.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::datatypes::{Schema, SchemaRef};
use goldsmith_json_rows::Members;
use goldsmith_source::program::{Output, Program};
use goldsmith_source::secret::Secret;
use goldsmith_source::{ErrorKind, FileRead, OpenContext, ReadRequest, Sink, Source, SourceError, Window, request};

use crate::config::{CommandConfig, Format};
use crate::{arrow_stream, ndjson};

pub(crate) struct CommandSource {
    config: CommandConfig,
    secrets: Vec<(String, Secret)>,
    /// The columns declared.
    declared: Option<Members>,
    base_dir: PathBuf,
    /// The one table, named after the source.
    tables: Vec<String>,
    /// What the program wrote, so that `schema` and `read` share one run.
    ran: Mutex<Option<Arc<Ran>>>,
}

/// What the program wrote, and what it has in common.
pub(crate) struct Ran {
    pub(crate) output: Output,
    pub(crate) schema: SchemaRef,
    /// The kinds behind the schema of JSON.
    pub(crate) members: Members,
    /// Whether the schema was declared, so that rows may not fit it.
    pub(crate) declared: bool,
}

impl CommandSource {
    pub(crate) fn new(config: CommandConfig, secrets: Vec<(String, Secret)>, context: &OpenContext) -> Self {
        let declared = config.members();
        let (base_dir, tables) = (context.base_dir.clone(), vec![context.source_name.clone()]);
        Self { config, secrets, declared, base_dir, tables, ran: Mutex::new(None) }
    }

    /// The run without a window, once.
    fn ran(&self) -> Result<Arc<Ran>, SourceError> {
        let mut ran = self.ran.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ran) = &*ran {
            return Ok(Arc::clone(ran));
        }
        let new = Arc::new(self.run(None)?);
        *ran = Some(Arc::clone(&new));
        Ok(new)
    }

    fn run(&self, window: Option<&Window>) -> Result<Ran, SourceError> {
        let place = self.config.program.as_str();
        let mut env: Vec<(String, String)> = self.config.env.clone().into_iter().collect();
        for (name, secret) in &self.secrets {
            env.push((name.clone(), secret.resolve(&self.base_dir)?));
        }
        if let Some(window) = window {
            let bound = |end: &str, mark: &Option<goldsmith_source::Mark>| {
                mark.as_ref().map(|mark| (format!("GOLDSMITH_CURSOR_{end}"), mark.text.clone()))
            };
            env.push(("GOLDSMITH_CURSOR_COLUMN".to_owned(), window.column.clone()));
            env.extend(bound("FROM", &window.from).into_iter().chain(bound("UNTIL", &window.until)));
        }
        let program = Program {
            program: self.config.program.clone(),
            args: self.config.args.clone(),
            env,
            base_dir: self.base_dir.clone(),
            working_dir: PathBuf::from(&self.config.working_dir),
            timeout: Duration::from_secs(self.config.timeout_seconds),
            max_bytes: self.config.max_bytes,
            log: self.config.log.clone(),
        };
        let output = program.run(place)?;
        let (members, schema) = match (&self.declared, self.config.format) {
            (Some(members), Format::Ndjson) => (members.clone(), schema(members)),
            (None, Format::Ndjson) => {
                let members = ndjson::infer(&output, place)?;
                let schema = schema(&members);
                (members, schema)
            }
            (declared, Format::Arrow) => {
                // Looks whether the stream is whole, too.
                let found = arrow_stream::schema(&output, place)?;
                (Members::default(), declared.as_ref().map_or(found, schema))
            }
        };
        Ok(Ran { output, schema, members, declared: self.declared.is_some() })
    }
}

impl Source for CommandSource {
    /// The program without its arguments: these may hold what nobody should see.
    fn locator(&self) -> String {
        self.config.program.clone()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.tables.clone())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        request::table(table, &self.tables, &self.locator())?;
        match &self.declared {
            // A window is only known when rows are asked for, so nothing is run before.
            Some(members) if self.config.windowed => Ok(schema(members)),
            _ => Ok(Arc::clone(&self.ran()?.schema)),
        }
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let place = self.locator();
        let table: Arc<str> = request::table(request.table.as_deref(), &self.tables, &place)?.into();
        let ran = match &request.window {
            Some(window) if self.config.windowed => Arc::new(self.run(Some(window))?),
            _ => self.ran()?,
        };
        let wanted = request::projection(request.columns.as_deref(), &ran.schema, &place)?;
        let rows = match self.config.format {
            Format::Ndjson => ndjson::read(&ran, &wanted, &table, &place, request.batch_rows.max(1), sink)?,
            Format::Arrow => arrow_stream::read(&ran, &wanted, &table, &place, request.batch_rows.max(1), sink)?,
        };
        let (bytes, checksum) = (ran.output.bytes(), ran.output.checksum().to_owned());
        sink.file_done(FileRead { file: table, bytes, checksum: Some(checksum), rows })
    }

    fn obeys_windows(&self) -> bool {
        self.config.windowed
    }
}

fn schema(members: &Members) -> SchemaRef {
    Arc::new(Schema::new(members.fields()))
}

pub(crate) fn unreadable(place: &str, error: std::io::Error) -> SourceError {
    SourceError::unavailable(place, "its output could not be read back from its temporary file; run again")
        .because(error)
}

pub(crate) fn internal(place: &str) -> SourceError {
    SourceError::new(ErrorKind::Internal, "the command connector built a batch that does not fit its schema").at(place)
}
