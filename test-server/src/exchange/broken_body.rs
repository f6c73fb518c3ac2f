//! A body that may break, whose error comes only when everything before it is written.
//!
//! At an error, the HTTP library ends the connection at once, with what it has taken and not yet written: also the head,
//! if the error is the first thing that the body returns.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Error;
use axum::body::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use crate::exchange::ConnectionHandle;

/// The pause before an error, and between two looks at whether everything is written. In the first one, the library
/// begins to write.
const PAUSE: Duration = Duration::from_millis(5);

/// A body that may break.
pub(crate) struct BrokenBody {
    body: Incoming,
    handle: ConnectionHandle,
    broken: Option<(Error, Pin<Box<Sleep>>)>,
}

impl BrokenBody {
    pub(crate) fn new(body: Incoming, handle: ConnectionHandle) -> Self {
        Self {
            body,
            handle,
            broken: None,
        }
    }
}

impl http_body::Body for BrokenBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if this.broken.is_none() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Err(error)) => {
                    this.broken = Some((Error::new(error), Box::pin(sleep(PAUSE))));
                }
                Some(Ok(frame)) => return Poll::Ready(Some(Ok(frame))),
                None => return Poll::Ready(None),
            }
        }
        while let Some((_, pause)) = &mut this.broken {
            ready!(pause.as_mut().poll(context));
            if !this.handle.exchange().has_unwritten {
                break;
            }
            *pause = Box::pin(sleep(PAUSE));
        }
        let error = this.broken.take().map(|(error, _)| Err(error));
        Poll::Ready(error)
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
