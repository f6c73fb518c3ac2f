//! A test of all objects at once, used by clients that do anything.

use std::collections::HashMap;
use std::time::Duration;

use super::{FOREVER, ONE, Setup, value};
use crate::manager::protocol::{
    AT_ONCE, BarrierRequest, ConditionRequest, EventRequest, LockRequest, New, QueueRequest, Reply,
    Request, SemaphoreRequest,
};

/// Returns numbers below a limit that look random and are the same in each run.
fn random(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |limit| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    }
}

/// Clients do anything, wait, run out of time and end at any point. Each request must have exactly one reply, unless its
/// client has ended, and in the end nothing may be lost or held.
#[test]
fn whatever_clients_do_each_request_has_one_reply_and_nothing_is_lost() {
    for seed in 1..=300 {
        any_order(seed);
    }
}

/// What a client of that test waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Nothing,
    /// To put an item.
    Room,
    Other,
}

fn any_order(seed: u64) {
    let mut random = random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
    let mut setup = Setup::new();
    let (bound, joinable) = (Some(3), true);
    let queue = setup.create(New::Queue { bound, joinable });
    let lock = setup.create(New::Lock { reentrant: false });
    let rlock = setup.create(New::Lock { reentrant: true });
    let condition = setup.create(New::Condition(lock));
    let (permits, bounded) = (2, true);
    let semaphore = setup.create(New::Semaphore { permits, bounded });
    let event = setup.create(New::Event);
    let barrier = setup.create(New::Barrier { parties: 3 });

    // The clients by number, with what they await. One that ends is replaced by another.
    let mut awaits: HashMap<usize, Awaits> = (0..6).map(|n| (n, Awaits::Nothing)).collect();
    let mut next_client = 6;
    // How many items have been put and reported done, and the numbers of those that each client has.
    let (mut put, mut done) = (0, 0);
    let mut held: HashMap<usize, Vec<u64>> = HashMap::new();
    for _ in 0..400 {
        let mut clients: Vec<usize> = awaits.keys().copied().collect();
        clients.sort_unstable();
        let client = clients[random(6) as usize];
        let wait = [AT_ONCE, ONE, FOREVER][random(3) as usize];
        let replies = if random(10) == 0 {
            awaits.remove(&client);
            held.remove(&client);
            setup.core.client_came();
            awaits.insert(next_client, Awaits::Nothing);
            next_client += 1;
            setup.end(client)
        } else if random(10) == 0 {
            setup.pass(Duration::from_millis(500))
        } else if awaits[&client] != Awaits::Nothing {
            continue;
        } else {
            let request = match random(15) {
                0 | 1 => Request::Queue(queue, QueueRequest::Put(value(0), wait)),
                2 | 3 => Request::Queue(queue, QueueRequest::Get(wait)),
                4 | 5 => match held.get_mut(&client).and_then(Vec::pop) {
                    Some(number) if random(2) == 0 => {
                        done += 1;
                        Request::Queue(queue, QueueRequest::Done(number))
                    }
                    Some(number) => Request::Queue(queue, QueueRequest::Return(number)),
                    None => Request::Queue(queue, QueueRequest::Join(wait)),
                },
                6 => Request::Lock(lock, LockRequest::Acquire(wait)),
                7 => Request::Lock(lock, LockRequest::Release),
                8 => Request::Lock(rlock, LockRequest::Acquire(wait)),
                9 => Request::Lock(rlock, LockRequest::Release),
                10 => Request::Condition(condition, ConditionRequest::Wait(wait)),
                11 => Request::Condition(condition, ConditionRequest::NotifyOne),
                12 => Request::Semaphore(semaphore, SemaphoreRequest::Acquire(wait)),
                13 => Request::Semaphore(semaphore, SemaphoreRequest::Return),
                _ => match random(3) {
                    0 => Request::Event(event, EventRequest::Wait(wait)),
                    1 => Request::Event(event, EventRequest::Set),
                    _ => Request::Barrier(barrier, BarrierRequest::Wait(wait)),
                },
            };
            let puts = matches!(request, Request::Queue(_, QueueRequest::Put(..)));
            awaits.insert(client, if puts { Awaits::Room } else { Awaits::Other });
            setup.send(client, request)
        };
        for (client, reply) in replies {
            // None to a client that does not wait, or has ended.
            let awaited = awaits.insert(client, Awaits::Nothing);
            assert!(awaited.is_some_and(|awaited| awaited != Awaits::Nothing));
            put += u64::from(awaited == Some(Awaits::Room) && reply == Reply::Done);
            if let Reply::Item(number, _) = reply {
                held.entry(client).or_default().push(number);
            }
        }
        let waiting = awaits.values().filter(|awaits| **awaits != Awaits::Nothing);
        let waiting = waiting.count();
        assert_eq!(setup.waiting(), waiting as u64, "seed {seed}");
    }

    for client in awaits.into_keys() {
        setup.end(client);
    }
    assert_eq!((setup.waiting(), setup.core.next_deadline()), (0, None));
    setup.core.client_came();
    let mut last = |request| setup.send(1000, request).pop().unwrap().1;
    for lock in [lock, rlock] {
        let locked = last(Request::Lock(lock, LockRequest::Acquire(AT_ONCE)));
        assert!(matches!(locked, Reply::Locked { .. }), "seed {seed}");
    }
    let available = Request::Semaphore(semaphore, SemaphoreRequest::Available);
    assert_eq!(last(available), Reply::Count(2), "seed {seed}");
    let mut left = 0;
    while let Reply::Item(number, _) = last(Request::Queue(queue, QueueRequest::Get(AT_ONCE))) {
        left += 1;
        last(Request::Queue(queue, QueueRequest::Done(number)));
    }
    assert_eq!(left + done, put, "seed {seed}");
    let joined = last(Request::Queue(queue, QueueRequest::Join(AT_ONCE)));
    assert_eq!(joined, Reply::Done, "seed {seed}");
}
