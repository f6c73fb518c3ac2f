//! Tests of what a thread keeps from a connection that it has lost, while it has the same again from a new one.

use super::*;
use crate::manager::client::Handle;
use crate::manager::connection::disconnect;
use crate::manager::error::{LockError, ManagerError};
use crate::manager::local;
use crate::manager::protocol::New;

/// Returns a handle of a new object in this process.
fn create(new: New) -> Handle {
    Handle::create(&local::address().unwrap(), new).unwrap()
}

fn lose_connection() {
    disconnect(&local::address().unwrap());
}

fn is_not_owner<T>(outcome: Result<T, ManagerError>) -> bool {
    matches!(outcome, Err(ManagerError::NotOwner))
}

#[test]
fn the_guard_of_a_lost_connection_does_not_unlock() {
    let reentrant = false;
    let lock = Lock::of(create(New::Lock { reentrant }));
    let id = lock.handle().id;
    let condition = Condition::new(create(New::Condition(id)), id);
    for waits in [false, true] {
        let lost = lock.lock().unwrap();
        lose_connection();
        let guard = lock.lock().or_else(LockError::into_guard).unwrap();
        if waits {
            // It would wait forever if it released the lock.
            let waited = condition.wait(lost).map_err(|error| match error {
                LockError::Manager(error) => error,
                LockError::OwnerDied(_) => unreachable!("the owner lives"),
            });
            assert!(is_not_owner(waited));
        } else {
            assert!(is_not_owner(lost.unlock()));
        }
        guard.unlock().unwrap();
    }
}

#[test]
fn the_guard_of_a_lost_connection_does_not_unlock_a_reentrant_lock() {
    let reentrant = true;
    let lock = RLock::of(create(New::Lock { reentrant }));
    let lost = lock.lock().unwrap();
    lose_connection();
    let guard = lock.lock().or_else(LockError::into_guard).unwrap();
    assert!(is_not_owner(lost.unlock()));
    guard.unlock().unwrap();
}

#[test]
fn the_permit_of_a_lost_connection_is_not_that_of_the_next() {
    let (permits, bounded) = (1, false);
    let semaphore = Semaphore::of(create(New::Semaphore { permits, bounded }));
    for end in [Permit::release, Permit::forget] {
        let lost = semaphore.acquire().unwrap();
        lose_connection();
        let permit = semaphore.acquire().unwrap();
        assert!(is_not_owner(end(lost)));
        permit.release().unwrap();
        assert_eq!(semaphore.available().unwrap(), 1);
    }
}

#[test]
fn the_item_of_a_lost_connection_is_not_that_of_the_next() {
    let (bound, joinable) = (None, true);
    let queue = JoinableQueue::<u32>::of(create(New::Queue { bound, joinable }));
    queue.put(7).unwrap();
    let lost = queue.get().unwrap();
    lose_connection();
    let item = queue.get().unwrap();
    assert!(is_not_owner(lost.done()));
    item.done().unwrap();
}
