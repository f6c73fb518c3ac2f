//! Clients that do not behave, and more clients than usual.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread::{spawn, yield_now};

use libtest_mimic::Trial;
use multiprocessing::manager::{Event, Queue};
use multiprocessing::{Frame, Manager, Receiver};
use portable_task::Bytes;
use serde::Serialize;

use crate::support::{Worker, trials, until_clients, until_waiting};
use crate::tasks::{Greet, Length, ManagerWithDescriptors, ManyThreads, OwnQueue, text};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        strangers_are_disconnected,
        a_stranger_that_says_nothing_is_disconnected,
        strangers_take_a_bounded_number_of_descriptors,
        a_wrong_key_is_refused,
        another_user_is_refused,
        a_client_that_sends_garbage_is_disconnected_and_its_lock_released,
        a_request_may_arrive_in_parts,
        half_a_frame_ends_with_its_client,
        a_request_of_a_client_that_ends_at_once_is_handled,
        an_announced_length_takes_no_memory,
        a_client_that_stops_reading_is_disconnected,
        a_client_that_does_not_wait_for_its_reply_is_disconnected,
        a_thousand_clients_have_their_turn,
        clients_wait_while_descriptors_are_short,
    ]
}

/// Where a manager is, and its key, as they are in a handle.
struct Target {
    path: PathBuf,
    key: [u8; 32],
    id: u64,
}

impl Target {
    fn of(handle: &impl Serialize) -> Self {
        let bytes = postcard::to_stdvec(handle).unwrap();
        let ((path, key), id): ((String, [u8; 32]), u64) = postcard::from_bytes(&bytes).unwrap();
        let path = path.into();
        Self { path, key, id }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.path).unwrap()
    }

    fn hello(&self) -> Vec<u8> {
        frame(
            0,
            &[b"mp-mngr\n", &2_u32.to_le_bytes()[..], &self.key].concat(),
        )
    }

    /// Returns a connection that has been accepted.
    fn client(&self) -> (UnixStream, Receiver) {
        let mut socket = self.connect();
        socket.write_all(&self.hello()).unwrap();
        let (mut receiver, mut body) = (Receiver::new(), Vec::new());
        let welcome = receiver.receive(&socket, &mut body).unwrap();
        assert_eq!((welcome, &*body), (Some(0), &[0][..]));
        (socket, receiver)
    }
}

fn frame(number: u64, body: &[u8]) -> Vec<u8> {
    let mut frame = Frame::new();
    frame.body().extend_from_slice(body);
    frame.finish(number).unwrap();
    frame.into_bytes()
}

/// The numbers of requests in the protocol, and of what they contain.
const QUEUE: u8 = 2;
const PUT: u8 = 0;
const GET: u8 = 1;
const LIST: u8 = 4;
const GET_ELEMENT: u8 = 2;
const EVENT: u8 = 8;
const WAIT: u8 = 3;

/// Returns a request for this object.
fn request(kind: u8, id: u64, rest: &[u8]) -> Vec<u8> {
    let id = postcard::to_stdvec(&id).unwrap();
    frame(1, &[&[kind], &*id, rest].concat())
}

/// Waits until the manager has closed the connection. Returns what it sent before.
fn until_closed(mut socket: UnixStream) -> Vec<u8> {
    let mut received = Vec::new();
    // An error if the manager has not read everything.
    let _ = socket.read_to_end(&mut received);
    received
}

/// Starts a manager with a queue. Returns both, and where they are.
fn manager_with_queue() -> (Manager, Queue<u32>, Target) {
    let manager = Manager::start().unwrap();
    let queue = manager.queue(None).unwrap();
    let target = Target::of(&queue);
    (manager, queue, target)
}

/// Returns the number of descriptors of a process.
fn descriptors(id: u32) -> usize {
    fs::read_dir(format!("/proc/{id}/fd")).unwrap().count()
}

