//! Tasks that can be sent: serde can encode and decode their fields and their output.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::task::Task;

/// A [`Task`] that can be sent to another process or machine. Implemented for every task whose fields and output serde
/// can serialize and deserialize.
///
/// ```
/// use portable_task::{PortableTask, Task};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Gcd(u64, u64);
///
/// impl Task for Gcd {
///     type Output = u64;
///     const NAME: &'static str = "gcd";
///
///     fn run(self) -> u64 {
///         let Self(mut a, mut b) = self;
///         while b > 0 {
///             (a, b) = (b, a % b);
///         }
///         a
///     }
/// }
///
/// fn can_be_sent(_task: impl PortableTask) {}
/// can_be_sent(Gcd(1963309, 2265973));
/// ```
///
/// Fields and output are encoded with [postcard](https://docs.rs/postcard), which does not store types. So types that
/// must inspect the data to know how to deserialize it cannot be sent: `serde_json::Value`, `#[serde(untagged)]` and
/// `#[serde(flatten)]` cause errors. **`#[serde(skip_serializing_if)]` is worse**: the fields after a skipped one are
/// decoded as something else, often without an error. Long byte strings are faster as [`Bytes`](crate::Bytes).
///
/// A task that is sent, and a value that comes back, occupy at most 1 GiB each. A value may be nested so deeply that
/// encoding and decoding it need 512 KiB of stack, which is some hundred levels at least; the thread must have that much left. Beyond that the task fails
/// with an error of the kind [`Encode`](crate::RemoteErrorKind::Encode) or
/// [`Decode`](crate::RemoteErrorKind::Decode).
pub trait PortableTask:
    Task<Output: Serialize + DeserializeOwned + 'static> + Serialize + DeserializeOwned + 'static
{
}

impl<K> PortableTask for K where
    K: Task<Output: Serialize + DeserializeOwned + 'static>
        + Serialize
        + DeserializeOwned
        + 'static
{
}
