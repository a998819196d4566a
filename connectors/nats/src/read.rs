//! Reading: a connection, a span of sequences, and every message in order.

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use goldsmith_messages::{ColumnType, EmptyMessages, Rows, Shape};
use goldsmith_source::cursor::CursorValue;
use goldsmith_source::worker::{Gone, fault};
use goldsmith_source::{
    ErrorKind, FileRead, Mark, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, Window, request,
};
use tokio::runtime::Runtime;

use crate::config::{NatsOptions, OnGap};
use crate::connect::{Connection, Session, begin};
use crate::log::{self, Span};
use crate::message::{Entry, SEQUENCE};
use crate::target::Target;

/// Fetches the connection may be ahead of the sink.
const AHEAD: usize = 2;
/// How often it is looked whether the sink has room. The connection goes on meanwhile, or the server would end it.
const PAUSE: Duration = Duration::from_millis(5);

pub(crate) struct NatsSource {
    target: Target,
    stream: Option<String>,
    subject: Option<String>,
    columns: Option<BTreeMap<String, ColumnType>>,
    sample: u64,
    empty: EmptyMessages,
    on_gap: OnGap,
    /// Kept from call to call.
    session: Mutex<Option<Arc<Session>>>,
    /// The columns of each stream as first told: a sample of later would tell others.
    shapes: Mutex<BTreeMap<String, Arc<Shape>>>,
}

/// What crosses from the connection's thread to the sink's.
enum Item {
    Messages(Vec<Entry>),
    /// The stream was read to the end of the span.
    End,
    Failed(SourceError),
}

impl NatsSource {
    pub(crate) fn new(options: NatsOptions, context: &OpenContext) -> Result<Self, SourceError> {
        let target = Target::new(&options, context)?;
        if let Some(columns) = &options.columns {
            Shape::declared::<Entry>(columns, options.empty_messages)
                .map_err(|message| SourceError::config(message).at(format!("source \"{}\"", context.source_name)))?;
        }
        Ok(Self {
            target,
            stream: options.stream,
            subject: options.subject,
            columns: options.columns,
            sample: options.sample.max(1),
            empty: options.empty_messages,
            on_gap: options.on_gap,
            session: Mutex::default(),
            shapes: Mutex::default(),
        })
    }