/// Waits until a process has this many descriptors.
fn until_descriptors(id: u32, count: usize) {
    while descriptors(id) != count {
        yield_now();
    }
}

fn strangers_are_disconnected() {
    let (manager, queue, target) = manager_with_queue();
    let before = descriptors(manager.id());
    let hello = target.hello();
    let mut other_start = hello.clone();
    other_start[12] = b'?';
    let huge_frame = [&u32::MAX.to_le_bytes()[..], &[0; 1000]].concat();
    let samples: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        &[0; 1 << 20],
        &[0xff; 1 << 20],
        &huge_frame,
        &frame(0, &[0; 100]),
        &other_start,
    ];
    for sample in samples {
        let mut socket = target.connect();
        // Fails if the manager closes the connection first.
        let _ = socket.write_all(sample);
        assert_eq!(until_closed(socket), b"");
    }
    // Parts of a hello, and then the end.
    for end in 0..hello.len() {
        target.connect().write_all(&hello[..end]).unwrap();
    }
    queue.put(1).unwrap();
    assert_eq!(queue.get().unwrap(), 1);
    until_descriptors(manager.id(), before);
}

fn a_stranger_that_says_nothing_is_disconnected() {
    let (manager, _queue, target) = manager_with_queue();
    let before = descriptors(manager.id());
    let silent = target.connect();
    let mut slow = target.connect();
    slow.write_all(&target.hello()[..20]).unwrap();
    until_descriptors(manager.id(), before + 2);
    // The manager closes them after its time limit.
    assert_eq!(until_closed(silent), b"");
    assert_eq!(until_closed(slow), b"");
    until_descriptors(manager.id(), before);
}

fn strangers_take_a_bounded_number_of_descriptors() {
    const MOST: usize = 128;

    let (manager, queue, target) = manager_with_queue();
    let before = descriptors(manager.id());
    let silent: Vec<_> = (0..2 * MOST).map(|_| target.connect()).collect();
    let most = before + MOST;
    while descriptors(manager.id()) < most {
        yield_now();
    }
    // Those who are clients already do not wait, and with their replies come all that had arrived before.
    assert_eq!(queue.len().unwrap(), 0);
    assert_eq!(queue.len().unwrap(), 0);
    assert_eq!(descriptors(manager.id()), most);
    // The next ones are accepted as these say hello, leave or run out of time.
    for mut socket in silent {
        socket.write_all(&target.hello()).unwrap();
        let mut welcome = [0; 13];
        socket.read_exact(&mut welcome).unwrap();
        assert_eq!(welcome[..], frame(0, &[0]));
    }
    let abandoned: Vec<_> = (0..MOST).map(|_| target.connect()).collect();
    let one_more = spawn(move || queue.len().unwrap());
    assert_eq!(one_more.join().unwrap(), 0);
    drop(abandoned);
}

fn a_wrong_key_is_refused() {
    let (manager, queue, mut target) = manager_with_queue();
    // As it is in the handle, it must not appear in a log.
    let key = format!("{:?}", target.key);
    let shown = format!("{queue:?} {manager:?}");
    assert!(!shown.contains(&key), "{shown}");

    target.key[31] ^= 1;
    let mut socket = target.connect();
    socket.write_all(&target.hello()).unwrap();
    // The number of the answer, and the connection is closed.
    assert_eq!(until_closed(socket), frame(0, &[2]));
    let address = (target.path.to_str().unwrap(), target.key);
    let bytes = postcard::to_stdvec(&(address, target.id)).unwrap();
    let other: Queue<u32> = postcard::from_bytes(&bytes).unwrap();
    // This thread has a connection with the right key, which must not be used.
    let error = other.len().unwrap_err();
    let message = "cannot connect to the manager: it has another key";
    assert_eq!(error.to_string(), message);
    assert_eq!(queue.len().unwrap(), 0);
}

