//! `COPY … TO STDOUT (FORMAT binary)`: rows as they come from the server into batches.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use futures::StreamExt as _;
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::{ErrorKind, RejectedRow, SourceError};
use tokio_postgres::Client;

use crate::column::{Column, Malformed, field};
use crate::explain;
use crate::types::Wire;

/// The first bytes of the format.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Rows a batch is made room for at first.
const FIRST_ROWS: usize = 8_192;

/// What a statement gives, and where it stands.
#[derive(Clone)]
pub(crate) struct Layout {
    pub(crate) schema: SchemaRef,
    pub(crate) wires: Vec<Wire>,
    /// Whether the first field of a row says that the row must be rejected: see [`crate::plan`].
    pub(crate) guarded: bool,
    pub(crate) place: String,
    pub(crate) is_query: bool,
    pub(crate) batch_rows: usize,
}

/// What crosses from the connection's thread to the sink's.
pub(crate) enum Item {
    Piece(Piece),
    /// A statement was read to its end.
    End,
    Failed(SourceError),
}

/// A batch, and the rows among its own that were rejected.
pub(crate) struct Piece {
    pub(crate) batch: RecordBatch,
    pub(crate) rejected: Vec<Rejected>,
    /// Bytes that came for it.
    pub(crate) bytes: u64,
}

/// A row that Arrow has no place for.
pub(crate) struct Rejected {
    /// How many rows of the piece, good and bad, come before it.
    pub(crate) offset: u64,
    /// The number the guard has for the reason.
    pub(crate) reason: usize,
    /// The row as the server writes it.
    pub(crate) raw: Vec<u8>,
}

/// Reads one statement to its end, as long as somebody takes the pieces.
///
/// # Errors
/// What the server or the network says.
pub(crate) async fn copy(
    client: &Client,
    sql: &str,
    layout: &Layout,
    items: &SyncSender<Item>,
) -> Result<(), SourceError> {
    let failed = |error| explain::asking(error, &layout.place, layout.is_query);
    let malformed = |_: Malformed| {
        let message = "the server sent what its types do not say; check that it is PostgreSQL, or read with \"query\"";
        SourceError::corrupt(&layout.place, message)
    };
    let mut stream = pin!(client.copy_out(sql).await.map_err(failed)?);
    let mut pending = Pending::new(layout);
    let mut in_rows = false;
    let mut ended = false;
    while let Some(message) = stream.next().await {
        let message = message.map_err(failed)?;
        let mut rest = &*message;
        if !in_rows {
            rest = after_header(rest).map_err(malformed)?;
            in_rows = true;
        }
        // The server sends a row a message, and the header with the first.
        while !rest.is_empty() {
            ended |= pending.take_row(&mut rest).map_err(malformed)? == Taken::End;
            if (pending.rows >= layout.batch_rows.max(1) || pending.bytes >= MAX_BATCH_BYTES)
                && items.send(Item::Piece(pending.finish()?)).is_err()
            {
                return Ok(());
            }
        }
    }
    if !ended {
        return Err(malformed(Malformed));
    }
    if pending.rows > 0 || !pending.rejected.is_empty() {
        drop(items.send(Item::Piece(pending.finish()?)));
    }
    drop(items.send(Item::End));
    Ok(())
}

/// Signature, flags, and a head extension of a length that stands before it.
fn after_header(message: &[u8]) -> Result<&[u8], Malformed> {
    let rest = message.strip_prefix(SIGNATURE).ok_or(Malformed)?;
    let (_flags, rest) = rest.split_first_chunk::<4>().ok_or(Malformed)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Malformed)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Malformed)?;
    rest.get(length..).ok_or(Malformed)
}

#[derive(PartialEq, Eq)]
enum Taken {
    Row,
    End,
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
        let fields = layout.schema.fields().iter().zip(&layout.wires);
        let columns = fields.map(|(field, wire)| Column::new(field.data_type(), wire, rows)).collect();
        Self { layout, columns, rows: 0, bytes: 0, rejected: Vec::new() }
    }

    /// Takes one row off `rest`.
    fn take_row(&mut self, rest: &mut &[u8]) -> Result<Taken, Malformed> {
        let before = rest.len();
        let (count, tail) = rest.split_first_chunk::<2>().ok_or(Malformed)?;
        *rest = tail;
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            return Ok(Taken::End);
        }
        if usize::try_from(count) != Ok(self.columns.len() + usize::from(self.layout.guarded)) {
            return Err(Malformed);
        }
        if self.layout.guarded
            && let Some(verdict) = field(rest)?
            && let Some((reason, raw)) = verdict_of(verdict)?
        {
            for _ in 0..self.columns.len() {
                field(rest)?;
            }
            let offset = u64::try_from(self.rows + self.rejected.len()).map_err(|_| Malformed)?;
            self.rejected.push(Rejected { offset, reason, raw: RejectedRow::cut(raw) });
            self.bytes += before - rest.len();
            return Ok(Taken::Row);
        }
        for column in &mut self.columns {
            column.append(field(rest)?)?;
        }
        self.rows += 1;
        self.bytes += before - rest.len();
        Ok(Taken::Row)
    }

    fn finish(&mut self) -> Result<Piece, SourceError> {
        let built = self.columns.iter_mut().map(Column::finish).collect::<Result<Vec<_>, _>>().and_then(|arrays| {
            let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
            RecordBatch::try_new_with_options(Arc::clone(&self.layout.schema), arrays, &options)
        });
        let batch = built.map_err(|error| {
            let message = "the rows do not fit the schema found for them";
            SourceError::new(ErrorKind::Internal, message).at(&self.layout.place).because(error)
        })?;
        self.rows = 0;
        let bytes = u64::try_from(std::mem::take(&mut self.bytes)).unwrap_or_default();
        Ok(Piece { batch, rejected: std::mem::take(&mut self.rejected), bytes })
    }
}

/// The reason and the row a guard gives as `2,(7,Zoë,…)`; `None` where the row is good after all: a guard of a
/// database without an encoding gives every row, for its text to be looked at.
fn verdict_of(verdict: &[u8]) -> Result<Option<(usize, &[u8])>, Malformed> {
    let comma = verdict.iter().position(|byte| *byte == b',').ok_or(Malformed)?;
    let (reason, raw) = verdict.split_at_checked(comma).ok_or(Malformed)?;
    let raw = raw.get(1..).ok_or(Malformed)?;
    if reason.is_empty() {
        // The first reason is that of text in no encoding.
        return Ok(std::str::from_utf8(raw).is_err().then_some((0, raw)));
    }
    let reason = std::str::from_utf8(reason).ok().and_then(|reason| reason.parse().ok()).ok_or(Malformed)?;
    Ok(Some((reason, raw)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_has_a_reason_or_needs_a_look() {
        assert_eq!(verdict_of(b"2,(7,x)"), Ok(Some((2, &b"(7,x)"[..]))));
        assert_eq!(verdict_of(b",(7,x)"), Ok(None));
        assert_eq!(verdict_of(b",(7,\xfc)"), Ok(Some((0, &b"(7,\xfc)"[..]))));
        assert_eq!(verdict_of(b"7"), Err(Malformed));
    }

    #[test]
    fn a_header_can_have_an_extension() {
        let mut header = SIGNATURE.to_vec();
        header.extend([0, 0, 0, 0, 0, 0, 0, 2, 9, 9, 7]);
        assert_eq!(after_header(&header), Ok(&[7][..]));
        assert_eq!(after_header(b"PGCOPY\n"), Err(Malformed));
    }
}
