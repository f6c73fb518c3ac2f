//! The expectations of a server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::expectation::evaluation::{Expected, Outcome, evaluate};
use crate::expectation::report;
use crate::matching::Matcher;
use crate::recording::counters::Counters;
use crate::recording::journal::{Journal, RecordedRequest};

/// The expectations of a server, in the order in which they were made, with what they are checked on.
#[derive(Debug)]
pub(crate) struct Expectations {
    journal: Arc<Journal>,
    counters: Arc<Counters>,
    list: Mutex<Vec<Expected>>,
}

impl Expectations {
    pub(crate) fn new(journal: Arc<Journal>, counters: Arc<Counters>) -> Self {
        Self {
            journal,
            counters,
            list: Mutex::default(),
        }
    }

    /// Adds the expectation of one request and returns its place.
    pub(crate) fn add(&self, matcher: Matcher) -> usize {
        self.journal.keep_all();
        let mut list = self.lock();
        list.push(Expected {
            matcher,
            times: 1.into(),
            made: Instant::now(),
            within: None,
            in_order: false,
        });
        list.len() - 1
    }

    pub(super) fn change(&self, at: usize, change: impl FnOnce(&mut Expected)) {
        if let Some(expected) = self.lock().get_mut(at) {
            change(expected);
        }
    }

    /// Returns a message if the expectation at this place, or any, is not met. Blocks until the time of those that
    /// have one is over, or no request is missing.
    pub(crate) fn unmet(&self, only: Option<usize>) -> Option<String> {
        // Outside the lock, under which no function of a user may run.
        let expected = self.lock().clone();
        if expected.is_empty() {
            return None;
        }
        self.wait(&expected, only);
        let requests = self.journal.requests();
        let outcomes = evaluate(&expected, &requests);
        let unmet: Vec<_> = pick(&expected, &outcomes, only)
            .filter(|(expected, outcome)| !expected.is_met(outcome))
            .map(|(expected, outcome)| report::describe(expected, outcome, &requests))
            .collect();
        match unmet.len() {
            0 => None,
            1 => Some(format!("an expectation is not met:\n{}", unmet.concat())),
            count => Some(format!(
                "{count} expectations are not met:\n{}",
                unmet.concat()
            )),
        }
    }

    /// Waits for missing requests that still have time.
    fn wait(&self, expected: &[Expected], only: Option<usize>) {
        let deadline_of_missing = |requests: &[RecordedRequest]| -> Option<Instant> {
            let outcomes = evaluate(expected, requests);
            let missing = pick(expected, &outcomes, only)
                .filter(|(expected, outcome)| outcome.count() < expected.times.least);
            missing
                .filter_map(|(expected, _)| expected.deadline())
                .max()
        };
        let is_over = |deadline: Option<Instant>| deadline.is_none_or(|at| at <= Instant::now());
        let Some(deadline) = deadline_of_missing(&self.journal.requests()) else {
            return;
        };
        // What is missing at the end is reported by the caller.
        let _ = self
            .counters
            .wait_until(deadline.saturating_duration_since(Instant::now()), |_| {
                is_over(deadline_of_missing(&self.journal.requests()))
            });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Expected>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the expectation at this place, or all, each with its outcome.
fn pick<'a>(
    expected: &'a [Expected],
    outcomes: &'a [Outcome],
    only: Option<usize>,
) -> impl Iterator<Item = (&'a Expected, &'a Outcome)> {
    let pairs = expected.iter().zip(outcomes).enumerate();
    pairs
        .filter(move |(at, _)| only.is_none_or(|only| only == *at))
        .map(|(_, pair)| pair)
}
