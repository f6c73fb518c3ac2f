//! Calls user code and catches its panics.
//!
//! A panic in a task becomes the task's error and must not end a worker. The same holds for a panic in the drop of a
//! value that a task captured, returned or panicked with. The panic payload carries the message, but the backtrace
//! exists only while the panic hook runs. So if backtraces are enabled, the first pool installs a panic hook that
//! records where a task panics and then calls the previous hook.
//!
//! A task may catch a panic itself and end with another one that does not run the hook, because it was resumed. So a
//! recorded backtrace is used only for the panic of the same task with the same payload: the same type and message.

use std::any::TypeId;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

pub(crate) use portable_task::panics::contain;
use portable_task::panics::message;

use crate::error::TaskError;

thread_local! {
    /// The number of the task that this thread runs, or 0.
    static TASK: Cell<usize> = const { Cell::new(0) };
    /// The number of the last task that this thread has started.
    static LAST_TASK: Cell<usize> = const { Cell::new(0) };
    static RECORD: RefCell<Option<Record>> = const { RefCell::new(None) };
}

/// The last panic in a task of this thread.
struct Record {
    task: usize,
    payload_type: TypeId,
    message: String,
    backtrace: Backtrace,
}

/// Returns the value of `task`, or its panic as an error.
pub(crate) fn call<T>(task: impl FnOnce() -> T) -> Result<T, TaskError> {
    let number = LAST_TASK.get().wrapping_add(1);
    LAST_TASK.set(number);
    let outer_task = TASK.replace(number);
    let outcome = catch_unwind(AssertUnwindSafe(task));
    TASK.set(outer_task);
    outcome.map_err(|payload| {
        let message = message(&*payload);
        let backtrace = RECORD.take().filter(|record| {
            record.task == number
                && record.payload_type == (*payload).type_id()
                && record.message == message
        });
        let backtrace = backtrace.map(|record| record.backtrace.to_string());
        contain(|| drop(payload));
        TaskError::Panicked { message, backtrace }
    })
}

impl TaskError {
    /// Calls `task` and returns its value, or its panic as [`Panicked`](Self::Panicked). For implementations of
    /// [`Executor`](crate::Executor).
    ///
    /// The error has a backtrace if backtraces are enabled and the program has built a
    /// [`ThreadPoolExecutor`](crate::ThreadPoolExecutor): the first one installs the panic hook that records them.
    ///
    /// ```
    /// use concurrent_futures::TaskError;
    ///
    /// assert_eq!(TaskError::catch_panic(|| 42), Ok(42));
    /// let error = TaskError::catch_panic(|| panic!("no such flag")).unwrap_err();
    /// assert_eq!(error.to_string(), "the task panicked: no such flag");
    /// ```
    ///
    /// # Errors
    /// [`TaskError::Panicked`] if `task` panics.
    pub fn catch_panic<T>(task: impl FnOnce() -> T) -> Result<T, Self> {
        call(task)
    }
}

/// Installs the hook that captures the backtraces of panicking tasks, if backtraces are enabled.
pub(crate) fn capture_backtraces() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if Backtrace::capture().status() != BacktraceStatus::Captured {
            return;
        }
        let previous_hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if TASK.get() != 0 {
                RECORD.set(Some(Record {
                    task: TASK.get(),
                    payload_type: info.payload().type_id(),
                    message: message(info.payload()),
                    backtrace: Backtrace::capture(),
                }));
            }
            previous_hook(info);
        }));
    });
}
