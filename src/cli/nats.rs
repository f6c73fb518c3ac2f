//! The options of runs on other machines.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::ValueHint;
use harness::{Cluster, NatsUrl};

const MACHINES: &str = "On other machines";

/// The options, which are part of those of the program.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct NatsArgs {
    /// With --input: download ranges of the list on workers that take them from this NATS server, such as nats://host:4222. If there are none, wait for one. --dest must be at the same path there
    #[arg(long, value_name = "URL", help_heading = MACHINES)]
    nats: Option<NatsUrl>,

    /// Be a worker: download ranges of lists for this NATS server until SIGTERM or Ctrl-C
    #[arg(long, value_name = "URL", help_heading = MACHINES)]
    worker: Option<NatsUrl>,

    /// With --worker: number of ranges at once [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = MACHINES)]
    worker_threads: Option<NonZeroUsize>,

    /// Name of the pool of workers, all of which must be of this program
    #[arg(long, value_name = "NAME", default_value = "flags", help_heading = MACHINES)]
    pool: String,

    /// File with the credentials of a NATS account
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MACHINES)]
    nats_credentials: Option<PathBuf>,

    /// File with the certificates of the authorities that may sign the NATS server's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = MACHINES)]
    nats_ca: Option<PathBuf>,
}

/// What this process is to workers on other machines.
#[derive(Debug, Clone)]
pub(crate) enum Role {
    /// Its list is downloaded by the workers of this pool.
    Coordinator(Cluster),
    /// It is one of them, instead of all else.
    Worker {
        /// The pool.
        cluster: Cluster,
        /// How many ranges it downloads at once; `None` for as many as there are processors.
        threads: Option<NonZeroUsize>,
    },
}

impl NatsArgs {
    /// Returns whether the server of a run is given.
    pub(super) fn has_server(&self) -> bool {
        self.nats.is_some()
    }

    /// Returns whether this process is to be a worker.
    pub(super) fn is_worker(&self) -> bool {
        self.worker.is_some()
    }

    /// Returns whether the number of threads is given.
    pub(super) fn has_worker_threads(&self) -> bool {
        self.worker_threads.is_some()
    }

    /// Returns what this process is to workers on other machines, if anything.
    pub(super) fn role(&self) -> Option<Role> {
        match (&self.worker, &self.nats) {
            (Some(url), _) => Some(Role::Worker {
                cluster: self.at(url),
                threads: self.worker_threads,
            }),
            (None, Some(url)) => Some(Role::Coordinator(self.at(url))),
            (None, None) => None,
        }
    }

    fn at(&self, url: &NatsUrl) -> Cluster {
        Cluster {
            url: url.clone(),
            pool: self.pool.clone(),
            credentials: self.nats_credentials.clone(),
            authorities: self.nats_ca.clone(),
        }
    }
}

fn at_least_one(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "must be a whole number >= 1")
}
