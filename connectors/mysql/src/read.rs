//! Reading: a session, a plan, one statement, and every row in order.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arrow::datatypes::SchemaRef;
use goldsmith_source::rows::good_numbers;
use goldsmith_source::worker::fault;
use goldsmith_source::{
    Chunk, ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request,
};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row};
use tokio::runtime::Runtime;

use crate::config::MysqlOptions;
use crate::explain;
use crate::plan::{Plan, Scope};
use crate::session::{Session, begin, gone};
use crate::stream::{Item, Layout, Piece, stream};
use crate::target::Target;
use crate::value::whole;
use crate::window::Within;

/// Batches the connection may be ahead of the sink.
const AHEAD: usize = 4;

pub(crate) struct MysqlSource {
    target: Target,
    scope: Scope,
    /// Kept from call to call, so that all that is read comes from one snapshot.
    session: Mutex<Option<Arc<Session>>>,
}

impl MysqlSource {
    pub(crate) fn new(options: MysqlOptions, context: &OpenContext) -> Result<Self, SourceError> {
        let target = Target::new(&options, context)?;
        let fault = match options.query.as_deref() {
            Some(query) if query.trim().is_empty() => Some("is empty; fill it in or remove it"),
            Some(query) if query.contains('\0') => Some("has a NUL character; remove it"),
            _ => None,
        };
        if let Some(fault) = fault {
            let message = format!("option \"query\" of connector mysql {fault}");
            return Err(SourceError::config(message).at(format!("source \"{}\"", context.source_name)));
        }
        let scope =
            Scope { locator: target.locator(), query: options.query, tinyint1_as_boolean: options.tinyint1_as_boolean };
        Ok(Self { target, scope, session: Mutex::default() })
    }

    /// Does `job` in the kept session, or in a new one. A session that was kept may have been ended by the server
    /// meanwhile; then it is begun once more, unless `job` says by its flag that rows have gone out already.
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

    /// Asks for the plan of a table.
    fn plan(&self, session: &Session, table: Option<&str>) -> Result<Plan, SourceError> {
        let (scope, table) = (self.scope.clone(), table.map(str::to_owned));
        let job = move |runtime: &Runtime, at: &mut Conn| runtime.block_on(scope.plan(at, table.as_deref()));
        session.ask(job).map_err(|end| gone(end, &self.target))?
    }

    fn push_all(
        &self,
        session: &Session,
        request: &ReadRequest,
        sink: &mut dyn Sink,
        pushed: &mut bool,
    ) -> Result<(), SourceError> {
        let plan = self.plan(session, request.table.as_deref())?;
        let wanted = request::projection(request.columns.as_deref(), &plan.schema, &plan.place)?;
        let schema = plan.schema.project(&wanted).map_err(|error| fault().at(&plan.place).because(error))?;
        let all: Vec<usize> = (0..plan.columns.len()).collect();
        let asked: &[usize] = if plan.is_query() { &all } else { &wanted };
        let sql = plan.statement(asked, request.window.as_ref(), request.limit)?;
        let within = match &request.window {
            Some(window) if plan.is_query() => Within::new(window, &plan.columns)?,
            _ => None,
        };
        let layout = Layout {
            schema: Arc::new(schema),
            wanted: if plan.is_query() { wanted.clone() } else { (0..wanted.len()).collect() },
            wires: plan.wires(asked),
            guarded: plan.guarded(),
            place: plan.place.clone(),
            is_query: plan.is_query(),
            batch_rows: request.batch_rows,
            limit: request.limit,
            within,
        };
        let job = move |runtime: &Runtime, at: &mut Conn, items: &_| {
            if let Err(error) = runtime.block_on(stream(at, &sql, &layout, items)) {
                drop(items.send(Item::Failed(error)));
            }
        };
        let items = session.stream(AHEAD, job).map_err(|end| gone(end, &self.target))?;
        let mut out = Out { plan: &plan, sink, pushed, rows: 0, bytes: 0 };
        out.take(&items)?;
        let (rows, bytes) = (out.rows, out.bytes);
        sink.file_done(FileRead { file: Arc::clone(&plan.name), bytes, checksum: None, rows })
    }
}

