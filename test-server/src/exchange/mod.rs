//! The request on a connection and how it is answered, shared between the connection and the handlers.
//!
//! * `place`: places for connections: a limited number may have one at a time
//! * `counted_body`: a response body that ends its request when it is sent
//! * `tracked_body`: a body that records on its connection when it ends
//! * `broken_body`: a body that may break, whose error comes only when everything before it is written
//! * `paced_body`: the body of a request, read at a rate
//! * `quotas`: the state of quotas: the use of rates, and the connections with a place

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::exchange::place::{Place, Places};
use crate::recording::counters::InFlight;
use crate::script::Script;

#[cfg(feature = "proxy")]
pub(crate) mod broken_body;
pub(crate) mod counted_body;
pub(crate) mod paced_body;
pub(crate) mod place;
pub(crate) mod quotas;
pub(crate) mod tracked_body;

/// The handle through which a request handler controls its connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionHandle(Arc<Mutex<Exchange>>);

/// The request on a connection and how it is answered.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) phase: Phase,
    /// The number of the connection.
    pub(crate) number: u64,
    /// The address of the client.
    pub(crate) peer: Option<IpAddr>,
    /// How often a handler has had to wait for more of the body of the request.
    body_waits: u64,
    /// That number when the stream had ended and its end was to be read for the first time in this request.
    waits_at_end: Option<u64>,
    pub(crate) script: Option<(Script, Option<InFlight>)>,
    /// The requests so far.
    requests: u64,
    /// Whether the HTTP library still has bytes to write.
    pub(crate) has_unwritten: bool,
    responses: u64,
    /// The place of this connection under `connections`.
    place: Option<Place>,
    /// If set, the connection is closed this long after the current response has been sent.
    close_after: Option<Duration>,
    /// Whether the connection is about to be closed after its last response.
    closes: bool,
}

/// How far the current request is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The head of the first request has not arrived, or only a part of a head.
    #[default]
    ReceivingHead,
    /// The head has arrived, but not all of the body.
    ReceivingBody,
    /// The request is complete, but not its response.
    Answering,
    /// The connection is a tunnel, and its bytes are not requests.
    Tunnel,
    /// The response is complete, and no byte of another request has arrived.
    Idle,
}

impl ConnectionHandle {
    /// Writes this script instead of the response. A request that is counted is in flight until the script is written.
    pub(crate) fn write_script(&self, script: Script, in_flight: Option<InFlight>) {
        self.exchange().script = Some((script, in_flight));
    }

    /// Returns the number of the connection, counted from 1 since the start of the server.
    pub(crate) fn number(&self) -> u64 {
        self.exchange().number
    }

    /// Counts a response on this connection and returns how many there have been.
    pub(crate) fn count_response(&self) -> u64 {
        let mut exchange = self.exchange();
        exchange.responses += 1;
        exchange.responses
    }

    /// Closes the connection this long after the current response, without `connection: close` in it.
    pub(crate) fn close_after_response(&self, late: Duration) {
        self.exchange().close_after = Some(late);
    }

    /// Takes one of at most this many places for this connection, unless it has one. Returns whether it has one now.
    pub(crate) fn take_place(&self, places: &Places, most: u64) -> bool {
        let place = &mut self.exchange().place;
        if !place.as_ref().is_some_and(|place| place.is_among(places)) {
            *place = places.take(most);
        }
        place.is_some()
    }

    /// Records that the head of a request has arrived.
    pub(crate) fn begin_request(&self) {
        let mut exchange = self.exchange();
        exchange.phase = Phase::ReceivingBody;
        exchange.requests += 1;
        (exchange.body_waits, exchange.waits_at_end) = (0, None);
    }

    /// Records that a handler waits for more of the body of the request. Returns whether the stream has ended.
    pub(crate) fn wait_for_body(&self) -> bool {
        let mut exchange = self.exchange();
        exchange.body_waits += 1;
        exchange.waits_at_end.is_some()
    }

    /// Records that the body of the request has arrived, or is not needed.
    pub(crate) fn complete_request(&self) {
        let mut exchange = self.exchange();
        // The body may be dropped after the response.
        if exchange.phase == Phase::ReceivingBody {
            exchange.phase = Phase::Answering;
        }
    }

    /// Records that the HTTP library has taken the whole response.
    pub(crate) fn complete_response(&self) {
        let mut exchange = self.exchange();
        if exchange.phase != Phase::Tunnel {
            exchange.phase = Phase::Idle;
        }
    }

    /// Records that the connection becomes a tunnel with the current response.
    #[cfg_attr(not(feature = "proxy"), allow(dead_code))]
    pub(crate) fn become_tunnel(&self) {
        self.exchange().phase = Phase::Tunnel;
    }

    /// Records that everything is written that the HTTP library has. Returns whether something was not before, and how
    /// long after now the connection is to be closed, once the current response is complete: a flush before that, while
    /// a body arrives, is not the end.
    pub(crate) fn complete_flush(&self) -> (bool, Option<Duration>) {
        let mut exchange = self.exchange();
        let was_unwritten = std::mem::take(&mut exchange.has_unwritten);
        if exchange.phase != Phase::Idle {
            return (was_unwritten, None);
        }
        let close_after = exchange.close_after.take();
        exchange.closes |= close_after.is_some();
        (was_unwritten, close_after)
    }

    /// Returns the number of requests so far if the connection is idle and is not about to be closed.
    pub(crate) fn idle_after(&self) -> Option<u64> {
        let exchange = self.exchange();
        let is_idle = exchange.phase == Phase::Idle && !exchange.has_unwritten && !exchange.closes;
        is_idle.then_some(exchange.requests)
    }

    /// Records that bytes have arrived, which begin another request if the connection was idle.
    pub(crate) fn receive_bytes(&self) {
        let mut exchange = self.exchange();
        if exchange.phase == Phase::Idle {
            exchange.phase = Phase::ReceivingHead;
        }
    }

    /// Returns whether the current request may still be answered although its stream has ended.
    ///
    /// The end may be read before the handler has taken the last part of a body. But if a handler waits for more of it
    /// after the end, the body is incomplete.
    pub(crate) fn may_be_answered(&self) -> bool {
        let mut exchange = self.exchange();
        let body_waits = exchange.body_waits;
        match exchange.phase {
            Phase::Answering => true,
            Phase::ReceivingBody => body_waits == *exchange.waits_at_end.get_or_insert(body_waits),
            Phase::ReceivingHead | Phase::Tunnel | Phase::Idle => false,
        }
    }

    pub(crate) fn exchange(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
