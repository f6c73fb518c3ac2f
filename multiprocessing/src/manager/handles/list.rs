//! Lists.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle;
use crate::manager::client::{Handle, unexpected};
use crate::manager::error::ManagerError;
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{ListRequest, Reply, Request};

/// A list between processes.
///
/// Created by [`Manager::list`](crate::Manager::list). Clones are of the same list, and a handle can be sent to other
/// processes. Each operation is atomic; [`update`](Self::update) changes an element depending on itself.
///
/// ```standalone_crate
/// use multiprocessing::{Manager, ManagerError, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let list = manager.list::<u32>()?;
///     list.push(2)?;
///     list.extend([3, 4])?;
///     list.insert(0, 1)?;
///     list.set(3, 5)?;
///     assert_eq!(list.to_vec()?, [1, 2, 3, 5]);
///     assert_eq!(list.update(1, |n| n * 10)?, 20);
///     assert_eq!((list.get(1)?, list.get(4)?), (Some(20), None));
///
///     assert_eq!(list.remove(0)?, 1);
///     assert!(matches!(
///         list.remove(3),
///         Err(ManagerError::OutOfRange { index: 3, len: 3 })
///     ));
///     assert_eq!(list.pop()?, Some(5));
///     assert_eq!(list.len()?, 2);
///     list.clear()?;
///     assert!(list.is_empty()? && list.pop()?.is_none());
///     Ok(())
/// }
/// ```
pub struct List<T> {
    handle: Handle,
    types: PhantomData<fn() -> (T,)>,
}

handle!(List<T>);

impl<T: Serialize + DeserializeOwned> List<T> {
    fn ask(&self, request: ListRequest) -> Result<Reply, ManagerError> {
        self.handle.ask(&Request::List(self.handle.id, request))
    }

    /// Adds an element at the end.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the value cannot be encoded, or the manager has ended.
    pub fn push(&self, value: impl Borrow<T>) -> Result<(), ManagerError> {
        let values = vec![Blob::encode(value.borrow())?];
        self.ask(ListRequest::Extend(values))?.done()
    }

    /// Adds elements at the end. No others come between them.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded, all of them need more than 1 GiB, or the manager has ended.
    pub fn extend(
        &self,
        values: impl IntoIterator<Item = impl Borrow<T>>,
    ) -> Result<(), ManagerError> {
        let values = values.into_iter();
        let values: Result<_, _> = values.map(|value| Blob::encode(value.borrow())).collect();
        self.ask(ListRequest::Extend(values?))?.done()
    }

    /// Removes the last element and returns it.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the value cannot be decoded, or the manager has ended.
    pub fn pop(&self) -> Result<Option<T>, ManagerError> {
        let value = self.ask(ListRequest::Pop)?.value()?;
        value.map(|value| value.decode()).transpose()
    }

    /// Returns an element, or `None` if the index is out of range.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the value cannot be decoded, or the manager has ended.
    pub fn get(&self, index: usize) -> Result<Option<T>, ManagerError> {
        element(&self.handle, index)
    }

    /// Replaces an element.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::OutOfRange`] if the index is out of range. If the value cannot be encoded, or the manager has ended.
    pub fn set(&self, index: usize, value: impl Borrow<T>) -> Result<(), ManagerError> {
        set_element(&self.handle, index, value.borrow())
    }

    /// Adds an element before that of this index, or at the end.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::OutOfRange`] if the index is out of range. If the value cannot be encoded, or the manager has ended.
    pub fn insert(&self, index: usize, value: impl Borrow<T>) -> Result<(), ManagerError> {
        let value = Blob::encode(value.borrow())?;
        self.ask(ListRequest::Insert(index as u64, value))?.done()
    }

    /// Removes an element and returns it.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::OutOfRange`] if the index is out of range. If the value cannot be decoded, or the manager has ended.
    pub fn remove(&self, index: usize) -> Result<T, ManagerError> {
        let removed = self.ask(ListRequest::Remove(index as u64))?.value()?;
        removed.map_or_else(
            || Err(unexpected(Reply::Value(None))),
            |value| value.decode(),
        )
    }

    /// Returns the number of elements.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn len(&self) -> Result<usize, ManagerError> {
        len(&self.handle)
    }

    /// Returns whether there are no elements.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn is_empty(&self) -> Result<bool, ManagerError> {
        self.len().map(|len| len == 0)
    }

    /// Returns all elements.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If a value cannot be decoded, all of them need more than 1 GiB, or the manager has ended.
    pub fn to_vec(&self) -> Result<Vec<T>, ManagerError> {
        elements(&self.handle)
    }

    /// Removes all elements.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn clear(&self) -> Result<(), ManagerError> {
        self.ask(ListRequest::Clear)?.done()
    }

    /// Replaces the element with this index by the value that `change` returns for it. Returns the new value.
    ///
    /// No other change comes between: if there is one meanwhile, `change` runs again, with the element that has the index
    /// then.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::OutOfRange`] if the index is out of range. If the value cannot be encoded or decoded, or the manager has
    /// ended.
    pub fn update(&self, index: usize, change: impl FnMut(T) -> T) -> Result<T, ManagerError> {
        update_element(&self.handle, index, change)
    }
}

/// What a list, an array and a value have in common.
pub(super) fn element<T: DeserializeOwned>(
    handle: &Handle,
    index: usize,
) -> Result<Option<T>, ManagerError> {
    let get = Request::List(handle.id, ListRequest::Get(index as u64));
    let value = handle.ask(&get)?.value()?;
    value.map(|value| value.decode()).transpose()
}

pub(super) fn set_element<T: Serialize>(
    handle: &Handle,
    index: usize,
    value: &T,
) -> Result<(), ManagerError> {
    let set = ListRequest::Set(index as u64, Blob::encode(value)?);
    handle.ask(&Request::List(handle.id, set))?.done()
}

pub(super) fn len(handle: &Handle) -> Result<usize, ManagerError> {
    let request = Request::List(handle.id, ListRequest::Len);
    handle.ask(&request)?.count()
}

pub(super) fn elements<T: DeserializeOwned>(handle: &Handle) -> Result<Vec<T>, ManagerError> {
    let all = Request::List(handle.id, ListRequest::All);
    let values = handle.ask(&all)?.values()?;
    values.iter().map(Blob::decode).collect()
}

pub(super) fn update_element<T: Serialize + DeserializeOwned>(
    handle: &Handle,
    index: usize,
    mut change: impl FnMut(T) -> T,
) -> Result<T, ManagerError> {
    let index = index as u64;
    let get = Request::List(handle.id, ListRequest::GetVersioned(index));
    let mut current = handle.ask(&get)?;
    loop {
        let Reply::Versioned(Some(old), version) = current else {
            return Err(unexpected(current));
        };
        let value = change(old.decode()?);
        let new = Blob::encode(&value)?;
        let swap = ListRequest::Swap {
            index,
            version,
            new,
        };
        current = handle.ask(&Request::List(handle.id, swap))?;
        if current == Reply::Done {
            return Ok(value);
        }
    }
}
