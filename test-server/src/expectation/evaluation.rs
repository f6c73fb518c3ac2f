//! Which requests count for which expectation.
//!
//! A check that waits looks at the journal again and again. So each request is matched when it has come and, if its
//! body was still on its way, until that is complete; then its verdicts are kept.

use crate::expectation::disorder::Disorder;
use crate::expectation::division::Division;
use crate::expectation::expected::{Expected, Outcome};
use crate::matching::Request;
use crate::recording::journal::{Entry, Journal, RecordedRequest};

/// The requests in the journal so far, with what each counts for.
#[derive(Debug)]
pub(super) struct Evaluation {
    pub(super) expected: Vec<Expected>,
    /// The places of the expectations in order.
    line: Vec<usize>,
    /// The number of resets of the journal before the entries.
    resets: u64,
    entries: Vec<Entry>,
    /// Those of each entry.
    verdicts: Vec<Verdicts>,
    /// The places of the entries whose bodies are on their way.
    unfinished: Vec<usize>,
    /// How many requests each expectation admits in time.
    in_time: Vec<u64>,
    /// If there are expectations in order.
    division: Option<Division>,
    /// How many of the entries are in the division for good, and how many requests that are.
    divided: (usize, usize),
}

/// The expectations that admit a request, by their places. Most requests concern few.
#[derive(Debug, Default)]
struct Verdicts {
    in_time: Vec<usize>,
    late: Vec<usize>,
}

impl Evaluation {
    pub(super) fn new(expected: Vec<Expected>) -> Self {
        let places = expected.iter().enumerate();
        let line = places.filter(|(_, expected)| expected.in_order);
        let line: Vec<_> = line.map(|(at, _)| at).collect();
        Self {
            in_time: vec![0; expected.len()],
            line,
            resets: 0,
            entries: Vec::new(),
            verdicts: Vec::new(),
            unfinished: Vec::new(),
            division: None,
            divided: (0, 0),
            expected,
        }
    }

    /// Looks at what is new in the journal.
    pub(super) fn update(&mut self, journal: &Journal) {
        let (resets, new) = journal.entries_since(self.resets, self.entries.len());
        if resets != self.resets {
            *self = Self {
                resets,
                ..Self::new(std::mem::take(&mut self.expected))
            };
        }
        let first_new = self.entries.len();
        self.entries.extend(new);
        self.verdicts
            .resize_with(self.entries.len(), Verdicts::default);
        let to_match = std::mem::take(&mut self.unfinished);
        for place in to_match.into_iter().chain(first_new..self.entries.len()) {
            self.match_entry(place);
        }
        if !self.line.is_empty() {
            self.divide();
        }
    }

    fn match_entry(&mut self, place: usize) {
        let entry = &self.entries[place];
        // Read first: the body of an entry that is complete now does not change any more.
        if !entry.is_complete() {
            self.unfinished.push(place);
        }
        let verdicts = entry.with(|recorded| verdicts(&self.expected, recorded));
        for &at in &self.verdicts[place].in_time {
            self.in_time[at] -= 1;
        }
        for &at in &verdicts.in_time {
            self.in_time[at] += 1;
        }
        self.verdicts[place] = verdicts;
    }

    /// Divides the requests among the expectations in order. Those behind an entry whose body is on its way are divided
    /// again at the next look.
    fn divide(&mut self) {
        let times = || {
            self.line
                .iter()
                .map(|&at| self.expected[at].times)
                .collect()
        };
        let mut division = self
            .division
            .take()
            .unwrap_or_else(|| Division::new(times()));
        let (mut place, requests) = self.divided;
        division.truncate(requests);
        let first_unfinished = self.unfinished.iter().min().copied();
        while place < self.entries.len() {
            if Some(place) == first_unfinished {
                self.divided = (place, division.len());
            }
            let admitted = &self.verdicts[place].in_time;
            if admitted.iter().any(|at| self.expected[*at].in_order) {
                division.push(|step| admitted.contains(&self.line[step]));
            }
            place += 1;
        }
        if first_unfinished.is_none() {
            self.divided = (place, division.len());
        }
        self.division = Some(division);
    }

    /// Returns how many requests count for each expectation.
    pub(super) fn counts(&self) -> Vec<u64> {
        let mut counts = self.in_time.clone();
        let stretches = self.division.as_ref().and_then(Division::stretches);
        for (&at, stretch) in self.line.iter().zip(stretches.unwrap_or_default()) {
            counts[at] = stretch.len() as u64;
        }
        counts
    }

    /// Returns the result of each expectation.
    pub(super) fn outcomes(&self) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::default(); self.expected.len()];
        let stretches = self.division.as_ref().and_then(Division::stretches);
        let mut disorder = Disorder::new(&self.expected, &self.line);
        let mut in_order = 0;
        for (place, verdicts) in self.verdicts.iter().enumerate() {
            for &at in &verdicts.late {
                outcomes[at].late += 1;
            }
            let (ordered, free): (Vec<usize>, Vec<usize>) =
                (verdicts.in_time.iter()).partition(|at| self.expected[**at].in_order);
            for at in free {
                outcomes[at].counted.push(place);
            }
            if ordered.is_empty() {
                continue;
            }
            match &stretches {
                Some(stretches) => {
                    let step = stretches
                        .iter()
                        .position(|stretch| stretch.contains(&in_order));
                    if let Some(step) = step {
                        outcomes[self.line[step]].counted.push(place);
                    }
                }
                None => disorder.count(place, &ordered, &mut outcomes),
            }
            in_order += 1;
        }
        outcomes
    }

    /// Returns the requests at which this has looked.
    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        let entries = self.entries.iter();
        entries.map(|entry| entry.with(Clone::clone)).collect()
    }
}

fn verdicts(expected: &[Expected], recorded: &RecordedRequest) -> Verdicts {
    let request = Request::recorded(recorded);
    let mut verdicts = Verdicts::default();
    for (at, expectation) in expected.iter().enumerate() {
        if expectation.admits(recorded.arrived, &request) {
            match expectation.is_late(recorded.arrived) {
                true => verdicts.late.push(at),
                false => verdicts.in_time.push(at),
            }
        }
    }
    verdicts
}
