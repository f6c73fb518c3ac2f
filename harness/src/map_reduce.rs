//! Map and reduce: many tasks on an executor, and their results reduced to one as they complete.
//!
//! This is the pattern that Python writes as `for result in pool.map(find, files): total.update(result)`, with two
//! differences: results are taken in the order in which they complete, so that a slow task holds up nothing, and only a
//! bounded number of tasks is submitted ahead, so that memory does not follow the number of tasks.

use std::collections::HashMap;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use concurrent_futures::{Executor, Future, SubmitError, Task, TaskError};

/// How often a run that waits for results asks whether it is to give them up.
const CHECK: Duration = Duration::from_millis(100);

/// What decides how many tasks are submitted, and how long their results are waited for.
pub(crate) struct Pace<'p> {
    /// Returns whether another task may be submitted while this many have no result. It always may if there is none.
    pub(crate) has_room: &'p dyn Fn(usize) -> bool,
    /// Returns the error of all tasks without a result, once they are not waited for any longer.
    pub(crate) given_up: &'p dyn Fn() -> Option<TaskError>,
}

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
    reduce: impl FnMut(usize, Result<&K::Output, &TaskError>),
) -> Result<(), SubmitError> {
    let pace = Pace {
        has_room: &|unfinished| unfinished < ahead,
        given_up: &|| None,
    };
    map_reduce_at(&pace, executor, tasks, reduce)
}

/// The same as [`map_reduce`] at another pace. Tasks that are given up have their error passed to `reduce`.
///
/// # Errors
/// Those of [`map_reduce`].
pub(crate) fn map_reduce_at<K: Task<Output: 'static>>(
    pace: &Pace<'_>,
    executor: &(impl Executor<K> + ?Sized),
    tasks: impl IntoIterator<Item = K>,
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
        while let Some(index) = match futures.is_empty() || (pace.has_room)(futures.len()) {
            true => done.try_recv().ok(),
            false => match next(&done, pace) {
                Ok(index) => Some(index),
                Err(error) => {
                    give_up(futures, &error, reduce);
                    return submitted;
                }
            },
        } {
            if let Some(future) = futures.remove(&index) {
                reduce(index, future.result());
            }
        }
    }
    while !futures.is_empty() {
        match next(&done, pace) {
            Ok(index) => {
                if let Some(future) = futures.remove(&index) {
                    reduce(index, future.result());
                }
            }
            Err(error) => {
                give_up(futures, &error, reduce);
                break;
            }
        }
    }
    submitted
}

/// Waits for the next task that is done.
///
/// # Errors
/// The error of all tasks that are not done, if they are given up.
fn next(done: &mpsc::Receiver<usize>, pace: &Pace<'_>) -> Result<usize, TaskError> {
    loop {
        match done.recv_timeout(CHECK) {
            Ok(index) => return Ok(index),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(error) = (pace.given_up)() {
                    return Err(error);
                }
            }
            Err(RecvTimeoutError::Disconnected) => {
                unreachable!("the caller holds a sender")
            }
        }
    }
}

/// Passes the results of the tasks that are done by now to `reduce`, and this error for the others.
fn give_up<T>(
    futures: HashMap<usize, Future<T>>,
    error: &TaskError,
    mut reduce: impl FnMut(usize, Result<&T, &TaskError>),
) {
    for (index, future) in futures {
        match future.done() {
            true => reduce(index, future.result()),
            false => reduce(index, Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

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
    fn tasks_that_are_given_up_have_an_error() {
        let executor = ThreadPoolExecutor::new(2).unwrap();
        let (sender, ends) = mpsc::channel::<()>();
        let ends = Arc::new(Mutex::new(ends));
        let tasks = (0..3).map(|n| {
            let ends = Arc::clone(&ends);
            move || match n {
                0 => 0,
                _ => ends.lock().unwrap().recv().map_or(1, |()| 2),
            }
        });
        let seen = RefCell::new(Vec::new());
        let pace = Pace {
            has_room: &|unfinished| unfinished < 2,
            given_up: &|| (!seen.borrow().is_empty()).then_some(TaskError::Cancelled),
        };
        map_reduce_at(&pace, &executor, tasks, |index, result| {
            let result = result.copied().map_err(TaskError::clone);
            seen.borrow_mut().push((index, result));
        })
        .unwrap();
        let mut seen = seen.into_inner();
        seen.sort_by_key(|(index, _)| *index);
        let cancelled = Err(TaskError::Cancelled);
        assert_eq!(seen, [(0, Ok(0)), (1, cancelled.clone()), (2, cancelled)]);
        drop(sender);
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
