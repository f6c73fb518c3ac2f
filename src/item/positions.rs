//! A set of items by their positions, with a bit for each.

use crate::item::Item;

/// A set of items of one run. Memory: one bit for each position up to the largest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Positions(Vec<u64>);

impl Positions {
    /// Adds an item. Returns whether it was absent.
    pub(crate) fn insert(&mut self, item: &Item) -> bool {
        self.insert_position(item.position())
    }

    /// Adds the item at this position. Returns whether it was absent.
    pub(crate) fn insert_position(&mut self, position: u64) -> bool {
        let (word, bit) = place(position);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let was_absent = self.0[word] & bit == 0;
        self.0[word] |= bit;
        was_absent
    }

    /// Removes an item. Returns whether it was present.
    pub(crate) fn remove(&mut self, item: &Item) -> bool {
        let (word, bit) = place(item.position());
        let Some(word) = self.0.get_mut(word) else {
            return false;
        };
        let was_present = *word & bit != 0;
        *word &= !bit;
        was_present
    }

    /// Returns whether an item was added.
    pub(crate) fn contains(&self, item: &Item) -> bool {
        let (word, bit) = place(item.position());
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// Returns the index of the word of a position, and its bit in that word.
fn place(position: u64) -> (usize, u64) {
    let word = usize::try_from(position / 64).expect("a bit for each fits into memory");
    (word, 1 << (position % 64))
}
