//! What the server has seen. Requests count from their head to just before the last byte of their answer leaves: were it
//! later, the client's next request could overtake the count and a client that keeps to its limit would seem to break it.

use std::sync::atomic::{AtomicU64, Ordering};

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

    /// Counts a request for as long as what is returned lives: dropped with the handler, it also counts out a request
    /// whose client has gone.
    pub(crate) fn request_begins(&self) -> InFlight<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.gauge.send_modify(|gauge| {
            gauge.now += 1;
            gauge.peak = gauge.peak.max(gauge.now);
        });
        InFlight(self)
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
pub(crate) struct InFlight<'a>(&'a Counters);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.gauge.send_modify(|gauge| gauge.now -= 1);
    }
}
