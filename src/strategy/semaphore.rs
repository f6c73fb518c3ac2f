//! One thread that waits for many flags at once. Each flag is a task; a semaphore lets so many of them begin.

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

/// Downloads every flag of `job`, at most `limit` at a time; records come in order of arrival. Blocks until all have come.
///
/// # Errors
/// When the system gives no engine.
pub(super) fn run(
    job: &Arc<Job>,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) -> io::Result<()> {
    let engine = Engine::for_job(job)?;
    engine.block_on(drive(job, engine.client(), limit, notify));
    Ok(())
}

async fn drive(
    job: &Arc<Job>,
    client: &Client,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) {
    let permits = Arc::new(Semaphore::new(limit.get()));
    let mut running = JoinSet::new();
    for &code in &job.codes {
        // Waiting here, before the task exists, keeps memory at `limit` tasks however long the list is, and starts no
        // clock: a flag whose turn has not come cannot time out.
        let permit = Arc::clone(&permits)
            .acquire_owned()
            .await
            .expect("never closed");
        let (job, client) = (Arc::clone(job), client.clone());
        running.spawn(async move {
            let record = download_flag(&client, &job, code).await;
            drop(permit); // only now: `limit` bounds open files as well as sockets
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
