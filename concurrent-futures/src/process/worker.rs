//! The worker's side: reads tasks from a socket, runs them one after the other in the main thread, and writes their
//! outcomes to the same socket.
//!
//! The socket arrives as the standard input, the only way to pass a descriptor to a new process in safe Rust. It is
//! moved away from there at once, so that neither a task that reads its input nor a program that a task starts can
//! access it. Standard output and standard error remain those of the parent.
//!
//! The end of the stream means that there are no more tasks. The death of the parent is a different event: a thread
//! watches for it and ends the process, even in the middle of a task.

use std::any::TypeId;
use std::collections::HashMap;
#[cfg(target_os = "linux")]
use std::ffi::CString;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
#[cfg(target_os = "linux")]
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::{Signal, getpid, kill_process};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec;
use super::frame::{self, Outcome, Request};
use super::task::PortableTask;
use crate::chunk::Chunk;
use crate::error::TaskError;
use crate::panics::contain;

/// The last argument of a worker, which contains the version of the protocol on the socket. An argument and not an
/// environment variable, which the programs that a task starts would inherit. It is also the first thing that a worker
/// writes to its socket, as its announcement.
pub(super) const WORKER_ARGUMENT: &str = "concurrent-futures-worker-2";

/// Whether `main` has called [`Registry::serve`], so that this program can be its own worker.
static SERVING: AtomicBool = AtomicBool::new(false);

pub(crate) fn is_serving() -> bool {
    SERVING.load(Ordering::Relaxed)
}

/// Returns whether this process was started as a worker but has not reached [`Registry::serve`]. Each worker that it
/// started would repeat that.
pub(crate) fn is_unserved_worker() -> bool {
    let argument = std::env::args_os().next_back();
    !is_serving() && argument.is_some_and(|argument| is_worker_argument(&argument))
}

/// The tasks that a worker can run, by name.
///
/// A worker is this program, started again. So `main` must begin with a registry of all tasks and a call of
/// [`serve`](Self::serve).
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

/// A function that runs the task with these fields and appends its value to the reply, or returns the kind and the
/// message of its failure.
type Answer = fn(&[u8], &mut Vec<u8>) -> Result<(), (Outcome, String)>;

impl Registry {
    /// Returns a registry without tasks.
    ///
    /// ```
    /// use concurrent_futures::Registry;
    ///
    /// // Returns, because this process is not a worker.
    /// Registry::new().serve();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a task to the registry.
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
    /// If another task has the same name.
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

    /// Runs tasks and never returns, if this process was started as a worker; otherwise returns at once.
    ///
    /// Call this first in `main`, because every worker also runs the code before it. [`Registry`] has an example. In a
    /// worker the standard input is empty. A worker exits when its parent has no more tasks for it, or has ended.
    pub fn serve(&self) {
        SERVING.store(true, Ordering::Relaxed);
        let Some(argument) = std::env::args_os().next_back() else {
            return;
        };
        if !is_worker_argument(&argument) {
            return;
        }
        let status = match take_socket(&argument) {
            // The parent may disconnect a worker that it no longer needs. Only the parent could receive the error, so
            // it is not printed.
            Ok(socket) => i32::from(self.work(&socket).is_err()),
            Err(error) => {
                eprintln!("cannot run as a worker: {error}");
                2
            }
        };
        // A worker must not run the rest of `main`.
        std::process::exit(status);
    }

    fn work(&self, socket: &UnixStream) -> io::Result<()> {
        let mut stream = BufReader::with_capacity(1 << 16, socket);
        let mut socket = socket;
        socket.write_all(WORKER_ARGUMENT.as_bytes())?;
        let (mut task, mut reply) = (Vec::new(), Vec::new());
        while let Some(number) = frame::read(&mut stream, &mut task)? {
            self.reply_to(&task, &mut reply);
            frame::set_number(&mut reply, number);
            socket.write_all(&reply)?;
            frame::release(&mut reply);
        }
        Ok(())
    }

    /// Runs a task and writes the complete reply to `reply`.
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
            // A message of 4 GiB does not fit in a frame and is left out.
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

/// Runs a chunk of tasks. Writes the values up to the first panic, and the message of that panic.
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
    call(|| codec::decode(fields))
        .flatten()
        .map_err(|message| (Outcome::Undecodable, message))
}

fn write(reply: &mut Vec<u8>, value: impl Serialize) -> Result<(), (Outcome, String)> {
    let written = call(|| codec::append(reply, &value)).flatten();
    contain(|| drop(value));
    written.map_err(|message| (Outcome::Unencodable, message))
}

/// Returns the value of `function`, or the message of its panic.
pub(super) fn call<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    crate::panics::call(function).map_err(|error| match error {
        TaskError::Panicked { message, .. } => message,
        other => other.to_string(),
    })
}

/// Returns whether this is the argument of a worker, of any version: a worker of another version must not continue as
/// an ordinary program.
fn is_worker_argument(argument: &OsStr) -> bool {
    let name = WORKER_ARGUMENT.trim_end_matches(|c: char| c.is_ascii_digit());
    argument.as_encoded_bytes().starts_with(name.as_bytes())
}

/// Moves the socket away from the standard input, which is empty afterwards.
fn take_socket(argument: &OsStr) -> io::Result<UnixStream> {
    if argument != WORKER_ARGUMENT {
        let message =
            format!("started with {argument:?}, but this program expects {WORKER_ARGUMENT:?}");
        return Err(io::Error::other(message));
    }
    let socket = UnixStream::from(rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?);
    // Fails if this is not a socket: then the process was not started by a pool.
    socket.local_addr()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    name_process();
    watch_parent(socket.try_clone()?)?;
    Ok(socket)
}

/// Gives this process the name of its program, which `ps` and `top` show. A program that is started as `/proc/self/exe`
/// is named `exe`.
#[cfg(target_os = "linux")]
fn name_process() {
    let program = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&program).file_name().unwrap_or_default();
    if let Ok(name) = CString::new(name.as_encoded_bytes()) {
        // The worker works under any name.
        let _ = rustix::thread::set_name(&name);
    }
}

#[cfg(not(target_os = "linux"))]
fn name_process() {}

/// Starts a thread that ends this process when the parent has ended, even in the middle of a task.
fn watch_parent(socket: UnixStream) -> io::Result<()> {
    let watch = move || {
        wait_until_parent_ends(&socket);
        // There is no process left to report to. Only this signal is certain to end the process: a task may block any
        // other, or hold the locks that an orderly exit waits for.
        let _ = kill_process(getpid(), Signal::KILL);
    };
    thread::Builder::new()
        .name("parent-watch".to_owned())
        .spawn(watch)?;
    Ok(())
}

/// Waits until the other end is closed for both reading and writing, which is a hang-up. If the other end has only
/// finished writing, it is not.
#[cfg(not(target_vendor = "apple"))]
fn wait_until_parent_ends(socket: &UnixStream) {
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

/// Waits until this process has a new parent. On Apple systems a hang-up cannot be awaited without waiting for data as
/// well.
#[cfg(target_vendor = "apple")]
fn wait_until_parent_ends(_socket: &UnixStream) {
    use std::os::unix::process::parent_id;

    let parent = parent_id();
    // 1 from the start: the parent had ended before the first check.
    while parent != 1 && parent_id() == parent {
        thread::sleep(std::time::Duration::from_millis(200));
    }
}
