//! A TCP connection that sends slowly at first, or only this many bytes. It lies below TLS, so the bytes are counted as
//! they are on the wire.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// A TCP connection with limits on what it sends.
#[derive(Debug)]
pub(super) struct Throttled {
    tcp: TcpStream,
    /// The pause between two bytes.
    every: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
    /// How many bytes may still be sent. Behind them the sending side is shut down, and further bytes are discarded.
    left: Option<u64>,
}

impl Throttled {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self {
            tcp,
            every: None,
            pause: None,
            left: None,
        }
    }

    /// Sends single bytes, this far apart, until [`Self::end_pauses`].
    pub(super) fn with_pauses(self, every: Duration) -> Self {
        let every = Some(every);
        Self { every, ..self }
    }

    /// Sends only this many bytes.
    pub(super) fn cut_after(self, bytes: u64) -> Self {
        let left = Some(bytes);
        Self { left, ..self }
    }

    pub(super) fn end_pauses(&mut self) {
        (self.every, self.pause) = (None, None);
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Discards bytes behind the cut. The end of the stream is sent once, and the connection stays until the client
    /// closes it: a reset could overtake the bytes before the cut.
    fn discard(&mut self, context: &mut Context<'_>, length: usize) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.tcp).poll_shutdown(context))?;
        Poll::Ready(Ok(length))
    }
}

impl AsyncRead for Throttled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Throttled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let Some(pause) = &mut this.pause {
            ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        let most = match this.left {
            Some(0) => return this.discard(context, bytes.len()),
            Some(left) => usize::try_from(left).unwrap_or(usize::MAX),
            None if this.every.is_some() => 1,
            None => usize::MAX,
        };
        let bytes = &bytes[..bytes.len().min(most)];
        let count = ready!(Pin::new(&mut this.tcp).poll_write(context, bytes))?;
        this.left = this.left.map(|left| left.saturating_sub(count as u64));
        if let Some(every) = this.every {
            this.pause = Some(Box::pin(sleep_until(Instant::now() + every)));
        }
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
