//! The counts of all results of a run. Every requested item is counted exactly once, under exactly one outcome.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::item::{Item, Positions};
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

/// The most items that are kept of those that failed, over all causes. There are no more codes than this, and a list may
/// have any number of lines.
const MOST_KEPT: usize = 1000;

/// The most different failures that are kept. A server may make up a cause for each of its answers.
const MOST_CAUSES: usize = 1000;

/// The counts of one run, updated record by record. Memory is bounded but for one bit for each item.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The number of requested items.
    asked: usize,
    /// The items without a record yet.
    outstanding: Positions,
    /// The number of items that have a record.
    counted: usize,
    downloaded: usize,
    already_there: usize,
    not_found: usize,
    failed: BTreeMap<Failure, Failed>,
    /// The number of items kept in `failed`.
    kept: usize,
    not_attempted: usize,
    bytes: u64,
}

/// The items that failed for one cause.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failed {
    /// How many they are.
    pub count: usize,
    /// The first of them, sorted.
    pub first: Vec<Item>,
}

impl Tally {
    /// Creates an empty tally of these items.
    pub fn new(items: &[Item]) -> Self {
        let mut tally = Self::default();
        items.iter().for_each(|item| tally.ask(item));
        tally
    }

    /// Counts an item as requested.
    ///
    /// # Panics
    /// If it is requested already: its record would be counted twice.
    pub fn ask(&mut self, item: &Item) {
        let is_new = self.outstanding.insert(item);
        assert!(is_new, "{item} is requested twice");
        self.asked += 1;
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
        self.counted += 1;
        self.bytes += record.effort.bytes;
        match &record.outcome {
            Outcome::Saved(_) => self.downloaded += 1,
            Outcome::AlreadyThere(_) => self.already_there += 1,
            Outcome::NotFound => self.not_found += 1,
            Outcome::Failed(failure) => self.add_failed(failure, item),
            Outcome::NotAttempted => self.not_attempted += 1,
        }
    }

    fn add_failed(&mut self, failure: &Failure, item: &Item) {
        let is_known = self.failed.contains_key(failure);
        let failed = match is_known || self.failed.len() < MOST_CAUSES {
            true => self.failed.entry(failure.clone()).or_default(),
            false => {
                let others = Failure::new(failure.kind(), "other causes");
                self.failed.entry(others).or_default()
            }
        };
        failed.count += 1;
        if self.kept < MOST_KEPT {
            self.kept += 1;
            failed.first.push(item.clone());
        }
    }

    /// Counts items as requested that were not taken from their list.
    pub(crate) fn ask_untaken(&mut self, count: usize) {
        self.asked += count;
    }

    /// Counts the items that have no record as not attempted. Call it when the run is over.
    ///
    /// # Panics
    /// If the counts do not add up to the number of requested items.
    pub fn close(&mut self) {
        self.not_attempted += self.asked - self.counted;
        self.counted = self.asked;
        self.outstanding = Positions::default();
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
        self.counted
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
        self.failed.values().map(|failed| failed.count).sum()
    }

    /// Returns the number of items that were not attempted.
    pub fn not_attempted(&self) -> usize {
        self.not_attempted
    }

    /// Returns the number of bytes read of all bodies of a 200, in the last attempt of each download.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns each failure with its items, the failure with the most items first.
    pub fn failures(&self) -> Vec<(&Failure, Failed)> {
        let sorted = |(failure, failed): (_, &Failed)| {
            let mut failed = failed.clone();
            failed.first.sort_unstable();
            (failure, failed)
        };
        let mut failures: Vec<_> = self.failed.iter().map(sorted).collect();
        failures.sort_by_key(|(_, failed)| std::cmp::Reverse(failed.count));
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
            .map(|(failure, failed)| format!("{failure}: {} {:?}", failed.count, failed.first))
            .collect();
        assert_eq!(grouped, ["b: 2 [BD, BE]", "a: 1 [BF]", "c: 1 [BC]"]);
    }

    #[test]
    #[should_panic(expected = "BA is requested twice")]
    fn requesting_an_item_twice_panics() {
        Tally::new(&[flags(&["ba"]), flags(&["b"])].concat());
    }

    #[test]
    fn a_thousand_failed_items_are_kept_and_the_others_counted() {
        let list: String = (0..3000).map(|n| format!("http://x/{n}\n")).collect();
        let items: Result<Vec<_>, _> = crate::item::Lines::of(list.as_bytes()).collect();
        let items = items.unwrap();
        let mut tally = Tally::new(&items);
        for (i, item) in items.iter().enumerate().rev() {
            tally.add(&failed(item, if i < 500 { "a" } else { "b" }));
        }
        tally.close();
        let kept: Vec<_> = tally
            .failures()
            .into_iter()
            .map(|(_, of)| (of.count, of.first.len()))
            .collect();
        assert_eq!(kept, [(2500, 1000), (500, 0)]);
    }

    #[test]
    fn causes_beyond_a_thousand_are_counted_as_others_of_their_kind() {
        let items = (1..=1200).map(|number| Item::of_bad_line(number, String::new()));
        let items: Vec<_> = items.collect();
        let mut tally = Tally::new(&items);
        for (i, item) in items.iter().enumerate() {
            tally.add(&failed(item, &format!("page {i}")));
        }
        let failures = tally.failures();
        assert_eq!((failures.len(), failures[0].1.count), (1001, 200));
        assert_eq!(failures[0].0.to_string(), "other causes");
    }
}
