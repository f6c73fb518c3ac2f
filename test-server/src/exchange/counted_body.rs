//! A response body that ends its request when the connection takes the last piece.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http_body::{Frame, SizeHint};

use crate::recording::counters::InFlight;

/// The size of the last piece of a large body, in bytes. It fits into the buffers of a connection, so taking it is as
/// good as sending it.
const LAST_PIECE: usize = 64 << 10;

/// Returns the response with a body that ends the request at its last piece.
pub(crate) fn end_request_when_sent(response: Response, in_flight: InFlight) -> Response {
    response.map(|body| {
        Body::new(CountedBody {
            body,
            rest: None,
            in_flight: Some(in_flight),
        })
    })
}

/// A body whose last piece is requested only after the connection has taken everything before it.
struct CountedBody {
    body: Body,
    /// The last part of a piece that was split because it is larger than the buffers.
    rest: Option<Bytes>,
    in_flight: Option<InFlight>,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = match self.rest.take() {
            Some(rest) => Some(Ok(Frame::data(rest))),
            None => ready!(Pin::new(&mut self.body).poll_frame(context)),
        };
        let frame = match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(mut data))) => {
                if data.len() > LAST_PIECE {
                    self.rest = Some(data.split_off(data.len() - LAST_PIECE));
                }
                if let Some(in_flight) = &mut self.in_flight {
                    in_flight.record_bytes(data.len());
                }
                Some(Ok(Frame::data(data)))
            }
            Some(Ok(Err(trailers))) => Some(Ok(trailers)),
            Some(Err(error)) => Some(Err(error)),
            None => None,
        };
        if frame.is_none() || self.is_end_stream() {
            self.in_flight = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.as_ref().map_or(0, Bytes::len) as u64;
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(of_body.lower() + rest);
        hint
    }
}
