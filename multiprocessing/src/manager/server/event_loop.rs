//! The event loop: reads requests, lets the state handle them, and sends the replies.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdStream;
use std::time::{Duration, Instant};

use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token, Waker};
use portable_task::{Registry, reply_error};

use super::peer::{Broken, Flushing, Peer, READ_BYTES, Reading};
use super::threads::{Answer, Threads};
use crate::connection::Frame;
use crate::manager::core::{ClientId, Core};
use crate::manager::protocol::encoding::Blob;
use crate::manager::protocol::hello::{Key, Welcome, welcome};
use crate::manager::protocol::user::is_of_this_user;
use crate::manager::protocol::{Fault, Reply, Request, UNANSWERED};

const OWNER: Token = Token(0);
const LISTENER: Token = Token(1);
const WAKER: Token = Token(2);
const FIRST_CLIENT: usize = 3;

/// How long a client may take to say hello.
const HELLO_LIMIT: Duration = Duration::from_secs(10);

/// The most clients that have not said hello. Each has a descriptor, so the next ones wait until one of these says hello,
/// leaves or runs out of time.
const MAX_STRANGERS: usize = 128;

/// How long to wait before accepting again, if the system lacks descriptors and no client leaves.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Server {
    poll: Poll,
    owner: UnixStream,
    listener: UnixListener,
    key: Key,
    core: Core,
    threads: Threads,
    peers: HashMap<usize, Peer>,
    next_client: usize,
    /// The clients that have not said hello, with the time until which they must have.
    strangers: BTreeSet<(Instant, usize)>,
    /// When to accept again after a lack of descriptors, or too many strangers.
    accept_at: Option<Instant>,
    /// The clients of which not everything has been read.
    unfinished: BTreeSet<usize>,
    /// The clients to which something is to be sent.
    to_flush: BTreeSet<usize>,
    scratch: Vec<u8>,
}

impl Server {
    pub(super) fn new(
        owner: StdStream,
        mut listener: UnixListener,
        key: Key,
        registry: &'static Registry,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut owner = UnixStream::from_std(owner);
        let sources = poll.registry();
        sources.register(&mut owner, OWNER, Interest::READABLE)?;
        sources.register(&mut listener, LISTENER, Interest::READABLE)?;
        let threads = Threads::new(registry, Waker::new(sources, WAKER)?);
        Ok(Self {
            poll,
            owner,
            listener,
            key,
            core: Core::new(Instant::now()),
            threads,
            peers: HashMap::new(),
            next_client: FIRST_CLIENT,
            strangers: BTreeSet::new(),
            accept_at: None,
            unfinished: BTreeSet::new(),
            to_flush: BTreeSet::new(),
            scratch: vec![0; READ_BYTES],
        })
    }

