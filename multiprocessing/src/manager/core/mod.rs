//! The state of a manager: its objects, the clients that hold them, and those that wait.
//!
//! Knows neither sockets nor threads. Each request leads to one reply, which may come much later; nothing here ever waits.
//!
//! * `desk`: the clients that wait, and the replies to send
//! * `queue`: queues
//! * `map`: dictionaries
//! * `list`: lists, values and arrays
//! * `lock`: locks with their conditions
//! * `semaphore`: semaphores
//! * `event`: events
//! * `barrier`: barriers

mod barrier;
mod desk;
mod event;
mod list;
mod lock;
mod map;
mod queue;
mod semaphore;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Instant;

use self::barrier::Barrier;
use self::desk::Desk;
pub(crate) use self::desk::{Caller, ClientId, Outgoing, ServiceCall};
use self::event::Event;
use self::list::List;
use self::lock::Lock;
use self::map::Map;
use self::queue::Queue;
use self::semaphore::Semaphore;
use super::protocol::encoding::Blob;
use super::protocol::{Fault, New, ObjectId, Reply, Request};

#[derive(Debug)]
enum Object {
    Queue(Queue),
    Map(Map),
    List(List),
    Lock(Lock),
    /// A condition is a part of this lock.
    Condition(ObjectId),
    Semaphore(Semaphore),
    Event(Event),
    Barrier(Barrier),
    Service,
}

/// A client has sent a request while another one waits, so it is not one of ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Violation;

#[derive(Debug)]
pub(crate) struct Core {
    objects: HashMap<ObjectId, Object>,
    last_id: u64,
    clients: u64,
    desk: Desk,
}

