//! A map that remembers its last keys and no more: what a client sends must not fill the memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

/// The most targets that a server lists, and the fewest whose attempts and quotas it remembers.
pub(crate) const TARGETS: usize = 100_000;

/// A map of the last keys: at least the last `most`, and at most twice as many.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    most: usize,
    /// The keys that were used since `older` were put aside.
    newer: HashMap<K, V>,
    older: HashMap<K, V>,
}

impl<K: Eq + Hash, V: Default> Recent<K, V> {
    /// Creates a map of at least the last `most` keys.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            newer: HashMap::new(),
            older: HashMap::new(),
        }
    }

    /// Returns the value of a key: the default if it is new, or has been forgotten.
    pub(crate) fn value(&mut self, key: K) -> &mut V {
        if !self.newer.contains_key(&key) {
            let value = self.older.remove(&key).unwrap_or_default();
            if self.newer.len() >= self.most {
                self.older = mem::take(&mut self.newer);
            }
            return self.newer.entry(key).or_insert(value);
        }
        self.newer.entry(key).or_default()
    }

    /// Forgets all keys.
    pub(crate) fn clear(&mut self) {
        self.newer.clear();
        self.older.clear();
    }
}

impl<K: Eq + Hash, V: Default> Default for Recent<K, V> {
    fn default() -> Self {
        Self::new(TARGETS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_keys_are_remembered_and_others_begin_anew() {
        let mut recent = Recent::<u32, u32>::new(3);
        let mut count = |key| {
            let value = recent.value(key);
            *value += 1;
            *value
        };
        let counted: Vec<_> = [0, 1, 2, 0, 3, 0, 4, 5, 0, 1].map(&mut count).into();
        assert_eq!(counted, [1, 1, 1, 2, 1, 3, 1, 1, 4, 1], "1 is forgotten");
        for key in 0..1000 {
            count(key);
        }
        assert!(recent.newer.len() <= 3 && recent.older.len() <= 3);
    }
}
