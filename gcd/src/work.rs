//! Pairs that are computed on an executor.

use std::num::NonZeroU64;

use comparison::Outcome;
use concurrent_futures::{Registry, TaskError};
use harness::{Measure, Measured, RunError, RunTotals, Series, Timed, Workload, named_run, run};
use program::{Signal, error_chain};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::pair::{Pair, names};
use crate::trial::{Trial, divisions};

/// Returns the tasks of this program, for its worker processes.
pub fn tasks() -> Registry {
    Registry::new()
        .with::<Timed<Trial>>()
        .with::<Measure<Work>>()
}

/// The work of a run: pairs, each computed the same number of times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The pairs, in the order in which they are handed out.
    pub pairs: Vec<Pair>,
    /// How often each pair is computed.
    pub repeat: NonZeroU64,
}

/// What is known about one pair after a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The greatest common divisor.
    Divisor(u64),
    /// The task was stopped before its result was known.
    Stopped,
    /// The task failed, with this message. Its worker may have been killed.
    Failed(String),
    /// The task never started.
    NotAttempted,
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// The answer for each pair, in the order of the pairs.
    pub answers: Vec<Answer>,
    /// The time that the run took, and its costs.
    pub totals: RunTotals,
}

impl Work {
    /// Returns the work in which each pair is computed as often as a run needs for this many divisions, which take one or two
    /// nanoseconds each. With enough of them, the start of workers does not matter.
    ///
    /// The number depends on the pairs alone and not on the machine, so that a run can be repeated elsewhere.
    ///
    /// ```
    /// let work = gcd::Work::of_divisions(gcd::Original::Six.pairs(), 1_000_000_000);
    /// assert_eq!(work.repeat.get(), 87);
    /// ```
    pub fn of_divisions(pairs: Vec<Pair>, number: u64) -> Self {
        let once: u128 = pairs.iter().map(|&pair| u128::from(divisions(pair))).sum();
        let repeat = u128::from(number).div_ceil(once.max(1));
        let repeat = u64::try_from(repeat).ok().and_then(NonZeroU64::new);
        Self {
            pairs,
            repeat: repeat.unwrap_or(NonZeroU64::MIN),
        }
    }

    /// Computes all pairs on the executor of `series`, one task for each pair. When `stop` is cancelled, running tasks end
    /// within milliseconds, and no other starts.
    ///
    /// Blocks until all tasks have ended and all workers are gone.
    ///
    /// # Errors
    /// If the executor cannot be built, or refuses a task.
    pub fn run(
        &self,
        series: Series,
        stop: &CancellationToken,
        measures_memory: bool,
    ) -> Result<Ran, RunError> {
        let mut answers = vec![Answer::NotAttempted; self.pairs.len()];
        let repeat = self.repeat;
        let tasks: Vec<_> = self
            .pairs
            .iter()
            .map(|&pair| Trial { pair, repeat })
            .collect();
        let totals = run(series, tasks, stop, measures_memory, |index, result| {
            answers[index] = match result {
                Ok((Some(divisor), _)) => Answer::Divisor(*divisor),
                Ok((None, _)) => Answer::Stopped,
                Err(TaskError::Cancelled) => Answer::NotAttempted,
                Err(error) => Answer::Failed(error_chain(error)),
            };
        })?;
        Ok(Ran { answers, totals })
    }
}

impl Ran {
    /// Returns whether the divisor of every pair is known.
    pub fn is_complete(&self) -> bool {
        let mut answers = self.answers.iter();
        answers.all(|answer| matches!(answer, Answer::Divisor(_)))
    }

    /// Returns this run of `work` for a comparison, with the signal that ended it early.
    pub fn compared(&self, work: &Work, ended_by: Option<Signal>) -> comparison::Run {
        let tasks = names(&work.pairs).into_iter().zip(&self.answers);
        let tasks = tasks.map(|(name, answer)| {
            let (outcome, message) = match answer {
                Answer::Divisor(_) => (Outcome::Ok, None),
                Answer::Stopped => (Outcome::Error, Some("stopped".to_owned())),
                Answer::Failed(message) => (Outcome::Error, Some(message.clone())),
                Answer::NotAttempted => (Outcome::NotAttempted, None),
            };
            (name, outcome, message)
        });
        comparison::Run {
            ended_by: ended_by.map(|signal| signal.name().to_owned()),
            ..named_run(&self.totals, tasks)
        }
    }
}

