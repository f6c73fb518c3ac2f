//! Connections that can be scripted byte by byte.
//!
//! Scripts are written below HTTP, so that the bytes that arrive are exact. An HTTP library refuses to send half a
//! head, and sends a wrong length differently in debug and release builds.
//!
//! A request handler gets a [`ConnectionHandle`] from `ConnectInfo`, passes a script to it and returns a dummy
//! response. The connection writes the script instead of that response and then ends.
//!
//! A client may shut down its sending side and wait for its response. The HTTP library would end the connection at the
//! end of the stream, so it learns of this end only after the response, or when the client has left.
//!
//! * `limits`: the limit of open files of the process
//! * `listen`: listening sockets for many simultaneous clients
//! * `background`: a thread that serves sockets until it is stopped
//! * `refusals`: a line on standard error when the system refuses connections
//! * `departure`: whether a client that has shut down its sending side has left altogether
//! * `tls`: encryption, and handshakes that fail
//! * `transport`: a connection as bytes, plain or encrypted
//! * `running_script`: a script that is being written to a connection
//! * `resting`: gives back the buffers of idle connections

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::connection::departure::Departure;
use crate::connection::running_script::RunningScript;
use crate::connection::transport::Transport;
use crate::exchange::{ConnectionHandle, Phase};
use crate::recording::counters::OpenConnection;

pub(crate) mod background;
pub(crate) mod departure;
pub(crate) mod limits;
pub(crate) mod listen;
pub(crate) mod refusals;
pub(crate) mod resting;
pub(crate) mod running_script;
pub(crate) mod tls;
pub(crate) mod transport;

/// One connection, which writes either HTTP or a script.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Transport,
    handle: ConnectionHandle,
    running: Option<RunningScript>,
    close_timer: Option<Pin<Box<Sleep>>>,
    header_timeout: Duration,
    /// Ends a request head that does not arrive completely in time.
    header_timer: Option<Pin<Box<Sleep>>>,
    /// Watches the client after the end of its stream.
    departure: Option<Departure>,
    /// Bytes that the HTTP library is to read again.
    unread: Bytes,
    /// Dropped after `stream`, so a connection that is no longer counted holds no descriptor.
    open: OpenConnection,
}

impl Connection {
    /// Creates a connection that is closed if the head of a request takes longer than `header_timeout`.
    pub(crate) fn new(stream: Transport, header_timeout: Duration, open: OpenConnection) -> Self {
        let handle = ConnectionHandle::default();
        handle.exchange().number = open.number;
        Self {
            stream,
            handle,
            running: None,
            close_timer: None,
            header_timeout,
            header_timer: None,
            departure: None,
            unread: Bytes::new(),
            open,
        }
    }

    /// Counts that the buffers for this connection have been given back.
    pub(crate) fn record_rest(&self) {
        self.open.record_rest();
    }

