//! How requests can be divided among the expectations in order.
//!
//! Each request that the expectations in order admit counts for one of them, and those for an earlier one come before
//! those for a later one. So the requests of each expectation are a stretch of all. Whether the first p requests can
//! be divided among the first k expectations depends only on shorter beginnings, which are known by then: adding a
//! request takes the same time however many there are.

use std::ops::Range;

use crate::expectation::times::Times;

/// The requests so far, and how they can be divided.
#[derive(Debug, Clone)]
pub(super) struct Division {
    times: Vec<Times>,
    /// A row for each number of requests from 0 on, with a cell for each expectation.
    cells: Vec<Cell>,
}

/// What is known of the first p requests and of one expectation.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// How many beginnings, up to this one, can be divided among the expectations up to this one, so that each has as
    /// many as it asks for.
    possible: usize,
    /// Where the last stretch begins that this expectation admits.
    run: usize,
}

impl Division {
    /// Creates the division of no requests among at least one expectation.
    pub(super) fn new(times: Vec<Times>) -> Self {
        let cells = Vec::new();
        let mut division = Self { times, cells };
        division.add_row(|_| 0);
        division
    }

    /// Returns how many requests there are.
    pub(super) fn len(&self) -> usize {
        self.cells.len() / self.times.len() - 1
    }

    /// Forgets all requests but the first `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.cells.truncate((len + 1) * self.times.len());
    }

    /// Adds a request that some of the expectations admit.
    pub(super) fn push(&mut self, admits: impl Fn(usize) -> bool) {
        let (last, end) = (self.len(), self.len() + 1);
        let runs: Vec<_> = (0..self.times.len())
            .map(|at| match admits(at) {
                true => self.cell(last, at).run,
                false => end,
            })
            .collect();
        self.add_row(|at| runs[at]);
    }

    fn add_row(&mut self, run: impl Fn(usize) -> usize) {
        let len = self.cells.len() / self.times.len();
        for at in 0..self.times.len() {
            let run = run(at);
            let before = match len.checked_sub(1) {
                Some(before) => self.cell(before, at).possible,
                None => 0,
            };
            let starts = self.starts(at, len, run, self.times[at].least);
            let possible = before + usize::from(self.earliest(at, starts).is_some());
            self.cells.push(Cell { possible, run });
        }
    }

    fn cell(&self, len: usize, at: usize) -> Cell {
        self.cells[len * self.times.len() + at]
    }

    /// Returns where the requests of an expectation may begin if they end at `len` and are at least `least`.
    fn starts(&self, at: usize, len: usize, run: usize, least: u64) -> Range<usize> {
        let number = |times| usize::try_from(times).unwrap_or(usize::MAX);
        let (least, most) = (number(least), number(self.times[at].most));
        match len.checked_sub(least) {
            Some(last) => run.max(len.saturating_sub(most))..last + 1,
            None => 0..0,
        }
    }

    /// Returns for how many beginnings up to `len` the expectations before this one have what they ask for. Before the
    /// first one, only the empty beginning is so.
    fn possible_before(&self, at: usize, len: usize) -> usize {
        match at.checked_sub(1) {
            Some(earlier) => self.cell(len, earlier).possible,
            None => 1,
        }
    }

    /// Returns the first of these places at which the expectations before this one have what they ask for.
    fn earliest(&self, at: usize, starts: Range<usize>) -> Option<usize> {
        if starts.is_empty() {
            return None;
        }
        let before = starts.start.checked_sub(1);
        let before = before.map_or(0, |len| self.possible_before(at, len));
        self.first_with(at, starts, before + 1)
    }

    /// Returns the last of these places at which the expectations before this one have what they ask for.
    fn latest(&self, at: usize, starts: Range<usize>) -> Option<usize> {
        let found = self.possible_before(at, starts.end.checked_sub(1)?);
        self.first_with(at, 0..starts.end, found)
            .filter(|start| starts.contains(start))
    }

    /// Returns the first of these places up to which this many beginnings are possible, at least one.
    fn first_with(&self, at: usize, places: Range<usize>, possible: usize) -> Option<usize> {
        let (mut first, mut end) = (places.start, places.end);
        while first < end {
            let middle = first.midpoint(end);
            match self.possible_before(at, middle) >= possible.max(1) {
                true => end = middle,
                false => first = middle + 1,
            }
        }
        (first < places.end).then_some(first)
    }

    /// Divides the requests so far: returns the stretch of each expectation. Each has as many as it asks for, or else the
    /// last one that can have come has fewer and those behind it none. Returns nothing if no order explains the requests.
    pub(super) fn stretches(&self) -> Option<Vec<Range<usize>>> {
        let len = self.len();
        let (last, start) = self.last_stretch(len)?;
        let mut stretches = vec![len..len; self.times.len()];
        stretches[last] = start..len;
        let mut end = start;
        for at in (0..last).rev() {
            let starts = self.starts(at, end, self.cell(end, at).run, self.times[at].least);
            let start = self.latest(at, starts)?;
            stretches[at] = start..end;
            end = start;
        }
        Some(stretches)
    }

    /// Returns the last expectation that can have come, and where its requests begin.
    fn last_stretch(&self, len: usize) -> Option<(usize, usize)> {
        let begin = |at: usize, least: u64| self.starts(at, len, self.cell(len, at).run, least);
        let all = self.times.len() - 1;
        if let Some(start) = self.latest(all, begin(all, self.times[all].least)) {
            return Some((all, start));
        }
        let mut backwards = (0..self.times.len()).rev();
        backwards.find_map(|at| Some((at, self.earliest(at, begin(at, 0))?)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Counts = Vec<usize>;

    fn divide(times: &[(u64, u64)], requests: &[Vec<bool>]) -> Option<Counts> {
        let times = times.iter().map(|&(least, most)| Times { least, most });
        let mut division = Division::new(times.collect());
        for admits in requests {
            division.push(|at| admits[at]);
        }
        let stretches = division.stretches()?;
        Some(stretches.into_iter().map(|stretch| stretch.len()).collect())
    }

    /// Tries all divisions.
    fn is_possible(times: &[(u64, u64)], requests: &[Vec<bool>], at: usize) -> bool {
        let Some((&(least, most), later)) = times.split_first() else {
            return requests.is_empty();
        };
        let admitted = requests.iter().take_while(|admits| admits[at]).count();
        (0..=admitted).any(|count| {
            (least..=most).contains(&(count as u64))
                && is_possible(later, &requests[count..], at + 1)
        })
    }

    proptest! {
        #[test]
        fn a_division_is_found_exactly_if_there_is_one(
            times in prop::collection::vec((0_u64..3, 0_u64..4), 1..4),
            requests in prop::collection::vec(prop::collection::vec(any::<bool>(), 3), 0..7),
        ) {
            let counts = divide(&times, &requests);
            let is_met = |counts: &Counts| {
                let mut pairs = counts.iter().zip(&times);
                pairs.all(|(&count, &(least, most))| (least..=most).contains(&(count as u64)))
            };
            let found = counts.as_ref().is_some_and(is_met);
            prop_assert_eq!(found, is_possible(&times, &requests, 0));
            if let Some(counts) = counts {
                prop_assert_eq!(counts.iter().sum::<usize>(), requests.len());
                let mut requests = requests.iter();
                for (at, &count) in counts.iter().enumerate() {
                    prop_assert!(requests.by_ref().take(count).all(|admits| admits[at]));
                }
            }
        }
    }
}
