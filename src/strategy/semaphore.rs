//! The strategy that waits for many flags at once on one thread.
//!
//! Each item is a task, and a semaphore limits the number of tasks, so memory follows that limit and not the number of
//! items.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::download::download_item;
use crate::download::engine::Engine;
use crate::download::fetch::Client;
use crate::item::Item;
use crate::job::Job;
use crate::record::Record;

/// Downloads every item, at most `limit` at a time, and passes the records to `notify` in order of arrival.
/// Blocks until all are done.
///
/// # Errors
/// If the engine cannot be created.
pub(super) fn run(
    job: &Arc<Job>,
    items: &mut dyn Iterator<Item = Item>,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) -> io::Result<()> {
    let engine = Engine::for_job(job)?;
    engine.block_on(drive(job, items, engine.client(), limit, notify));
    Ok(())
}

/// Starts a task for each item as permits become free, and passes each record to `notify` when its task is done.
async fn drive(
    job: &Arc<Job>,
    items: &mut dyn Iterator<Item = Item>,
    client: &Client,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) {
    let permits = Arc::new(Semaphore::new(limit.get()));
    let mut running = JoinSet::new();
    for item in items {
        // Waiting before the task exists limits memory to `limit` tasks for a list of any length. It also starts no
        // clock: a download cannot time out before its turn.
        let permit = Arc::clone(&permits)
            .acquire_owned()
            .await
            .expect("never closed");
        let (job, client) = (Arc::clone(job), client.clone());
        running.spawn(async move {
            let record = download_item(&client, &job, item).await;
            drop(permit); // held until here, because `limit` also bounds the open files
            record
        });
        while let Some(done) = running.try_join_next() {
            notify(done.expect("download_item does not panic"));
        }
    }
    while let Some(done) = running.join_next().await {
        notify(done.expect("download_item does not panic"));
    }
}
