//! Tests of the state alone: no processes and no sockets.

use std::time::{Duration, Instant};

use super::*;
use crate::manager::protocol::{
    AT_ONCE, BarrierRequest, ConditionRequest, EventRequest, ListRequest, LockRequest, MapRequest,
    QueueRequest, SemaphoreRequest, Wait,
};

const FOREVER: Wait = None;
const ONE: Wait = Some(Duration::from_secs(1));

/// A core whose clients have small numbers, and whose clock only this test moves.
struct Setup {
    core: Core,
    now: Instant,
    number: u64,
}

impl Setup {
    fn new() -> Self {
        let now = Instant::now();
        let mut core = Core::new(now);
        for _ in 0..10 {
            core.client_came();
        }
        Self {
            core,
            now,
            number: 0,
        }
    }

    fn create(&mut self, new: New) -> ObjectId {
        match &*self.send(99, Request::Create(new)) {
            [(99, Reply::Created(id))] => *id,
            replies => panic!("{replies:?}"),
        }
    }

    /// Sends a request, and returns the replies to all clients that it leads to.
    fn send(&mut self, client: usize, request: Request) -> Vec<(usize, Reply)> {
        self.number += 1;
        let handled = self
            .core
            .handle(ClientId(client), self.number, request, self.now);
        handled.unwrap();
        self.replies()
    }

    fn replies(&mut self) -> Vec<(usize, Reply)> {
        let replies = self.core.outbox().drain(..);
        replies
            .map(|outgoing| (outgoing.client.0, outgoing.reply))
            .collect()
    }

    fn end(&mut self, client: usize) -> Vec<(usize, Reply)> {
        self.core.client_gone(ClientId(client));
        self.replies()
    }

    fn pass(&mut self, time: Duration) -> Vec<(usize, Reply)> {
        self.now += time;
        self.core.expire(self.now);
        self.replies()
    }

    fn waiting(&mut self) -> u64 {
        match &*self.send(98, Request::Status) {
            [(98, Reply::Status { waiting, .. })] => *waiting,
            replies => panic!("{replies:?}"),
        }
    }
}

fn value(n: u32) -> Blob {
    Blob::encode(&n).unwrap()
}

fn locked(owner_died: bool) -> Reply {
    Reply::Locked {
        owner_died,
        notified: false,
    }
}

const NOTHING: [(usize, Reply); 0] = [];

#[test]
fn a_queue_hands_items_out_in_order_to_clients_in_order() {
    let mut setup = Setup::new();
    let (bound, joinable) = (Some(1), false);
    let queue = setup.create(New::Queue { bound, joinable });
    let put = |n, wait| Request::Queue(queue, QueueRequest::Put(value(n), wait));
    let get = |wait| Request::Queue(queue, QueueRequest::Get(wait));

    assert_eq!(setup.send(1, get(FOREVER)), NOTHING);
    assert_eq!(setup.send(2, get(FOREVER)), NOTHING);
    let replies = setup.send(3, put(10, FOREVER));
    assert_eq!(replies, [(1, Reply::Item(1, value(10))), (3, Reply::Done)]);
    // The next client has ended, so its item stays in the queue.
    assert_eq!(setup.end(2), NOTHING);
    assert_eq!(setup.send(3, put(11, FOREVER)), [(3, Reply::Done)]);
    assert_eq!(setup.send(4, put(12, AT_ONCE)), [(4, Reply::TimedOut)]);
    assert_eq!(setup.send(4, put(12, FOREVER)), NOTHING);
    assert_eq!(setup.send(5, put(13, ONE)), NOTHING);
    assert_eq!(setup.send(6, put(14, FOREVER)), NOTHING);
    assert_eq!(setup.end(4), NOTHING);
    assert_eq!(setup.pass(Duration::from_secs(1)), [(5, Reply::TimedOut)]);
    let replies = setup.send(1, get(FOREVER));
    assert_eq!(replies, [(6, Reply::Done), (1, Reply::Item(2, value(11)))]);
    let replies = setup.send(1, get(AT_ONCE));
    assert_eq!(replies, [(1, Reply::Item(3, value(14)))]);
    assert_eq!(setup.send(1, get(AT_ONCE)), [(1, Reply::TimedOut)]);
    assert_eq!(setup.core.next_deadline(), None);
}

