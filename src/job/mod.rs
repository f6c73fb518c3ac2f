//! What all downloads of a run share: what to fetch, from where, to where, for how long at most.

use std::path::PathBuf;

use reqwest::Url;
use tokio_util::sync::CancellationToken;

use crate::country::CountryCode;
use crate::server::BaseUrl;

mod limits;
mod pause;

pub use limits::RequestLimits;
pub(crate) use pause::LONGEST_PAUSE;
pub use pause::OriginPause;

/// The work of one run.
#[derive(Debug)]
pub struct Job {
    /// The codes, in the order in which they are begun.
    pub codes: Vec<CountryCode>,
    /// Where flags come from.
    pub base: BaseUrl,
    /// The folder where they go; it exists.
    pub dest: PathBuf,
    /// What one request may take; its clock starts when its turn has come.
    pub limits: RequestLimits,
    /// How often a request that failed for a transient reason is made again.
    pub retries: u32,
    /// Whether a whole flag that is there already is enough.
    pub skip_existing: bool,
    /// Once cancelled, nothing new is begun and what is under way ends at once.
    pub stop: CancellationToken,
    /// Once cancelled, nothing new is begun: there is no room for it.
    pub disk_full: CancellationToken,
    /// Holds all downloads back while the server asks for it.
    pub origin: OriginPause,
}

impl Job {
    /// A job with the usual limits, without retries.
    pub fn new(codes: Vec<CountryCode>, base: BaseUrl, dest: PathBuf) -> Self {
        Self {
            codes,
            base,
            dest,
            limits: RequestLimits::default(),
            retries: 0,
            skip_existing: false,
            stop: CancellationToken::new(),
            disk_full: CancellationToken::new(),
            origin: OriginPause::default(),
        }
    }

    /// The URL of a flag: `{base}/br/br.gif` for BR.
    ///
    /// # Source
    /// `get_flag` of flags_sequential.py (*Fluent Python*, 1st edition).
    pub(crate) fn flag_url(&self, code: CountryCode) -> Url {
        let cc = code.lower();
        self.base.join(&format!("{cc}/{cc}.gif"))
    }

    /// Whether nothing new may be begun.
    pub fn is_over(&self) -> bool {
        self.stop.is_cancelled() || self.disk_full.is_cancelled()
    }

    /// Waits until nothing new may be begun.
    pub async fn over(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.disk_full.cancelled() => {}
        }
    }
}
