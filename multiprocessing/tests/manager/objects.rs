//! Each object, used from two processes at least.

use libtest_mimic::Trial;
use multiprocessing::Manager;
use multiprocessing::manager::LockError;

use crate::support::{Worker, trials, until_waiting};
use crate::tasks::{CountUp, GetNumber, HoldLock, PutNumbers};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        items_go_from_process_to_process,
        two_processes_count_without_losing_any,
        the_lock_of_a_killed_process_passes_on,
    ]
}

fn items_go_from_process_to_process() {
    let manager = Manager::start().unwrap();
    let queue = manager.queue(Some(2)).unwrap();
    let (mut one, mut other) = (Worker::start(), Worker::start());
    one.send(GetNumber(queue.clone()));
    until_waiting(&manager, 1);
    let putter = other.run(PutNumbers(queue.clone(), vec![7, 8, 9]));
    let (number, getter) = one.receive::<(u64, u32)>().unwrap();
    assert_eq!(number, 7);
    assert_eq!((getter, putter), (one.id(), other.id()));
    assert_eq!(queue.get().unwrap(), 8);
    assert_eq!(one.run(GetNumber(queue)).0, 9);
}

fn two_processes_count_without_losing_any() {
    let manager = Manager::start().unwrap();
    let (dict, lock) = (manager.dict().unwrap(), manager.lock().unwrap());
    let mut workers = [Worker::start(), Worker::start()];
    for worker in &mut workers {
        worker.send(CountUp(dict.clone(), lock.clone(), 500));
    }
    for worker in &mut workers {
        assert_eq!(worker.receive(), Ok(worker.id()));
    }
    assert_eq!(dict.get("atomic".to_owned()).unwrap(), Some(1000));
    assert_eq!(dict.get("locked".to_owned()).unwrap(), Some(1000));
}

fn the_lock_of_a_killed_process_passes_on() {
    let manager = Manager::start().unwrap();
    let (lock, holds) = (manager.lock().unwrap(), manager.queue(None).unwrap());
    let (mut one, mut other) = (Worker::start(), Worker::start());
    one.send(HoldLock(lock.clone(), holds.clone()));
    assert_eq!(holds.get().unwrap(), one.id());
    // The other process waits for the lock when its holder is killed.
    other.send(HoldLock(lock.clone(), holds.clone()));
    until_waiting(&manager, 1);
    one.kill();
    assert_eq!(holds.get().unwrap(), other.id());
    other.kill();
    assert!(matches!(lock.lock(), Err(LockError::OwnerDied(_))));
    lock.lock().unwrap().unlock().unwrap();
}
