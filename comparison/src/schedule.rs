//! Which series runs next: the same for every program that compares, because it decides what the numbers can show.
//!
//! The order of the series rotates, so that each is first in one round and last in another. Runs that take long are made once;
//! short ones are repeated until their noise is known.

use crate::statistics::{comparisons, rounds_needed};

/// A series that is repeated takes less than this, in milliseconds.
const SHORT_MS: f64 = 2000.0;

/// The fewest rounds of a repeated series. More than three series need more rounds to be told apart.
const MIN_ROUNDS: usize = 10;

/// The most rounds of a repeated series.
const MAX_ROUNDS: u32 = 50;

/// The time after which a series is repeated no more, in milliseconds, all its rounds together.
const ENOUGH_MS: f64 = 3000.0;

/// The order of the runs of a comparison, found as they are made.
///
/// ```
/// use comparison::Schedule;
///
/// // Two series, one warm-up round, and as many rounds as their noise needs.
/// let mut schedule = Schedule::new(2, 1, None);
/// let mut runs = Vec::new();
/// while let Some(next) = schedule.next_run() {
///     // The first series takes 5 s, the second 0.5 s, and starting and ending a run 10 ms.
///     let elapsed_ms = [5000.0, 500.0][next.series];
///     runs.push((next.series, next.round));
///     schedule.add(next, elapsed_ms, elapsed_ms + 10.0);
/// }
/// assert_eq!(runs[..5], [(0, None), (1, None), (1, Some(1)), (0, Some(1)), (1, Some(2))]);
/// assert_eq!(runs.last(), Some(&(1, Some(10))));
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    series: Vec<Measured>,
    warmup: u32,
    /// The number of rounds; `None` if the noise decides.
    rounds: Option<u32>,
    /// The fewest rounds of a repeated series.
    min_rounds: usize,
    /// The number of rounds that have begun, with warm-up.
    begun: u32,
    /// The runs of the current round that have not begun.
    current: Vec<Next>,
    /// The run that has begun last, until its time is noted.
    running: Option<Next>,
}

/// What is known of a series.
#[derive(Debug, Clone, Default)]
struct Measured {
    rounds: u32,
    total_ms: f64,
    /// How long a run takes from its start to the next one: first as expected, then as the last one took, with warm-up.
    run_ms: Option<f64>,
    /// The elapsed time that is expected of a run.
    expected_ms: Option<f64>,
}

/// The next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// The position of its series.
    pub series: usize,
    /// The number of its round, from 1; `None` in a warm-up round.
    pub round: Option<u32>,
}

impl Schedule {
    /// Returns the schedule for this many series. Without `rounds`, a series whose runs take less than 2 s is repeated: at least
    /// 10 rounds (more if there are more than three series), until it has taken 3 s or 50 rounds.
    pub fn new(series: usize, warmup: u32, rounds: Option<u32>) -> Self {
        Self {
            series: vec![Measured::default(); series],
            warmup,
            rounds,
            min_rounds: MIN_ROUNDS.max(rounds_needed(comparisons(series))),
            begun: 0,
            current: Vec::new(),
            running: None,
        }
    }

    /// Returns the next run, or `None` if there is no other.
    pub fn next_run(&mut self) -> Option<Next> {
        if self.current.is_empty() {
            self.begin_round();
        }
        self.running = self.current.pop();
        self.running
    }

    /// Expects the runs of a series to take this long, until the first one has shown it.
    pub fn expect(&mut self, series: usize, elapsed_ms: f64) {
        let series = &mut self.series[series];
        series.expected_ms = Some(elapsed_ms);
        series.run_ms = Some(elapsed_ms);
    }

    /// Makes no rounds after the current one, because more runs cannot show anything.
    pub fn repeat_no_more(&mut self) {
        let current = self.begun.saturating_sub(self.warmup);
        self.rounds = Some(self.rounds.map_or(current, |rounds| rounds.min(current)));
    }

    /// Notes the elapsed time of a run, and how long all of it took, with its start and its end. A run that failed is not noted,
    /// and is not repeated.
    pub fn add(&mut self, run: Next, elapsed_ms: f64, run_ms: f64) {
        self.running = None;
        let series = &mut self.series[run.series];
        series.run_ms = Some(run_ms);
        if run.round.is_some() {
            series.rounds += 1;
            series.total_ms += elapsed_ms;
        }
    }

