//! The stream under TLS and tap, which lets rows gather before they are read.
//!
//! A server sends rows in pieces of 8 KiB, and waking up for each costs more than reading it. So when a read has emptied
//! the socket while rows are copied, the connection's thread, which does nothing else, sleeps while more comes: too short
//! to be noticed, and no longer than the system keeps what comes meanwhile.

use std::io;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tap::Outlet;

/// How long rows gather.
const GATHERING: Duration = Duration::from_millis(1);

/// A socket that is read in large pieces while the outlet takes rows.
pub(crate) struct Gather<S> {
    pub(crate) socket: S,
    pub(crate) outlet: Outlet,
}

impl<S> Gather<S> {
    fn copies(&self) -> bool {
        self.outlet.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gather<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, out))?;
        if out.filled().len() > before && out.remaining() > 0 && self.copies() {
            std::thread::sleep(GATHERING);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gather<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