    /// Does `job` on the kept connection, or on a new one. A connection that was kept may have been lost meanwhile;
    /// then it is made once more, unless `job` says by its flag that rows have gone out already.
    fn within<T>(&self, mut job: impl FnMut(&Session, &mut bool) -> Result<T, SourceError>) -> Result<T, SourceError> {
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        loop {
            let was_kept = kept.is_some();
            let session = match kept.take() {
                Some(session) => session,
                None => Arc::new(begin(&self.target)?),
            };
            let mut pushed = false;
            match job(&session, &mut pushed) {
                Ok(value) => {
                    *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
                    return Ok(value);
                }
                Err(error) if was_kept && !pushed && error.kind == ErrorKind::Unavailable => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks the server for something about its streams.
    fn ask<T: Send + 'static>(
        &self,
        session: &Session,
        question: impl AsyncFnOnce(&Connection) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let job = move |runtime: &Runtime, connection: &mut Connection| runtime.block_on(question(connection));
        session.ask(job).map_err(|end| self.gone(end))?
    }

    /// A session that is gone is a connection that is gone: the caller begins a new one, or says so.
    fn gone(&self, _: Gone) -> SourceError {
        SourceError::unavailable(self.target.locator(), "the connection was closed; run again")
    }

    fn names(&self, session: &Session) -> Result<Vec<String>, SourceError> {
        match &self.stream {
            Some(stream) => Ok(vec![stream.clone()]),
            None => self.ask(session, async |connection| log::names(connection).await),
        }
    }

    fn stream(&self, session: &Session, table: Option<&str>) -> Result<String, SourceError> {
        Ok(request::table(table, &self.names(session)?, &self.target.locator())?.to_owned())
    }

    /// The columns of a stream: as declared, as told before, or by a sample.
    fn shape(&self, session: &Session, stream: &str) -> Result<Arc<Shape>, SourceError> {
        if let Some(known) = self.shapes.lock().unwrap_or_else(PoisonError::into_inner).get(stream) {
            return Ok(Arc::clone(known));
        }
        let (name, subject, count) = (stream.to_owned(), self.subject.clone(), self.sample);
        let shape = match &self.columns {
            Some(columns) => {
                self.ask(session, async move |connection| log::open(connection, &name).await.map(|_| ()))?;
                Shape::declared::<Entry>(columns, self.empty).map_err(SourceError::config)?
            }
            None => {
                let question = async move |connection: &Connection| {
                    log::sample(connection, &name, subject.as_deref(), count).await
                };
                Shape::sampled::<Entry>(&self.ask(session, question)?, self.empty)
            }
        };
        let shape = Arc::new(shape);
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(shapes.entry(stream.to_owned()).or_insert(shape)))
    }

    fn span(&self, stream: &str, request: &ReadRequest) -> Result<Span, SourceError> {
        let (from, until) = match &request.window {
            Some(window) => edges(window).map_err(|error| error.at(format!("stream \"{stream}\"")))?,
            None => (None, None),
        };
        Ok(Span {
            stream: stream.to_owned(),
            subject: self.subject.clone(),
            from,
            until,
            on_gap: self.on_gap,
            limit: request.limit,
        })
    }

    fn push_all(
        &self,
        session: &Session,
        request: &ReadRequest,
        sink: &mut dyn Sink,
        pushed: &mut bool,
    ) -> Result<(), SourceError> {
        let stream = self.stream(session, request.table.as_deref())?;
        let shape = self.shape(session, &stream)?;
        let place = format!("stream \"{stream}\"");
        let wanted = request::projection(request.columns.as_deref(), &shape.schema::<Entry>(), &place)?;
        let span = self.span(&stream, request)?;
        let job = move |runtime: &Runtime, connection: &mut Connection, items: &SyncSender<Item>| {
            runtime.block_on(async {
                let mut take = async |entries| offer(items, Item::Messages(entries)).await;
                let item = match log::read(connection, &span, &mut take).await {
                    Ok(()) => Item::End,
                    Err(error) => Item::Failed(error),
                };
                offer(items, item).await;
            });
        };
        let items = session.stream(AHEAD, job).map_err(|end| self.gone(end))?;
        let file: Arc<str> = stream.as_str().into();
        let mut rows = Rows::new(&shape, &wanted, Arc::clone(&file), request.batch_rows)?;
        let mut sink = Out { sink, pushed };
        let (mut count, mut bytes) = (0, 0);
        loop {
            match items.recv() {
                Ok(Item::Messages(entries)) => {
                    for entry in entries {
                        count += 1;
                        bytes += entry.bytes() as u64;
                        rows.push(entry, &mut sink)?;
                    }
                }
                Ok(Item::End) => break,
                Ok(Item::Failed(error)) => return Err(error),
                Err(_) => return Err(fault().at(place)),
            }
        }
        rows.flush(&mut sink)?;
        sink.file_done(FileRead { file, bytes, checksum: None, rows: count })
    }
}

/// Waits until there is room, and says whether anybody listens.
async fn offer(items: &SyncSender<Item>, mut item: Item) -> bool {
    loop {
        match items.try_send(item) {
            Ok(()) => return true,
            Err(TrySendError::Disconnected(_)) => return false,
            Err(TrySendError::Full(back)) => item = back,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The sequences a window begins with and ends before.
fn edges(window: &Window) -> Result<(Option<u64>, Option<u64>), SourceError> {
    if window.column != SEQUENCE {
        return Err(SourceError::config(format!(
            "is read by increments of \"{SEQUENCE}\" alone, and not of \"{}\"; write `cursor: {SEQUENCE}`",
            window.column
        )));
    }
    let edge = |mark: &Option<Mark>| -> Result<Option<u64>, SourceError> {
        match mark.as_ref().map(Mark::value).transpose()? {
            Some(CursorValue::Number(number)) => Ok(Some(u64::try_from(number).unwrap_or_default())),
            _ => Ok(None),
        }
    };
    Ok((edge(&window.from)?, edge(&window.until)?))
}

/// The way to the sink, with a word on whether anything went there.
struct Out<'a> {
    sink: &'a mut dyn Sink,
    pushed: &'a mut bool,
}

impl Sink for Out<'_> {
    fn chunk(&mut self, chunk: goldsmith_source::Chunk) -> Result<(), SourceError> {
        *self.pushed = true;
        self.sink.chunk(chunk)
    }

    fn reject(&mut self, row: RejectedRow) -> Result<(), SourceError> {
        *self.pushed = true;
        self.sink.reject(row)
    }

    fn file_done(&mut self, file: FileRead) -> Result<(), SourceError> {
        *self.pushed = true;
        self.sink.file_done(file)
    }
}

impl Source for NatsSource {
    fn locator(&self) -> String {
        self.target.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        self.within(|session, _| self.names(session))
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.within(|session, _| {
            let stream = self.stream(session, table)?;
            Ok(self.shape(session, &stream)?.schema::<Entry>())
        })
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.within(|session, pushed| self.push_all(session, request, sink, pushed))
    }

    fn row_estimate(&self, table: Option<&str>) -> Option<u64> {
        let messages = self.within(|session, _| {
            let stream = self.stream(session, table)?;
            let question = async move |connection: &Connection| {
                log::open(connection, &stream).await.map(|found| found.cached_info().state.messages)
            };
            self.ask(session, question)
        });
        messages.ok().filter(|_| self.subject.is_none())
    }

    fn obeys_windows(&self) -> bool {
        true
    }

    fn is_log(&self) -> bool {
        true
    }
}
