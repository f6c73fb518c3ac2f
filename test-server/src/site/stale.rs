//! `stale`: closes a connection after its last response, to any request that is not for a control path.

use std::cmp::Ordering;

use crate::exchange::ConnectionHandle;
use crate::fault::Argument;
use crate::script::{End, Script};
use crate::site::Site;
use crate::site::control;

/// The state of a connection that has used up its responses. An extension of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StaleState {
    /// This response is the last one.
    LastResponse,
    /// An earlier response was the last one.
    Closed,
}

impl StaleState {
    /// Counts the response to a request for this path if the plan of the server has `stale`, and closes the connection
    /// after the last one.
    pub(crate) fn of_next_response(
        site: &Site,
        path: &str,
        handle: &ConnectionHandle,
    ) -> Option<Self> {
        let plan = site.plan();
        let Argument::Stale { responses, late } = *plan.server_wide()?.argument() else {
            return None;
        };
        if control::is_path(path) {
            return None;
        }
        match handle.count_response().cmp(&responses) {
            Ordering::Less => None,
            Ordering::Equal => {
                handle.close_after_response(late);
                Some(Self::LastResponse)
            }
            Ordering::Greater => Some(Self::Closed),
        }
    }

    /// Ends the connection without a response if an earlier one was the last: requests that were pipelined behind it
    /// get none.
    pub(crate) fn enforce(self, handle: &ConnectionHandle) {
        if self == Self::Closed {
            handle.write_script(Script::empty(End::Close), None);
        }
    }
}
