//! The settings and state that all downloads of a run share: destination, limits and cancellation.
//!
//! The modules, lowest layer first; each imports only from those listed before it:
//!
//! * `http`: how requests reach their servers: headers, logins, proxies and certificates
//! * `limits`: the limits of one request
//! * `saving`: whether items can be saved at all
//! * `traffic`: when requests may be sent

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub(crate) mod http;
mod limits;
mod saving;
mod traffic;

pub use http::HttpSettings;
pub use limits::RequestLimits;
pub use saving::{Saving, Unsaved};
pub(crate) use traffic::{LONGEST_PAUSE, Origin, Turn};
pub use traffic::{Pauses, Traffic, TrafficLimits};

/// What all downloads of a run share.
#[derive(Debug)]
pub struct Job {
    /// The folder where flags are saved. It must exist.
    pub dest: PathBuf,
    /// The limits of one request. Waiting for a turn does not count.
    pub limits: RequestLimits,
    /// The number of times a request is retried after a transient failure.
    pub retries: u32,
    /// Whether a flag is skipped if a complete copy is already in `dest`.
    pub skip_existing: bool,
    /// Whether each flag is on the disk before it counts as saved.
    pub fsync: bool,
    /// Whether a body that does not say where it ends is saved, although it may be cut.
    pub allow_unframed: bool,
    /// The keys of the partial files in `dest` that earlier runs have left. Others are not looked for, so that files cost
    /// nothing that have none.
    pub partials: HashSet<u64>,
    /// Cancelled to stop the run: no new download starts, and downloads in progress end at once.
    pub stop: CancellationToken,
    /// Whether flags can be saved. If not, no new download starts.
    pub saving: Saving,
    /// How requests reach their servers.
    pub http: Arc<HttpSettings>,
    /// When requests may be sent.
    pub traffic: Traffic,
}

impl Job {
    /// Creates a job with the default limits and without retries.
    pub fn new(dest: PathBuf) -> Self {
        Self {
            dest,
            limits: RequestLimits::default(),
            retries: 0,
            skip_existing: false,
            fsync: false,
            allow_unframed: false,
            partials: HashSet::new(),
            stop: CancellationToken::new(),
            saving: Saving::default(),
            http: Arc::default(),
            traffic: Traffic::default(),
        }
    }

    /// Returns whether no new download may start.
    pub fn is_over(&self) -> bool {
        self.stop.is_cancelled() || self.saving.impossible().is_some()
    }

    /// Waits until no new download may start. Safe to drop at any await point.
    pub async fn over(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.saving.given_up() => {}
        }
    }
}
