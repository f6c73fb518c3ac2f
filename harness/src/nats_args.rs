//! The command-line options of programs whose tasks may run on other machines.

use std::path::PathBuf;

use crate::cluster::{Cluster, NatsUrl};

/// The options, to be flattened into those of a program.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "On other machines")]
pub struct NatsArgs {
    /// Run the tasks on workers that take them from this NATS server, such as nats://host:4222. If there are none, wait for one
    #[arg(long, value_name = "URL")]
    nats: Option<NatsUrl>,

    /// Be a worker: run tasks from this NATS server until SIGTERM or Ctrl-C
    #[arg(long, value_name = "URL", conflicts_with = "nats")]
    worker: Option<NatsUrl>,

    /// Name of the pool of workers, all of which must be of this program [default: its name]
    #[arg(long, value_name = "NAME")]
    pool: Option<String>,

    /// File with the credentials of a NATS account
    #[arg(long, value_name = "FILE")]
    nats_credentials: Option<PathBuf>,

    /// File with the certificates of the authorities that may sign the NATS server's
    #[arg(long, value_name = "FILE")]
    nats_ca: Option<PathBuf>,

    /// Send the files, of up to 255 MiB each, with the tasks to workers that cannot open them at the same path
    #[arg(long, requires = "nats", conflicts_with = "compare")]
    via_object_store: bool,
}

impl NatsArgs {
    /// Returns the cluster that runs the tasks of `program`, if one is given.
    pub fn cluster(&self, program: &str) -> Option<Cluster> {
        self.nats.as_ref().map(|url| self.at(url, program))
    }

    /// Returns the cluster that this process is to be a worker of `program` for, if one is given.
    pub fn worker(&self, program: &str) -> Option<Cluster> {
        self.worker.as_ref().map(|url| self.at(url, program))
    }

    /// Returns whether files are sent with the tasks.
    pub fn via_object_store(&self) -> bool {
        self.via_object_store
    }

    fn at(&self, url: &NatsUrl, program: &str) -> Cluster {
        Cluster {
            url: url.clone(),
            pool: self.pool.as_deref().unwrap_or(program).to_owned(),
            credentials: self.nats_credentials.clone(),
            authorities: self.nats_ca.clone(),
        }
    }
}
