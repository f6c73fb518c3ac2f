//! What the other processes do.

use std::io::{Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::process::id;
use std::thread::{park, spawn};

use multiprocessing::manager::{
    Array, Barrier, BoundedSemaphore, Condition, Dict, Event, JoinableQueue, List, Lock, LockError,
    Namespace, Queue, RLock, Semaphore, Service, Value, service,
};
use multiprocessing::{Manager, ManagerError, Registry};
use portable_task::task;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

pub(crate) fn registry() -> Registry {
    Registry::new()
        .with::<Perform>()
        .with::<CountUp>()
        .with::<WorkThrough>()
        .with::<UseAll>()
        .with::<StartManagers>()
        .with::<LeaveManager>()
        .with::<ManagerWithDescriptors>()
        .with::<ManyThreads>()
        .with::<StartService>()
        .with::<StartBadService>()
        .with::<Add>()
        .with::<AddAndPanic>()
        .with::<CallService>()
        .with::<SayAndBlock>()
        .with::<Length>()
        .with::<OwnQueue>()
        .with::<Greet>()
}

/// One object of each kind, and a queue in which processes say that they have something.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Objects {
    pub(crate) queue: Queue<u32>,
    pub(crate) full: Queue<u32>,
    pub(crate) joinable: JoinableQueue<u32>,
    pub(crate) lock: Lock,
    pub(crate) rlock: RLock,
    pub(crate) condition: Condition,
    pub(crate) semaphore: Semaphore,
    pub(crate) bounded: BoundedSemaphore,
    pub(crate) event: Event,
    pub(crate) barrier: Barrier,
    pub(crate) service: Service,
    pub(crate) has: Queue<u32>,
}

impl Objects {
    /// Creates objects. `full` has one item, and no room for another.
    pub(crate) fn new(manager: &Manager) -> Self {
        let lock = manager.lock().unwrap();
        let objects = Self {
            queue: manager.queue(None).unwrap(),
            full: manager.queue(Some(1)).unwrap(),
            joinable: manager.joinable_queue(None).unwrap(),
            rlock: manager.rlock().unwrap(),
            condition: manager.condition(&lock).unwrap(),
            lock,
            semaphore: manager.semaphore(1).unwrap(),
            bounded: manager.bounded_semaphore(1).unwrap(),
            event: manager.event().unwrap(),
            barrier: manager.barrier(3).unwrap(),
            service: manager.service(StartService(0)).unwrap(),
            has: manager.queue(None).unwrap(),
        };
        objects.full.put(1).unwrap();
        objects
    }
}

/// What a process does with one of the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Act {
    // These have something, say so, and keep it until the process is killed.
    HoldLock,
    HoldRLockTwice,
    HoldPermit,
    HoldBoundedPermit,
    HoldItem,
    // These return the outcome of an operation that waits.
    Lock,
    RLock,
    Acquire,
    AcquireBounded,
    Get,
    Put,
    GetItem,
    Join,
    WaitCondition,
    /// Waits for the condition until the event is set.
    WaitWhile,
    WaitEvent,
    WaitBarrier,
    Call,
}

impl Act {
    pub(crate) const WAITS: [Self; 12] = [
        Self::Lock,
        Self::RLock,
        Self::Acquire,
        Self::AcquireBounded,
        Self::Get,
        Self::Put,
        Self::GetItem,
        Self::Join,
        Self::WaitCondition,
        Self::WaitEvent,
        Self::WaitBarrier,
        Self::Call,
    ];
}

pub(crate) fn text<T: std::fmt::Debug>(outcome: Result<T, ManagerError>) -> String {
    outcome.map_or_else(|error| format!("{error:?}"), |value| format!("{value:?}"))
}

fn lock_text<G>(outcome: Result<G, LockError<G>>) -> String {
    match outcome {
        Ok(_) => "locked".to_owned(),
        Err(LockError::OwnerDied(_)) => "locked, owner died".to_owned(),
        Err(LockError::Manager(error)) => format!("{error:?}"),
    }
}

fn keep(objects: &Objects) -> String {
    objects.has.put(id()).unwrap();
    loop {
        park();
    }
}

