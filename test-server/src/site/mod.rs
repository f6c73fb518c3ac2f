//! The state that the handlers of one server share.
//!
//! * `access`: who may use the control paths
//! * `group`: servers whose pages link to each other
//! * `control`: the paths that read and change a running server
//! * `cors`: which responses pages of other sites may read
//! * `page`: the page at `/`, as HTML and as text
//! * `stale`: closes a connection after its last response
//! * `target`: what a request is for: a flag, or any other path
//! * `under_plan`: the response to a request under the faults of its plan
//! * `routes`: from a request to its response: a flag or any other path under the plan, the page, or a control path

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::response::Response;

use crate::connection::refusals::Refusals;
use crate::connection::tls::Tls;
use crate::content::folder::Folder;
use crate::content::images::Images;
use crate::content::route::RouteTable;
use crate::content::upstream::Upstream;
use crate::exchange::ConnectionHandle;
use crate::exchange::quotas::Quotas;
use crate::expectation::Expectations;
use crate::plan::Plan;
use crate::recording::access_log::AccessLog;
use crate::recording::counters::Counters;
use crate::recording::current_plan::CurrentPlan;
use crate::recording::journal::{Entry, Journal};
use crate::site::access::Access;

pub(crate) mod access;
pub(crate) mod control;
pub(crate) mod cors;
pub(crate) mod group;
pub(crate) mod page;
pub(crate) mod routes;
pub(crate) mod stale;
pub(crate) mod target;
pub(crate) mod under_plan;

/// One server, as its handlers see it. Only the plan and the counters change.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) name: String,
    pub(crate) plan: CurrentPlan,
    pub(crate) seed: u64,
    /// Whether the keys of targets other than flags include the query.
    pub(crate) query_in_keys: bool,
    pub(crate) images: Images,
    /// The routes that a test has defined, which come before all other paths.
    pub(crate) routes: RouteTable,
    /// The server that answers instead of this one, if there is one.
    pub(crate) upstream: Option<Arc<Upstream>>,
    /// The folder whose files are served instead of flags, if there is one.
    pub(crate) folder: Option<Arc<Folder>>,
    /// Whether the paths of httpbin are answered.
    pub(crate) httpbin: bool,
    /// The certificates, if connections are encrypted.
    pub(crate) tls: Option<Tls>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) quotas: Quotas,
    /// The last requests, if they are to be recorded.
    pub(crate) journal: Arc<Journal>,
    pub(crate) expectations: Arc<Expectations>,
    /// Who may use the control paths.
    pub(crate) access: Access,
    /// Whether pages of other sites may read the responses.
    pub(crate) cors: bool,
    pub(crate) access_log: Option<AccessLog>,
    /// How long the head of a request may take.
    pub(crate) header_timeout: Duration,
    pub(crate) refusals: Refusals,
}

impl Site {
    /// Returns whether this server has flags and a page. In front of another server or of a folder, all paths are those
    /// of it, except for the control paths.
    pub(crate) fn has_own_paths(&self) -> bool {
        self.upstream.is_none() && self.folder.is_none()
    }

    /// Returns the scheme of the URLs of this server.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        self.plan.get()
    }

    /// Sets the plan. What happened under the earlier plan does not count for the faults of this one.
    pub(crate) fn set_plan(&self, plan: Plan) {
        self.plan.set(plan);
        self.quotas.reset();
    }

    /// Records a request whose head has arrived, if the journal is open.
    pub(crate) fn record(&self, head: &Parts) -> Option<Entry> {
        if !self.journal.is_open() {
            return None;
        }
        let ConnectInfo(handle) = head.extensions.get::<ConnectInfo<ConnectionHandle>>()?;
        Some(self.journal.record(head, handle.number()))
    }

    /// Records the response to a request that is not counted.
    pub(crate) fn record_response(&self, entry: &Entry, response: &Response) {
        entry.record_status(response.status().as_u16());
        // A thread may wait for what the journal shows.
        self.counters.notify();
    }

    /// Resets the counters and all that faults count.
    pub(crate) fn reset(&self) {
        self.counters.reset();
        self.quotas.reset();
        self.journal.reset();
    }
}
