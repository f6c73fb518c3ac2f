//! The strategy that downloads one flag after another.
//!
//! Downloads never overlap, so order, limits and shared state cannot cause errors. The other strategies are measured
//! against this one.

use std::io;

use futures_util::StreamExt as _;

use crate::download::download_item;
use crate::download::fetch::engine::Engine;
use crate::job::Job;
use crate::record::Record;
use crate::strategy::Items;

/// Downloads every item, one at a time, in their order. Blocks until all are done.
///
/// # Errors
/// If the engine cannot be created.
pub(super) fn run(
    job: &Job,
    mut items: Items<'_>,
    notify: &mut dyn FnMut(Record),
) -> io::Result<()> {
    let engine = Engine::for_job(job)?;
    engine.block_on(async {
        while let Some(item) = items.next().await {
            notify(download_item(engine.client(), job, item).await);
        }
    });
    Ok(())
}
