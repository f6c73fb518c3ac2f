//! Tests of dictionaries.

use super::{Setup, value};
use crate::manager::protocol::{MapRequest, New, Reply, Request};

#[test]
fn a_swap_in_a_map_needs_the_current_version() {
    let (mut setup, map) = Setup::with(New::Map);
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
    let (mut setup, map) = Setup::with(New::Map);
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
