//! What a task for another process is: one whose fields can be written here and read there, as can its output.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::task::Task;

/// A [`Task`] that can be sent to another process. Nothing to implement: every task is one whose fields and output serde can
/// write and read.
///
/// ```
/// use concurrent_futures::{PortableTask, Task};
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
/// Fields and output are written by [postcard](https://docs.rs/postcard), which does not say of which type they are. So
/// types that must see the data to know how to read it cannot be sent: `serde_json::Value`, `#[serde(untagged)]`,
/// `#[serde(flatten)]` are errors. **`#[serde(skip_serializing_if)]` is worse**: the fields behind one that was skipped are read
/// as something else, often without an error. Long runs of bytes go faster as `serde_bytes`.
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
