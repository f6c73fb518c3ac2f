//! The tasks of this program, which its `main` serves.

use std::sync::OnceLock;

use portable_task::Registry;

static SERVED: OnceLock<Registry> = OnceLock::new();

/// Returns the tasks that [`serve`](crate::serve) was called with, or `None` if it has not been called.
///
/// ```
/// use multiprocessing::{Registry, serve, served};
///
/// serve(Registry::new());
/// assert!(served().is_some());
/// ```
pub fn served() -> Option<&'static Registry> {
    SERVED.get()
}

/// Sets the tasks of this program, and returns them.
///
/// # Panics
/// If they are set already.
pub(crate) fn set(registry: Registry) -> &'static Registry {
    let is_first = SERVED.set(registry).is_ok();
    assert!(
        is_first,
        "`serve` was called twice: merge the registries and call it once"
    );
    SERVED.get().expect("it has just been set")
}