fn another_user_is_refused() {
    const NOBODY: u32 = 65_534;

    if !rustix::process::geteuid().is_root() {
        eprintln!("only root can start a process of another user");
        return;
    }
    // The name of its socket is not in the file system, so no permissions protect it. The handle has the key.
    let queue = Queue::<u32>::new(None).unwrap();
    let mut other = Worker::start_as(NOBODY);
    let refused = r#"Refused("it belongs to another user")"#;
    assert_eq!(other.run(Length(queue.clone())), refused);
    assert_eq!(text(other.run(OwnQueue()).len()), refused);
    // A client that does not check that is not answered.
    let target = Target::of(&queue);
    let name = target.path.to_str().unwrap().strip_prefix('\0').unwrap();
    let greet = || Greet(name.to_owned(), target.hello());
    assert_eq!(other.run(greet()), []);
    assert_eq!(Worker::start().run(greet()), frame(0, &[0]));
}

fn a_client_that_sends_garbage_is_disconnected_and_its_lock_released() {
    let manager = Manager::start().unwrap();
    let lock = manager.lock().unwrap();
    let target = Target::of(&lock);
    let id = postcard::to_stdvec(&target.id).unwrap();
    let acquire = frame(1, &[&[5], &*id, &[0, 0]].concat());
    let bad: [&[u8]; 4] = [
        &frame(2, b""),
        &frame(2, &[0xff; 100]),
        &[&acquire[..], b"?"].concat()[acquire.len()..],
        &frame(2, &[1, 0]),
    ];
    for bytes in bad {
        let (mut socket, mut receiver) = target.client();
        socket.write_all(&acquire).unwrap();
        let received = receiver.receive(&socket, &mut Vec::new()).unwrap();
        assert_eq!(received, Some(1));
        assert!(lock.try_lock().unwrap().is_none());
        socket.write_all(bytes).unwrap();
        if bytes.len() == 1 {
            // Not a frame yet.
            drop(socket);
        } else {
            assert_eq!(until_closed(socket), b"");
        }
        let died = lock.lock();
        assert!(matches!(
            died,
            Err(multiprocessing::manager::LockError::OwnerDied(_))
        ));
    }
}

fn a_request_may_arrive_in_parts() {
    let (_manager, queue, target) = manager_with_queue();
    queue.put(7).unwrap();
    let get = request(QUEUE, target.id, &[GET, 0]);
    let mut socket = target.connect();
    for byte in [target.hello(), get].concat() {
        // Other clients have their turn meanwhile.
        assert_eq!(queue.len().unwrap(), 1);
        socket.write_all(&[byte]).unwrap();
    }
    let (mut receiver, mut body) = (Receiver::new(), Vec::new());
    assert_eq!(receiver.receive(&socket, &mut body).unwrap(), Some(0));
    assert_eq!(receiver.receive(&socket, &mut body).unwrap(), Some(1));
    assert_eq!(queue.len().unwrap(), 0);
}

fn half_a_frame_ends_with_its_client() {
    let (manager, queue, target) = manager_with_queue();
    queue.put(7).unwrap();
    let get = request(QUEUE, target.id, &[GET, 0]);
    for end in 1..get.len() {
        let (mut socket, _) = target.client();
        socket.write_all(&get[..end]).unwrap();
    }
    until_clients(&manager, 1);
    assert_eq!(queue.len().unwrap(), 1);
}

fn a_request_of_a_client_that_ends_at_once_is_handled() {
    let (_manager, queue, target) = manager_with_queue();
    // The value 7, without a timeout.
    let put = request(QUEUE, target.id, &[PUT, 1, 7, 0]);
    let mut socket = target.connect();
    let all = [target.hello(), put].concat();
    socket.write_all(&all).unwrap();
    drop(socket);
    assert_eq!(queue.get().unwrap(), 7);
}

/// The most memory that a process has used.
const USED: &str = "VmHWM:";

/// The most memory that a process has reserved, used or not.
const RESERVED: &str = "VmPeak:";

