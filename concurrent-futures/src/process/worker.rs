//! The worker's side: tasks come in on a socket, are run one after the other in the main thread, and their outcomes go
//! back on it.
//!
//! The socket arrives as the standard input, the one place where a descriptor can be handed to a new process in safe Rust.
//! It is taken from there at once, so that neither a task that reads its input nor a program that a task starts gets hold
//! of it. Output and errors remain those of the parent.
//!
//! The end of the stream means that there is no more to do. A parent that is gone altogether is something else: a thread
//! watches for that and ends the process, whatever it is at.

use std::any::TypeId;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::{Signal, getpid, kill_process};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{self, Outcome, Request};
use super::task::PortableTask;
use crate::chunk::Chunk;
use crate::error::TaskError;
use crate::panics::contain;

/// The last argument of a worker, with the version of what is spoken on the socket. An argument and not an environment
/// variable, which the programs that a task starts would inherit.
pub(super) const WORKER_ARGUMENT: &str = "concurrent-futures-worker-1";

/// Whether `main` has called [`Registry::serve`], so that this program can be its own worker.
static SERVING: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_serving() -> bool {
    SERVING.load(Ordering::Relaxed)
}

/// Whether this process was started as a worker and has not come to where a worker stays: whatever it starts would do the same.
pub(crate) fn is_astray() -> bool {
    let argument = std::env::args_os().next_back();
    !is_serving() && argument.is_some_and(|argument| is_worker_argument(&argument))
}

/// The tasks a worker can run, by name.
///
/// A worker is the same program, started again. So `main` begins with a registry of all tasks and [`serve`](Self::serve).
///
/// ```standalone_crate
/// use concurrent_futures::{ProcessPoolExecutor, Registry, Task};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Length(String);
///
/// impl Task for Length {
///     type Output = usize;
///     const NAME: &'static str = "length";
///
///     fn run(self) -> usize {
///         self.0.len()
///     }
/// }
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     Registry::new().with::<Length>().serve();
///
///     let executor = ProcessPoolExecutor::new(2)?;
///     let future = executor.submit(Length("seventeen".to_owned()))?;
///     assert_eq!(future.result(), Ok(&9));
///     Ok(())
/// }
/// ```
#[derive(Default)]
#[must_use = "a registry does nothing until `serve` is called"]
pub struct Registry {
    tasks: HashMap<&'static str, Entry>,
}

struct Entry {
    task: TypeId,
    one: Answer,
    chunk: Answer,
}

/// Runs the task with these fields; appends its value to the reply, or says why there is none.
type Answer = fn(&[u8], &mut Vec<u8>) -> Result<(), (Outcome, String)>;

impl Registry {
    /// A registry without tasks.
    ///
    /// ```
    /// use concurrent_futures::Registry;
    ///
    /// // Returns: no worker, and no tasks to be one for.
    /// Registry::new().serve();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry with one more task.
    ///
    /// ```
    /// # use concurrent_futures::{Registry, Task};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Serialize, Deserialize)]
    /// # struct Length(String);
    /// # impl Task for Length {
    /// #     type Output = usize;
    /// #     const NAME: &'static str = "length";
    /// #     fn run(self) -> usize { self.0.len() }
    /// # }
    /// let registry = Registry::new().with::<Length>();
    /// assert_eq!(format!("{registry:?}"), r#"Registry {"length"}"#);
    /// ```
    ///
    /// # Panics
    /// When another task has the same name.
    pub fn with<K: PortableTask>(mut self) -> Self {
        let entry = Entry {
            task: TypeId::of::<K>(),
            one: answer::<K>,
            chunk: answer_chunk::<K>,
        };
        if let Some(earlier) = self.tasks.insert(K::NAME, entry) {
            assert_eq!(
                earlier.task,
                TypeId::of::<K>(),
                "two tasks are named {:?}",
                K::NAME
            );
        }
        self
    }

    /// Runs tasks and does not return, if this process was started as a worker; else returns at once.
    ///
    /// To be called first in `main`: what stands before it is done in each worker too. [`Registry`] has an example. In a
    /// worker the standard input is empty; a worker ends when its parent has no more for it, or is gone.
    pub fn serve(&self) {
        SERVING.store(true, Ordering::Relaxed);
        let Some(argument) = std::env::args_os().next_back() else {
            return;
        };
        if !is_worker_argument(&argument) {
            return;
        }
        let status = match take_socket(&argument) {
            // The parent may hang up on a worker that it has no more use for; only it could be told.
            Ok(socket) => i32::from(self.work(&socket).is_err()),
            Err(error) => {
                eprintln!("cannot run as a worker: {error}");
                2
            }
        };
        // What comes after this in `main` is not for a worker.
        std::process::exit(status);
    }

    fn work(&self, socket: &UnixStream) -> io::Result<()> {
        let mut stream = BufReader::with_capacity(1 << 16, socket);
        let mut socket = socket;
        let (mut task, mut reply) = (Vec::new(), Vec::new());
        while frame::read(&mut stream, &mut task)? {
            self.reply_to(&task, &mut reply);
            socket.write_all(&reply)?;
        }
        Ok(())
    }