fn perform(objects: Objects, act: Act) -> String {
    match act {
        Act::HoldLock => {
            let _guard = objects.lock.lock().or_else(LockError::into_guard).unwrap();
            keep(&objects)
        }
        Act::HoldRLockTwice => {
            let _guards = [objects.rlock.lock().unwrap(), objects.rlock.lock().unwrap()];
            keep(&objects)
        }
        Act::HoldPermit => {
            let _permit = objects.semaphore.acquire().unwrap();
            keep(&objects)
        }
        Act::HoldBoundedPermit => {
            let _permit = objects.bounded.acquire().unwrap();
            keep(&objects)
        }
        Act::HoldItem => {
            let _item = objects.joinable.get().unwrap();
            keep(&objects)
        }
        Act::Lock => lock_text(objects.lock.lock()),
        Act::RLock => lock_text(objects.rlock.lock()),
        Act::Acquire => text(objects.semaphore.acquire().map(drop)),
        Act::AcquireBounded => text(objects.bounded.acquire().map(drop)),
        Act::Get => text(objects.queue.get()),
        Act::Put => text(objects.full.put(2)),
        Act::GetItem => text(objects.joinable.get().map(|item| *item)),
        Act::Join => text(objects.joinable.join()),
        Act::WaitCondition => {
            let guard = objects.lock.lock().or_else(LockError::into_guard).unwrap();
            lock_text(objects.condition.wait(guard))
        }
        Act::WaitWhile => {
            let guard = objects.lock.lock().or_else(LockError::into_guard).unwrap();
            let is_awaited = || Ok(!objects.event.is_set()?);
            lock_text(objects.condition.wait_while(guard, is_awaited))
        }
        Act::WaitEvent => text(objects.event.wait()),
        Act::WaitBarrier => text(objects.barrier.wait()),
        Act::Call => {
            let block = SayAndBlock(objects.has.clone(), objects.event.clone());
            text(objects.service.call(block))
        }
    }
}

task!(pub(crate) Perform = fn perform(objects: Objects, act: Act) -> String);

/// Does the items of a queue until this process is killed.
fn work_through(items: JoinableQueue<u32>, counts: Dict<u32, u32>, lock: Lock) {
    loop {
        let item = items.get().unwrap();
        let guard = lock.lock().or_else(LockError::into_guard).unwrap();
        let count = counts.get(*item).unwrap().unwrap_or(0);
        counts.insert(*item, count + 1).unwrap();
        drop(guard);
        item.done().unwrap();
    }
}

task!(pub(crate) WorkThrough = fn work_through(items: JoinableQueue<u32>, counts: Dict<u32, u32>, lock: Lock) -> ());

/// Objects in which two processes count.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Counters {
    pub(crate) dict: Dict<String, u64>,
    pub(crate) list: List<u64>,
    pub(crate) value: Value<u64>,
    pub(crate) array: Array<u64>,
    pub(crate) namespace: Namespace,
    pub(crate) lock: Lock,
    pub(crate) condition: Condition,
    pub(crate) turn: Value<u32>,
}

/// Adds one this many times to each, by atomic updates and under a lock. The two processes take turns, by a condition.
fn count_up(counters: Counters, times: u64, party: u32) -> u32 {
    let key = "key".to_owned();
    for _ in 0..times {
        let add = |count: Option<u64>| Some(count.unwrap_or(0) + 1);
        counters.dict.update(&key, add).unwrap();
        counters.list.update(0, |n| n + 1).unwrap();
        counters.value.update(|n| n + 1).unwrap();
        counters.array.update(1, |n| n + 1).unwrap();
        let guard = counters.lock.lock().unwrap();
        let is_other_turn = || Ok(counters.turn.get()? != party);
        let guard = counters.condition.wait_while(guard, is_other_turn).unwrap();
        let count = counters.namespace.get::<u64>("count").unwrap();
        let next = count.unwrap_or(0) + 1;
        counters.namespace.set("count", &next).unwrap();
        counters.turn.set(1 - party).unwrap();
        counters.condition.notify_all().unwrap();
        guard.unlock().unwrap();
    }
    id()
}

task!(pub(crate) CountUp = fn count_up(counters: Counters, times: u64, party: u32) -> u32);

/// Uses each object together with another process that does the same.
fn use_all(objects: Objects) -> u32 {
    for _ in 0..50 {
        objects.barrier.wait().unwrap();
        let outer = objects.rlock.lock().unwrap();
        let inner = objects.rlock.lock().unwrap();
        let permits = [
            objects.semaphore.acquire().unwrap(),
            objects.bounded.acquire().unwrap(),
        ];
        // No other process has a permit or the lock.
        assert_eq!(objects.bounded.available().unwrap(), 0);
        drop((permits, inner, outer));
        objects.joinable.put(id()).unwrap();
        objects.joinable.get().unwrap().done().unwrap();
        objects.joinable.join().unwrap();
    }
    objects.event.wait().unwrap();
    id()
}

task!(pub(crate) UseAll = fn use_all(objects: Objects) -> u32);

