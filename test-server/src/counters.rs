//! What the server has seen. Requests count from their head to just before the last byte of their answer leaves: were it
//! later, the client's next request could overtake the count and a client that keeps to its limit would seem to break it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::response::Response;
use http_body::{Frame, SizeHint};
use tokio::sync::watch;

/// What a server has seen since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests for flags, found or not. The page at `/` is not counted.
    pub requests: u64,
    /// TCP connections accepted.
    pub connections: u64,
    /// Requests that are being answered now.
    pub in_flight: usize,
    /// The most requests that were ever answered at the same time.
    pub peak_in_flight: usize,
}

#[derive(Debug)]
pub(crate) struct Counters {
    requests: AtomicU64,
    connections: AtomicU64,
    gauge: watch::Sender<Gauge>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Gauge {
    now: usize,
    peak: usize,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            gauge: watch::Sender::new(Gauge::default()),
        }
    }

    pub(crate) fn connection_accepted(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request for as long as what is returned lives. Dropped with the handler or with the answer, it also counts
    /// out a request whose client has gone.
    pub(crate) fn request_begins(self: &Arc<Self>) -> InFlight {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.gauge.send_modify(|gauge| {
            gauge.now += 1;
            gauge.peak = gauge.peak.max(gauge.now);
        });
        InFlight(Arc::clone(self))
    }

    /// Waits until this many requests have been in flight at once.
    pub(crate) async fn peak_reaches(&self, requests: usize) {
        let mut gauge = self.gauge.subscribe();
        // Fails only when the sender is gone, and `self` holds it.
        let _ = gauge.wait_for(|gauge| gauge.peak >= requests).await;
    }

    pub(crate) fn stats(&self) -> Stats {
        let Gauge { now, peak } = *self.gauge.borrow();
        Stats {
            requests: self.requests.load(Ordering::Relaxed),
            connections: self.connections.load(Ordering::Relaxed),
            in_flight: now,
            peak_in_flight: peak,
        }
    }
}

/// One request being answered.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Counters>);

impl InFlight {
    /// The response, at the last piece of whose body the request is counted out.
    pub(crate) fn until_sent(self, response: Response) -> Response {
        response.map(|body| {
            Body::new(CountedBody {
                body,
                rest: None,
                in_flight: Some(self),
            })
        })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.gauge.send_modify(|gauge| gauge.now -= 1);
    }
}

/// What fits into the buffers of a connection is as good as sent.
const AS_GOOD_AS_SENT: usize = 64 << 10;

/// A body that is asked for its last piece only when all before it has been taken by the connection.
struct CountedBody {
    body: Body,
    /// The rest of a piece that was too large to give away in one.
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
                if data.len() > AS_GOOD_AS_SENT {
                    self.rest = Some(data.split_off(data.len() - AS_GOOD_AS_SENT));
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
