//! Tests of requests that are refused, and of calls of services.

use super::{FOREVER, NOTHING, Setup, value};
use crate::manager::core::{ClientId, Violation};
use crate::manager::protocol::{
    ConditionRequest, EventRequest, Fault, MapRequest, New, ObjectId, Reply, Request,
};

#[test]
fn a_client_that_waits_must_not_send_a_request() {
    let (mut setup, event) = Setup::with(New::Event);
    setup.send(1, Request::Event(event, EventRequest::Wait(FOREVER)));
    let second = Request::Event(event, EventRequest::Set);
    let handled = setup.core.handle(ClientId(1), 2, second, setup.now);
    assert_eq!(handled, Err(Violation));
}

#[test]
fn a_request_to_an_object_of_another_kind_is_refused() {
    let (mut setup, event) = Setup::with(New::Event);
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
