//! A pool of threads, each of which waits for one flag at a time: the ordinary way to do many things that wait.
//!
//! The program is that of the book: submit every call, remember whose future is whose, take the futures as they are done.
//! Each thread has an engine of its own, so a thread that is blocked really waits for its own socket, and no
//! hidden crew does the work behind the pool's back.

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

/// Downloads every flag of `job` on at most `limit` threads; records come in order of arrival. Blocks until all have come.
///
/// # Errors
/// When the system gives not even one thread.
pub(super) fn run(
    job: &Arc<Job>,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) -> io::Result<()> {
    let for_engines = Arc::clone(job);
    let executor = ThreadPoolExecutor::builder()
        .max_workers(limit.get())
        .thread_name_prefix("flags")
        .initializer(move || ENGINE.set(Some(Engine::for_job(&for_engines))))
        .build()
        .map_err(io::Error::other)?;

    let mut to_do_map = HashMap::new();
    let mut refused = None;
    for &code in &job.codes {
        let for_task = Arc::clone(job);
        match executor.submit(move || download_here(&for_task, code)) {
            Ok(future) => to_do_map.insert(future, code),
            // What has been taken goes on, and its records still come.
            Err(error) => {
                refused = Some(io::Error::other(error));
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
    refused.map_or(Ok(()), Err)
}

thread_local! {
    /// What this worker waits with, set by the pool's initializer. If it could not be had, that is the error of each code
    /// the worker is given.
    static ENGINE: RefCell<Option<io::Result<Engine>>> = const { RefCell::new(None) };
}

/// Downloads one flag on this thread, which waits until it is done.
fn download_here(job: &Job, code: CountryCode) -> Record {
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
