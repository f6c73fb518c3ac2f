//! Locks with their conditions. A lock passes to the clients that wait, in the order of their requests.

use std::collections::{HashMap, VecDeque};

use super::desk::{Caller, ClientId, Desk};
use crate::manager::protocol::{ConditionRequest, Fault, LockRequest, ObjectId, Reply, Wait};

#[derive(Debug)]
struct Waiter {
    client: ClientId,
    /// The condition that it waited for, if that was notified.
    notified_by: Option<ObjectId>,
}

#[derive(Debug)]
pub(crate) struct Lock {
    id: ObjectId,
    reentrant: bool,
    owner: Option<ClientId>,
    /// The condition whose notification made it the owner. Its end may have come before it could act on that.
    notified_by: Option<ObjectId>,
    /// How often the owner has locked it.
    depth: u64,
    /// Whether an owner has ended, and this has not been reported to a client yet.
    owner_died: bool,
    waiters: VecDeque<Waiter>,
    conditions: HashMap<ObjectId, VecDeque<ClientId>>,
}

impl Lock {
    pub(crate) fn new(id: ObjectId, reentrant: bool) -> Self {
        Self {
            id,
            reentrant,
            owner: None,
            notified_by: None,
            depth: 0,
            owner_died: false,
            waiters: VecDeque::new(),
            conditions: HashMap::new(),
        }
    }

    /// Adds a condition. Returns false if the lock is reentrant: the number of its locks would have to be restored.
    pub(crate) fn add_condition(&mut self, id: ObjectId) -> bool {
        if !self.reentrant {
            self.conditions.insert(id, VecDeque::new());
        }
        !self.reentrant
    }

    pub(crate) fn handle(&mut self, desk: &mut Desk, caller: Caller, request: LockRequest) {
        match request {
            LockRequest::Acquire(wait) => self.acquire(desk, caller, wait),
            LockRequest::Release if self.owner != Some(caller.client) => {
                desk.fault(caller, Fault::NotOwner);
            }
            LockRequest::Release => {
                desk.reply(caller, Reply::Done);
                self.depth -= 1;
                if self.depth == 0 {
                    self.pass_on(desk);
                }
            }
        }
    }

    fn acquire(&mut self, desk: &mut Desk, caller: Caller, wait: Wait) {
        if self.owner.is_none() {
            let reply = self.own(desk, caller.client, None);
            desk.reply(caller, reply);
        } else if self.owner == Some(caller.client) && self.reentrant {
            self.depth += 1;
            let (owner_died, notified) = (false, false);
            desk.reply(
                caller,
                Reply::Locked {
                    owner_died,
                    notified,
                },
            );
        } else if self.owner == Some(caller.client) && wait.is_none_or(|wait| !wait.is_zero()) {
            desk.fault(caller, Fault::Deadlock);
        } else if desk.park(caller, wait) {
            self.waiters.push_back(Waiter {
                client: caller.client,
                notified_by: None,
            });
        }
    }

    /// Makes a client the owner, perhaps because a condition was notified. Returns the reply that says so.
    fn own(&mut self, desk: &mut Desk, client: ClientId, notified_by: Option<ObjectId>) -> Reply {
        self.owner = Some(client);
        self.notified_by = notified_by;
        self.depth = 1;
        desk.hold(client, self.id);
        let owner_died = std::mem::take(&mut self.owner_died);
        Reply::Locked {
            owner_died,
            notified: notified_by.is_some(),
        }
    }

    /// Makes the first client that waits the owner.
    fn pass_on(&mut self, desk: &mut Desk) {
        self.owner = None;
        if let Some(waiter) = self.waiters.pop_front() {
            let reply = self.own(desk, waiter.client, waiter.notified_by);
            desk.wake(waiter.client, reply);
        }
    }

    /// Handles a request to a condition of this lock, which the caller names as its object.
    pub(crate) fn handle_condition(
        &mut self,
        desk: &mut Desk,
        caller: Caller,
        request: ConditionRequest,
    ) {
        let condition = caller.object;
        match request {
            ConditionRequest::Wait(_) if self.owner != Some(caller.client) => {
                desk.fault(caller, Fault::NotOwner);
            }
            ConditionRequest::Wait(wait) => self.wait(desk, caller, wait),
            ConditionRequest::NotifyOne => {
                self.notify_one(desk, condition);
                desk.reply(caller, Reply::Done);
            }
            ConditionRequest::NotifyAll => {
                while self.notify_one(desk, condition) {}
                desk.reply(caller, Reply::Done);
            }
        }
    }

    /// Releases the lock, and lets its owner wait until the condition is notified and the lock is free again.
    fn wait(&mut self, desk: &mut Desk, caller: Caller, wait: Wait) {
        let Caller { client, object, .. } = caller;
        // One that waits for no time at all still lets the others have the lock.
        desk.park(caller, wait.filter(|wait| !wait.is_zero()));
        if wait.is_some_and(|wait| wait.is_zero()) {
            let notified_by = None;
            self.waiters.push_back(Waiter {
                client,
                notified_by,
            });
        } else if let Some(waiting) = self.conditions.get_mut(&object) {
            waiting.push_back(client);
        }
        self.pass_on(desk);
    }

    /// Returns false if no client waits for the condition.
    fn notify_one(&mut self, desk: &mut Desk, condition: ObjectId) -> bool {
        let waiting = self.conditions.get_mut(&condition);
        let Some(client) = waiting.and_then(VecDeque::pop_front) else {
            return false;
        };
        self.resume(desk, client, Some(condition));
        true
    }

    /// Lets a client that waits for a condition wait for the lock.
    fn resume(&mut self, desk: &mut Desk, client: ClientId, notified_by: Option<ObjectId>) {
        desk.wait_on(client);
        self.waiters.push_back(Waiter {
            client,
            notified_by,
        });
        if self.owner.is_none() {
            self.pass_on(desk);
        }
    }

    /// Ends the wait of a client whose deadline has passed. One that waits for a condition needs the lock first.
    pub(crate) fn expired(&mut self, desk: &mut Desk, client: ClientId) {
        let mut conditions = self.conditions.values();
        let waits = conditions.any(|waiting| waiting.contains(&client));
        self.stop_waiting(client);
        if waits {
            self.resume(desk, client, None);
        } else {
            desk.wake(client, Reply::TimedOut);
        }
    }

    fn stop_waiting(&mut self, client: ClientId) {
        self.waiters.retain(|waiter| waiter.client != client);
        for waiting in self.conditions.values_mut() {
            waiting.retain(|waiter| *waiter != client);
        }
    }

    /// Returns whether no client waits here or holds something.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.owner.is_none()
            && self.waiters.is_empty()
            && self.conditions.values().all(VecDeque::is_empty)
    }

    pub(crate) fn client_gone(&mut self, desk: &mut Desk, client: ClientId) {
        let notified_by = if self.owner == Some(client) {
            self.owner_died = true;
            self.notified_by
        } else {
            let mut waiters = self.waiters.iter();
            let waiter = waiters.find(|waiter| waiter.client == client);
            waiter.and_then(|waiter| waiter.notified_by)
        };
        self.stop_waiting(client);
        if let Some(condition) = notified_by {
            // Another client can act on the notification that this one received.
            self.notify_one(desk, condition);
        }
        if self.owner == Some(client) {
            self.pass_on(desk);
        }
    }
}
