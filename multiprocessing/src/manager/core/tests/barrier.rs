//! Tests of barriers.

use std::time::Duration;

use super::{FOREVER, NOTHING, ONE, Setup};
use crate::manager::protocol::{BarrierRequest, Fault, New, Reply, Request};

#[test]
fn a_barrier_breaks_with_a_client_that_waits() {
    let (mut setup, barrier) = Setup::with(New::Barrier { parties: 3 });
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
