//! Reading: a session, a plan, one statement or many, and every row in order.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arrow::datatypes::SchemaRef;
use goldsmith_source::rows::good_numbers;
use goldsmith_source::worker::fault;
use goldsmith_source::{
    Chunk, ErrorKind, FileRead, OpenContext, ReadRequest, RejectedRow, Sink, Source, SourceError, request,
};

use crate::config::PostgresOptions;
use crate::copy::copy;
use crate::explain;
use crate::plan::{Plan, Scope};
use crate::rows::{Item, Layout, Piece};
use crate::session::{Session, Transaction, begin, gone};
use crate::target::Target;

/// Bytes of a table's blocks that one statement reads where several connections share a table.
const SHARE: i64 = 8 << 20;

/// The version from which a range of blocks is read without looking at the others.
const READS_RANGES: i32 = 140_000;

/// Batches a connection may be ahead of the sink: about one share of a table.
const AHEAD: usize = 16;

pub(crate) struct PostgresSource {
    target: Target,
    scope: Scope,
    connections: usize,
    /// Kept from call to call, so that all that is read comes from one snapshot.
    session: Mutex<Option<Arc<Session>>>,
}

impl PostgresSource {
    pub(crate) fn new(options: PostgresOptions, context: &OpenContext) -> Result<Self, SourceError> {
        let target = Target::new(&options, context)?;
        let empty = |text: &Option<String>| text.as_deref().is_some_and(|text| text.trim().is_empty());
        for (name, value) in [("query", &options.query), ("schema", &options.schema)] {
            if empty(value) {
                let message = format!("option \"{name}\" of connector postgres is empty; fill it in or remove it");
                return Err(SourceError::config(message).at(format!("source \"{}\"", context.source_name)));
            }
            if value.as_deref().is_some_and(|text| text.contains('\0')) {
                let message = format!("option \"{name}\" of connector postgres has a NUL character; remove it");
                return Err(SourceError::config(message).at(format!("source \"{}\"", context.source_name)));
            }
        }
        let scope = Scope { locator: target.locator(), schema: options.schema, query: options.query };
        Ok(Self { target, scope, connections: usize::from(options.connections), session: Mutex::default() })
    }

