//! Creates the objects of a manager.

use portable_task::PortableTask;
use serde::Serialize;

use super::error::ManagerError;
use super::handles::{
    Array, Barrier, BoundedSemaphore, Condition, Dict, Event, JoinableQueue, List, Lock, Namespace,
    Queue, RLock, Semaphore, Service, Value, encode,
};
use super::protocol::New;
use super::protocol::encoding::Blob;
use super::start::Manager;

/// The objects that a manager can create.
impl Manager {
    /// Creates a queue, for at most `bound` items. If that is 0, an item is put only when another thread takes it.
    ///
    /// [`Queue`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn queue<T>(&self, bound: Option<usize>) -> Result<Queue<T>, ManagerError> {
        let (bound, joinable) = (bound.map(|bound| bound as u64), false);
        self.create(New::Queue { bound, joinable }).map(Queue::of)
    }

    /// Creates a queue whose items must be reported done, for at most `bound` items.
    ///
    /// [`JoinableQueue`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn joinable_queue<T>(
        &self,
        bound: Option<usize>,
    ) -> Result<JoinableQueue<T>, ManagerError> {
        let (bound, joinable) = (bound.map(|bound| bound as u64), true);
        let created = self.create(New::Queue { bound, joinable });
        created.map(JoinableQueue::of)
    }

    /// Creates a dictionary.
    ///
    /// [`Dict`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn dict<K, V>(&self) -> Result<Dict<K, V>, ManagerError> {
        self.create(New::Map).map(Dict::of)
    }

    /// Creates a lock.
    ///
    /// [`Lock`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn lock(&self) -> Result<Lock, ManagerError> {
        let reentrant = false;
        self.create(New::Lock { reentrant }).map(Lock::of)
    }

    /// Creates a lock that a thread may lock again while it holds it.
    ///
    /// [`RLock`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn rlock(&self) -> Result<RLock, ManagerError> {
        let reentrant = true;
        self.create(New::Lock { reentrant }).map(RLock::of)
    }

    /// Creates a condition of a lock.
    ///
    /// [`Condition`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::NoObject`] if the lock is that of another manager. If the manager has ended.
    pub fn condition(&self, lock: &Lock) -> Result<Condition, ManagerError> {
        if lock.handle().address() != self.address() {
            return Err(ManagerError::NoObject);
        }
        let lock = lock.handle().id;
        let handle = self.create(New::Condition(lock))?;
        Ok(Condition::new(handle, lock))
    }

    /// Creates a namespace.
    ///
    /// [`Namespace`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn namespace(&self) -> Result<Namespace, ManagerError> {
        self.create(New::Map).map(Namespace::of)
    }

    /// Creates a list.
    ///
    /// [`List`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn list<T>(&self) -> Result<List<T>, ManagerError> {
        self.create(New::List(Vec::new())).map(List::of)
    }

    /// Creates a value.
    ///
    /// [`Value`] has an example.
    ///
    /// # Errors
    /// If the value cannot be encoded, or the manager has ended.
    pub fn value<T: Serialize>(&self, value: &T) -> Result<Value<T>, ManagerError> {
        let values = vec![Blob::encode(value)?];
        self.create(New::List(values)).map(Value::of)
    }

    /// Creates an array of these elements.
    ///
    /// [`Array`] has an example.
    ///
    /// # Errors
    /// If a value cannot be encoded, or the manager has ended.
    pub fn array<T: Serialize>(
        &self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Array<T>, ManagerError> {
        let values = values.into_iter();
        let values: Result<_, _> = values.map(|value| Blob::encode(&value)).collect();
        self.create(New::List(values?)).map(Array::of)
    }

    /// Creates a semaphore with this many permits.
    ///
    /// [`Semaphore`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn semaphore(&self, permits: usize) -> Result<Semaphore, ManagerError> {
        let (permits, bounded) = (permits as u64, false);
        let created = self.create(New::Semaphore { permits, bounded });
        created.map(Semaphore::of)
    }

    /// Creates a semaphore that never has more than this many permits.
    ///
    /// [`BoundedSemaphore`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn bounded_semaphore(&self, permits: usize) -> Result<BoundedSemaphore, ManagerError> {
        let (permits, bounded) = (permits as u64, true);
        let created = self.create(New::Semaphore { permits, bounded });
        created.map(BoundedSemaphore::of)
    }

    /// Creates an event whose flag is not set.
    ///
    /// [`Event`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn event(&self) -> Result<Event, ManagerError> {
        self.create(New::Event).map(Event::of)
    }

    /// Creates a barrier that this many threads pass together.
    ///
    /// [`Barrier`] has an example.
    ///
    /// # Errors
    /// If the manager has ended.
    pub fn barrier(&self, parties: usize) -> Result<Barrier, ManagerError> {
        let parties = parties as u64;
        self.create(New::Barrier { parties }).map(Barrier::of)
    }

    /// Starts a service, whose state the task sets with [`service::set`](super::service::set).
    ///
    /// [`Service`] has an example.
    ///
    /// # Errors
    /// [`ManagerError::Remote`] if the task panics, or is not registered. If the task cannot be encoded, the system cannot
    /// start the thread, or the manager has ended.
    pub fn service<K: PortableTask>(&self, task: K) -> Result<Service, ManagerError> {
        let created = self.create(New::Service(encode(task)?));
        created.map(Service::of)
    }
}
