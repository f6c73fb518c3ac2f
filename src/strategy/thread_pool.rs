//! The strategy that uses a pool of threads, each of which waits for one flag at a time.
//!
//! The structure is that of the book: submit every call, map each future to its code, take the futures as they
//! complete. Each thread has its own engine, so a blocked thread really waits for its own socket, and no hidden runtime
//! does the work.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use concurrent_futures::{ThreadPoolExecutor, as_completed};

use crate::country::CountryCode;
use crate::download::cause::is_fd_limit;
use crate::download::download_flag;
use crate::download::engine::Engine;
use crate::job::Job;
use crate::record::{Failure, Kind, Outcome, Record};

/// Downloads every flag of `job` on at most `limit` threads, and passes the records to `notify` in order of arrival.
/// Blocks until all are done.
///
/// # Errors
/// If not even one thread can be started. The records of downloads already submitted still arrive.
pub(super) fn run(
    job: &Arc<Job>,
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
    for &code in &job.codes {
        let task_job = Arc::clone(job);
        match executor.submit(move || download_on_this_thread(&task_job, code)) {
            Ok(future) => to_do_map.insert(future, code),
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
                notify(Record::new(to_do_map[&future], Outcome::Failed(failure)));
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

/// Downloads one flag with the engine of the current thread. Blocks until it is done.
fn download_on_this_thread(job: &Job, code: CountryCode) -> Record {
    ENGINE.with_borrow(|engine| match engine {
        Some(Ok(engine)) => engine.block_on(download_flag(engine.client(), job, code)),
        Some(Err(error)) => {
            let kind = if is_fd_limit(error) {
                Kind::FdLimit
            } else {
                Kind::Internal
            };
            Record::new(code, Outcome::Failed(Failure::new(kind, error)))
        }
        None => unreachable!("the pool's initializer runs before its first task"),
    })
}
