//! The strategy that uses a pool of threads, each of which waits for one flag at a time.
//!
//! The structure is that of the book: submit every call, map each future to its item, take the futures as they
//! complete. Each thread has its own engine, so a blocked thread really waits for its own socket, and no hidden runtime
//! does the work.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use concurrent_futures::{ThreadPoolExecutor, as_completed};

use crate::download::cause::is_fd_limit;
use crate::download::download_item;
use crate::download::engine::Engine;
use crate::item::Item;
use crate::job::Job;
use crate::record::{Failure, Kind, Outcome, Record};

/// Downloads every item on at most `limit` threads, and passes the records to `notify` in order of arrival.
/// Blocks until all are done.
///
/// # Errors
/// If not even one thread can be started. The records of downloads already submitted still arrive.
pub(super) fn run(
    job: &Arc<Job>,
    items: &mut dyn Iterator<Item = Item>,
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

    let mut to_do_map = HashMap::new();
    let mut submit_error = None;
    for item in items {
        let (task_job, task_item) = (Arc::clone(job), item.clone());
        match executor.submit(move || download_on_this_thread(&task_job, task_item)) {
            Ok(future) => to_do_map.insert(future, item),
            // Downloads already submitted continue, and their records still arrive.
            Err(error) => {
                submit_error = Some(io::Error::other(error));
                break;
            }
        };
    }
    for future in as_completed(to_do_map.keys().cloned()) {
        match future.result() {
            Ok(record) => notify(record.clone()),
            Err(error) => {
                let failure = Failure::new(Kind::Internal, error);
                notify(Record::new(
                    to_do_map[&future].clone(),
                    Outcome::Failed(failure),
                ));
            }
        }
    }
    submit_error.map_or(Ok(()), Err)
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