#[test]
fn a_queue_with_the_bound_zero_hands_items_from_client_to_client() {
    let mut setup = Setup::new();
    let (bound, joinable) = (Some(0), false);
    let queue = setup.create(New::Queue { bound, joinable });
    let put = |n, wait| Request::Queue(queue, QueueRequest::Put(value(n), wait));
    let get = || Request::Queue(queue, QueueRequest::Get(FOREVER));

    assert_eq!(setup.send(1, put(10, AT_ONCE)), [(1, Reply::TimedOut)]);
    assert_eq!(setup.send(1, put(10, FOREVER)), NOTHING);
    let replies = setup.send(2, get());
    assert_eq!(replies, [(1, Reply::Done), (2, Reply::Item(1, value(10)))]);
    assert_eq!(setup.send(2, get()), NOTHING);
    let replies = setup.send(1, put(11, AT_ONCE));
    assert_eq!(replies, [(2, Reply::Item(2, value(11))), (1, Reply::Done)]);
}

#[test]
fn items_that_are_not_done_are_handed_out_again_in_their_order() {
    let mut setup = Setup::new();
    let (bound, joinable) = (None, true);
    let queue = setup.create(New::Queue { bound, joinable });
    let ask = |request| Request::Queue(queue, request);
    for n in 1..=5 {
        setup.send(1, ask(QueueRequest::Put(value(n), FOREVER)));
    }
    let get = || ask(QueueRequest::Get(FOREVER));
    for n in 1..=3 {
        let item = Reply::Item(n, value(n as u32));
        assert_eq!(setup.send(2, get()), [(2, item)]);
    }
    // Others cannot end the item of this client.
    let fault = Reply::Fault(Fault::NotOwner);
    assert_eq!(
        setup.send(3, ask(QueueRequest::Done(2))),
        [(3, fault.clone())]
    );
    assert_eq!(
        setup.send(2, ask(QueueRequest::Done(2))),
        [(2, Reply::Done)]
    );
    assert_eq!(setup.send(2, ask(QueueRequest::Done(2))), [(2, fault)]);
    assert_eq!(setup.end(2), NOTHING);
    for n in [1, 3, 4, 5] {
        let item = Reply::Item(n, value(n as u32));
        assert_eq!(setup.send(4, get()), [(4, item)]);
    }
    // Two clients wait for the four items when their holder ends; a third waits until all are done.
    assert_eq!(setup.send(5, get()), NOTHING);
    assert_eq!(setup.send(6, get()), NOTHING);
    assert_eq!(setup.send(7, ask(QueueRequest::Join(FOREVER))), NOTHING);
    assert_eq!(
        setup.send(8, ask(QueueRequest::Join(AT_ONCE))),
        [(8, Reply::TimedOut)]
    );
    let replies = setup.end(4);
    let expected = [(5, Reply::Item(1, value(1))), (6, Reply::Item(3, value(3)))];
    assert_eq!(replies, expected);
    for n in [4, 5] {
        let item = Reply::Item(n, value(n as u32));
        assert_eq!(setup.send(1, get()), [(1, item)]);
    }
    for (client, n) in [(5, 1), (6, 3), (1, 4)] {
        let replies = setup.send(client, ask(QueueRequest::Done(n)));
        assert_eq!(replies, [(client, Reply::Done)]);
    }
    let replies = setup.send(1, ask(QueueRequest::Done(5)));
    assert_eq!(replies, [(1, Reply::Done), (7, Reply::Done)]);
    // One that is returned by hand is handed out first.
    setup.send(1, ask(QueueRequest::Put(value(6), FOREVER)));
    setup.send(1, ask(QueueRequest::Put(value(7), FOREVER)));
    setup.send(1, get());
    setup.send(1, ask(QueueRequest::Return(6)));
    assert_eq!(setup.send(1, get()), [(1, Reply::Item(6, value(6)))]);
}

