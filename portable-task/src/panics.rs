//! Calls user code and catches its panics. For programs that run tasks.
//!
//! A panic in a task becomes the task's error and must not end a worker. The same holds for a panic in the drop of a
//! value that a task captured, returned or panicked with.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `function` and returns its value, or the message of its panic.
///
/// ```
/// use portable_task::panics::catch;
///
/// assert_eq!(catch(|| 42), Ok(42));
/// assert_eq!(catch(|| -> i32 { panic!("no such flag") }), Err("no such flag".to_owned()));
/// ```
///
/// # Errors
/// The message of the panic, if `function` panics.
pub fn catch<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(function)).map_err(|payload| {
        let message = message(&*payload);
        contain(|| drop(payload));
        message
    })
}

/// Calls user code whose panic has no receiver: the panic hook has already reported it, and it goes no further. A
/// callback, the values that it or a task captured, and a panic payload may all panic, also when dropped.
///
/// ```
/// portable_task::panics::contain(|| panic!("reported, but not propagated"));
/// ```
pub fn contain(call: impl FnOnce()) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        return;
    };
    if let Err(second_payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // Dropping the payload has panicked. Leak this second payload rather than risk another panic.
        std::mem::forget(second_payload);
    }
}

/// Returns the message of a panic payload, which is nearly always one of the two string types.
///
/// ```
/// let payload = std::panic::catch_unwind(|| panic!("no such flag")).unwrap_err();
/// assert_eq!(portable_task::panics::message(&*payload), "no such flag");
/// ```
pub fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(message) = payload.downcast_ref::<&str>() {
        (*message).to_owned()
    } else if let Some(message) = payload.downcast_ref::<String>() {
        message.clone()
    } else {
        "a panic without a message".to_owned()
    }
}
