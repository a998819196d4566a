//! The rows of one statement, as they come from the server, into batches.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use futures::StreamExt as _;
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::{ErrorKind, RejectedRow, SourceError};
use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Row, Value};

use crate::column::{Column, Malformed};
use crate::explain;
use crate::types::Wire;
use crate::value;
use crate::window::Within;

/// Rows a batch is made room for at first.
const FIRST_ROWS: usize = 8_192;

/// What a statement gives, and where it stands.
pub(crate) struct Layout {
    /// The columns that are wanted.
    pub(crate) schema: SchemaRef,
    /// Which columns of the statement these are; all come of a query.
    pub(crate) wanted: Vec<usize>,
    /// The kinds of all columns of the statement.
    pub(crate) wires: Vec<Wire>,
    /// Whether the first field of a row says that the row must be rejected: see [`crate::plan`].
    pub(crate) guarded: bool,
    pub(crate) place: String,
    pub(crate) is_query: bool,
    pub(crate) batch_rows: usize,
    pub(crate) limit: Option<u64>,
    /// Which rows of a query are read.
    pub(crate) within: Option<Within>,
}

/// What crosses from the connection's thread to the sink's.
pub(crate) enum Item {
    Piece(Piece),
    /// The statement was read to its end.
    End,
    Failed(SourceError),
}

/// A batch, and the rows among its own that were rejected.
pub(crate) struct Piece {
    pub(crate) batch: RecordBatch,
    pub(crate) rejected: Vec<Rejected>,
    /// Bytes of the values that came for it.
    pub(crate) bytes: u64,
}

/// A row that Arrow has no place for.
pub(crate) struct Rejected {
    /// How many rows of the piece, good and bad, come before it.
    pub(crate) offset: u64,
    /// The place in the table of the column at fault.
    pub(crate) column: usize,
    /// The row as text.
    pub(crate) raw: Vec<u8>,
}

/// Reads one statement to its end, as long as somebody takes the pieces.
///
/// # Errors
/// What the server or the network says.
pub(crate) async fn stream(
    connection: &mut Conn,
    sql: &str,
    layout: &Layout,
    items: &SyncSender<Item>,
) -> Result<(), SourceError> {
    let failed = |error| explain::asking(error, &layout.place, layout.is_query);
    // A query with a LIMIT of its own gives more; the rest is not looked at.
    let limit = layout.limit.filter(|_| layout.is_query && layout.within.is_none());
    if let Some(limit) = limit {
        select_limit(connection, limit).await.map_err(failed)?;
    }
    let mut rows = connection.exec_stream::<Row, _, _>(sql, ()).await.map_err(failed)?;
    let mut pending = Pending::new(layout);
    let mut left = layout.limit.unwrap_or(u64::MAX);
    while let Some(row) = rows.next().await {
        let row = row.map_err(failed)?;
        if left == 0 || layout.within.as_ref().is_some_and(|within| !within.holds(|at| row.as_ref(at))) {
            continue;
        }
        left -= 1;
        pending.take(&row).map_err(|_: Malformed| {
            let message = "the server sent what its types do not say; have its data checked, or read with \"query\"";
            SourceError::corrupt(&layout.place, message)
        })?;
        if (pending.count() >= layout.batch_rows.max(1) || pending.bytes >= MAX_BATCH_BYTES)
            && items.send(Item::Piece(pending.finish()?)).is_err()
        {
            return Ok(());
        }
    }
    if pending.count() > 0 {
        drop(items.send(Item::Piece(pending.finish()?)));
    }
    drop(rows);
    if limit.is_some() {
        // The session goes on to other tables.
        select_limit(connection, u64::MAX).await.map_err(failed)?;
    }
    drop(items.send(Item::End));
    Ok(())
}

/// How many rows each SELECT of the session gives at most.
async fn select_limit(connection: &mut Conn, limit: u64) -> Result<(), mysql_async::Error> {
    connection.query_drop(format!("SET sql_select_limit = {limit}")).await
}

/// The rows gathered for the next piece.
struct Pending<'a> {
    layout: &'a Layout,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
    rejected: Vec<Rejected>,
}

impl<'a> Pending<'a> {
    fn new(layout: &'a Layout) -> Self {
        let rows = layout.batch_rows.clamp(1, FIRST_ROWS);
        let wires = layout.wanted.iter().filter_map(|at| layout.wires.get(*at));
        let fields = layout.schema.fields().iter().zip(wires);
        let columns = fields.map(|(field, wire)| Column::new(field.data_type(), *wire, rows)).collect();
        Self { layout, columns, rows: 0, bytes: 0, rejected: Vec::new() }
    }

    /// Rows taken, good and bad.
    fn count(&self) -> usize {
        self.rows + self.rejected.len()
    }

    fn take(&mut self, row: &Row) -> Result<(), Malformed> {
        let values = || (0..row.len()).filter_map(|at| row.as_ref(at));
        self.bytes += values().map(size).sum::<usize>();
        let first = usize::from(self.layout.guarded);
        let verdict = if self.layout.guarded {
            verdict(row.as_ref(0).ok_or(Malformed)?)?
        } else {
            let misfit = values().zip(&self.layout.wires).position(|(value, wire)| !wire.fits(value));
            misfit.map(|column| (column, value::row(values())))
        };
        if let Some((column, raw)) = verdict {
            let offset = u64::try_from(self.count()).map_err(|_| Malformed)?;
            self.rejected.push(Rejected { offset, column, raw: RejectedRow::cut(&raw) });
            return Ok(());
        }
        for (column, at) in self.columns.iter_mut().zip(&self.layout.wanted) {
            column.append(row.as_ref(first + at).ok_or(Malformed)?)?;
        }
        self.rows += 1;
        Ok(())
    }

    fn finish(&mut self) -> Result<Piece, SourceError> {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let built = RecordBatch::try_new_with_options(Arc::clone(&self.layout.schema), arrays, &options);
        let batch = built.map_err(|error| {
            let message = "the rows do not fit the schema found for them";
            SourceError::new(ErrorKind::Internal, message).at(&self.layout.place).because(error)
        })?;
        self.rows = 0;
        let bytes = u64::try_from(std::mem::take(&mut self.bytes)).unwrap_or_default();
        Ok(Piece { batch, rejected: std::mem::take(&mut self.rejected), bytes })
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        other => usize::try_from(other.bin_len()).unwrap_or_default(),
    }
}

/// The column at fault and the row a guard gives as `2,('7','Zoë',…)`; `None` where the row is good.
fn verdict(value: &Value) -> Result<Option<(usize, Vec<u8>)>, Malformed> {
    let Value::Bytes(bytes) = value else {
        return if *value == Value::NULL { Ok(None) } else { Err(Malformed) };
    };
    let comma = bytes.iter().position(|byte| *byte == b',').ok_or(Malformed)?;
    let (column, raw) = bytes.split_at_checked(comma).ok_or(Malformed)?;
    let column = std::str::from_utf8(column).ok().and_then(|column| column.parse().ok()).ok_or(Malformed)?;
    Ok(Some((column, raw.get(1..).ok_or(Malformed)?.to_vec())))
}
