//! Barriers. A client that waits and does not come back breaks the barrier for all.

use super::desk::{Caller, ClientId, Desk};
use crate::manager::protocol::{BarrierRequest, Fault, Reply, Wait};

#[derive(Debug)]
pub(crate) struct Barrier {
    parties: u64,
    is_broken: bool,
    waiting: Vec<ClientId>,
}

impl Barrier {
    pub(crate) fn new(parties: u64) -> Self {
        Self {
            parties,
            is_broken: false,
            waiting: Vec::new(),
        }
    }

    pub(crate) fn handle(&mut self, desk: &mut Desk, caller: Caller, request: BarrierRequest) {
        let reply = match request {
            BarrierRequest::Wait(wait) => return self.wait(desk, caller, wait),
            BarrierRequest::Abort => {
                self.break_for_all(desk);
                Reply::Done
            }
            BarrierRequest::Reset => {
                // Otherwise the clients that wait would be counted together with later ones.
                self.break_for_all(desk);
                self.is_broken = false;
                Reply::Done
            }
            BarrierRequest::IsBroken => Reply::Is(self.is_broken),
            BarrierRequest::Parties => Reply::Count(self.parties),
            BarrierRequest::Waiting => Reply::Count(self.waiting.len() as u64),
        };
        desk.reply(caller, reply);
    }

    fn wait(&mut self, desk: &mut Desk, caller: Caller, wait: Wait) {
        let index = self.waiting.len() as u64;
        if self.is_broken {
            desk.fault(caller, Fault::BrokenBarrier);
        } else if index + 1 >= self.parties {
            for (index, client) in (0..).zip(self.waiting.drain(..)) {
                desk.wake(client, Reply::Count(index));
            }
            desk.reply(caller, Reply::Count(index));
        } else if wait.is_some_and(|wait| wait.is_zero()) {
            self.break_for_all(desk);
            desk.fault(caller, Fault::BrokenBarrier);
        } else {
            desk.park(caller, wait);
            self.waiting.push(caller.client);
        }
    }

    fn break_for_all(&mut self, desk: &mut Desk) {
        self.is_broken = true;
        for client in self.waiting.drain(..) {
            desk.wake(client, Reply::Fault(Fault::BrokenBarrier));
        }
    }

    /// Returns whether no client waits here or holds something.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Breaks the barrier if the client waits: its deadline has passed, or it has ended.
    pub(crate) fn stop_waiting(&mut self, desk: &mut Desk, client: ClientId) {
        if self.waiting.contains(&client) {
            self.break_for_all(desk);
        }
    }
}
