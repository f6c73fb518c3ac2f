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
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    codes: BTreeMap<String, CodeStats>,
    /// How often the counting has begun anew. What began before counts no more.
    resets: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Gauge {
    now: usize,
    peak: usize,
    /// The peak since there is this plan, which is what `hold` waits for.
    peak_of_plan: usize,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            connections: AtomicU64::new(0),
            gauge: watch::Sender::new(Gauge::default()),
            seen: Mutex::default(),
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
        let (attempt, resets) = {
            let mut seen = self.seen();
            let resets = seen.resets;
            let stats = seen.codes.entry(code.to_owned()).or_default();
            stats.attempts += 1;
            (stats.attempts, resets)
        };
        self.gauge.send_modify(|gauge| {
            gauge.now += 1;
            gauge.peak = gauge.peak.max(gauge.now);
            gauge.peak_of_plan = gauge.peak_of_plan.max(gauge.now);
        });
        let in_flight = InFlight {
            counters: Arc::clone(self),
            code: code.to_owned(),
            resets,
            log,
        };
        (in_flight, attempt)
    }

    /// There is another plan: what `hold` waits for begins anew.
    pub(crate) fn plan_changes(&self) {
        self.gauge
            .send_modify(|gauge| gauge.peak_of_plan = gauge.now);
    }

    /// Waits until this many requests have been in flight at once under this plan.
    pub(crate) async fn peak_reaches(&self, requests: usize) {
        let mut gauge = self.gauge.subscribe();
        // Fails only when the sender is gone, and `self` holds it.
        let _ = gauge.wait_for(|gauge| gauge.peak_of_plan >= requests).await;
    }

    /// Begins anew. What is in flight stays so, and is the first peak.
    pub(crate) fn reset(&self) {
        let mut seen = self.seen();
        seen.codes.clear();
        seen.resets += 1;
        drop(seen);
        self.connections.store(0, Ordering::Relaxed);
        self.gauge.send_modify(|gauge| {
            gauge.peak = gauge.now;
            gauge.peak_of_plan = gauge.now;
        });
    }

    pub(crate) fn stats(&self) -> Stats {
        let Gauge { now, peak, .. } = *self.gauge.borrow();
        let codes = self.seen().codes.clone();
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
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request being answered.
#[derive(Debug)]
pub(crate) struct InFlight {
    counters: Arc<Counters>,
    code: String,
    resets: u64,
    log: Option<Entry>,
}

impl InFlight {
    /// Notes that the request meets a fault, before it does: a client that gives up in the middle has met it.
    pub(crate) fn meets(&mut self, fault: &'static str) {
        let mut seen = self.counters.seen();
        if seen.resets == self.resets {
            let stats = seen.codes.entry(self.code.clone()).or_default();
            *stats.injected.entry(fault.to_owned()).or_default() += 1;
        }
        drop(seen);
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
