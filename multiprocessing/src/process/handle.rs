//! The operations that all processes have, whatever the type of their value.

use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::ending::ProcessError;
use crate::child::Child;
use crate::sync::lock;

/// A process that was started by [`Process::spawn`](crate::Process::spawn), without the type of its value. Handles of the
/// same process can be cloned and compared.
///
/// ```standalone_crate
/// use std::os::unix::process::ExitStatusExt;
/// use std::time::Duration;
/// use multiprocessing::{Process, Registry, serve, task};
///
/// fn forever() {
///     loop {
///         std::thread::park();
///     }
/// }
///
/// task!(Forever = fn forever());
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Forever>());
///
///     let processes = [Process::spawn(Forever())?, Process::spawn(Forever())?];
///     let [one, other] = processes.each_ref().map(|process| process.handle().clone());
///     assert!(one.pid() != other.pid() && one != other && one.name() == "process-1");
///     assert!(one.is_alive() && !one.join_timeout(Duration::from_millis(1)));
///     one.terminate()?;
///     other.kill()?;
///     assert_eq!(one.join().and_then(|status| status.signal()), Some(15));
///     other.join();
///     assert_eq!(other.exit_status().and_then(|status| status.signal()), Some(9));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ProcessHandle {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) child: Child,
    progress: Mutex<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    /// The reply to the task, until it is taken, or the reason why there is none.
    reply: Option<Result<Vec<u8>, ProcessError>>,
    has_replied: bool,
    has_ended: bool,
    status: Option<ExitStatus>,
}

/// Notified when a process has replied or ended. One for all processes, so that several can be waited for.
static CHANGED: Condvar = Condvar::new();

/// Guards [`CHANGED`], which may be used with one mutex only.
static CHANGES: Mutex<()> = Mutex::new(());

/// The processes that have been started. Those that have ended are removed when others are added.
static STARTED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

impl PartialEq for ProcessHandle {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for ProcessHandle {}

impl std::hash::Hash for ProcessHandle {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.shared).hash(state);
    }
}

impl ProcessHandle {
    pub(super) fn new(name: String, child: Child) -> Self {
        let shared = Arc::new(Shared {
            name,
            child,
            progress: Mutex::default(),
        });
        let mut started = lock(&STARTED);
        started.retain(|process| {
            process
                .upgrade()
                .is_some_and(|process| !process.has_ended())
        });
        started.push(Arc::downgrade(&shared));
        drop(started);
        Self { shared }
    }

    /// Returns the process id.
    pub fn pid(&self) -> u32 {
        self.shared.child.id()
    }

    /// Returns the name that was given to the process, or `process-N` for the Nth.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Returns whether the process has not ended.
    pub fn is_alive(&self) -> bool {
        !self.shared.has_ended()
    }

    /// Waits until the process has ended. Returns its exit status, or `None` if the system did not keep it, because this
    /// program ignores the signal SIGCHLD.
    pub fn join(&self) -> Option<ExitStatus> {
        self.shared.wait(None, Shared::has_ended);
        self.exit_status()
    }

    /// Waits until the process has ended, at most this long. Returns whether it has.
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.shared.wait(Some(timeout), Shared::has_ended)
    }

    /// Returns the exit status of a process that has ended, if the system kept it. A signal is not an exit code: see
    /// [`ExitStatusExt::signal`](std::os::unix::process::ExitStatusExt::signal).
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.shared.progress().status
    }

    /// Asks the process to end, with SIGTERM, which a task may ignore. Does nothing if it has ended.
    ///
    /// # Errors
    /// If the system refuses the signal, because the process has changed its user.
    pub fn terminate(&self) -> io::Result<()> {
        self.shared.child.terminate()
    }

    /// Ends the process with SIGKILL. Does nothing if it has ended.
    ///
    /// # Errors
    /// Those of [`terminate`](Self::terminate).
    pub fn kill(&self) -> io::Result<()> {
        self.shared.child.kill()
    }
}

