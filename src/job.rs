//! What all downloads of a run share: what to fetch, from where, to where, for how long at most.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::country::CountryCode;
use crate::engine::Engine;
use crate::server::BaseUrl;

/// The work of one run.
#[derive(Debug)]
pub struct Job {
    /// The codes, in the order in which they are begun.
    pub codes: Vec<CountryCode>,
    /// Where flags come from.
    pub base: BaseUrl,
    /// The folder where they go; it exists.
    pub dest: PathBuf,
    /// The time one flag may take, from its turn to its last byte.
    pub timeout: Duration,
    /// Once cancelled, nothing new is begun and what is under way ends at once.
    pub stop: CancellationToken,
}

impl Job {
    /// What it takes to wait for flags of this job on one thread.
    ///
    /// # Errors
    /// When the system does not let it be made.
    pub fn engine(&self) -> io::Result<Engine> {
        Engine::new(&self.base)
    }
}
