//! The state of quotas: how much of each rate is used, and which connections have a place.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::exchange::ConnectionHandle;
use crate::exchange::place::Places;
use crate::fault::{Argument, Fault};

/// The value of Retry-After if it is not known when a connection will end.
const RETRY_AFTER_CONNECTION: Duration = Duration::from_secs(1);

/// The quotas of one server. Each is named by its plan and its text, so a plan in a query has its own.
#[derive(Debug, Default)]
pub(crate) struct Quotas(Mutex<State>);

#[derive(Debug)]
struct State {
    /// When each rate would be unused again if no request came.
    rates: HashMap<String, Instant>,
    places: HashMap<String, Places>,
    /// How many lead to the next look for unused ones.
    many_rates: usize,
    many_places: usize,
}

/// The number of quotas from which on those are forgotten that nothing uses. Each plan in a query has its own.
const MANY_QUOTAS: usize = 1_000;

impl State {
    /// Forgets rates and places that are as good as new ones, if there are many.
    fn forget_unused(&mut self) {
        if self.rates.len() >= self.many_rates {
            let now = Instant::now();
            self.rates.retain(|_, unused_at| *unused_at > now);
            self.many_rates = MANY_QUOTAS.max(self.rates.len() * 2);
        }
        if self.places.len() >= self.many_places {
            self.places.retain(|_, places| places.are_taken());
            self.many_places = MANY_QUOTAS.max(self.places.len() * 2);
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            rates: HashMap::new(),
            places: HashMap::new(),
            many_rates: MANY_QUOTAS,
            many_places: MANY_QUOTAS,
        }
    }
}

impl Quotas {
    /// Counts a request under this quota. If it is beyond, returns how long its client should wait.
    pub(crate) fn refuse(
        &self,
        quota: &Fault,
        query_plan: Option<&str>,
        handle: &ConnectionHandle,
    ) -> Option<Duration> {
        let name = format!("{quota} {}", query_plan.unwrap_or_default());
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget_unused();
        match *quota.argument() {
            Argument::Rate { requests, period } => {
                let now = Instant::now();
                let unused_at = state.rates.entry(name).or_insert(now);
                refuse_at_rate(unused_at, now, requests, period)
            }
            Argument::Number(connections) => {
                let taken = state.places.entry(name).or_default();
                let has_place = handle.take_place(taken, connections);
                (!has_place).then_some(RETRY_AFTER_CONNECTION)
            }
            _ => None,
        }
    }

    /// Begins anew: no rate is used, and all places are free.
    pub(crate) fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }
}

/// Counts a request at `now` under a rate that allows all requests of a period at once. Returns the wait until the next
/// one is allowed, if this one is not.
///
/// # Source
/// The generic cell rate algorithm, as a virtual schedule (ITU-T I.371).
fn refuse_at_rate(
    unused_at: &mut Instant,
    now: Instant,
    requests: u64,
    period: Duration,
) -> Option<Duration> {
    let each = period.div_f64(requests as f64);
    let next = (*unused_at).max(now) + each;
    let wait = (next - now).saturating_sub(period);
    // Less than a microsecond is a rounding error.
    if wait < Duration::from_micros(1) {
        *unused_at = next;
        None
    } else {
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_that_nothing_uses_are_forgotten() {
        let (now, hour) = (Instant::now(), Duration::from_secs(3600));
        let mut state = State::default();
        let (used, unused) = (Places::default(), Places::default());
        let _place = used.take(1);
        for n in 0..MANY_QUOTAS {
            let (until, places) = match n % 2 {
                0 => (now, &unused),
                _ => (now + hour, &used),
            };
            state.rates.insert(n.to_string(), until);
            state.places.insert(n.to_string(), places.clone());
        }
        state.forget_unused();
        let half = MANY_QUOTAS / 2;
        assert_eq!((state.rates.len(), state.places.len()), (half, half));
        assert!(state.rates.contains_key("1") && !state.rates.contains_key("2"));
    }

    #[test]
    fn a_rate_allows_its_requests_at_once_and_then_one_at_a_time() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut unused_at = start;
        let mut refused =
            |after: Duration| refuse_at_rate(&mut unused_at, start + after, 4, second);
        for _ in 0..4 {
            assert_eq!(refused(Duration::ZERO), None);
        }
        let quarter = second / 4;
        assert_eq!(refused(Duration::ZERO), Some(quarter));
        assert_eq!(
            refused(quarter / 2),
            Some(quarter / 2),
            "a refused request does not count"
        );
        assert_eq!(refused(quarter), None);
        assert_eq!(refused(quarter), Some(quarter));
        for _ in 0..4 {
            assert_eq!(
                refused(second * 10),
                None,
                "no more than a period is saved up"
            );
        }
        assert_eq!(refused(second * 10), Some(quarter));
    }
}
