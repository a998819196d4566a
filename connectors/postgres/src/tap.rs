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
