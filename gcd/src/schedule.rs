//! How fast several workers can be at best.
//!
//! That is less than the number of workers. Six tasks of different lengths do not divide evenly, and the order in which they
//! are handed out decides when the last worker is done.
//!
//! The length of a task is its number of divisions, not its measured time: on a busy machine, bounds from measured times
//! varied from 1.30 to 1.95 for the same pairs on two workers.

/// The largest number of tasks for which the best of all schedules is searched. The search takes milliseconds at most for
/// these, and grows exponentially.
const SEARCHED: usize = 12;

/// The end of the best schedule, in the unit of the lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Best {
    /// The best of all schedules.
    Exact(u128),
    /// The schedule with the longest task first. There are too many tasks to search for the best one.
    LongestFirst(u128),
}

/// Returns the end of the last task if each worker that is free takes the next task of the list, as the workers of pools do.
/// There is at least one worker.
///
/// ```
/// // One worker takes 1 and then 3, the other one 2.
/// assert_eq!(gcd::in_order(&[1, 2, 3], 2), 4);
/// ```
pub fn in_order(lengths: &[u64], workers: usize) -> u128 {
    let mut free_at = idle(lengths, workers);
    for &length in lengths {
        if let Some(first) = free_at.iter_mut().min() {
            *first += u128::from(length);
        }
    }
    end(&free_at)
}

/// Returns the end of the last task in the best schedule. With up to 12 tasks, all schedules are considered. There is at least
/// one worker.
///
/// ```
/// use gcd::{Best, best};
///
/// // 3 alone, 1 and 2 together.
/// assert_eq!(best(&[1, 2, 3], 2), Best::Exact(3));
/// ```
pub fn best(lengths: &[u64], workers: usize) -> Best {
    let mut longest_first = lengths.to_vec();
    longest_first.sort_unstable_by(|a, b| b.cmp(a));
    let greedy = in_order(&longest_first, workers);
    if lengths.len() > SEARCHED {
        return Best::LongestFirst(greedy);
    }
    let mut search = Search {
        loads: idle(lengths, workers),
        best: greedy,
    };
    search.assign(&longest_first);
    Best::Exact(search.best)
}

/// Returns the loads of workers without tasks. More workers than tasks would change nothing.
fn idle(lengths: &[u64], workers: usize) -> Vec<u128> {
    vec![0; workers.clamp(1, lengths.len().max(1))]
}

/// Returns when the last worker is done.
fn end(loads: &[u128]) -> u128 {
    loads.iter().copied().max().unwrap_or(0)
}

/// A search over all assignments of tasks to workers, without those that cannot be better than the best so far.
struct Search {
    loads: Vec<u128>,
    best: u128,
}

impl Search {
    /// Assigns the tasks in every way that may be better than the best so far.
    fn assign(&mut self, tasks: &[u64]) {
        let Some((&task, others)) = tasks.split_first() else {
            self.best = end(&self.loads);
            return;
        };
        for worker in 0..self.loads.len() {
            let load = self.loads[worker];
            let with_task = load + u128::from(task);
            // Workers with the same load are interchangeable.
            if self.loads[..worker].contains(&load) || with_task >= self.best {
                continue;
            }
            self.loads[worker] = with_task;
            self.assign(others);
            self.loads[worker] = load;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::Original;
    use crate::trial::divisions;

    /// Returns the earliest end of all assignments, without any short cut.
    fn exhaustive(lengths: &[u64], loads: &mut [u128]) -> u128 {
        let Some((&length, others)) = lengths.split_first() else {
            return end(loads);
        };
        let ends = (0..loads.len()).map(|worker| {
            loads[worker] += u128::from(length);
            let end = exhaustive(others, loads);
            loads[worker] -= u128::from(length);
            end
        });
        ends.min().expect("a worker")
    }

    /// Returns lengths that look random and are the same in each run.
    fn lengths(number: usize, seed: u64) -> Vec<u64> {
        let mut state = seed;
        let next = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 57) + 1
        };
        (0..number).map(next).collect()
    }

    #[test]
    fn the_search_finds_what_trying_everything_finds() {
        for seed in 0..40 {
            for (number, workers) in [(0, 2), (1, 3), (6, 2), (7, 3), (5, 7)] {
                let lengths = lengths(number, seed);
                let expected = exhaustive(&lengths, &mut vec![0; workers]);
                assert_eq!(
                    best(&lengths, workers),
                    Best::Exact(expected),
                    "{lengths:?}"
                );
            }
        }
    }

    #[test]
    fn the_longest_first_is_not_always_the_best() {
        let lengths = [3, 3, 2, 2, 2];
        assert_eq!(in_order(&lengths, 2), 7);
        assert_eq!(best(&lengths, 2), Best::Exact(6));
    }

    #[test]
    fn more_than_twelve_tasks_are_not_searched() {
        let lengths = [3, 3, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(best(&lengths[..12], 2), Best::Exact(6));
        assert_eq!(best(&lengths, 2), Best::LongestFirst(7));
    }

    #[test]
    fn with_a_worker_for_each_task_the_longest_decides() {
        let lengths = [u64::MAX; 12];
        let longest = u128::from(u64::MAX);
        assert_eq!(in_order(&lengths, usize::MAX), longest);
        assert_eq!(best(&lengths, usize::MAX), Best::Exact(longest));
        assert_eq!(in_order(&lengths, 1), 12 * longest);
    }

    #[test]
    fn the_original_pairs_do_not_divide_evenly_among_two_workers() {
        let bounds = [Original::Six, Original::Four].map(|original| {
            let lengths: Vec<_> = original.pairs().into_iter().map(divisions).collect();
            let Best::Exact(best) = best(&lengths, 2) else {
                panic!("searched")
            };
            let all: u64 = lengths.iter().sum();
            [in_order(&lengths, 2), best].map(|end| format!("{:.2}", all as f64 / end as f64))
        });
        assert_eq!(bounds, [["1.90", "1.99"], ["1.87", "1.90"]]);
    }
}