    /// Serves until the owner closes the connection. Its socket must not block by then.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            // In the order in which the sockets became ready. That is only nearly the order of the requests: a client that
            // was ready before another one released a lock may have requested the lock after that.
            for event in &events {
                match event.token() {
                    OWNER if self.owner_has_gone() => return Ok(()),
                    OWNER => {}
                    LISTENER => self.accept(),
                    WAKER => self.take_answers(),
                    Token(client) => self.read(client, event.is_read_closed()),
                }
                if event.is_writable() {
                    self.to_flush.insert(event.token().0);
                }
            }
            for client in std::mem::take(&mut self.unfinished) {
                self.read(client, true);
            }
            self.expire();
            self.deliver();
        }
    }

    /// Returns how long to wait for events.
    fn timeout(&self) -> Option<Duration> {
        if !self.unfinished.is_empty() || !self.to_flush.is_empty() {
            return Some(Duration::ZERO);
        }
        let hello = self.strangers.first().map(|(until, _)| *until);
        let deadlines = [self.core.next_deadline(), hello, self.accept_at];
        let next = deadlines.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn expire(&mut self) {
        let deadlines = [self.core.next_deadline(), self.accept_at];
        if deadlines == [None; 2] && self.strangers.is_empty() {
            return;
        }
        let now = Instant::now();
        self.core.expire(now);
        while let Some(&(until, client)) = self.strangers.first()
            && until <= now
        {
            self.close(client);
        }
        if self.accept_at.is_some_and(|at| at <= now) {
            self.accept();
        }
    }

    /// Returns whether the owner has closed the connection. It sends nothing more.
    fn owner_has_gone(&mut self) -> bool {
        loop {
            match self.owner.read(&mut self.scratch) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
    }

    fn accept(&mut self) {
        self.accept_at = None;
        while self.strangers.len() < MAX_STRANGERS {
            match self.listener.accept() {
                Ok((socket, _)) if is_of_this_user(&socket) => self.add(socket),
                // It is closed. A client of ours has found out itself, and not connected.
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The client has gone again.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                // Descriptors are short.
                Err(_) => break,
            }
        }
        // The others remain in the queue of the socket.
        self.accept_at = Some(Instant::now() + ACCEPT_PAUSE);
    }

    /// Accepts those who wait since there were too many, now that one has left or said hello.
    fn accept_waiting(&mut self) {
        if self.accept_at.is_some() {
            self.accept();
        }
    }

    fn add(&mut self, socket: UnixStream) {
        let client = self.next_client;
        self.next_client += 1;
        let hello_until = Instant::now() + HELLO_LIMIT;
        let mut peer = Peer::new(socket, hello_until);
        if peer.register(self.poll.registry(), Token(client)).is_ok() {
            self.strangers.insert((hello_until, client));
            self.peers.insert(client, peer);
        }
    }

    /// Closes a connection, and releases what its client holds.
    fn close(&mut self, client: usize) {
        let Some(peer) = self.peers.remove(&client) else {
            return;
        };
        match peer.hello_until {
            Some(until) => {
                self.strangers.remove(&(until, client));
            }
            None => self.core.client_gone(ClientId(client)),
        }
        drop(peer);
        self.accept_waiting();
    }

    /// Reads what has arrived from a client, and handles its requests.
    fn read(&mut self, client: usize, may_have_ended: bool) {
        let Some(peer) = self.peers.get_mut(&client) else {
            return;
        };
        let reading = peer.read(&mut self.scratch, may_have_ended);
        // Also at the end: a client may release a lock and end.
        if self.handle_frames(client).is_err() || reading == Reading::Ended {
            self.close(client);
        } else if reading == Reading::Unfinished {
            self.unfinished.insert(client);
        }
    }

    fn handle_frames(&mut self, client: usize) -> Result<(), Broken> {
        let now = Instant::now();
        while let Some(peer) = self.peers.get_mut(&client) {
            let is_stranger = peer.hello_until.is_some();
            let Some((number, body)) = peer.next_frame()? else {
                peer.discard_taken();
                return Ok(());
            };
            if is_stranger {
                let answer = welcome(body, &self.key).ok_or(Broken)?;
                self.greet(client, number, answer)?;
                continue;
            }
            let (request, rest) = postcard::take_from_bytes::<Request>(body).map_err(|_| Broken)?;
            if !rest.is_empty() {
                return Err(Broken);
            }
            let handled = self.core.handle(ClientId(client), number, request, now);
            handled.map_err(|_| Broken)?;
            self.run_calls();
            self.queue_replies();
        }
        Ok(())
    }

    /// Answers a client that has said hello.
    fn greet(&mut self, client: usize, number: u64, answer: Welcome) -> Result<(), Broken> {
        let peer = self.peers.get_mut(&client).ok_or(Broken)?;
        let mut frame = Frame::new();
        frame.body().push(answer as u8);
        frame.finish(number).map_err(|_| Broken)?;
        peer.send(frame)?;
        if answer != Welcome::Accepted {
            let _ = peer.flush(self.poll.registry(), Token(client));
            return Err(Broken);
        }
        if let Some(until) = peer.hello_until.take() {
            self.strangers.remove(&(until, client));
        }
        self.core.client_came();
        self.to_flush.insert(client);
        self.accept_waiting();
        Ok(())
    }

    /// Hands new calls over to their services.
    fn run_calls(&mut self) {
        for call in self.core.take_calls() {
            let caller = call.caller;
            if let Err(error) = self.threads.run(call) {
                self.core.remove(caller.object);
                let fault = Fault::NoThread(error.to_string());
                self.core.answer(caller, Reply::Fault(fault));
            }
        }
    }

    /// Takes the replies of services.
    fn take_answers(&mut self) {
        while let Some(answer) = self.threads.next_answer() {
            let Answer {
                caller,
                reply,
                starts,
            } = answer;
            let has_started = starts && reply_error(&reply).is_none();
            if starts && !has_started {
                self.core.remove(caller.object);
                self.threads.remove(caller.object);
            }
            let reply = match has_started {
                true => Reply::Created(caller.object),
                false => Reply::Called(Blob::new(reply)),
            };
            self.core.answer(caller, reply);
        }
    }

    /// Adds the replies of the core to what is to be sent to each client.
    fn queue_replies(&mut self) {
        let mut broken = Vec::new();
        for outgoing in self.core.outbox().drain(..) {
            let ClientId(client) = outgoing.client;
            // A client that has gone meanwhile receives nothing.
            let Some(peer) = self.peers.get_mut(&client) else {
                continue;
            };
            if outgoing.number == UNANSWERED {
                continue;
            }
            match peer.reply(outgoing.number, &outgoing.reply) {
                Ok(()) => {
                    self.to_flush.insert(client);
                }
                Err(Broken) => broken.push(client),
            }
        }
        for client in broken {
            self.close(client);
        }
    }

    /// Sends all replies, including those that the end of a client leads to. The rest of a long one is left for the next
    /// turn.
    fn deliver(&mut self) {
        let mut unfinished = BTreeSet::new();
        self.queue_replies();
        while !self.core.outbox().is_empty() || !self.to_flush.is_empty() {
            for client in std::mem::take(&mut self.to_flush) {
                let registry = self.poll.registry();
                let peer = self.peers.get_mut(&client);
                match peer.map(|peer| peer.flush(registry, Token(client))) {
                    Some(Err(Broken)) => self.close(client),
                    Some(Ok(Flushing::Unfinished)) => {
                        unfinished.insert(client);
                    }
                    Some(Ok(Flushing::Done)) | None => {}
                }
            }
            self.queue_replies();
        }
        self.to_flush = unfinished;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};

    use super::*;
    use crate::manager::protocol::hello::hello;

    #[test]
    fn a_client_with_more_to_read_has_one_turn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = StdListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (owner, _manager) = StdStream::pair().unwrap();
        let key = Key::random().unwrap();
        let listener = UnixListener::from_std(listener);
        let registry = Box::leak(Box::default());
        let mut server = Server::new(owner, listener, key, registry).unwrap();
        // So that there is more to read after one turn.
        server.scratch = vec![0; 1];
        let mut client = StdStream::connect(&path).unwrap();
        let mut frame = Frame::new();
        frame.body().extend(hello(&key));
        frame.finish(UNANSWERED).unwrap();
        client.write_all(frame.as_bytes()).unwrap();
        server.accept();
        // An event comes for a client that has had its turn as one with more to read.
        server.read(FIRST_CLIENT, true);
        server.read(FIRST_CLIENT, true);
        assert_eq!(server.unfinished.len(), 1);
    }
}
