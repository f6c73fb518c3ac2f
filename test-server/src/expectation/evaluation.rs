//! Which requests count for which expectation.

use std::time::{Duration, Instant};

use crate::expectation::times::Times;
use crate::matching::{Matcher, Request};
use crate::recording::journal::RecordedRequest;

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

    fn admits(&self, arrived: Instant, request: &Request) -> bool {
        arrived >= self.made && self.matcher.admit(request).is_some()
    }

    fn is_late(&self, arrived: Instant) -> bool {
        self.deadline().is_some_and(|deadline| arrived > deadline)
    }
}

impl Outcome {
    pub(super) fn count(&self) -> u64 {
        self.counted.len() as u64
    }
}

/// Returns the result of each expectation.
pub(super) fn evaluate(expected: &[Expected], requests: &[RecordedRequest]) -> Vec<Outcome> {
    let mut outcomes = vec![Outcome::default(); expected.len()];
    let in_order = expected.iter().enumerate();
    let in_order = in_order.filter(|(_, expected)| expected.in_order);
    let mut order = Order {
        expected,
        line: in_order.map(|(at, _)| at).collect(),
        current: 0,
    };
    for (place, recorded) in requests.iter().enumerate() {
        let request = Request::recorded(recorded);
        let mut admitted_in_order = Vec::new();
        for (at, expectation) in expected.iter().enumerate() {
            if !expectation.admits(recorded.arrived, &request) {
                continue;
            }
            if expectation.is_late(recorded.arrived) {
                outcomes[at].late += 1;
            } else if expectation.in_order {
                admitted_in_order.push(at);
            } else {
                outcomes[at].counted.push(place);
            }
        }
        if !admitted_in_order.is_empty() {
            order.count(place, &admitted_in_order, &mut outcomes);
        }
    }
    outcomes
}

/// The expectations in order, one after another.
struct Order<'a> {
    expected: &'a [Expected],
    /// The places of those in order.
    line: Vec<usize>,
    /// The place in `line` of the one whose requests come now.
    current: usize,
}

impl Order<'_> {
    /// Counts a request that these expectations admit for the first of them whose turn it can be.
    fn count(&mut self, place: usize, admitted: &[usize], outcomes: &mut [Outcome]) {
        let mut blocking = None;
        for step in self.current..self.line.len() {
            let at = self.line[step];
            let Times { least, most } = self.expected[at].times;
            let count = outcomes[at].count();
            if admitted.contains(&at) && count < most {
                outcomes[at].counted.push(place);
                self.current = step;
                return;
            }
            if count < least {
                blocking = Some(at);
                break;
            }
        }
        let first = admitted[0];
        let current = self.line.get(self.current);
        match blocking {
            Some(blocking) if first > blocking => {
                let before = &self.expected[blocking].matcher;
                let why = format!("came before what is expected earlier: {before}");
                outcomes[first].wrong_order.get_or_insert(why);
            }
            _ if current.is_some_and(|&current| first < current) => {
                let after = &self.expected[self.line[self.current]].matcher;
                let why = format!("came again after what is expected later: {after}");
                outcomes[first].wrong_order.get_or_insert(why);
            }
            _ => outcomes[first].counted.push(place),
        }
    }
}
