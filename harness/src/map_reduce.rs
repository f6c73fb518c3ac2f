//! Map and reduce: many tasks on an executor, and their results reduced to one as they complete.
//!
//! This is the pattern that Python writes as `for result in pool.map(find, files): total.update(result)`, with two
//! differences: results are taken in the order in which they complete, so that a slow task holds up nothing, and only a
//! bounded number of tasks is submitted ahead, so that memory does not follow the number of tasks.

use std::collections::HashMap;
use std::sync::mpsc;

use concurrent_futures::{Executor, SubmitError, Task, TaskError};

/// Runs all tasks on `executor` and calls `reduce` with each result, in order of completion, in the calling thread. The number
/// is the position of the task among `tasks`.
///
/// At most `ahead` tasks (at least 1) are submitted and not yet reduced. Blocks until all submitted tasks are done and
/// reduced.
///
/// ```
/// use harness::{SequentialExecutor, map_reduce};
///
/// let words = ["one", "three", "seventeen"];
/// let mut letters = 0;
/// map_reduce(&SequentialExecutor::new(), words.map(|word| move || word.len()), 2, |_, length| {
///     letters += length.unwrap();
/// })?;
/// assert_eq!(letters, 17);
/// # Ok::<(), concurrent_futures::SubmitError>(())
/// ```
///
/// # Errors
/// If the executor refuses a task, because it has been shut down or is broken. The tasks before that one are reduced, and the
/// rest are not submitted.
pub fn map_reduce<K: Task<Output: 'static>>(
    executor: &(impl Executor<K> + ?Sized),
    tasks: impl IntoIterator<Item = K>,
    ahead: usize,
    mut reduce: impl FnMut(usize, Result<&K::Output, &TaskError>),
) -> Result<(), SubmitError> {
    let (sender, done) = mpsc::channel::<usize>();
    let mut futures = HashMap::new();
    let mut submitted = Ok(());
    for (index, task) in tasks.into_iter().enumerate() {
        match executor.submit(task) {
            Ok(future) => {
                let sender = sender.clone();
                futures.insert(index, future.clone());
                // The receiver lives until all futures are done, unless `reduce` panics.
                future.add_done_callback(move |_| {
                    let _ = sender.send(index);
                });
            }
            Err(error) => {
                submitted = Err(error);
                break;
            }
        }
        while let Some(index) = match futures.len() < ahead.max(1) {
            true => done.try_recv().ok(),
            false => done.recv().ok(),
        } {
            if let Some(future) = futures.remove(&index) {
                reduce(index, future.result());
            }
        }
    }
    while !futures.is_empty() {
        let index = done.recv().expect("this function holds a sender");
        if let Some(future) = futures.remove(&index) {
            reduce(index, future.result());
        }
    }
    submitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::SequentialExecutor;
    use concurrent_futures::{Shutdown, ThreadPoolExecutor};

    #[test]
    fn every_result_is_reduced_once_with_its_number() {
        let executor = ThreadPoolExecutor::new(3).unwrap();
        let mut seen = vec![0; 100];
        let tasks = (0..100).map(|n| move || n * 10);
        map_reduce(&executor, tasks, 7, |index, result| {
            assert_eq!(result, Ok(&(index * 10)));
            seen[index] += 1;
        })
        .unwrap();
        assert_eq!(seen, [1; 100]);
    }

    #[test]
    fn no_more_tasks_are_ahead_than_allowed() {
        let executor = ThreadPoolExecutor::new(3).unwrap();
        let reduced = AtomicUsize::new(0);
        let tasks = (0..50).map(|n| {
            assert!(n <= reduced.load(Ordering::Relaxed) + 5);
            || ()
        });
        map_reduce(&executor, tasks, 5, |_, _| {
            reduced.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
        assert_eq!(reduced.into_inner(), 50);
    }

    #[test]
    fn what_was_submitted_before_a_refusal_is_reduced() {
        let executor = SequentialExecutor::new();
        let tasks = (0..10).map(|n| {
            if n == 4 {
                Executor::<fn()>::shutdown(&executor, Shutdown::no_wait());
            }
            move || n
        });
        let mut seen = Vec::new();
        let refused = map_reduce(&executor, tasks, 3, |_, result| {
            seen.push(*result.unwrap());
        });
        assert!(matches!(refused, Err(SubmitError::ShutDown)));
        assert_eq!(seen, [0, 1, 2, 3]);
    }

    #[test]
    fn the_panic_of_a_task_is_passed_to_reduce() {
        let tasks: [fn() -> i32; 3] = [|| 1, || panic!("no such flag"), || 3];
        let mut failed = Vec::new();
        map_reduce(&SequentialExecutor::new(), tasks, 1, |index, result| {
            failed.extend(result.err().map(|_| index));
        })
        .unwrap();
        assert_eq!(failed, [1]);
    }
}
