//! Queues. The items of a joinable queue remain with the queue until they are done.

use std::collections::{HashMap, VecDeque};

use super::desk::{Caller, ClientId, Desk};
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{Fault, ObjectId, QueueRequest, Reply, Wait};

#[derive(Debug)]
struct Item {
    /// Increases from item to item.
    number: u64,
    value: Blob,
}

/// Clients wait to get an item only while there is none, and to put one only while the queue is full.
#[derive(Debug)]
pub(crate) struct Queue {
    id: ObjectId,
    bound: Option<u64>,
    joinable: bool,
    last_number: u64,
    items: VecDeque<Item>,
    /// The items that have been handed out and are not done, by number. Empty unless the queue is joinable.
    held: HashMap<u64, (ClientId, Blob)>,
    getters: VecDeque<ClientId>,
    putters: VecDeque<(ClientId, Blob)>,
    joiners: Vec<ClientId>,
}

impl Queue {
    pub(crate) fn new(id: ObjectId, bound: Option<u64>, joinable: bool) -> Self {
        Self {
            id,
            bound,
            joinable,
            last_number: 0,
            items: VecDeque::new(),
            held: HashMap::new(),
            getters: VecDeque::new(),
            putters: VecDeque::new(),
            joiners: Vec::new(),
        }
    }

    pub(crate) fn handle(&mut self, desk: &mut Desk, caller: Caller, request: QueueRequest) {
        match request {
            QueueRequest::Put(value, wait) => self.put(desk, caller, value, wait),
            QueueRequest::Get(wait) => match self.take(desk) {
                Some(item) => {
                    let reply = self.hand_out(desk, caller.client, item);
                    desk.reply(caller, reply);
                }
                None if desk.park(caller, wait) => self.getters.push_back(caller.client),
                None => {}
            },
            QueueRequest::Len => desk.reply(caller, Reply::Count(self.items.len() as u64)),
            QueueRequest::Done(number) => match self.reclaim(caller.client, number) {
                Some(_) => {
                    desk.reply(caller, Reply::Done);
                    self.wake_joiners(desk);
                }
                None => desk.fault(caller, Fault::NotOwner),
            },
            QueueRequest::Return(number) => match self.reclaim(caller.client, number) {
                Some(value) => {
                    desk.reply(caller, Reply::Done);
                    self.put_back(desk, Item { number, value });
                }
                None => desk.fault(caller, Fault::NotOwner),
            },
            QueueRequest::Join(wait) => {
                if self.all_done() {
                    desk.reply(caller, Reply::Done);
                } else if desk.park(caller, wait) {
                    self.joiners.push(caller.client);
                }
            }
        }
    }

    fn put(&mut self, desk: &mut Desk, caller: Caller, value: Blob, wait: Wait) {
        if let Some(getter) = self.getters.pop_front() {
            let item = self.number(value);
            let reply = self.hand_out(desk, getter, item);
            desk.wake(getter, reply);
            desk.reply(caller, Reply::Done);
        } else if self.has_room() {
            let item = self.number(value);
            self.items.push_back(item);
            desk.reply(caller, Reply::Done);
        } else if desk.park(caller, wait) {
            self.putters.push_back((caller.client, value));
        }
    }

    fn has_room(&self) -> bool {
        self.bound
            .is_none_or(|bound| (self.items.len() as u64) < bound)
    }

    fn number(&mut self, value: Blob) -> Item {
        self.last_number += 1;
        Item {
            number: self.last_number,
            value,
        }
    }

    /// Removes the first item, and lets the first client that waits put its own.
    fn take(&mut self, desk: &mut Desk) -> Option<Item> {
        let first = self.items.pop_front();
        // A queue with the bound 0 never has room: its items go from one client to the other.
        if (first.is_none() || self.has_room())
            && let Some((putter, value)) = self.putters.pop_front()
        {
            desk.wake(putter, Reply::Done);
            let item = self.number(value);
            if first.is_none() {
                return Some(item);
            }
            self.items.push_back(item);
        }
        first
    }

    /// Returns the reply that hands out an item.
    fn hand_out(&mut self, desk: &mut Desk, client: ClientId, item: Item) -> Reply {
        if self.joinable {
            self.held.insert(item.number, (client, item.value.clone()));
            desk.hold(client, self.id);
        }
        Reply::Item(item.number, item.value)
    }

    /// Returns the item with this number if the client holds it. It does not hold it any more.
    fn reclaim(&mut self, client: ClientId, number: u64) -> Option<Blob> {
        self.held.get(&number).filter(|held| held.0 == client)?;
        self.held.remove(&number).map(|(_, value)| value)
    }

    /// Puts an item that has been handed out to the front, even if the queue is full.
    fn put_back(&mut self, desk: &mut Desk, item: Item) {
        if let Some(getter) = self.getters.pop_front() {
            let reply = self.hand_out(desk, getter, item);
            desk.wake(getter, reply);
        } else {
            self.items.push_front(item);
        }
    }

    fn all_done(&self) -> bool {
        self.items.is_empty() && self.held.is_empty()
    }

    fn wake_joiners(&mut self, desk: &mut Desk) {
        if self.all_done() {
            for client in self.joiners.drain(..) {
                desk.wake(client, Reply::Done);
            }
        }
    }

    /// Returns whether no client waits here or holds something.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.held.is_empty()
            && self.getters.is_empty()
            && self.putters.is_empty()
            && self.joiners.is_empty()
    }

    /// Removes a client that waits.
    pub(crate) fn stop_waiting(&mut self, client: ClientId) {
        self.getters.retain(|getter| *getter != client);
        self.putters.retain(|(putter, _)| *putter != client);
        self.joiners.retain(|joiner| *joiner != client);
    }

    /// Hands the items of a client that has ended out again, in their order.
    pub(crate) fn client_gone(&mut self, desk: &mut Desk, client: ClientId) {
        self.stop_waiting(client);
        let held = self.held.iter().filter(|(_, held)| held.0 == client);
        let mut numbers: Vec<u64> = held.map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        // The first items go to the clients that wait. The others go to the front of the queue, so the last one goes first.
        let waiting = self.getters.len().min(numbers.len());
        numbers[waiting..].reverse();
        for number in numbers {
            if let Some(value) = self.reclaim(client, number) {
                self.put_back(desk, Item { number, value });
            }
        }
    }
}
