//! The recent rate of a run, and the time left at that rate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The period that counts as recent. The average since the start is wrong for minutes after a server slows down.
const RECENT: Duration = Duration::from_secs(10);

/// The time between two samples.
const STEP: Duration = Duration::from_millis(200);

/// The numbers of finished downloads at recent moments.
#[derive(Debug)]
pub(super) struct Rate(VecDeque<(Instant, usize)>);

impl Rate {
    /// Returns the rate of a run that starts now.
    pub(super) fn new(start: Instant) -> Self {
        Self(VecDeque::from([(start, 0)]))
    }

    /// Notes how many downloads have finished by `now`.
    pub(super) fn note(&mut self, now: Instant, finished: usize) {
        if self.0.back().is_none_or(|&(last, _)| now - last >= STEP) {
            self.0.push_back((now, finished));
        }
        // One sample older than the period stays, to cover all of it.
        while self.0.len() > 2 && now - self.0[1].0 >= RECENT {
            self.0.pop_front();
        }
    }

    /// Returns the downloads per second, or `None` if none has finished recently.
    pub(super) fn per_second(&self, now: Instant, finished: usize) -> Option<f64> {
        let &(since, before) = self.0.front()?;
        let seconds = (now - since).as_secs_f64();
        let recent = finished.checked_sub(before).filter(|&recent| recent > 0)?;
        (seconds > 0.0).then(|| recent as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        assert_eq!(rate.per_second(start, 0), None);
        let mut finished = 0;
        let mut now = start;
        let mut run = |rate: &mut Rate, seconds: u32, per_second: usize| {
            for _ in 0..seconds {
                now += Duration::from_secs(1);
                finished += per_second;
                rate.note(now, finished);
            }
            rate.per_second(now, finished)
        };
        assert_eq!(run(&mut rate, 60, 20), Some(20.0));
        assert_eq!(run(&mut rate, 10, 2), Some(2.0));
        assert_eq!(run(&mut rate, 11, 0), None);
        assert!(rate.0.len() < 60, "{}", rate.0.len());
    }
}
