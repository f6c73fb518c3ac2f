//! Tests of lists, values and arrays.

use super::{Setup, value};
use crate::manager::protocol::{Fault, ListRequest, New, Reply, Request};

#[test]
fn a_list_refuses_indices_beyond_its_end() {
    let (mut setup, list) = Setup::with(New::List(vec![value(1), value(2)]));
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
