//! The body of a request, read at a rate.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

/// A body of which a piece is read only after the time that the pieces before it take at the rate. Its end comes after
/// the time for all of it.
pub(crate) struct Paced {
    body: Body,
    bytes_a_second: u64,
    pause: Option<Pin<Box<Sleep>>>,
    /// The last part of a piece that was too long.
    rest: Bytes,
}

/// The most pieces a second. Each has at least one byte.
const PIECES_A_SECOND: u64 = 50;

impl Paced {
    pub(crate) fn new(body: Body, bytes_a_second: u64) -> Self {
        Self {
            body,
            bytes_a_second,
            pause: None,
            rest: Bytes::new(),
        }
    }
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame.into_data(),
                ended => return Poll::Ready(ended),
            };
            match frame {
                Ok(data) => self.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let longest = (self.bytes_a_second / PIECES_A_SECOND).max(1);
        let length = usize::try_from(longest)
            .map_or(self.rest.len(), |longest| longest.min(self.rest.len()));
        let piece = self.rest.split_to(length);
        let seconds = length as f64 / self.bytes_a_second as f64;
        let due = Instant::now() + Duration::from_secs_f64(seconds);
        self.pause = Some(Box::pin(sleep_until(due)));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pause.is_none() && self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, of_body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(of_body.lower() + rest);
        hint
    }
}
