//! The pause that a server requests with `Retry-After`.
//!
//! All downloads of a run share it: if one worker went on sending requests, the others would wait in vain.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The longest pause that a server can request.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The end of the last pause, shared by all downloads of a run.
#[derive(Debug, Default)]
pub struct OriginPause(watch::Sender<Option<Instant>>);

impl OriginPause {
    /// Pauses all requests for `time`, but at most for `LONGEST_PAUSE` (30 s). A current pause that ends later is kept.
    pub fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time.min(LONGEST_PAUSE);
        self.0
            .send_modify(|paused| *paused = (*paused).max(Some(until)));
    }

    /// Returns whether requests are paused now.
    pub fn is_on(&self) -> bool {
        self.until().is_some_and(|until| until > Instant::now())
    }

    /// Waits until the first pause begins, if none has begun yet. Safe to drop at any await point.
    pub async fn begun(&self) {
        let mut until = self.0.subscribe();
        // Fails only if the sender is gone, and `self` holds it.
        let _ = until.wait_for(Option::is_some).await;
    }

    /// Waits until the pause is over. Returns at once if there is no pause. Safe to drop at any await point.
    pub async fn over(&self) {
        while let Some(until) = self.until().filter(|until| *until > Instant::now()) {
            sleep_until(until).await;
        }
    }

    fn until(&self) -> Option<Instant> {
        *self.0.borrow()
    }
}
