//! An executor that runs each task at once, in the thread that submits it: the base that pools are compared with, through the
//! same interface.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use concurrent_futures::{
    Chunk, Context, Executor, Fallible, Future, Shutdown, SubmitError, Task, TaskError,
    with_context,
};

/// Runs each task in the call that submits it, so every future that it returns is done.
///
/// Shutting it down with `cancel_pending` from another thread is visible to the running task.
#[derive(Debug, Default)]
pub struct SequentialExecutor {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    shut_down: AtomicBool,
    cancelled: AtomicBool,
}

impl Context for State {
    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl SequentialExecutor {
    /// Returns an executor.
    pub fn new() -> Self {
        Self::default()
    }

    fn run<T>(
        &self,
        call: impl FnOnce() -> Result<T, TaskError>,
    ) -> Result<Future<T>, SubmitError> {
        if self.state.shut_down.load(Ordering::Acquire) {
            return Err(SubmitError::ShutDown);
        }
        let (promise, future) = Future::pair();
        if promise.begin() {
            let context = Arc::clone(&self.state);
            let result = with_context(context, || TaskError::catch_panic(call));
            promise.set(result.flatten());
        }
        Ok(future)
    }
}

impl<K: Task> Executor<K> for SequentialExecutor {
    fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.run(|| Ok(task.run()))
    }

    fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K::Output: Fallible,
    {
        self.run(|| task.run().into_value().map_err(TaskError::failed))
    }

    fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError> {
        self.run(|| Ok(Chunk::run(tasks)))
    }

    fn shutdown(&self, how: Shutdown) -> bool {
        if how.cancels_pending() {
            self.state.cancelled.store(true, Ordering::Relaxed);
        }
        self.state.shut_down.store(true, Ordering::Release);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concurrent_futures::current;

    #[test]
    fn a_task_runs_in_the_thread_that_submits_it() {
        let executor = SequentialExecutor::new();
        let future = executor
            .submit(|| std::thread::current().id())
            .expect("open");
        assert!(future.done());
        assert_eq!(future.result(), Ok(&std::thread::current().id()));
    }

    #[test]
    fn a_panic_is_the_result_of_its_task_and_the_next_one_runs() {
        let executor = SequentialExecutor::new();
        let future = executor.submit(|| panic!("no such flag")).expect("open");
        assert!(matches!(
            future.result(),
            Err::<&(), _>(TaskError::Panicked { .. })
        ));
        assert_eq!(executor.submit(|| 42).expect("open").result(), Ok(&42));
    }

    #[test]
    fn a_shutdown_is_seen_by_the_running_task_and_refuses_the_next() {
        let executor = SequentialExecutor::new();
        let future = executor.submit(|| {
            let before = current().is_cancelled();
            Executor::<fn()>::shutdown(&executor, Shutdown::no_wait().cancel_pending());
            (before, current().is_cancelled())
        });
        assert_eq!(future.expect("open").result(), Ok(&(false, true)));
        let refused = executor.submit(|| 42);
        assert!(matches!(refused, Err(SubmitError::ShutDown)));
    }
}