#[test]
fn a_swap_in_a_map_needs_the_current_version() {
    let mut setup = Setup::new();
    let map = setup.create(New::Map);
    let ask = |request| Request::Map(map, request);
    let versioned = |key| ask(MapRequest::GetVersioned(value(key)));
    let swap = |version, new: Option<u32>| {
        let (key, new) = (value(1), new.map(value));
        ask(MapRequest::Swap { key, version, new })
    };
    let absent = Reply::Versioned(None, 0);
    assert_eq!(setup.send(1, versioned(1)), [(1, absent)]);
    assert_eq!(setup.send(1, swap(0, Some(7))), [(1, Reply::Done)]);
    let first = Reply::Versioned(Some(value(7)), 1);
    assert_eq!(setup.send(2, swap(0, Some(8))), [(2, first)]);
    assert_eq!(setup.send(2, swap(1, Some(8))), [(2, Reply::Done)]);
    // Removed and inserted again, it has another version.
    setup.send(1, ask(MapRequest::Remove(value(1))));
    let replies = setup.send(1, ask(MapRequest::Insert(value(1), value(8))));
    assert_eq!(replies, [(1, Reply::Value(None))]);
    let third = Reply::Versioned(Some(value(8)), 3);
    assert_eq!(setup.send(2, swap(2, None)), [(2, third)]);
    assert_eq!(setup.send(2, swap(3, None)), [(2, Reply::Done)]);
    assert_eq!(setup.send(2, ask(MapRequest::Len)), [(2, Reply::Count(0))]);
}

#[test]
fn a_map_keeps_the_order_of_its_keys() {
    let mut setup = Setup::new();
    let map = setup.create(New::Map);
    for key in [3, 1, 2, 3] {
        setup.send(
            1,
            Request::Map(map, MapRequest::Insert(value(key), value(0))),
        );
    }
    let keys = vec![value(3), value(1), value(2)];
    let replies = setup.send(1, Request::Map(map, MapRequest::Keys));
    assert_eq!(replies, [(1, Reply::Values(keys))]);
}

#[test]
fn a_list_refuses_indices_beyond_its_end() {
    let mut setup = Setup::new();
    let list = setup.create(New::List(vec![value(1), value(2)]));
    let ask = |request| Request::List(list, request);
    let beyond = |index, len| Reply::Fault(Fault::OutOfRange { index, len });
    assert_eq!(
        setup.send(1, ask(ListRequest::Set(2, value(3)))),
        [(1, beyond(2, 2))]
    );
    assert_eq!(
        setup.send(1, ask(ListRequest::Insert(2, value(3)))),
        [(1, Reply::Done)]
    );
    assert_eq!(
        setup.send(1, ask(ListRequest::Insert(u64::MAX, value(3)))),
        [(1, beyond(u64::MAX, 3))]
    );
    assert_eq!(
        setup.send(1, ask(ListRequest::Remove(0))),
        [(1, Reply::Value(Some(value(1))))]
    );
    // The element at the index is another one now.
    let (index, version, new) = (0, 1, value(9));
    assert_eq!(
        setup.send(
            1,
            ask(ListRequest::Swap {
                index,
                version,
                new
            })
        ),
        [(1, Reply::Versioned(Some(value(2)), 2))]
    );
    let (index, version, new) = (0, 2, value(9));
    assert_eq!(
        setup.send(
            1,
            ask(ListRequest::Swap {
                index,
                version,
                new
            })
        ),
        [(1, Reply::Done)]
    );
    assert_eq!(
        setup.send(1, ask(ListRequest::All)),
        [(1, Reply::Values(vec![value(9), value(3)]))]
    );
    assert_eq!(
        setup.send(1, ask(ListRequest::GetVersioned(2))),
        [(1, beyond(2, 2))]
    );
}