    /// Runs a task and leaves the whole reply in `reply`.
    fn reply_to(&self, task: &[u8], reply: &mut Vec<u8>) {
        frame::begin(reply);
        reply.push(Outcome::Value as u8);
        let answered = self
            .answer(task, reply)
            .and_then(|()| frame::finish(reply).map_err(|message| (Outcome::Unencodable, message)));
        if let Err((outcome, message)) = answered {
            frame::begin(reply);
            reply.push(outcome as u8);
            reply.extend_from_slice(message.as_bytes());
            // A message of 4 GiB is not told.
            if frame::finish(reply).is_err() {
                reply.truncate(frame::EMPTY_REPLY_BYTES);
                let _ = frame::finish(reply);
            }
        }
    }

    fn answer(&self, task: &[u8], reply: &mut Vec<u8>) -> Result<(), (Outcome, String)> {
        let (name, fields) = postcard::take_from_bytes::<&str>(task)
            .map_err(|error| (Outcome::Undecodable, error.to_string()))?;
        let Some(entry) = self.tasks.get(name) else {
            let message = format!("the worker has no task {name:?}");
            return Err((Outcome::Undecodable, message));
        };
        match fields.split_first() {
            Some((&request, fields)) if request == Request::One as u8 => (entry.one)(fields, reply),
            Some((&request, fields)) if request == Request::Chunk as u8 => {
                (entry.chunk)(fields, reply)
            }
            _ => Err((Outcome::Undecodable, "unknown kind of request".to_owned())),
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry ")?;
        f.debug_set().entries(self.tasks.keys()).finish()
    }
}

fn answer<K: PortableTask>(fields: &[u8], reply: &mut Vec<u8>) -> Result<(), (Outcome, String)> {
    let task: K = read(fields)?;
    let value = call(|| task.run()).map_err(|message| (Outcome::Panicked, message))?;
    write(reply, value)
}

/// The values up to the first panic, and what that said.
fn answer_chunk<K: PortableTask>(
    fields: &[u8],
    reply: &mut Vec<u8>,
) -> Result<(), (Outcome, String)> {
    let tasks: Vec<K> = read(fields)?;
    let Chunk { values, error } = Chunk::run(tasks);
    let panic = error.map(|error| match error {
        TaskError::Panicked { message, .. } => message,
        other => other.to_string(),
    });
    write(reply, (values, panic))
}

fn read<T: DeserializeOwned>(fields: &[u8]) -> Result<T, (Outcome, String)> {
    call(|| frame::decode(fields))
        .flatten()
        .map_err(|message| (Outcome::Undecodable, message))
}

fn write(reply: &mut Vec<u8>, value: impl Serialize) -> Result<(), (Outcome, String)> {
    let written = call(|| frame::append(reply, &value)).flatten();
    contain(|| drop(value));
    written.map_err(|message| (Outcome::Unencodable, message))
}

/// What a call returns, or what its panic said.
pub(super) fn call<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    crate::panics::call(function).map_err(|error| match error {
        TaskError::Panicked { message, .. } => message,
        other => other.to_string(),
    })
}

/// Also when the version is another one: that process must not go on as if it were not a worker.
fn is_worker_argument(argument: &OsStr) -> bool {
    let name = WORKER_ARGUMENT.trim_end_matches(|c: char| c.is_ascii_digit());
    argument.as_encoded_bytes().starts_with(name.as_bytes())
}

/// Takes the socket from the standard input, where nothing is left then.
fn take_socket(argument: &OsStr) -> io::Result<UnixStream> {
    if argument != WORKER_ARGUMENT {
        let message =
            format!("started with {argument:?}, but this program expects {WORKER_ARGUMENT:?}");
        return Err(io::Error::other(message));
    }
    let socket = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?);
    // An error if it is no socket: then nobody has started this process as a worker.
    socket.local_addr()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    watch_parent(socket.try_clone()?)?;
    Ok(socket)
}

/// Has this process end when its parent is gone, even in the middle of a task.
fn watch_parent(socket: UnixStream) -> io::Result<()> {
    let watch = move || {
        wait_until_alone(&socket);
        // Nobody is left to be told. And nothing else is certain: a task may block any signal but this one, or hold the
        // locks that an orderly exit waits for.
        let _ = kill_process(getpid(), Signal::KILL);
    };
    thread::Builder::new()
        .name("parent-watch".to_owned())
        .spawn(watch)?;
    Ok(())
}

/// The other end closed for good is a hang-up; one that only has no more to say is not.
#[cfg(not(target_vendor = "apple"))]
fn wait_until_alone(socket: &UnixStream) {
    use rustix::event::{PollFd, PollFlags, poll};

    let mut watched = [PollFd::new(socket, PollFlags::empty())];
    loop {
        let polled = poll(&mut watched, None);
        if polled.is_err_and(|error| error != rustix::io::Errno::INTR) {
            return;
        }
        if watched[0].revents().contains(PollFlags::HUP) {
            return;
        }
    }
}

/// There a hang-up cannot be waited for without waiting for data as well, so this looks for a new parent.
#[cfg(target_vendor = "apple")]
fn wait_until_alone(_socket: &UnixStream) {
    use std::os::unix::process::parent_id;

    let parent = parent_id();
    // 1 from the start: the parent was gone before anyone looked.
    while parent != 1 && parent_id() == parent {
        thread::sleep(std::time::Duration::from_millis(200));
    }
}
