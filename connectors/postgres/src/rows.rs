//! Rows as the server sends them, out of a buffer into batches.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use goldsmith_source::contract::MAX_BATCH_BYTES;
use goldsmith_source::{ErrorKind, RejectedRow, SourceError};

use crate::column::{Column, Malformed, Span};
use crate::types::Wire;

/// The kind of message that holds rows.
pub(crate) const COPY_DATA: u8 = b'd';

/// The first bytes of the format.
const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Rows a batch is made room for at first.
const FIRST_ROWS: usize = 8_192;

/// Values found before they are appended: few enough that they and what they point at are still in the nearest cache.
const SPANS: usize = 1_024;

/// What a statement gives, and where it stands.
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

/// Why no more rows are taken.
pub(crate) enum Stop {
    /// The server sent what its types do not say.
    Malformed,
    Failed(SourceError),
    /// Nobody takes the pieces any more.
    Deaf,
}

impl From<Malformed> for Stop {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// No more rows are taken; [`Rows::stopped`] says why.
#[derive(Debug)]
pub(crate) struct Stopped;

/// The rows of one statement.
pub(crate) struct Rows {
    layout: Arc<Layout>,
    items: SyncSender<Item>,
    place: Place,
    stop: Option<Stop>,
    columns: Vec<Column>,
    /// Where the values of rows that were found stand, row by row, until they are appended to the columns.
    spans: Vec<Span>,
    /// Rows and bytes gathered for the next piece.
    count: usize,
    bytes: usize,
    rejected: Vec<Rejected>,
}

/// How far into the format the messages have come.
#[derive(PartialEq, Eq)]
enum Place {
    Header,
    Rows,
    Trailer,
}

impl Rows {
    pub(crate) fn new(layout: &Arc<Layout>, items: &SyncSender<Item>) -> Self {
        let rows = layout.batch_rows.clamp(1, FIRST_ROWS);
        let fields = layout.schema.fields().iter().zip(&layout.wires);
        let columns = fields.map(|(field, wire)| Column::new(field.data_type(), wire, rows)).collect();
        let (layout, items) = (Arc::clone(layout), items.clone());
        Self {
            layout,
            items,
            place: Place::Header,
            stop: None,
            columns,
            spans: Vec::new(),
            count: 0,
            bytes: 0,
            rejected: Vec::new(),
        }
    }

    /// Takes the whole messages of rows that `held` begins with, and tells their length.
    pub(crate) fn take(&mut self, held: &[u8]) -> Result<usize, Stopped> {
        self.take_messages(held).map_err(|stop| {
            self.stop = Some(stop);
            Stopped
        })
    }

    /// Why no more rows were taken, where that is so.
    pub(crate) fn stopped(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    /// Hands on what is left after the last message.
    pub(crate) fn end(mut self) -> Result<(), Stop> {
        match self.place {
            Place::Trailer if self.count == 0 && self.rejected.is_empty() => Ok(()),
            Place::Trailer => self.hand_on(),
            Place::Header | Place::Rows => Err(Stop::Malformed),
        }
    }

    fn take_messages(&mut self, held: &[u8]) -> Result<usize, Stop> {
        let mut end = 0;
        while let Some([COPY_DATA, a, b, c, d, ..]) = held.get(end..) {
            // The length counts itself, and not the kind before it.
            let length = u32::from_be_bytes([*a, *b, *c, *d]).checked_sub(4).ok_or(Malformed)?;
            let mut at = end + 5;
            if held.len() - at < length as usize {
                break;
            }
            end = at + length as usize;
            if self.place == Place::Header {
                at += header(held.get(at..).unwrap_or_default())?;
                self.place = Place::Rows;
            }
            while at < end {
                // Nothing follows the end of a copy.
                if self.place == Place::Trailer {
                    return Err(Stop::Malformed);
                }
                self.find_row(held, &mut at)?;
                if at > end {
                    return Err(Stop::Malformed);
                }
                let is_full = self.count >= self.layout.batch_rows.max(1) || self.bytes >= MAX_BATCH_BYTES;
                if is_full || self.spans.len() >= SPANS {
                    self.append_found(held)?;
                }
                if is_full {
                    self.hand_on()?;
                }
            }
        }
        self.append_found(held)?;
        Ok(end)
    }

    /// Finds the values of the row that begins at `at`, which comes to stand behind it.
    fn find_row(&mut self, held: &[u8], at: &mut usize) -> Result<(), Malformed> {
        let before = *at;
        let count = held.get(before..).and_then(|rest| rest.first_chunk::<2>()).ok_or(Malformed)?;
        let count = i16::from_be_bytes(*count);
        *at += 2;
        if count == -1 {
            self.place = Place::Trailer;
            return Ok(());
        }
        if usize::try_from(count) != Ok(self.columns.len() + usize::from(self.layout.guarded)) {
            return Err(Malformed);
        }
        if self.layout.guarded
            && let Some(verdict) = Span::next(held, at)?.value(held)
            && let Some((reason, raw)) = verdict_of(verdict)?
        {
            for _ in 0..self.columns.len() {
                Span::next(held, at)?;
            }
            let offset = u64::try_from(self.count + self.rejected.len()).map_err(|_| Malformed)?;
            self.rejected.push(Rejected { offset, reason, raw: RejectedRow::cut(raw) });
        } else {
            for _ in 0..self.columns.len() {
                self.spans.push(Span::next(held, at)?);
            }
            self.count += 1;
        }
        self.bytes += *at - before;
        Ok(())
    }

    /// Appends the values found in `held` to their columns.
    fn append_found(&mut self, held: &[u8]) -> Result<(), Malformed> {
        let width = self.columns.len();
        for (number, column) in self.columns.iter_mut().enumerate() {
            column.append(held, self.spans.iter().skip(number).step_by(width).copied())?;
        }
        self.spans.clear();
        Ok(())
    }

    /// Makes a piece of the rows gathered and sends it off.
    fn hand_on(&mut self) -> Result<(), Stop> {
        let built = self.columns.iter_mut().map(Column::finish).collect::<Result<Vec<_>, _>>().and_then(|arrays| {
            let options = RecordBatchOptions::new().with_row_count(Some(self.count));
            RecordBatch::try_new_with_options(Arc::clone(&self.layout.schema), arrays, &options)
        });
        let batch = built.map_err(|error| {
            let message = "the rows do not fit the schema found for them";
            Stop::Failed(SourceError::new(ErrorKind::Internal, message).at(&self.layout.place).because(error))
        })?;
        self.count = 0;
        let bytes = u64::try_from(std::mem::take(&mut self.bytes)).unwrap_or_default();
        let piece = Piece { batch, rejected: std::mem::take(&mut self.rejected), bytes };
        self.items.send(Item::Piece(piece)).map_err(|_| Stop::Deaf)
    }
}

/// How long the header is: signature, flags, and an extension of a length that stands before it.
fn header(bytes: &[u8]) -> Result<usize, Malformed> {
    let tail = bytes.strip_prefix(SIGNATURE).ok_or(Malformed)?;
    let (_flags, tail) = tail.split_first_chunk::<4>().ok_or(Malformed)?;
    let (length, tail) = tail.split_first_chunk::<4>().ok_or(Malformed)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| Malformed)?;
    let tail = tail.get(length..).ok_or(Malformed)?;
    Ok(bytes.len() - tail.len())
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
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 2, 9, 9, 7]);
        assert_eq!(header(&bytes), Ok(bytes.len() - 1));
        assert_eq!(header(b"PGCOPY\n"), Err(Malformed));
        assert_eq!(header(bytes.get(..20).unwrap()), Err(Malformed));
    }
}