#[test]
fn a_lock_passes_in_order_and_the_end_of_its_owner_is_reported_once() {
    let mut setup = Setup::new();
    let lock = setup.create(New::Lock { reentrant: false });
    let acquire = |wait| Request::Lock(lock, LockRequest::Acquire(wait));
    let release = || Request::Lock(lock, LockRequest::Release);

    assert_eq!(setup.send(1, acquire(FOREVER)), [(1, locked(false))]);
    let deadlock = Reply::Fault(Fault::Deadlock);
    assert_eq!(setup.send(1, acquire(FOREVER)), [(1, deadlock.clone())]);
    assert_eq!(setup.send(1, acquire(ONE)), [(1, deadlock)]);
    assert_eq!(setup.send(1, acquire(AT_ONCE)), [(1, Reply::TimedOut)]);
    assert_eq!(
        setup.send(2, release()),
        [(2, Reply::Fault(Fault::NotOwner))]
    );
    for client in [2, 3, 4] {
        assert_eq!(setup.send(client, acquire(FOREVER)), NOTHING);
    }
    assert_eq!(setup.send(5, acquire(ONE)), NOTHING);
    assert_eq!(setup.pass(Duration::from_secs(1)), [(5, Reply::TimedOut)]);
    // One that waits ends, then the owner, then the next owner.
    assert_eq!(setup.end(2), NOTHING);
    assert_eq!(setup.end(1), [(3, locked(true))]);
    assert_eq!(setup.end(3), [(4, locked(true))]);
    assert_eq!(setup.send(4, release()), [(4, Reply::Done)]);
    assert_eq!(setup.send(5, acquire(AT_ONCE)), [(5, locked(false))]);
    // It is reported also if no client waits at that time.
    assert_eq!(setup.end(5), NOTHING);
    assert_eq!(setup.send(6, acquire(AT_ONCE)), [(6, locked(true))]);
}

#[test]
fn a_reentrant_lock_is_released_as_often_as_it_was_locked() {
    let mut setup = Setup::new();
    let lock = setup.create(New::Lock { reentrant: true });
    let acquire = |wait| Request::Lock(lock, LockRequest::Acquire(wait));
    let release = || Request::Lock(lock, LockRequest::Release);

    assert_eq!(setup.send(1, acquire(FOREVER)), [(1, locked(false))]);
    assert_eq!(setup.send(1, acquire(FOREVER)), [(1, locked(false))]);
    assert_eq!(setup.send(2, acquire(FOREVER)), NOTHING);
    assert_eq!(setup.send(1, release()), [(1, Reply::Done)]);
    let replies = setup.send(1, release());
    assert_eq!(replies, [(1, Reply::Done), (2, locked(false))]);
    setup.send(2, acquire(FOREVER));
    assert_eq!(setup.end(2), NOTHING);
    assert_eq!(setup.send(3, acquire(AT_ONCE)), [(3, locked(true))]);
    let refused = setup.send(3, Request::Create(New::Condition(lock)));
    assert_eq!(refused, [(3, Reply::Fault(Fault::NoObject))]);
}

/// Returns a lock with a condition for which the clients 1, 2 and 3 wait, in this order.
fn three_wait(setup: &mut Setup, wait: Wait) -> (ObjectId, ObjectId) {
    let lock = setup.create(New::Lock { reentrant: false });
    let condition = setup.create(New::Condition(lock));
    for client in [1, 2, 3] {
        setup.send(client, Request::Lock(lock, LockRequest::Acquire(FOREVER)));
        let waits = Request::Condition(condition, ConditionRequest::Wait(wait));
        assert_eq!(setup.send(client, waits), NOTHING);
    }
    (lock, condition)
}

const NOTIFIED: Reply = Reply::Locked {
    owner_died: false,
    notified: true,
};

