//! Reading: page after page until the last, and only then the rows.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use goldsmith_source::{
    Chunk, ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request,
};
use serde_json::{Map, Value};
use url::Url;

use crate::client::{Answer, Service};
use crate::plan::{Pagination, Plan, shown};
use crate::rows;

/// Rows of a batch at most, and bytes of a rejected row that are kept.
const MAX_BATCH_ROWS: usize = 65_536;
const RAW_BYTES: usize = 64 << 10;

pub(crate) struct RestSource {
    plan: Plan,
    base_dir: PathBuf,
    /// What was fetched to tell the schema, kept for the read that follows.
    fetched: Mutex<Option<Arc<Fetched>>>,
}

/// All rows of the resource.
struct Fetched {
    records: Vec<Value>,
    schema: SchemaRef,
    bytes: u64,
}

impl RestSource {
    pub(crate) fn new(plan: Plan, context: &OpenContext) -> Self {
        Self { plan, base_dir: context.base_dir.clone(), fetched: Mutex::new(None) }
    }

    fn table(&self, requested: Option<&str>) -> Result<(), SourceError> {
        request::table(requested, std::slice::from_ref(&self.plan.table), &self.plan.locator()).map(|_| ())
    }

    /// Fetches every page. A thread of its own, because the caller's may be driving a runtime already.
    fn fetch(&self) -> Result<Fetched, SourceError> {
        let internal = |message: &str| SourceError::new(ErrorKind::Internal, message).at(self.plan.locator());
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
                SourceError::unavailable(self.plan.locator(), "there is no thread for the network; try again")
                    .because(error)
            })?;
            runtime.block_on(pages(&self.plan, &self.base_dir))
        };
        let joined = std::thread::scope(|scope| scope.spawn(run).join());
        let (records, bytes) =
            joined.map_err(|_| internal("the reading of answers ended in a fault of this program"))??;
        let schema = rows::schema(records.iter().filter_map(Value::as_object));
        Ok(Fetched { records, schema, bytes })
    }
}

impl Source for RestSource {
    fn locator(&self) -> String {
        self.plan.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        Ok(vec![self.plan.table.clone()])
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.table(table)?;
        let mut known = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetched) = &*known {
            return Ok(fetched.schema.clone());
        }
        let fetched = self.fetch()?;
        let schema = fetched.schema.clone();
        *known = Some(Arc::new(fetched));
        Ok(schema)
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.table(request.table.as_deref())?;
        let kept = self.fetched.lock().unwrap_or_else(PoisonError::into_inner).take();
        let fetched = kept.map_or_else(|| self.fetch().map(Arc::new), Ok)?;
        let wanted = request::projection(request.columns.as_deref(), &fetched.schema, &self.plan.locator())?;
        let internal = |error| {
            let message = "the rows do not fit the schema found for them";
            SourceError::new(ErrorKind::Internal, message).at(self.plan.locator()).because(error)
        };
        let schema = Arc::new(fetched.schema.project(&wanted).map_err(internal)?);
        let file: Arc<str> = self.plan.table.as_str().into();
        let mut batch: Vec<(u64, &Map<String, Value>)> = Vec::new();
        let push = |batch: &mut Vec<(u64, &Map<String, Value>)>, sink: &mut dyn Sink| {
            if batch.is_empty() {
                return Ok(());
            }
            let (rows, objects): (Vec<u64>, Vec<_>) = std::mem::take(batch).into_iter().unzip();
            let batch = build(objects, &schema).map_err(internal)?;
            sink.chunk(Chunk { file: file.clone(), rows, batch })
        };
        let mut number = 0;
        for record in &fetched.records {
            number += 1;
            match record {
                Value::Object(object) => batch.push((number, object)),
                other => {
                    let mut raw = other.to_string().into_bytes();
                    raw.truncate(RAW_BYTES);
                    sink.reject(RejectedRow {
                        file: self.plan.table.as_str().into(),
                        row: number,
                        byte_offset: None,
                        column: None,
                        rule: "not_an_object",
                        message: format!("{}, row {number}: the record is not a JSON object", self.plan.locator()),
                        raw,
                    })?;
                }
            }
            if batch.len() >= request.batch_rows.clamp(1, MAX_BATCH_ROWS) {
                push(&mut batch, sink)?;
            }
        }
        push(&mut batch, sink)?;
        sink.file_done(FileRead {
            file: self.plan.table.as_str().into(),
            bytes: fetched.bytes,
            checksum: None,
            rows: number,
        })
    }
}

fn build(objects: Vec<&Map<String, Value>>, schema: &Arc<Schema>) -> Result<RecordBatch, arrow::error::ArrowError> {
    if schema.fields().is_empty() {
        let options = RecordBatchOptions::new().with_row_count(Some(objects.len()));
        return RecordBatch::try_new_with_options(schema.clone(), Vec::new(), &options);
    }
    rows::batch(objects, schema)
}

