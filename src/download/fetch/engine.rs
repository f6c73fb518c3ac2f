//! A runtime and its HTTP client, for downloads on one thread.
//!
//! A client's connections belong to the runtime in which they were opened, so the two are created and dropped together.

use std::io;
use std::sync::Arc;

use tokio::runtime::{self, Runtime};

use crate::download::fetch::Client;
use crate::job::{HttpSettings, Job, RequestLimits};

/// A single-threaded runtime and its client. All requests run on the thread that calls [`block_on`](Self::block_on).
#[derive(Debug)]
pub(crate) struct Engine {
    /// `None` only during drop.
    runtime: Option<Runtime>,
    client: Client,
}

impl Engine {
    /// Creates an engine for the requests of a job. Opens no connection yet.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub(crate) fn for_job(job: &Job) -> io::Result<Self> {
        Self::new(job.limits, &job.http)
    }

    /// Creates an engine for requests, each within `limits`. Opens no connection yet.
    ///
    /// # Errors
    /// If the runtime or the client cannot be created, most often because too many files are open.
    pub(crate) fn new(limits: RequestLimits, http: &Arc<HttpSettings>) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            client: Client::new(limits, http)?,
        })
    }

    /// Returns the client, for use inside [`block_on`](Self::block_on).
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs `work` on the current thread. Blocks until it is done.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        let runtime = self.runtime.as_ref().expect("taken only by drop");
        runtime.block_on(work)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Dropping a runtime waits for its DNS look-ups in progress. If the name server does not answer, they take ten
        // seconds and more, and neither a timeout nor Ctrl-C would end the run before.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
