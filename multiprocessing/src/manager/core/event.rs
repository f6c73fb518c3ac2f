//! Events.

use super::desk::{Caller, ClientId, Desk};
use crate::manager::protocol::{EventRequest, Reply};

#[derive(Debug, Default)]
pub(crate) struct Event {
    is_set: bool,
    waiters: Vec<ClientId>,
}

impl Event {
    pub(crate) fn handle(&mut self, desk: &mut Desk, caller: Caller, request: EventRequest) {
        match request {
            EventRequest::Set => {
                self.is_set = true;
                desk.reply(caller, Reply::Done);
                for waiter in self.waiters.drain(..) {
                    desk.wake(waiter, Reply::Done);
                }
            }
            EventRequest::Clear => {
                self.is_set = false;
                desk.reply(caller, Reply::Done);
            }
            EventRequest::IsSet => desk.reply(caller, Reply::Is(self.is_set)),
            EventRequest::Wait(_) if self.is_set => desk.reply(caller, Reply::Done),
            EventRequest::Wait(wait) => {
                if desk.park(caller, wait) {
                    self.waiters.push(caller.client);
                }
            }
        }
    }

    /// Returns whether no client waits here or holds something.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(crate) fn stop_waiting(&mut self, client: ClientId) {
        self.waiters.retain(|waiter| *waiter != client);
    }
}