/// The way to the sink, where rows get their numbers.
struct Out<'a> {
    plan: &'a Plan,
    sink: &'a mut dyn Sink,
    pushed: &'a mut bool,
    rows: u64,
    bytes: u64,
}

impl Out<'_> {
    /// Takes what the statement gives, to its end.
    fn take(&mut self, items: &Receiver<Item>) -> Result<(), SourceError> {
        loop {
            match items.recv() {
                Ok(Item::Piece(piece)) => self.push(piece)?,
                Ok(Item::End) => return Ok(()),
                Ok(Item::Failed(error)) => return Err(error),
                Err(_) => return Err(fault().at(&self.plan.place)),
            }
        }
    }

    fn push(&mut self, piece: Piece) -> Result<(), SourceError> {
        *self.pushed = true;
        self.bytes += piece.bytes;
        let good = piece.batch.num_rows();
        let numbers = good_numbers(self.rows, good, piece.rejected.iter().map(|row| row.offset));
        let first = self.rows;
        self.rows += u64::try_from(good + piece.rejected.len()).unwrap_or_default();
        if good > 0 {
            self.sink.chunk(Chunk { file: Arc::clone(&self.plan.name), rows: numbers, batch: piece.batch })?;
        }
        for rejected in piece.rejected {
            let row = first + rejected.offset + 1;
            let (column, mapping) = self.plan.columns.get(rejected.column).ok_or_else(fault)?;
            let (rule, fault) = mapping.wire.fault();
            self.sink.reject(RejectedRow {
                file: Arc::clone(&self.plan.name),
                row,
                byte_offset: None,
                column: Some(column.clone()),
                rule,
                message: format!("table \"{}\", row {row}, column \"{column}\": {fault}", self.plan.name),
                raw: rejected.raw,
            })?;
        }
        Ok(())
    }
}

impl Source for MysqlSource {
    fn locator(&self) -> String {
        self.target.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        self.within(|session, _| {
            let scope = self.scope.clone();
            let found = session.ask(move |runtime, at| runtime.block_on(scope.list(at)));
            self.scope.names(&found.map_err(|end| gone(end, &self.target))??)
        })
    }

    fn views(&self) -> Result<Vec<String>, SourceError> {
        self.within(|session, _| {
            let scope = self.scope.clone();
            let found = session.ask(move |runtime, at| runtime.block_on(scope.list(at)));
            let found = found.map_err(|end| gone(end, &self.target))??;
            Ok(found.into_iter().filter(|table| !table.stored).map(|table| table.name).collect())
        })
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.within(|session, _| self.plan(session, table).map(|plan| plan.schema))
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.within(|session, pushed| self.push_all(session, request, sink, pushed))
    }

    fn row_estimate(&self, table: Option<&str>) -> Option<u64> {
        self.within(|session, _| self.plan(session, table)).ok()?.rows()
    }

    fn obeys_windows(&self) -> bool {
        true
    }

    fn clock(&self) -> Result<Option<SystemTime>, SourceError> {
        self.within(|session, _| {
            let place = self.scope.locator.clone();
            let asked = session.ask(move |runtime, at| {
                // Unlike now(), it is not the moment the statement began.
                let sql = "SELECT TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', SYSDATE(6))";
                let row = runtime.block_on(at.exec_first::<Row, _, _>(sql, ()));
                row.map_err(|error| explain::asking(error, &place, false))
            });
            let row = asked.map_err(|end| gone(end, &self.target))??;
            let microseconds = row.as_ref().and_then(|row| row.as_ref(0)).and_then(whole);
            let microseconds = microseconds.and_then(|since| u64::try_from(since).ok());
            Ok(microseconds.map(|since| SystemTime::UNIX_EPOCH + Duration::from_micros(since)))
        })
    }
}