/// Returns the divisors as Python prints a list. What is not known is a dash.
///
/// ```
/// use gcd::{Answer, list};
///
/// assert_eq!(list(&[Answer::Divisor(1), Answer::Stopped, Answer::Divisor(5)]), "[1, -, 5]");
/// ```
pub fn list(answers: &[Answer]) -> String {
    let words = answers.iter().map(|answer| match answer {
        Answer::Divisor(divisor) => divisor.to_string(),
        Answer::Stopped | Answer::Failed(_) | Answer::NotAttempted => "-".to_owned(),
    });
    format!("[{}]", words.collect::<Vec<_>>().join(", "))
}

impl Workload for Work {
    const NAME: &'static str = "gcd::compare";

    fn measure(&self, series: Series) -> Result<Measured, String> {
        // A comparison that is stopped ends this process.
        let ran = self.run(series, &CancellationToken::new(), true);
        let ran = ran.map_err(|error| error_chain(&error))?;
        Ok(Measured {
            run: ran.compared(self, None),
            answer: list(&ran.answers).into_bytes(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::Original;
    use harness::ExecutorKind;

    fn work(pairs: &[(u64, u64)]) -> Work {
        let pairs = pairs.iter().map(|&(a, b)| Pair::new(a, b).unwrap());
        Work {
            pairs: pairs.collect(),
            repeat: NonZeroU64::MIN,
        }
    }

    fn two(executor: ExecutorKind) -> Series {
        Series::new(executor, Some(2.try_into().unwrap()))
    }

    #[test]
    fn answers_are_in_the_order_of_the_pairs() {
        for executor in [ExecutorKind::Sequential, ExecutorKind::Threads] {
            let work = work(&[(60_000, 90_000), (12, 18), (5, 7), (12, 18)]);
            let ran = work.run(two(executor), &CancellationToken::new(), false);
            let ran = ran.unwrap();
            assert!(ran.is_complete());
            assert_eq!(list(&ran.answers), "[30000, 6, 1, 6]");
            let run = ran.compared(&work, None);
            let names: Vec<_> = run.tasks.iter().map(|task| &*task.name).collect();
            assert_eq!(names, ["60000,90000", "12,18", "5,7", "12,18 (2)"]);
        }
    }

    #[test]
    fn pairs_are_repeated_until_they_need_so_many_divisions() {
        let repeat = |pairs| Work::of_divisions(pairs, 1_000_000_000).repeat.get();
        assert_eq!(repeat(Original::Four.pairs()), 133);
        assert_eq!(
            repeat(vec![Pair::new(u64::MAX, u64::MAX - 1).unwrap(); 3]),
            1
        );
        assert_eq!(repeat(vec![Pair::new(1, 1).unwrap()]), 1_000_000_000);
    }

    #[test]
    fn a_stopped_run_ends_although_its_tasks_would_not() {
        for executor in [ExecutorKind::Sequential, ExecutorKind::Threads] {
            // Both workers take a pair that never ends; the third one waits behind them.
            let endless = (u64::MAX, u64::MAX - 1);
            let work = work(&[endless, endless, (12, 18)]);
            let stop = CancellationToken::new();
            stop.cancel();
            let answers = work.run(two(executor), &stop, false).unwrap().answers;
            // The stop may come before or after the start of the first two.
            let ended = |answer| matches!(answer, &Answer::Stopped | &Answer::NotAttempted);
            assert!(answers[..2].iter().all(ended), "{answers:?}");
            assert_eq!(answers[2], Answer::NotAttempted);
        }
    }

    #[test]
    fn a_stopped_or_failed_pair_is_an_error_in_a_comparison() {
        let work = work(&[(12, 18), (5, 7), (4, 6)]);
        let ran = work.run(two(ExecutorKind::Threads), &CancellationToken::new(), false);
        let ran = Ran {
            answers: vec![
                Answer::Stopped,
                Answer::Failed("killed".to_owned()),
                Answer::NotAttempted,
            ],
            ..ran.unwrap()
        };
        let run = ran.compared(&work, Some(Signal::Interrupt));
        assert_eq!(run.ended_by.as_deref(), Some("SIGINT"));
        let tasks = run.tasks.iter();
        let outcomes: Vec<_> = tasks
            .map(|task| (task.outcome, task.message.as_deref()))
            .collect();
        let expected = [
            (Outcome::Error, Some("stopped")),
            (Outcome::Error, Some("killed")),
            (Outcome::NotAttempted, None),
        ];
        assert_eq!(outcomes, expected);
    }
}
