//! The pause that a server asks for, shared by all downloads of a run: a worker that went on asking would undo the patience
//! of the others.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The longest pause that a server can ask for.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Whether a server may be asked at all, for all downloads of a run.
#[derive(Debug, Default)]
pub struct OriginPause(Mutex<Option<Instant>>);

impl OriginPause {
    /// Nobody asks for this long, or for [`LONGEST_PAUSE`] if that is less; a pause that lasts longer already stays as it is.
    pub fn pause_for(&self, time: Duration) {
        let until = Instant::now() + time.min(LONGEST_PAUSE);
        let mut paused = self.lock();
        *paused = (*paused).max(Some(until));
    }

    /// Whether there is a pause now.
    pub fn is_on(&self) -> bool {
        self.lock().is_some_and(|until| until > Instant::now())
    }

    /// Waits until there is no pause, which may be at once. Safe to drop at any await point.
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