/// Returns the number of descriptors of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Starts and ends managers. Returns what is left: descriptors, processes and files.
fn start_managers(count: u32) -> (usize, String, usize) {
    let before = descriptors();
    for n in 0..count {
        let manager = Manager::start().unwrap();
        let queue = manager.queue(None).unwrap();
        queue.put(1).unwrap();
        let other_thread = queue.clone();
        let got = spawn(move || other_thread.get().unwrap()).join();
        assert_eq!(got.unwrap(), 1);
        // The connection of this thread then remains until it connects to the next manager.
        if n % 2 == 0 {
            spawn(move || drop(manager)).join().unwrap();
        }
    }
    let children = std::fs::read_to_string("/proc/thread-self/children").unwrap();
    let files = std::fs::read_dir(std::env::temp_dir()).unwrap().count();
    (descriptors() - before, children, files)
}

task!(pub(crate) StartManagers = fn start_managers(count: u32) -> (usize, String, usize));

/// Starts a manager that only the end of this process ends. Returns its process id, and a queue.
fn leave_manager() -> (u32, Queue<u32>) {
    let manager = Manager::start().unwrap();
    let left = (manager.id(), manager.queue(None).unwrap());
    std::mem::forget(manager);
    left
}

task!(pub(crate) LeaveManager = fn leave_manager() -> (u32, Queue<u32>));

/// Does the same with a manager that can have only this many descriptors.
fn manager_with_descriptors(limit: u64) -> (u32, Queue<u32>) {
    let before = getrlimit(Resource::Nofile);
    let (current, maximum) = (Some(limit), before.maximum);
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    let left = leave_manager();
    setrlimit(Resource::Nofile, before).unwrap();
    left
}

task!(pub(crate) ManagerWithDescriptors = fn manager_with_descriptors(limit: u64) -> (u32, Queue<u32>));

/// Puts a number from each of many threads, which all have their connections at the same time.
fn many_threads(queue: Queue<u32>, barrier: Barrier, count: u32) {
    let threads: Vec<_> = (0..count)
        .map(|n| {
            let (queue, barrier) = (queue.clone(), barrier.clone());
            spawn(move || {
                queue.put(n).unwrap();
                barrier.wait().unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

task!(pub(crate) ManyThreads = fn many_threads(queue: Queue<u32>, barrier: Barrier, count: u32) -> ());

fn start_service(first: u64) {
    service::set(vec![first]);
}

task!(pub(crate) StartService = fn start_service(first: u64) -> ());

fn start_bad_service() {
    panic!("cannot start");
}

task!(pub(crate) StartBadService = fn start_bad_service() -> ());

/// Returns the sum with the number, and the process id of the manager.
fn add(number: u64) -> (u64, u32) {
    service::with(|numbers: &mut Vec<u64>| {
        numbers.push(number);
        (numbers.iter().sum(), id())
    })
}

task!(pub(crate) Add = fn add(number: u64) -> (u64, u32));

fn add_and_panic(number: u64) {
    service::with(|numbers: &mut Vec<u64>| {
        numbers.push(number);
        panic!("after {number}");
    })
}

task!(pub(crate) AddAndPanic = fn add_and_panic(number: u64) -> ());

fn call_service(service: Service, times: u64) -> u32 {
    for _ in 0..times {
        service.call(Add(1)).unwrap();
    }
    id()
}

task!(pub(crate) CallService = fn call_service(service: Service, times: u64) -> u32);

/// Runs in the manager's process, as a client of the manager.
fn say_and_block(has: Queue<u32>, event: Event) -> u32 {
    has.put(id()).unwrap();
    event.wait().unwrap();
    id()
}

task!(pub(crate) SayAndBlock = fn say_and_block(has: Queue<u32>, event: Event) -> u32);

/// Returns the length of a queue, or the error.
fn length(queue: Queue<u32>) -> String {
    text(queue.len())
}

task!(pub(crate) Length = fn length(queue: Queue<u32>) -> String);

/// Returns a queue that this process holds.
fn own_queue() -> Queue<u32> {
    Queue::new(None).unwrap()
}

task!(pub(crate) OwnQueue = fn own_queue() -> Queue<u32>);

/// Sends bytes to the socket with this name, which is not in the file system. Returns what comes back at first.
fn greet(name: String, bytes: Vec<u8>) -> Vec<u8> {
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let mut socket = UnixStream::connect_addr(&address).unwrap();
    // Fails if the connection has been closed already, and so does the other.
    let _ = socket.write_all(&bytes);
    let mut answer = vec![0; 100];
    let length = socket.read(&mut answer).unwrap_or(0);
    answer.truncate(length);
    answer
}

task!(pub(crate) Greet = fn greet(name: String, bytes: Vec<u8>) -> Vec<u8>);
