//! Servers that close connections without a word.

use std::collections::BTreeSet;

use flags::country::{CountryCode, Selection};
use flags::record::Status;
use flags::strategy::Strategy;

use super::{Work, server};

/// How many requests there are on a connection before it is closed, and how long it is left open after the last answer.
const PLANS: [&str; 6] = [
    "100:stale=1",
    "100:stale=5",
    "100:stale=1@500us",
    "100:stale=5@500us",
    "100:stale=1@5ms",
    "100:stale=5@5ms",
];

/// Asserts that every strategy gets these codes over connections that are never what they seem, without an attempt that
/// counts.
pub(crate) fn stale_connections_cost_no_flag(codes: &[CountryCode]) {
    let with_flag: BTreeSet<_> = Selection::<&str>::All
        .codes()
        .unwrap()
        .into_iter()
        .collect();
    let expected = codes.iter().map(|code| match with_flag.contains(code) {
        true => Status::Ok,
        false => Status::NotFound,
    });
    let expected: Vec<_> = expected.collect();
    for plan in PLANS {
        let server = server(plan);
        for strategy in Strategy::ALL {
            let records = Work::new(&server.url(), codes.to_vec()).run(strategy, 16);
            let statuses: Vec<_> = records.iter().map(|record| record.status()).collect();
            assert_eq!(statuses, expected, "{plan} {strategy}");
            assert!(
                records.iter().all(|record| record.effort.attempts == 1),
                "no attempt of ours was wasted, so none is counted"
            );
        }
    }
}
