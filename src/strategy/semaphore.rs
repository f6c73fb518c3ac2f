//! The strategy that waits for many flags at once on one thread.
//!
//! Each item is a task, and a semaphore limits the number of tasks, so memory follows that limit and not the number of
//! items.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::download::download_item;
use crate::download::engine::Engine;
use crate::download::fetch::Client;
use crate::item::Item;
use crate::job::Job;
use crate::record::Record;
use crate::strategy::Items;

/// Downloads every item, at most `limit` at a time, and passes the records to `notify` in order of arrival.
/// Blocks until all are done.
///
/// # Errors
/// If the engine cannot be created.
pub(super) fn run(
    job: &Arc<Job>,
    items: Items<'_>,
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
    mut items: Items<'_>,
    client: &Client,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) {
    let permits = Arc::new(Semaphore::new(limit.get()));
    let mut running = JoinSet::new();
    let mut is_read = false;
    loop {
        // Records do not wait for the next item, which may come much later.
        tokio::select! {
            biased;
            Some(done) = running.join_next() => notify(done.expect("download_item does not panic")),
            (permit, item) = next(&permits, &mut items), if !is_read => match item {
                Some(item) => {
                    let (job, client) = (Arc::clone(job), client.clone());
                    running.spawn(async move {
                        let record = download_item(&client, &job, item).await;
                        drop(permit); // held until here, because `limit` also bounds the open files
                        record
                    });
                }
                None => is_read = true,
            },
            else => return,
        }
    }
}

/// Returns the next item, with a permit for its download. Loses nothing when dropped at an await point.
///
/// Waiting before the task exists limits memory to `limit` tasks for a list of any length. It also starts no clock: a
/// download cannot time out before its turn.
async fn next(
    permits: &Arc<Semaphore>,
    items: &mut Items<'_>,
) -> (OwnedSemaphorePermit, Option<Item>) {
    let permit = Arc::clone(permits).acquire_owned().await;
    (permit.expect("never closed"), items.next().await)
}