impl Shared {
    /// Stores the reply of the process, or why there is none.
    pub(super) fn set_reply(&self, reply: Result<Vec<u8>, ProcessError>) {
        let mut progress = self.progress();
        progress.reply = Some(reply);
        progress.has_replied = true;
        drop(progress);
        notify();
    }

    /// Records the end of the process. If it has not replied, there will be no reply.
    pub(super) fn end(self: Arc<Self>, status: Option<ExitStatus>) {
        let changes = lock(&CHANGES);
        let mut progress = self.progress();
        progress.has_ended = true;
        progress.status = status;
        if !progress.has_replied {
            progress.reply = Some(Err(ProcessError::of_status(status)));
        }
        drop(progress);
        // Before a thread that waits for the end continues: nothing of the process is left open then.
        drop(self);
        CHANGED.notify_all();
        drop(changes);
    }

    /// Waits for the reply, and takes it.
    pub(super) fn take_reply(&self) -> Result<Vec<u8>, ProcessError> {
        self.wait(None, |shared| shared.progress().reply.is_some());
        let reply = self.progress().reply.take();
        reply.unwrap_or(Err(ProcessError::Ended))
    }

    fn has_ended(&self) -> bool {
        self.progress().has_ended
    }

    /// Waits until the condition holds. Returns false after the timeout.
    fn wait(&self, timeout: Option<Duration>, condition: impl Fn(&Self) -> bool) -> bool {
        wait_until(timeout, || condition(self).then_some(())).is_some()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        lock(&self.progress)
    }
}

/// Returns the processes that this one has started and that have not ended.
///
/// ```standalone_crate
/// use multiprocessing::{Process, Registry, active_children, serve, task};
///
/// fn nothing() {}
///
/// task!(Nothing = fn nothing());
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Nothing>());
///
///     let processes = [Process::spawn(Nothing())?, Process::spawn(Nothing())?];
///     for child in active_children() {
///         child.join();
///     }
///     assert!(!processes.iter().any(|process| process.is_alive()));
///     Ok(())
/// }
/// ```
pub fn active_children() -> Vec<ProcessHandle> {
    let started = lock(&STARTED);
    let started = started.iter().filter_map(Weak::upgrade);
    let handles = started.map(|shared| ProcessHandle { shared });
    handles.filter(ProcessHandle::is_alive).collect()
}

/// Waits until one of the processes has ended, at most for `timeout` if there is one. Returns the index of the first that
/// has ended, or `None` after the timeout.
///
/// ```standalone_crate
/// use multiprocessing::{Process, Registry, serve, task, wait_any};
///
/// fn forever() {
///     loop {
///         std::thread::park();
///     }
/// }
/// fn at_once() {}
///
/// task!(Forever = fn forever());
/// task!(AtOnce = fn at_once());
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new().with::<Forever>().with::<AtOnce>());
///
///     let processes = [Process::spawn(Forever())?, Process::spawn(AtOnce())?];
///     assert_eq!(wait_any(processes.iter().map(|process| process.handle()), None), Some(1));
///     processes[0].kill()?;
///     Ok(())
/// }
/// ```
pub fn wait_any<'p>(
    processes: impl IntoIterator<Item = &'p ProcessHandle>,
    timeout: Option<Duration>,
) -> Option<usize> {
    let processes: Vec<_> = processes.into_iter().collect();
    wait_until(timeout, || {
        processes.iter().position(|process| !process.is_alive())
    })
}

/// Waits until `look` returns something, which it may do after each change of a process. Returns `None` after the timeout.
fn wait_until<T>(timeout: Option<Duration>, look: impl Fn() -> Option<T>) -> Option<T> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut changes = lock(&CHANGES);
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        changes = match deadline {
            None => CHANGED
                .wait(changes)
                .unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.checked_duration_since(Instant::now())?;
                let waited = CHANGED.wait_timeout(changes, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}

fn notify() {
    // Under the lock: a thread that has looked in vain is waiting by now.
    let _changes = lock(&CHANGES);
    CHANGED.notify_all();
}
