//! This process as a worker of other machines, or with such workers.

use std::num::NonZeroUsize;
use std::thread;

use harness::Cluster;
use nats_executor::{ConnectError, WorkerError};
use program::{Ending, Exit, Signals, print_error, print_stderr};
use tokio_util::sync::CancellationToken;

use crate::app::setup::{FatalError, Notices};
use crate::cli::{Config, Role, usage_error};
use crate::run::cluster::{Workers, tasks};
use crate::run::descriptors;

/// Downloads ranges of the lists of other processes until a signal cancels `stop`. Returns how that ended.
pub(super) fn work(
    config: &Config,
    cluster: &Cluster,
    threads: Option<NonZeroUsize>,
    stop: CancellationToken,
) -> Exit {
    // Raises the limit, as a run does.
    let descriptors = match descriptors::available() {
        Ok(descriptors) => descriptors,
        Err(error) => return FatalError::from(error).print(),
    };
    let threads = threads
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN);
    let signals = match Signals::watch(stop.clone()) {
        Ok(signals) => signals,
        Err(error) => return FatalError::from(error).print(),
    };
    let quiet = config.quiet;
    let report = move |event: &str| {
        if !quiet {
            print_stderr(&format!("worker: {event}\n"));
        }
    };
    let worked = cluster.work(tasks(descriptors, threads), Some(threads), stop, report);
    signals.run_is_over();
    match worked {
        Ok(report) => {
            let notice = format!("worker: {} ranges done\n", report.done);
            Notices::of(config).print(&notice);
            let ending = Ending {
                signal: signals.caught(),
                ..Ending::default()
            };
            ending.exit()
        }
        Err(WorkerError::Connect(error)) => not_connected(&error),
        Err(error) => {
            print_error(&error.to_string());
            Exit::Errors
        }
    }
}

/// Prints why there is no connection. Returns the exit code.
fn not_connected(error: &ConnectError) -> Exit {
    match error {
        ConnectError::Url { .. } | ConnectError::PoolName(_) => {
            print_stderr(&usage_error(&error.to_string()));
            Exit::Usage
        }
        _ => {
            print_error(&error.to_string());
            Exit::Errors
        }
    }
}

/// Connects to the workers of the run, if it has some, and says so if none of them answers.
///
/// # Errors
/// The exit code, if there is no connection. The reason has been printed.
pub(super) fn workers(config: &Config) -> Result<Option<Workers>, Exit> {
    let Some(Role::Coordinator(cluster)) = &config.role else {
        return Ok(None);
    };
    let workers = Workers::connect(cluster).map_err(|error| not_connected(&error))?;
    let pool = &cluster.pool;
    match workers.threads() {
        Some(threads) => Notices::of(config).print(&format!(
            "ranges of the list run on {threads} threads of workers of the pool '{pool}', each with its own connections\n"
        )),
        // Also with --quiet: the run may wait for ever.
        None => print_stderr(&format!(
            "no worker of the pool '{pool}' answers: waiting for one\n"
        )),
    }
    Ok(Some(workers))
}
