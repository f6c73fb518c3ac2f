//! Processes that are killed with SIGKILL at each point where they can have or await something.

use std::collections::VecDeque;

use libtest_mimic::Trial;
use multiprocessing::manager::LockError;
use multiprocessing::{Manager, ManagerError};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Worker, trials, until_waiting};
use crate::tasks::{Act, Objects, Perform, WorkThrough};

pub(crate) fn tests() -> Vec<Trial> {
    trials![
        what_a_killed_process_holds_is_released_to_one_that_waits,
        what_a_killed_process_holds_is_released_to_one_that_comes_later,
        a_killed_process_does_not_get_the_lock_that_it_waits_for,
        a_killed_process_does_not_get_the_permit_that_it_waits_for,
        a_killed_process_does_not_get_the_item_that_it_waits_for,
        a_killed_process_does_not_put_the_item_that_it_waits_to_put,
        a_killed_process_breaks_the_barrier_that_it_waits_at,
        a_killed_process_does_not_receive_a_notification,
        a_killed_owner_does_not_end_a_wait_for_a_condition,
        a_killed_process_does_not_disturb_an_event_or_a_join,
        a_killed_process_does_not_end_the_service_that_it_calls,
        processes_that_are_killed_at_any_point_lose_no_item,
        the_end_of_the_manager_is_an_error_of_all_that_wait,
    ]
}

/// What a process holds when it is killed, how another one waits for it, and the outcome of that.
const HOLDS: [(Act, Act, &str); 6] = [
    (Act::HoldLock, Act::Lock, "locked, owner died"),
    (Act::HoldRLockTwice, Act::RLock, "locked, owner died"),
    (Act::HoldPermit, Act::Acquire, "()"),
    (Act::HoldBoundedPermit, Act::AcquireBounded, "()"),
    (Act::HoldItem, Act::GetItem, "5"),
    // The owner of the lock is killed when another process has been notified.
    (Act::HoldLock, Act::WaitCondition, "locked, owner died"),
];

fn what_a_killed_process_holds_is_released_to_one_that_waits() {
    let manager = Manager::start().unwrap();
    for (hold, wait, outcome) in HOLDS {
        let objects = Objects::new(&manager);
        objects.joinable.put(5).unwrap();
        let (mut holder, mut waiter) = (Worker::start(), Worker::start());
        if wait == Act::WaitCondition {
            waiter.send(Perform(objects.clone(), wait));
            until_waiting(&manager, 1);
        }
        holder.send(Perform(objects.clone(), hold));
        assert_eq!(objects.has.get().unwrap(), holder.id());
        if wait == Act::WaitCondition {
            objects.condition.notify_one().unwrap();
        } else {
            waiter.send(Perform(objects, wait));
        }
        until_waiting(&manager, 1);
        holder.kill();
        assert_eq!(waiter.receive::<String>().unwrap(), outcome, "{hold:?}");
    }
}

fn what_a_killed_process_holds_is_released_to_one_that_comes_later() {
    let manager = Manager::start().unwrap();
    for (hold, wait, outcome) in &HOLDS[..5] {
        let objects = Objects::new(&manager);
        objects.joinable.put(5).unwrap();
        let (mut holder, mut later) = (Worker::start(), Worker::start());
        holder.send(Perform(objects.clone(), *hold));
        assert_eq!(objects.has.get().unwrap(), holder.id());
        holder.kill();
        let found = later.run(Perform(objects, *wait));
        assert_eq!(found, *outcome, "{hold:?}");
    }
}

/// Returns a process that waits in this way, next to `others` that wait already.
fn waiting(manager: &Manager, objects: &Objects, act: Act, others: usize) -> Worker {
    let mut worker = Worker::start();
    worker.send(Perform(objects.clone(), act));
    until_waiting(manager, others + 1);
    worker
}

