//! What all objects share: the clients that wait, until when, and the replies that are to be sent.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Instant;

use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{Fault, ObjectId, Reply, Wait};

/// The number of a connection, unique within its manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ClientId(pub(crate) usize);

/// The origin of a request: where the reply goes, and which object it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) client: ClientId,
    pub(crate) number: u64,
    pub(crate) object: ObjectId,
}

/// A reply that is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) client: ClientId,
    /// The number of the request.
    pub(crate) number: u64,
    pub(crate) reply: Reply,
}

/// A call that is to be made in a service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServiceCall {
    pub(crate) caller: Caller,
    pub(crate) call: Blob,
    /// Whether the service is to be started with this call.
    pub(crate) starts: bool,
}

/// A client that waits.
#[derive(Debug)]
struct Parked {
    caller: Caller,
    deadline: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct Desk {
    now: Instant,
    parked: HashMap<ClientId, Parked>,
    deadlines: BTreeSet<(Instant, ClientId)>,
    /// The objects of which each client has, or had, something that its end releases.
    holdings: HashMap<ClientId, HashSet<ObjectId>>,
    last_version: u64,
    pub(crate) outbox: Vec<Outgoing>,
    pub(crate) calls: Vec<ServiceCall>,
}

impl Desk {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            now,
            parked: HashMap::new(),
            deadlines: BTreeSet::new(),
            holdings: HashMap::new(),
            last_version: 0,
            outbox: Vec::new(),
            calls: Vec::new(),
        }
    }

    pub(crate) fn set_now(&mut self, now: Instant) {
        self.now = now;
    }

    /// Replies to a request that has not waited.
    pub(crate) fn reply(&mut self, caller: Caller, reply: Reply) {
        self.outbox.push(Outgoing {
            client: caller.client,
            number: caller.number,
            reply,
        });
    }

    pub(crate) fn fault(&mut self, caller: Caller, fault: Fault) {
        self.reply(caller, Reply::Fault(fault));
    }

    /// Makes the client wait. Returns whether it does. A client whose time to wait is zero gets the reply that the time is up
    /// instead.
    pub(crate) fn park(&mut self, caller: Caller, wait: Wait) -> bool {
        if wait.is_some_and(|wait| wait.is_zero()) {
            self.reply(caller, Reply::TimedOut);
            return false;
        }
        // A deadline that the clock cannot express is never reached.
        let deadline = wait.and_then(|wait| self.now.checked_add(wait));
        if let Some(deadline) = deadline {
            self.deadlines.insert((deadline, caller.client));
        }
        self.parked
            .insert(caller.client, Parked { caller, deadline });
        true
    }

    /// Lets the client wait without a deadline from now on.
    pub(crate) fn wait_on(&mut self, client: ClientId) {
        if let Some(parked) = self.parked.get_mut(&client)
            && let Some(deadline) = parked.deadline.take()
        {
            self.deadlines.remove(&(deadline, client));
        }
    }

    /// Replies to a client that waits.
    pub(crate) fn wake(&mut self, client: ClientId, reply: Reply) {
        if let Some(caller) = self.unpark(client) {
            self.reply(caller, reply);
        }
    }

    /// Returns the request of a client that waits, which does not wait any more.
    pub(crate) fn unpark(&mut self, client: ClientId) -> Option<Caller> {
        let parked = self.parked.remove(&client)?;
        if let Some(deadline) = parked.deadline {
            self.deadlines.remove(&(deadline, client));
        }
        Some(parked.caller)
    }

    /// Returns the request with which a client waits.
    pub(crate) fn parked(&self, client: ClientId) -> Option<Caller> {
        self.parked.get(&client).map(|parked| parked.caller)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.parked.len()
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// Returns a client whose deadline has passed. It continues to wait, now without a deadline.
    pub(crate) fn next_expired(&mut self) -> Option<Caller> {
        let &(deadline, client) = self.deadlines.first()?;
        if deadline > self.now {
            return None;
        }
        self.wait_on(client);
        self.parked(client)
    }

    /// Notes that the end of the client releases something of this object.
    pub(crate) fn hold(&mut self, client: ClientId, object: ObjectId) {
        self.holdings.entry(client).or_default().insert(object);
    }

    /// Returns the objects to which the end of the client may matter.
    pub(crate) fn forget(&mut self, client: ClientId) -> HashSet<ObjectId> {
        let mut objects = self.holdings.remove(&client).unwrap_or_default();
        objects.extend(self.unpark(client).map(|caller| caller.object));
        objects
    }

    /// Returns whether no client waits here or holds something.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.parked.is_empty() && self.deadlines.is_empty() && self.holdings.is_empty()
    }

    /// Returns a version that no value has had.
    pub(crate) fn new_version(&mut self) -> u64 {
        self.last_version += 1;
        self.last_version
    }
}