    /// Does `job` in the kept session, or in a new one. A session that was kept may have been ended by the server
    /// meanwhile; then it is begun once more, unless `job` says by its flag that rows have gone out already.
    fn within<T>(&self, mut job: impl FnMut(&Session, &mut bool) -> Result<T, SourceError>) -> Result<T, SourceError> {
        let mut kept = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        loop {
            let was_kept = kept.is_some();
            let session = match kept.take() {
                Some(session) => session,
                None => Arc::new(begin(&self.target, None)?),
            };
            let mut final_ = false;
            match job(&session, &mut final_) {
                Ok(value) => {
                    *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
                    return Ok(value);
                }
                Err(error) if was_kept && !final_ && error.kind == ErrorKind::Unavailable => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Asks for the plan of a table.
    fn plan(&self, session: &Session, table: Option<&str>) -> Result<Plan, SourceError> {
        let (scope, table) = (self.scope.clone(), table.map(str::to_owned));
        let job = move |runtime: &tokio::runtime::Runtime, at: &mut Transaction| {
            runtime.block_on(scope.plan(at, table.as_deref()))
        };
        session.ask(job).map_err(|end| gone(end, &self.target))?
    }

    /// Connections that read one table together: the kept one, and others that see what it sees.
    fn team(&self, session: &Session, shares: usize, place: &str) -> Result<Vec<Session>, SourceError> {
        let wanted = self.connections.min(shares).saturating_sub(1);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let at = place.to_owned();
        let export = move |runtime: &tokio::runtime::Runtime, kept: &mut Transaction| {
            let row = runtime.block_on(kept.client().query_one("SELECT pg_export_snapshot()", &[]));
            row.and_then(|row| row.try_get(0)).map_err(|error| explain::asking(error, &at, false))
        };
        let snapshot: String = session.ask(export).map_err(|end| gone(end, &self.target))??;
        // A server with no connection to spare is read by fewer.
        Ok((0..wanted).map_while(|_| begin(&self.target, Some(snapshot.clone())).ok()).collect())
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
        let layout = Arc::new(Layout {
            schema: Arc::new(schema),
            wires: plan.wires(&wanted),
            guarded: !plan.guards().is_empty(),
            place: plan.place.clone(),
            is_query: plan.table.is_none(),
            batch_rows: request.batch_rows,
        });
        let window = request.window.as_ref().map(|window| plan.window(window)).transpose()?;
        let shares = match (&window, request.limit) {
            (None, None) => self.shares(session, &plan)?,
            _ => Vec::new(),
        };
        let statements: Vec<String> = if shares.is_empty() {
            vec![plan.statement(&wanted, &window.into_iter().collect::<Vec<_>>(), request.limit)]
        } else {
            shares.iter().map(|share| plan.statement(&wanted, share, None)).collect()
        };
        let team = self.team(session, statements.len(), &plan.place)?;
        let stored = plan.table.as_ref().is_some_and(|table| table.stored);
        let members: Vec<&Session> = std::iter::once(session).chain(&team).collect();
        let mut streams = Vec::with_capacity(members.len());
        for (number, member) in members.iter().enumerate() {
            let own: Vec<String> = statements.iter().skip(number).step_by(members.len()).cloned().collect();
            streams.push(self.start(member, own, Arc::clone(&layout), stored)?);
        }
        let mut out = Out { plan: &plan, sink, pushed, rows: 0, bytes: 0 };
        // Statement 0 of the first, of the second …, statement 1 of the first …: the order of the blocks.
        for number in 0..statements.len() {
            let stream = streams.get(number % streams.len().max(1)).ok_or_else(fault)?;
            out.take(stream)?;
        }
        let (rows, bytes) = (out.rows, out.bytes);
        sink.file_done(FileRead { file: Arc::clone(&plan.name), bytes, checksum: None, rows })
    }

    /// The conditions that cut a large table into ranges of its blocks; none where one statement does.
    fn shares(&self, session: &Session, plan: &Plan) -> Result<Vec<Vec<String>>, SourceError> {
        let Some(table) = plan.table.as_ref().filter(|table| table.alone && table.bytes >= 2 * SHARE) else {
            return Ok(Vec::new());
        };
        let server = session.ask(|_, at| at.server).map_err(|end| gone(end, &self.target))?;
        if self.connections < 2 || server.version < READS_RANGES {
            return Ok(Vec::new());
        }
        let blocks = (SHARE / server.block_bytes.max(1)).max(1);
        let count = table.bytes / (blocks * server.block_bytes.max(1)) + 1;
        let shares = (0..count).map(|number| {
            let from = format!("ctid >= '({},0)'", number * blocks);
            let until = format!("ctid < '({},0)'", (number + 1) * blocks);
            // The last has no end, in case the table was measured too small.
            if number + 1 == count { vec![from] } else { vec![from, until] }
        });
        Ok(shares.collect())
    }

    /// Has one connection read `statements`, one after the other.
    fn start(
        &self,
        session: &Session,
        statements: Vec<String>,
        layout: Arc<Layout>,
        stored: bool,
    ) -> Result<Receiver<Item>, SourceError> {
        let job = move |runtime: &tokio::runtime::Runtime, at: &mut Transaction, items: &_| {
            let run = async {
                // Without these plans the rows of a table come in the order they are stored, whichever columns are
                // read; what a view or query needs is its own affair.
                let by_index = if stored { "off" } else { "on" };
                let plans =
                    format!("SET LOCAL enable_indexscan = {by_index}; SET LOCAL enable_indexonlyscan = {by_index}");
                let failed = |error| explain::asking(error, &layout.place, false);
                at.client().batch_execute(&plans).await.map_err(failed)?;
                for sql in &statements {
                    copy(&at.connection, sql, &layout, items).await?;
                }
                Ok(())
            };
            if let Err(error) = runtime.block_on(run) {
                drop(items.send(Item::Failed(error)));
            }
        };
        session.stream(AHEAD, job).map_err(|end| gone(end, &self.target))
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
    /// Takes what one statement gives, to its end.
    fn take(&mut self, stream: &Receiver<Item>) -> Result<(), SourceError> {
        loop {
            match stream.recv() {
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
            let guard = self.plan.guards().get(rejected.reason).ok_or_else(fault)?;
            let fault = match guard.rule {
                "invalid_encoding" => "the text is not UTF-8, and the database says nothing of its encoding",
                "not_a_number" => "the value is NaN, which no decimal number is",
                "time_out_of_range" => "the time is 24:00, which no clock shows",
                "nested_array" => "the array has several dimensions",
                _ => "the moment is too far in the future",
            };
            let column = guard.column.as_ref().map(|name| format!(", column \"{name}\"")).unwrap_or_default();
            self.sink.reject(RejectedRow {
                file: Arc::clone(&self.plan.name),
                row,
                byte_offset: None,
                column: guard.column.clone(),
                rule: guard.rule,
                message: format!("table \"{}\", row {row}{column}: {fault}", self.plan.name),
                raw: rejected.raw,
            })?;
        }
        Ok(())
    }
}

impl Source for PostgresSource {
    fn locator(&self) -> String {
        self.target.locator()
    }

    fn tables(&self) -> Result<Vec<String>, SourceError> {
        self.within(|session, _| {
            let scope = self.scope.clone();
            let found = session.ask(move |runtime, at| runtime.block_on(scope.list(at.client())));
            self.scope.names(&found.map_err(|end| gone(end, &self.target))??)
        })
    }

    fn views(&self) -> Result<Vec<String>, SourceError> {
        self.within(|session, _| {
            let scope = self.scope.clone();
            let found = session.ask(move |runtime, at| runtime.block_on(scope.list(at.client())));
            let found = found.map_err(|end| gone(end, &self.target))??;
            Ok(found.into_iter().filter(|table| table.is_view && table.readable).map(|table| table.name).collect())
        })
    }

    fn schema(&self, table: Option<&str>) -> Result<SchemaRef, SourceError> {
        self.within(|session, _| self.plan(session, table).map(|plan| plan.schema))
    }

    fn read(&self, request: &ReadRequest, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.within(|session, pushed| self.push_all(session, request, sink, pushed))
    }

    fn row_estimate(&self, table: Option<&str>) -> Option<u64> {
        let plan = self.within(|session, _| self.plan(session, table)).ok()?;
        // Whole and not negative, so nothing is lost that an estimate has.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate of rows")]
        plan.table.filter(|table| table.stored && table.rows >= 0.0).map(|table| table.rows as u64)
    }

    fn obeys_windows(&self) -> bool {
        true
    }

    fn clock(&self) -> Result<Option<SystemTime>, SourceError> {
        self.within(|session, _| {
            let place = self.scope.locator.clone();
            let asked = session.ask(move |runtime, at| {
                // The transaction's now() is when it began.
                let row = runtime.block_on(at.client().query_one("SELECT clock_timestamp()", &[]));
                row.and_then(|row| row.try_get(0)).map_err(|error| explain::asking(error, &place, false))
            });
            asked.map_err(|end| gone(end, &self.target))?.map(Some)
        })
    }
}
