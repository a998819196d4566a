//! The stream under the driver, which takes the rows of a COPY out before the driver sees them.
//!
//! The driver makes each row a message of its own, with a share of a buffer and a turn in a queue, which costs as much
//! as reading its values. So rows are decoded where they arrive, and the driver sees a COPY without any. All else, from
//! the login to a refusal, is its affair.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use crate::rows::{COPY_DATA, Rows};

/// Bytes asked of the network at once. A message that is longer makes the buffer grow.
const BUFFER: usize = 128 << 10;

/// Takes the rows of a connection while it copies.
pub(crate) type Outlet = Arc<Mutex<Option<Rows>>>;

/// A server's messages, without the rows that the outlet takes.
pub(crate) struct Tap<S> {
    stream: S,
    outlet: Outlet,
    /// What came and was not passed on is at `start..end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes from `start`, here or still to come, that are the driver's.
    passing: usize,
}

impl<S> Tap<S> {
    pub(crate) fn new(stream: S, outlet: Outlet) -> Self {
        Self { stream, outlet, buffer: vec![0; BUFFER], start: 0, end: 0, passing: 0 }
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Looks at what begins at `start`: rows are taken, another message is let pass, part of one stays.
    fn sort(&mut self) -> io::Result<()> {
        let outlet = Arc::clone(&self.outlet);
        let mut outlet = outlet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = outlet.as_mut() {
            // What is wrong is kept there; nothing more is wanted of this connection.
            self.start += rows.take(self.held()).map_err(|_| io::ErrorKind::InvalidData)?;
        }
        match self.held() {
            [COPY_DATA, ..] if outlet.is_some() => {}
            // The length counts itself, and not the kind before it.
            [_, a, b, c, d, ..] => self.passing = 1 + u32::from_be_bytes([*a, *b, *c, *d]) as usize,
            _ => {}
        }
        Ok(())
    }

    /// Makes room behind what is held.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end * 2, 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let tap = self.get_mut();
        loop {
            if tap.passing == 0 {
                tap.sort()?;
            }
            let ready = tap.passing.min(tap.held().len()).min(out.remaining());
            if ready > 0 {
                out.put_slice(tap.held().get(..ready).unwrap_or_default());
                tap.start += ready;
                tap.passing -= ready;
                return Poll::Ready(Ok(()));
            }
            tap.make_room();
            let mut room = ReadBuf::new(tap.buffer.get_mut(tap.end..).unwrap_or_default());
            ready!(Pin::new(&mut tap.stream).poll_read(cx, &mut room))?;
            let read = room.filled().len();
            if read == 0 {
                // The driver says what it makes of a connection that ends, perhaps within a message.
                tap.passing = tap.held().len();
                if tap.passing == 0 {
                    return Poll::Ready(Ok(()));
                }
            }
            tap.end += read;
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Tap<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

/// TLS whose decrypted stream is tapped.
pub(crate) struct TapTls<T> {
    pub(crate) tls: T,
    pub(crate) outlet: Outlet,
}

impl<S, T> TlsConnect<S> for TapTls<T>
where
    S: Send + 'static,
    T: TlsConnect<S> + Send + 'static,
    T::Future: Send,
{
    type Stream = Tap<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Tap::new(self.tls.connect(stream).await?, self.outlet)) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, sync_channel};

    use arrow::array::AsArray;
    use arrow::datatypes::{DataType, Field, Int32Type, Schema};
    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::rows::{Item, Layout};
    use crate::types::Wire;

    /// Gives at most `at_once` bytes a read.
    struct Slow<'a> {
        bytes: &'a [u8],
        at_once: usize,
    }

    impl AsyncRead for Slow<'_> {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            let (now, later) = self.bytes.split_at(self.at_once.min(self.bytes.len()).min(out.remaining()));
            out.put_slice(now);
            self.bytes = later;
            Poll::Ready(Ok(()))
        }
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    /// A row of a number and a text.
    fn row(number: i32, text: &str) -> Vec<u8> {
        let mut row = 2_i16.to_be_bytes().to_vec();
        for value in [&number.to_be_bytes()[..], text.as_bytes()] {
            row.extend(i32::try_from(value.len()).unwrap().to_be_bytes());
            row.extend(value);
        }
        row
    }

    fn rows() -> (Rows, Receiver<Item>) {
        let fields = vec![Field::new("id", DataType::Int32, true), Field::new("name", DataType::Utf8, true)];
        let layout = Layout {
            schema: Arc::new(Schema::new(fields)),
            wires: vec![Wire::Int4, Wire::Text],
            guarded: false,
            place: "test".to_owned(),
            is_query: false,
            batch_rows: 2,
        };
        let (items, taken) = sync_channel(100);
        (Rows::new(&Arc::new(layout), &items), taken)
    }

    #[test]
    fn rows_are_taken_out_wherever_the_network_cuts_and_the_rest_is_passed_on() {
        let long = "long ".repeat(BUFFER / 4);
        let texts = ["Zoë", "", long.as_str(), "d", "c\0Z"];
        let header = [&b"PGCOPY\n\xff\r\n\0"[..], &[0; 8]].concat();
        let (before, after) = ([message(b'H', &[1, 0, 2]), message(b'S', b"d\0x\0")].concat(), message(b'c', &[]));
        let ready = message(b'Z', b"I");
        let mut sent = before.clone();
        // The first row comes in the message of the header, and a notice between two rows.
        sent.extend(message(b'd', &[header, row(0, texts[0])].concat()));
        for (number, text) in (1..).zip(&texts[1..]) {
            sent.extend(message(b'd', &row(number, text)));
            sent.extend(message(b'N', b"Sd\0\0"));
        }
        sent.extend(message(b'd', &(-1_i16).to_be_bytes()));
        sent.extend([after.clone(), ready.clone()].concat());
        let notices = message(b'N', b"Sd\0\0").repeat(4);
        let expected = [before, notices, after, ready].concat();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for at_once in (1..24).chain([1_000, BUFFER - 1, BUFFER, usize::MAX]) {
            let (rows, taken) = rows();
            let outlet = Arc::new(Mutex::new(Some(rows)));
            let mut passed = Vec::new();
            let mut tap = Tap::new(Slow { bytes: &sent, at_once }, Arc::clone(&outlet));
            runtime.block_on(tap.read_to_end(&mut passed)).unwrap();
            assert!(passed == expected, "in pieces of {at_once} bytes");
            let rows = outlet.lock().unwrap().take().unwrap();
            assert!(rows.end().is_ok());
            let mut found = Vec::new();
            while let Ok(Item::Piece(piece)) = taken.try_recv() {
                let (ids, names) =
                    (piece.batch.column(0).as_primitive::<Int32Type>(), piece.batch.column(1).as_string::<i32>());
                found.extend((0..piece.batch.num_rows()).map(|row| (ids.value(row), names.value(row).to_owned())));
            }
            let wanted: Vec<(i32, String)> = (0..).zip(texts.map(str::to_owned)).collect();
            assert!(found == wanted, "in pieces of {at_once} bytes");
        }
    }

    #[test]
    fn rows_that_are_malformed_end_the_connection() {
        let (rows, _taken) = rows();
        let outlet = Arc::new(Mutex::new(Some(rows)));
        let sent = message(b'd', b"no header of a copy");
        let mut tap = Tap::new(Slow { bytes: &sent, at_once: 7 }, Arc::clone(&outlet));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert!(runtime.block_on(tap.read_to_end(&mut Vec::new())).is_err());
        assert!(outlet.lock().unwrap().as_mut().unwrap().stopped().is_some());
    }
}
