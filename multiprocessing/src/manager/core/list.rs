//! Lists. A value and an array are lists whose length their clients do not change.

use super::desk::{Caller, Desk};
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{Fault, ListRequest, Reply};

#[derive(Debug)]
struct Element {
    value: Blob,
    version: u64,
}

#[derive(Debug, Default)]
pub(crate) struct List {
    elements: Vec<Element>,
}

impl List {
    pub(crate) fn new(desk: &mut Desk, values: Vec<Blob>) -> Self {
        let mut list = Self::default();
        list.extend(desk, values);
        list
    }

    pub(crate) fn handle(&mut self, desk: &mut Desk, caller: Caller, request: ListRequest) {
        let reply = match request {
            ListRequest::Extend(values) => {
                self.extend(desk, values);
                Reply::Done
            }
            ListRequest::Pop => Reply::Value(self.elements.pop().map(|element| element.value)),
            ListRequest::Get(index) => {
                Reply::Value(self.element(index).map(|element| element.value.clone()))
            }
            ListRequest::Set(index, value) => self.set(desk, index, value),
            ListRequest::Insert(index, value) => match usize::try_from(index) {
                Ok(at) if at <= self.elements.len() => {
                    let version = desk.new_version();
                    self.elements.insert(at, Element { value, version });
                    Reply::Done
                }
                _ => self.out_of_range(index),
            },
            ListRequest::Remove(index) => match usize::try_from(index) {
                Ok(at) if at < self.elements.len() => {
                    Reply::Value(Some(self.elements.remove(at).value))
                }
                _ => self.out_of_range(index),
            },
            ListRequest::Len => Reply::Count(self.elements.len() as u64),
            ListRequest::All => {
                let values = self.elements.iter().map(|element| element.value.clone());
                Reply::Values(values.collect())
            }
            ListRequest::Clear => {
                self.elements.clear();
                Reply::Done
            }
            ListRequest::GetVersioned(index) => self.versioned(index),
            ListRequest::Swap {
                index,
                version,
                new,
            } => match self.element(index) {
                Some(element) if element.version == version => self.set(desk, index, new),
                _ => self.versioned(index),
            },
        };
        desk.reply(caller, reply);
    }

    fn extend(&mut self, desk: &mut Desk, values: Vec<Blob>) {
        let elements = values.into_iter().map(|value| Element {
            value,
            version: desk.new_version(),
        });
        self.elements.extend(elements);
    }

    fn element(&self, index: u64) -> Option<&Element> {
        self.elements.get(usize::try_from(index).ok()?)
    }

    fn set(&mut self, desk: &mut Desk, index: u64, value: Blob) -> Reply {
        let at = usize::try_from(index).ok();
        match at.and_then(|at| self.elements.get_mut(at)) {
            Some(element) => {
                let version = desk.new_version();
                *element = Element { value, version };
                Reply::Done
            }
            None => self.out_of_range(index),
        }
    }

    fn versioned(&self, index: u64) -> Reply {
        match self.element(index) {
            Some(element) => Reply::Versioned(Some(element.value.clone()), element.version),
            None => self.out_of_range(index),
        }
    }

    fn out_of_range(&self, index: u64) -> Reply {
        let len = self.elements.len() as u64;
        Reply::Fault(Fault::OutOfRange { index, len })
    }
}