    /// Returns the number of runs that are still to be made, as far as is known; without a fixed number of rounds it may grow.
    pub fn runs_left(&self) -> usize {
        let in_round = self.current.len();
        let warmup = self.warmup.saturating_sub(self.begun) as usize * self.series.len();
        let later = (0..self.series.len()).map(|series| self.later_rounds(series));
        in_round + warmup + later.sum::<usize>()
    }

    /// Returns about how long the run that has begun and those that are still to be made take, in milliseconds; `None` until it is
    /// known, or expected, of each series.
    pub fn left_ms(&self) -> Option<f64> {
        let times: Option<Vec<_>> = self.series.iter().map(|of| of.run_ms).collect();
        let times = times?;
        let in_round = self.current.iter().chain(&self.running);
        let in_round: f64 = in_round.map(|run| times[run.series]).sum();
        let warmup = f64::from(self.warmup.saturating_sub(self.begun)) * times.iter().sum::<f64>();
        let later = times.iter().enumerate();
        let later = later.map(|(series, run_ms)| self.later_rounds(series) as f64 * run_ms);
        Some(in_round + warmup + later.sum::<f64>())
    }

    /// Returns in how many rounds after the current one the series is still to run, as far as is known, without warm-up.
    fn later_rounds(&self, series: usize) -> usize {
        let begun = self.begun.saturating_sub(self.warmup);
        if let Some(rounds) = self.rounds {
            return rounds.saturating_sub(begun) as usize;
        }
        // Until its time is noted, a series has made one round less than have begun.
        let mut not_noted = self.current.iter().chain(&self.running);
        match not_noted.any(|run| run.series == series && run.round.is_some()) {
            true => self.series[series]
                .rounds_left(begun.saturating_sub(1), self.min_rounds)
                .saturating_sub(1),
            false => self.series[series].rounds_left(begun, self.min_rounds),
        }
    }

    fn begin_round(&mut self) {
        let round = (self.begun >= self.warmup).then(|| self.begun - self.warmup + 1);
        let is_made = |of: &Measured| match (round, self.rounds) {
            (None, _) => true,
            (Some(round), Some(rounds)) => round <= rounds,
            (Some(round), None) => of.rounds_left(round - 1, self.min_rounds) > 0,
        };
        let series = self.series.iter().enumerate();
        let mut order: Vec<_> = series
            .filter(|(_, of)| is_made(of))
            .map(|(i, _)| i)
            .collect();
        if order.is_empty() {
            return;
        }
        let first = self.begun as usize % order.len();
        order.rotate_left(first);
        self.begun += 1;
        // Taken from the end.
        let runs = order.into_iter().rev();
        self.current = runs.map(|series| Next { series, round }).collect();
    }
}

impl Measured {
    /// Returns how many more rounds the series needs after this many rounds have been made, as far as is known.
    fn rounds_left(&self, made: u32, min_rounds: usize) -> usize {
        if made == 0 {
            return self.expected_ms.map_or(1, |ms| rounds_of(ms, min_rounds));
        }
        // A series that was not repeated once, or failed, is not repeated later.
        if self.rounds < made || self.total_ms / f64::from(self.rounds) >= SHORT_MS {
            return 0;
        }
        let wanted = rounds_of(self.total_ms / f64::from(self.rounds), min_rounds);
        wanted.saturating_sub(made as usize)
    }
}

