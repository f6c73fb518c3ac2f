//! A map that forgets its oldest entries.

use std::collections::{BTreeMap, VecDeque};

/// Values by key. Beyond a number of keys, the one that was added first is forgotten, so that a server in front of another
/// one, with paths without number, does not grow for ever.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    values: BTreeMap<K, V>,
    /// All keys, the oldest first.
    keys: VecDeque<K>,
    most: usize,
}

impl<K: Ord + Clone, V: Default> Recent<K, V> {
    /// Creates a map of at most this many keys, at least one.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            values: BTreeMap::new(),
            keys: VecDeque::new(),
            most,
        }
    }

    /// Returns the value of a key, which is the default one if the key is new or has been forgotten.
    pub(crate) fn of(&mut self, key: K) -> &mut V {
        if !self.values.contains_key(&key) {
            if self.keys.len() >= self.most
                && let Some(oldest) = self.keys.pop_front()
            {
                self.values.remove(&oldest);
            }
            self.keys.push_back(key.clone());
        }
        self.values.entry(key).or_default()
    }

    pub(crate) fn values(&self) -> &BTreeMap<K, V> {
        &self.values
    }

    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.keys.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_key_is_forgotten() {
        let mut counts: Recent<&str, u32> = Recent::new(2);
        for key in ["a", "b", "a", "c", "c"] {
            *counts.of(key) += 1;
        }
        assert_eq!(counts.values(), &BTreeMap::from([("b", 1), ("c", 2)]));
        assert_eq!(counts.keys.len(), 2);
        assert_eq!(*counts.of("a"), 0);
        counts.clear();
        assert!(counts.values().is_empty() && counts.keys.is_empty());
    }
}
