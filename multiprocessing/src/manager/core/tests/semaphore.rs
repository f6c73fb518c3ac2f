//! Tests of semaphores.

use super::{FOREVER, NOTHING, Setup};
use crate::manager::protocol::{Fault, New, Reply, Request, SemaphoreRequest};

#[test]
fn the_permits_of_a_client_return_with_its_end() {
    let (permits, bounded) = (2, true);
    let (mut setup, semaphore) = Setup::with(New::Semaphore { permits, bounded });
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
