//! What a test expects, and the result.

use std::time::{Duration, Instant};

use crate::expectation::times::Times;
use crate::matching::{Matcher, Request};

/// What a test expects.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) matcher: Matcher,
    pub(super) times: Times,
    pub(super) made: Instant,
    pub(super) within: Option<Duration>,
    pub(super) in_order: bool,
}

/// The result of one expectation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The places of the requests that count.
    pub(super) counted: Vec<usize>,
    /// How many more came after the time was over.
    pub(super) late: u64,
    /// Why the order is wrong.
    pub(super) wrong_order: Option<String>,
}

impl Expected {
    pub(super) fn is_met(&self, outcome: &Outcome) -> bool {
        self.times.contains(outcome.count()) && outcome.wrong_order.is_none()
    }

    /// Returns until when a check waits for this expectation.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.within.and_then(|time| self.made.checked_add(time))
    }

    pub(super) fn admits(&self, arrived: Instant, request: &Request) -> bool {
        arrived >= self.made && self.matcher.is_for(request)
    }

    pub(super) fn is_late(&self, arrived: Instant) -> bool {
        self.deadline().is_some_and(|deadline| arrived > deadline)
    }
}

impl Outcome {
    pub(super) fn count(&self) -> u64 {
        self.counted.len() as u64
    }
}
