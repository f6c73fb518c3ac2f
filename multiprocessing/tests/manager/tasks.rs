//! What the other processes do.

use multiprocessing::Registry;
use multiprocessing::manager::{Dict, Lock, LockError, Queue};
use portable_task::task;

pub(crate) fn registry() -> Registry {
    Registry::new()
        .with::<GetNumber>()
        .with::<PutNumbers>()
        .with::<HoldLock>()
        .with::<CountUp>()
}

fn get_number(queue: Queue<u64>) -> (u64, u32) {
    (queue.get().unwrap(), std::process::id())
}

task!(pub(crate) GetNumber = fn get_number(queue: Queue<u64>) -> (u64, u32));

fn put_numbers(queue: Queue<u64>, numbers: Vec<u64>) -> u32 {
    for number in numbers {
        queue.put(number).unwrap();
    }
    std::process::id()
}

task!(pub(crate) PutNumbers = fn put_numbers(queue: Queue<u64>, numbers: Vec<u64>) -> u32);

/// Locks, says so, and holds the lock until this process is killed.
fn hold_lock(lock: Lock, holds: Queue<u32>) -> () {
    let _guard = lock.lock().or_else(LockError::into_guard).unwrap();
    holds.put(std::process::id()).unwrap();
    loop {
        std::thread::park();
    }
}

task!(pub(crate) HoldLock = fn hold_lock(lock: Lock, holds: Queue<u32>) -> ());

/// Adds one this many times, by an atomic update and under a lock.
fn count_up(dict: Dict<String, u64>, lock: Lock, times: u64) -> u32 {
    let (atomic, locked) = ("atomic".to_owned(), "locked".to_owned());
    for _ in 0..times {
        let add = |count: Option<u64>| Some(count.unwrap_or(0) + 1);
        dict.update(&atomic, add).unwrap();
        let guard = lock.lock().unwrap();
        let count = dict.get(&locked).unwrap().unwrap_or(0);
        dict.insert(&locked, count + 1).unwrap();
        drop(guard);
    }
    std::process::id()
}

task!(pub(crate) CountUp = fn count_up(dict: Dict<String, u64>, lock: Lock, times: u64) -> u32);
