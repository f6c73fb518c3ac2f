//! The most requests in a second.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// The largest delay that the next requests make up for. Timers fire up to a millisecond late, so without it a rate of 2000
/// would be one of 1000. What was not used before that is lost: no burst follows an idle time.
const SLACK: Duration = Duration::from_millis(2);

/// The longest time between two requests. More overflows the clock on some systems.
const LONGEST_INTERVAL: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Spaces requests evenly, with a burst of one.
///
/// The crate governor has the same algorithm, but all that wait for it wake up for each turn, and race for it. Here they
/// wait in a queue.
#[derive(Debug)]
pub(super) struct Rate {
    interval: Duration,
    /// The time of the next request. Held by the first in the queue while it waits for that time.
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// Creates a limit of `rate` requests in a second, which must be above zero.
    pub(super) fn new(rate: f64) -> Self {
        let interval = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(LONGEST_INTERVAL);
        Self {
            interval: interval.min(LONGEST_INTERVAL),
            next: Mutex::new(None),
        }
    }

    /// Waits until the next request may be sent, which this is. First come, first served. Safe to drop at any await point: the
    /// turn is then that of the next in the queue.
    pub(super) async fn turn(&self) {
        let mut next = self.next.lock().await;
        if let Some(next) = next.filter(|next| *next > Instant::now()) {
            sleep_until(next).await;
        }
        let now = Instant::now();
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let scheduled = next.map_or(now, |next| next.max(earliest));
        *next = Some(scheduled + self.interval);
    }
}
