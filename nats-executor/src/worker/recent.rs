//! What was noted last, up to a number of things.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;

/// A set that forgets the oldest of its elements when it is full.
#[derive(Debug)]
pub(super) struct Recent<T> {
    capacity: usize,
    elements: HashSet<T>,
    order: VecDeque<T>,
}

impl<T: Clone + Eq + Hash> Recent<T> {
    /// Returns an empty set of up to `capacity` elements.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            elements: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    pub(super) fn contains(&self, element: &T) -> bool {
        self.elements.contains(element)
    }

    pub(super) fn insert(&mut self, element: T) {
        if self.elements.insert(element.clone()) {
            self.order.push_back(element);
        }
        if self.order.len() > self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.elements.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_element_is_forgotten() {
        let mut recent = Recent::new(2);
        for n in [1, 2, 2, 3] {
            recent.insert(n);
        }
        assert_eq!([1, 2, 3].map(|n| recent.contains(&n)), [false, true, true]);
    }
}
