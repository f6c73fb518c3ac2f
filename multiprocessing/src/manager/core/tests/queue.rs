//! Tests of queues.

use std::time::Duration;

use super::{FOREVER, NOTHING, ONE, Setup, value};
use crate::manager::protocol::{AT_ONCE, Fault, New, ObjectId, QueueRequest, Reply, Request, Wait};

fn put(queue: ObjectId, n: u32, wait: Wait) -> Request {
    Request::Queue(queue, QueueRequest::Put(value(n), wait))
}

fn get(queue: ObjectId, wait: Wait) -> Request {
    Request::Queue(queue, QueueRequest::Get(wait))
}

#[test]
fn a_queue_hands_items_out_in_order_to_clients_in_order() {
    let (bound, joinable) = (Some(1), false);
    let (mut setup, queue) = Setup::with(New::Queue { bound, joinable });
    assert_eq!(setup.send(1, get(queue, FOREVER)), NOTHING);
    assert_eq!(setup.send(2, get(queue, FOREVER)), NOTHING);
    let replies = setup.send(3, put(queue, 10, FOREVER));
    assert_eq!(replies, [(1, Reply::Item(1, value(10))), (3, Reply::Done)]);
    // The next client has ended, so its item stays in the queue.
    assert_eq!(setup.end(2), NOTHING);
    assert_eq!(setup.send(3, put(queue, 11, FOREVER)), [(3, Reply::Done)]);
    let replies = setup.send(4, put(queue, 12, AT_ONCE));
    assert_eq!(replies, [(4, Reply::TimedOut)]);
    assert_eq!(setup.send(4, put(queue, 12, FOREVER)), NOTHING);
    assert_eq!(setup.send(5, put(queue, 13, ONE)), NOTHING);
    assert_eq!(setup.send(6, put(queue, 14, FOREVER)), NOTHING);
    assert_eq!(setup.end(4), NOTHING);
    assert_eq!(setup.pass(Duration::from_secs(1)), [(5, Reply::TimedOut)]);
    let replies = setup.send(1, get(queue, FOREVER));
    assert_eq!(replies, [(6, Reply::Done), (1, Reply::Item(2, value(11)))]);
    let replies = setup.send(1, get(queue, AT_ONCE));
    assert_eq!(replies, [(1, Reply::Item(3, value(14)))]);
    assert_eq!(setup.send(1, get(queue, AT_ONCE)), [(1, Reply::TimedOut)]);
    assert_eq!(setup.core.next_deadline(), None);
}

#[test]
fn a_queue_with_the_bound_zero_hands_items_from_client_to_client() {
    let (bound, joinable) = (Some(0), false);
    let (mut setup, queue) = Setup::with(New::Queue { bound, joinable });
    let replies = setup.send(1, put(queue, 10, AT_ONCE));
    assert_eq!(replies, [(1, Reply::TimedOut)]);
    assert_eq!(setup.send(1, put(queue, 10, FOREVER)), NOTHING);
    let replies = setup.send(2, get(queue, FOREVER));
    assert_eq!(replies, [(1, Reply::Done), (2, Reply::Item(1, value(10)))]);
    assert_eq!(setup.send(2, get(queue, FOREVER)), NOTHING);
    let replies = setup.send(1, put(queue, 11, AT_ONCE));
    assert_eq!(replies, [(2, Reply::Item(2, value(11))), (1, Reply::Done)]);
}

#[test]
fn items_that_are_not_done_are_handed_out_again_in_their_order() {
    let (bound, joinable) = (None, true);
    let (mut setup, queue) = Setup::with(New::Queue { bound, joinable });
    let ask = |request| Request::Queue(queue, request);
    for n in 1..=5 {
        setup.send(1, put(queue, n, FOREVER));
    }
    for n in 1..=3 {
        let item = Reply::Item(n, value(n as u32));
        assert_eq!(setup.send(2, get(queue, FOREVER)), [(2, item)]);
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
        assert_eq!(setup.send(4, get(queue, FOREVER)), [(4, item)]);
    }
    // Two clients wait for the four items when their holder ends; a third waits until all are done.
    assert_eq!(setup.send(5, get(queue, FOREVER)), NOTHING);
    assert_eq!(setup.send(6, get(queue, FOREVER)), NOTHING);
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
        assert_eq!(setup.send(1, get(queue, FOREVER)), [(1, item)]);
    }
    for (client, n) in [(5, 1), (6, 3), (1, 4)] {
        let replies = setup.send(client, ask(QueueRequest::Done(n)));
        assert_eq!(replies, [(client, Reply::Done)]);
    }
    let replies = setup.send(1, ask(QueueRequest::Done(5)));
    assert_eq!(replies, [(1, Reply::Done), (7, Reply::Done)]);
    // One that is returned by hand is handed out first.
    setup.send(1, put(queue, 6, FOREVER));
    setup.send(1, put(queue, 7, FOREVER));
    setup.send(1, get(queue, FOREVER));
    setup.send(1, ask(QueueRequest::Return(6)));
    let replies = setup.send(1, get(queue, FOREVER));
    assert_eq!(replies, [(1, Reply::Item(6, value(6)))]);
}
