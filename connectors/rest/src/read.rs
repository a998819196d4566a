//! Reading: all rows of a resource are fetched, and only then the first one is passed on.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arrow::datatypes::{Schema, SchemaRef};
use goldsmith_json_rows::{Members, Node, Table, render};
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::{
    Chunk, ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, Window, request,
};

use crate::client::{Memory, Service};
use crate::fetch::fetch;
use crate::list::{Bound, BoundValue, List, kind};
use crate::plan::{ParentPlan, Plan, ResourcePlan};
use crate::spool::{Fetched, Spool};

/// Rows of a batch at most.
const MAX_BATCH_ROWS: usize = 65_536;

pub(crate) struct RestSource {
    plan: Plan,
    base_dir: PathBuf,
    tables: Vec<String>,
    memory: Memory,
    known: Mutex<Known>,
}

/// What earlier calls found out, by the number of the resource.
#[derive(Default)]
struct Known {
    /// What was fetched to tell the schema, kept for the read that follows.
    fetched: BTreeMap<usize, Arc<Fetched>>,
    /// The members told in the schema, so that rows of a window have the same types.
    members: BTreeMap<usize, Members>,
}

impl RestSource {
    pub(crate) fn new(plan: Plan, context: &OpenContext) -> Self {
        let tables = plan.resources.iter().map(|resource| resource.table.clone()).collect();
        let memory = Memory::new(&plan);
        Self { plan, base_dir: context.base_dir.clone(), tables, memory, known: Mutex::default() }
    }

    /// The resource of a table, and its number.
    fn resource(&self, table: Option<&str>) -> Result<(usize, &ResourcePlan), SourceError> {
        let name = request::table(table, &self.tables, &self.locator())?;
        let found = self.plan.resources.iter().enumerate().find(|(_, resource)| resource.table == name);
        found.ok_or_else(|| self.internal("a table vanished from its own list"))
    }

    /// All rows of a resource, from the value `from` on, whose types are at least those of `members`.
    fn fetch(
        &self,
        resource: &ResourcePlan,
        members: Members,
        from: Option<&str>,
        known: &Known,
    ) -> Result<Fetched, SourceError> {
        let parents = resource.parent.as_ref().map(|parent| self.parents(parent, known)).transpose()?;
        let is_declared = resource.columns.is_some();
        let members = resource.columns.clone().unwrap_or(members);
        self.on_runtime(async || {
            let service = Service::new(&self.plan, &self.base_dir, &self.memory)?;
            let mut spool = Spool::new(members, is_declared, &resource.place)?;
            fetch(&service, resource, &self.plan.limits, parents.as_deref(), from, &mut spool).await?;
            spool.finish()
        })
    }

    /// The values of a parent's rows that make up its lists, each once. A row with a null has no list.
    fn parents(&self, parent: &ParentPlan, known: &Known) -> Result<Vec<Vec<Bound>>, SourceError> {
        let at = parent.resource;
        let Some(resource) = self.plan.resources.get(at) else {
            return Err(self.internal("a parent vanished from the list of resources"));
        };
        let fetched = match known.fetched.get(&at) {
            Some(fetched) => fetched.clone(),
            None => Arc::new(self.fetch(resource, Members::default(), None, known)?),
        };
        let (mut lists, mut seen) = (Vec::new(), HashSet::new());
        fetched.each_row(&mut |row, _| {
            let mut bound = Vec::with_capacity(parent.columns.len());
            for (name, path) in &parent.columns {
                let value = match path.find(row) {
                    None | Some(Node::Null) => return Ok(true),
                    Some(Node::Text(text)) => BoundValue::Text(text.clone().into_owned()),
                    Some(Node::Number(digits)) => BoundValue::Number((*digits).to_owned()),
                    Some(Node::Bool(value)) => BoundValue::Bool(*value),
                    Some(other) => {
                        let message =
                            format!("has {} at {path}, where a child expects one value; correct the path", kind(other));
                        return Err(SourceError::corrupt(&*resource.place, message));
                    }
                };
                bound.push(Bound { name: name.clone(), value });
            }
            if seen.insert(bound.clone()) {
                lists.push(bound);
            }
            Ok(true)
        })?;
        Ok(lists)
    }

    /// Runs `work` on a thread of its own, because the caller's may be driving a runtime already.
    fn on_runtime<T: Send>(&self, work: impl AsyncFnOnce() -> Result<T, SourceError> + Send) -> Result<T, SourceError> {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
                SourceError::unavailable(self.locator(), "there is no thread for the network; try again").because(error)
            })?;
            runtime.block_on(work())
        };
        let joined = std::thread::scope(|scope| scope.spawn(run).join());
        joined.map_err(|_| self.internal("the reading of answers ended in a fault of this program"))?
    }

    fn internal(&self, message: &str) -> SourceError {
        SourceError::new(ErrorKind::Internal, message).at(self.locator())
    }

    /// The resource's rows for a read: those of the window where the service is asked for one, otherwise those
    /// fetched for the schema, or all.
    fn rows(&self, at: usize, resource: &ResourcePlan, window: Option<&Window>) -> Result<Arc<Fetched>, SourceError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = known.fetched.remove(&at);
        match (window.and_then(|window| from(resource, window)), kept) {
            (None, Some(kept)) => Ok(kept),
            (from, _) => {
                let members = known.members.get(&at).filter(|_| from.is_some()).cloned().unwrap_or_default();
                self.fetch(resource, members, from, &known).map(Arc::new)
            }
        }
    }

    /// The columns to read: those asked for, or those told before. A type that has widened since is no column that was
    /// told.
    fn columns(
        &self,
        at: usize,
        resource: &ResourcePlan,
        request: &ReadRequest,
        now: &Schema,
    ) -> Result<Option<Vec<String>>, SourceError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(told) = known.members.get(&at).map(Members::fields) else { return Ok(request.columns.clone()) };
        let names = || told.iter().map(|field| field.name().clone()).collect::<Vec<_>>();
        let wanted = request.columns.clone().unwrap_or_else(names);
        let changed = told
            .iter()
            .filter(|field| wanted.contains(field.name()))
            .find(|field| now.field_with_name(field.name()).ok() != Some(field));
        match changed {
            None => Ok(Some(wanted)),
            Some(field) => Err(SourceError::unavailable(
                &*resource.place,
                format!(
                    "member \"{}\" got values of another type, or none, while it was read; run again, or declare \"columns\"",
                    field.name()
                ),
            )),
        }
    }
}

