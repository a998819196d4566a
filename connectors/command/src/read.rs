//! One run of the program for schema and rows; with a window one run for each read.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::datatypes::{Schema, SchemaRef};
use goldsmith_source::program::{Output, Program};
use goldsmith_source::secret::Secret;
use goldsmith_source::{FileRead, OpenContext, ReadRequest, Sink, Source, SourceError, Window, request};

use crate::config::{CommandConfig, Format};
use crate::infer::Members;
use crate::{arrow_stream, ndjson};

pub(crate) struct CommandSource {
    config: CommandConfig,
    secrets: Vec<(String, Secret)>,
    /// The schema declared.
    declared: Option<SchemaRef>,
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
    /// The kinds behind the schema, for JSON.
    pub(crate) members: Members,
    /// Whether the schema was declared, so that rows may not fit it.
    pub(crate) declared: bool,
}

impl CommandSource {
    pub(crate) fn new(config: CommandConfig, secrets: Vec<(String, Secret)>, context: &OpenContext) -> Self {
        let declared = config.schema().map(Arc::new);
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
        let (members, found) = match (&self.declared, self.config.format) {
            (Some(schema), Format::Ndjson) => (Members::declared(schema.fields()), None),
            (None, Format::Ndjson) => {
                let members = ndjson::infer(&output, place)?;
                let schema = Schema::new(members.fields());
                (members, Some(Arc::new(schema)))
            }
            (_, Format::Arrow) => (Members::default(), Some(arrow_stream::schema(&output, place)?)),
        };
        let declared = self.declared.is_some();
        let schema = self.declared.clone().or(found).unwrap_or_else(|| Arc::new(Schema::empty()));
        Ok(Ran { output, schema, members, declared })
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
            Some(schema) if self.config.incremental => Ok(Arc::clone(schema)),
            _ => Ok(Arc::clone(&self.ran()?.schema)),
        }
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let place = self.locator();
        let table: Arc<str> = request::table(request.table.as_deref(), &self.tables, &place)?.into();
        let ran = match &request.window {
            Some(window) if self.config.incremental => Arc::new(self.run(Some(window))?),
            _ => self.ran()?,
        };
        let wanted = request::projection(request.columns.as_deref(), &ran.schema, &place)?;
        let schema = Arc::new(ran.schema.project(&wanted).map_err(|error| ndjson::internal(&place).because(error))?);
        let rows = match self.config.format {
            Format::Ndjson => ndjson::read(&ran, &schema, &table, &place, request.batch_rows.max(1), sink)?,
            Format::Arrow => arrow_stream::read(&ran, &schema, &table, &place, request.batch_rows.max(1), sink)?,
        };
        let (bytes, checksum) = (ran.output.bytes(), ran.output.checksum().to_owned());
        sink.file_done(FileRead { file: table, bytes, checksum: Some(checksum), rows })
    }

    fn obeys_windows(&self) -> bool {
        self.config.incremental
    }
}
