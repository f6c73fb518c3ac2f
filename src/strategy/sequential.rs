//! The strategy that downloads one flag after another.
//!
//! Downloads never overlap, so order, limits and shared state cannot cause errors. The other strategies are measured
//! against this one.

use std::io;

use crate::download::download_flag;
use crate::download::engine::Engine;
use crate::job::Job;
use crate::record::Record;

/// Downloads every flag of `job`, one at a time, in the order of its codes. Blocks until all are done.
///
/// # Errors
/// If the engine cannot be created.
pub(super) fn run(job: &Job, notify: &mut dyn FnMut(Record)) -> io::Result<()> {
    let engine = Engine::for_job(job)?;
    engine.block_on(async {
        for &code in &job.codes {
            notify(download_flag(engine.client(), job, code).await);
        }
    });
    Ok(())
}
