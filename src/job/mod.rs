//! The settings and state that all downloads of a run share: codes, server, destination, limits and cancellation.

use std::path::PathBuf;

use reqwest::Url;
use tokio_util::sync::CancellationToken;

use crate::country::CountryCode;
use crate::server::BaseUrl;

mod limits;
mod pause;
mod saving;

pub use limits::RequestLimits;
pub(crate) use pause::LONGEST_PAUSE;
pub use pause::OriginPause;
pub use saving::{Saving, Unsaved};

/// The work of one run.
#[derive(Debug)]
pub struct Job {
    /// The codes, in the order in which their downloads start.
    pub codes: Vec<CountryCode>,
    /// The base URL of the flags.
    pub base: BaseUrl,
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
    /// Cancelled to stop the run: no new download starts, and downloads in progress end at once.
    pub stop: CancellationToken,
    /// Whether flags can be saved. If not, no new download starts.
    pub saving: Saving,
    /// The pause that the server requests, shared by all downloads.
    pub origin: OriginPause,
}

impl Job {
    /// Creates a job with the default limits and without retries.
    pub fn new(codes: Vec<CountryCode>, base: BaseUrl, dest: PathBuf) -> Self {
        Self {
            codes,
            base,
            dest,
            limits: RequestLimits::default(),
            retries: 0,
            skip_existing: false,
            fsync: false,
            stop: CancellationToken::new(),
            saving: Saving::default(),
            origin: OriginPause::default(),
        }
    }

    /// Returns the URL of a flag: `{base}/br/br.gif` for BR.
    pub(crate) fn flag_url(&self, code: CountryCode) -> Url {
        self.base.join(&flag_path(code))
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

/// Returns the path of a flag on its server, such as `br/br.gif`.
///
/// # Source
/// `get_flag` of flags_sequential.py (*Fluent Python*, 1st edition).
pub(crate) fn flag_path(code: CountryCode) -> String {
    let cc = code.lower();
    format!("{cc}/{cc}.gif")
}
