//! A set of texts that keeps only their hashes, for lists of any length.
//!
//! Most hashes are in one sorted vector, which takes eight bytes for each. Those added last are in a small hash set, and
//! move to the vector together: each text costs a constant time on average, and at most 11 bytes.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The smallest number of hashes that move to the vector together.
const FEWEST: usize = 1024;

/// How many times more hashes the vector has than the set when they move.
const TIMES_MORE: usize = 16;

/// A set of texts. Two different texts pass for the same one in a set of a million with a probability of 3 in 100 million.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    sorted: Vec<u64>,
    recent: HashSet<u64>,
}

impl Hashes {
    /// Adds a text. Returns whether it was absent.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        let hash = hash(text);
        let was_absent = !self.has(hash) && self.recent.insert(hash);
        if self.recent.len() >= FEWEST.max(self.sorted.len() / TIMES_MORE) {
            self.merge();
        }
        was_absent
    }

    /// Returns whether a text was added.
    pub(super) fn contains(&self, text: &str) -> bool {
        let hash = hash(text);
        self.has(hash) || self.recent.contains(&hash)
    }

    fn has(&self, hash: u64) -> bool {
        self.sorted.binary_search(&hash).is_ok()
    }

    /// Moves all hashes to the vector, from its end: the largest one first.
    fn merge(&mut self) {
        let mut added: Vec<_> = self.recent.drain().collect();
        added.sort_unstable();
        let mut old = self.sorted.len();
        self.sorted.reserve_exact(added.len());
        self.sorted.resize(old + added.len(), 0);
        let mut free = self.sorted.len();
        while let Some(&largest) = added.last() {
            free -= 1;
            if old > 0 && self.sorted[old - 1] > largest {
                old -= 1;
                self.sorted[free] = self.sorted[old];
            } else {
                self.sorted[free] = largest;
                added.pop();
            }
        }
    }
}

/// Returns a hash that is the same in each run, so that a list gives the same names again.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_is_absent_once() {
        let mut hashes = Hashes::default();
        let texts: Vec<_> = (0..50_000).map(|number| format!("{number}.gif")).collect();
        for text in &texts {
            assert!(!hashes.contains(text) && hashes.insert(text), "{text}");
        }
        assert!(texts.iter().all(|text| hashes.contains(text)));
        assert!(!texts.iter().any(|text| hashes.insert(text)));
        assert!(hashes.sorted.is_sorted());
        assert_eq!(hashes.sorted.len() + hashes.recent.len(), texts.len());
    }

    #[test]
    fn a_text_takes_less_than_16_bytes() {
        let mut hashes = Hashes::default();
        for number in 0..1_000_000 {
            hashes.insert(&format!("{number}"));
            if number >= 100_000 && number % 1000 == 0 {
                // A hash set has at most 8 places for 7/16 of them, each with a byte for its state.
                let recent = hashes.recent.capacity() * 8 / 7 * 9;
                let bytes = hashes.sorted.capacity() * 8 + recent;
                assert!(bytes < 16 * number, "{bytes} bytes for {number} texts");
            }
        }
    }
}
