//! The strategy that waits for many flags at once on one thread.
//!
//! Each download holds a permit of a semaphore, which limits their number, so memory follows that limit and not the number
//! of items. A permit that is free passes to the next item without a detour: a task for each item would cost a sixth of
//! the time that the program needs for it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;

use futures_util::stream::{Fuse, FuturesUnordered};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::download::download_item;
use crate::download::fetch::Client;
use crate::download::fetch::engine::Engine;
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
    job: &Job,
    items: Items<'_>,
    limit: NonZeroUsize,
    notify: &mut dyn FnMut(Record),
) -> io::Result<()> {
    let engine = Engine::for_job(job)?;
    let work = Work {
        job,
        client: engine.client(),
        permits: Semaphore::new(limit.get()),
        items: RefCell::new(items.fuse()),
        notify: RefCell::new(notify),
    };
    engine.block_on(work.drive());
    Ok(())
}

/// What all downloads share.
struct Work<'e, 'i, N> {
    job: &'e Job,
    client: &'e Client,
    permits: Semaphore,
    items: RefCell<Fuse<Items<'i>>>,
    notify: RefCell<N>,
}

impl<N: FnMut(Record)> Work<'_, '_, N> {
    /// Starts a download for each item as permits become free, until the items have ended and all downloads are done.
    async fn drive(&self) {
        let mut lanes = FuturesUnordered::new();
        let mut is_read = false;
        loop {
            // Records do not wait for the next item, which may come much later.
            tokio::select! {
                biased;
                Some(()) = lanes.next() => {}
                (permit, item) = self.next(), if !is_read => match item {
                    Some(item) => lanes.push(self.download(permit, item)),
                    None => is_read = true,
                },
                else => return,
            }
        }
    }

    /// Returns the next item, with a permit for its download. Loses nothing when dropped at an await point.
    ///
    /// Waiting before the download exists limits memory to `limit` downloads for a list of any length. It also starts no
    /// clock: a download cannot time out before its turn.
    async fn next(&self) -> (SemaphorePermit<'_>, Option<Item>) {
        let permit = self.permits.acquire().await.expect("never closed");
        let item = poll_fn(|context| self.items.borrow_mut().poll_next_unpin(context));
        (permit, item.await)
    }

    /// Downloads an item, and then the next ones for as long as there are some already. The permit is held until here, because
    /// `limit` also bounds the open files.
    async fn download(&self, _permit: SemaphorePermit<'_>, first: Item) {
        let mut next = Some(first);
        while let Some(item) = next {
            let record = download_item(self.client, self.job, item).await;
            (self.notify.borrow_mut())(record);
            // `drive` asks again when this returns, so that it is woken when there is another item.
            next = self.items.borrow_mut().next().now_or_never().flatten();
        }
    }
}
