//! Connections that can be scripted byte by byte.
//!
//! Scripts are written below HTTP, so that the bytes that arrive are exact. An HTTP library refuses to send half a
//! head, and sends a wrong length differently in debug and release builds.
//!
//! A request handler gets a [`ConnectionHandle`] from `ConnectInfo`, passes a script to it and returns a dummy
//! response. The connection writes the script instead of that response and then ends.
//!
//! A client that shuts down its sending side counts as gone, as with most servers, and its response is cut off there.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::counters::{Counters, InFlight, OpenConnection};
use crate::script::{End, Script, Step};

/// The pause before a reset, so that the bytes already written arrive first: a reset may overtake them.
const PAUSE_BEFORE_RESET: Duration = Duration::from_millis(10);

/// A listener whose connections can be scripted byte by byte.
pub(crate) struct Connections {
    listener: TcpListener,
    counters: Arc<Counters>,
}

impl Connections {
    pub(crate) fn new(listener: TcpListener, counters: Arc<Counters>) -> Self {
        Self { listener, counters }
    }
}

impl Listener for Connections {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // axum's `accept` waits a second if the process has no descriptor left.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let open = self.counters.connection_accepted();
        // A head and its body are written separately. Nagle's algorithm would delay the body for 40 ms.
        let _ = stream.set_nodelay(true);
        let handle = ConnectionHandle::default();
        (
            Connection {
                stream,
                handle,
                running: None,
                close_timer: None,
                _open: open,
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The handle through which a request handler controls its connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionHandle(Arc<Mutex<PendingWrites>>);

#[derive(Debug, Default)]
struct PendingWrites {
    script: Option<(Script, InFlight)>,
    responses: u64,
    /// If set, the connection is closed this long after the current response has been sent.
    close_after: Option<Duration>,
}

impl ConnectionHandle {
    /// Writes this script instead of the response. The request counts as in flight until the script is written.
    pub(crate) fn write_script(&self, script: Script, in_flight: InFlight) {
        self.pending().script = Some((script, in_flight));
    }

    /// Counts a response on this connection and returns how many there have been.
    pub(crate) fn count_response(&self) -> u64 {
        let mut pending = self.pending();
        pending.responses += 1;
        pending.responses
    }

    /// Closes the connection this long after the current response, without `connection: close` in it.
    pub(crate) fn close_after_response(&self, late: Duration) {
        self.pending().close_after = Some(late);
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, PendingWrites> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Connections>> for ConnectionHandle {
    fn connect_info(stream: IncomingStream<'_, Connections>) -> Self {
        stream.io().handle.clone()
    }
}

/// One connection, which writes either HTTP or a script.
pub(crate) struct Connection {
    stream: TcpStream,
    handle: ConnectionHandle,
    running: Option<RunningScript>,
    close_timer: Option<Pin<Box<Sleep>>>,
    /// Dropped after `stream`, so a connection that is no longer counted holds no descriptor.
    _open: OpenConnection,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(close_timer) = &mut this.close_timer {
            // Returning without a byte tells hyper that the connection has ended. Until then the bytes that the client
            // sends stay unread, so that it gets a reset. If the client closes the connection, the wait ends at once.
            let mut byte = [0];
            let peeked = this.stream.poll_peek(context, &mut ReadBuf::new(&mut byte));
            let has_closed = matches!(peeked, Poll::Ready(Ok(0) | Err(_)));
            return if has_closed {
                Poll::Ready(Ok(()))
            } else {
                close_timer.as_mut().poll(context).map(Ok)
            };
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.running.is_none() {
            let pending = this.handle.pending().script.take();
            this.running = pending.map(|(script, in_flight)| RunningScript::new(script, in_flight));
        }
        match &mut this.running {
            Some(running) => running.poll(&mut this.stream, context).map(Err),
            None => Pin::new(&mut this.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        let close_after = self.handle.pending().close_after.take();
        if let Some(late) = close_after {
            self.close_timer = Some(Box::pin(sleep(late)));
            // hyper's pending read waits for the peer only. Without this it would not poll the timer.
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A script that is being written.
struct RunningScript {
    script: Script,
    step: usize,
    /// The bytes of the current step that have been written.
    written: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// When the last pause was due to end.
    due: Instant,
    reset_pause: Option<Pin<Box<Sleep>>>,
    in_flight: Option<InFlight>,
}

impl RunningScript {
    fn new(script: Script, in_flight: InFlight) -> Self {
        Self {
            script,
            step: 0,
            written: 0,
            pause: None,
            due: Instant::now(),
            reset_pause: None,
            in_flight: Some(in_flight),
        }
    }

    /// Continues the script. Returns `Ready` with the error that ends the connection.
    fn poll(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let Some(step) = self.script.steps.get(self.step) else {
                return self.poll_end(stream, context);
            };
            let (bytes, at_a_time, every) = match step {
                Step::Write(bytes) => (bytes, bytes.len(), None),
                Step::Drip {
                    bytes,
                    at_a_time,
                    every,
                } => (bytes, *at_a_time, Some(*every)),
                Step::Forever { bytes, every } => (bytes, bytes.len(), Some(*every)),
            };
            if self.written == bytes.len() {
                self.written = 0;
                if !matches!(step, Step::Forever { .. }) {
                    self.step += 1;
                }
                continue;
            }
            let piece_end = bytes.len().min(self.written.saturating_add(at_a_time));
            let piece = &bytes[self.written..piece_end];
            // With these bytes the client has the whole response. It may send its next request before the next poll, so
            // this request must leave the count of those in flight before the write.
            let is_last = piece_end == bytes.len() && self.step + 1 == self.script.steps.len();
            let ends = is_last && self.script.end != End::Hang;
            if ends && let Some(mut in_flight) = self.in_flight.take() {
                in_flight.record_bytes(piece.len());
            }
            match ready!(Pin::new(&mut *stream).poll_write(context, piece)) {
                Ok(count) => {
                    self.written += count;
                    if let Some(in_flight) = &mut self.in_flight {
                        in_flight.record_bytes(count);
                    }
                }
                Err(error) => return Poll::Ready(error),
            }
            // Counted from when the last pause was due: counted from now, each step would add the timer's inaccuracy.
            self.pause = every.filter(|_| !ends).map(|every| {
                self.due += every;
                Box::pin(sleep_until(self.due))
            });
        }
    }

    fn poll_end(&mut self, stream: &TcpStream, context: &mut Context<'_>) -> Poll<io::Error> {
        match self.script.end {
            End::Close => self.in_flight = None,
            End::Reset => {
                self.in_flight = None;
                let pause = self
                    .reset_pause
                    .get_or_insert_with(|| Box::pin(sleep(PAUSE_BEFORE_RESET)));
                ready!(pause.as_mut().poll(context));
                // If this fails, the connection is closed in the ordinary way.
                let _ = stream.set_zero_linger();
            }
            // Reading shows when the client closes the connection: by an end of file or an error.
            End::Hang => loop {
                ready!(stream.poll_read_ready(context)).ok();
                match stream.try_read(&mut [0; 512]) {
                    Ok(1..) => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(0) | Err(_) => break,
                }
            },
        }
        Poll::Ready(io::ErrorKind::BrokenPipe.into())
    }
}
