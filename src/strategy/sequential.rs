//! One flag after another: nothing can overlap, and nothing can go wrong with order, limits or sharing. The others are
//! measured against this.

use std::io;

use crate::download::download_flag;
use crate::download::engine::Engine;
use crate::job::Job;
use crate::record::Record;

/// Downloads every flag of `job`, one at a time, in their order. Blocks until all have come.
///
/// # Errors
/// When the system gives no engine.
pub(super) fn run(job: &Job, notify: &mut dyn FnMut(Record)) -> io::Result<()> {
    let engine = Engine::for_job(job)?;
    engine.block_on(async {
        for &code in &job.codes {
            notify(download_flag(engine.client(), job, code).await);
        }
    });
    Ok(())
}
