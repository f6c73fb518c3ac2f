//! A body that records on its connection when it ends.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

use crate::connection::ConnectionHandle;

/// A body that records on its connection that it has ended, or that it is not needed any more.
pub(crate) struct Tracked {
    body: Body,
    handle: ConnectionHandle,
    at_end: fn(&ConnectionHandle),
}

impl Tracked {
    pub(crate) fn new(body: Body, handle: ConnectionHandle, at_end: fn(&ConnectionHandle)) -> Self {
        Self {
            body,
            handle,
            at_end,
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
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() || self.body.is_end_stream() {
            (self.at_end)(&self.handle);
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
        (self.at_end)(&self.handle);
    }
}
