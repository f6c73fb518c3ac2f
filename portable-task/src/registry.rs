//! Runs tasks by their names.

use std::any::{TypeId, type_name};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::call::{CallKind, ChunkReply, Outcome, decode, encode};
use crate::codec;
use crate::error::{RemoteError, RemoteErrorKind};
use crate::panics::{catch, contain};
use crate::portable::PortableTask;
use crate::task::Task;

/// The tasks that a worker can run, by name.
///
/// ```
/// use portable_task::{Registry, task};
///
/// fn gcd(a: u64, b: u64) -> u64 {
///     if b == 0 { a } else { gcd(b, a % b) }
/// }
///
/// task!(Gcd = fn gcd(a: u64, b: u64) -> u64, name = "gcd");
///
/// let registry = Registry::new().with::<Gcd>();
/// assert_eq!(format!("{registry:?}"), r#"Registry {"gcd"}"#);
/// ```
#[derive(Default)]
#[must_use = "a registry does nothing by itself"]
pub struct Registry {
    tasks: HashMap<&'static str, Entry>,
}

struct Entry {
    version: u32,
    type_id: TypeId,
    type_name: &'static str,
    run_one: Run,
    run_chunk: Run,
}

/// A function that runs the task with these fields and appends its value to the reply.
type Run = fn(&[u8], &mut Vec<u8>) -> Result<(), RemoteError>;

/// The name and the version of a task: what two programs must agree on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskId {
    /// [`Task::NAME`].
    pub name: Cow<'static, str>,
    /// [`Task::VERSION`].
    pub version: u32,
}

impl TaskId {
    /// Returns the name and the version of `K`.
    ///
    /// ```
    /// # use portable_task::{TaskId, task};
    /// # fn gcd(a: u64, b: u64) -> u64 { a.min(b) }
    /// task!(Gcd = fn gcd(a: u64, b: u64) -> u64, name = "gcd", version = 2);
    ///
    /// assert_eq!(TaskId::of::<Gcd>().to_string(), "gcd (version 2)");
    /// ```
    pub fn of<K: Task>() -> Self {
        Self {
            name: Cow::Borrowed(K::NAME),
            version: K::VERSION,
        }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (version {})", self.name, self.version)
    }
}

impl Registry {
    /// Returns a registry without tasks.
    ///
    /// ```
    /// assert_eq!(portable_task::Registry::new().tasks().count(), 0);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a task. Adding it again changes nothing.
    ///
    /// [`Registry`] has an example.
    ///
    /// # Panics
    /// If another task has the same name.
    pub fn with<K: PortableTask>(mut self) -> Self {
        self.insert(
            K::NAME,
            Entry {
                version: K::VERSION,
                type_id: TypeId::of::<K>(),
                type_name: type_name::<K>(),
                run_one: run_one::<K>,
                run_chunk: run_chunk::<K>,
            },
        );
        self
    }

    /// Adds all tasks of another registry, such as that of a library.
    ///
    /// ```
    /// use portable_task::{Registry, task};
    ///
    /// mod library {
    ///     # use portable_task::{Registry, task};
    ///     fn gcd(a: u64, b: u64) -> u64 {
    ///         if b == 0 { a } else { gcd(b, a % b) }
    ///     }
    ///
    ///     task!(pub Gcd = fn gcd(a: u64, b: u64) -> u64, name = "library::gcd");
    ///
    ///     pub fn tasks() -> Registry {
    ///         Registry::new().with::<Gcd>()
    ///     }
    /// }
    ///
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// task!(Square = fn square(n: u64) -> u64, name = "square");
    ///
    /// let registry = Registry::new().with::<Square>().merge(library::tasks());
    /// assert_eq!(registry.tasks().count(), 2);
    /// ```
    ///
    /// # Panics
    /// If two different tasks have the same name.
    pub fn merge(mut self, other: Self) -> Self {
        for (name, entry) in other.tasks {
            self.insert(name, entry);
        }
        self
    }

    fn insert(&mut self, name: &'static str, entry: Entry) {
        let (type_id, type_name) = (entry.type_id, entry.type_name);
        if let Some(earlier) = self.tasks.insert(name, entry) {
            assert!(
                earlier.type_id == type_id,
                "two tasks are named {name:?}: {} and {type_name}",
                earlier.type_name
            );
        }
    }

