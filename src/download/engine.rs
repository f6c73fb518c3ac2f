//! A runtime and the client that lives in it: what it takes to wait for flags on one thread.

use std::io;

use tokio::runtime::{self, Runtime};

use crate::download::fetch::Client;
use crate::job::{Job, RequestLimits};
use crate::server::BaseUrl;

/// Waits on the thread that calls it, for as many requests as it is given.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Gone only while it is dropped.
    runtime: Option<Runtime>,
    client: Client,
}

impl Engine {
    /// An engine for the requests of a job. Connects nowhere yet.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn for_job(job: &Job) -> io::Result<Self> {
        Self::new(&job.base, job.limits)
    }

    /// An engine for requests to this server, each within these limits. Connects nowhere yet.
    ///
    /// # Errors
    /// When the system gives no runtime or no client, most often because too many files are open.
    pub(crate) fn new(base: &BaseUrl, limits: RequestLimits) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            client: Client::new(base, limits)?,
        })
    }

    /// The client, for use inside [`block_on`](Self::block_on).
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Does this work on this thread, which waits until it is done.
    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        let runtime = self.runtime.as_ref().expect("taken only by drop");
        runtime.block_on(work)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // To drop a runtime is to wait for the look-ups it has under way, and a name server that does not answer keeps
        // them for ten seconds and more: neither a timeout nor Ctrl-C would end a run before.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
