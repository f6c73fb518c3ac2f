//! The expectations of a server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::expectation::evaluation::Evaluation;
use crate::expectation::expected::Expected;
use crate::expectation::report;
use crate::matching::Matcher;
use crate::recording::counters::Counters;
use crate::recording::journal::Journal;

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
        let mut evaluation = Evaluation::new(expected);
        self.wait(&mut evaluation, only);
        let (expected, outcomes) = (&evaluation.expected, evaluation.outcomes());
        let pairs = expected.iter().zip(&outcomes).enumerate();
        let unmet: Vec<_> = pairs
            .filter(|(at, _)| only.is_none_or(|only| only == *at))
            .map(|(_, pair)| pair)
            .filter(|(expected, outcome)| !expected.is_met(outcome))
            .collect();
        if unmet.is_empty() {
            return None;
        }
        let requests = evaluation.requests();
        let unmet: Vec<_> = unmet
            .into_iter()
            .map(|(expected, outcome)| report::describe(expected, outcome, &requests))
            .collect();
        match unmet.len() {
            1 => Some(format!("an expectation is not met:\n{}", unmet.concat())),
            count => Some(format!(
                "{count} expectations are not met:\n{}",
                unmet.concat()
            )),
        }
    }

    /// Looks at the journal, and waits for missing requests that still have time.
    fn wait(&self, evaluation: &mut Evaluation, only: Option<usize>) {
        evaluation.update(&self.journal);
        let deadline_of_missing = |evaluation: &Evaluation| -> Option<Instant> {
            let expected = evaluation
                .expected
                .iter()
                .zip(evaluation.counts())
                .enumerate();
            let missing = expected
                .filter(|(at, _)| only.is_none_or(|only| only == *at))
                .map(|(_, pair)| pair)
                .filter(|(expected, count)| *count < expected.times.least);
            missing
                .filter_map(|(expected, _)| expected.deadline())
                .max()
        };
        let Some(deadline) = deadline_of_missing(evaluation) else {
            return;
        };
        // What is missing at the end is reported by the caller.
        self.counters.wait_for_change_until(deadline, || {
            evaluation.update(&self.journal);
            deadline_of_missing(evaluation).is_none_or(|at| at <= Instant::now())
        });
        // A body that has come completely meanwhile wakes nothing.
        evaluation.update(&self.journal);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Expected>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
