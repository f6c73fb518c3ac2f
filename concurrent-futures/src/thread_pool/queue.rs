//! The queue of a pool, and what a worker does while it is empty.
//!
//! Waking a worker costs a system call, and many short tasks may arrive before it runs. So at most one worker at a time
//! is on its way to the queue: if it finds more than one item, it wakes the next worker before it starts on its own.

use std::collections::VecDeque;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::yield_now;

use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait_until};

/// The capacity that an empty queue keeps, in items.
const KEPT_CAPACITY: usize = 1024;

/// How often a worker looks at an empty queue before it sleeps: first after pauses of 1, 2, 4... instructions, then
/// after it has let other threads run. Together this takes about as long as a thread that waits for a result takes to
/// wake up and submit again. Without it, such a round trip takes up to twice as long.
const LOOKS_AFTER_PAUSES: u32 = 7;
const LOOKS_AFTER_YIELDS: u32 = 4;

/// A queue that many threads add to and many workers take from, until it is closed and empty.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    /// Whether the queue has been added to or closed since a worker began to look at it without the lock.
    changed: AtomicBool,
    wake_up: Condvar,
}

struct State<J> {
    items: VecDeque<J>,
    closed: bool,
    /// The number of workers that sleep, or have been woken and do not run yet.
    sleeping: usize,
    /// Whether a worker is on its way: it has been woken, or it has not fallen asleep yet.
    expected: bool,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                closed: false,
                sleeping: 0,
                expected: false,
            }),
            changed: AtomicBool::new(false),
            wake_up: Condvar::new(),
        }
    }

    /// Adds an item. Returns it as the error if the queue is closed.
    pub(super) fn push(&self, item: J) -> Result<(), J> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(item);
        }
        state.items.push_back(item);
        self.changed.store(true, Ordering::Relaxed);
        self.wake_one(state);
        Ok(())
    }

    /// Takes the first item, and waits until there is one. Returns `None` when the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<J> {
        let mut state = lock(&self.state);
        let mut has_looked = false;
        loop {
            if let Some(item) = state.pop() {
                self.wake_one(state);
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = if has_looked || state.expected {
                self.sleep(state)
            } else {
                has_looked = true;
                self.look(state)
            };
        }
    }

    /// Takes the first item if there is one.
    pub(super) fn try_pop(&self) -> Option<J> {
        lock(&self.state).pop()
    }

    /// Accepts no more items. The workers end once the queue is empty.
    pub(super) fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.store(true, Ordering::Relaxed);
        self.wake_up.notify_all();
    }

    /// Wakes a worker if there is an item for it and no other is on its way.
    fn wake_one(&self, mut state: MutexGuard<'_, State<J>>) {
        let wakes = !state.items.is_empty() && state.sleeping > 0 && !state.expected;
        state.expected |= wakes;
        drop(state);
        if wakes {
            self.wake_up.notify_one();
        }
    }

    /// Waits for a short time until the queue changes, without the lock.
    fn look<'a>(&'a self, mut state: MutexGuard<'a, State<J>>) -> MutexGuard<'a, State<J>> {
        state.expected = true;
        self.changed.store(false, Ordering::Relaxed);
        drop(state);
        for round in 0..LOOKS_AFTER_PAUSES + LOOKS_AFTER_YIELDS {
            if self.changed.load(Ordering::Relaxed) {
                break;
            }
            if round < LOOKS_AFTER_PAUSES {
                (0..1 << round).for_each(|_| spin_loop());
            } else {
                yield_now();
            }
        }
        let mut state = lock(&self.state);
        state.expected = false;
        state
    }

    fn sleep<'a>(&self, mut state: MutexGuard<'a, State<J>>) -> MutexGuard<'a, State<J>> {
        state.sleeping += 1;
        let mut state = wait_until(&self.wake_up, state, None);
        state.sleeping -= 1;
        state.expected = false;
        state
    }
}

impl<J> State<J> {
    fn pop(&mut self) -> Option<J> {
        let item = self.items.pop_front();
        if self.items.is_empty() && self.items.capacity() > KEPT_CAPACITY {
            self.items = VecDeque::new();
        }
        item
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn each_item_is_taken_once_and_workers_end_when_the_queue_is_closed_and_empty() {
        const ITEMS: usize = 10_000;
        let queue = Queue::new();
        let taken = thread::scope(|scope| {
            let take_all = || std::iter::from_fn(|| queue.pop()).collect::<Vec<_>>();
            let workers: Vec<_> = (0..3).map(|_| scope.spawn(take_all)).collect();
            thread::scope(|scope| {
                for start in [0, 1] {
                    let items = (start..ITEMS).step_by(2);
                    scope.spawn(|| items.for_each(|item| queue.push(item).unwrap()));
                }
            });
            queue.close();
            let taken = workers.into_iter().map(|worker| worker.join().unwrap());
            taken.flatten().collect::<Vec<_>>()
        });
        assert_eq!(taken.len(), ITEMS);
        assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), ITEMS);
        assert_eq!(queue.push(0), Err(0));
    }

    #[test]
    fn as_many_sleeping_workers_wake_as_there_are_items() {
        const WORKERS: usize = 4;
        let queue = Queue::new();
        // The queue is closed, which wakes all workers, only after each has an item.
        let barrier = Barrier::new(WORKERS + 1);
        thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    while let Some(()) = queue.pop() {
                        barrier.wait();
                    }
                });
            }
            while lock(&queue.state).sleeping < WORKERS {
                yield_now();
            }
            let mut state = lock(&queue.state);
            state.items.extend([(); WORKERS]);
            queue.wake_one(state);
            barrier.wait();
            queue.close();
        });
    }

    #[test]
    fn an_empty_queue_keeps_little_memory() {
        let queue = Queue::new();
        (0..10 * KEPT_CAPACITY).for_each(|item| queue.push(item).unwrap());
        while queue.try_pop().is_some() {}
        assert!(lock(&queue.state).items.capacity() <= KEPT_CAPACITY);
    }
}
