//! A pool of threads, each of which waits for one flag at a time: the ordinary way to do many things that wait.
//!
//! The program is that of the book: submit every call, remember whose future is whose, take the futures as they are done.
//! Each thread has a runtime and a client of its own, so a thread that is blocked really waits for its own socket, and no
//! hidden crew does the work behind the pool's back.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use concurrent_futures::{ThreadPoolExecutor, as_completed};
use tokio::runtime::{self, Runtime};

use crate::country::CountryCode;
use crate::download::download_flag;
use crate::fetch::{Client, is_fd_limit};
use crate::job::Job;
use crate::record::{Failure, Kind, Outcome, Record};

/// Downloads every flag of `job` on at most `limit` threads; records come in order of arrival. Blocks until all have come.
///
/// # Errors
/// When the system gives not even one thread.
pub fn run(job: &Arc<Job>, limit: NonZeroUsize, notify: &mut dyn FnMut(Record)) -> io::Result<()> {
    let equipped_for = Arc::clone(job);
    let executor = ThreadPoolExecutor::builder()
        .max_workers(limit.get())
        .thread_name_prefix("flags")
        .initializer(move || EQUIPMENT.set(Some(Equipment::new(&equipped_for))))
        .build()
        .map_err(io::Error::other)?;

    let mut to_do_map = HashMap::new();
    for &code in &job.codes {
        let job = Arc::clone(job);
        let future = executor
            .submit(move || download_here(&job, code))
            .map_err(io::Error::other)?;
        to_do_map.insert(future, code);
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
    Ok(())
}

/// What a worker needs to wait for its own flags.
struct Equipment {
    runtime: Runtime,
    client: Client,
}

thread_local! {
    /// Set by the pool's initializer; an error there is the error of each code this worker is given.
    static EQUIPMENT: RefCell<Option<io::Result<Equipment>>> = const { RefCell::new(None) };
}

impl Equipment {
    fn new(job: &Job) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            client: job.client()?,
        })
    }
}

/// Downloads one flag on this thread, which waits until it is done.
fn download_here(job: &Job, code: CountryCode) -> Record {
    EQUIPMENT.with_borrow(|equipment| match equipment {
        Some(Ok(own)) => own.runtime.block_on(download_flag(&own.client, job, code)),
        Some(Err(error)) => {
            let kind = if is_fd_limit(Some(error)) {
                Kind::FdLimit
            } else {
                Kind::Internal
            };
            Record::new(code, Outcome::Failed(Failure::new(kind, error)))
        }
        None => unreachable!("the pool's initializer runs before its first task"),
    })
}