    pub(crate) fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }

    /// Waits until there are bytes to read, or the end of the stream, without a buffer for them.
    pub(crate) async fn wait_for_bytes(&self) {
        if self.unread.is_empty() {
            // An error comes again when the connection is read.
            let _ = self.stream.tcp().readable().await;
        }
    }

    /// Lets the HTTP library read these bytes again, before all others.
    pub(crate) fn read_again(&mut self, bytes: &[u8]) {
        // A copy: even a part of no bytes keeps the whole buffer that it comes from.
        self.unread = Bytes::copy_from_slice(bytes);
    }

    /// Completes with the end that the HTTP library is to see, at once or when the client has left: while a response
    /// is not written, the library would drop it.
    fn poll_after_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let may_be_answered = self.handle.may_be_answered();
        match &mut self.departure {
            Some(departure) if may_be_answered || self.handle.exchange().has_unwritten => {
                ready!(departure.poll(self.stream.tcp(), context));
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Completes when the head of a request is overdue. Between two requests, a connection may stay idle for ever.
    fn poll_header_timeout(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.handle.exchange().phase != Phase::ReceivingHead {
            self.header_timer = None;
            return Poll::Pending;
        }
        let timer = self
            .header_timer
            .get_or_insert_with(|| Box::pin(sleep(self.header_timeout)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Completes when the client has left during a script. Reads and discards what it sends: requests behind the
    /// current one get no answer.
    fn poll_departure(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.departure.is_none() {
            let mut bytes = [0; 512];
            let mut buffer = ReadBuf::new(&mut bytes);
            if ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)).is_err() {
                return Poll::Ready(());
            }
            if buffer.filled().is_empty() {
                self.departure = Some(Departure::new());
            }
        }
        match &mut self.departure {
            Some(departure) => departure.poll(self.stream.tcp(), context),
            None => Poll::Pending,
        }
    }

    /// Continues the script, if the handler has passed one. Completes with the error that ends the connection, or
    /// with `None` if there is no script.
    fn poll_script(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Error>> {
        if self.running.is_none() {
            let mut exchange = self.handle.exchange();
            let script = exchange.script.take();
            // Until it ends, the connection is not idle.
            exchange.has_unwritten |= script.is_some();
            self.running = script.map(|(script, in_flight)| RunningScript::new(script, in_flight));
        }
        if self.running.is_some() && self.poll_departure(context).is_ready() {
            return Poll::Ready(Some(io::ErrorKind::ConnectionReset.into()));
        }
        match &mut self.running {
            Some(running) => running.poll(&mut self.stream, context).map(Some),
            None => Poll::Ready(None),
        }
    }

    /// Records whether a write of this many bytes has left some of them, and returns its result.
    fn record_written(
        &mut self,
        length: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let is_complete = matches!(written, Poll::Ready(Ok(count)) if count == length);
        self.handle.exchange().has_unwritten = !is_complete || self.stream.has_unsent();
        written
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.unread.is_empty() {
            let length = this.unread.len().min(buffer.remaining());
            buffer.put_slice(&this.unread.split_to(length));
            this.handle.receive_bytes();
            return Poll::Ready(Ok(()));
        }
        if let Some(close_timer) = &mut this.close_timer {
            // Returning without a byte tells hyper that the connection has ended. Until then the bytes that the client
            // sends stay unread, so that it gets a reset. If the client closes the connection without having sent more, the
            // wait ends at once.
            return if this.stream.poll_closed(context).is_ready() {
                Poll::Ready(Ok(()))
            } else {
                close_timer.as_mut().poll(context).map(Ok)
            };
        }
        if this.running.is_some() || this.handle.exchange().script.is_some() {
            // `poll_write` reads while it writes the script.
            return Poll::Pending;
        }
        if this.departure.is_none() {
            let before = buffer.filled().len();
            match Pin::new(&mut this.stream).poll_read(context, buffer) {
                Poll::Ready(Ok(())) if buffer.filled().len() == before => {
                    this.departure = Some(Departure::new());
                }
                Poll::Ready(result) => {
                    this.handle.receive_bytes();
                    return Poll::Ready(result);
                }
                Poll::Pending => return this.poll_header_timeout(context),
            }
        }
        this.poll_after_end(context)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(end) = ready!(self.poll_script(context)) {
            return Poll::Ready(Err(end));
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.record_written(bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(end) = ready!(self.poll_script(context)) {
            return Poll::Ready(Err(end));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.record_written(pieces.iter().map(|piece| piece.len()).sum(), written)
    }

    /// With vectored writes, the HTTP library keeps the pieces of a body as they are. Otherwise it would copy up to
    /// 400 KB of a body that the client does not read.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        // hyper flushes only when it has written everything.
        let (was_unwritten, close_after) = self.handle.complete_flush();
        if let Some(late) = close_after {
            self.close_timer = Some(Box::pin(sleep(late)));
        }
        if close_after.is_some() || was_unwritten && self.departure.is_some() {
            // hyper's pending read waits for the peer only. Without this it would not poll the timer, or not see the
            // end of the stream.
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
