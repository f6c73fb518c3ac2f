//! Dictionaries.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::desk::{Caller, Desk};
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{MapRequest, Reply};

/// The version of a value that is absent.
const ABSENT: u64 = 0;

#[derive(Debug)]
struct Value {
    value: Blob,
    /// The version that the entry had at first, which orders the entries.
    place: u64,
    version: u64,
}

/// Keeps the order in which the keys were inserted.
#[derive(Debug, Default)]
pub(crate) struct Map {
    entries: HashMap<Blob, Value>,
}

impl Map {
    pub(crate) fn handle(&mut self, desk: &mut Desk, caller: Caller, request: MapRequest) {
        let reply = match request {
            MapRequest::Get(key) => Reply::Value(self.get(&key)),
            MapRequest::Insert(key, value) => Reply::Value(self.insert(desk, key, value)),
            MapRequest::Remove(key) => {
                Reply::Value(self.entries.remove(&key).map(|entry| entry.value))
            }
            MapRequest::Contains(key) => Reply::Is(self.entries.contains_key(&key)),
            MapRequest::Len => Reply::Count(self.entries.len() as u64),
            MapRequest::Keys => {
                Reply::Values(self.items().into_iter().map(|item| item.0).collect())
            }
            MapRequest::Items => Reply::Pairs(self.items()),
            MapRequest::Clear => {
                self.entries.clear();
                Reply::Done
            }
            MapRequest::GetOrInsert(key, value) => {
                if !self.entries.contains_key(&key) {
                    self.insert(desk, key, value.clone());
                    Reply::Value(Some(value))
                } else {
                    Reply::Value(self.get(&key))
                }
            }
            MapRequest::GetVersioned(key) => self.versioned(&key),
            MapRequest::Swap { key, version, new } => self.swap(desk, key, version, new),
        };
        desk.reply(caller, reply);
    }

    fn get(&self, key: &Blob) -> Option<Blob> {
        self.entries.get(key).map(|entry| entry.value.clone())
    }

    /// Returns the old value.
    fn insert(&mut self, desk: &mut Desk, key: Blob, value: Blob) -> Option<Blob> {
        let version = desk.new_version();
        match self.entries.entry(key) {
            Entry::Occupied(mut entry) => {
                let entry = entry.get_mut();
                entry.version = version;
                Some(std::mem::replace(&mut entry.value, value))
            }
            Entry::Vacant(entry) => {
                entry.insert(Value {
                    value,
                    place: version,
                    version,
                });
                None
            }
        }
    }

    fn items(&self) -> Vec<(Blob, Blob)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_unstable_by_key(|(_, entry)| entry.place);
        let items = entries.into_iter();
        items
            .map(|(key, entry)| (key.clone(), entry.value.clone()))
            .collect()
    }

    fn versioned(&self, key: &Blob) -> Reply {
        match self.entries.get(key) {
            Some(entry) => Reply::Versioned(Some(entry.value.clone()), entry.version),
            None => Reply::Versioned(None, ABSENT),
        }
    }

    fn swap(&mut self, desk: &mut Desk, key: Blob, version: u64, new: Option<Blob>) -> Reply {
        let current = self.entries.get(&key).map_or(ABSENT, |entry| entry.version);
        if current != version {
            return self.versioned(&key);
        }
        match new {
            Some(value) => drop(self.insert(desk, key, value)),
            None => drop(self.entries.remove(&key)),
        }
        Reply::Done
    }
}
