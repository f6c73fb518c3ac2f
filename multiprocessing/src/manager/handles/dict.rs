//! Dictionaries.

use std::borrow::Borrow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle;
use crate::manager::client::{Handle, unexpected};
use crate::manager::error::ManagerError;
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{MapRequest, Reply, Request};

/// A dictionary between processes.
///
/// Created by [`Manager::dict`](crate::Manager::dict). Clones are of the same dictionary, and a handle can be sent to other
/// processes. Two keys are the same if they are encoded in the same way, so a type without an order of its own, such as a
/// `HashSet`, is not a key. Each operation is atomic; [`update`](Self::update) changes a value depending on itself.
///
/// ```standalone_crate
/// use multiprocessing::{Manager, Registry, serve};
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     serve(Registry::new());
///     let manager = Manager::start()?;
///
///     let ages = manager.dict::<String, u32>()?;
///     let (ada, bob) = ("Ada".to_owned(), "Bob".to_owned());
///     assert_eq!(ages.insert(&ada, 36)?, None);
///     assert_eq!(ages.insert(&ada, 37)?, Some(36));
///     assert_eq!(ages.get(&ada)?, Some(37));
///     assert_eq!(ages.get_or_insert(&bob, 20)?, 20);
///
///     // One year older, atomically. Returns the new value.
///     assert_eq!(ages.update(&bob, |age| age.map(|age| age + 1))?, Some(21));
///
///     assert_eq!(ages.items()?, [(ada.clone(), 37), (bob.clone(), 21)]);
///     assert_eq!(ages.keys()?, [ada.clone(), bob.clone()]);
///     assert_eq!(ages.remove(&ada)?, Some(37));
///     assert!(ages.contains_key(&bob)? && ages.len()? == 1);
///     ages.clear()?;
///     assert!(ages.is_empty()?);
///     Ok(())
/// }
/// ```
pub struct Dict<K, V> {
    handle: Handle,
    types: PhantomData<fn() -> (K, V)>,
}

handle!(Dict<K, V>);

impl<K, V> Dict<K, V>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    fn ask(&self, request: MapRequest) -> Result<Reply, ManagerError> {
        self.handle.ask(&Request::Map(self.handle.id, request))
    }

    /// Sends a request to which the reply is a value.
    fn ask_value(&self, request: MapRequest) -> Result<Option<V>, ManagerError> {
        let value = self.ask(request)?.value()?;
        value.map(|value| value.decode()).transpose()
    }

    /// Returns the value of a key.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded or decoded, or the manager has ended.
    pub fn get(&self, key: impl Borrow<K>) -> Result<Option<V>, ManagerError> {
        self.ask_value(MapRequest::Get(Blob::encode(key.borrow())?))
    }

    /// Sets the value of a key. Returns the old value.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded or decoded, or the manager has ended.
    pub fn insert(
        &self,
        key: impl Borrow<K>,
        value: impl Borrow<V>,
    ) -> Result<Option<V>, ManagerError> {
        let (key, value) = (Blob::encode(key.borrow())?, Blob::encode(value.borrow())?);
        self.ask_value(MapRequest::Insert(key, value))
    }

    /// Removes a key. Returns its value.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded or decoded, or the manager has ended.
    pub fn remove(&self, key: impl Borrow<K>) -> Result<Option<V>, ManagerError> {
        self.ask_value(MapRequest::Remove(Blob::encode(key.borrow())?))
    }

    /// Returns whether there is a value for this key.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If the key cannot be encoded, or the manager has ended.
    pub fn contains_key(&self, key: impl Borrow<K>) -> Result<bool, ManagerError> {
        self.ask(MapRequest::Contains(Blob::encode(key.borrow())?))?
            .is()
    }

    /// Returns the number of keys.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn len(&self) -> Result<usize, ManagerError> {
        self.ask(MapRequest::Len)?.count()
    }

    /// Returns whether there is no key.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn is_empty(&self) -> Result<bool, ManagerError> {
        self.len().map(|len| len == 0)
    }

    /// Returns all keys, in the order in which they were inserted first.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If a key cannot be decoded, all keys together need more than 1 GiB, or the manager has ended.
    pub fn keys(&self) -> Result<Vec<K>, ManagerError> {
        let keys = self.ask(MapRequest::Keys)?.values()?;
        keys.iter().map(Blob::decode).collect()
    }

    /// Returns all keys with their values, in the order in which the keys were inserted first.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If a key or value cannot be decoded, all of them need more than 1 GiB, or the manager has ended.
    pub fn items(&self) -> Result<Vec<(K, V)>, ManagerError> {
        match self.ask(MapRequest::Items)? {
            Reply::Pairs(pairs) => pairs
                .iter()
                .map(|(key, value)| Ok((key.decode()?, value.decode()?)))
                .collect(),
            reply => Err(unexpected(reply)),
        }
    }

    /// Removes all keys.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn clear(&self) -> Result<(), ManagerError> {
        self.ask(MapRequest::Clear)?.done()
    }

    /// Returns the value of a key, which is set to `value` first if there is none.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded or decoded, or the manager has ended.
    pub fn get_or_insert(
        &self,
        key: impl Borrow<K>,
        value: impl Borrow<V>,
    ) -> Result<V, ManagerError> {
        let (key, value) = (Blob::encode(key.borrow())?, Blob::encode(value.borrow())?);
        let value = self.ask_value(MapRequest::GetOrInsert(key, value))?;
        value.ok_or_else(|| unexpected(Reply::Value(None)))
    }

    /// Replaces the value of a key by the one that `change` returns for it; `None` stands for no value. Returns the new value.
    ///
    /// No other change comes between: if there is one meanwhile, `change` runs again, with the newer value.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded or decoded, or the manager has ended.
    pub fn update(
        &self,
        key: impl Borrow<K>,
        mut change: impl FnMut(Option<V>) -> Option<V>,
    ) -> Result<Option<V>, ManagerError> {
        let key = Blob::encode(key.borrow())?;
        let mut current = self.ask(MapRequest::GetVersioned(key.clone()))?;
        loop {
            let Reply::Versioned(old, version) = current else {
                return Err(unexpected(current));
            };
            let value = change(old.map(|old| old.decode()).transpose()?);
            let new = value.as_ref().map(Blob::encode).transpose()?;
            let key = key.clone();
            current = self.ask(MapRequest::Swap { key, version, new })?;
            if current == Reply::Done {
                return Ok(value);
            }
        }
    }
}
