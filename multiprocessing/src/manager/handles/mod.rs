//! The objects of a manager as programs use them: handles, which are small and can be sent to other processes.
//!
//! * `queue`: queues
//! * `dict`: dictionaries
//! * `namespace`: values by name
//! * `list`: lists
//! * `value`: single values and arrays
//! * `lock`: locks
//! * `condition`: conditions of locks
//! * `semaphore`: semaphores
//! * `event`: events
//! * `barrier`: barriers
//! * `called`: services

mod barrier;
mod called;
mod condition;
mod dict;
mod event;
mod list;
mod lock;
mod namespace;
mod queue;
mod semaphore;
#[cfg(test)]
mod tests;
mod value;

pub use barrier::Barrier;
pub use called::Service;
pub(crate) use called::encode;
pub use condition::Condition;
pub use dict::Dict;
pub use event::Event;
pub use list::List;
pub use lock::{Guard, Lock, RLock, RLockGuard};
pub use namespace::Namespace;
pub use queue::{Item, JoinableQueue, Queue};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use value::{Array, Value};

/// Implements what all handles have in common. They are plain data: the type of the values is only known here.
macro_rules! handle {
    ($name:ident $(<$($parameter:ident),+>)?) => {
        impl$(<$($parameter),+>)? $name$(<$($parameter),+>)? {
            pub(crate) fn of(handle: crate::manager::client::Handle) -> Self {
                Self { handle, $(types: std::marker::PhantomData::<fn() -> ($($parameter,)+)>)? }
            }
        }

        impl$(<$($parameter),+>)? Clone for $name$(<$($parameter),+>)? {
            fn clone(&self) -> Self {
                Self::of(self.handle.clone())
            }
        }

        /// Handles are equal if they are of the same object.
        impl$(<$($parameter),+>)? PartialEq for $name$(<$($parameter),+>)? {
            fn eq(&self, other: &Self) -> bool {
                self.handle == other.handle
            }
        }

        impl$(<$($parameter),+>)? Eq for $name$(<$($parameter),+>)? {}

        impl$(<$($parameter),+>)? std::fmt::Debug for $name$(<$($parameter),+>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("manager", self.handle.address())
                    .field("id", &self.handle.id.0)
                    .finish()
            }
        }

        impl$(<$($parameter),+>)? serde::Serialize for $name$(<$($parameter),+>)? {
            fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
                self.handle.serialize(serializer)
            }
        }

        impl<'de $($(, $parameter)+)?> serde::Deserialize<'de> for $name$(<$($parameter),+>)? {
            fn deserialize<Z: serde::Deserializer<'de>>(deserializer: Z) -> Result<Self, Z::Error> {
                serde::Deserialize::deserialize(deserializer).map(Self::of)
            }
        }
    };
}

use handle;
