//! A script that is being written to a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::AsyncWrite as _;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::connection::transport::Transport;
use crate::recording::counters::InFlight;
use crate::script::{End, Script};

/// The pause before a reset, so that the bytes already written arrive first: a reset may overtake them.
const PAUSE_BEFORE_RESET: Duration = Duration::from_millis(10);

/// How far a script may be behind and still catch up. A client that stops reading for longer gets no burst afterwards.
const LONGEST_CATCH_UP: Duration = Duration::from_millis(100);

/// A script that is being written.
#[derive(Debug)]
pub(crate) struct RunningScript {
    script: Script,
    step: usize,
    /// The bytes of the current step that have been written.
    written: usize,
    /// Where the piece that is being written ends in the bytes of the step.
    piece_end: usize,
    pause: Option<Pin<Box<Sleep>>>,
    /// When the last pause was due to end.
    due: Instant,
    reset_pause: Option<Pin<Box<Sleep>>>,
    in_flight: Option<InFlight>,
}

impl RunningScript {
    pub(crate) fn new(script: Script, in_flight: Option<InFlight>) -> Self {
        Self {
            script,
            step: 0,
            written: 0,
            piece_end: 0,
            pause: None,
            due: Instant::now(),
            reset_pause: None,
            in_flight,
        }
    }

    /// Continues the script. Returns `Ready` with the error that ends the connection.
    pub(crate) fn poll(
        &mut self,
        stream: &mut Transport,
        context: &mut Context<'_>,
    ) -> Poll<io::Error> {
        loop {
            // Encrypted bytes may wait in a buffer, and a pause begins when they have left it.
            if let Err(error) = ready!(Pin::new(&mut *stream).poll_flush(context)) {
                return Poll::Ready(error);
            }
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let Some(step) = self.script.steps.get(self.step) else {
                return self.poll_end(stream, context);
            };
            let bytes = step.bytes();
            if self.written == bytes.len() {
                (self.written, self.piece_end) = (0, 0);
                if !step.repeats() {
                    self.step += 1;
                }
                continue;
            }
            if self.written == self.piece_end {
                let (length, pause) = step.next_piece(self.written);
                self.piece_end += length;
                if !pause.is_zero() {
                    self.pause_for(pause);
                    continue;
                }
            }
            let piece = &bytes[self.written..self.piece_end];
            // With these bytes the client has the whole response. It may send its next request before the next poll, so
            // this request must leave the count of those in flight before the write.
            let is_last = self.piece_end == bytes.len() && self.step + 1 == self.script.steps.len();
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
        }
    }

    /// Begins a pause before the next piece.
    ///
    /// It is counted from when the last pause was due: counted from now, each piece would add the timer's inaccuracy.
    fn pause_for(&mut self, pause: Duration) {
        let earliest = Instant::now().checked_sub(LONGEST_CATCH_UP);
        let last_due = earliest.map_or(self.due, |earliest| self.due.max(earliest));
        self.due = last_due + pause;
        self.pause = Some(Box::pin(sleep_until(self.due)));
    }

    fn poll_end(&mut self, stream: &mut Transport, context: &mut Context<'_>) -> Poll<io::Error> {
        match self.script.end {
            End::Close => {
                self.in_flight = None;
                // If this fails, the client has left.
                let _ = ready!(stream.poll_close(context));
            }
            End::Reset => {
                self.in_flight = None;
                let pause = self
                    .reset_pause
                    .get_or_insert_with(|| Box::pin(sleep(PAUSE_BEFORE_RESET)));
                ready!(pause.as_mut().poll(context));
                // If this fails, the connection is closed in the ordinary way.
                let _ = stream.tcp().set_zero_linger();
            }
            // Ends when the client leaves, which the connection notices.
            End::Hang => return Poll::Pending,
        }
        Poll::Ready(io::ErrorKind::BrokenPipe.into())
    }
}