/// Returns the size of memory of this kind, in KiB.
fn memory(kind: &str, id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(kind));
    let size = line.unwrap().split_whitespace().nth(1);
    size.unwrap().parse().unwrap()
}

fn an_announced_length_takes_no_memory() {
    let (manager, queue, target) = manager_with_queue();
    let before = memory(RESERVED, manager.id());
    let clients: Vec<_> = (0..20)
        .map(|_| {
            let (mut socket, _) = target.client();
            let length = ((1_u32 << 30) - 12).to_le_bytes();
            let header = [&length[..], &[0; 8], b"the first bytes"].concat();
            socket.write_all(&header).unwrap();
            socket
        })
        .collect();
    assert_eq!(queue.len().unwrap(), 0);
    assert!(memory(RESERVED, manager.id()) - before < 100 << 10);
    drop(clients);
    // One more byte is too many.
    let (mut socket, _) = target.client();
    let length = ((1_u32 << 30) - 11).to_le_bytes();
    socket.write_all(&[&length[..], &[0; 8]].concat()).unwrap();
    assert_eq!(until_closed(socket), b"");
}

fn a_client_that_stops_reading_is_disconnected() {
    let manager = Manager::start().unwrap();
    let list = manager.list::<Bytes>().unwrap();
    list.push(Bytes(vec![7; 8 << 20])).unwrap();
    let target = Target::of(&list);
    let (mut socket, _) = target.client();
    let get = request(LIST, target.id, &[GET_ELEMENT, 0]);
    for _ in 0..1000 {
        if socket.write_all(&get).is_err() {
            break;
        }
    }
    // Others do not wait for it.
    assert_eq!(list.len().unwrap(), 1);
    until_clients(&manager, 1);
    assert!(memory(USED, manager.id()) < 200 << 10);
    assert!(until_closed(socket).len() < 1 << 20);
}

fn a_client_that_does_not_wait_for_its_reply_is_disconnected() {
    let manager = Manager::start().unwrap();
    let event: Event = manager.event().unwrap();
    let target = Target::of(&event);
    let (mut socket, _) = target.client();
    let wait = request(EVENT, target.id, &[WAIT, 0]);
    socket.write_all(&wait).unwrap();
    until_waiting(&manager, 1);
    socket.write_all(&wait).unwrap();
    assert_eq!(until_closed(socket), b"");
    until_waiting(&manager, 0);
}

fn a_thousand_clients_have_their_turn() {
    const COUNT: u32 = 500;

    let manager = Manager::start().unwrap();
    let queue = manager.queue(None).unwrap();
    let barrier = manager.barrier(2 * COUNT as usize + 1).unwrap();
    let mut workers = [Worker::start(), Worker::start()];
    for worker in &mut workers {
        worker.send(ManyThreads(queue.clone(), barrier.clone(), COUNT));
    }
    barrier.wait().unwrap();
    let mut numbers: Vec<u32> = (0..2 * COUNT).map(|_| queue.get().unwrap()).collect();
    for worker in &mut workers {
        worker.receive::<()>().unwrap();
    }
    numbers.sort_unstable();
    let expected: Vec<u32> = (0..COUNT).flat_map(|n| [n, n]).collect();
    assert_eq!(numbers, expected);
    until_clients(&manager, 1);
}

fn clients_wait_while_descriptors_are_short() {
    let mut owner = Worker::start();
    let (_, queue) = owner.run(ManagerWithDescriptors(40));
    queue.put(1).unwrap();
    let target = Target::of(&queue);
    let clients: Vec<_> = (0..100)
        .map(|_| {
            let mut socket = target.connect();
            socket.write_all(&target.hello()).unwrap();
            socket
        })
        .collect();
    // More than the manager can have. The others are accepted as these leave.
    for mut socket in clients {
        let mut welcome = [0; 13];
        socket.read_exact(&mut welcome).unwrap();
        assert_eq!(welcome[..], frame(0, &[0]));
        assert_eq!(queue.len().unwrap(), 1);
    }
}
