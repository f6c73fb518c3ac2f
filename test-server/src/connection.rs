//! Connections that can be told what to write. Below HTTP, so that what arrives is exact to the byte: a library would
//! refuse to send half a head, and sends a wrong length differently in debug and release builds.
//!
//! A client that shuts its sending side down counts as gone, as with most servers: what it is being sent ends there.
//!
//! A handler reaches its connection by `ConnectInfo`, hands it a script, and returns a response that nobody will see: the
//! connection writes the script in its place, and ends.

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

use crate::counters::{Counters, InFlight};
use crate::script::{End, Script, Step};

/// Before a reset: what has been written should have arrived, for a reset may overtake it.
const BEFORE_RESET: Duration = Duration::from_millis(10);

/// A listener whose connections can be told what to write.
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
        // Waits a second where there is no descriptor left, as axum's own.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        self.counters.connection_accepted();
        // A head and its body are written separately; Nagle would hold the second back for 40 ms.
        let _ = stream.set_nodelay(true);
        let wire = Wire::default();
        (
            Connection {
                stream,
                wire,
                playing: None,
                closing: None,
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A handler's end of its connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Orders>>);

#[derive(Debug, Default)]
struct Orders {
    script: Option<(Script, InFlight)>,
    responses: u64,
    /// Once what is being written has been sent: close without a word, so much later.
    close_after: Option<Duration>,
}

impl Wire {
    /// Has this written instead of the response; the request counts as in flight until it is.
    pub(crate) fn play(&self, script: Script, in_flight: InFlight) {
        self.orders().script = Some((script, in_flight));
    }

    /// Counts a response on this connection, and says how many there were.
    pub(crate) fn count_response(&self) -> u64 {
        let mut orders = self.orders();
        orders.responses += 1;
        orders.responses
    }

    /// Has the connection closed without a word, so long after the response.
    pub(crate) fn close_after_response(&self, late: Duration) {
        self.orders().close_after = Some(late);
    }

    fn orders(&self) -> std::sync::MutexGuard<'_, Orders> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Connections>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Connections>) -> Self {
        stream.io().wire.clone()
    }
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    wire: Wire,
    playing: Option<Playing>,
    closing: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(closing) = &mut this.closing {
            // No byte read is the end of the connection to whoever reads. What the client sends meanwhile is not taken,
            // so that it meets a reset; but if it goes, there is nothing to wait for.
            let mut byte = [0];
            let peeked = this.stream.poll_peek(context, &mut ReadBuf::new(&mut byte));
            let is_gone = matches!(peeked, Poll::Ready(Ok(0) | Err(_)));
            return if is_gone {
                Poll::Ready(Ok(()))
            } else {
                closing.as_mut().poll(context).map(Ok)
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
        if this.playing.is_none() {
            let orders = this.wire.orders().script.take();
            this.playing = orders.map(|(script, in_flight)| Playing::new(script, in_flight));
        }
        match &mut this.playing {
            Some(playing) => playing.poll(&mut this.stream, context).map(Err),
            None => Pin::new(&mut this.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        let close_after = self.wire.orders().close_after.take();
        if let Some(late) = close_after {
            self.closing = Some(Box::pin(sleep(late)));
            // Whoever waits to read waits for the peer, and would not look again.
            context.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A script under way.
struct Playing {
    script: Script,
    step: usize,
    /// How much of the step has been written.
    written: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// When the last pause was to end.
    due: Instant,
    before_reset: Option<Pin<Box<Sleep>>>,
    in_flight: Option<InFlight>,
}

impl Playing {
    fn new(script: Script, in_flight: InFlight) -> Self {
        Self {
            script,
            step: 0,
            written: 0,
            pause: None,
            due: Instant::now(),
            before_reset: None,
            in_flight: Some(in_flight),
        }
    }

    /// Plays on. Ready with the error that ends the connection.
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
            // With these bytes the client has all, and may ask for more before this is looked at again.
            let is_last = piece_end == bytes.len() && self.step + 1 == self.script.steps.len();
            let ends = is_last && self.script.end != End::Hang;
            if ends && let Some(mut in_flight) = self.in_flight.take() {
                in_flight.sends(piece.len());
            }
            match ready!(Pin::new(&mut *stream).poll_write(context, piece)) {
                Ok(count) => {
                    self.written += count;
                    if let Some(in_flight) = &mut self.in_flight {
                        in_flight.sends(count);
                    }
                }
                Err(error) => return Poll::Ready(error),
            }
            // From when it was due, and not from now: else each step would add what the clock is too coarse for.
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
                    .before_reset
                    .get_or_insert_with(|| Box::pin(sleep(BEFORE_RESET)));
                ready!(pause.as_mut().poll(context));
                // Where it cannot be set the connection is closed in the ordinary way.
                let _ = stream.set_zero_linger();
            }
            // A client that hangs up can be read: the end of its bytes, or an error.
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