impl Core {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            objects: HashMap::new(),
            last_id: 0,
            clients: 0,
            desk: Desk::new(now),
        }
    }

    /// Counts a client that has been accepted.
    pub(crate) fn client_came(&mut self) {
        self.clients += 1;
    }

    /// Handles a request. The replies that it leads to, to this client and to others, are added to the outbox.
    ///
    /// # Errors
    /// If the client waits already. Its connection is to be closed.
    pub(crate) fn handle(
        &mut self,
        client: ClientId,
        number: u64,
        request: Request,
        now: Instant,
    ) -> Result<(), Violation> {
        if self.desk.parked(client).is_some() {
            return Err(Violation);
        }
        self.desk.set_now(now);
        let object = request.object();
        let caller = Caller {
            client,
            number,
            object,
        };
        match request {
            Request::Create(new) => self.create(caller, new),
            Request::Status => {
                let reply = Reply::Status {
                    clients: self.clients,
                    objects: self.objects.len() as u64,
                    waiting: self.desk.waiting() as u64,
                };
                self.desk.reply(caller, reply);
            }
            Request::Condition(_, request) => match lock_of(&mut self.objects, object) {
                Some(lock) => lock.handle_condition(&mut self.desk, caller, request),
                None => self.desk.fault(caller, Fault::NoObject),
            },
            request => self.hand_over(caller, request),
        }
        Ok(())
    }

    /// Lets the object of a request handle it, if it is of the right kind.
    fn hand_over(&mut self, caller: Caller, request: Request) {
        use Request as R;

        let desk = &mut self.desk;
        match (self.objects.get_mut(&caller.object), request) {
            (Some(Object::Queue(queue)), R::Queue(_, it)) => queue.handle(desk, caller, it),
            (Some(Object::Map(map)), R::Map(_, it)) => map.handle(desk, caller, it),
            (Some(Object::List(list)), R::List(_, it)) => list.handle(desk, caller, it),
            (Some(Object::Lock(lock)), R::Lock(_, it)) => lock.handle(desk, caller, it),
            (Some(Object::Semaphore(semaphore)), R::Semaphore(_, it)) => {
                semaphore.handle(desk, caller, it);
            }
            (Some(Object::Event(event)), R::Event(_, it)) => event.handle(desk, caller, it),
            (Some(Object::Barrier(barrier)), R::Barrier(_, it)) => {
                barrier.handle(desk, caller, it);
            }
            (Some(Object::Service), R::Call(_, call)) => self.call(caller, call, false),
            _ => desk.fault(caller, Fault::NoObject),
        }
    }

    fn create(&mut self, caller: Caller, new: New) {
        self.last_id += 1;
        let id = ObjectId(self.last_id);
        let caller = Caller {
            object: id,
            ..caller
        };
        let object = match new {
            New::Queue { bound, joinable } => Object::Queue(Queue::new(id, bound, joinable)),
            New::Map => Object::Map(Map::default()),
            New::List(values) => Object::List(List::new(&mut self.desk, values)),
            New::Lock { reentrant } => Object::Lock(Lock::new(id, reentrant)),
            New::Condition(lock) => {
                let added = match self.objects.get_mut(&lock) {
                    Some(Object::Lock(lock)) => lock.add_condition(id),
                    _ => false,
                };
                if !added {
                    return self.desk.fault(caller, Fault::NoObject);
                }
                Object::Condition(lock)
            }
            New::Semaphore { permits, bounded } => {
                Object::Semaphore(Semaphore::new(id, permits, bounded))
            }
            New::Event => Object::Event(Event::default()),
            New::Barrier { parties } => Object::Barrier(Barrier::new(parties)),
            New::Service(call) => {
                // The reply comes from the service.
                self.objects.insert(id, Object::Service);
                return self.call(caller, call, true);
            }
        };
        self.objects.insert(id, object);
        self.desk.reply(caller, Reply::Created(id));
    }

    fn call(&mut self, caller: Caller, call: Blob, starts: bool) {
        self.desk.park(caller, None);
        self.desk.calls.push(ServiceCall {
            caller,
            call,
            starts,
        });
    }

    /// Handles the reply of a service, unless the client has ended meanwhile.
    pub(crate) fn answer(&mut self, caller: Caller, reply: Reply) {
        if self.desk.parked(caller.client) == Some(caller) {
            self.desk.wake(caller.client, reply);
        }
    }

    /// Removes a service that has not started.
    pub(crate) fn remove(&mut self, id: ObjectId) {
        self.objects.remove(&id);
    }

    /// Releases all that an accepted client holds, after its connection has been closed.
    pub(crate) fn client_gone(&mut self, client: ClientId) {
        self.clients -= 1;
        for id in self.desk.forget(client) {
            let desk = &mut self.desk;
            match self.objects.get_mut(&id) {
                Some(Object::Queue(queue)) => queue.client_gone(desk, client),
                Some(Object::Lock(lock)) => lock.client_gone(desk, client),
                Some(Object::Condition(_)) => {
                    if let Some(lock) = lock_of(&mut self.objects, id) {
                        lock.client_gone(desk, client);
                    }
                }
                Some(Object::Semaphore(semaphore)) => semaphore.client_gone(desk, client),
                Some(Object::Event(event)) => event.stop_waiting(client),
                Some(Object::Barrier(barrier)) => barrier.stop_waiting(desk, client),
                Some(Object::Map(_) | Object::List(_) | Object::Service) | None => {}
            }
        }
    }

    /// Ends the waits whose deadlines have passed.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.desk.set_now(now);
        while let Some(caller) = self.desk.next_expired() {
            let (id, client) = (caller.object, caller.client);
            let desk = &mut self.desk;
            match self.objects.get_mut(&id) {
                Some(Object::Queue(queue)) => queue.stop_waiting(client),
                Some(Object::Semaphore(semaphore)) => semaphore.stop_waiting(client),
                Some(Object::Event(event)) => event.stop_waiting(client),
                // These reply themselves.
                Some(Object::Barrier(barrier)) => barrier.stop_waiting(desk, client),
                Some(Object::Lock(lock)) => lock.expired(desk, client),
                Some(Object::Condition(_)) => {
                    if let Some(lock) = lock_of(&mut self.objects, id) {
                        lock.expired(desk, client);
                    }
                    continue;
                }
                Some(Object::Map(_) | Object::List(_) | Object::Service) | None => {}
            }
            self.desk.wake(client, Reply::TimedOut);
        }
    }

    /// Returns when `expire` is to be called next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.desk.next_deadline()
    }

    /// Returns the replies to send, in their order.
    pub(crate) fn outbox(&mut self) -> &mut Vec<Outgoing> {
        &mut self.desk.outbox
    }

    /// Returns whether no client waits or holds something.
    #[cfg(test)]
    fn is_idle(&self) -> bool {
        let mut objects = self.objects.values();
        self.desk.is_idle()
            && objects.all(|object| match object {
                Object::Queue(queue) => queue.is_idle(),
                Object::Lock(lock) => lock.is_idle(),
                Object::Semaphore(semaphore) => semaphore.is_idle(),
                Object::Event(event) => event.is_idle(),
                Object::Barrier(barrier) => barrier.is_idle(),
                Object::Map(_) | Object::List(_) | Object::Condition(_) | Object::Service => true,
            })
    }

    /// Returns the calls to make in services, in their order.
    pub(crate) fn take_calls(&mut self) -> Vec<ServiceCall> {
        std::mem::take(&mut self.desk.calls)
    }
}

/// Returns the lock of a condition.
fn lock_of(objects: &mut HashMap<ObjectId, Object>, condition: ObjectId) -> Option<&mut Lock> {
    let lock = match objects.get(&condition) {
        Some(Object::Condition(lock)) => *lock,
        _ => return None,
    };
    match objects.get_mut(&lock) {
        Some(Object::Lock(lock)) => Some(lock),
        _ => None,
    }
}
