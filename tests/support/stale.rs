//! Servers that close idle connections without notice.

use std::collections::BTreeSet;

use flags::country::{CountryCode, Selection};
use flags::record::Status;
use flags::strategy::Strategy;

use super::{Work, server};

/// The plans: the number of answers after which a connection is closed, and the time it stays open after the last of
/// them.
const PLANS: [&str; 6] = [
    "100:stale=1",
    "100:stale=5",
    "100:stale=1@500us",
    "100:stale=5@500us",
    "100:stale=1@5ms",
    "100:stale=5@5ms",
];

/// Asserts that every strategy downloads these codes although the server closes connections that look reusable, and
/// that no repeated request counts as an attempt.
pub(crate) fn assert_stale_connections_lose_no_flag(codes: &[CountryCode]) {
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
            let lost = records.iter().zip(&expected);
            let lost: Vec<_> = lost
                .filter(|(record, status)| record.status() != **status)
                .collect();
            assert!(lost.is_empty(), "{plan} {strategy}: {lost:?}");
            assert!(
                records.iter().all(|record| record.effort.attempts == 1),
                "requests repeated on a stale connection do not count as attempts"
            );
        }
    }
}
