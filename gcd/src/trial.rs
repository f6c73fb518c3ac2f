//! The loop of the original programs, and a pair as a task.
//!
//! The loop tries every number from the smaller one down to 1. It makes millions of divisions where Euclid's algorithm makes
//! ten, and must stay like that: it is the work with which executors are compared.

use std::hint::black_box;
use std::num::NonZeroU64;

use concurrent_futures::{Task, current};
use serde::{Deserialize, Serialize};

use crate::euclid::euclid;
use crate::pair::Pair;

/// The number of divisions after which a task checks whether it is cancelled: about a millisecond. In a worker process the
/// check is a system call, which takes about a microsecond. The loop is as fast as without checks.
const CHECK_EVERY: u64 = 1 << 20;

/// Returns the greatest common divisor of both numbers: the first number, from the smaller one down to 1, that divides both.
/// Returns `None` if `is_cancelled` returned true, which is called about once a millisecond.
///
/// ```
/// assert_eq!(gcd::trial("12,18".parse()?, || false), Some(6));
/// # Ok::<(), gcd::PairError>(())
/// ```
///
/// # Source
/// The function `gcd` of the original programs:
///
/// ```python
/// def gcd(pair):
///     a, b = pair
///     low = min(a, b)
///     for i in range(low, 0, -1):
///         if a % i == 0 and b % i == 0:
///             return i
/// ```
pub fn trial(pair: Pair, mut is_cancelled: impl FnMut() -> bool) -> Option<u64> {
    let (a, b) = pair.numbers();
    let mut i = a.min(b);
    loop {
        let unchecked = i.saturating_sub(CHECK_EVERY);
        // Ends at the latest with 1, which divides everything.
        while i > unchecked {
            if a.is_multiple_of(i) && b.is_multiple_of(i) {
                return Some(i);
            }
            i -= 1;
        }
        if is_cancelled() {
            return None;
        }
    }
}

/// Returns the number of candidates that [`trial()`] tries.
///
/// ```
/// // 12, 11, 10, 9, 8, 7 and 6.
/// assert_eq!(gcd::divisions("12,18".parse()?), 7);
/// # Ok::<(), gcd::PairError>(())
/// ```
pub fn divisions(pair: Pair) -> u64 {
    let (a, b) = pair.numbers();
    (a.min(b) - euclid(pair)).saturating_add(1)
}

/// A pair as a task. Its output is the greatest common divisor, or `None` if the task was cancelled before that was known.
///
/// ```
/// use concurrent_futures::Task;
/// use gcd::Trial;
///
/// let pair = "12,18".parse()?;
/// let task = Trial { pair, repeat: std::num::NonZeroU64::MIN };
/// assert_eq!(task.run(), Some(6));
/// # Ok::<(), gcd::PairError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The numbers.
    pub pair: Pair,
    /// How often the divisor is computed.
    pub repeat: NonZeroU64,
}

impl Task for Trial {
    type Output = Option<u64>;
    const NAME: &'static str = "gcd::trial";

    fn run(self) -> Option<u64> {
        let current = current();
        let per_pass = divisions(self.pair);
        let mut unchecked = 0_u64;
        let mut result = None;
        for _ in 0..self.repeat.get() {
            // `trial` itself checks only within a long pass.
            if unchecked >= CHECK_EVERY {
                if current.is_cancelled() {
                    return None;
                }
                unchecked = 0;
            }
            unchecked = unchecked.saturating_add(per_pass);
            // Otherwise the compiler computes the result once, for all passes.
            let pair = black_box(self.pair);
            result = Some(black_box(trial(pair, || current.is_cancelled())?));
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::pair::Original;
    use concurrent_futures::{Context, with_context};

    /// Cancelled from the second check on.
    #[derive(Default)]
    struct Checks(AtomicU64);

    impl Context for Checks {
        fn is_cancelled(&self) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed) > 0
        }
    }

    fn pair(a: u64, b: u64) -> Pair {
        Pair::new(a, b).unwrap()
    }

    #[test]
    fn both_algorithms_agree() {
        for a in 1..60 {
            for b in 1..60 {
                let pair = pair(a, b);
                assert_eq!(trial(pair, || false), Some(euclid(pair)), "{pair}");
            }
        }
        let results = |original: Original| -> Vec<_> {
            let pairs = original.pairs().into_iter();
            pairs.filter_map(|pair| trial(pair, || false)).collect()
        };
        assert_eq!(results(Original::Six), [1, 5, 1, 5, 2, 3]);
        assert_eq!(results(Original::Four), [1, 1, 5, 1]);
    }

    #[test]
    fn the_number_of_divisions_is_that_of_the_candidates() {
        assert_eq!(divisions(pair(7, 7)), 1);
        assert_eq!(divisions(pair(7, 5)), 5);
        let six: u64 = Original::Six.pairs().into_iter().map(divisions).sum();
        assert_eq!(six, 11_613_171);
    }

    #[test]
    fn a_task_that_would_take_for_ever_ends_when_it_is_cancelled() {
        let repeat = NonZeroU64::MIN;
        let pair = pair(u64::MAX, u64::MAX - 1);
        let task = Trial { pair, repeat };
        assert_eq!(
            with_context(Arc::new(Checks::default()), || task.run()),
            None
        );
    }

    #[test]
    fn many_short_passes_end_when_they_are_cancelled() {
        let repeat = NonZeroU64::MAX;
        let pair = pair(1, 1);
        let task = Trial { pair, repeat };
        let checks = Arc::new(Checks::default());
        assert_eq!(with_context(checks.clone(), || task.run()), None);
        assert_eq!(checks.0.load(Ordering::Relaxed), 2);
    }
}