fn a_killed_process_does_not_get_the_lock_that_it_waits_for() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    let (guard, rguard) = (objects.lock.lock().unwrap(), objects.rlock.lock().unwrap());
    let mut others = Vec::new();
    for (act, count) in [(Act::Lock, 0), (Act::RLock, 1)] {
        let killed = waiting(&manager, &objects, act, count);
        others.push(waiting(&manager, &objects, act, count + 1));
        killed.kill();
        until_waiting(&manager, count + 1);
    }
    drop((guard, rguard));
    for other in &mut others {
        assert_eq!(other.receive::<String>().unwrap(), "locked");
    }
    objects.lock.lock().unwrap().unlock().unwrap();
    objects.rlock.lock().unwrap().unlock().unwrap();
}

fn a_killed_process_does_not_get_the_permit_that_it_waits_for() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    let permit = objects.semaphore.acquire().unwrap();
    let bounded = objects.bounded.acquire().unwrap();
    for act in [Act::Acquire, Act::AcquireBounded] {
        waiting(&manager, &objects, act, 0).kill();
        until_waiting(&manager, 0);
    }
    permit.release().unwrap();
    bounded.release().unwrap();
    assert_eq!(objects.semaphore.available().unwrap(), 1);
    assert_eq!(objects.bounded.available().unwrap(), 1);
}

fn a_killed_process_does_not_get_the_item_that_it_waits_for() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    for act in [Act::Get, Act::GetItem] {
        waiting(&manager, &objects, act, 0).kill();
        until_waiting(&manager, 0);
    }
    objects.queue.put(7).unwrap();
    objects.joinable.put(8).unwrap();
    assert_eq!(objects.queue.get().unwrap(), 7);
    assert_eq!(*objects.joinable.get().unwrap(), 8);
}

fn a_killed_process_does_not_put_the_item_that_it_waits_to_put() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    waiting(&manager, &objects, Act::Put, 0).kill();
    until_waiting(&manager, 0);
    assert_eq!(objects.full.get().unwrap(), 1);
    assert_eq!(objects.full.try_get().unwrap(), None);
}

fn a_killed_process_breaks_the_barrier_that_it_waits_at() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    let killed = waiting(&manager, &objects, Act::WaitBarrier, 0);
    let mut other = waiting(&manager, &objects, Act::WaitBarrier, 1);
    assert_eq!(objects.barrier.waiting().unwrap(), 2);
    killed.kill();
    assert_eq!(other.receive::<String>().unwrap(), "BrokenBarrier");
    assert!(objects.barrier.is_broken().unwrap());
    let later = objects.barrier.wait();
    assert!(matches!(later, Err(ManagerError::BrokenBarrier)));
}

fn a_killed_process_does_not_receive_a_notification() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    let killed = waiting(&manager, &objects, Act::WaitCondition, 0);
    let mut other = waiting(&manager, &objects, Act::WaitCondition, 1);
    killed.kill();
    until_waiting(&manager, 1);
    objects.condition.notify_one().unwrap();
    assert_eq!(other.receive::<String>().unwrap(), "locked");

    // Now it is killed after it has been notified, while it waits for the lock.
    let killed = waiting(&manager, &objects, Act::WaitCondition, 0);
    let mut other = waiting(&manager, &objects, Act::WaitCondition, 1);
    let guard = objects.lock.lock().unwrap();
    objects.condition.notify_one().unwrap();
    killed.kill();
    until_waiting(&manager, 1);
    guard.unlock().unwrap();
    assert_eq!(other.receive::<String>().unwrap(), "locked");
}

fn a_killed_owner_does_not_end_a_wait_for_a_condition() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    let mut waiter = waiting(&manager, &objects, Act::WaitWhile, 0);
    let mut holder = Worker::start();
    holder.send(Perform(objects.clone(), Act::HoldLock));
    assert_eq!(objects.has.get().unwrap(), holder.id());
    // The waiter gets the lock after the killed holder. It must wait again, since the event is not set.
    objects.condition.notify_one().unwrap();
    holder.kill();
    let guard = objects.lock.lock().unwrap();
    assert_eq!(manager.status().unwrap().waiting, 1);
    objects.event.set().unwrap();
    objects.condition.notify_one().unwrap();
    guard.unlock().unwrap();
    assert_eq!(waiter.receive::<String>().unwrap(), "locked, owner died");
}

