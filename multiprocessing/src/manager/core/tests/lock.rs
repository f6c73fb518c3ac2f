//! Tests of locks with their conditions.

use std::time::Duration;

use super::{FOREVER, NOTHING, ONE, Setup};
use crate::manager::protocol::{
    AT_ONCE, ConditionRequest, Fault, LockRequest, New, ObjectId, Reply, Request, Wait,
};

fn acquire(lock: ObjectId, wait: Wait) -> Request {
    Request::Lock(lock, LockRequest::Acquire(wait))
}

fn release(lock: ObjectId) -> Request {
    Request::Lock(lock, LockRequest::Release)
}

fn locked(owner_died: bool) -> Reply {
    Reply::Locked {
        owner_died,
        notified: false,
    }
}

#[test]
fn a_lock_passes_in_order_and_the_end_of_its_owner_is_reported_once() {
    let (mut setup, lock) = Setup::with(New::Lock { reentrant: false });
    assert_eq!(setup.send(1, acquire(lock, FOREVER)), [(1, locked(false))]);
    let deadlock = Reply::Fault(Fault::Deadlock);
    let replies = setup.send(1, acquire(lock, FOREVER));
    assert_eq!(replies, [(1, deadlock.clone())]);
    assert_eq!(setup.send(1, acquire(lock, ONE)), [(1, deadlock)]);
    let replies = setup.send(1, acquire(lock, AT_ONCE));
    assert_eq!(replies, [(1, Reply::TimedOut)]);
    let replies = setup.send(2, release(lock));
    assert_eq!(replies, [(2, Reply::Fault(Fault::NotOwner))]);
    for client in [2, 3, 4] {
        assert_eq!(setup.send(client, acquire(lock, FOREVER)), NOTHING);
    }
    assert_eq!(setup.send(5, acquire(lock, ONE)), NOTHING);
    assert_eq!(setup.pass(Duration::from_secs(1)), [(5, Reply::TimedOut)]);
    // One that waits ends, then the owner, then the next owner.
    assert_eq!(setup.end(2), NOTHING);
    assert_eq!(setup.end(1), [(3, locked(true))]);
    assert_eq!(setup.end(3), [(4, locked(true))]);
    assert_eq!(setup.send(4, release(lock)), [(4, Reply::Done)]);
    assert_eq!(setup.send(5, acquire(lock, AT_ONCE)), [(5, locked(false))]);
    // It is reported also if no client waits at that time.
    assert_eq!(setup.end(5), NOTHING);
    assert_eq!(setup.send(6, acquire(lock, AT_ONCE)), [(6, locked(true))]);
}

#[test]
fn a_reentrant_lock_is_released_as_often_as_it_was_locked() {
    let (mut setup, lock) = Setup::with(New::Lock { reentrant: true });
    assert_eq!(setup.send(1, acquire(lock, FOREVER)), [(1, locked(false))]);
    assert_eq!(setup.send(1, acquire(lock, FOREVER)), [(1, locked(false))]);
    assert_eq!(setup.send(2, acquire(lock, FOREVER)), NOTHING);
    assert_eq!(setup.send(1, release(lock)), [(1, Reply::Done)]);
    let replies = setup.send(1, release(lock));
    assert_eq!(replies, [(1, Reply::Done), (2, locked(false))]);
    setup.send(2, acquire(lock, FOREVER));
    assert_eq!(setup.end(2), NOTHING);
    assert_eq!(setup.send(3, acquire(lock, AT_ONCE)), [(3, locked(true))]);
    let refused = setup.send(3, Request::Create(New::Condition(lock)));
    assert_eq!(refused, [(3, Reply::Fault(Fault::NoObject))]);
}

/// Returns a core with a lock and its condition, for which the clients 1, 2 and 3 wait, in this order.
fn three_wait(wait: Wait) -> (Setup, ObjectId, ObjectId) {
    let (mut setup, lock) = Setup::with(New::Lock { reentrant: false });
    let condition = setup.create(New::Condition(lock));
    for client in [1, 2, 3] {
        setup.send(client, acquire(lock, FOREVER));
        let waits = Request::Condition(condition, ConditionRequest::Wait(wait));
        assert_eq!(setup.send(client, waits), NOTHING);
    }
    (setup, lock, condition)
}

