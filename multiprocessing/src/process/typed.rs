//! A process with the type of its value.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use portable_task::decode_reply;
use serde::de::DeserializeOwned;

use super::ending::ProcessError;
use super::handle::ProcessHandle;

/// A process that runs one task, and the value that it returns.
///
/// The process is this program, started again: `main` must first call [`serve`](crate::serve). Its standard output and
/// error are those of this program, its standard input is empty. It ends with this program, unless it is not a
/// [daemon](crate::ProcessBuilder::daemon). Dropping this neither ends the process nor waits for it.
///
/// A task in it cannot be cancelled: [`portable_task::current`] never reports that it is.
///
/// Dereferences to [`ProcessHandle`], which has the process id, `join`, `kill` and so on.
///
/// ```standalone_crate
/// use multiprocessing::{Process, ProcessError, Registry, serve, task};
///
/// fn square(n: u64) -> u64 {
///     n.checked_mul(n).expect("too large")
/// }
///
/// task!(Square = fn square(n: u64) -> u64);
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Square>());
///
///     let processes = [Process::spawn(Square(3))?, Process::spawn(Square(u64::MAX))?];
///     let [square, none] = processes.map(Process::into_result);
///     assert_eq!(square, Ok(9));
///     assert_eq!(none, Err(ProcessError::Panicked("too large".to_owned())));
///     Ok(())
/// }
/// ```
///
/// # Source
/// `multiprocessing.Process` of Python.
pub struct Process<T> {
    handle: ProcessHandle,
    value: PhantomData<fn() -> T>,
}

impl<T> Process<T> {
    pub(super) fn new(handle: ProcessHandle) -> Self {
        Self {
            handle,
            value: PhantomData,
        }
    }

    /// Returns the handle of the process without the type of its value.
    pub fn handle(&self) -> &ProcessHandle {
        &self.handle
    }

    /// Waits for the value of the task, and returns it. The process may take another moment to end.
    ///
    /// # Errors
    /// The reason why there is none: a panic, an exit, or a signal.
    pub fn into_result(self) -> Result<T, ProcessError>
    where
        T: DeserializeOwned,
    {
        let reply = self.handle.shared.take_reply()?;
        decode_reply(&reply).map_err(ProcessError::of_reply)
    }
}

impl<T> Deref for Process<T> {
    type Target = ProcessHandle;

    fn deref(&self) -> &ProcessHandle {
        &self.handle
    }
}

impl<T> fmt::Debug for Process<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("name", &self.name())
            .field("pid", &self.pid())
            .field("is_alive", &self.is_alive())
            .finish()
    }
}
