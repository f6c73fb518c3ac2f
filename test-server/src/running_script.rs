//! A script that is being written to a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::counters::InFlight;
use crate::script::{End, Script, Step};

/// The pause before a reset, so that the bytes already written arrive first: a reset may overtake them.
const PAUSE_BEFORE_RESET: Duration = Duration::from_millis(10);

/// A script that is being written.
#[derive(Debug)]
pub(crate) struct RunningScript {
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
    pub(crate) fn new(script: Script, in_flight: InFlight) -> Self {
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
    pub(crate) fn poll(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Error> {
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
            // Ends when the client leaves, which the connection notices.
            End::Hang => return Poll::Pending,
        }
        Poll::Ready(io::ErrorKind::BrokenPipe.into())
    }
}
