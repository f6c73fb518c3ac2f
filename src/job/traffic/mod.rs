//! When requests may be sent: the pauses that servers request, the most requests at once to one of them, and the most
//! requests in a second.
//!
//! A run without these asks two fields and one atomic variable before each request. The modules, lowest layer first; each
//! imports only from those listed before it:
//!
//! * `origin`: the server of a URL, by which the others distinguish
//! * `pause`: the pauses that servers request
//! * `per_host`: the most requests at once to one server
//! * `rate`: the most requests in a second

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;

mod origin;
mod pause;
mod per_host;
mod rate;

pub(crate) use origin::Origin;
pub(crate) use pause::LONGEST_PAUSE;
pub use pause::Pauses;

use self::per_host::{HostLimit, HostPermit};
use self::rate::Rate;

/// The limits that the user sets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TrafficLimits {
    /// The most requests at once to one origin.
    pub per_host: Option<NonZeroUsize>,
    /// The most requests in a second, over the whole run.
    pub rate: Option<f64>,
}

/// Decides when requests may be sent. Shared by all downloads of a run.
#[derive(Debug, Default)]
pub struct Traffic {
    /// The pauses that servers request. Jobs of one process can share them.
    pub pauses: Arc<Pauses>,
    limits: TrafficLimits,
    per_host: Option<HostLimit>,
    rate: Option<Rate>,
}

/// The right to send a request to one origin. It ends when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Turn<'a> {
    /// `None` if nothing limits the requests.
    traffic: Option<&'a Traffic>,
    permit: Option<HostPermit<'a>>,
}

impl Traffic {
    /// Creates the state for these limits.
    pub fn new(limits: TrafficLimits) -> Self {
        Self {
            pauses: Arc::default(),
            limits,
            per_host: limits.per_host.map(HostLimit::new),
            rate: limits.rate.map(Rate::new),
        }
    }

    /// Returns the state of a job without limits that keeps to these pauses.
    #[cfg(feature = "nats")]
    pub(crate) fn with_pauses(pauses: Arc<Pauses>) -> Self {
        Self {
            pauses,
            ..Self::default()
        }
    }

    /// Returns the limits.
    pub(crate) fn limits(&self) -> TrafficLimits {
        self.limits
    }

    /// Returns a turn if any request may be sent now: there are no limits and no pauses.
    pub(crate) fn turn_at_once(&self) -> Option<Turn<'_>> {
        let is_open = self.per_host.is_none() && self.rate.is_none() && self.pauses.are_none();
        is_open.then_some(Turn {
            traffic: Some(self),
            permit: None,
        })
    }

    /// Waits until a request for `url` may be sent. Safe to drop at any await point.
    pub(crate) async fn turn(&self, url: &Url) -> Turn<'_> {
        let mut turn = Turn {
            traffic: Some(self),
            permit: None,
        };
        turn.wait(self, Origin::of(url)).await;
        turn
    }
}

impl<'a> Turn<'a> {
    /// Waits until a request for `url` may be sent, after a redirect. Returns how long that took.
    pub(crate) async fn move_to(&mut self, url: &Url) -> Duration {
        let Some(traffic) = self.traffic.filter(|of| of.turn_at_once().is_none()) else {
            return Duration::ZERO;
        };
        let begun = std::time::Instant::now();
        let origin = Origin::of(url);
        // Given back before waiting for the other: two downloads that wait for each other's would never end.
        self.permit = self.permit.take().filter(|permit| permit.is_for(origin));
        // Boxed, because hardly any download waits here.
        Box::pin(self.wait(traffic, origin)).await;
        begun.elapsed()
    }

    /// Waits until the same request may be sent again. Returns how long that took.
    pub(crate) async fn repeat(&self) -> Duration {
        let Some(rate) = self.traffic.and_then(|traffic| traffic.rate.as_ref()) else {
            return Duration::ZERO;
        };
        let begun = std::time::Instant::now();
        Box::pin(rate.turn()).await;
        begun.elapsed()
    }

    async fn wait(&mut self, traffic: &'a Traffic, origin: Origin) {
        loop {
            traffic.pauses.over(origin).await;
            if let Some(limit) = traffic.per_host.as_ref().filter(|_| self.permit.is_none()) {
                self.permit = Some(limit.acquire(origin).await);
            }
            if let Some(rate) = &traffic.rate {
                rate.turn().await;
            }
            // A pause may have begun while this download waited for the others.
            if !traffic.pauses.is_on_for(origin) {
                return;
            }
            self.permit = None;
        }
    }
}

#[cfg(test)]
mod tests;
