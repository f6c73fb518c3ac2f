//! The pauses that servers request with `Retry-After`.
//!
//! All downloads from one server share its pause: if one went on sending requests, the others would wait in vain. They do
//! not share its end: a server that has just recovered must not meet all of them in the same millisecond.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::job::traffic::origin::Origin;

/// The longest pause that a server can request.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The longest time by which a download starts after the end of a pause. Each download draws its own.
const SPREAD: Duration = Duration::from_millis(250);

/// The most origins whose pauses are distinguished, which takes 3 MB. If more request one at the same time, each
/// further pause is one of all origins.
const MOST: usize = 65_536;

/// The pauses that servers request, shared by all downloads of a run.
#[derive(Debug, Default)]
pub struct Pauses {
    /// Whether there is an entry in `ends`. Changed only while that is locked.
    any: AtomicBool,
    ends: Mutex<Ends>,
    begun: watch::Sender<bool>,
}

/// The ends of pauses, some of which may be over.
#[derive(Debug, Default)]
struct Ends {
    of: HashMap<Origin, Instant>,
    of_all: Option<Instant>,
}

impl Pauses {
    /// Pauses all requests to `origin` for `time`, but at most for `LONGEST_PAUSE` (30 s). A current pause that ends later is
    /// kept. A time of zero requests no pause.
    pub(crate) fn pause_for(&self, origin: Origin, time: Duration) {
        if time.is_zero() {
            return;
        }
        let now = Instant::now();
        let until = now + time.min(LONGEST_PAUSE);
        let mut ends = self.lock();
        let end = match ends.place_for(origin, now) {
            true => ends.of.entry(origin).or_insert(until),
            false => ends.of_all.get_or_insert(until),
        };
        *end = (*end).max(until);
        self.any.store(true, Ordering::Release);
        drop(ends);
        self.begun.send_replace(true);
    }

    /// Returns whether any origin is paused now.
    pub fn is_on(&self) -> bool {
        let now = Instant::now();
        !self.are_none() && self.lock().all().any(|until| until > now)
    }

    /// Returns whether requests to `origin` are paused now.
    pub(super) fn is_on_for(&self, origin: Origin) -> bool {
        self.until(origin).is_some()
    }

    /// Returns whether no origin is paused. Takes no lock. Stays false after a pause until its entry is removed.
    pub(super) fn are_none(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    /// Waits until the first pause begins, if none has begun yet. Safe to drop at any await point.
    pub async fn begun(&self) {
        let mut begun = self.begun.subscribe();
        // Fails only if the sender is gone, and `self` holds it.
        let _ = begun.wait_for(|begun| *begun).await;
    }

    /// Waits until the pause of `origin` is over, and up to a quarter of a second longer. Returns at once if there is none.
    /// Safe to drop at any await point.
    pub(super) async fn over(&self, origin: Origin) {
        while let Some(until) = self.until(origin) {
            sleep_until(until + SPREAD.mul_f64(fastrand::f64())).await;
        }
    }

    /// Returns the end of the current pause of `origin`.
    fn until(&self, origin: Origin) -> Option<Instant> {
        if self.are_none() {
            return None;
        }
        let now = Instant::now();
        let mut ends = self.lock();
        let until = ends.of.get(&origin).copied().max(ends.of_all);
        let until = until.filter(|until| *until > now);
        if until.is_none() && !ends.all().any(|until| until > now) {
            *ends = Ends::default();
            self.any.store(false, Ordering::Release);
        }
        until
    }

    fn lock(&self) -> MutexGuard<'_, Ends> {
        // Each change leaves the map valid.
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ends {
    fn all(&self) -> impl Iterator<Item = Instant> {
        self.of.values().copied().chain(self.of_all)
    }

    /// Returns whether there is a place for the pause of `origin`. If all are taken, removes those that are over.
    fn place_for(&mut self, origin: Origin, now: Instant) -> bool {
        let is_full = |ends: &Self| ends.of.len() >= MOST && !ends.of.contains_key(&origin);
        if is_full(self) {
            self.of.retain(|_, until| *until > now);
        }
        !is_full(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::Url;
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use tokio::runtime;
    use tokio::task::JoinSet;

    const TWO_SECONDS: Duration = Duration::from_secs(2);

    fn origin(number: usize) -> Origin {
        Origin::of(&Url::parse(&format!("http://host-{number}.example")).unwrap())
    }

    /// Runs `work` on a clock that waits for nothing.
    fn block_on<T>(work: impl Future<Output = T>) -> T {
        let clock = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        clock.block_on(work)
    }

    /// Returns the time until the pause of this origin is over.
    async fn wait(pauses: &Pauses, of: Origin) -> Duration {
        let begun = Instant::now();
        pauses.over(of).await;
        begun.elapsed()
    }

    #[test]
    fn downloads_start_after_the_pause_but_not_at_the_same_time() {
        let waits = block_on(async {
            let pauses = Arc::new(Pauses::default());
            pauses.pause_for(origin(1), TWO_SECONDS);
            let mut waiting = JoinSet::new();
            for _ in 0..30 {
                let pauses = Arc::clone(&pauses);
                waiting.spawn(async move { wait(&pauses, origin(1)).await });
            }
            waiting.join_all().await
        });
        let latest = TWO_SECONDS + SPREAD + Duration::from_millis(1);
        assert!(
            waits
                .iter()
                .all(|&wait| wait >= TWO_SECONDS && wait <= latest)
        );
        let distinct: BTreeSet<_> = waits.into_iter().collect();
        assert!(distinct.len() > 20, "{distinct:?}");
    }

    #[test]
    fn another_origin_is_not_paused() {
        block_on(async {
            let pauses = Pauses::default();
            pauses.pause_for(origin(1), TWO_SECONDS);
            assert_eq!(wait(&pauses, origin(2)).await, Duration::ZERO);
            assert!(pauses.is_on_for(origin(1)) && pauses.is_on());
        });
    }

    #[test]
    fn a_pause_of_zero_is_none() {
        let pauses = Pauses::default();
        pauses.pause_for(origin(1), Duration::ZERO);
        assert!(pauses.are_none());
    }

    #[test]
    fn pauses_that_are_over_take_no_memory_and_no_lock() {
        block_on(async {
            let pauses = Pauses::default();
            for number in 0..100 {
                pauses.pause_for(origin(number), TWO_SECONDS);
            }
            assert_eq!(pauses.lock().of.len(), 100);
            tokio::time::sleep(TWO_SECONDS).await;
            assert!(!pauses.is_on_for(origin(1)));
            assert!(pauses.are_none() && pauses.lock().of.is_empty());
        });
    }

    #[test]
    fn too_many_pauses_are_one_of_all_origins() {
        block_on(async {
            let pauses = Pauses::default();
            for number in 0..MOST {
                pauses.pause_for(origin(number), TWO_SECONDS);
            }
            assert!(!pauses.is_on_for(origin(MOST + 1)));
            pauses.pause_for(origin(MOST), TWO_SECONDS);
            assert!(pauses.is_on_for(origin(MOST + 1)));
            assert_eq!(pauses.lock().of.len(), MOST);
            // The places are free again.
            tokio::time::sleep(TWO_SECONDS).await;
            pauses.pause_for(origin(MOST), TWO_SECONDS);
            assert!(!pauses.is_on_for(origin(MOST + 1)));
        });
    }
}
