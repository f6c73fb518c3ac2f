//! Semaphores. A permit that a client holds returns when the client ends.

use std::collections::{HashMap, VecDeque};

use super::desk::{Caller, ClientId, Desk};
use crate::manager::protocol::{Fault, ObjectId, Reply, SemaphoreRequest, Wait};

#[derive(Debug)]
pub(crate) struct Semaphore {
    id: ObjectId,
    available: u64,
    /// The most permits, available or held.
    bound: u64,
    held: HashMap<ClientId, u64>,
    waiters: VecDeque<ClientId>,
}

impl Semaphore {
    pub(crate) fn new(id: ObjectId, permits: u64, bounded: bool) -> Self {
        Self {
            id,
            available: permits,
            bound: if bounded { permits } else { u64::MAX },
            held: HashMap::new(),
            waiters: VecDeque::new(),
        }
    }

    pub(crate) fn handle(&mut self, desk: &mut Desk, caller: Caller, request: SemaphoreRequest) {
        let reply = match request {
            SemaphoreRequest::Acquire(wait) => return self.acquire(desk, caller, wait),
            SemaphoreRequest::Return | SemaphoreRequest::Forget
                if !self.take_from(caller.client) =>
            {
                Reply::Fault(Fault::NotOwner)
            }
            SemaphoreRequest::Return => {
                self.add(desk);
                Reply::Done
            }
            SemaphoreRequest::Forget => Reply::Done,
            SemaphoreRequest::Release if self.total() >= self.bound => {
                Reply::Fault(Fault::AboveBound)
            }
            SemaphoreRequest::Release => {
                self.add(desk);
                Reply::Done
            }
            SemaphoreRequest::Available => Reply::Count(self.available),
        };
        desk.reply(caller, reply);
    }

    fn acquire(&mut self, desk: &mut Desk, caller: Caller, wait: Wait) {
        if self.available > 0 {
            self.available -= 1;
            self.give(desk, caller.client);
            desk.reply(caller, Reply::Done);
        } else if desk.park(caller, wait) {
            self.waiters.push_back(caller.client);
        }
    }

    fn give(&mut self, desk: &mut Desk, client: ClientId) {
        *self.held.entry(client).or_default() += 1;
        desk.hold(client, self.id);
    }

    /// Takes a permit from a client. Returns false if it has none.
    fn take_from(&mut self, client: ClientId) -> bool {
        let Some(count) = self.held.get_mut(&client) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            self.held.remove(&client);
        }
        true
    }

    fn total(&self) -> u64 {
        let held = self.held.values().sum();
        self.available.saturating_add(held)
    }

    /// Gives one more permit to the first client that waits, or makes it available.
    fn add(&mut self, desk: &mut Desk) {
        if let Some(waiter) = self.waiters.pop_front() {
            self.give(desk, waiter);
            desk.wake(waiter, Reply::Done);
        } else {
            self.available += 1;
        }
    }

    pub(crate) fn stop_waiting(&mut self, client: ClientId) {
        self.waiters.retain(|waiter| *waiter != client);
    }

    /// Returns whether no client waits here or holds something.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.held.is_empty() && self.waiters.is_empty()
    }

    pub(crate) fn client_gone(&mut self, desk: &mut Desk, client: ClientId) {
        self.stop_waiting(client);
        for _ in 0..self.held.remove(&client).unwrap_or_default() {
            self.add(desk);
        }
    }
}
