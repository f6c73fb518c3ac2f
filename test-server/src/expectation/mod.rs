//! Expectations: how often requests must come, until when and in which order.
//!
//! They are evaluated on the journal, which keeps all requests from the first expectation on. So a check changes
//! nothing and can be repeated.
//!
//! * `times`: how often a request is expected
//! * `expected`: what a test expects, and the result
//! * `division`: how requests can be divided among the expectations in order
//! * `disorder`: what is wrong with requests that no order explains, for the message
//! * `evaluation`: which requests count for which expectation
//! * `report`: the message about expectations that are not met
//! * `list`: the expectations of a server

use std::sync::Arc;
use std::time::Duration;

use crate::matching::{Condition, Request, matching_methods};

mod disorder;
mod division;
mod evaluation;
mod expected;
mod list;
mod report;
mod times;

pub(crate) use list::Expectations;
pub use times::Times;

/// An expectation of a server, made by [`TestServer::expect`](crate::TestServer::expect): exactly one request, unless
/// `times` says otherwise.
///
/// Each method changes the expectation at once and returns it again. It is checked when the server is dropped, also if
/// this handle is dropped before.
///
/// ```should_panic
/// use std::time::Duration;
/// use test_server::{Plan, TestServer};
///
/// let server = TestServer::start(Plan::normal())?;
/// server.expect("GET /flags/br/br.gif").times(3);
/// server.expect("POST /orders").when_header("content-type", "application/json").times(1..).in_order();
/// server.expect("GET /orders/{id}").within(Duration::from_millis(10)).in_order();
/// drop(server); // panics, because no request has come
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Expectation {
    list: Arc<Expectations>,
    at: usize,
}

impl Expectation {
    pub(crate) fn new(list: Arc<Expectations>, at: usize) -> Self {
        Self { list, at }
    }

    matching_methods!();

    /// Sets how many requests must come: a number, or a range such as `1..`, `2..=3` or `..5`, of any integer type.
    /// Attempts that meet a fault, and requests that are refused, are requests as well.
    ///
    /// # Panics
    /// If a number is negative.
    #[track_caller]
    pub fn times(&self, times: impl Into<Times>) -> Self {
        let times = times.into();
        self.list.change(self.at, |expected| expected.times = times);
        self.clone()
    }

    /// Counts only requests that come within this time from the call of `expect`. A check waits for missing ones until
    /// then; otherwise it does not wait.
    ///
    /// A check blocks its thread while it waits. In an async test on one thread (`#[tokio::test]`), the client cannot
    /// go on meanwhile and the check fails at the end of the time: await the client before, or check on a thread of its
    /// own: `tokio::task::spawn_blocking(move || server.stop()).await.unwrap()`.
    pub fn within(&self, time: Duration) -> Self {
        self.list
            .change(self.at, |expected| expected.within = Some(time));
        self.clone()
    }

    /// Asks that the requests come only when those of the expectations in order made before this one have come. Other
    /// requests may come between them. A request that fits several expectations in order counts for one of them, so that
    /// all are met if that is possible.
    pub fn in_order(&self) -> Self {
        self.list
            .change(self.at, |expected| expected.in_order = true);
        self.clone()
    }

    /// Checks this expectation now.
    ///
    /// # Panics
    /// If it is not met, with the requests that are closest to it.
    #[track_caller]
    pub fn verify(&self) {
        if let Some(message) = self.list.unmet(Some(self.at)) {
            panic!("{message}");
        }
    }

    fn add_condition(&self, condition: Condition) -> Self {
        self.list
            .change(self.at, |expected| expected.matcher.add(condition));
        self.clone()
    }
}