/// Returns how many rounds a series needs whose runs take this long.
fn rounds_of(mean_ms: f64, min_rounds: usize) -> usize {
    if mean_ms >= SHORT_MS {
        return 1;
    }
    let enough = (ENOUGH_MS / mean_ms.max(f64::MIN_POSITIVE)).ceil();
    (enough.min(f64::from(MAX_ROUNDS)) as usize).max(min_rounds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns all runs, if the runs of the series always take these times.
    fn runs(times_ms: &[f64], warmup: u32, rounds: Option<u32>) -> Vec<Next> {
        let mut schedule = Schedule::new(times_ms.len(), warmup, rounds);
        let mut runs = Vec::new();
        while let Some(next) = schedule.next_run() {
            runs.push(next);
            schedule.add(next, times_ms[next.series], times_ms[next.series]);
        }
        runs
    }

    fn count(runs: &[Next], series: usize) -> usize {
        let counted = runs.iter().filter(|run| run.round.is_some());
        counted.filter(|run| run.series == series).count()
    }

    #[test]
    fn a_fixed_number_of_rounds_is_made_in_rotated_order() {
        let runs = runs(&[1.0, 9000.0], 1, Some(2));
        let order: Vec<_> = runs.iter().map(|run| (run.series, run.round)).collect();
        let expected = [
            (0, None),
            (1, None),
            (1, Some(1)),
            (0, Some(1)),
            (0, Some(2)),
            (1, Some(2)),
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn short_runs_are_repeated_until_they_have_taken_three_seconds() {
        let three = runs(&[100.0, 1.0, 500.0], 0, None);
        let counts = [0, 1, 2].map(|series| count(&three, series));
        assert_eq!(counts, [30, 50, 10]);
        // Five series are ten pairs, which can be told apart from eleven rounds on.
        let five = runs(&[100.0, 1.0, 500.0, 1999.0, 2000.0], 0, None);
        let counts = [0, 1, 2, 3, 4].map(|series| count(&five, series));
        assert_eq!(counts, [30, 50, 11, 11, 1]);
    }

    #[test]
    fn nothing_is_repeated_once_that_cannot_show_anything() {
        for rounds in [None, Some(20)] {
            let mut schedule = Schedule::new(2, 1, rounds);
            let mut made = 0;
            while let Some(next) = schedule.next_run() {
                schedule.add(next, 1.0, 1.0);
                made += 1;
                if next.round == Some(1) {
                    schedule.repeat_no_more();
                }
            }
            assert_eq!((made, schedule.runs_left()), (4, 0));
        }
    }

    #[test]
    fn a_series_that_fails_is_not_repeated() {
        let mut schedule = Schedule::new(1, 0, None);
        let first = schedule.next_run().unwrap();
        assert_eq!(first.round, Some(1));
        assert_eq!(schedule.next_run(), None);
    }

    #[test]
    fn the_time_left_is_known_when_every_series_has_run() {
        let mut schedule = Schedule::new(2, 0, Some(3));
        assert_eq!((schedule.runs_left(), schedule.left_ms()), (6, None));
        for ms in [100.0, 300.0] {
            let next = schedule.next_run().unwrap();
            schedule.add(next, ms, ms + 5.0);
        }
        assert_eq!((schedule.runs_left(), schedule.left_ms()), (4, Some(820.0)));
        let mut schedule = Schedule::new(1, 0, None);
        let next = schedule.next_run().unwrap();
        schedule.add(next, 500.0, 500.0);
        assert_eq!(
            (schedule.runs_left(), schedule.left_ms()),
            (9, Some(4500.0))
        );
    }

    #[test]
    fn with_expected_times_the_time_left_is_known_from_the_start() {
        let mut schedule = Schedule::new(2, 0, None);
        schedule.expect(0, 13_000.0);
        assert_eq!(schedule.left_ms(), None);
        schedule.expect(1, 500.0);
        assert_eq!(schedule.runs_left(), 1 + 10);
        assert_eq!(schedule.left_ms(), Some(13_000.0 + 10.0 * 500.0));
        // What the first runs take replaces what was expected of them.
        for elapsed_ms in [3000.0, 100.0] {
            let next = schedule.next_run().unwrap();
            schedule.add(next, elapsed_ms, elapsed_ms);
        }
        assert_eq!(schedule.runs_left(), 29);
        assert_eq!(schedule.left_ms(), Some(29.0 * 100.0));
    }

    #[test]
    fn the_rounds_left_are_known_within_a_round() {
        let mut schedule = Schedule::new(3, 1, None);
        for _ in 0..6 {
            let next = schedule.next_run().unwrap();
            schedule.add(next, 500.0, 500.0);
        }
        // Each series has made one round of ten.
        assert_eq!(schedule.runs_left(), 27);
        for left in [26, 25, 24] {
            let next = schedule.next_run().unwrap();
            assert_eq!(next.round, Some(2));
            // The run that has begun included.
            let left_ms = (left + 1) as f64 * 500.0;
            assert_eq!(
                (schedule.runs_left(), schedule.left_ms()),
                (left, Some(left_ms))
            );
            schedule.add(next, 500.0, 500.0);
            assert_eq!(schedule.runs_left(), left);
        }
        // A series that fails is not repeated.
        schedule.next_run();
        schedule.next_run();
        assert_eq!(schedule.runs_left(), 1 + 2 * 7);
    }
}
