//! The numbers of requests, connections and faults.
//!
//! A request counts as in flight from its head until just before the last bytes of its response are written. If it
//! ended later, the client's next request could arrive before the count goes down, and a client that keeps its limit
//! would seem to exceed it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::watch;

use crate::fault::MAX_DURATION;
use crate::recording::access_log::Entry;
use crate::recording::attempts::{Attempts, MAX_TARGETS};
use crate::recording::changes::Changes;
use crate::recording::journal;
use crate::recording::recent::Recent;

/// The counters of a server since it started or was last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Requests for flags and other paths, found or not. Pages and control paths are not counted.
    pub requests: u64,
    /// TCP connections accepted.
    pub connections: u64,
    /// TCP connections open now.
    pub open_connections: usize,
    /// How often a connection has been idle until the server gave back its buffers.
    pub rests: u64,
    /// Requests in flight now.
    pub in_flight: usize,
    /// The most requests that were in flight at the same time.
    pub peak_in_flight: usize,
    /// How often each fault was met, by its name.
    pub injected: BTreeMap<String, u64>,
    /// The counters per requested code, by code in lower case. Those of other paths are at `METHOD path`, such as
    /// `GET /orders/5`. Of more than 100,000 of them, those that came first are missing.
    pub codes: BTreeMap<String, CodeStats>,
}

/// The counters of one code, or of one method and path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CodeStats {
    /// How often it was requested.
    pub attempts: u64,
    /// How often each fault was met, by its name.
    pub injected: BTreeMap<String, u64>,
}

#[derive(Debug)]
pub(crate) struct Counters {
    connections: AtomicU64,
    /// The number of the last connection. A reset does not change it.
    last_connection: AtomicU64,
    open_connections: AtomicUsize,
    rests: AtomicU64,
    gauge: watch::Sender<Gauge>,
    by_code: Mutex<CodeCounters>,
    changes: Changes,
}

#[derive(Debug)]
struct CodeCounters {
    codes: Recent<String, CodeStats>,
    attempts: Attempts,
    requests: u64,
    /// How often each fault was met, by requests and by connections.
    injected: BTreeMap<String, u64>,
    /// The number of resets. A request that started before the last reset no longer counts its faults.
    resets: u64,
}

