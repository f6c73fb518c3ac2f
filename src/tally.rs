//! The counts of all results of a run. Every requested item is counted exactly once, under exactly one outcome.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::record::{Failure, Outcome, Record};

/// The counts of a run at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// The number of items that have a record.
    pub(crate) finished: usize,
    /// The number of flags on disk.
    pub(crate) ok: usize,
    /// The number of flags that the server does not have.
    pub(crate) not_found: usize,
    /// The number of items that failed.
    pub(crate) errors: usize,
}

/// The counts of one run, updated record by record.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The number of requested items.
    asked: usize,
    /// The items without a record yet.
    outstanding: BTreeSet<Item>,
    downloaded: usize,
    already_there: usize,
    not_found: usize,
    failed: BTreeMap<Failure, Vec<Item>>,
    not_attempted: usize,
}

impl Tally {
    /// Creates an empty tally of these items.
    pub fn new(items: &[Item]) -> Self {
        Self {
            asked: items.len(),
            outstanding: items.iter().cloned().collect(),
            downloaded: 0,
            already_there: 0,
            not_found: 0,
            failed: BTreeMap::new(),
            not_attempted: 0,
        }
    }

    /// Counts a record.
    ///
    /// # Panics
    /// If the item was not requested or is already counted: a wrong report must not be printed.
    pub fn add(&mut self, record: &Record) {
        let item = &record.item;
        assert!(
            self.outstanding.remove(item),
            "{item} is counted twice or was not asked for"
        );
        match &record.outcome {
            Outcome::Saved(_) => self.downloaded += 1,
            Outcome::AlreadyThere(_) => self.already_there += 1,
            Outcome::NotFound => self.not_found += 1,
            Outcome::Failed(failure) => {
                let failed = self.failed.entry(failure.clone()).or_default();
                failed.push(item.clone());
            }
            Outcome::NotAttempted => self.not_attempted += 1,
        }
    }

    /// Counts the items that have no record as not attempted. Call it when the run is over.
    ///
    /// # Panics
    /// If the counts do not add up to the number of requested items.
    pub fn close(&mut self) {
        self.not_attempted += self.outstanding.len();
        self.outstanding.clear();
        let sum = self.ok() + self.not_found + self.errors() + self.not_attempted;
        assert_eq!(sum, self.asked, "some downloads are unaccounted for");
    }

    /// Returns the counts so far.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            finished: self.counted(),
            ok: self.ok(),
            not_found: self.not_found(),
            errors: self.errors(),
        }
    }

    /// Returns the number of requested items.
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// Returns the number of items that have a record.
    pub fn counted(&self) -> usize {
        self.asked - self.outstanding.len()
    }

    /// Returns the number of flags on disk: downloaded by this run or already there.
    pub fn ok(&self) -> usize {
        self.downloaded + self.already_there
    }

    /// Returns the number of flags that this run downloaded.
    pub fn downloaded(&self) -> usize {
        self.downloaded
    }

    /// Returns the number of flags that were already there.
    pub fn already_there(&self) -> usize {
        self.already_there
    }

    /// Returns the number of flags that the server does not have.
    pub fn not_found(&self) -> usize {
        self.not_found
    }

    /// Returns the number of items that failed.
    pub fn errors(&self) -> usize {
        self.failed.values().map(Vec::len).sum()
    }

    /// Returns the number of items that were not attempted.
    pub fn not_attempted(&self) -> usize {
        self.not_attempted
    }

    /// Returns each failure with its items, the failure with the most items first. The items are sorted.
    pub fn failures(&self) -> Vec<(&Failure, Vec<Item>)> {
        let sorted = |(failure, items): (_, &Vec<Item>)| {
            let mut items = items.clone();
            items.sort_unstable();
            (failure, items)
        };
        let mut failures: Vec<_> = self.failed.iter().map(sorted).collect();
        failures.sort_by_key(|(_, items)| std::cmp::Reverse(items.len()));
        failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::flags;
    use crate::record::Kind;

    fn failed(item: &Item, cause: &str) -> Record {
        Record::new(
            item.clone(),
            Outcome::Failed(Failure::new(Kind::HttpStatus, cause)),
        )
    }

    #[test]
    fn every_item_is_accounted_for() {
        let items = flags(&["b"]);
        let mut tally = Tally::new(&items);
        tally.add(&Record::new(
            items[0].clone(),
            Outcome::Saved("ba.gif".into()),
        ));
        tally.add(&Record::new(items[1].clone(), Outcome::NotFound));
        tally.add(&failed(&items[2], "a"));
        tally.add(&Record::new(items[3].clone(), Outcome::NotAttempted));
        assert_eq!(tally.counted(), 4);
        tally.close();
        let counts = (
            tally.ok(),
            tally.not_found(),
            tally.errors(),
            tally.not_attempted(),
        );
        assert_eq!(counts, (1, 1, 1, 23));
        assert_eq!(tally.counted(), tally.asked());
    }

    #[test]
    #[should_panic(expected = "BA is counted twice or was not asked for")]
    fn counting_an_item_twice_panics() {
        let mut tally = Tally::new(&flags(&["b"]));
        tally.add(&failed(&flags(&["b"])[0], "a"));
        tally.add(&failed(&flags(&["b"])[0], "b"));
    }

    #[test]
    fn failures_are_grouped_by_cause_with_the_most_frequent_first() {
        let items = flags(&["b"]);
        let mut tally = Tally::new(&items);
        for (item, cause) in [(5, "a"), (4, "b"), (3, "b"), (2, "c")] {
            tally.add(&failed(&items[item], cause));
        }
        let grouped: Vec<_> = tally
            .failures()
            .iter()
            .map(|(failure, items)| format!("{failure}: {items:?}"))
            .collect();
        assert_eq!(grouped, ["b: [BD, BE]", "a: [BF]", "c: [BC]"]);
    }
}