/// The records of all pages, and the bytes they came in.
async fn pages(plan: &Plan, base_dir: &std::path::Path) -> Result<(Vec<Value>, u64), SourceError> {
    let service = Service::new(plan, base_dir)?;
    let mut url = first(plan);
    let mut asked: HashSet<Url> = HashSet::from([url.clone()]);
    let mut records: Vec<Value> = Vec::new();
    let (mut bytes, mut page) = (0_u64, 0_u64);
    let mut last_page = 0..0;
    loop {
        let mut answer = service.get(&url).await?;
        page += 1;
        bytes += answer.bytes;
        if bytes > plan.limits.max_total_bytes {
            let most = plan.limits.max_total_bytes;
            let message = format!(
                "answers with more than {most} bytes in all; narrow \"resource.params\", or raise \"limits.max_total_bytes\""
            );
            return Err(SourceError::config(message).at(shown(&url)));
        }
        let found = take_records(plan, &url, &mut answer)?;
        let start = records.len();
        records.extend(found);
        let found = records.get(start..).unwrap_or_default();
        // Services that do not know the parameter give the first page for ever.
        if !found.is_empty() && numbered(&plan.pagination) && records.get(last_page.clone()) == Some(found) {
            let message =
                "gives the same page again, so it does not know the parameter of \"resource.paginate\"; correct it";
            return Err(SourceError::config(message).at(shown(&url)));
        }
        last_page = start..records.len();
        let Some(next) = following(plan, &service, &url, &answer, page, (found.len() as u64, records.len() as u64))?
        else {
            return Ok((records, bytes));
        };
        if !asked.insert(next.clone()) {
            let message =
                "names a next page that was read before, so the list would never end; tell the service's owner";
            return Err(SourceError::corrupt(shown(&url), message));
        }
        if page >= plan.limits.max_pages {
            let most = plan.limits.max_pages;
            let message = format!("has more than {most} pages; ask for larger ones, or raise \"limits.max_pages\"");
            return Err(SourceError::config(message).at(shown(&url)));
        }
        url = next;
    }
}

fn numbered(pagination: &Pagination) -> bool {
    matches!(pagination, Pagination::Page { .. } | Pagination::Offset { .. })
}

fn first(plan: &Plan) -> Url {
    let (param, start, size) = match &plan.pagination {
        Pagination::Page { param, start, size } => (param, *start, size),
        Pagination::Offset { param, size } => (param, 0, size),
        _ => return plan.url.clone(),
    };
    let mut url = with_param(&plan.url, param, &start.to_string());
    if let Some((name, size)) = size {
        url = with_param(&url, name, &size.to_string());
    }
    url
}

/// `url` with the parameter set, in place of any of the same name.
fn with_param(url: &Url, name: &str, value: &str) -> Url {
    let kept: Vec<(String, String)> =
        url.query_pairs().filter(|(known, _)| known != name).map(|(name, value)| (name.into(), value.into())).collect();
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    url
}

fn take_records(plan: &Plan, url: &Url, answer: &mut Answer) -> Result<Vec<Value>, SourceError> {
    match plan.records.find(&answer.body) {
        Some(Value::Array(_)) => {}
        found => {
            let what = found.map_or("nothing", kind);
            let message = format!("has {what} where \"resource.records\" points, not a list of rows; correct the path");
            return Err(SourceError::corrupt(shown(url), message));
        }
    }
    match plan.records.take(&mut answer.body) {
        Some(Value::Array(records)) => Ok(records),
        _ => Ok(Vec::new()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The address of the next page; `None` after the last. `rows` counts those of this page and of all.
fn following(
    plan: &Plan,
    service: &Service<'_>,
    url: &Url,
    answer: &Answer,
    page: u64,
    (found, all): (u64, u64),
) -> Result<Option<Url>, SourceError> {
    let link = match &plan.pagination {
        Pagination::None => return Ok(None),
        Pagination::Page { .. } | Pagination::Offset { .. } if found == 0 => return Ok(None),
        Pagination::Page { param, start, .. } => return Ok(Some(with_param(url, param, &(start + page).to_string()))),
        // By what came rather than by what was asked for: services cap the size they are asked for.
        Pagination::Offset { param, .. } => return Ok(Some(with_param(url, param, &all.to_string()))),
        Pagination::Cursor { next, param } => {
            let cursor = scalar(next.find(&answer.body), url)?;
            return Ok(cursor.map(|cursor| with_param(&plan.url, param, &cursor)));
        }
        Pagination::LinkHeader => answer.next_link.clone(),
        Pagination::NextUrl(path) => scalar(path.find(&answer.body), url)?,
    };
    let Some(link) = link else { return Ok(None) };
    let next = url.join(&link).map_err(|_| {
        SourceError::corrupt(shown(url), "names a next page that is not an address; tell the service's owner")
    })?;
    service.same_origin(url, &next, "links its next page")?;
    Ok(Some(next))
}

/// A cursor or address; `None` where the service says that there is no more.
fn scalar(value: Option<&Value>, url: &Url) -> Result<Option<String>, SourceError> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => {
            let message = format!(
                "has {} where \"resource.paginate\" expects a cursor or an address; correct the path",
                kind(other)
            );
            Err(SourceError::corrupt(shown(url), message))
        }
    }
}
