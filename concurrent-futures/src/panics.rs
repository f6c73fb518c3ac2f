//! Calls into what the user wrote, and what becomes of their panics.
//!
//! A panic of a task is its error and must not cost a worker; so is a panic in the drop of what a task captured, returned,
//! or panicked with. The message comes with the panic, but the backtrace exists only while the panic hook runs. So if
//! backtraces are enabled the first pool puts a hook of its own before the one that is there: it notes where a
//! task panics, and then calls the other as if it were not there itself.

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

/// What a task returns, or its panic as its error.
pub(crate) fn call<T>(task: impl FnOnce() -> T) -> Result<T, TaskError> {
    let outside = IN_TASK.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(task));
    IN_TASK.set(outside);
    outcome.map_err(|payload| {
        let message = message(&*payload);
        let backtrace = BACKTRACE.take().map(|backtrace| backtrace.to_string());
        contain(|| drop(payload));
        TaskError::Panicked { message, backtrace }
    })
}

/// Calls what the user wrote where there is nobody to hand a panic to: the panic hook has told of it, and it goes no
/// further. A callback, and whatever it or a task captured, may panic, also when dropped, and so may what they panic with.
pub(crate) fn contain(call: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        return;
    };
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Dropping it has panicked once; it is not given a second chance.
        std::mem::forget(again);
    }
}

/// Has the backtraces of tasks that panic noted, if backtraces are enabled.
pub(crate) fn note_backtraces() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if Backtrace::capture().status() != BacktraceStatus::Captured {
            return;
        }
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IN_TASK.get() {
                BACKTRACE.set(Some(Backtrace::capture()));
            }
            next(info);
        }));
    });
}

/// The words of a panic; most are a string of either kind.
fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(message) = payload.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message.clone()
    } else {
        "a panic without a message".to_owned()
    }
}
