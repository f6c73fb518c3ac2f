//! The strategy that uses a pool of threads, each of which waits for one flag at a time.
//!
//! The structure is that of the book: submit calls, keep the item of each future, take the futures as they complete. But
//! no more calls are submitted than keep the threads busy, because a list may have any number of items. Each thread has
//! its own engine, so a blocked thread really waits for its own socket, and no hidden runtime does the work.

use std::cell::RefCell;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use concurrent_futures::{Future, SubmitError, ThreadPoolExecutor};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::runtime;

use crate::download::cause::is_fd_limit;
use crate::download::download_item;
use crate::download::fetch::engine::Engine;
use crate::item::Item;
use crate::job::Job;
use crate::record::{Failure, Kind, Outcome, Record};
use crate::strategy::Items;

/// The number of calls submitted for each thread: the one that it is making, and the next one.
const CALLS_PER_THREAD: usize = 2;

/// Downloads every item on at most `limit` threads, and passes the records to `notify` in order of arrival.
/// Blocks until all are done.
///
/// # Errors
/// If not even one thread can be started. The records of downloads already submitted still arrive.
pub(super) fn run(
    job: &Arc<Job>,
    items: Items<'_>,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) -> io::Result<()> {
    let engine_job = Arc::clone(job);
    let executor = ThreadPoolExecutor::builder()
        .max_workers(limit.get())
        .thread_name_prefix("flags")
        .initializer(move || ENGINE.set(Some(Engine::for_job(&engine_job))))
        .build()
        .map_err(io::Error::other)?;
    let most = limit.get().saturating_mul(CALLS_PER_THREAD);
    // It only waits: without sockets and timers of its own.
    let waiting = runtime::Builder::new_current_thread().build()?;
    let driven = waiting.block_on(drive(job, items, &executor, most, notify));
    driven.map_err(io::Error::other)
}

/// Submits a call for each item, of which at most `most` have no result yet, and passes each record to `notify` when its
/// call is done.
async fn drive(
    job: &Arc<Job>,
    mut items: Items<'_>,
    executor: &ThreadPoolExecutor,
    most: usize,
    notify: &mut dyn FnMut(Record),
) -> Result<(), SubmitError> {
    let mut calls = FuturesUnordered::new();
    let (mut is_read, mut submitted) = (false, Ok(()));
    loop {
        let may_submit = !is_read && calls.len() < most;
        // Records do not wait for the next item, which may come much later.
        tokio::select! {
            biased;
            Some(record) = calls.next() => notify(record),
            item = items.next(), if may_submit => match item {
                Some(item) => match submit(executor, job, &item) {
                    Ok(future) => calls.push(record(future, item)),
                    // Downloads already submitted continue, and their records still arrive.
                    Err(error) => {
                        notify(Record::new(item, Outcome::NotAttempted));
                        (is_read, submitted) = (true, Err(error));
                    }
                },
                None => is_read = true,
            },
            else => return submitted,
        }
    }
}

/// Submits the download of an item.
fn submit(
    executor: &ThreadPoolExecutor,
    job: &Arc<Job>,
    item: &Item,
) -> Result<Future<Record>, SubmitError> {
    let (job, item) = (Arc::clone(job), item.clone());
    executor.submit(move || download_on_this_thread(&job, item))
}

/// Waits for the record of an item. A call that panics gives one as well.
async fn record(future: Future<Record>, item: Item) -> Record {
    future.await.unwrap_or_else(|error| {
        let failure = Failure::new(Kind::Internal, error);
        Record::new(item, Outcome::Failed(failure))
    })
}

thread_local! {
    /// The engine of this worker, set by the pool's initializer. If it could not be created, every download on this
    /// worker fails with that error.
    static ENGINE: RefCell<Option<io::Result<Engine>>> = const { RefCell::new(None) };
}

/// Downloads one item with the engine of the current thread. Blocks until it is done.
fn download_on_this_thread(job: &Job, item: Item) -> Record {
    ENGINE.with_borrow(|engine| match engine {
        Some(Ok(engine)) => engine.block_on(download_item(engine.client(), job, item)),
        Some(Err(error)) => {
            let kind = if is_fd_limit(error) {
                Kind::FdLimit
            } else {
                Kind::Internal
            };
            Record::new(item, Outcome::Failed(Failure::new(kind, error)))
        }
        None => unreachable!("the pool's initializer runs before its first task"),
    })
}
