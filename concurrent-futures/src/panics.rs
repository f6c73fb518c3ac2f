//! Calls user code and catches its panics.
//!
//! A panic in a task becomes the task's error and must not end a worker. The same holds for a panic in the drop of a
//! value that a task captured, returned or panicked with. The panic payload carries the message, but the backtrace
//! exists only while the panic hook runs. So if backtraces are enabled, the first pool installs a panic hook that
//! records where a task panics and then calls the previous hook.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::error::TaskError;

thread_local! {
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
    static BACKTRACE: RefCell<Option<Backtrace>> = const { RefCell::new(None) };
}

/// Returns the value of `task`, or its panic as an error.
pub(crate) fn call<T>(task: impl FnOnce() -> T) -> Result<T, TaskError> {
    let was_in_task = IN_TASK.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(task));
    IN_TASK.set(was_in_task);
    outcome.map_err(|payload| {
        let message = message(&*payload);
        let backtrace = BACKTRACE.take().map(|backtrace| backtrace.to_string());
        contain(|| drop(payload));
        TaskError::Panicked { message, backtrace }
    })
}

/// Calls user code whose panic has no receiver: the panic hook has already reported it, and it goes no further. A
/// callback, the values that it or a task captured, and a panic payload may all panic, also when dropped.
pub(crate) fn contain(call: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        return;
    };
    if let Err(second_payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Dropping the payload has panicked. Leak this second payload rather than risk another panic.
        std::mem::forget(second_payload);
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
            if IN_TASK.get() {
                BACKTRACE.set(Some(Backtrace::capture()));
            }
            previous_hook(info);
        }));
    });
}

/// Returns the message of a panic payload, which is nearly always one of the two string types.
fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(message) = payload.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message.clone()
    } else {
        "a panic without a message".to_owned()
    }
}