impl Default for CodeCounters {
    fn default() -> Self {
        Self {
            codes: Recent::new(MAX_TARGETS),
            attempts: Attempts::default(),
            requests: 0,
            injected: BTreeMap::new(),
            resets: 0,
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Gauge {
    now: usize,
    peak: usize,
    /// The peak since the plan was set, which `hold` waits for.
    peak_of_plan: usize,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            connections: AtomicU64::new(0),
            last_connection: AtomicU64::new(0),
            open_connections: AtomicUsize::new(0),
            rests: AtomicU64::new(0),
            gauge: watch::Sender::new(Gauge::default()),
            by_code: Mutex::default(),
            changes: Changes::default(),
        }
    }

    /// Counts a connection. It is open until the returned guard is dropped.
    pub(crate) fn connection_accepted(self: &Arc<Self>) -> OpenConnection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.open_connections.fetch_add(1, Ordering::Relaxed);
        self.changes.notify();
        OpenConnection {
            counters: Arc::clone(self),
            number: self.last_connection.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    /// Wakes the threads that wait for what the counters, or the journal beside them, show.
    pub(crate) fn notify(&self) {
        self.changes.notify();
    }

    /// Counts a connection under the plan. Returns how many there have been since the plan was set or the last reset.
    pub(crate) fn count_connection_of_plan(&self) -> u64 {
        self.lock_by_code().attempts.count_connection()
    }

    /// Counts a fault that a connection meets.
    pub(crate) fn record_fault_of_connection(&self, fault: &'static str) {
        let mut by_code = self.lock_by_code();
        *by_code.injected.entry(fault.to_owned()).or_default() += 1;
        drop(by_code);
        self.changes.notify();
    }

    /// Counts a request. It is in flight until the returned guard is dropped. Also returns the number of requests for
    /// its code so far under its plan: the plan in its query, or else that of the server since it was set.
    ///
    /// The guard is dropped with the handler or with the response, so a request also ends when its client has gone.
    pub(crate) fn begin_request(
        self: &Arc<Self>,
        code: &str,
        query_plan: Option<&str>,
        log: Option<Entry>,
    ) -> (InFlight, u64) {
        let (attempt, resets) = {
            let mut by_code = self.lock_by_code();
            let resets = by_code.resets;
            by_code.requests += 1;
            by_code.codes.of(code.to_owned()).attempts += 1;
            (by_code.attempts.count(code, query_plan), resets)
        };
        self.gauge.send_modify(|gauge| {
            gauge.now += 1;
            gauge.peak = gauge.peak.max(gauge.now);
            gauge.peak_of_plan = gauge.peak_of_plan.max(gauge.now);
        });
        self.changes.notify();
        let in_flight = InFlight {
            counters: Arc::clone(self),
            code: code.to_owned(),
            resets,
            log,
            entry: None,
        };
        (in_flight, attempt)
    }

    /// Restarts what faults count, because the plan has changed: the attempts of `transient` and the peak that `hold`
    /// waits for.
    pub(crate) fn begin_plan(&self) {
        self.lock_by_code().attempts.begin_plan();
        self.gauge
            .send_modify(|gauge| gauge.peak_of_plan = gauge.now);
    }

    /// Waits until this many requests have been in flight at once since the plan was set.
    pub(crate) async fn wait_for_peak(&self, requests: usize) {
        let mut gauge = self.gauge.subscribe();
        // Fails only when the sender is gone, and `self` holds it.
        let _ = gauge.wait_for(|gauge| gauge.peak_of_plan >= requests).await;
    }

    /// Sets all counters to zero, except that requests in flight stay in flight and are the first peak.
    pub(crate) fn reset(&self) {
        let mut by_code = self.lock_by_code();
        *by_code = CodeCounters {
            resets: by_code.resets + 1,
            ..CodeCounters::default()
        };
        drop(by_code);
        self.connections.store(0, Ordering::Relaxed);
        self.rests.store(0, Ordering::Relaxed);
        self.gauge.send_modify(|gauge| {
            gauge.peak = gauge.now;
            gauge.peak_of_plan = gauge.now;
        });
        self.changes.notify();
    }

    /// Blocks until the counters meet `condition`. Returns them, or as an error those at the end of `timeout`.
    pub(crate) fn wait_until(
        &self,
        timeout: Duration,
        mut condition: impl FnMut(&Stats) -> bool,
    ) -> Result<Stats, Stats> {
        let deadline = Instant::now() + timeout.min(MAX_DURATION);
        let mut stats = Stats::default();
        let is_met = self.wait_for_change_until(deadline, || {
            stats = self.stats();
            condition(&stats)
        });
        if is_met { Ok(stats) } else { Err(stats) }
    }

    /// Blocks until this is true, which is checked now and after each change. Returns false at the deadline.
    pub(crate) fn wait_for_change_until(
        &self,
        deadline: Instant,
        mut is_met: impl FnMut() -> bool,
    ) -> bool {
        loop {
            // Read first: a change after this is noticed, even if it is before the wait.
            let known = self.changes.number();
            if is_met() {
                return true;
            }
            if !self.changes.wait(known, deadline) {
                return false;
            }
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let Gauge { now, peak, .. } = *self.gauge.borrow();
        let by_code = self.lock_by_code();
        Stats {
            requests: by_code.requests,
            connections: self.connections.load(Ordering::Relaxed),
            open_connections: self.open_connections.load(Ordering::Relaxed),
            rests: self.rests.load(Ordering::Relaxed),
            in_flight: now,
            peak_in_flight: peak,
            injected: by_code.injected.clone(),
            codes: by_code.codes.values().clone(),
        }
    }

    /// Locks the counters per code. Ignores poisoning: no code under this lock panics between two related changes.
    fn lock_by_code(&self) -> MutexGuard<'_, CodeCounters> {
        self.by_code.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request in flight. Dropping it ends the request.
#[derive(Debug)]
pub(crate) struct InFlight {
    counters: Arc<Counters>,
    code: String,
    resets: u64,
    log: Option<Entry>,
    entry: Option<journal::Entry>,
}

impl InFlight {
    /// Records faults and status in this entry of the journal as well.
    pub(crate) fn record_in(&mut self, entry: journal::Entry) {
        self.entry = Some(entry);
        // A thread may wait for what the journal shows.
        self.counters.changes.notify();
    }

    /// Counts a fault that the request meets. Called before the fault starts, because a client that gives up in the
    /// middle has met it as well.
    pub(crate) fn record_fault(&mut self, fault: &'static str) {
        let mut by_code = self.counters.lock_by_code();
        if by_code.resets == self.resets {
            *by_code.injected.entry(fault.to_owned()).or_default() += 1;
            let stats = by_code.codes.of(self.code.clone());
            *stats.injected.entry(fault.to_owned()).or_default() += 1;
        }
        drop(by_code);
        self.counters.changes.notify();
        if let Some(log) = &mut self.log {
            log.faults.push(fault);
        }
        if let Some(entry) = &self.entry {
            entry.record_fault(fault);
        }
    }

    /// Records the status of the response for the log.
    pub(crate) fn record_status(&mut self, status: u16) {
        if let Some(log) = &mut self.log {
            log.status = Some(status);
        }
        if let Some(entry) = &self.entry {
            entry.record_status(status);
        }
    }

    /// Adds this many bytes to the size of the response in the log.
    pub(crate) fn record_bytes(&mut self, bytes: usize) {
        if let Some(log) = &mut self.log {
            log.bytes += bytes as u64;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.counters.gauge.send_modify(|gauge| gauge.now -= 1);
        self.counters.changes.notify();
    }
}

/// One open connection. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    counters: Arc<Counters>,
    /// Counted from 1 since the start of the server.
    pub(crate) number: u64,
}

impl OpenConnection {
    /// Counts that the buffers of this connection have been given back.
    pub(crate) fn record_rest(&self) {
        self.counters.rests.fetch_add(1, Ordering::Relaxed);
        self.counters.changes.notify();
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let open = &self.counters.open_connections;
        open.fetch_sub(1, Ordering::Relaxed);
        self.counters.changes.notify();
    }
}
