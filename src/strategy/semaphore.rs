//! The strategy that waits for many flags at once on one thread.
//!
//! Each flag is a task, and a semaphore limits the number of tasks, so memory follows that limit and not the number of
//! codes.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::download::download_flag;
use crate::download::engine::Engine;
use crate::download::fetch::Client;
use crate::job::Job;
use crate::record::Record;

/// Downloads every flag of `job`, at most `limit` at a time, and passes the records to `notify` in order of arrival.
/// Blocks until all are done.
///
/// # Errors
/// If the engine cannot be created.
pub(super) fn run(
    job: &Arc<Job>,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) -> io::Result<()> {
    let engine = Engine::for_job(job)?;
    engine.block_on(drive(job, engine.client(), limit, notify));
    Ok(())
}

/// Starts a task for each code as permits become free, and passes each record to `notify` when its task is done.
async fn drive(
    job: &Arc<Job>,
    client: &Client,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) {
    let permits = Arc::new(Semaphore::new(limit.get()));
    let mut running = JoinSet::new();
    for &code in &job.codes {
        // Waiting before the task exists limits memory to `limit` tasks for a list of any length. It also starts no
        // clock: a download cannot time out before its turn.
        let permit = Arc::clone(&permits)
            .acquire_owned()
            .await
            .expect("never closed");
        let (job, client) = (Arc::clone(job), client.clone());
        running.spawn(async move {
            let record = download_flag(&client, &job, code).await;
            drop(permit); // held until here, because `limit` also bounds the open files
            record
        });
        while let Some(done) = running.try_join_next() {
            notify(done.expect("download_flag does not panic"));
        }
    }
    while let Some(done) = running.join_next().await {
        notify(done.expect("download_flag does not panic"));
    }
}
