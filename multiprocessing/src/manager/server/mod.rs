//! The manager's process: one thread with an event loop over the listening socket, its owner and all clients. It runs no
//! code of the user, and never waits for a client.

mod peer;
mod threads;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token, Waker};
use portable_task::Registry;
use serde::{Deserialize, Serialize};

use self::peer::{Broken, Peer, READ_BYTES, Reading};
use self::threads::{Answer, Threads};
use super::core::{ClientId, Core};
use super::encoding::Blob;
use super::folder::Folder;
use super::protocol::{Fault, Key, Reply, Request, UNANSWERED, Welcome, welcome};
use crate::child::Role;
use crate::child::announce;
use crate::connection::Frame;
use crate::connection::Receiver;

/// What the owner of a manager sends to it first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The folder for the socket, as bytes.
    pub(crate) folder: portable_task::Bytes,
    pub(crate) key: Key,
}

const OWNER: Token = Token(0);
const LISTENER: Token = Token(1);
const WAKER: Token = Token(2);
const FIRST_CLIENT: usize = 3;

/// How long a client may take to say hello.
const HELLO_LIMIT: Duration = Duration::from_secs(10);

/// How long to wait before accepting again, if the system lacks descriptors and no client leaves.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// Acts as a manager until the owner closes the connection.
///
/// # Errors
/// If the connection to the owner fails, or the event loop.
pub(crate) fn serve(owner: StdStream, registry: &'static Registry) -> io::Result<()> {
    announce(&mut &owner, Role::Manager, registry)?;
    let mut body = Vec::new();
    if Receiver::new().receive(&owner, &mut body)?.is_none() {
        return Ok(());
    }
    let setup: Setup = postcard::from_bytes(&body).map_err(io::Error::other)?;
    let path = PathBuf::from(std::ffi::OsString::from_vec(setup.folder.0));
    let started = Folder::open(path).and_then(|folder| {
        let listener = UnixListener::bind(folder.socket())?;
        let owner = owner.try_clone()?;
        Ok((folder, Server::new(owner, listener, setup.key, registry)?))
    });
    // An empty body says that clients can connect.
    let mut ready = Frame::new();
    if let Err(error) = &started {
        ready.body().extend_from_slice(error.to_string().as_bytes());
    }
    ready.finish(0).map_err(io::Error::other)?;
    (&owner).write_all(ready.as_bytes())?;
    let (folder, mut server) = started?;
    owner.set_nonblocking(true)?;
    let served = server.run();
    // Before the owner sees the end of the connection.
    drop(folder);
    served
}

/// Acts as a manager in this thread, until the other end of `owner` is closed.
///
/// # Errors
/// If the event loop fails.
pub(crate) fn serve_here(
    owner: StdStream,
    listener: StdListener,
    key: Key,
    registry: &'static Registry,
) -> io::Result<()> {
    owner.set_nonblocking(true)?;
    listener.set_nonblocking(true)?;
    Server::new(owner, UnixListener::from_std(listener), key, registry)?.run()
}

#[derive(Debug)]
struct Server {
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
    /// When to accept again after a lack of descriptors.
    accept_at: Option<Instant>,
    /// The clients of which not everything has been read.
    unfinished: VecDeque<usize>,
    /// The clients to which something has been added to be sent.
    to_flush: Vec<usize>,
    scratch: Vec<u8>,
}

impl Server {
    fn new(
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
            unfinished: VecDeque::new(),
            to_flush: Vec::new(),
            scratch: vec![0; READ_BYTES],
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            match self.poll.poll(&mut events, self.timeout()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            // In the order in which the sockets became ready, so a lock that one client has released is free for a client
            // that requests it later.
            for event in &events {
                match event.token() {
                    OWNER if self.owner_has_gone() => return Ok(()),
                    OWNER => {}
                    LISTENER => self.accept(),
                    WAKER => self.take_answers(),
                    Token(client) => self.read(client, event.is_read_closed()),
                }
                if event.is_writable() {
                    self.to_flush.push(event.token().0);
                }
            }
            for _ in 0..self.unfinished.len() {
                if let Some(client) = self.unfinished.pop_front() {
                    self.read(client, true);
                }
            }
            self.expire();
            self.deliver();
        }
    }

    /// Returns how long to wait for events.
    fn timeout(&self) -> Option<Duration> {
        if !self.unfinished.is_empty() {
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
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => self.add(socket),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The client has gone again.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                // Descriptors are short. The clients remain in the queue of the socket.
                Err(_) => {
                    self.accept_at = Some(Instant::now() + ACCEPT_PAUSE);
                    return;
                }
            }
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
        if self.accept_at.is_some() {
            self.accept();
        }
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
            self.unfinished.push_back(client);
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
        self.to_flush.push(client);
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
            let called = Blob::new(reply);
            let has_started = starts && called.is_value();
            if starts && !has_started {
                self.core.remove(caller.object);
                self.threads.remove(caller.object);
            }
            let reply = match has_started {
                true => Reply::Created(caller.object),
                false => Reply::Called(called),
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
                Ok(()) => self.to_flush.push(client),
                Err(Broken) => broken.push(client),
            }
        }
        for client in broken {
            self.close(client);
        }
    }

    /// Sends all replies, including those that the end of a client leads to.
    fn deliver(&mut self) {
        self.queue_replies();
        while !self.core.outbox().is_empty() || !self.to_flush.is_empty() {
            for client in std::mem::take(&mut self.to_flush) {
                let registry = self.poll.registry();
                let peer = self.peers.get_mut(&client);
                let flushed = peer.map(|peer| peer.flush(registry, Token(client)));
                if matches!(flushed, Some(Err(Broken))) {
                    self.close(client);
                }
            }
            self.queue_replies();
        }
    }
}