#[test]
fn a_notified_client_continues_when_it_has_the_lock() {
    let mut setup = Setup::new();
    let (lock, condition) = three_wait(&mut setup, ONE);
    let notify = || Request::Condition(condition, ConditionRequest::NotifyOne);
    let release = || Request::Lock(lock, LockRequest::Release);

    setup.send(4, Request::Lock(lock, LockRequest::Acquire(FOREVER)));
    assert_eq!(setup.send(4, notify()), [(4, Reply::Done)]);
    // The time of those that have not been notified is up, but they need the lock too.
    assert_eq!(setup.pass(Duration::from_secs(1)), NOTHING);
    assert_eq!(setup.core.next_deadline(), None);
    let replies = setup.send(4, release());
    assert_eq!(replies, [(4, Reply::Done), (1, NOTIFIED)]);
    let replies = setup.send(1, release());
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
    let mut setup = Setup::new();
    let (lock, condition) = three_wait(&mut setup, FOREVER);
    let notify = Request::Condition(condition, ConditionRequest::NotifyOne);
    setup.send(4, Request::Lock(lock, LockRequest::Acquire(FOREVER)));
    setup.send(4, notify);
    assert_eq!(setup.end(1), NOTHING);
    let release = Request::Lock(lock, LockRequest::Release);
    assert_eq!(setup.send(4, release), [(4, Reply::Done), (2, NOTIFIED)]);
    assert_eq!(setup.waiting(), 1);
}

#[test]
fn all_clients_are_notified_but_not_those_that_have_ended() {
    let mut setup = Setup::new();
    let (lock, condition) = three_wait(&mut setup, FOREVER);
    assert_eq!(setup.end(2), NOTHING);
    let notify = Request::Condition(condition, ConditionRequest::NotifyAll);
    assert_eq!(setup.send(4, notify), [(1, NOTIFIED), (4, Reply::Done)]);
    let release = Request::Lock(lock, LockRequest::Release);
    assert_eq!(setup.send(1, release), [(1, Reply::Done), (3, NOTIFIED)]);
}

#[test]
fn the_permits_of_a_client_return_with_its_end() {
    let mut setup = Setup::new();
    let (permits, bounded) = (2, true);
    let semaphore = setup.create(New::Semaphore { permits, bounded });
    let ask = |request| Request::Semaphore(semaphore, request);
    let acquire = || ask(SemaphoreRequest::Acquire(FOREVER));

    assert_eq!(setup.send(1, acquire()), [(1, Reply::Done)]);
    assert_eq!(setup.send(1, acquire()), [(1, Reply::Done)]);
    for client in [2, 3, 4] {
        assert_eq!(setup.send(client, acquire()), NOTHING);
    }
    assert_eq!(setup.end(2), NOTHING);
    assert_eq!(setup.end(1), [(3, Reply::Done), (4, Reply::Done)]);
    let above = Reply::Fault(Fault::AboveBound);
    assert_eq!(setup.send(5, ask(SemaphoreRequest::Release)), [(5, above)]);
    let not_owner = Reply::Fault(Fault::NotOwner);
    assert_eq!(
        setup.send(5, ask(SemaphoreRequest::Return)),
        [(5, not_owner)]
    );
    // A permit that is forgotten may be added again.
    assert_eq!(
        setup.send(3, ask(SemaphoreRequest::Forget)),
        [(3, Reply::Done)]
    );
    assert_eq!(setup.end(3), NOTHING);
    assert_eq!(
        setup.send(5, ask(SemaphoreRequest::Release)),
        [(5, Reply::Done)]
    );
    assert_eq!(
        setup.send(4, ask(SemaphoreRequest::Return)),
        [(4, Reply::Done)]
    );
    assert_eq!(
        setup.send(4, ask(SemaphoreRequest::Available)),
        [(4, Reply::Count(2))]
    );
}

