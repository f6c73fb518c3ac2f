//! A body that records on its connection when it ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

use crate::exchange::ConnectionHandle;

/// A body that records on its connection that it has ended, or that it is not needed any more.
pub(crate) struct Tracked {
    body: Body,
    handle: ConnectionHandle,
    part: Part,
}

/// The part of an exchange that a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Request,
    Response,
}

impl Tracked {
    pub(crate) fn new(body: Body, handle: ConnectionHandle, part: Part) -> Self {
        Self { body, handle, part }
    }

    fn record_end(&self) {
        match self.part {
            Part::Request => self.handle.complete_request(),
            Part::Response => self.handle.complete_response(),
        }
    }
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            if self.part == Part::Request && self.handle.wait_for_body() {
                // Lets the HTTP library read the end of the stream again, which makes the body fail.
                context.waker().wake_by_ref();
            }
            return Poll::Pending;
        };
        if frame.is_none() || self.body.is_end_stream() {
            self.record_end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.record_end();
    }
}
