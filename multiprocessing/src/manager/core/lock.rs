//! Locks with their conditions. A lock passes to the clients that wait, in the order of their requests.

use std::collections::{HashMap, VecDeque};

use super::desk::{Caller, ClientId, Desk};
use crate::manager::protocol::{ConditionRequest, Fault, LockRequest, ObjectId, Reply, Wait};

#[derive(Debug)]
struct Waiter {
    client: ClientId,
    /// The condition that it waited for, if it did, and whether that was notified.
    resumes: Option<(ObjectId, bool)>,
}

#[derive(Debug)]
pub(crate) struct Lock {
    id: ObjectId,
    reentrant: bool,
    owner: Option<ClientId>,
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
            let reply = self.own(desk, caller.client, false);
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
                resumes: None,
            });
        }
    }

    /// Makes a client the owner. Returns the reply that says so.
    fn own(&mut self, desk: &mut Desk, client: ClientId, notified: bool) -> Reply {
        self.owner = Some(client);
        self.depth = 1;
        desk.hold(client, self.id);
        let owner_died = std::mem::take(&mut self.owner_died);
        Reply::Locked {
            owner_died,
            notified,
        }
    }

    /// Makes the first client that waits the owner.
    fn pass_on(&mut self, desk: &mut Desk) {
        self.owner = None;
        if let Some(waiter) = self.waiters.pop_front() {
            let notified = waiter.resumes.is_some_and(|(_, notified)| notified);
            let reply = self.own(desk, waiter.client, notified);
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
            let resumes = Some((object, false));
            self.waiters.push_back(Waiter { client, resumes });
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
        self.resume(desk, client, condition, true);
        true
    }

    /// Lets a client that waits for a condition wait for the lock.
    fn resume(&mut self, desk: &mut Desk, client: ClientId, condition: ObjectId, notified: bool) {
        desk.wait_on(client);
        let resumes = Some((condition, notified));
        self.waiters.push_back(Waiter { client, resumes });
        if self.owner.is_none() {
            self.pass_on(desk);
        }
    }

    /// Ends the wait of a client whose deadline has passed. One that waits for a condition needs the lock first.
    pub(crate) fn expired(&mut self, desk: &mut Desk, client: ClientId) {
        let mut conditions = self.conditions.iter();
        let found = conditions.find(|(_, waiting)| waiting.contains(&client));
        if let Some(condition) = found.map(|(condition, _)| *condition) {
            self.stop_waiting(client);
            self.resume(desk, client, condition, false);
        } else {
            self.stop_waiting(client);
            desk.wake(client, Reply::TimedOut);
        }
    }

    fn stop_waiting(&mut self, client: ClientId) {
        self.waiters.retain(|waiter| waiter.client != client);
        for waiting in self.conditions.values_mut() {
            waiting.retain(|waiter| *waiter != client);
        }
    }

    pub(crate) fn client_gone(&mut self, desk: &mut Desk, client: ClientId) {
        let mut waiters = self.waiters.iter();
        let waiter = waiters.find(|waiter| waiter.client == client);
        let resumes = waiter.and_then(|waiter| waiter.resumes);
        self.stop_waiting(client);
        if let Some((condition, true)) = resumes {
            // Another client can act on the notification that this one received.
            self.notify_one(desk, condition);
        }
        if self.owner == Some(client) {
            self.owner_died = true;
            self.pass_on(desk);
        }
    }
}