#[test]
fn an_event_wakes_all_that_wait() {
    let mut setup = Setup::new();
    let event = setup.create(New::Event);
    let ask = |request| Request::Event(event, request);
    for client in [1, 2, 3] {
        assert_eq!(
            setup.send(client, ask(EventRequest::Wait(FOREVER))),
            NOTHING
        );
    }
    assert_eq!(setup.end(2), NOTHING);
    let replies = setup.send(4, ask(EventRequest::Set));
    let expected = [(4, Reply::Done), (1, Reply::Done), (3, Reply::Done)];
    assert_eq!(replies, expected);
    assert_eq!(
        setup.send(5, ask(EventRequest::Wait(AT_ONCE))),
        [(5, Reply::Done)]
    );
    setup.send(5, ask(EventRequest::Clear));
    assert_eq!(
        setup.send(5, ask(EventRequest::Wait(AT_ONCE))),
        [(5, Reply::TimedOut)]
    );
}

#[test]
fn a_barrier_breaks_with_a_client_that_waits() {
    let mut setup = Setup::new();
    let barrier = setup.create(New::Barrier { parties: 3 });
    let ask = |request| Request::Barrier(barrier, request);
    let wait = || ask(BarrierRequest::Wait(FOREVER));
    let broken = || Reply::Fault(Fault::BrokenBarrier);

    assert_eq!(setup.send(1, wait()), NOTHING);
    assert_eq!(setup.send(2, wait()), NOTHING);
    let passed = [
        (1, Reply::Count(0)),
        (2, Reply::Count(1)),
        (3, Reply::Count(2)),
    ];
    assert_eq!(setup.send(3, wait()), passed);
    // The end of one that has passed breaks nothing.
    assert_eq!(setup.end(3), NOTHING);
    setup.send(1, wait());
    setup.send(2, wait());
    assert_eq!(setup.end(1), [(2, broken())]);
    assert_eq!(setup.send(2, wait()), [(2, broken())]);
    assert_eq!(
        setup.send(2, ask(BarrierRequest::Reset)),
        [(2, Reply::Done)]
    );
    assert_eq!(setup.send(2, wait()), NOTHING);
    let waits = ask(BarrierRequest::Wait(ONE));
    assert_eq!(setup.send(4, waits), NOTHING);
    let replies = setup.pass(Duration::from_secs(1));
    assert_eq!(replies, [(2, broken()), (4, broken())]);
    // Clients that wait at a reset receive an error, and do not wait for later ones.
    setup.send(2, ask(BarrierRequest::Reset));
    setup.send(2, wait());
    let replies = setup.send(4, ask(BarrierRequest::Reset));
    assert_eq!(replies, [(2, broken()), (4, Reply::Done)]);
    assert_eq!(
        setup.send(4, ask(BarrierRequest::IsBroken)),
        [(4, Reply::Is(false))]
    );
}

#[test]
fn a_client_that_waits_must_not_send_a_request() {
    let mut setup = Setup::new();
    let event = setup.create(New::Event);
    setup.send(1, Request::Event(event, EventRequest::Wait(FOREVER)));
    let second = Request::Event(event, EventRequest::Set);
    let handled = setup.core.handle(ClientId(1), 2, second, setup.now);
    assert_eq!(handled, Err(Violation));
}

#[test]
fn a_request_to_an_object_of_another_kind_is_refused() {
    let mut setup = Setup::new();
    let event = setup.create(New::Event);
    let replies = setup.send(1, Request::Map(event, MapRequest::Len));
    assert_eq!(replies, [(1, Reply::Fault(Fault::NoObject))]);
    let nothing = ObjectId(1000);
    let replies = setup.send(1, Request::Condition(nothing, ConditionRequest::NotifyAll));
    assert_eq!(replies, [(1, Reply::Fault(Fault::NoObject))]);
}

#[test]
fn the_answer_of_a_service_reaches_only_the_client_that_still_waits() {
    let mut setup = Setup::new();
    let call = || Request::Create(New::Service(value(1)));
    assert_eq!(setup.send(1, call()), NOTHING);
    assert_eq!(setup.send(2, call()), NOTHING);
    let calls = setup.core.take_calls();
    assert_eq!(setup.end(1), NOTHING);
    for call in calls {
        assert!(call.starts);
        let created = Reply::Created(call.caller.object);
        setup.core.answer(call.caller, created);
    }
    assert_eq!(setup.replies(), [(2, Reply::Created(ObjectId(2)))]);
}

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
