//! What the server has seen. A request counts as in flight from its head to just before the last of its answer is written:
//! were it later, the client's next request could overtake the count and a client that keeps to its limit would seem to
//! break it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use crate::access_log::Entry;

/// What a server has seen since it started, or since it was last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Requests for flags, found or not. Pages and control paths are not counted.
    pub requests: u64,
    /// TCP connections accepted.
    pub connections: u64,
    /// Requests that are being answered now.
    pub in_flight: usize,
    /// The most requests that were ever answered at the same time.
    pub peak_in_flight: usize,
    /// How often each fault was met, by name.
    pub injected: BTreeMap<String, u64>,
    /// What was asked for, by code in lower case.
    pub codes: BTreeMap<String, CodeStats>,
}

/// What became of one code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CodeStats {
    /// How often it was asked for.
    pub attempts: u64,
    /// How often each fault was met, by name.
    pub injected: BTreeMap<String, u64>,
}

#[derive(Debug)]
pub(crate) struct Counters {
    connections: AtomicU64,
    gauge: watch::Sender<Gauge>,
    codes: Mutex<BTreeMap<String, CodeStats>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Gauge {
    now: usize,
    peak: usize,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            connections: AtomicU64::new(0),
            gauge: watch::Sender::new(Gauge::default()),
            codes: Mutex::default(),
        }
    }

    pub(crate) fn connection_accepted(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request for as long as what is returned lives, and says how often its code has been asked for by now.
    /// Dropped with the handler or with the answer, it also counts out a request whose client has gone.
    pub(crate) fn request_begins(
        self: &Arc<Self>,
        code: &str,
        log: Option<Entry>,
    ) -> (InFlight, u64) {
        let attempt = {
            let mut codes = self.codes();
            let stats = codes.entry(code.to_owned()).or_default();
            stats.attempts += 1;
            stats.attempts
        };
        self.gauge.send_modify(|gauge| {
            gauge.now += 1;
            gauge.peak = gauge.peak.max(gauge.now);
        });
        (
            InFlight {
                counters: Arc::clone(self),
                log,
            },
            attempt,
        )
    }

    /// Counts a fault that a request meets.
    pub(crate) fn fault_met(&self, code: &str, fault: &'static str) {
        let mut codes = self.codes();
        let stats = codes.entry(code.to_owned()).or_default();
        *stats.injected.entry(fault.to_owned()).or_default() += 1;
    }

    /// Waits until this many requests have been in flight at once.
    pub(crate) async fn peak_reaches(&self, requests: usize) {
        let mut gauge = self.gauge.subscribe();
        // Fails only when the sender is gone, and `self` holds it.
        let _ = gauge.wait_for(|gauge| gauge.peak >= requests).await;
    }

    /// Begins anew. What is in flight stays so, and is the first peak.
    pub(crate) fn reset(&self) {
        self.codes().clear();
        self.connections.store(0, Ordering::Relaxed);
        self.gauge.send_modify(|gauge| gauge.peak = gauge.now);
    }

    pub(crate) fn stats(&self) -> Stats {
        let Gauge { now, peak } = *self.gauge.borrow();
        let codes = self.codes().clone();
        let mut injected = BTreeMap::new();
        for (fault, times) in codes.values().flat_map(|stats| &stats.injected) {
            *injected.entry(fault.clone()).or_default() += times;
        }
        Stats {
            requests: codes.values().map(|stats| stats.attempts).sum(),
            connections: self.connections.load(Ordering::Relaxed),
            in_flight: now,
            peak_in_flight: peak,
            injected,
            codes,
        }
    }

    /// Nothing under this lock panics halfway.
    fn codes(&self) -> MutexGuard<'_, BTreeMap<String, CodeStats>> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request being answered.
#[derive(Debug)]
pub(crate) struct InFlight {
    counters: Arc<Counters>,
    log: Option<Entry>,
}

impl InFlight {
    /// Notes for the log what the request meets.
    pub(crate) fn meets(&mut self, fault: &'static str) {
        if let Some(log) = &mut self.log {
            log.faults.push(fault);
        }
    }

    /// Notes for the log what it is answered with.
    pub(crate) fn answered(&mut self, status: u16) {
        if let Some(log) = &mut self.log {
            log.status = Some(status);
        }
    }

    /// Notes for the log that so much of the answer goes out.
    pub(crate) fn sends(&mut self, bytes: usize) {
        if let Some(log) = &mut self.log {
            log.bytes += bytes as u64;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counters.gauge.send_modify(|gauge| gauge.now -= 1);
    }
}
