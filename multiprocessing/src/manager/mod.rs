//! Objects that several processes share: a manager holds them in a process of its own.
//!
//! [`Manager::start`] starts the manager, and its methods create the objects. [`Manager`] has an example, and so has each
//! type of object.
//!
//! | in Python | here |
//! | --- | --- |
//! | `Manager()` | [`Manager::start`] |
//! | `manager.Queue(n)`, `JoinableQueue` | [`Queue`], [`JoinableQueue`], whose items a killed process gives back |
//! | `manager.dict()`, `d[k] += 1` | [`Dict`], [`Dict::update`], which is atomic |
//! | `manager.list()`, `manager.Namespace()` | [`List`], [`Namespace`] |
//! | `manager.Value()`, `manager.Array()` | [`Value`], [`Array`] |
//! | `manager.Lock()`, `manager.RLock()` | [`Lock`], [`RLock`], which a killed process releases |
//! | `manager.Condition()` | [`Condition`] of a [`Lock`] |
//! | `manager.Semaphore()`, `manager.BoundedSemaphore()` | [`Semaphore`], [`BoundedSemaphore`] |
//! | `manager.Event()`, `manager.Barrier()` | [`Event`], [`Barrier`] |
//! | `BaseManager.register()` | [`Service`] |
//!
//! Each operation is one request and one reply. An operation that waits needs no thread of the manager. A timeout is not an
//! error: the operation returns `None` or `false`.
//!
//! The modules, lowest layer first:
//!
//! * `error`: the errors of all operations
//! * `protocol`: how clients and manager recognise each other, and what they say to each other
//! * `core`: the objects, and the clients that wait for them
//! * `folder`: the private folder of a manager
//! * `server`: the process of a manager
//! * `service`: the state of a service
//! * `connection`: the connections of a process to its managers
//! * `local`: objects that a process holds itself
//! * `client`: handles, and the replies to their requests
//! * `handles`: the objects as programs use them
//! * `start`: starts and ends a manager
//! * `create`: creates the objects of a manager

mod client;
mod connection;
mod core;
mod create;
mod error;
mod folder;
mod handles;
mod local;
mod protocol;
mod server;
pub mod service;
mod start;

pub use error::{LockError, ManagerError};
pub use handles::{
    Array, Barrier, BoundedSemaphore, Condition, Dict, Event, Guard, Item, JoinableQueue, List,
    Lock, Namespace, Permit, Queue, RLock, RLockGuard, Semaphore, Service, Value,
};
pub(crate) use server::serve;
pub use start::{Manager, ManagerStatus};
