//! A TCP connection that sends slowly at first, or only this many bytes, and waits for its client only this long. It lies
//! below TLS, so the bytes are counted as they are on the wire.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::connection::departure::Departure;

/// A TCP connection with limits on what it sends.
#[derive(Debug)]
pub(super) struct Throttled {
    tcp: TcpStream,
    /// The pause between two bytes.
    every: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
    /// How many bytes may still be sent. Behind them the sending side is shut down.
    left: Option<u64>,
    /// Watches the client of a connection that is cut.
    departure: Option<Departure>,
    patience: Option<Patience>,
}

/// How long the client may take for its part of the handshake.
#[derive(Debug)]
struct Patience {
    left: Duration,
    /// The wait for its next bytes, with its begin.
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Patience {
    /// Completes when the client has taken too long. Called while there is nothing to read.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let left = self.left;
        let (_, sleep) = self
            .wait
            .get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        ready!(sleep.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Ends a wait: what the server then does itself does not count.
    fn end_wait(&mut self) {
        if let Some((begin, _)) = self.wait.take() {
            self.left = self.left.saturating_sub(begin.elapsed());
        }
    }
}

impl Throttled {
    /// Creates a connection on which all waits for the client together may take this long, until
    /// [`Self::end_handshake`].
    pub(super) fn new(tcp: TcpStream, patience: Duration) -> Self {
        Self {
            tcp,
            every: None,
            pause: None,
            left: None,
            departure: None,
            patience: Some(Patience {
                left: patience,
                wait: None,
            }),
        }
    }

    /// Sends single bytes, this far apart, until [`Self::end_handshake`].
    pub(super) fn with_pauses(self, every: Duration) -> Self {
        let every = Some(every);
        Self { every, ..self }
    }

    /// Sends only this many bytes.
    pub(super) fn cut_after(self, bytes: u64) -> Self {
        let left = Some(bytes);
        Self { left, ..self }
    }

    pub(super) fn end_handshake(&mut self) {
        (self.every, self.pause, self.patience) = (None, None, None);
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        &self.tcp
    }

    /// Sends nothing more. The end of the stream is sent once, and the connection stays until the client has left: a
    /// reset could overtake the bytes before the cut. Then completes with an error. If further bytes were accepted and
    /// discarded, an endless body would never let go of the thread.
    fn poll_cut(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if self.departure.is_none()
            && let Err(error) = ready!(Pin::new(&mut self.tcp).poll_shutdown(context))
        {
            return Poll::Ready(error);
        }
        let departure = self.departure.get_or_insert_with(Departure::new);
        ready!(departure.poll(&self.tcp, context));
        Poll::Ready(io::ErrorKind::BrokenPipe.into())
    }
}

impl AsyncRead for Throttled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match (
            Pin::new(&mut this.tcp).poll_read(context, buffer),
            &mut this.patience,
        ) {
            (Poll::Pending, Some(patience)) => patience.poll(context),
            (read, patience) => {
                if let Some(patience) = patience {
                    patience.end_wait();
                }
                read
            }
        }
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
            Some(0) => return this.poll_cut(context).map(Err),
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
