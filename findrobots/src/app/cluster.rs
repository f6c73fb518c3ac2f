//! Workers on other machines: this process as one of them, and how many there are for a run.

use std::num::NonZeroUsize;

use harness::Setup;
use nats_executor::{ConnectError, WorkerError};
use program::{Ending, Exit, print_error, print_stderr};

use super::searches;
use crate::cli::Config;

/// Counts the workers that the run needs. If this process is to be a worker, works until it is stopped.
///
/// # Errors
/// The exit code of the worker, or of a run that cannot take place.
pub(super) fn prepare(config: &mut Config, setup: &Setup) -> Result<(), Exit> {
    if let Some(cluster) = &config.worker {
        let quiet = config.quiet;
        let report = move |event: &str| {
            if !quiet {
                print_stderr(&format!("worker: {event}\n"));
            }
        };
        let worked = cluster.work(searches(), config.threads, setup.stop.clone(), report);
        setup.signals.run_is_over();
        return Err(match worked {
            Ok(report) => {
                if !quiet {
                    print_stderr(&format!("worker: {} tasks done\n", report.done));
                }
                let ending = Ending {
                    signal: setup.signals.caught(),
                    ..Ending::default()
                };
                ending.exit()
            }
            Err(WorkerError::Connect(error)) => not_connected(&error),
            Err(error) => {
                print_error(&error.to_string());
                Exit::Errors
            }
        });
    }
    if let Some(cluster) = &config.cluster
        && config.mode.needs_cluster()
    {
        let threads = cluster.threads().map_err(|error| not_connected(&error))?;
        if threads.is_none() {
            let pool = &cluster.pool;
            print_stderr(&format!(
                "no worker of the pool '{pool}' answers: waiting for one\n"
            ));
        }
        config
            .mode
            .set_cluster_workers(threads.unwrap_or(NonZeroUsize::MIN));
    }
    Ok(())
}

/// Prints why there is no connection. Returns the exit code.
fn not_connected(error: &ConnectError) -> Exit {
    print_error(&error.to_string());
    match error {
        ConnectError::Url { .. } | ConnectError::PoolName(_) => Exit::Usage,
        _ => Exit::Errors,
    }
}
