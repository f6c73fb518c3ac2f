//! A test of all objects at once, used by clients that do anything.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::{FOREVER, ONE, Setup, value};
use crate::manager::protocol::{
    AT_ONCE, BarrierRequest, ConditionRequest, EventRequest, LockRequest, New, ObjectId,
    QueueRequest, Reply, Request, SemaphoreRequest,
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

/// Returns a service that has started.
fn start_service(setup: &mut Setup) -> ObjectId {
    assert_eq!(setup.send(99, Request::Create(New::Service(value(0)))), []);
    for call in setup.core.take_calls() {
        let created = Reply::Created(call.caller.object);
        setup.core.answer(call.caller, created);
    }
    match &*setup.replies() {
        [(99, Reply::Created(id))] => *id,
        replies => panic!("{replies:?}"),
    }
}

/// What a client of that test waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Nothing,
    /// To put an item.
    Room,
    /// That a permit is taken away from the semaphore.
    Forget,
    /// That a permit is added to the semaphore.
    Release,
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
    let service = start_service(&mut setup);

    // The clients by number, with what they await. One that ends is replaced by another.
    let mut awaits: HashMap<usize, Awaits> = (0..6).map(|n| (n, Awaits::Nothing)).collect();
    let mut next_client = 6;
    // How many items have been put and reported done, and the numbers of those that each client has.
    let (mut put, mut done) = (0, 0);
    let mut held: HashMap<usize, Vec<u64>> = HashMap::new();
    // The calls of the service that have not been answered, and how many permits there are.
    let mut calls = VecDeque::new();
    let mut all_permits = permits;
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
        } else if random(10) == 0
            && let Some(caller) = calls.pop_front()
        {
            setup.core.answer(caller, Reply::Called(value(0)));
            setup.replies()
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
                11 if random(4) == 0 => Request::Condition(condition, ConditionRequest::NotifyAll),
                11 => Request::Condition(condition, ConditionRequest::NotifyOne),
                12 | 13 => {
                    let request = match random(8) {
                        0..4 => SemaphoreRequest::Acquire(wait),
                        4 | 5 => SemaphoreRequest::Return,
                        6 => SemaphoreRequest::Forget,
                        _ => SemaphoreRequest::Release,
                    };
                    Request::Semaphore(semaphore, request)
                }
                _ => match random(10) {
                    0..3 => Request::Event(event, EventRequest::Wait(wait)),
                    3 => Request::Event(event, EventRequest::Set),
                    4 => Request::Event(event, EventRequest::Clear),
                    5 | 6 => Request::Barrier(barrier, BarrierRequest::Wait(wait)),
                    7 => Request::Barrier(barrier, BarrierRequest::Reset),
                    8 if random(4) == 0 => Request::Barrier(barrier, BarrierRequest::Abort),
                    _ => Request::Call(service, value(0)),
                },
            };
            let awaited = match &request {
                Request::Queue(_, QueueRequest::Put(..)) => Awaits::Room,
                Request::Semaphore(_, SemaphoreRequest::Forget) => Awaits::Forget,
                Request::Semaphore(_, SemaphoreRequest::Release) => Awaits::Release,
                _ => Awaits::Other,
            };
            awaits.insert(client, awaited);
            setup.send(client, request)
        };
        for (client, reply) in replies {
            // None to a client that does not wait, or has ended.
            let awaited = awaits.insert(client, Awaits::Nothing);
            assert!(awaited.is_some_and(|awaited| awaited != Awaits::Nothing));
            let is_done = reply == Reply::Done;
            put += u64::from(awaited == Some(Awaits::Room) && is_done);
            all_permits -= u64::from(awaited == Some(Awaits::Forget) && is_done);
            all_permits += u64::from(awaited == Some(Awaits::Release) && is_done);
            if let Reply::Item(number, _) = reply {
                held.entry(client).or_default().push(number);
            }
        }
        let new_calls = setup.core.take_calls().into_iter();
        calls.extend(new_calls.map(|call| call.caller));
        let waiting = awaits.values().filter(|awaits| **awaits != Awaits::Nothing);
        let waiting = waiting.count();
        assert_eq!(setup.waiting(), waiting as u64, "seed {seed}");
    }

    for client in awaits.into_keys() {
        setup.end(client);
    }
    assert_eq!((setup.waiting(), setup.core.next_deadline()), (0, None));
    assert!(setup.core.is_idle(), "seed {seed}: {:?}", setup.core);
    // Answers of the service to clients that have ended.
    for caller in calls {
        setup.core.answer(caller, Reply::Called(value(0)));
        assert_eq!(setup.replies(), []);
    }
    setup.core.client_came();
    let mut last = |request| setup.send(1000, request).pop().unwrap().1;
    for lock in [lock, rlock] {
        let locked = last(Request::Lock(lock, LockRequest::Acquire(AT_ONCE)));
        assert!(matches!(locked, Reply::Locked { .. }), "seed {seed}");
    }
    let available = Request::Semaphore(semaphore, SemaphoreRequest::Available);
    assert_eq!(last(available), Reply::Count(all_permits), "seed {seed}");
    let mut left = 0;
    while let Reply::Item(number, _) = last(Request::Queue(queue, QueueRequest::Get(AT_ONCE))) {
        left += 1;
        last(Request::Queue(queue, QueueRequest::Done(number)));
    }
    assert_eq!(left + done, put, "seed {seed}");
    let joined = last(Request::Queue(queue, QueueRequest::Join(AT_ONCE)));
    assert_eq!(joined, Reply::Done, "seed {seed}");
}
