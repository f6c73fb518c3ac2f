//! Values of different types by name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle;
use crate::manager::client::Handle;
use crate::manager::error::ManagerError;
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{MapRequest, Reply, Request};

/// Values by name between processes, each of its own type.
///
/// Created by [`Manager::namespace`](crate::Manager::namespace). Clones are of the same namespace, and a handle can be sent
/// to other processes. A value must be read as the type that it was set with.
///
/// ```standalone_crate
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let settings = manager.namespace()?;
///     settings.set("depth", &3_u32)?;
///     settings.set("name", "flags")?;
///     assert_eq!(settings.get::<u32>("depth")?, Some(3));
///     assert_eq!(settings.get::<String>("name")?, Some("flags".to_owned()));
///     assert!(settings.get::<(u32, u32)>("depth").is_err());
///
///     assert!(settings.remove("depth")?);
///     assert_eq!(settings.get::<u32>("depth")?, None);
///     assert_eq!(settings.names()?, ["name"]);
///     Ok(())
/// }
/// ```
pub struct Namespace {
    handle: Handle,
}

handle!(Namespace);

impl Namespace {
    fn ask(&self, request: MapRequest) -> Result<Reply, ManagerError> {
        self.handle.ask(&Request::Map(self.handle.id, request))
    }

    /// Returns the value of this name, or `None` if it has none.
    ///
    /// [`Namespace`] has an example.
    ///
    /// # Errors
    /// If the value is of another type, as far as that can be recognised, or the manager has ended.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ManagerError> {
        let value = self.ask(MapRequest::Get(Blob::encode(name)?))?.value()?;
        value.map(|value| value.decode()).transpose()
    }

    /// Sets the value of a name.
    ///
    /// [`Namespace`] has an example.
    ///
    /// # Errors
    /// If the value cannot be encoded, or the manager has ended.
    pub fn set<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<(), ManagerError> {
        let (name, value) = (Blob::encode(name)?, Blob::encode(value)?);
        self.ask(MapRequest::Insert(name, value))?.value().map(drop)
    }

    /// Removes a name. Returns whether it had a value.
    ///
    /// [`Namespace`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn remove(&self, name: &str) -> Result<bool, ManagerError> {
        let removed = self.ask(MapRequest::Remove(Blob::encode(name)?))?.value()?;
        Ok(removed.is_some())
    }

    /// Returns all names that have a value, in the order in which they were set first.
    ///
    /// [`Namespace`] has an example.
    ///
    /// # Errors
    /// If all names together need more than 1 GiB, or the manager has ended.
    pub fn names(&self) -> Result<Vec<String>, ManagerError> {
        let names = self.ask(MapRequest::Keys)?.values()?;
        names.iter().map(Blob::decode).collect()
    }
}
