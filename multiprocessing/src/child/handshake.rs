//! The announcement of a child. With it the parent recognises another program, even one that never ends, and a program with
//! other versions of its tasks.
//!
//! A child announces itself with the argument of its role, and then a frame that lists the tasks it can run.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use portable_task::{Registry, TaskId};

use super::role::Role;
use crate::connection::{Frame, Receiver, send_all};

/// The reason why a process is not treated as a child in its role. [`compare_versions`] has an example.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It ended, or closed its socket, before it had announced itself.
    #[error("ended before it announced itself as a {0}")]
    Ended(Role),
    /// It did not announce itself in time.
    #[error("did not announce itself as a {0} within {1:?}")]
    Silent(Role, Duration),
    /// It announced itself as something else. Holds what it should have announced, and what it did.
    #[error("announced itself as {1:?} and not as {0:?}")]
    Other(String, String),
    /// It has a task in another version. Holds the task here and the task there.
    #[error("has the task {:?} in version {}, and this program in version {}", .0.name, .1.version, .0.version)]
    Version(TaskId, TaskId),
}

/// Announces this process as a child in a role.
pub(crate) fn announce(socket: &UnixStream, role: Role, registry: &Registry) -> io::Result<()> {
    let tasks: Vec<TaskId> = registry.tasks().collect();
    let frame = Frame::of(0, &tasks).map_err(io::Error::other)?;
    send_all(
        socket,
        &[role.argument().as_bytes(), frame.as_bytes()].concat(),
    )
}

impl Receiver {
    /// Receives the announcement of a child, which comes before all replies. Returns the tasks that it can run. `timeout`
    /// applies to each part of it.
    ///
    /// # Errors
    /// If the process is not a child in this role.
    pub fn receive_announcement(
        &mut self,
        socket: &UnixStream,
        role: Role,
        timeout: Duration,
    ) -> Result<Vec<TaskId>, Refusal> {
        let refusal = |error: io::Error| match error.kind() {
            io::ErrorKind::TimedOut => Refusal::Silent(role, timeout),
            _ => Refusal::Ended(role),
        };
        let expected = role.argument();
        let mut announced = vec![0; expected.len()];
        if !self
            .read_exact(socket, &mut announced, Some(timeout))
            .map_err(refusal)?
        {
            return Err(Refusal::Ended(role));
        }
        if announced != expected.as_bytes() {
            let announced = String::from_utf8_lossy(&announced).into_owned();
            return Err(Refusal::Other(expected, announced));
        }
        let mut tasks = Vec::new();
        let received = self.receive_within(socket, &mut tasks, Some(timeout));
        if received.map_err(refusal)?.is_none() {
            return Err(Refusal::Ended(role));
        }
        postcard::from_bytes(&tasks)
            .map_err(|_| Refusal::Other(expected, "something without a list of tasks".to_owned()))
    }
}

/// Checks that a child has no task in another version than this program.
///
/// A task that only one of them has is no reason to refuse the child: another program may serve some of the tasks.
///
/// ```
/// use multiprocessing::{Registry, compare_versions};
/// use portable_task::{TaskId, task};
///
/// # fn square(n: u64) -> u64 { n * n }
/// task!(Square = fn square(n: u64) -> u64, name = "square");
/// task!(NewSquare = fn square(n: u64) -> u64, name = "square", version = 2);
///
/// let here = Registry::new().with::<Square>();
/// assert_eq!(compare_versions(&here, &[TaskId::of::<Square>()]), Ok(()));
/// let refusal = compare_versions(&here, &[TaskId::of::<NewSquare>()]).unwrap_err();
/// let expected = r#"has the task "square" in version 2, and this program in version 1"#;
/// assert_eq!(refusal.to_string(), expected);
/// ```
///
/// # Errors
/// [`Refusal::Version`] for the first task whose versions differ.
pub fn compare_versions(here: &Registry, there: &[TaskId]) -> Result<(), Refusal> {
    for task in here.tasks() {
        let other = there.iter().find(|other| other.name == task.name);
        if let Some(other) = other.filter(|other| other.version != task.version) {
            return Err(Refusal::Version(task, other.clone()));
        }
    }
    Ok(())
}