/// The value from which rows are new, where the service can be asked for them.
fn from<'w>(resource: &ResourcePlan, window: &'w Window) -> Option<&'w str> {
    let incremental = resource.incremental.as_ref()?;
    let is_column = incremental.column.as_ref().is_none_or(|column| *column == window.column);
    window.from.as_ref().filter(|_| is_column).map(|mark| mark.text.as_str())
}

impl Source for RestSource {
    fn locator(&self) -> String {
        self.plan.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(self.tables.clone())
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        let (at, resource) = self.resource(table)?;
        if let Some(declared) = &resource.columns {
            return Ok(Arc::new(Schema::new(declared.fields())));
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fetched = match known.fetched.get(&at) {
            Some(fetched) => fetched.clone(),
            None => Arc::new(self.fetch(resource, Members::default(), None, &known)?),
        };
        known.members.insert(at, fetched.members.clone());
        let schema = Arc::new(Schema::new(fetched.members.fields()));
        known.fetched.insert(at, fetched);
        Ok(schema)
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let (at, resource) = self.resource(request.table.as_deref())?;
        let fetched = self.rows(at, resource, request.window.as_ref())?;
        let schema = Schema::new(fetched.members.fields());
        let columns = self.columns(at, resource, request, &schema)?;
        let wanted = request::projection(columns.as_deref(), &schema, &resource.place)?;
        let mut batch = Batch {
            resource,
            members: &fetched.members,
            table: Table::new(&fetched.members, &wanted),
            file: resource.table.as_str().into(),
            rows: Vec::new(),
            bytes: 0,
        };
        let batch_rows = request.batch_rows.clamp(1, MAX_BATCH_ROWS);
        let mut number = 0;
        fetched.each_row(&mut |row, bytes| {
            if request.limit.is_some_and(|limit| number >= limit) {
                return Ok(false);
            }
            number += 1;
            match batch.append(row, number, bytes)? {
                Some(rejected) => sink.reject(rejected)?,
                None if batch.rows.len() >= batch_rows || batch.bytes >= MAX_BATCH_BYTES => batch.push(sink)?,
                None => {}
            }
            Ok(true)
        })?;
        batch.push(sink)?;
        sink.file_done(FileRead { file: batch.file, bytes: fetched.bytes, checksum: None, rows: number })
    }

    fn obeys_windows(&self) -> bool {
        self.plan.resources.iter().any(|resource| resource.incremental.is_some())
    }

    fn clock(&self) -> Result<Option<SystemTime>, SourceError> {
        if let Some(time) = self.memory.clock() {
            return Ok(Some(time));
        }
        // The first resource has no parent.
        if let Some(resource) = self.plan.resources.first() {
            self.on_runtime(async || {
                let service = Service::new(&self.plan, &self.base_dir, &self.memory)?;
                service.ask(&List::new(resource, &[], None)?.first()).await.map(|_| ())
            })?;
        }
        Ok(self.memory.clock())
    }
}

/// The rows gathered for the next chunk.
struct Batch<'a> {
    resource: &'a ResourcePlan,
    members: &'a Members,
    table: Table<'a>,
    file: Arc<str>,
    rows: Vec<u64>,
    bytes: usize,
}

impl Batch<'_> {
    /// Adds a row, or gives it back as rejected.
    fn append(&mut self, row: &Node<'_>, number: u64, bytes: usize) -> Result<Option<RejectedRow>, SourceError> {
        let Node::Object(object) = row else {
            return Ok(Some(self.rejected(row, number, "not_an_object", None, "the record is not a JSON object")));
        };
        if self.resource.columns.is_some()
            && let Some((name, value)) = self.members.misfit(object)
        {
            let fault = format!("column \"{name}\" has {}, which does not fit its declared type", kind(value));
            return Ok(Some(self.rejected(row, number, "wrong_type", Some(name.to_owned()), &fault)));
        }
        self.table.push(object).map_err(|_| self.misfit())?;
        self.rows.push(number);
        self.bytes += bytes;
        Ok(None)
    }

    fn rejected(
        &self,
        row: &Node<'_>,
        number: u64,
        rule: &'static str,
        column: Option<String>,
        fault: &str,
    ) -> RejectedRow {
        let mut raw = String::new();
        render(row, &mut raw);
        RejectedRow {
            file: self.file.clone(),
            row: number,
            byte_offset: None,
            column,
            rule,
            message: format!("{}, row {number}: {fault}", self.resource.place),
            raw: RejectedRow::cut(raw.as_bytes()),
        }
    }

    fn push(&mut self, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let batch = self.table.finish().map_err(|error| self.misfit().because(error))?;
        sink.chunk(Chunk { file: self.file.clone(), rows: std::mem::take(&mut self.rows), batch })
    }

    fn misfit(&self) -> SourceError {
        SourceError::new(ErrorKind::Internal, "the rows do not fit the schema found for them").at(&*self.resource.place)
    }
}
