//! The pause that a server requests with `Retry-After`.
//!
//! All downloads of a run share it: if one worker went on sending requests, the others would wait in vain. They do not
//! share its end: a server that has just recovered must not meet all of them in the same millisecond.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The longest pause that a server can request.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The longest time by which a download starts after the end of a pause. Each download draws its own.
const SPREAD: Duration = Duration::from_millis(250);

/// The end of the last pause, shared by all downloads of a run.
#[derive(Debug, Default)]
pub struct OriginPause(watch::Sender<Option<Instant>>);

impl OriginPause {
    /// Pauses all requests for `time`, but at most for `LONGEST_PAUSE` (30 s). A current pause that ends later is kept.
    /// A time of zero requests no pause.
    pub fn pause_for(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
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

    /// Waits until the pause is over, and up to a quarter of a second longer. Returns at once if there is no pause. Safe
    /// to drop at any await point.
    pub async fn over(&self) {
        while let Some(until) = self.until().filter(|until| *until > Instant::now()) {
            sleep_until(until + SPREAD.mul_f64(fastrand::f64())).await;
        }
    }

    fn until(&self) -> Option<Instant> {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use tokio::runtime;
    use tokio::task::JoinSet;

    /// Returns the times from now to the ends of `count` waits for the end of the pause, on a clock that waits for nothing.
    fn waits(pause: OriginPause, count: usize) -> Vec<Duration> {
        let clock = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        clock.block_on(async {
            pause.pause_for(Duration::from_secs(2));
            let (begun, pause) = (Instant::now(), Arc::new(pause));
            let mut waiting = JoinSet::new();
            for _ in 0..count {
                let pause = Arc::clone(&pause);
                waiting.spawn(async move {
                    pause.over().await;
                    begun.elapsed()
                });
            }
            waiting.join_all().await
        })
    }

    #[test]
    fn downloads_start_after_the_pause_but_not_at_the_same_time() {
        let waits = waits(OriginPause::default(), 30);
        let (pause, spread) = (Duration::from_secs(2), SPREAD + Duration::from_millis(1));
        assert!(
            waits
                .iter()
                .all(|&wait| wait >= pause && wait <= pause + spread)
        );
        let distinct: BTreeSet<_> = waits.into_iter().collect();
        assert!(distinct.len() > 20, "{distinct:?}");
    }

    #[test]
    fn a_pause_of_zero_is_none() {
        let pause = OriginPause::default();
        pause.pause_for(Duration::ZERO);
        assert_eq!(pause.until(), None);
    }
}
