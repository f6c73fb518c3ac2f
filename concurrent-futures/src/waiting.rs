//! Many futures at once. Each future sends itself into one channel when it is done, so no wake-up can be lost, and what
//! has been handed out is held no longer.

use std::collections::HashSet;
use std::iter::FusedIterator;

use crossbeam_channel::Receiver;

use crate::future::Future;

/// The futures in the order in which they are done; first those that already are, in the order given. Each once, even if
/// given twice.
///
/// The iterator waits for the next one; it holds no future that it has handed out.
///
/// ```
/// use concurrent_futures::{ThreadPoolExecutor, as_completed};
///
/// let executor = ThreadPoolExecutor::new(2)?;
/// let futures: Vec<_> =
///     (1..=3).map(|n| executor.submit(move || n * n)).collect::<Result<_, _>>()?;
/// let mut squares: Vec<_> =
///     as_completed(futures).filter_map(|future| future.result().ok().copied()).collect();
/// squares.sort();
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<T>(futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> {
    let (sender, done) = crossbeam_channel::unbounded();
    let mut seen = HashSet::new();
    let (finished, unfinished): (Vec<_>, Vec<_>) = futures
        .into_iter()
        .filter(|future| seen.insert(future.clone()))
        .partition(Future::done);
    for future in finished.iter().chain(&unfinished) {
        future.send_when_done(sender.clone());
    }
    AsCompleted {
        done,
        left: seen.len(),
    }
}

/// Iterator over futures in the order in which they are done; see [`as_completed`].
#[derive(Debug)]
pub struct AsCompleted<T> {
    done: Receiver<Future<T>>,
    left: usize,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    fn next(&mut self) -> Option<Future<T>> {
        if self.left == 0 {
            return None;
        }
        let future = self
            .done
            .recv()
            .expect("a promise settles its future before it is gone");
        self.left -= 1;
        Some(future)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}
impl<T> FusedIterator for AsCompleted<T> {}
