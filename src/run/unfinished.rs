//! The lines of a list that an earlier run did not finish.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::item::{Item, Positions};

/// The lines of a list that an earlier run did not finish, from the records of its report. Memory: two bits for each line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unfinished {
    /// The lines that have a record.
    recorded: Positions,
    /// The lines that failed or were not attempted.
    failed: Positions,
    /// The combined hash of the lines that have a record.
    digest: u64,
    /// Whether lines may be missing from the report, because the run was killed or did not read the list to its end.
    pub(crate) is_cut: bool,
    /// How many items of the list the run would have taken.
    pub(crate) limit: usize,
}

/// The highest number of a line that is accepted. The sets take a bit for each line below it.
const MOST_LINES: u64 = 1 << 32;

impl Unfinished {
    /// Notes a record of this line. In a report of several runs, a line may have several. Returns whether a list can have so
    /// many lines.
    pub(crate) fn note(&mut self, line: u64, name: &str, url: &str, has_failed: bool) -> bool {
        if line > MOST_LINES {
            return false;
        }
        if self.recorded.insert_position(line) {
            self.digest ^= hash(line, name, url);
        }
        if has_failed {
            self.failed.insert_position(line);
        }
        true
    }

    /// Returns whether an item of the list is to be downloaded again.
    pub(super) fn contains(&self, item: &Item) -> bool {
        self.failed.contains(item) || (self.is_cut && !self.recorded.contains(item))
    }

    /// Returns a check of whether a list is still the one of the report.
    pub(super) fn check(&self) -> Check<'_> {
        Check {
            of: self,
            digest: 0,
        }
    }
}

/// Compares the lines of a list with those of a report.
pub(super) struct Check<'a> {
    of: &'a Unfinished,
    digest: u64,
}

impl Check<'_> {
    /// Notes an item of the list.
    pub(super) fn note(&mut self, item: &Item) {
        if self.of.recorded.contains(item) {
            let url = item.shown_url().unwrap_or_default();
            self.digest ^= hash(item.position(), &item.to_string(), &url);
        }
    }

    /// Returns whether each line that has a record is in the list, with the same name and URL.
    pub(super) fn passes(&self) -> bool {
        self.digest == self.of.digest
    }
}

fn hash(line: u64, name: &str, url: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (line, name, url).hash(&mut hasher);
    hasher.finish()
}
