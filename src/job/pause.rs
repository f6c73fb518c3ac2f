//! The pause that a server requests with `Retry-After`.
//!
//! All downloads of a run share it: if one worker went on sending requests, the others would wait in vain.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The longest pause that a server can request.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The end of the current pause, shared by all downloads of a run.
#[derive(Debug, Default)]
pub struct OriginPause(Mutex<Option<Instant>>);

impl OriginPause {
    /// Pauses all requests for `time`, but at most for `LONGEST_PAUSE` (30 s). A current pause that ends later is kept.
    pub fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time.min(LONGEST_PAUSE);
        let mut paused = self.lock();
        *paused = (*paused).max(Some(until));
    }

    /// Returns whether requests are paused now.
    pub fn is_on(&self) -> bool {
        self.lock().is_some_and(|until| until > Instant::now())
    }

    /// Waits until the pause is over. Returns at once if there is no pause. Safe to drop at any await point.
    pub async fn over(&self) {
        loop {
            let until = *self.lock();
            match until {
                Some(until) if until > Instant::now() => sleep_until(until).await,
                _ => return,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
