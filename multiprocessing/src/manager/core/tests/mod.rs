//! Tests of the state alone: no processes and no sockets.
//!
//! * `queue`: queues
//! * `map`: dictionaries
//! * `list`: lists, values and arrays
//! * `lock`: locks with their conditions
//! * `semaphore`: semaphores
//! * `event`: events
//! * `barrier`: barriers
//! * `requests`: requests that are refused, and calls of services
//! * `random`: all objects at once, used by clients that do anything

mod barrier;
mod event;
mod list;
mod lock;
mod map;
mod queue;
mod random;
mod requests;
mod semaphore;

use std::time::{Duration, Instant};

use super::{ClientId, Core};
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::{New, ObjectId, Reply, Request, Wait};

const FOREVER: Wait = None;
const ONE: Wait = Some(Duration::from_secs(1));

/// A core whose clients have small numbers, and whose clock only the test moves.
struct Setup {
    core: Core,
    now: Instant,
    number: u64,
}

impl Setup {
    fn new() -> Self {
        let now = Instant::now();
        let mut core = Core::new(now);
        for _ in 0..10 {
            core.client_came();
        }
        Self {
            core,
            now,
            number: 0,
        }
    }

    /// Returns a core with one object.
    fn with(new: New) -> (Self, ObjectId) {
        let mut setup = Self::new();
        let id = setup.create(new);
        (setup, id)
    }

    fn create(&mut self, new: New) -> ObjectId {
        match &*self.send(99, Request::Create(new)) {
            [(99, Reply::Created(id))] => *id,
            replies => panic!("{replies:?}"),
        }
    }

    /// Sends a request, and returns the replies to all clients that it leads to.
    fn send(&mut self, client: usize, request: Request) -> Vec<(usize, Reply)> {
        self.number += 1;
        let handled = self
            .core
            .handle(ClientId(client), self.number, request, self.now);
        handled.unwrap();
        self.replies()
    }

    fn replies(&mut self) -> Vec<(usize, Reply)> {
        let replies = self.core.outbox().drain(..);
        replies
            .map(|outgoing| (outgoing.client.0, outgoing.reply))
            .collect()
    }

    fn end(&mut self, client: usize) -> Vec<(usize, Reply)> {
        self.core.client_gone(ClientId(client));
        self.replies()
    }

    fn pass(&mut self, time: Duration) -> Vec<(usize, Reply)> {
        self.now += time;
        self.core.expire(self.now);
        self.replies()
    }

    fn waiting(&mut self) -> u64 {
        match &*self.send(98, Request::Status) {
            [(98, Reply::Status { waiting, .. })] => *waiting,
            replies => panic!("{replies:?}"),
        }
    }
}

fn value(n: u32) -> Blob {
    Blob::encode(&n).unwrap()
}

const NOTHING: [(usize, Reply); 0] = [];