    /// Returns the names and versions of all tasks, in no particular order.
    ///
    /// [`merge`](Self::merge) has an example.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> {
        self.tasks.iter().map(|(&name, entry)| TaskId {
            name: Cow::Borrowed(name),
            version: entry.version,
        })
    }

    /// Checks that the registry has this task.
    ///
    /// ```
    /// # use portable_task::{Registry, task};
    /// # fn gcd(a: u64, b: u64) -> u64 { a.min(b) }
    /// task!(Gcd = fn gcd(a: u64, b: u64) -> u64, name = "gcd");
    ///
    /// let error = Registry::new().check::<Gcd>().unwrap_err();
    /// assert!(error.message.starts_with(r#"the task "gcd" is not registered: add `.with::<"#));
    /// assert!(Registry::new().with::<Gcd>().check::<Gcd>().is_ok());
    /// ```
    ///
    /// # Errors
    /// Of the kind [`Unregistered`](RemoteErrorKind::Unregistered), if the registry has no task of this name, or another
    /// type has the name. The message says what to add.
    pub fn check<K: PortableTask>(&self) -> Result<(), RemoteError> {
        let message = match self.tasks.get(K::NAME) {
            Some(entry) if entry.type_id == TypeId::of::<K>() => return Ok(()),
            Some(entry) => format!(
                "the task {} is not registered: its name {:?} is that of {}",
                type_name::<K>(),
                K::NAME,
                entry.type_name
            ),
            None => format!(
                "the task {:?} is not registered: add `.with::<{}>()` to the registry",
                K::NAME,
                type_name::<K>()
            ),
        };
        Err(RemoteError::new(RemoteErrorKind::Unregistered, message))
    }

    /// Runs the task of a call and returns the reply, for [`decode_reply`](crate::decode_reply). A panic of the task is
    /// caught.
    ///
    /// The crate's front page has an example.
    pub fn call(&self, call: &[u8]) -> Vec<u8> {
        let mut reply = Vec::new();
        self.call_into(call, &mut reply);
        reply
    }

    /// Appends the reply to `reply`, which has at most 1 GiB then. Otherwise the same as [`call`](Self::call).
    ///
    /// ```
    /// # use portable_task::{Registry, decode_reply, encode_call, task};
    /// # fn gcd(a: u64, b: u64) -> u64 { if b == 0 { a } else { gcd(b, a % b) } }
    /// # task!(Gcd = fn gcd(a: u64, b: u64) -> u64);
    /// # let mut call = Vec::new();
    /// # encode_call(Gcd(12, 18), &mut call)?;
    /// let mut frame = b"a header".to_vec();
    /// Registry::new().with::<Gcd>().call_into(&call, &mut frame);
    /// assert_eq!(decode_reply::<u64>(&frame[8..]), Ok(6));
    /// # Ok::<(), portable_task::RemoteError>(())
    /// ```
    pub fn call_into(&self, call: &[u8], reply: &mut Vec<u8>) {
        let start = reply.len();
        reply.push(Outcome::Value as u8);
        let Err(error) = self.run(call, reply) else {
            return;
        };
        let error_too = RemoteError::new(error.kind, "the error message is too long");
        for error in [error, error_too] {
            reply.truncate(start);
            reply.push(Outcome::Error as u8);
            if codec::append(reply, &error).is_ok() {
                break;
            }
        }
    }

    fn run(&self, call: &[u8], reply: &mut Vec<u8>) -> Result<(), RemoteError> {
        let undecodable = |message| RemoteError::new(RemoteErrorKind::Decode, message);
        let head = postcard::take_from_bytes::<(&str, u32, u8)>(call);
        let ((name, version, kind), fields) =
            head.map_err(|error| undecodable(error.to_string()))?;
        let unregistered = |message| RemoteError::new(RemoteErrorKind::Unregistered, message);
        let Some(entry) = self.tasks.get(name) else {
            return Err(unregistered(format!("the worker has no task {name:?}")));
        };
        if entry.version != version {
            return Err(unregistered(format!(
                "the task {name:?} has version {version}, but the worker has version {}",
                entry.version
            )));
        }
        if kind == CallKind::One as u8 {
            (entry.run_one)(fields, reply)
        } else if kind == CallKind::Chunk as u8 {
            (entry.run_chunk)(fields, reply)
        } else {
            Err(undecodable("unknown kind of call".to_owned()))
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry ")?;
        f.debug_set().entries(self.tasks.keys()).finish()
    }
}

fn run_one<K: PortableTask>(fields: &[u8], reply: &mut Vec<u8>) -> Result<(), RemoteError> {
    let task: K = decode(fields)?;
    let value = catch(|| task.run()).map_err(panicked)?;
    append_value(reply, value)
}

fn run_chunk<K: PortableTask>(fields: &[u8], reply: &mut Vec<u8>) -> Result<(), RemoteError> {
    let tasks: Vec<K> = decode(fields)?;
    // Not trusted: tasks without fields occupy no bytes, however many there are.
    let mut values = Vec::with_capacity(tasks.len().min(fields.len()));
    let mut error = None;
    let mut tasks = tasks.into_iter();
    for task in &mut tasks {
        match catch(|| task.run()) {
            Ok(value) => values.push(value),
            Err(message) => {
                error = Some(panicked(message));
                break;
            }
        }
    }
    contain(|| drop(tasks));
    append_value(reply, ChunkReply { values, error })
}

fn append_value(reply: &mut Vec<u8>, value: impl Serialize) -> Result<(), RemoteError> {
    let appended = encode(&value, reply);
    contain(|| drop(value));
    appended
}

fn panicked(message: String) -> RemoteError {
    RemoteError::new(RemoteErrorKind::Panicked, message)
}
