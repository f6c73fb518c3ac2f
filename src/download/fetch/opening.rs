//! With HTTP/2, lets one request open the connection to a server before others share it.
//!
//! Only an open connection shows whether the server offers HTTP/2. Until then the HTTP client opens one for each request,
//! so a run would begin with as many handshakes as it has requests at once, and then use one of the connections.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::download::fetch::trail;
use crate::job::Origin;

/// The most origins that are remembered. With more, all are forgotten, and the next request to each goes first again.
const MOST: usize = 1024;

/// The origins to which a connection was opened.
#[derive(Debug, Default)]
pub(super) struct Openings(Mutex<HashMap<Origin, Arc<Opening>>>);

#[derive(Debug, Default)]
struct Opening {
    is_over: AtomicBool,
    /// Held by the request that opens the connection.
    first: tokio::sync::Mutex<()>,
}

impl Openings {
    /// Sends a request to `origin`. Waits while the first one opens its connection, but not for its answer: a server that does
    /// not answer one request must not keep the others waiting. Call it inside [`followed`](trail::followed).
    pub(super) async fn send<T>(&self, origin: Origin, request: impl Future<Output = T>) -> T {
        let opening = self.of(origin);
        if opening.is_over.load(Ordering::Acquire) {
            return request.await;
        }
        let mut first = Some(opening.first.lock().await);
        let mut request = pin!(request);
        poll_fn(|context| {
            let was_open = opening.is_over.load(Ordering::Acquire) || trail::has_opened();
            let polled = request.as_mut().poll(context);
            if was_open || polled.is_ready() {
                opening.is_over.store(true, Ordering::Release);
                first = None;
            } else if trail::has_opened() {
                // The connection is shared once its own task has run.
                context.waker().wake_by_ref();
            }
            polled
        })
        .await
    }

    fn of(&self, origin: Origin) -> Arc<Opening> {
        // Each change leaves the map valid.
        let mut openings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if openings.len() >= MOST && !openings.contains_key(&origin) {
            openings.clear();
        }
        Arc::clone(openings.entry(origin).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::Url;

    #[test]
    fn many_origins_take_little_memory() {
        let openings = Openings::default();
        for number in 0..=MOST {
            let url = Url::parse(&format!("https://host-{number}.example")).unwrap();
            openings.of(Origin::of(&url));
            assert!(openings.0.lock().unwrap().len() <= MOST);
        }
        assert_eq!(openings.0.lock().unwrap().len(), 1);
    }
}
