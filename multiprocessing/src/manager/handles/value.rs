//! Single values, and arrays of a fixed length. To the manager both are lists.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle;
use super::list::{element, elements, len, set_element, update_element};
use crate::manager::client::{Handle, unexpected};
use crate::manager::error::ManagerError;
use crate::manager::protocol::Reply;

/// A value between processes.
///
/// Created by [`Manager::value`](crate::Manager::value). Clones are of the same value, and a handle can be sent to other
/// processes.
///
/// ```standalone_crate
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let count = manager.value(&1_u32)?;
///     count.set(2)?;
///     assert_eq!(count.update(|count| count + 1)?, 3); // atomically
///     assert_eq!(count.get()?, 3);
///     Ok(())
/// }
/// ```
pub struct Value<T> {
    handle: Handle,
    types: PhantomData<fn() -> (T,)>,
}

handle!(Value<T>);

impl<T: Serialize + DeserializeOwned> Value<T> {
    /// Returns the value.
    ///
    /// [`Value`] has an example.
    ///
    /// # Errors
    /// If the value cannot be decoded, or the manager has ended.
    pub fn get(&self) -> Result<T, ManagerError> {
        let value = element(&self.handle, 0)?;
        value.ok_or_else(|| unexpected(Reply::Value(None)))
    }

    /// Replaces the value.
    ///
    /// [`Value`] has an example.
    ///
    /// # Errors
    /// If the value cannot be encoded, or the manager has ended.
    pub fn set(&self, value: impl Borrow<T>) -> Result<(), ManagerError> {
        set_element(&self.handle, 0, value.borrow())
    }

    /// Replaces the value by the one that `change` returns for it. Returns the new value.
    ///
    /// No other change comes between: if there is one meanwhile, `change` runs again, with the newer value.
    ///
    /// [`Value`] has an example.
    ///
    /// # Errors
    /// If the value cannot be encoded or decoded, or the manager has ended.
    pub fn update(&self, change: impl FnMut(T) -> T) -> Result<T, ManagerError> {
        update_element(&self.handle, 0, change)
    }
}

/// An array between processes, whose length does not change.
///
/// Created by [`Manager::array`](crate::Manager::array). Clones are of the same array, and a handle can be sent to other
/// processes.
///
/// ```standalone_crate
/// use multiprocessing::{Manager, ManagerError, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let array = manager.array(vec![1_u32, 2, 3])?;
///     array.set(0, 10)?;
///     assert_eq!(array.update(1, |n| n * 10)?, 20);
///     assert_eq!((array.get(1)?, array.len()?), (20, 3));
///     assert_eq!(array.to_vec()?, [10, 20, 3]);
///     assert!(matches!(array.get(3), Err(ManagerError::OutOfRange { .. })));
///     Ok(())
/// }
/// ```
pub struct Array<T> {
    handle: Handle,
    types: PhantomData<fn() -> (T,)>,
}

handle!(Array<T>);

#[expect(
    clippy::len_without_is_empty,
    reason = "whether an array is empty is known when it is created"
)]
impl<T: Serialize + DeserializeOwned> Array<T> {
    /// Returns an element.
    ///
    /// [`Array`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::OutOfRange`] if the index is out of range. If the value cannot be decoded, or the manager has ended.
    pub fn get(&self, index: usize) -> Result<T, ManagerError> {
        match element(&self.handle, index)? {
            Some(value) => Ok(value),
            None => Err(ManagerError::OutOfRange {
                index,
                len: self.len()?,
            }),
        }
    }

    /// Replaces an element.
    ///
    /// [`Array`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::OutOfRange`] if the index is out of range. If the value cannot be encoded, or the manager has ended.
    pub fn set(&self, index: usize, value: impl Borrow<T>) -> Result<(), ManagerError> {
        set_element(&self.handle, index, value.borrow())
    }

    /// Replaces an element by the value that `change` returns for it. Returns the new value.
    ///
    /// No other change comes between: if there is one meanwhile, `change` runs again, with the newer value.
    ///
    /// [`Array`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::OutOfRange`] if the index is out of range. If the value cannot be encoded or decoded, or the manager has
    /// ended.
    pub fn update(&self, index: usize, change: impl FnMut(T) -> T) -> Result<T, ManagerError> {
        update_element(&self.handle, index, change)
    }

    /// Returns the number of elements.
    ///
    /// [`Array`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn len(&self) -> Result<usize, ManagerError> {
        len(&self.handle)
    }

    /// Returns all elements.
    ///
    /// [`Array`] has an example.
    ///
    /// # Errors
    /// If a value cannot be decoded, all of them need more than 1 GiB, or the manager has ended.
    pub fn to_vec(&self) -> Result<Vec<T>, ManagerError> {
        elements(&self.handle)
    }
}