fn a_killed_process_does_not_disturb_an_event_or_a_join() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    objects.joinable.put(1).unwrap();
    for act in [Act::WaitEvent, Act::Join] {
        let killed = waiting(&manager, &objects, act, 0);
        let mut other = waiting(&manager, &objects, act, 1);
        killed.kill();
        until_waiting(&manager, 1);
        objects.event.set().unwrap();
        if act == Act::Join {
            objects.joinable.get().unwrap().done().unwrap();
        }
        assert_eq!(other.receive::<String>().unwrap(), "()");
    }
}

fn a_killed_process_does_not_end_the_service_that_it_calls() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    let mut killed = Worker::start();
    killed.send(Perform(objects.clone(), Act::Call));
    assert_eq!(objects.has.get().unwrap(), manager.id());
    killed.kill();
    // The task still runs, and waits for the event.
    until_waiting(&manager, 1);
    let mut other = Worker::start();
    other.send(Perform(objects.clone(), Act::Call));
    until_waiting(&manager, 2);
    objects.event.set().unwrap();
    let outcome = other.receive::<String>().unwrap();
    assert_eq!(outcome, manager.id().to_string());
}

fn processes_that_are_killed_at_any_point_lose_no_item() {
    const ITEMS: u32 = 1500;

    let manager = Manager::start().unwrap();
    let (items, counts) = (
        manager.joinable_queue(None).unwrap(),
        manager.dict().unwrap(),
    );
    let lock = manager.lock().unwrap();
    for item in 0..ITEMS {
        items.put(item).unwrap();
    }
    let start = || {
        let mut worker = Worker::start();
        worker.send(WorkThrough(items.clone(), counts.clone(), lock.clone()));
        worker
    };
    let mut workers = VecDeque::from([start(), start(), start()]);
    let mut killed = 0;
    for progress in (0..ITEMS as usize).step_by(30) {
        // The others go on meanwhile, so each is killed at some other point.
        while counts.len().unwrap() < progress {}
        workers.pop_front().unwrap().kill();
        killed += 1;
        workers.push_back(start());
    }
    items.join().unwrap();
    let counted = counts.items().unwrap();
    assert_eq!(counted.len(), ITEMS as usize);
    // Each that was killed had one item at most.
    let again: u32 = counted.iter().map(|(_, count)| count - 1).sum();
    assert!(again <= killed, "{again} of {killed}");
    assert!(lock.lock().or_else(LockError::into_guard).is_ok());
    assert!(items.is_empty().unwrap());
}

fn the_end_of_the_manager_is_an_error_of_all_that_wait() {
    let manager = Manager::start().unwrap();
    let objects = Objects::new(&manager);
    objects.joinable.put(1).unwrap();
    let _item = objects.joinable.get().unwrap();
    let _rguard = objects.rlock.lock().unwrap();
    let _permits = (
        objects.semaphore.acquire().unwrap(),
        objects.bounded.acquire().unwrap(),
    );
    let mut workers = Vec::new();
    let mut acts = Act::WAITS.to_vec();
    // It locks first.
    acts.sort_by_key(|act| *act != Act::WaitCondition);
    for (count, act) in acts.into_iter().enumerate() {
        let guard = (act == Act::Lock).then(|| objects.lock.lock().unwrap());
        let mut worker = Worker::start();
        worker.send(Perform(objects.clone(), act));
        // A service that is called waits as well, for the event.
        let in_service = usize::from(act == Act::Call);
        until_waiting(&manager, count + 1 + in_service);
        workers.push((act, worker));
        std::mem::forget(guard);
    }
    let pid = Pid::from_raw(i32::try_from(manager.id()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
    for (act, worker) in &mut workers {
        assert_eq!(worker.receive::<String>().unwrap(), "Gone", "{act:?}");
    }
    // Later operations fail as well, in those processes and in this one.
    for (act, worker) in &mut workers {
        if *act != Act::WaitCondition {
            let outcome = worker.run(Perform(objects.clone(), *act));
            assert_eq!(outcome, "Gone", "{act:?}");
        }
    }
    assert!(matches!(objects.queue.len(), Err(ManagerError::Gone)));
    assert!(matches!(objects.queue.len(), Err(ManagerError::Gone)));
    let locked = objects.lock.try_lock();
    assert!(matches!(
        locked,
        Err(LockError::Manager(ManagerError::Gone))
    ));
}
