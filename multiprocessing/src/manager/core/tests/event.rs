//! Tests of events.

use super::{FOREVER, NOTHING, Setup};
use crate::manager::protocol::{AT_ONCE, EventRequest, New, Reply, Request};

#[test]
fn an_event_wakes_all_that_wait() {
    let (mut setup, event) = Setup::with(New::Event);
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
