//! An executor that is written with the public items of the crate only: threads that take tasks from one queue.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use concurrent_futures::{
    Chunk, Executor, Fallible, Future, Promise, Shutdown, SubmitError, Task, TaskError,
};

pub(crate) struct OwnExecutor {
    queue: Arc<Queue>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    work: VecDeque<Box<dyn Work>>,
    shut_down: bool,
}

/// A task of any type, with its promise.
trait Work: Send {
    fn run(self: Box<Self>);
    fn cancel(self: Box<Self>);
}

struct Call<F, T> {
    function: F,
    promise: Promise<T>,
}

impl<F, T> Work for Call<F, T>
where
    F: FnOnce() -> Result<T, TaskError> + Send,
    T: Send + Sync,
{
    fn run(self: Box<Self>) {
        if self.promise.begin() {
            let outcome = TaskError::catch_panic(self.function).flatten();
            self.promise.set(outcome);
        }
    }

    fn cancel(self: Box<Self>) {
        self.promise.cancel();
    }
}

impl Queue {
    /// Waits for the next task. Returns `None` after the last one.
    fn next(&self) -> Option<Box<dyn Work>> {
        let mut state = self.lock();
        while state.work.is_empty() && !state.shut_down {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.work.pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OwnExecutor {
    pub(crate) fn new(workers: usize) -> Self {
        let queue = Arc::new(Queue::default());
        let workers = (0..workers).map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || std::iter::from_fn(|| queue.next()).for_each(|work| work.run()))
        });
        Self {
            workers: Mutex::new(workers.collect()),
            queue,
        }
    }

    fn queue<T, F>(&self, function: F) -> Result<Future<T>, SubmitError>
    where
        F: FnOnce() -> Result<T, TaskError> + Send + 'static,
        T: Send + Sync + 'static,
    {
        let mut state = self.queue.lock();
        if state.shut_down {
            return Err(SubmitError::ShutDown);
        }
        let (promise, future) = Future::pair();
        state.work.push_back(Box::new(Call { function, promise }));
        self.queue.changed.notify_one();
        Ok(future)
    }

    /// Waits for the workers, even if there is a deadline: this pool has none.
    fn end(&self, how: Shutdown) -> bool {
        let mut state = self.queue.lock();
        state.shut_down = true;
        let cancelled = if how.cancels_pending() {
            std::mem::take(&mut state.work)
        } else {
            VecDeque::new()
        };
        drop(state);
        self.queue.changed.notify_all();
        cancelled.into_iter().for_each(|work| work.cancel());
        if how.waits() {
            let workers = self.workers.lock();
            let mut workers = workers.unwrap_or_else(PoisonError::into_inner);
            for worker in workers.drain(..) {
                worker.join().expect("panics are caught");
            }
        }
        how.waits()
    }
}

impl<K: Task + 'static> Executor<K> for OwnExecutor {
    fn submit(&self, task: K) -> Result<Future<K::Output>, SubmitError> {
        self.queue(|| Ok(task.run()))
    }

    fn try_submit(&self, task: K) -> Result<Future<<K::Output as Fallible>::Value>, SubmitError>
    where
        K::Output: Fallible,
    {
        self.queue(|| task.run().into_value().map_err(TaskError::failed))
    }

    fn submit_chunk(&self, tasks: Vec<K>) -> Result<Future<Chunk<K::Output>>, SubmitError> {
        self.queue(|| Ok(Chunk::run(tasks)))
    }

    fn shutdown(&self, how: Shutdown) -> bool {
        self.end(how)
    }
}

impl Drop for OwnExecutor {
    fn drop(&mut self) {
        self.end(Shutdown::wait());
    }
}