const NOTIFIED: Reply = Reply::Locked {
    owner_died: false,
    notified: true,
};

#[test]
fn a_notified_client_continues_when_it_has_the_lock() {
    let (mut setup, lock, condition) = three_wait(ONE);
    let notify = || Request::Condition(condition, ConditionRequest::NotifyOne);

    setup.send(4, acquire(lock, FOREVER));
    assert_eq!(setup.send(4, notify()), [(4, Reply::Done)]);
    // The time of those that have not been notified is up, but they need the lock too.
    assert_eq!(setup.pass(Duration::from_secs(1)), NOTHING);
    assert_eq!(setup.core.next_deadline(), None);
    let replies = setup.send(4, release(lock));
    assert_eq!(replies, [(4, Reply::Done), (1, NOTIFIED)]);
    let replies = setup.send(1, release(lock));
    assert_eq!(replies, [(1, Reply::Done), (2, locked(false))]);
    // Without the lock, a client cannot wait.
    let waits = Request::Condition(condition, ConditionRequest::Wait(ONE));
    assert_eq!(setup.send(1, waits), [(1, Reply::Fault(Fault::NotOwner))]);
    let replies = setup.end(2);
    let expected = Reply::Locked {
        owner_died: true,
        notified: false,
    };
    assert_eq!(replies, [(3, expected)]);
    // One that does not want to wait lets others have the lock, and gets it back.
    let waits = Request::Condition(condition, ConditionRequest::Wait(AT_ONCE));
    assert_eq!(setup.send(3, waits), [(3, locked(false))]);
}

#[test]
fn a_notification_is_not_lost_with_the_client_that_received_it() {
    let (mut setup, lock, condition) = three_wait(FOREVER);
    let notify = Request::Condition(condition, ConditionRequest::NotifyOne);
    setup.send(4, acquire(lock, FOREVER));
    setup.send(4, notify);
    assert_eq!(setup.end(1), NOTHING);
    let replies = setup.send(4, release(lock));
    assert_eq!(replies, [(4, Reply::Done), (2, NOTIFIED)]);
    assert_eq!(setup.waiting(), 1);
}

#[test]
fn a_notification_is_not_lost_with_the_owner_that_it_has_woken() {
    let (mut setup, lock, condition) = three_wait(FOREVER);
    let notify = || Request::Condition(condition, ConditionRequest::NotifyOne);
    let wait = || Request::Condition(condition, ConditionRequest::Wait(FOREVER));
    let after_death = Reply::Locked {
        owner_died: true,
        notified: true,
    };
    // The lock is free, so the first client has it at once, and is killed before it does anything.
    assert_eq!(setup.send(4, notify()), [(1, NOTIFIED), (4, Reply::Done)]);
    assert_eq!(setup.end(1), [(2, after_death)]);
    // The second one has released the lock, so the notification has been used.
    setup.send(2, release(lock));
    setup.send(2, acquire(lock, FOREVER));
    assert_eq!(setup.end(2), NOTHING);
    // So has one after which the client waits again.
    setup.send(4, acquire(lock, FOREVER));
    assert_eq!(setup.send(4, wait()), NOTHING);
    assert_eq!(setup.send(5, notify()), [(3, NOTIFIED), (5, Reply::Done)]);
    assert_eq!(setup.send(3, wait()), NOTHING);
    assert_eq!(setup.end(3), NOTHING);
    assert_eq!(setup.waiting(), 1);
}

#[test]
fn all_clients_are_notified_but_not_those_that_have_ended() {
    let (mut setup, lock, condition) = three_wait(FOREVER);
    assert_eq!(setup.end(2), NOTHING);
    let notify = Request::Condition(condition, ConditionRequest::NotifyAll);
    assert_eq!(setup.send(4, notify), [(1, NOTIFIED), (4, Reply::Done)]);
    let replies = setup.send(1, release(lock));
    assert_eq!(replies, [(1, Reply::Done), (3, NOTIFIED)]);
}
